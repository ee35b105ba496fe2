"""What stays in memory between queries: decoded columns, and what queries have made of events.

A value is kept under a key that says what it was made of, and that never changes: the files of a
segment, or batches by their tokens. So no value is ever out of date, and new events, retention
and deletion change which values are asked for. A value goes when the key of its store does, when
its store is closed, when nobody has used it for some minutes, and when there is no room.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidParameter
from cwnb.store.cache import drop_in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from cwnb.store.context import StoreContext
    from cwnb.store.keys.store_key import StoreKey

VARIABLE = "CWNB_CACHE_MB"
DEFAULT_BYTES = 256 << 20
# Some questions are asked minutes apart; what is older only keeps memory from others.
UNUSED_S = 600.0
# What was used just now stays, even where there is no room for more: a query that reads more than
# there is room for finds a part of it again, where dropping the oldest would leave it nothing.
_IN_USE_S = 5.0
# What a value takes beside its own bytes, such as its key.
_OVERHEAD = 512


@dataclass
class _Held:
    value: Any
    nbytes: int
    store: Hashable
    used: float


class Memory:
    """Values of some stores, up to a number of bytes; several threads may use it.

    The budget is that of CWNB_CACHE_MB, unless another is given.
    """

    def __init__(self, budget: int | None = None) -> None:
        self._budget = budget
        self._items: dict[Hashable, _Held] = {}
        self._keys: dict[Hashable, StoreKey] = {}
        self._bytes = 0
        self._lock = threading.Lock()
        _memories.add(self)
        drop_in_background(self)
        os.register_at_fork(after_in_child=self._begin_anew)

    @property
    def nbytes(self) -> int:
        """Give the bytes that are kept."""
        return self._bytes

    @property
    def budget(self) -> int:
        """Give the bytes that may be kept; raises InvalidParameter where CWNB_CACHE_MB is none."""
        if self._budget is None:
            self._budget = _budget_of(os.environ.get(VARIABLE, "").strip())
        return self._budget

    def get(self, key: Hashable) -> Any:
        """Give the value, or None."""
        with self._lock:
            held = self._items.pop(key, None)
            if held is None:
                return None
            held.used = time.monotonic()
            self._items[key] = held  # behind all others: the order is that of their last use
            return held.value

    def put(self, key: Hashable, value: Any, nbytes: int, context: StoreContext) -> None:
        """Keep a value that was made of events of this store, if there is room."""
        nbytes += _OVERHEAD
        now, budget = time.monotonic(), self.budget
        with self._lock:
            self._remove(key)
            # A query may still run in a thread while its store is closed.
            if context.catalog.is_closed:
                return
            if nbytes > budget or not self._make_room(nbytes, now - _IN_USE_S):
                return
            self._items[key] = _Held(value, nbytes, context.identity, now)
            self._keys[context.identity] = context.key
            self._bytes += nbytes
        drop_in_background(self, start=True)

    def set_budget(self, budget: int) -> None:
        """Keep at most this many bytes from now on."""
        with self._lock:
            self._budget = budget
            self._make_room(0, time.monotonic())

    def forget(self, store: Hashable) -> None:
        """Drop the values of one store."""
        self._drop_where(lambda held: held.store == store)

    def drop_old(self) -> int:
        """Drop what is unused, and what was made of stores whose key is gone; give how many stay.

        The key ring is read anew each time, so that values go within a second or two.
        """
        gone = {store for store, key in tuple(self._keys.items()) if not key.is_in_ring()}
        oldest = time.monotonic() - UNUSED_S
        self._drop_where(lambda held: held.store in gone or held.used < oldest)
        return len(self._items)

    def _drop_where(self, drop: Callable[[_Held], bool]) -> None:
        with self._lock:
            for key in [key for key, held in self._items.items() if drop(held)]:
                self._remove(key)
            left = {held.store for held in self._items.values()}
            self._keys = {store: key for store, key in self._keys.items() if store in left}

    def _remove(self, key: Hashable) -> None:
        if (held := self._items.pop(key, None)) is not None:
            self._bytes -= held.nbytes

    def _make_room(self, nbytes: int, unused_since: float) -> bool:
        while self._bytes + nbytes > self.budget:
            oldest = next(iter(self._items))
            if self._items[oldest].used > unused_since:
                return False
            self._remove(oldest)
        return True

    def _begin_anew(self) -> None:
        # Another thread of the parent may have held the lock.
        self._lock = threading.Lock()
        self._items, self._keys, self._bytes = {}, {}, 0


class TaskMemory:
    """Keeps values made of the events of one task; implements `cwnb.events.TaskMemory`."""

    def __init__(self, context: StoreContext, events: Hashable) -> None:
        self._context = context
        self.events = events

    def get(self, key: Hashable) -> Any:
        """Give the value, or None; raises StoreKeyMissing."""
        self._context.sealer()
        return MEMORY.get((self.events, key))

    def put(self, key: Hashable, value: Any, nbytes: int) -> None:
        """Keep a value, if there is room."""
        MEMORY.put((self.events, key), value, nbytes, self._context)


def _budget_of(megabytes: str) -> int:
    """Give the bytes that CWNB_CACHE_MB allows; raise InvalidParameter."""
    try:
        return max(0, int(float(megabytes) * (1 << 20))) if megabytes else DEFAULT_BYTES
    except (ValueError, OverflowError):
        message = f"{VARIABLE} is a number of megabytes, not {megabytes!r:.80}"
        raise InvalidParameter(message) from None


_memories: weakref.WeakSet[Memory] = weakref.WeakSet()


def forget_store(context: StoreContext) -> None:
    """Drop all that is kept of a store."""
    for memory in tuple(_memories):
        memory.forget(context.identity)


# Columns and what queries have made; recent batches have another (see `ingest.recent`).
MEMORY = Memory()
