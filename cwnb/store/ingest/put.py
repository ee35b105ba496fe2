"""Puts: one batch of events, sealed, in one short and durable transaction."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cwnb.store.catalog import batches, counters, groups, streams
from cwnb.store.ingest import recent
from cwnb.store.ingest.checks import counts_by_stream, refusals, stream_column
from cwnb.store.ingest.messages import messages_of
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.names import check_group_name, check_stream_name
from cwnb.store.records import PutResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from cwnb.events import EventBatch
    from cwnb.store.catalog.groups import GroupRow
    from cwnb.store.catalog.streams import StreamCount
    from cwnb.store.context import StoreContext
    from cwnb.store.ingest.messages import Messages

# A put of more becomes several batches of one transaction.
_BATCH_EVENTS = 100_000
_BATCH_BYTES = 32 << 20


class _GroupChanged(Exception):
    """The group was deleted, made again or given another retention since it was looked at."""


class _EncodedBatch(NamedTuple):
    """A batch on its way into the catalog."""

    first_ms: int
    last_ms: int
    events: int
    message_bytes: int
    data: bytes
    streams: list[StreamCount]


class BatchWriter:
    """Puts batches into a store, and remembers what it need not ask the catalog each time.

    `after_put` is called with the group's id, how many events there are, and the bytes of their
    messages when a put is durable.
    """

    def __init__(self, context: StoreContext, after_put: Callable[[int, int, int], None]) -> None:
        self._context = context
        self._after_put = after_put
        self._known: dict[str, GroupRow] = {}

    def put(self, group: str, batch: EventBatch) -> PutResult:
        """Make the events durable; see Store.put."""
        check_group_name(group)
        messages = messages_of(batch.message)
        times = np.ascontiguousarray(batch.time_ms, np.int64)
        stream = stream_column(batch.stream, len(messages))
        row, fresh = self._known.get(group), False
        if row is None:
            row, fresh = self._group(group), True
        while True:
            now = self._context.clock.now_ms()
            refused = refusals(times, messages, cutoff_ms(row.retention_days, now))
            if refused and not fresh:
                row, fresh = self._group(group), True
                continue
            if len(refused) == len(messages):
                return PutResult(0, refused)
            encoded = list(_encoded(times, stream, messages, refused))
            try:
                self._append(row, encoded, now)
            except _GroupChanged:
                row, fresh = self._group(group), True
            else:
                break
        events = sum(each.events for each in encoded)
        self._after_put(row.id, events, sum(each.message_bytes for each in encoded))
        return PutResult(events, refused)

    def _group(self, name: str) -> GroupRow:
        with self._context.catalog.read() as connection:
            found = groups.find(connection, name)
        if found is None:
            with self._context.catalog.write() as connection:
                found = groups.find(connection, name) or groups.insert(
                    connection, name, self._context.clock.now_ms()
                )
        self._known[name] = found
        return found

    def _append(self, group: GroupRow, encoded: list[_EncodedBatch], now_ms: int) -> None:
        new = 0
        sealer = self._context.sealer()
        tokens = [secrets.token_hex(8) for _ in encoded]
        sealed = [
            sealer.seal(batch.data, recent.place(group.id, token))
            for batch, token in zip(encoded, tokens, strict=True)
        ]
        checks = [sealer.content_check(data) for data in sealed]
        with self._context.catalog.write() as connection:
            connection.key = sealer.row_key
            events = sum(batch.events for batch in encoded)
            sequence, commit = counters.take_for_put(connection, events, len(encoded))
            for batch, token, check, data in zip(encoded, tokens, checks, sealed, strict=True):
                row = batches.SealedBatch(
                    sequence,
                    group.id,
                    batch.first_ms,
                    batch.last_ms,
                    batch.events,
                    batch.message_bytes,
                    now_ms,
                    commit,
                    token,
                    check,
                    data,
                )
                if not batches.insert(connection, row, time.time(), group.retention_days):
                    raise _GroupChanged
                sequence += batch.events
                for counted in batch.streams:
                    new += streams.count_events(connection, group.id, counted, now_ms)
            counters.count(connection, group.id, "streams", new)


def _encoded(
    times: Any, stream: pa.Array, messages: Messages, refused: list[Any]
) -> Iterator[_EncodedBatch]:
    if refused:
        kept = np.ones(len(messages), bool)
        kept[[index for index, _ in refused]] = False
        times, messages = times[kept], messages.filter(kept)
        stream = stream.filter(kept)
    rows = len(times)
    step = max(1, min(_BATCH_EVENTS, _BATCH_BYTES * rows // max(messages.nbytes, 1)))
    for start in range(0, rows, step):
        size = min(step, rows - start)
        time_part, part = times[start : start + size], messages.slice(start, size)
        streams_part = stream.slice(start, size)
        counts = list(counts_by_stream(time_part, streams_part))
        for counted in counts:
            check_stream_name(counted.name)
        yield _EncodedBatch(
            min(counted.first_ms for counted in counts),
            max(counted.last_ms for counted in counts),
            size,
            int(part.sizes.sum()),
            recent.encode(time_part, streams_part, part.text, part.raw),
            counts,
        )
