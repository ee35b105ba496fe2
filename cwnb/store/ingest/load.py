"""Loads: the events of files go straight into segments, all or nothing."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from cwnb.errors import AlreadyLoaded, InvalidParameter, StoreError
from cwnb.events import EventBatch
from cwnb.store.catalog import counters, groups, loads, segments, streams
from cwnb.store.catalog.streams import StreamCount
from cwnb.store.claims import claim
from cwnb.store.ingest.checks import CheckedEvents, refusals
from cwnb.store.ingest.load_records import seal_record
from cwnb.store.ingest.messages import messages_of
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.positions import Runs, Spans
from cwnb.store.segments.facts import MAX_MESSAGE_BYTES, MAX_ROWS, SegmentFacts
from cwnb.store.segments.writer import Block, SegmentWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from cwnb.store.catalog.groups import GroupRow
    from cwnb.store.claims import Work
    from cwnb.store.context import StoreContext
    from cwnb.store.processing import Processing
    from cwnb.store.records import LoadRecord

Result = TypeVar("Result")

# Small enough that a block is being written while the next is read.
_BLOCK_ROWS = 65_536
_BLOCK_BYTES = 32 << 20
# Blocks that wait for the writer.
_BLOCKS_AHEAD = 3
# An Arrow string array holds at most 2 GB.
_MAX_BATCH_BYTES = 1 << 30
# Sequence numbers that are taken from the catalog at a time.
_SEQUENCES = 1 << 16


class _Threads:
    """The threads of one loading: two that prepare, one that writes, one that completes segments.

    They are started when they are first needed.
    """

    def __init__(self) -> None:
        self.preparing = ThreadPoolExecutor(2, "cwnb-prepare")
        self.writing = ThreadPoolExecutor(1, "cwnb-write")
        self.completing = ThreadPoolExecutor(1, "cwnb-complete")

    def stop(self) -> None:
        """Drop what has not begun, and wait for the rest."""
        for pool in (self.preparing, self.writing, self.completing):
            pool.shutdown(wait=True, cancel_futures=True)


class Loading:
    """Takes batches of events, and publishes them together when committed.

    A context manager: leaving it without `commit` removes everything. Discovery and writing of one
    batch go on while the caller makes the next, so a fault may surface a call or two later.
    """

    def __init__(
        self,
        context: StoreContext,
        group: GroupRow,
        processing: Processing,
        cutoff_ms: int,
        work: Work,
        *,
        deliver: bool,
        made_group: bool = False,
        load_id: str = "",
    ) -> None:
        self.cutoff_ms = cutoff_ms
        self.events = 0
        self.processing = processing
        self._context = context
        self._deliver = deliver
        self._made_group = made_group
        self._load_id = load_id
        self._spans: list[tuple[int, int]] = []
        self._group = group
        self.group_id = group.id
        self._work = work
        self._ingestion_ms = context.clock.now_ms()
        self._threads = _Threads()
        self._ahead: list[Future[None]] = []
        self._writer: SegmentWriter | None = None
        self._completing: SegmentWriter | None = None
        self._completed: Future[None] | None = None
        self._made: list[tuple[SegmentFacts, Spans]] = []
        self._streams: dict[str, list[int]] = {}
        self._sequences = range(0)
        self._done = False
        self._alive = work.kept_alive()

    def __enter__(self) -> Self:
        self._alive.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if not self._done:
                self._abort()
        finally:
            self._alive.__exit__(None, None, None)

    def prepare(self, work: Callable[..., Result], *args: Any) -> Future[Result]:
        """Let a thread of this loading do what comes before `add`, such as discovery."""
        return self._threads.preparing.submit(work, *args)

    def add(self, batch: EventBatch) -> None:
        """Take events; raises InvalidParameter for one that is empty, too long or expired."""
        if batch.message.nbytes > _MAX_BATCH_BYTES and len(batch) > 1:
            for half in _halves(batch):
                self.add(half)
            return
        messages = messages_of(batch.message)
        time = np.ascontiguousarray(batch.time_ms, np.int64)
        if refused := refusals(time, messages, self.cutoff_ms):
            index, reason = refused[0]
            raise InvalidParameter(f"event {index} of the batch cannot be stored: {reason}")
        self.add_checked(CheckedEvents.of(time, batch.stream, messages, batch.discovered))

    def add_checked(self, events: CheckedEvents) -> None:
        """Take events that the caller has checked by the functions of `checks`."""
        for counted in events.counts:
            self._count(counted)
        rows, messages = len(events), events.messages
        step = max(1, min(_BLOCK_ROWS, _BLOCK_BYTES * max(rows, 1) // max(messages.nbytes, 1)))
        for start in range(0, rows, step):
            size = min(step, rows - start)
            part = messages.slice(start, size)
            found = events.discovered
            self._submit(
                Block(
                    events.time_ms[start : start + size],
                    self._numbers(size),
                    np.full(size, self._ingestion_ms, np.int64)
                    if events.ingestion_ms is None
                    else events.ingestion_ms[start : start + size],
                    events.stream.slice(start, size),
                    part.text,
                    part.raw,
                    part.sizes,
                    found if size == rows else _sliced(found, start, start + size),
                )
            )
        self.events += rows

    def commit(self, *records: LoadRecord, unique: bool = False, known: int | None = None) -> None:
        """Publish all events and the records of their files in one transaction.

        `unique`: raise AlreadyLoaded, and publish nothing, if another process has loaded the same
        content meanwhile. Empty files do not count as the same content. `known`: raise it too if
        the group has another number of loads by now than this one, with which the caller has
        compared its files. It may then compare them with the others, and commit again.
        """
        self._drain(0)
        self._complete_segment()
        self._wait_for_completed()
        sealer = self._context.sealer()
        rows = []
        for record in records:
            dated = replace(
                record,
                loaded_ms=record.loaded_ms or self._ingestion_ms,
                load_id=self._load_id,
                spans=tuple(self._spans),
            )
            sealed = seal_record(dated, self.group_id, sealer)
            rows.append((self.group_id, sealer.fingerprint(record.fingerprint), sealed))
        with self._context.catalog.write() as connection:
            if known is not None and loads.count(connection, self.group_id) != known:
                raise AlreadyLoaded("another process has loaded files meanwhile")
            for record, row in zip(records, rows, strict=True):
                if unique and record.bytes and loads.has(connection, *row[:2]):
                    raise AlreadyLoaded(f"the content of {record.name!r} has been loaded already")
            self._work.end(connection)
            commit = counters.take_commit(connection) if self._deliver and self._made else 0
            for facts, spans in self._made:
                segments.insert(connection, facts, Runs.of_commit(spans, commit))
            for row in rows:
                loads.insert(connection, *row)
            new = [
                streams.count_events(
                    connection, self.group_id, StreamCount(name, *counted), self._ingestion_ms
                )
                for name, counted in self._streams.items()
            ]
            counters.count(connection, self.group_id, "streams", sum(new))
        self._done = True
        self._threads.stop()

    def _count(self, counted: StreamCount) -> None:
        name, first, last, count = counted
        known = self._streams.setdefault(name, [first, last, 0])
        known[0] = min(known[0], first)
        known[1] = max(known[1], last)
        known[2] += count

    def _numbers(self, count: int) -> Any:
        if len(self._sequences) < count:
            wanted = max(count, _SEQUENCES)
            with self._context.catalog.write() as connection:
                first = counters.take_sequences(connection, wanted)
            self._work.renew()
            self._sequences = range(first, first + wanted)
        start = self._sequences.start
        mine = np.arange(start, start + count)
        if self._spans and self._spans[-1][1] == start - 1:
            start = self._spans.pop()[0]
        if count:
            self._spans.append((start, int(mine[-1])))
        self._sequences = self._sequences[count:]
        return mine

    def _submit(self, block: Block) -> None:
        self._drain(_BLOCKS_AHEAD)
        found = None
        if block.discovered is None:
            found = self.prepare(self.processing.discover, block.text)
        self._ahead.append(self._threads.writing.submit(self._write, block, found))

    def _drain(self, left: int) -> None:
        while len(self._ahead) > left:
            self._ahead.pop(0).result()

    def _write(self, block: Block, found: Future[Any] | None) -> None:
        if found is not None:
            block.discovered = found.result()
        writer = self._writer
        if writer is not None and (
            writer.rows + len(block) > MAX_ROWS
            or writer.message_bytes + block.text.nbytes > MAX_MESSAGE_BYTES
        ):
            self._complete_segment()
            writer = None
        if writer is None:
            writer = self._writer = SegmentWriter(
                self._context, self._group.note, self._work.new_segment(), self.processing
            )
        writer.add(block)

    def _complete_segment(self) -> None:
        """Complete the segment in a thread of its own; no more than one at a time."""
        self._wait_for_completed()
        if self._writer is not None:
            self._completing, self._writer = self._writer, None
            self._completed = self._threads.completing.submit(self._complete, self._completing)

    def _complete(self, writer: SegmentWriter) -> None:
        self._made.append((writer.finish(), writer.spans))
        self._work.renew()

    def _wait_for_completed(self) -> None:
        if self._completed is not None:
            self._completed.result()
            self._completed = self._completing = None

    def _abort(self) -> None:
        self._done = True
        self._threads.stop()
        for writer in (self._writer, self._completing):
            if writer is not None:
                writer.close()
        self._work.abandon()
        if self._made_group:
            with suppress(StoreError), self._context.catalog.write() as connection:
                groups.remove_unused(connection, self.group_id)


def begin(
    context: StoreContext, group: str, processing: Processing, *, deliver: bool, load_id: str
) -> Loading:
    """Claim a load into a group, which is made where it is absent; see `Store.loading`."""
    now = context.clock.now_ms()
    with context.catalog.write() as connection:
        found = groups.find(connection, group)
        made_group = found is None
        if found is None:
            found = groups.insert(connection, group, now, processing=processing)
        work = claim(context, connection, found.id, "load")
    return Loading(
        context,
        found,
        processing.or_else(found.processing),
        cutoff_ms(found.retention_days, now),
        work,
        deliver=deliver,
        made_group=made_group,
        load_id=load_id,
    )


def _halves(batch: EventBatch) -> list[EventBatch]:
    middle, end = len(batch) // 2, len(batch)
    return [
        EventBatch(
            batch.time_ms[start:stop],
            batch.stream
            if isinstance(batch.stream, str)
            else batch.stream.slice(start, stop - start),
            batch.message.slice(start, stop - start),
            _sliced(batch.discovered, start, stop),
        )
        for start, stop in ((0, middle), (middle, end))
    ]


def _sliced(discovered: Any, start: int, end: int) -> Any:
    if discovered is None:
        return None
    return type(discovered)(
        {name: column.slice(start, end - start) for name, column in discovered.columns.items()},
        None if discovered.rest is None else discovered.rest.slice(start, end - start),
        discovered.capped if start == 0 else 0,
    )
