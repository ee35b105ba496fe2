"""The thread that keeps a store tidy while a process writes to it."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING

from cwnb.store.maintenance import work as maintenance

if TYPE_CHECKING:
    from cwnb.store.store import Store

# A put that finds this much wakes the thread; one that finds four times as much, because the thread
# does not keep up, flushes itself and so slows down who puts.
FLUSH_BATCHES = 1000
FLUSH_BYTES = 16 << 20
OVERDUE = 4
# The thread flushes sooner, but not every few events by themselves: that many small segments
# would only be merged again.
_WORTH_BATCHES = 50
_WORTH_BYTES = 1 << 20
_WORTH_AGE_S = 60.0
_TICK_S = 3.0
_COMPACT_S = 10.0
_SWEEP_S = 60.0
_BACKOFF_S = 300.0
_MERGE_AT = 8
# The interpreter waits no longer than this for a piece of work at its end; claims are cleaned up
# by the next process.
_EXIT_S = 0.7


class Background:
    """Flushes, compacts and sweeps every few seconds from the first write of a process on."""

    def __init__(self, store: Store) -> None:
        self._store = weakref.ref(store)
        self._stop = threading.Event()
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        self._not_before: dict[int, float] = {}
        self._compacted = self._swept = time.monotonic()

    def start(self) -> None:
        """Start the thread, if this process has none yet."""
        if self._thread is not None and self._process == os.getpid():
            return
        self._process = os.getpid()
        self._stop, self._awake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="cwnb-store", daemon=True)
        _running.add(self)
        self._thread.start()

    def wake(self) -> None:
        """Let the thread look for work now."""
        self._awake.set()

    def stop(self, patience_s: float = _EXIT_S) -> None:
        """Ask the thread to end, and wait for it for a moment."""
        self._stop.set()
        self._awake.set()
        thread = self._thread
        if (
            thread is not None
            and self._process == os.getpid()
            and thread is not threading.current_thread()
        ):
            thread.join(patience_s)

    def _run(self) -> None:
        stop, awake = self._stop, self._awake
        while not stop.is_set():
            awake.wait(_TICK_S)
            awake.clear()
            store = self._store()
            if store is None or stop.is_set():
                return
            self._round(store)
            del store

    def _round(self, store: Store) -> None:
        now = time.monotonic()
        compacting = now - self._compacted > _COMPACT_S
        sweeping = now - self._swept > _SWEEP_S
        try:
            groups = _groups(store)
        except Exception as error:
            store.note_failure(error)
            return
        for group_id, batches, size, oldest in groups:
            if self._stop.is_set():
                return
            if self._not_before.get(group_id, 0.0) > now:
                continue
            try:
                age = time.time() - oldest
                if batches and (
                    batches >= _WORTH_BATCHES or size >= _WORTH_BYTES or age >= _WORTH_AGE_S
                ):
                    maintenance.flush(store, group_id)
                if compacting and not self._stop.is_set():
                    maintenance.compact(store, group_id, least=_MERGE_AT)
                if sweeping and not self._stop.is_set():
                    maintenance.sweep(store, group_id)
            except Exception as error:
                if self._stop.is_set():
                    return
                # Trying again at once would raise the same at every call of the user's.
                self._not_before[group_id] = now + _BACKOFF_S
                store.note_failure(error)
        self._compacted = now if compacting else self._compacted
        self._swept = now if sweeping else self._swept


def _groups(store: Store) -> list[tuple[int, int, int, float]]:
    with store.catalog.read() as connection:
        rows: list[tuple[int, int, int, float]] = connection.execute(
            "SELECT groups.id, count(batches.id), ifnull(sum(message_bytes), 0),"
            " ifnull(min(put_at), 0) FROM groups LEFT JOIN batches ON group_id = groups.id"
            " GROUP BY groups.id"
        ).fetchall()
    return rows


_running: weakref.WeakSet[Background] = weakref.WeakSet()


def _stop_all() -> None:
    threads = list(_running)
    for each in threads:
        each.stop(0)
    end = time.monotonic() + _EXIT_S
    for each in threads:
        each.stop(max(0.0, end - time.monotonic()))


atexit.register(_stop_all)
