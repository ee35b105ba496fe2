"""From records to events: discovery in threads, times filled in, refusals, the store."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import EventBatch
from cwnb.sources.blocks import MAX_EVENT_BYTES
from cwnb.sources.field_times import read_field_times
from cwnb.store.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Executor, Future

    from cwnb.sources.chunks import Chunk
    from cwnb.sources.layouts import TimeReader
    from cwnb.sources.report import FileReport

    Array = np.ndarray[Any, Any]

TOO_LONG = f"longer than {MAX_EVENT_BYTES:,} bytes"
EMPTY = "empty message"
TOO_EARLY = "time before 1970"
EXPIRED = "past the group's retention"
# So many chunks are discovered ahead of the store; each is about 4 MB of messages.
_AHEAD = 3


@dataclass
class _Prepared:
    chunk: Chunk
    message: pa.Array  # of the kept records
    text: pa.Array
    kept: Array
    times: Array  # of all records
    timed: Array
    reasons: dict[int, str]
    discovered: Any


class Intake:
    """Takes the chunks of one file into one loading, and fills in the file's report."""

    def __init__(
        self,
        loading: Any,
        report: FileReport,
        times: TimeReader,
        *,
        log_type: str | None,
        first_ms: int,
        executor: Executor,
    ) -> None:
        self._loading = loading
        self._report = report
        self._times = times
        self._log_type = log_type
        self._executor = executor
        self._cutoff_ms = loading.cutoff_ms
        # A record without a time takes that of the record before; the first ones the file's.
        self.last_ms = first_ms

    def take(self, chunks: Iterable[Chunk]) -> None:
        """Add every record to the loading or to the refused ones."""
        waiting: deque[Future[_Prepared]] = deque()
        try:
            for chunk in chunks:
                waiting.append(self._executor.submit(self._prepare, chunk))
                if len(waiting) > _AHEAD:
                    self._finish(waiting.popleft().result())
            while waiting:
                self._finish(waiting.popleft().result())
        finally:
            for future in waiting:
                future.cancel()

    def _prepare(self, chunk: Chunk) -> _Prepared:
        message = chunk.message
        count = len(message)
        sizes = np.asarray(pc.binary_length(message))
        kept = (sizes > 0) & (sizes <= MAX_EVENT_BYTES)
        reasons = {
            int(row): EMPTY if sizes[row] == 0 else TOO_LONG for row in np.flatnonzero(~kept)
        }
        if reasons:
            message = message.filter(pa.array(kept))
        message, text = as_text(message)
        discovered = discover(text, log_type=self._log_type)
        if chunk.time_ms is not None and chunk.timed is not None:
            times, timed = chunk.time_ms, chunk.timed
        else:
            times, timed = np.zeros(count, np.int64), np.zeros(count, bool)
            times[kept], timed[kept] = self._field_times(text, discovered)
        return _Prepared(chunk, message, text, kept, times, timed, reasons, discovered)

    def _field_times(self, text: pa.Array, discovered: Any) -> tuple[Array, Array]:
        times, timed = read_field_times(discovered.columns, len(text), self._times.reading)
        rows = np.flatnonzero(~timed)
        if len(rows):
            # Lines between the JSON ones may be text with a time of its own.
            found, good = self._times.read(text.take(pa.array(rows)))
            times[rows[good]] = found[good]
            timed[rows[good]] = True
        return times, timed

    def _finish(self, prepared: _Prepared) -> None:
        report, chunk = self._report, prepared.chunk
        report.lines += chunk.lines
        report.blank += chunk.blank
        report.records += len(chunk.message) + len(chunk.refused)
        for number, reason in chunk.refused:
            report.refuse(number, reason)
        if not len(chunk.message):
            return
        times = self._fill(prepared.times, prepared.timed)
        early = times < max(self._cutoff_ms or 0, 0)
        kept = prepared.kept & ~early
        for row in np.flatnonzero(~kept):
            early_reason = TOO_EARLY if times[row] < 0 else EXPIRED
            reason = prepared.reasons.get(int(row), early_reason)
            report.refuse(int(chunk.number[row]), reason)
        count = int(kept.sum())
        if not count:
            return
        message, discovered = prepared.message, prepared.discovered
        if count < len(message):
            rows = pa.array(kept[prepared.kept])
            message = message.filter(rows)
            discovered = discover(prepared.text.filter(rows), log_type=self._log_type)
        stream: str | pa.Array = report.stream
        if chunk.stream is not None:
            stream = chunk.stream if kept.all() else chunk.stream.filter(pa.array(kept))
            report.streams.update(pc.unique(stream).to_pylist())
        else:
            report.streams.add(report.stream)
        chosen = times if kept.all() else times[kept]
        report.events += count
        report.untimed += int((kept & ~prepared.timed).sum())
        report.capped += discovered.capped
        first, last = int(chosen.min()), int(chosen.max())
        report.first_ms = first if report.first_ms is None else min(report.first_ms, first)
        report.last_ms = last if report.last_ms is None else max(report.last_ms, last)
        self._loading.add(EventBatch(chosen, stream, message, discovered))

    def _fill(self, times: Array, timed: Array) -> Array:
        if not timed.all():
            rows = np.maximum.accumulate(np.where(timed, np.arange(len(times)), -1))
            times = np.where(rows >= 0, times[rows], self.last_ms)
        self.last_ms = int(times[-1])
        return times


def as_text(message: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Give the messages for the store (text if they are, else bytes), and as text in any case."""
    if pa.types.is_string(message.type):
        return message, message
    try:
        text = message.cast(pa.string())
    except pa.ArrowInvalid:
        texts = [value.decode("utf-8", "replace") for value in message.to_pylist()]
        return message, pa.array(texts, pa.string())
    return text, text
