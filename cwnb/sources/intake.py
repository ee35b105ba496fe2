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
from cwnb.sources.documents import is_json
from cwnb.sources.field_times import (
    fields_with_times,
    read_field_times,
    search_field_times,
    time_columns,
)
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
_JSON_FORMATS = frozenset({"ndjson", "json", "cloudtrail"})
# Records that are no JSON, of which the report says where they stand.
_PLACES_NAMED = 5


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
    not_json: Array  # of the kept records
    time_fields: list[str]  # that could have the time, where no record has one


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
        self._not_json: list[int] = []
        self._not_utf8 = 0

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
            self._note_odd_records()
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
        written = None if reasons else chunk.written
        discovered = self._loading.processing.discover(messages.text, written)
        not_json = np.zeros(0, np.int64)
        if chunk.time_ms is not None and chunk.timed is not None:
            times, timed = chunk.time_ms, chunk.timed
        else:
            times, timed = np.zeros(count, np.int64), np.zeros(count, bool)
            times[kept], timed[kept], not_json = self._field_times(messages.text, discovered)
        time_fields = []
        if not timed.any():
            time_fields = fields_with_times(discovered.columns, self._times.reading)
        return _Prepared(
            chunk, messages, kept, times, timed, reasons, discovered, not_json, time_fields
        )

    def _field_times(self, text: pa.Array, discovered: Any) -> tuple[Array, Array, Array]:
        """Give the times, a mask of those found, and the rows that should be JSON and are none."""
        reading = self._times.reading
        times, timed = read_field_times(discovered.columns, len(text), reading)
        rows = np.flatnonzero(~timed)
        not_json = rows[:0]
        if len(rows) and self._report.format in _JSON_FORMATS:
            not_json = _not_json(text, rows, discovered)
            names = time_columns(discovered.columns, reading.field)
            texts = text.take(pa.array(not_json))
            _set(times, timed, not_json, search_field_times(names, texts, reading))
            rows = np.flatnonzero(~timed)
        if len(rows):
            # Lines between the JSON ones may be text with a time of its own.
            _set(times, timed, rows, self._times.read(text.take(pa.array(rows))))
        return times, timed, not_json

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
        self._not_json += chunk.number[prepared.kept][prepared.not_json].tolist()
        if messages.raw is not None:
            self._not_utf8 += len(messages.raw) - messages.raw.null_count
        report.time_fields |= dict.fromkeys(prepared.time_fields)
        report.untimed += int((kept & ~prepared.timed).sum())
        report.capped += discovered.capped
        if (assumed := self._times.reading.assumed) is not None:
            assumed.take(times[kept & prepared.timed])
        ingestion = None if chunk.ingestion_ms is None else chunk.ingestion_ms[kept]
        events = CheckedEvents.of(chosen, stream, messages, discovered, ingestion)
        for counted in events.counts:
            report.count(counted.name, counted.first_ms, counted.last_ms, counted.events)
        self._loading.add_checked(events)

    def _note_odd_records(self) -> None:
        """Say what became of records that are not what the rest of the file is."""
        places = self._not_json
        if places and len(places) * 2 <= self._report.records:
            kind = "line" if self._report.format == "ndjson" else "record"
            named = ", ".join(f"{place:,}" for place in places[:_PLACES_NAMED])
            more = ", …" * (len(places) > _PLACES_NAMED)
            self._report.note(
                f"{len(places):,} x not JSON ({kind}{'s' * (len(places) != 1)} {named}{more}):"
                " kept as text, without fields"
            )
        if self._not_utf8:
            self._report.note(
                f"{self._not_utf8:,} x bytes that are no UTF-8: queries see \ufffd (U+FFFD) for"
                " them; the original bytes are kept (result.raw)"
            )

    def _fill(self, times: Array, timed: Array) -> Array:
        if not timed.all():
            rows = np.maximum.accumulate(np.where(timed, np.arange(len(times)), -1))
            times = np.where(rows >= 0, times[rows], self.last_ms)
        self.last_ms = int(times[-1])
        return times


def _not_json(text: pa.Array, rows: Array, discovered: Any) -> Array:
    """Give those of the rows that are no JSON; only such without any field are parsed for it."""
    for column in (*discovered.columns.values(), discovered.rest):
        if column is not None and len(rows):
            rows = rows[np.asarray(column.is_null())[rows]]
    texts = text.take(pa.array(rows)).to_pylist()
    bad: Array = rows[np.array([not is_json(value) for value in texts], bool)]
    return bad


def _set(times: Array, timed: Array, rows: Array, found: tuple[Array, Array]) -> None:
    """Set the times of those of the rows for which one has been found."""
    when, good = found
    times[rows[good]] = when[good]
    timed[rows[good]] = True
