"""The thread that does the maintenance of a store while a process writes to it."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING

from cwnb.store import claims
from cwnb.store.catalog import batches
from cwnb.store.maintenance import flush as flushing
from cwnb.store.maintenance import rewriting

if TYPE_CHECKING:
    from cwnb.store.context import StoreContext

# A put that finds this much wakes the thread; one that finds `OVERDUE` times as much, because the
# thread does not keep up, flushes itself and so slows down the process that puts.
FLUSH_BATCHES = 1000
FLUSH_BYTES = 16 << 20
OVERDUE = 4
# Puts, and bytes of messages, after which a put asks the catalog whether a flush is due.
_LOOK_PUTS = 32
_LOOK_BYTES = 1 << 20
# The thread flushes sooner, but not every few events by themselves: that many small segments
# would only be merged again.
_WORTH_BATCHES = 50
_WORTH_BYTES = 1 << 20
_WORTH_AGE_S = 60.0
_TICK_S = 3.0
_COMPACT_S = 10.0
_SWEEP_S = 60.0
# Seconds for which the thread leaves a group alone after a failure.
_BACKOFF_S = 300.0
# Neighbouring segments of about one size are merged when there are this many.
_MERGE_AT = 8
# Once a process writes no more, for a while or because it closes the store, what it has written is
# merged into few segments, and with it neighbours of at most so many times as many events each:
# larger ones stay, so that one small load after another does not rewrite the store each time.
# Fewer than `_FEW` are few.
_IDLE_S = 5.0
_REWRITTEN, _FEW = 8, 4
# The interpreter waits no longer than this for a piece of work at its end; claims are cleaned up
# by the next process.
_EXIT_S = 0.7


class Background:
    """Flushes, compacts and sweeps every few seconds from the first write of a process on.

    What fails there is raised by the next call of the store, once: see `raise_failure`.
    """

    def __init__(self, context: StoreContext) -> None:
        self._context = weakref.ref(context)
        self._stop = threading.Event()
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        self._not_before: dict[int, float] = {}
        self._compacted = self._swept = time.monotonic()
        self._puts = 0
        self._put_bytes = 0
        self._failure: Exception | None = None
        # By group, the events that were written and not merged into few segments since then.
        self._written: dict[int, int] = {}
        self._written_at = time.monotonic()

    def raise_failure(self) -> None:
        """Raise what failed since the last call."""
        error, self._failure = self._failure, None
        if error is not None:
            raise error

    def after_load(self, group_id: int, events: int) -> None:
        """Merge small segments where there are many; whatever happens, the load has succeeded."""
        self._note(group_id, events)
        context = self._context()
        if context is None:
            return
        try:
            # Outdated segments, which may be all of a large group, are left to the thread.
            rewriting.compact(context, group_id, least=_MERGE_AT, most_rows=None, renew=False)
        except Exception as error:
            self._failure = error

    def _note(self, group_id: int, events: int) -> None:
        self._written[group_id] = self._written.get(group_id, 0) + events
        self._written_at = time.monotonic()

    def tidy(self) -> None:
        """Merge what this process has written into few segments."""
        context = self._context()
        if self._process != os.getpid():
            self._written.clear()  # what the process before a fork has written is its affair
        while context is not None and self._written:
            try:
                group_id, events = self._written.popitem()
            except KeyError:
                return  # another thread, which closes the store, was faster
            try:
                with context.catalog.read() as connection:
                    waiting = batches.waiting(connection, group_id)
                if _are_many(waiting):
                    flushing.flush(context, group_id)
                most_rows = _REWRITTEN * events
                rewriting.compact(context, group_id, least=_FEW, most_rows=most_rows, renew=False)
            except Exception as error:
                self._failure = error

    def after_put(self, group_id: int, events: int, message_bytes: int) -> None:
        """Flush if there is much to flush; whatever happens here, the put has succeeded."""
        self._note(group_id, events)
        self._puts += 1
        self._put_bytes += message_bytes
        context = self._context()
        if context is None or (self._puts < _LOOK_PUTS and self._put_bytes < _LOOK_BYTES):
            return
        self._puts = self._put_bytes = 0
        try:
            with context.catalog.read() as connection:
                waiting = batches.waiting(connection, group_id)
            fullness = max(waiting.batches / FLUSH_BATCHES, waiting.message_bytes / FLUSH_BYTES)
            if fullness >= OVERDUE:
                flushing.flush(context, group_id)
            elif fullness >= 1:
                self.wake()
        except Exception as error:
            self._failure = error

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
            context = self._context()
            if context is None or stop.is_set():
                return
            self._round(context)
            if time.monotonic() - self._written_at >= _IDLE_S and not stop.is_set():
                self.tidy()
            del context

    def _round(self, context: StoreContext) -> None:
        now = time.monotonic()
        compacting = now - self._compacted > _COMPACT_S
        sweeping = now - self._swept > _SWEEP_S
        try:
            with context.catalog.read() as connection:
                groups = batches.waiting_everywhere(connection)
        except Exception as error:
            self._failure = error
            return
        for group in groups:
            if self._stop.is_set():
                return
            if self._not_before.get(group.group_id, 0.0) > now:
                continue
            try:
                if _is_worth_a_flush(group):
                    flushing.flush(context, group.group_id)
                if compacting and not self._stop.is_set():
                    rewriting.compact(context, group.group_id, least=_MERGE_AT, most_rows=None)
                if sweeping and not self._stop.is_set():
                    rewriting.sweep(context, group.group_id)
            except Exception as error:
                if self._stop.is_set():
                    return
                # Trying again at once would raise the same at every call of the user's.
                self._not_before[group.group_id] = now + _BACKOFF_S
                self._failure = error
        if sweeping and not self._stop.is_set():
            try:
                claims.clean(context)
                claims.remove_strays(context, halves_only=True)
            except Exception as error:
                self._failure = error
        self._compacted = now if compacting else self._compacted
        self._swept = now if sweeping else self._swept


def _are_many(waiting: batches.Waiting) -> bool:
    return waiting.batches >= _WORTH_BATCHES or waiting.message_bytes >= _WORTH_BYTES


def _is_worth_a_flush(group: batches.Waiting) -> bool:
    return group.batches > 0 and (
        _are_many(group)
        # Batches from the future were put before the clock was set back.
        or abs(time.time() - group.oldest) >= _WORTH_AGE_S
    )


_running: weakref.WeakSet[Background] = weakref.WeakSet()


def _stop_all() -> None:
    threads = list(_running)
    for each in threads:
        each.stop(0)
    end = time.monotonic() + _EXIT_S
    for each in threads:
        each.stop(max(0.0, end - time.monotonic()))


atexit.register(_stop_all)
