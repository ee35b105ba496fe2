"""Turn records into stored events: discover fields, fill in times, count refused records."""

from __future__ import annotations

import zlib
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import SourceError
from cwnb.sources.chunks import TOO_LONG
from cwnb.sources.field_times import read_field_times
from cwnb.sources.openers import reason_of
from cwnb.store import CheckedEvents, Messages, checks, messages_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from cwnb.sources.chunks import Chunk
    from cwnb.sources.report import FileReport
    from cwnb.sources.text_times import TimeReader

    Array = np.ndarray[Any, Any]

EMPTY = checks.EMPTY
TOO_EARLY = "time before 1970"
TOO_LATE = "time after the year 9999"
EXPIRED = "past the group's retention"
# Milliseconds of the year 10000, which no calendar of ours can show.
_END_OF_TIME_MS = 253_402_300_800_000
_FAULTS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
    EOFError,
    zlib.error,
    pa.ArrowException,
)
# Chunks whose fields are discovered before the store takes them; each has about 4 MB of messages.
_CHUNKS_AHEAD = 3
# Chunks without any time that are held until the first time of the file is known.
_CHUNKS_HELD = 3


@contextmanager
def faults_of(name: str) -> Iterator[None]:
    """Turn a fault that the content of a file brought about into a SourceError.

    Then that file fails and the others load. Errors of the store and of the user's own functions
    are of other classes, and stop the load.
    """
    try:
        yield
    except _FAULTS as error:
        raise SourceError(f"{name!r} cannot be read: {reason_of(error)}") from error


def _read(chunks: Iterable[Chunk], name: str) -> Iterator[Chunk]:
    iterator = iter(chunks)
    while True:
        with faults_of(name):
            chunk = next(iterator, None)
        if chunk is None:
            return
        yield chunk


@dataclass
class _Prepared:
    chunk: Chunk
    messages: Messages  # of the kept records
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
        first_ms: int,
        goes_on: bool = False,
    ) -> None:
        self._loading = loading
        self._report = report
        self._times = times
        # A record without a time takes that of the record before; those before the first one with
        # a time take its time, so that a banner does not stand at the file's own time.
        self.last_ms = first_ms
        self._begins = not goes_on
        self._held: list[_Prepared] = []

    def take(self, chunks: Iterable[Chunk]) -> None:
        """Add every record to the loading or to the refused ones."""
        waiting: deque[Future[_Prepared]] = deque()
        try:
            for chunk in _read(chunks, self._report.name):
                with faults_of(self._report.name):
                    waiting.append(self._loading.prepare(self._prepare, chunk))
                if len(waiting) > _CHUNKS_AHEAD:
                    self._finish(self._result(waiting))
            while waiting:
                self._finish(self._result(waiting))
            self._begin(None)
        finally:
            for future in waiting:
                future.cancel()

    def _result(self, waiting: deque[Future[_Prepared]]) -> _Prepared:
        with faults_of(self._report.name):
            return waiting.popleft().result()

    def _prepare(self, chunk: Chunk) -> _Prepared:
        messages = messages_of(chunk.message)
        count = len(messages)
        kept = np.ones(count, bool)
        refused = checks.refused_by_size(messages)
        reasons = {row: TOO_LONG if why == checks.TOO_LONG else why for row, why in refused}
        if reasons:
            kept[list(reasons)] = False
            messages = messages.filter(kept)
        discovered = self._loading.processing.discover(messages.text)
        if chunk.time_ms is not None and chunk.timed is not None:
            times, timed = chunk.time_ms, chunk.timed
        else:
            times, timed = np.zeros(count, np.int64), np.zeros(count, bool)
            times[kept], timed[kept] = self._field_times(messages.text, discovered)
        return _Prepared(chunk, messages, kept, times, timed, reasons, discovered)

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
        if self._begins and len(prepared.chunk.message):
            timed = prepared.timed
            if not timed.any() and len(self._held) < _CHUNKS_HELD:
                self._held.append(prepared)
                return
            self._begin(int(prepared.times[np.argmax(timed)]) if timed.any() else None)
        self._store(prepared)

    def _begin(self, first_ms: int | None) -> None:
        """Store the records before the first one with a time: at its time, if there is one."""
        self._begins = False
        if first_ms is not None:
            self.last_ms = first_ms
        held, self._held = self._held, []
        for prepared in held:
            self._store(prepared)

    def _store(self, prepared: _Prepared) -> None:
        report, chunk = self._report, prepared.chunk
        report.lines += chunk.lines
        report.blank += chunk.blank
        report.records += len(chunk.message) + len(chunk.refused)
        for number, reason in chunk.refused:
            report.refuse(number, reason)
        if not len(chunk.message):
            return
        times = self._fill(prepared.times, prepared.timed)
        kept, reasons = prepared.kept, prepared.reasons
        early = dict(checks.refused_by_time(times, self._loading.cutoff_ms))
        wrong = {row: TOO_EARLY if times[row] < 0 else EXPIRED for row in early}
        wrong |= dict.fromkeys(np.flatnonzero(times >= _END_OF_TIME_MS).tolist(), TOO_LATE)
        if wrong:
            reasons = wrong | reasons
            kept = kept.copy()
            kept[list(wrong)] = False
        for row, reason in sorted(reasons.items()):
            report.refuse(int(chunk.number[row]), reason)
        if not kept.any():
            return
        messages, discovered = prepared.messages, prepared.discovered
        if wrong:
            messages = messages.filter(kept[prepared.kept])
            discovered = self._loading.processing.discover(messages.text)
        stream: str | pa.Array = report.stream
        if chunk.stream is not None:
            stream = chunk.stream if kept.all() else chunk.stream.filter(pa.array(kept))
        chosen = times if kept.all() else times[kept]
        report.untimed += int((kept & ~prepared.timed).sum())
        report.capped += discovered.capped
        if (assumed := self._times.reading.assumed) is not None:
            assumed.take(times[kept & prepared.timed])
        events = CheckedEvents.of(chosen, stream, messages, discovered)
        for counted in events.counts:
            report.count(counted.name, counted.first_ms, counted.last_ms, counted.events)
        self._loading.add_checked(events)

    def _fill(self, times: Array, timed: Array) -> Array:
        if not timed.all():
            rows = np.maximum.accumulate(np.where(timed, np.arange(len(times)), -1))
            times = np.where(rows >= 0, times[rows], self.last_ms)
        self.last_ms = int(times[-1])
        return times
