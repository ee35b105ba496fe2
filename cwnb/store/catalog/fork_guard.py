"""Keeps the connections of a process to its catalogs out of a fork.

SQLite's locks do not survive a fork: the child would believe that it holds what only its parent
does. So a fork waits until no connection is in use, all are closed before it, and parent and child
each open their own when they next need one.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class ForkGuard:
    """Counts who uses a connection, and knows all of them so that they can be closed."""

    def __init__(self) -> None:
        self.generation = 0
        self.connections: list[tuple[weakref.ref[Any], threading.Thread, Any]] = []
        self._reset()

    def _reset(self) -> None:
        self._changed = threading.Condition()
        self._using = 0
        self._excluded_by: int | None = None
        self._mine = threading.local()

    @contextmanager
    def use(self, *, exclusive: bool = False) -> Iterator[None]:
        """Use connections inside the block; `exclusive` waits for all others and keeps them out."""
        if exclusive:
            self.exclude_others(patience_s=5.0)
            try:
                yield
            finally:
                self.admit_others()
            return
        depth = getattr(self._mine, "depth", 0)
        with self._changed:
            while self._excluded_by is not None and not depth:
                self._changed.wait()
            self._using += 1
        self._mine.depth = depth + 1
        try:
            yield
        finally:
            self._mine.depth = depth
            with self._changed:
                self._using -= 1
                self._changed.notify_all()

    def exclude_others(self, patience_s: float = 5.0) -> None:
        """Keep others out and wait until they are, but not for ever."""
        own = getattr(self._mine, "depth", 0)
        with self._changed:
            while self._excluded_by is not None:
                self._changed.wait()
            self._excluded_by = threading.get_ident()
            end = time.monotonic() + patience_s
            while self._using > own and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)

    def admit_others(self) -> None:
        """Let others in again."""
        with self._changed:
            self._excluded_by = None
            self._changed.notify_all()

    def keep(self, owner: Any, connection: Any) -> None:
        """Note a connection of this thread; those of threads that ended are closed."""
        self.drop(lambda known, thread: known is None or not thread.is_alive())
        self.connections.append((weakref.ref(owner), threading.current_thread(), connection))

    def drop(self, which: Callable[[Any, threading.Thread], bool]) -> None:
        """Close those for which `which` is true of the owner (None if it is gone) and thread."""
        for item in list(self.connections):
            owner, thread, connection = item
            if which(owner(), thread):
                with suppress(ValueError):
                    self.connections.remove(item)
                with suppress(apsw.Error):
                    connection.close()

    def before_fork(self) -> None:
        """Close everything."""
        self.exclude_others()
        if self._using == 0:
            self.drop(lambda *_: True)
            self.generation += 1

    def after_in_child(self) -> None:
        """Begin anew: the threads that held locks are not here."""
        self._reset()
        self.connections.clear()
        self.generation += 1


FORK_GUARD = ForkGuard()
os.register_at_fork(
    before=FORK_GUARD.before_fork,
    after_in_parent=FORK_GUARD.admit_others,
    after_in_child=FORK_GUARD.after_in_child,
)
