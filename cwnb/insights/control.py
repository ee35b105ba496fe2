"""Control of a running query by other threads: its progress, and how they stop it.

Code deep inside a query calls `checkpoint()` between kernels and in long loops. It raises
QueryCancelled once the query that the thread works for has been stopped. So after a stop at most
the kernel call that is running goes on to its end.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from cwnb.errors import QueryCancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
_thread = threading.local()


@contextmanager
def working_for(stopped: Callable[[], bool] | None) -> Iterator[None]:
    """Make `checkpoint` on this thread raise once `stopped()` is true; with None it never does."""
    before = getattr(_thread, "stopped", None)
    _thread.stopped = stopped
    try:
        yield
    finally:
        _thread.stopped = before


def checkpoint() -> None:
    """Raise QueryCancelled if the query that this thread works for has been stopped."""
    stopped = getattr(_thread, "stopped", None)
    if stopped is not None and stopped():
        raise QueryCancelled("the query was stopped")


def portions(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Give the items a thousand at a time, with a checkpoint before each thousand."""
    rest = iter(items)
    while some := list(islice(rest, 1_000)):
        checkpoint()
        yield some


def with_checkpoints(items: Iterable[Item]) -> Iterator[Item]:
    """Give the items with a checkpoint every thousand, for a loop in Python over many of them."""
    for some in portions(items):
        yield from some


@dataclass(frozen=True)
class Progress:
    """How far a query is.

    `records` and `bytes` (of messages) have been scanned. `of_records` and `of_bytes` are those of
    all its tasks; with a `limit` it may not need all of them. `seconds` since it began.
    """

    records: int = 0
    of_records: int = 0
    bytes: int = 0
    of_bytes: int = 0
    seconds: float = 0.0

    @property
    def share(self) -> float:
        """Give the share of the records that has been scanned, from 0 to 1."""
        return self.records / self.of_records if self.of_records else 0.0

    @property
    def records_text(self) -> str:
        """Write how many records have been scanned: `1,000 of 4,000 records`."""
        return f"{self.records:,} of {self.of_records:,} records"

    def __str__(self) -> str:
        """Write it as text: `1,000 of 4,000 records, 0.3 of 1.2 MB, 0.5 s`."""
        return (
            f"{self.records_text}, "
            f"{self.bytes / 1e6:,.1f} of {self.of_bytes / 1e6:,.1f} MB, {self.seconds:.1f} s"
        )


class Counted(Protocol):
    """A part of a query (a pipeline) that counts what it scans."""

    def scanned(self) -> tuple[int, int, int, int]:
        """Give the records scanned, all records, the bytes scanned, all bytes."""
        ...


class Control:
    """The state of a running query that threads share; all methods are safe from any thread.

    `on_wait` is called about ten times a second on the thread that asked, while it waits for
    others. `is_watched`: another thread shows the progress, so the thread that asked only collects
    partial answers, and other threads run the tasks.
    """

    def __init__(self) -> None:
        self.is_watched = False
        self.on_wait: Callable[[], None] | None = None
        self._stopped = threading.Event()
        self._started = time.perf_counter()
        self._final: Progress | None = None
        self._parts: list[Any] = []

    def stop(self) -> None:
        """Stop the query: every thread that works for it raises at its next checkpoint."""
        self._stopped.set()

    def is_stopped(self) -> bool:
        """Tell whether the query has been stopped."""
        return self._stopped.is_set()

    @property
    def parts(self) -> list[Any]:
        """Give the pipelines of the query that have begun, in order."""
        return list(self._parts)

    def begin(self, part: Counted) -> None:
        """Add a pipeline that begins now, so that the progress counts what it scans."""
        self._parts.append(part)

    def forget_parts(self) -> None:
        """Forget the pipelines, because the query has ended or starts again."""
        self._parts = []

    def end(self) -> None:
        """Keep the progress as it is now, because the query has ended."""
        self._final = self._final or self.progress

    def check(self) -> None:
        """Raise QueryCancelled after a stop."""
        if self._stopped.is_set():
            raise QueryCancelled("the query was stopped")

    def wait(self) -> None:
        """Call `on_wait`; a waiting thread calls this repeatedly. Raises QueryCancelled."""
        self.check()
        if self.on_wait is not None:
            self.on_wait()

    @property
    def progress(self) -> Progress:
        """Give how far the query is."""
        if self._final is not None:
            return self._final
        counts = [part.scanned() for part in self._parts]
        records, of_records, scanned, of_bytes = map(sum, zip(*counts, (0, 0, 0, 0), strict=True))
        seconds = time.perf_counter() - self._started
        return Progress(records, of_records, scanned, of_bytes, seconds)
