"""Puts: one batch of events, sealed, in one short and durable transaction."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from cwnb.store.groups import GroupKey, find_group, insert_group
from cwnb.store.ingest import recent
from cwnb.store.ingest.checks import (
    count_events,
    counts_by_stream,
    refusals,
    stream_column,
    take_sequences,
)
from cwnb.store.ingest.messages import lengths, text_and_raw
from cwnb.store.maintenance import work as maintenance
from cwnb.store.maintenance.background import FLUSH_BATCHES, FLUSH_BYTES, OVERDUE
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.names import check_group_name, check_stream_name
from cwnb.store.records import PutResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.events import EventBatch
    from cwnb.store.store import Store

# A put looks for the need of a flush only so often.
_LOOK_BATCHES = 32
_LOOK_BYTES = 1 << 20
# A put of more becomes several batches of one transaction.
_BATCH_EVENTS = 100_000
_BATCH_BYTES = 32 << 20


class _Ready(NamedTuple):
    """A batch on its way into the catalog."""

    first_ms: int
    last_ms: int
    events: int
    message_bytes: int
    data: bytes
    streams: list[tuple[str, int, int, int]]


class Putting:
    """Puts batches into a store, and remembers what it need not ask the catalog each time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, GroupKey] = {}
        self._unseen_batches = 0
        self._unseen_bytes = 0

    def put(self, group: str, batch: EventBatch) -> PutResult:
        """Make the events durable; see Store.put."""
        check_group_name(group)
        text, raw = text_and_raw(batch.message)
        times = np.ascontiguousarray(batch.time_ms, np.int64)
        stream = stream_column(batch.stream, len(text))
        sizes = lengths(text)
        key, fresh = self._known.get(group), False
        if key is None:
            key, fresh = self._group(group), True
        while True:
            now = self._store.clock.now_ms()
            refused = refusals(times, sizes, raw, cutoff_ms(key.retention_days, now))
            if refused and not fresh:
                key, fresh = self._group(group), True
                continue
            if len(refused) == len(text):
                return PutResult(0, refused)
            ready = list(_ready(times, stream, text, raw, sizes=sizes, refused=refused))
            if self._append(key, ready, now):
                break
            # Deleted, made again or given another retention since it was last looked at.
            key, fresh = self._group(group), True
        self._flush_if_due(key.id, sum(batch.message_bytes for batch in ready))
        return PutResult(sum(batch.events for batch in ready), refused)

    def _group(self, name: str) -> GroupKey:
        with self._store.catalog.read() as connection:
            found = find_group(connection, name)
        if found is None:
            with self._store.catalog.write() as connection:
                found = find_group(connection, name) or insert_group(
                    connection, name, self._store.clock.now_ms()
                )
        self._known[name] = found
        return found

    def _append(self, key: GroupKey, ready: list[_Ready], now_ms: int) -> bool:
        seal = self._store.home.sealer.seal
        tokens = [secrets.token_hex(8) for _ in ready]
        sealed = [
            seal(batch.data, recent.place(key.id, token))
            for batch, token in zip(ready, tokens, strict=True)
        ]
        with self._store.catalog.write() as connection:
            sequence = take_sequences(connection, sum(batch.events for batch in ready))
            for batch, token, data in zip(ready, tokens, sealed, strict=True):
                connection.execute(
                    "INSERT INTO batches SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ? FROM groups"
                    " WHERE id = ? AND retention_days IS ?",
                    (
                        *(sequence, batch.first_ms, batch.last_ms, batch.events),
                        *(batch.message_bytes, now_ms, time.time(), token, data),
                        *(key.id, key.retention_days),
                    ),
                )
                if not connection.changes():
                    return False
                sequence += batch.events
                for counted in batch.streams:
                    count_events(connection, key.id, counted, now_ms)
        return True

    def _flush_if_due(self, group_id: int, size: int) -> None:
        """Flush if there is much to flush; whatever happens here, the put has succeeded."""
        self._unseen_batches += 1
        self._unseen_bytes += size
        if self._unseen_batches < _LOOK_BATCHES and self._unseen_bytes < _LOOK_BYTES:
            return
        self._unseen_batches = self._unseen_bytes = 0
        try:
            with self._store.catalog.read() as connection:
                count, total = connection.execute(
                    "SELECT count(*), ifnull(sum(message_bytes), 0) FROM batches"
                    " WHERE group_id = ?",
                    (group_id,),
                ).fetchone()
            fullness = max(count / FLUSH_BATCHES, total / FLUSH_BYTES)
            if fullness >= OVERDUE:
                maintenance.flush(self._store, group_id)
            elif fullness >= 1:
                self._store.background.wake()
        except Exception as error:
            self._store.note_failure(error)


def _ready(
    times: Any,
    stream: pa.Array,
    text: pa.Array,
    raw: pa.Array | None,
    *,
    sizes: Any,
    refused: list[Any],
) -> Iterator[_Ready]:
    if refused:
        kept = np.ones(len(text), bool)
        kept[[index for index, _ in refused]] = False
        mask = pa.array(kept)
        times, sizes = times[kept], sizes[kept]
        stream, text = stream.filter(mask), text.filter(mask)
        raw = None if raw is None else raw.filter(mask)
    rows = len(times)
    step = max(1, min(_BATCH_EVENTS, _BATCH_BYTES * rows // max(text.nbytes, 1)))
    for start in range(0, rows, step):
        part = slice(start, start + step)
        size = min(step, rows - start)
        streams = list(counts_by_stream(times[part], stream.slice(start, size)))
        for name, *_ in streams:
            check_stream_name(name)
        yield _Ready(
            min(first for _, first, _, _ in streams),
            max(last for _, _, last, _ in streams),
            size,
            int(sizes[part].sum()),
            recent.encode(
                times[part],
                stream.slice(start, size),
                text.slice(start, size),
                None if raw is None else raw.slice(start, size),
            ),
            streams,
        )
