"""Run calls on an executor, a few at a time, and stop when asked."""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Executor, ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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


class Workers:
    """Where the tasks of one query run."""

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor
        self._cancelled = threading.Event()

    def run(
        self,
        calls: Iterable[tuple[Callable[..., Any], tuple[Any, ...]]],
        *,
        stop: Callable[[int], bool] = lambda _: False,
        pass_cancelled: bool = True,
    ) -> Iterator[tuple[int, Any]]:
        """Give (number, answer) of each call as it is done.

        A few more calls than there are workers are under way at a time, so that `stop(number)`,
        asked before each further call, can save the rest. An exception of a call, or of the
        caller (KeyboardInterrupt too), stops everything.
        """
        queue = deque(enumerate(calls))
        if len(queue) == 1 and self._executor is None:
            # Nothing to do side by side: spare the hand-over.
            number, (function, arguments) = queue.popleft()
            yield number, function(*arguments)
            return
        executor = self._executor or _Threads.get()
        extra = (self._cancelled.is_set,) if pass_cancelled and self._executor is None else ()
        ahead = worker_count() if self._executor is None else 4 * worker_count()
        running: dict[Any, int] = {}
        try:
            while queue or running:
                while queue and len(running) <= ahead:
                    if stop(queue[0][0]):
                        queue.clear()
                        break
                    number, (function, arguments) = queue.popleft()
                    running[executor.submit(partial(function, *arguments, *extra))] = number
                if not running:
                    return
                done, _ = wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=running.__getitem__):
                    yield running.pop(future), future.result()
        finally:
            self._cancelled.set()
            for future in running:
                future.cancel()
            self._cancelled = threading.Event()
