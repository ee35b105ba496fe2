"""Decide on which threads a query runs: its tasks in parallel, long steps off the main thread.

Ctrl-C arrives on the main thread alone, and there only between two kernel calls. So when a query
that was asked on the main thread takes long, its work is done on other threads and the main thread
waits.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from cwnb.insights.control import working_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from cwnb.insights.control import Control

# A waiting thread checks this often whether the query was stopped, and updates its progress.
_POLL_S = 0.1
# The main thread runs tasks itself for `_WORK_S`, and none with more rows than `_WORK_ROWS`. So a
# quick query need not wait for another thread, and Ctrl-C is never delayed by a long kernel call.
# A segment, the largest task, has fewer rows: Ctrl-C over 10 million of them took 89 ms at most.
_WORK_S = 0.1
_WORK_ROWS = 500_000
# While a step with more rows or bytes than this runs on another thread, the main thread waits.
_LARGE_ROWS = 100_000
_THREAD_NAME = "cwnb-query"
_LARGE_BYTES = 16 << 20


class _Threads:
    """The threads of this process, made when they are first needed; all queries share them."""

    lock = threading.Lock()
    pool: ThreadPoolExecutor | None = None
    owner = 0
    waiting = 0  # helpers that have no thread yet

    @classmethod
    def get(cls) -> ThreadPoolExecutor:
        with cls.lock:
            # Threads do not survive a fork.
            if cls.pool is None or cls.owner != os.getpid():
                cls.pool = ThreadPoolExecutor(worker_count(), thread_name_prefix=_THREAD_NAME)
                cls.owner = os.getpid()
                cls.waiting = 0
            return cls.pool

    @classmethod
    def submit(cls, helper: Callable[[], None]) -> None:
        def begin() -> None:
            with cls.lock:
                cls.waiting -= 1
            helper()

        pool = cls.get()
        with cls.lock:
            cls.waiting += 1
        try:
            pool.submit(begin)
        except BaseException:
            with cls.lock:
                cls.waiting -= 1
            raise


def _renew_lock() -> None:
    """Replace the lock in a forked process, where nobody is left to release it."""
    _Threads.lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def worker_count() -> int:
    """Give the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def call_in_parallel(function: Callable[[Any], Any], arguments: list[Any]) -> list[Any]:
    """Call a function with each argument, in parallel; the last call runs on this thread.

    One of the shared threads makes all calls itself: those that wait for each other never end.
    """
    if threading.current_thread().name.startswith(f"{_THREAD_NAME}_"):
        return list(map(function, arguments))
    others = [_Threads.get().submit(function, argument) for argument in arguments[:-1]]
    here = function(arguments[-1])
    return [*(other.result() for other in others), here]


def is_large(rows: int, nbytes: int = 0) -> bool:
    """Tell whether a step may take so long that a user presses Ctrl-C before it ends."""
    return rows > _LARGE_ROWS or nbytes > _LARGE_BYTES


@dataclass(frozen=True)
class Call:
    """A function with its arguments, and the number of rows that it works on."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    rows: int

    def __call__(self) -> Any:
        """Call the function with its arguments."""
        return self.function(*self.arguments)


class Workers:
    """Runs the work of one query: on the threads of this process, or on the caller's executor."""

    def __init__(self, executor: Executor | None, control: Control) -> None:
        self._executor = executor
        self._control = control

    def run(
        self, calls: Iterable[Call], *, stop: Callable[[int], bool] = lambda _: False
    ) -> Generator[tuple[int, Any]]:
        """Give (number, answer) of each call as it is done.

        Once `stop(number)` is true for the next call, it and all later ones are not made. An
        exception of a call, or of the caller (KeyboardInterrupt too), stops everything.
        """
        queue = _Queue(calls, stop)
        try:
            if self._executor is None:
                yield from _run_here(queue, self._control)
            else:
                yield from _run_on(self._executor, queue, self._control)
        finally:
            queue.close()

    def off_main_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function off the main thread, which waits; other threads call it themselves."""
        if threading.current_thread() is not threading.main_thread():
            return function(*arguments)
        done: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        left = threading.Event()

        def work() -> None:
            with working_for(lambda: left.is_set() or self._control.is_stopped()):
                try:
                    done.put((function(*arguments), None))
                except BaseException as error:
                    done.put((None, error))

        # Not one of the shared threads, because the function may wait for these.
        threading.Thread(target=work, name="cwnb-query-step", daemon=True).start()
        try:
            answer, error = _wait_for(done, self._control)
        except BaseException:
            left.set()
            raise
        if error is not None:
            raise error
        return answer


def _wait_for(done: SimpleQueue[Any], control: Control) -> Any:
    while True:
        try:
            return done.get(timeout=_POLL_S)
        except Empty:
            control.wait()


class _Queue:
    """Calls that have not begun; threads take the next one from it."""

    def __init__(self, calls: Iterable[Call], stop: Callable[[int], bool]) -> None:
        self._waiting = deque(enumerate(calls))
        self._stop = stop
        self._lock = threading.Lock()
        self._begun: set[int] = set()
        self.closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, *, at_most_rows: int | None = None) -> tuple[int, Call] | None:
        """Give the next call, or None where none is left or it has too many rows."""
        with self._lock:
            if not self._waiting:
                return None
            number, call = self._waiting[0]
            if self._stop(number):
                self._waiting.clear()
                return None
            if at_most_rows is not None and call.rows > at_most_rows:
                return None
            self._begun.add(number)
            return self._waiting.popleft()

    def answered(self, number: int) -> None:
        """Note that a call is done."""
        with self._lock:
            self._begun.discard(number)

    def is_done(self) -> bool:
        """Tell whether no further answer is needed; calls that have begun may still run."""
        with self._lock:
            if self._waiting and self._stop(self._waiting[0][0]):
                self._waiting.clear()
            if self._waiting:
                return False
            return not self._begun or self._stop(min(self._begun))

    def close(self) -> None:
        """Let no further call begin; one that has begun ends at its next checkpoint."""
        with self._lock:
            self._waiting.clear()
            self.closed = True


def _run_here(queue: _Queue, control: Control) -> Generator[tuple[int, Any]]:
    """Run calls on the threads of this process, and on this one as long as Ctrl-C allows."""
    done: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()

    def is_over() -> bool:
        return queue.closed or control.is_stopped()

    def help_out() -> None:
        with working_for(is_over):
            while not is_over() and (taken := queue.take()) is not None:
                number, call = taken
                try:
                    done.put((number, call(), None))
                except BaseException as error:
                    done.put((number, None, error))
                    return
                if _Threads.waiting > 0:  # another query waits for a thread, so it goes first
                    _Threads.submit(help_out)
                    return

    def answer_of(finished: tuple[int, Any, BaseException | None]) -> tuple[int, Any]:
        number, answer, error = finished
        if error is not None:
            raise error
        queue.answered(number)
        return number, answer

    here = not control.is_watched
    for _ in range(min(worker_count(), len(queue)) - here):
        _Threads.submit(help_out)
    interruptible = threading.current_thread() is threading.main_thread()
    started = time.perf_counter()
    while True:
        while not done.empty():
            yield answer_of(done.get())
        control.check()
        if here and interruptible and time.perf_counter() - started > _WORK_S:
            here = False
            _Threads.submit(help_out)
        if here:
            taken = queue.take(at_most_rows=_WORK_ROWS if interruptible else None)
            if taken is not None:
                number, call = taken
                with working_for(is_over):
                    answer = call()
                yield answer_of((number, answer, None))
                continue
            if len(queue):
                here = False
                _Threads.submit(help_out)
        if queue.is_done():
            return
        yield answer_of(_wait_for(done, control))


def _run_on(executor: Executor, queue: _Queue, control: Control) -> Generator[tuple[int, Any]]:
    """Run calls on the caller's executor, with somewhat more submitted than it may have workers."""
    ahead = 4 * worker_count()
    running: dict[Any, int] = {}
    try:
        while True:
            while len(running) < ahead and (taken := queue.take()) is not None:
                number, call = taken
                running[executor.submit(call.function, *call.arguments)] = number
            if not running:
                return
            done, _ = wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED)
            control.wait()
            for future in sorted(done, key=running.__getitem__):
                yield running.pop(future), future.result()
    finally:
        for future in running:
            future.cancel()
