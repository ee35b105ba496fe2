"""Load the content of one file: its encoding, its format, its records, the record of the load."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.sources import tables
from cwnb.sources.assumed import Assumed
from cwnb.sources.blocks import LineReader
from cwnb.sources.containers import is_wrapped, read_cri, unwrapped
from cwnb.sources.earlier import START_BYTES, TAIL_FORMATS, head_of
from cwnb.sources.event_files import read_event_lines
from cwnb.sources.exports import is_export, read_export
from cwnb.sources.intake import Intake, faults_of
from cwnb.sources.lines import TextReader
from cwnb.sources.ndjson import read_ndjson
from cwnb.sources.recognise import SAMPLE_BYTES, recognise, refuse_binary
from cwnb.sources.records import read_records
from cwnb.sources.separated import read_separated
from cwnb.sources.service import read_service
from cwnb.sources.text_times import TimeReader, day_first, recognise_layouts
from cwnb.sources.unpacking import Fingerprinted, Peekable, Recoded, encoding_of
from cwnb.store import LoadRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cwnb.sources.chunks import Chunk
    from cwnb.sources.clocks import Reading
    from cwnb.sources.earlier import Tail
    from cwnb.sources.openers import Input
    from cwnb.sources.report import FileReport
    from cwnb.sources.target import Target

_SAMPLE_LINES = 1000
# A file that has not changed for this long is taken to be complete.
_WRITTEN_MS = 60_000


def load_content(
    target: Target,
    item: Input,
    report: FileReport,
    content: Fingerprinted,
    tail: Tail | None = None,
    *,
    first: bytes,
) -> None:
    """Load the content of one file, all or nothing, unless it has been loaded before.

    `first`: the first bytes of it, also where only its tail is loaded now.
    """
    reading = target.reading(item.modified_ms)
    split = False
    with faults_of(item.name):
        stream = Peekable(content)
        sample = _sample(stream)
        if not is_export(sample, item.name):
            stream, sample = _decoded(stream, sample, report, tail)
        report.format = _format(target, item, sample, reading, tail)
    if tail is not None:
        tail.check(item, report.format)
        if not tail.state["ended"]:
            # The earlier load ended with a line that had no newline yet.
            got = 2 if sample.startswith(b"\r\n") else int(sample.startswith(b"\n"))
            stream.read(got)
            split = not got
    seen = tail.record.lines if tail is not None else 0
    growing = not target.complete and _may_grow(item, report, sample, tail)
    lines = LineReader(stream, first_line=seen + 1, growing=growing)
    # Lines between JSON records are not sampled: a time inside one of them could mean anything.
    sampled = report.format in {"text", "cri", "export"}
    if report.format == "export":
        # The times that the service wrote before the events have its own form.
        reading = replace(reading, layout=None)
    elif report.format != "parquet":
        reading = replace(reading, day_first=day_first(sample))
    with faults_of(item.name):
        order = recognise_layouts(_sample_lines(sample), reading) if sampled else []
    assumed = Assumed()
    times = TimeReader(order, replace(reading, assumed=assumed))
    report.time_form = times.name
    if report.format == "export" and (name := target.exported.of(item)) is not None:
        report.stream = target.stream_for(name, report)
    chunks = _chunks(target, report, stream, lines, times)
    if target.unwrap:
        chunks = unwrapped(chunks, times, report)
    elif report.format == "ndjson" and is_wrapped(sample):
        report.note(
            "the records wrap lines of programs in `log`; unwrap=True makes these the messages"
        )
    first_ms = tail.state.get("last_ms", reading.file_ms) if tail is not None else reading.file_ms

    def record(intake: Intake) -> LoadRecord:
        content.drain()
        content.leave(lines.left_bytes)
        report.bytes = content.bytes - (tail.record.bytes if tail is not None else 0)
        state = {
            "format": report.format,
            "ended": lines.ended,
            "last_ms": intake.last_ms,
            "left": lines.left_bytes,
            "head": head_of(first, content.bytes),
            "start": head_of(first[:START_BYTES], min(content.bytes, START_BYTES)),
            "plain": report.format in TAIL_FORMATS and report.encoding in {None, "utf-8"},
            "options": target.reading_options(),
        }
        return LoadRecord(
            fingerprint=content.fingerprint,
            name=item.key,
            stream=report.stream,
            bytes=content.bytes,
            events=report.events,
            lines=seen + report.lines,
            tail_state=json.dumps(state),
            after=tail.record.fingerprint if tail is not None else "",
        )

    goes_on = tail is not None
    take_all(
        target, report, chunks, times, first_ms=first_ms, goes_on=goes_on, record=record, item=item
    )
    if report.loaded and not report.lines and (not content.bytes or report.format == "text"):
        report.notes.append("the file is empty")
    if report.events and report.untimed == report.events and tail is None:
        used = "load" if item.modified_ms is None else "file's last change"
        report.notes.append(f"no timestamps found; used the time of the {used}")
    if report.loaded:
        assumed.tell(report, target.zone)
    if lines.left_bytes:
        report.notes.append(
            "the file was written to just now and its last line has no end: 1 unfinished record is"
            " left for the next load; complete=True loads it now"
        )
    if split or (lines.begins_inside and tail is not None):
        report.notes.append(
            "the record before was loaded when it was unfinished; its rest is an event of its own"
        )
    if tail is not None:
        report.notes.append(
            f"loaded before as far as line {seen:,}: only what has been added since"
            f" (byte {tail.record.bytes:,}) is loaded now"
        )
        if changed := target.other_options(tail.record):
            report.notes.append(f"{_different_then(changed)}: the events of then stay as they are")


def _may_grow(item: Input, report: FileReport, sample: bytes, tail: Tail | None) -> bool:
    """Tell whether a last line without its end may get one: the file is being written now.

    Not if it is all that the file has, or was left by the last load and has not grown since.
    """
    plain = report.format in TAIL_FORMATS and report.encoding in {None, "utf-8"}
    if not (item.local and plain and report.compression is None and item.modified_ms is not None):
        return False
    if time.time() * 1000 - item.modified_ms > _WRITTEN_MS:
        return False
    return b"\n" in sample if tail is None else len(sample) != tail.state.get("left")


def load_rows(target: Target, rows: Any, report: FileReport) -> None:
    """Load rows in memory, all or nothing."""
    assumed = Assumed()
    reading = replace(target.reading(None), assumed=assumed)
    fingerprint = tables.RowsFingerprint()
    chunks: Iterable[Chunk] = tables.read_rows(rows, report, reading, fingerprint)

    def record(intake: Intake) -> LoadRecord:
        del intake
        return LoadRecord(
            fingerprint=fingerprint.hex,
            name=report.name,
            stream=report.stream,
            bytes=report.bytes,
            events=report.events,
            lines=report.records,
            tail_state=json.dumps({"options": target.reading_options()}),
        )

    times = TimeReader([], reading)
    if target.unwrap:
        chunks = unwrapped(chunks, times, report)
    take_all(target, report, chunks, times, first_ms=reading.file_ms, record=record)
    if report.loaded:
        assumed.tell(report, target.zone)


def take_all(
    target: Target,
    report: FileReport,
    chunks: Iterable[Chunk],
    times: TimeReader,
    *,
    first_ms: int,
    goes_on: bool = False,
    record: Callable[[Intake], LoadRecord],
    item: Input | None = None,
) -> None:
    """Put all chunks into one loading and commit it, unless the group has this content already."""
    with target.bundle.place(alone=target.alone) as loading:
        intake = Intake(loading, report, times, first_ms=first_ms, goes_on=goes_on)
        intake.take(chunks)
        done = record(intake)
        known = target.earlier.same(done.fingerprint)
        if known is not None and not target.again:
            say_loaded(report, known, target)
            return
        report.loaded = True
        # Another process may have loaded the same meanwhile.
        met = partial(_met, target, report, item, done)
        loading.commit(done, unique=not target.again, if_known=met)
    if report.loaded:
        target.earlier.add(done)


def _met(
    target: Target, report: FileReport, item: Input | None, mine: LoadRecord, other: LoadRecord
) -> None:
    """Say that another process has loaded this content, or load what is new of it once more."""
    if item is None or other.fingerprint == mine.fingerprint:
        say_loaded(report, other, target)
        return
    report.clear()
    target.once_more.append((item, report))


def say_loaded(report: FileReport, record: LoadRecord, target: Target) -> None:
    """Turn the report into one of nothing new, and say which load had it.

    Where the user asks to read it in another way now, say how that is done.
    """
    report.clear()
    if not report.format:
        report.format = json.loads(record.tail_state or "{}").get("format", "")
    where = "" if record.name.endswith(report.name) else f" as {record.name!r}"
    events = target.earlier.events(record)
    counted = f"{events:,} event{'s' * (events != 1)}"
    report.notes.append(f"already loaded{where} ({counted}); again=True loads it once more")
    if changed := target.other_options(record):
        report.notes.append(
            f"{_different_then(changed)}; to read it anew, take load {record.load_id} back"
            " (unload) first"
        )


def _different_then(options: list[str]) -> str:
    return f"{' and '.join(options)} {'was' if len(options) == 1 else 'were'} different then"


def _decoded(
    stream: Peekable, sample: bytes, report: FileReport, tail: Tail | None
) -> tuple[Peekable, bytes]:
    encoding, mark = encoding_of(sample) if tail is None else (None, 0)
    if encoding is None:
        return stream, sample
    stream.read(mark)
    report.encoding = encoding
    if encoding != "utf-8":
        stream = Peekable(Recoded(stream, encoding))
        report.notes.append(f"decoded from {encoding.upper()} and kept as UTF-8")
    return stream, _sample(stream)


def _sample(stream: Peekable) -> bytes:
    sample = stream.peek(SAMPLE_BYTES)
    if len(sample) >= SAMPLE_BYTES and b"\n" not in sample:
        # A first line that long tells its format only at its end.
        sample = stream.peek(5 * SAMPLE_BYTES)
    return sample


def _format(target: Target, item: Input, sample: bytes, reading: Reading, tail: Tail | None) -> str:
    if target.format is not None:
        return target.format
    if tail is not None and "format" in tail.state:
        return str(tail.state["format"])
    if target.pattern is not None:
        refuse_binary(sample, item.name)
        return "text"
    return recognise(sample, item.name, reading)


def _chunks(
    target: Target, report: FileReport, stream: Peekable, lines: LineReader, times: TimeReader
) -> Iterable[Chunk]:
    own_times = target.time_field is None and target.time_format is None
    if report.format == "ndjson":
        return read_ndjson(lines)
    if report.format == "export":
        return read_export(lines)
    if report.format == "events":
        return read_event_lines(lines, own_stream=target.stream is None)
    if report.format == "cri":
        return read_cri(lines, times, report)
    if report.format in {"json", "cloudtrail"}:
        return read_records(stream, report)
    if report.format == "service":
        return read_service(stream, report, own_stream=target.stream is None, own_times=own_times)
    if report.format in {"csv", "tsv"}:
        return read_separated(stream, report, times.reading)
    if report.format == "parquet":
        own = own_times and target.stream is None
        return tables.read_parquet(stream, report, times.reading, target.max_ratio, own=own)
    return TextReader(lines, times, target.pattern)


def _sample_lines(sample: bytes) -> pa.Array:
    """Give the lines of a sample that can begin a record: neither blank nor indented."""
    lines = sample.split(b"\n")
    if len(sample) >= SAMPLE_BYTES and len(lines) > 1:
        lines.pop()
    good = [line for line in lines if line.strip() and not line[:1].isspace()]
    return pa.array(good[:_SAMPLE_LINES], pa.binary())
