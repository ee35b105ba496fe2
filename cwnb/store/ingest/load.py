"""Events that come in by the file: straight into segments, all or nothing."""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cwnb.errors import AlreadyLoaded, InvalidParameter
from cwnb.events import EventBatch
from cwnb.store.ingest.checks import (
    count_events,
    counts_by_stream,
    refusals,
    stream_column,
    take_sequences,
)
from cwnb.store.ingest.messages import lengths, text_and_raw
from cwnb.store.names import check_stream_name
from cwnb.store.segments.facts import INSERT_SEGMENT, MAX_MESSAGE_BYTES, MAX_ROWS, SegmentFacts
from cwnb.store.segments.writer import Block, SegmentWriter

if TYPE_CHECKING:
    from types import TracebackType

    import pyarrow as pa

    from cwnb.store.claims import Work
    from cwnb.store.records import LoadRecord
    from cwnb.store.store import Store

# Small enough that a block is being written while the next is read.
_BLOCK_ROWS = 65_536
_BLOCK_BYTES = 32 << 20
_AHEAD = 3
# An Arrow string array holds at most 2 GB.
_BATCH_BYTES = 1 << 30
_SEQUENCES = 1 << 16


class Loading:
    """Takes batches of events, and publishes them together when committed.

    A context manager: leaving it without `commit` removes everything. Discovery and writing of one
    batch go on while the caller makes the next, so a fault may surface a call or two later.
    """

    def __init__(
        self, store: Store, group_id: int, log_type: str | None, cutoff: int, work: Work
    ) -> None:
        self.cutoff_ms = cutoff
        self.events = 0
        self._store = store
        self._group_id = group_id
        self.log_type = log_type
        self._work = work
        self._ingestion_ms = store.clock.now_ms()
        self._discoverers = ThreadPoolExecutor(2, "cwnb-discover")
        self._writers = ThreadPoolExecutor(1, "cwnb-write")
        self._finishers = ThreadPoolExecutor(1, "cwnb-finish")
        self._ahead: list[Future[None]] = []
        self._writer: SegmentWriter | None = None
        self._finishing: SegmentWriter | None = None
        self._finished: Future[None] | None = None
        self._made: list[SegmentFacts] = []
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

    def add(self, batch: EventBatch) -> None:
        """Take events; raises InvalidParameter for one that is empty, too long or expired."""
        if batch.message.nbytes > _BATCH_BYTES and len(batch) > 1:
            for half in _halves(batch):
                self.add(half)
            return
        text, raw = text_and_raw(batch.message)
        time = np.ascontiguousarray(batch.time_ms, np.int64)
        stream = stream_column(batch.stream, len(text))
        self._check(time, text, raw)
        self._count(time, stream)
        rows = len(text)
        step = max(1, min(_BLOCK_ROWS, _BLOCK_BYTES * max(rows, 1) // max(text.nbytes, 1)))
        for start in range(0, rows, step):
            end = min(start + step, rows)
            whole = batch.discovered is not None and end - start == rows
            self._submit(
                Block(
                    time[start:end],
                    self._numbers(end - start),
                    np.full(end - start, self._ingestion_ms, np.int64),
                    stream.slice(start, end - start),
                    text.slice(start, end - start),
                    None if raw is None else raw.slice(start, end - start),
                    batch.discovered if whole else _sliced(batch.discovered, start, end),
                )
            )
        self.events += rows

    def commit(self, *records: LoadRecord, unique: bool = False) -> None:
        """Publish all events and the records of their files in one transaction.

        `unique`: raise AlreadyLoaded if another process has loaded the same content meanwhile.
        """
        self._drain(0)
        self._finish_segment()
        self._wait_for_finish()
        sealer = self._store.ref.sealer()
        place = load_place(self._group_id)
        rows = []
        for record in records:
            dated = replace(record, loaded_ms=record.loaded_ms or self._ingestion_ms)
            sealed = sealer.seal(json.dumps(asdict(dated)).encode(), place)
            rows.append((self._group_id, sealer.fingerprint(record.fingerprint), sealed))
        with self._store.catalog.write() as connection:
            for record, row in zip(records, rows, strict=True):
                known = connection.execute(
                    "SELECT 1 FROM loads WHERE group_id = ? AND fingerprint = ?", row[:2]
                ).get
                if unique and known:
                    raise AlreadyLoaded(f"the content of {record.name!r} has been loaded already")
            self._work.settle(connection)
            for facts in self._made:
                connection.execute(INSERT_SEGMENT, facts.catalog_row())
            for row in rows:
                connection.execute(
                    "INSERT INTO loads (group_id, fingerprint, record) VALUES (?, ?, ?)", row
                )
            for name, (first, last, count) in self._streams.items():
                counted = (name, first, last, count)
                count_events(connection, self._group_id, counted, self._ingestion_ms)
        self._done = True
        self._stop()

    def _check(self, time: Any, text: pa.Array, raw: pa.Array | None) -> None:
        refused = refusals(time, lengths(text), raw, self.cutoff_ms)
        if refused:
            index, reason = refused[0]
            raise InvalidParameter(f"event {index} of the batch cannot be stored: {reason}")

    def _count(self, time: Any, stream: pa.Array) -> None:
        for name, first, last, count in counts_by_stream(time, stream):
            known = self._streams.setdefault(check_stream_name(name), [first, last, 0])
            known[0] = min(known[0], first)
            known[1] = max(known[1], last)
            known[2] += count

    def _numbers(self, count: int) -> Any:
        if len(self._sequences) < count:
            wanted = max(count, _SEQUENCES)
            with self._store.catalog.write() as connection:
                first = take_sequences(connection, wanted)
            self._work.renew()
            self._sequences = range(first, first + wanted)
        mine = np.arange(self._sequences.start, self._sequences.start + count)
        self._sequences = self._sequences[count:]
        return mine

    def _submit(self, block: Block) -> None:
        self._drain(_AHEAD)
        found = None
        if block.discovered is None:
            from cwnb.store.discovery import discover

            found = self._discoverers.submit(discover, block.text, log_type=self.log_type)
        self._ahead.append(self._writers.submit(self._write, block, found))

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
            self._finish_segment()
            writer = None
        if writer is None:
            writer = self._writer = SegmentWriter(
                self._store.home, self._group_id, self._work.new_segment(), self.log_type
            )
        writer.add(block)

    def _finish_segment(self) -> None:
        """Complete the segment in a thread of its own; no more than one at a time."""
        self._wait_for_finish()
        if self._writer is not None:
            self._finishing, self._writer = self._writer, None
            self._finished = self._finishers.submit(self._complete, self._finishing)

    def _complete(self, writer: SegmentWriter) -> None:
        self._made.append(writer.finish())
        self._work.renew()

    def _wait_for_finish(self) -> None:
        if self._finished is not None:
            self._finished.result()
            self._finished = self._finishing = None

    def _abort(self) -> None:
        self._done = True
        self._stop()
        for writer in (self._writer, self._finishing):
            if writer is not None:
                writer.close()
        self._work.abandon()

    def _stop(self) -> None:
        for pool in (self._discoverers, self._writers, self._finishers):
            pool.shutdown(wait=True, cancel_futures=True)


def load_place(group_id: int) -> str:
    """Name what the record of a load is sealed for."""
    return f"load/{group_id}"


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
    # Its columns may be dictionaries or mixed; a slice of each is what its rows have.
    return type(discovered)(
        {name: column.slice(start, end - start) for name, column in discovered.columns.items()},
        None if discovered.rest is None else discovered.rest.slice(start, end - start),
        discovered.capped if start == 0 else 0,
    )
