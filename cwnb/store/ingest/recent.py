"""Recent batches: events that are durable in the catalog and not yet in a segment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import SnapshotExpired, StoreDamaged
from cwnb.events import (
    INGESTION_TIME,
    LOG,
    LOG_STREAM,
    MESSAGE,
    POINTER,
    RAW,
    SEQUENCE,
    TIMESTAMP,
    Window,
)
from cwnb.store.catalog import batches
from cwnb.store.memory import Memory, TaskMemory
from cwnb.store.segments.facts import MESSAGE_GROUP
from cwnb.store.segments.message_file import order_of
from cwnb.store.segments.reader import constant, one_event, pick, pointers
from cwnb.store.segments.writer import Block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cwnb.events import Need
    from cwnb.store.catalog.batches import SealedBatch
    from cwnb.store.context import StoreContext
    from cwnb.store.keys.sealing import Sealer
    from cwnb.store.processing import Processing

# About a million events of 300 bytes with their fields.
_blocks = Memory(512 << 20)
_CODEC = pa.Codec("zstd", 1)
_OPTIONS = pa.ipc.IpcWriteOptions()
_SIZE_BYTES = 8  # the length of the stream, before the stream itself
_MAX_STREAM_BYTES = 1 << 31
_RAW_COLUMN = 3  # the number of the column of original bytes, where a batch has one
_MS = pa.timestamp("ms", "UTC")


def encode(
    time: np.ndarray[Any, Any], stream: pa.Array, text: pa.Array, raw: pa.Array | None
) -> bytes:
    """Give the events of a batch as compressed Arrow IPC."""
    arrays, names = [pa.array(time), stream, text], ["t", "s", "m"]
    if raw is not None:
        arrays.append(raw)
        names.append("r")
    batch = pa.record_batch(arrays, names=names)
    sink = pa.BufferOutputStream()
    with pa.ipc.RecordBatchStreamWriter(sink, batch.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    # The schema is most of a small batch, so the whole stream is compressed, not its buffers.
    stream = sink.getvalue()
    packed: bytes = stream.size.to_bytes(_SIZE_BYTES, "little") + _CODEC.compress(
        stream, asbytes=True
    )
    return packed


def place(group_id: int, token: str) -> str:
    """Name the place that a sealed batch is bound to, as authenticated data."""
    return f"batch/{group_id}/{token}"


def digest(sealed: Sequence[SealedBatch]) -> bytes:
    """Give a digest that identifies these batches; those of a copy of the store have another."""
    return hashlib.blake2b("".join(batch.token for batch in sealed).encode()).digest()


def decode(batch: SealedBatch, sealer: Sealer, group: str) -> pa.RecordBatch:
    """Give the events of a batch; raise StoreDamaged."""
    what = f"batch {batch.id} of log group {group!r} in the catalog"
    if sealer.content_check(batch.data) != batch.data_check:
        raise StoreDamaged(f"{what} is damaged: it fails its check")
    data = sealer.open(batch.data, place(batch.group_id, batch.token), what)
    try:
        size = int.from_bytes(data[:_SIZE_BYTES], "little")
        stream = _CODEC.decompress(memoryview(data)[_SIZE_BYTES:], min(size, _MAX_STREAM_BYTES))
        events = pa.ipc.open_stream(stream).read_next_batch()
    except (OSError, StopIteration, ValueError, pa.ArrowException) as error:
        raise StoreDamaged(f"{what} is damaged: {error}") from error
    if events.num_rows != batch.events:
        raise StoreDamaged(f"{what} is damaged: {events.num_rows} events and not {batch.events}")
    return events


def block_of(
    sealed: Sequence[SealedBatch], sealer: Sealer, group: str, processing: Processing
) -> Block:
    """Give the events of batches as one block in order, with their fields."""
    block = events_of(sealed, sealer, group)
    block.discovered = processing.discover(block.text)
    return block


def events_of(sealed: Sequence[SealedBatch], sealer: Sealer, group: str) -> Block:
    """Give the events of batches as one block in order, their fields not discovered."""
    parts = [decode(batch, sealer, group) for batch in sealed]
    counts = [batch.events for batch in sealed]
    time, stream, text = (
        pa.concat_arrays([part.column(number) for part in parts]) for number in range(3)
    )
    raw = None
    if any(part.num_columns > _RAW_COLUMN for part in parts):
        raw = pa.concat_arrays(
            [
                part.column(_RAW_COLUMN)
                if part.num_columns > _RAW_COLUMN
                else pa.nulls(count, pa.binary())
                for part, count in zip(parts, counts, strict=True)
            ]
        )
    times = np.asarray(time)
    # Sequence numbers count on from that of a batch's first event, which is its id.
    starts = np.cumsum(counts) - counts
    sequence = np.arange(len(times)) + np.repeat([batch.id for batch in sealed] - starts, counts)
    ingestion = np.repeat([batch.ingestion_ms for batch in sealed], counts)
    if (order := order_of(times, sequence)) is not None:
        times, sequence, ingestion = times[order], sequence[order], ingestion[order]
        stream, text = stream.take(order), text.take(order)
        raw = None if raw is None else raw.take(order)
    sizes = np.asarray(pc.binary_length(text))
    return Block(times, sequence, ingestion, stream, text, raw, sizes, discovered=None)


@dataclass(frozen=True)
class RecentTask:
    """The recent batches of a group in a snapshot, as far as they lie in the window."""

    context: StoreContext
    group: str
    log: str
    processing: Processing
    group_id: int
    ids: tuple[int, ...]
    digest: bytes  # of their tokens: a store that was put back gives the same ids to other batches
    first_ms: int
    last_ms: int
    rows: int
    message_bytes: int
    window: Window
    of_group: tuple[tuple[str, str], ...] = ()  # other fields that all events of the group have

    def open(self) -> RecentReader:
        """Open for reading; in another process this asks the catalog for the batches."""
        return RecentReader(self, self.block())

    def memory(self) -> TaskMemory:
        """Give what keeps values made of these events."""
        events = (
            *(self.context.identity, self.group_id, self.log, self.of_group, self.digest),
            *(self.processing, self.processing.version),
            self.window.cut(self.first_ms, self.last_ms),
        )
        return TaskMemory(self.context, events)

    def block(self, sealed: Sequence[SealedBatch] | None = None) -> Block:
        """Give all events, from the cache of the process where they are there."""
        sealer = self.context.sealer()  # first, so that without the key the cache gives nothing
        key = (self.context.identity, self.group_id, self.processing, self.digest)
        block: Block | None = _blocks.get(key)
        if block is None:
            block = block_of(sealed or self._load(), sealer, self.group, self.processing)
            # Fields take about as much as the text they were found in.
            nbytes = 2 * self.message_bytes + 64 * self.rows
            _blocks.put(key, block, nbytes, self.context)
        return block

    def _load(self) -> list[SealedBatch]:
        with self.context.catalog.read() as connection:
            span = batches.BatchRange(self.ids[0], self.ids[-1])
            found = batches.in_range(connection, self.group_id, span)
        wanted = set(self.ids)
        found = [batch for batch in found if batch.id in wanted]
        if len(found) < len(wanted):
            raise SnapshotExpired(f"recent batches of {self.group!r} are in a segment by now")
        return found


class RecentReader:
    """The events of recent batches that lie in the task's window."""

    def __init__(self, task: RecentTask, block: Block) -> None:
        self.bytes_read = task.message_bytes
        self._task = task
        self._block = block
        first, end = np.searchsorted(block.time_ms, [task.window.start_ms, task.window.end_ms])
        self._first, self._rows = int(first), int(end - first)

    @property
    def rows(self) -> int:
        """Give the number of events."""
        return self._rows

    def columns(self, names: Sequence[str]) -> dict[str, pa.Array]:
        """Give whole columns; a name that no event here has is left out."""
        block = self._block
        constants = {LOG: self._task.log, **dict(self._task.of_group)}
        made = {
            TIMESTAMP: lambda: pa.array(block.time_ms).cast(_MS),
            INGESTION_TIME: lambda: pa.array(block.ingestion_ms).cast(_MS),
            LOG_STREAM: lambda: block.stream,
            MESSAGE: lambda: block.text,
            RAW: lambda: pa.nulls(len(block), pa.binary()) if block.raw is None else block.raw,
            SEQUENCE: lambda: pa.array(block.sequence),
            POINTER: lambda: pointers(
                self._task.group_id, pa.array(block.time_ms), pa.array(block.sequence)
            ),
        }
        found = pick(
            block.discovered, [name for name in names if name not in made and name not in constants]
        )
        found |= {name: made[name]() for name in names if name in made}
        found |= {n: constant(constants[n], len(block)) for n in names if n in constants}
        return {name: found[name].slice(self._first, self._rows) for name in names if name in found}

    def take(self, names: Sequence[str], rows: np.ndarray[Any, Any]) -> dict[str, pa.Array]:
        """Give the columns at these row numbers."""
        places = pa.array(rows, pa.int64())
        return {name: column.take(places) for name, column in self.columns(names).items()}

    def event(self, row: int) -> dict[str, pa.Array]:
        """Give every field of one event."""
        return one_event(self, row, self._task.processing)

    def documents(self, messages: pa.Array) -> pa.Array:
        """Give the JSON text in which the fields of each of these messages are found, or null."""
        return self._task.processing.documents(messages)

    def candidates(self, need: Need) -> None:  # noqa: ARG002
        """Give nothing: recent events have no index."""
        return

    def summary(self, name: str) -> None:  # noqa: ARG002
        """Give nothing: recent events are read."""
        return

    def message_slices(
        self,
        wanted: np.ndarray[Any, Any] | None = None,  # noqa: ARG002
    ) -> Iterator[pa.Array]:
        """Give all messages in order, some thousands at a time."""
        text = self._block.text.slice(self._first, self._rows)
        for start in range(0, self._rows, MESSAGE_GROUP):
            yield text.slice(start, MESSAGE_GROUP)

    def all_fields(self) -> tuple[dict[str, pa.Array], pa.Array | None]:
        """Give every discovered field that has a column, and the rare ones as they are kept."""
        found = self._block.discovered
        cut = {
            name: column.slice(self._first, self._rows) for name, column in found.columns.items()
        }
        rest = found.rest
        return cut, None if rest is None else rest.slice(self._first, self._rows)
