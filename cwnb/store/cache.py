"""Small caches of a process, without locks: safe among threads and after a fork.

One thread drops what has become too old, of these caches and of others that ask for it.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from typing import Generic, Protocol, TypeVar

Value = TypeVar("Value")

# A query that starts 5 s after a key was withdrawn fails, so what a key opened is kept for less.
KEY_LIFETIME_S = 4.0


class Cache(Generic[Value]):
    """Keeps the values asked for last, up to a total weight."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._weighed = False
        self._items: dict[object, tuple[int, Value]] = {}

    def get(self, key: object) -> Value | None:
        """Give the value, or None; it counts as the newest from now on."""
        item = self._items.pop(key, None)
        if item is None:
            return None
        self._items[key] = item
        return item[1]

    def put(self, key: object, value: Value, weight: int = 1) -> None:
        """Keep the value and drop the oldest past the capacity; one too heavy is not kept."""
        if weight > self._capacity:
            return
        self._weighed = self._weighed or weight != 1
        self._items[key] = (weight, value)
        while self._total() > self._capacity:
            try:
                del self._items[next(iter(self._items))]
            except (StopIteration, RuntimeError, KeyError):
                return  # another thread is dropping some already

    def _total(self) -> int:
        if not self._weighed:
            return len(self._items)
        return sum(weight for weight, _ in tuple(self._items.values()))


class ShortLived(Generic[Value]):
    """A cache for keys and what holds them: every value goes after `KEY_LIFETIME_S`.

    A value that is used all the time goes too, so that its key is looked for again. Values that
    nobody asks for any more are dropped by a thread that lives as long as there are some.
    """

    def __init__(self, capacity: int) -> None:
        self._cache: Cache[tuple[float, Value]] = Cache(capacity)
        drop_in_background(self)

    def get(self, key: object) -> Value | None:
        """Give the value, or None where there is none or it is too old."""
        item = self._cache.get(key)
        if item is None or time.monotonic() >= item[0]:
            return None
        return item[1]

    def put(self, key: object, value: Value) -> None:
        """Keep the value for a few seconds."""
        self._cache.put(key, (time.monotonic() + KEY_LIFETIME_S, value))
        drop_in_background(self, start=True)

    def drop_old(self) -> int:
        """Drop the values that are too old, and give how many are left."""
        items = self._cache._items  # noqa: SLF001
        now = time.monotonic()
        for key, (_, (until, _)) in tuple(items.items()):
            if now >= until:
                items.pop(key, None)
        return len(items)


class Dropped(Protocol):
    """Something from which old values are to be dropped."""

    def drop_old(self) -> int:
        """Drop the values that are too old, and give how many are left."""
        ...


_dropped_from: weakref.WeakSet[Dropped] = weakref.WeakSet()


def drop_in_background(cache: Dropped, *, start: bool = False) -> None:
    """Let old values be dropped from this; `start` says that it has a new one."""
    _dropped_from.add(cache)
    if start:
        _start_dropping()


class _Dropping(threading.Thread):
    """Drops old values until none is left; ends at once when the interpreter does."""

    def __init__(self) -> None:
        super().__init__(name="cwnb-keys", daemon=True)
        self.process = os.getpid()
        self.ending = threading.Event()

    def run(self) -> None:
        global _dropping
        while not self.ending.wait(KEY_LIFETIME_S / 4):
            if _drop_all_old():
                continue
            _dropping = None
            # A value that was put before the line above has not started another thread, so this
            # one goes on for it.
            if not _drop_all_old():
                return


_dropping: _Dropping | None = None


def _start_dropping() -> None:
    global _dropping
    running = _dropping
    if running is None or running.process != os.getpid():
        _dropping = _Dropping()
        try:
            _dropping.start()
        except RuntimeError:
            _dropping = None  # the interpreter is ending, and the values with it


def _drop_all_old() -> int:
    return sum(cache.drop_old() for cache in tuple(_dropped_from))


def _stop_dropping() -> None:
    # If the interpreter ends while this thread is inside Arrow, the process aborts.
    running = _dropping
    if running is not None and running.process == os.getpid():
        running.ending.set()
        running.join(1.0)


atexit.register(_stop_dropping)
