"""Run calls on an executor, a few at a time, and stop when asked."""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Executor, ThreadPoolExecutor, wait
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    Call = tuple[Callable[..., Any], tuple[Any, ...]]

# Ctrl-C is noticed at least this often while tasks run.
_POLL_S = 0.1


class _Threads:
    """The threads of this process, made when they are first needed."""

    lock = threading.Lock()
    pool: ThreadPoolExecutor | None = None
    owner = 0

    @classmethod
    def get(cls) -> ThreadPoolExecutor:
        with cls.lock:
            # Threads do not survive a fork.
            if cls.pool is None or cls.owner != os.getpid():
                cls.pool = ThreadPoolExecutor(worker_count(), thread_name_prefix="cwnb-query")
                cls.owner = os.getpid()
            return cls.pool


def worker_count() -> int:
    """Give the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def side_by_side(function: Callable[[Any], Any], arguments: list[Any]) -> list[Any]:
    """Give the function's answer for each argument; the last runs on this thread."""
    others = [_Threads.get().submit(function, argument) for argument in arguments[:-1]]
    here = function(arguments[-1])
    return [*(other.result() for other in others), here]


class Workers:
    """Where the tasks of one query run."""

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor
        self._cancelled = threading.Event()

    def run(
        self,
        calls: Iterable[Call],
        *,
        stop: Callable[[int], bool] = lambda _: False,
        pass_cancelled: bool = True,
    ) -> Generator[tuple[int, Any]]:
        """Give (number, answer) of each call as it is done.

        `stop(number)`, asked before each further call, can save the rest. An exception of a call,
        or of the caller (KeyboardInterrupt too), stops everything.
        """
        queue = _Queue(calls, stop)
        try:
            if self._executor is None:
                extra = (self._cancelled.is_set,) if pass_cancelled else ()
                yield from _run_here(queue, extra)
            else:
                yield from _run_on(self._executor, queue)
        finally:
            queue.clear()
            self._cancelled.set()
            self._cancelled = threading.Event()


class _Queue:
    """Calls that wait, handed out one at a time to whichever thread asks."""

    def __init__(self, calls: Iterable[Call], stop: Callable[[int], bool]) -> None:
        self._waiting = deque(enumerate(calls))
        self._stop = stop
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> tuple[int, Call] | None:
        with self._lock:
            if not self._waiting:
                return None
            if self._stop(self._waiting[0][0]):
                self._waiting.clear()
                return None
            return self._waiting.popleft()

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()


def _run_here(queue: _Queue, extra: tuple[Any, ...]) -> Generator[tuple[int, Any]]:
    """Run calls on this thread and on helpers beside it.

    The thread that asks works too: waking one thread less is a millisecond less for a small query.
    """
    done: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()

    def help_out() -> None:
        while (taken := queue.take()) is not None:
            number, (function, arguments) = taken
            try:
                done.put((number, function(*arguments, *extra), None))
            except BaseException as error:
                done.put((number, None, error))

    beside = range(min(worker_count(), len(queue)) - 1)
    helpers = [_Threads.get().submit(help_out) for _ in beside]
    while True:
        while not done.empty():
            yield _answer(done.get())
        taken = queue.take()
        if taken is not None:
            number, (function, arguments) = taken
            yield number, function(*arguments, *extra)
        elif all(helper.done() for helper in helpers) and done.empty():
            return
        else:
            with suppress(Empty):
                yield _answer(done.get(timeout=_POLL_S if helpers else 0))


def _answer(done: tuple[int, Any, BaseException | None]) -> tuple[int, Any]:
    number, answer, error = done
    if error is not None:
        raise error
    return number, answer


def _run_on(executor: Executor, queue: _Queue) -> Generator[tuple[int, Any]]:
    """Run calls on somebody's executor, a few more at a time than it may have workers."""
    ahead = 4 * worker_count()
    running: dict[Any, int] = {}
    try:
        while True:
            while len(running) < ahead and (taken := queue.take()) is not None:
                number, (function, arguments) = taken
                running[executor.submit(function, *arguments)] = number
            if not running:
                return
            done, _ = wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=running.__getitem__):
                yield running.pop(future), future.result()
    finally:
        for future in running:
            future.cancel()
