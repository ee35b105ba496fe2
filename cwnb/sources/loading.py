"""`load`: from what the user gives to events in the store, all or nothing per file."""

from __future__ import annotations

import json
import re
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.errors import SourceError
from cwnb.sources import tables
from cwnb.sources.blocks import LineReader
from cwnb.sources.clocks import Reading, read_zone
from cwnb.sources.exports import read_export
from cwnb.sources.intake import Intake
from cwnb.sources.layouts import TimeReader, recognise_layouts
from cwnb.sources.lines import TextReader, check_pattern
from cwnb.sources.ndjson import read_ndjson
from cwnb.sources.openers import Input, Inputs, find_inputs, reason_of
from cwnb.sources.recognise import (
    EXPORT_NAME,
    SAMPLE_BYTES,
    check_format,
    recognise,
    refuse_binary,
)
from cwnb.sources.records import read_records
from cwnb.sources.report import FileReport, LoadReport
from cwnb.sources.unpacking import (
    MAX_RATIO,
    Fingerprinted,
    Peekable,
    Recoded,
    Unpacked,
    compression_of,
    encoding_of,
    prefix_digest,
)
from cwnb.store.records import LoadRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Executor
    from datetime import tzinfo

    from cwnb.sources.chunks import Chunk

_LINE_FORMATS = {"text", "ndjson"}
_NESTED = 3
_SPOOL_BYTES = 64 * 1024 * 1024


def load(
    store: Any,
    what: Any,
    *,
    group: str,
    stream: str | None = None,
    format: str | None = None,
    tz: str | tzinfo | None = None,
    pattern: str | None = None,
    again: bool = False,
    log_type: str | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    max_ratio: float | None = MAX_RATIO,
) -> LoadReport:
    """Load files, globs, folders, URLs, file objects, DataFrames or dicts into a log group.

    `pattern`: what the first line of a record looks like (RE2). `tz`: the zone of times that name
    none. `again` loads content that the group has already. `max_ratio`: how many times its size a
    packed file may unpack to beyond 256 MB; None for any. `progress` is called with the bytes read
    so far and their total, or None where that is unknown.

    One bad file raises SourceError; of several, the good ones load and the report names the bad.
    """
    return Loader(
        store,
        group=group,
        stream=stream,
        format=check_format(format),
        zone=read_zone(tz),
        pattern=check_pattern(pattern),
        again=again,
        log_type=log_type,
        progress=progress,
        max_ratio=max_ratio,
    ).load(what)


@dataclass
class Loader:
    """One call of `load`: its options, and what the group knows already."""

    store: Any
    group: str
    stream: str | None
    format: str | None
    zone: str | int | None
    pattern: str | None
    again: bool
    log_type: str | None
    progress: Callable[[int, int | None], None] | None
    max_ratio: float | None

    def load(self, what: Any) -> LoadReport:
        """Load all of it and tell about it."""
        started = time.perf_counter()
        self.report = LoadReport(self.group)
        known = self.store.load_records(self.group) if self.store.has_group(self.group) else []
        self.known = {record.fingerprint: record for record in known}
        self.done_bytes = 0
        self.total_bytes: int | None = None
        with ThreadPoolExecutor(2, thread_name_prefix="cwnb-load") as executor:
            self.executor: Executor = executor
            if tables.is_rows(what):
                self._load_rows(what)
            else:
                self._load_inputs(find_inputs(what))
        self.report.seconds = time.perf_counter() - started
        return self.report

    def _load_inputs(self, inputs: Inputs) -> None:
        self.report.notes += inputs.notes
        for name, reason in inputs.unreadable:
            error = f"cannot read {name!r}: {reason}"
            self.report.files.append(FileReport(name, error=error))
        sizes = [item.size for item in inputs.items]
        self.total_bytes = sum(filter(None, sizes)) if None not in sizes else None
        for item in inputs.items:
            self._load_input(item, alone=not inputs.several)

    def _load_input(self, item: Input, *, alone: bool) -> None:
        before = len(self.report.files)
        try:
            self._open(item, alone=alone)
        except SourceError as error:
            if alone:
                raise
            del self.report.files[before:]
            self.report.files.append(FileReport(item.name, error=str(error)))
        self.done_bytes += item.size or 0

    def _open(self, item: Input, *, alone: bool) -> None:
        try:
            raw = item.open()
        except OSError as error:
            raise SourceError(f"cannot read {item.name!r}: {reason_of(error)}") from error
        with closing(raw) if item.local else _left_open(raw):
            stream = _Watched(raw, self, item)
            head = Peekable(stream)
            if compression_of(head.peek(8)) == "zip":
                self._load_zip(item, raw, head, alone=alone)
            else:
                self._load_stream(item, head, raw)

    def _load_zip(self, item: Input, raw: Any, head: Peekable, *, alone: bool) -> None:
        with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
            archive_file: Any = raw
            if not _seekable(raw):
                _copy(head, spool)
                archive_file = spool
            archive_file.seek(0)
            try:
                archive = zipfile.ZipFile(archive_file)
            except zipfile.BadZipFile as error:
                raise SourceError(f"{item.name!r} is a damaged zip file: {error}") from error
            members = [info for info in archive.infolist() if not info.is_dir()]
            alone = alone and len(members) == 1
            for info in members:
                if info.flag_bits & 1:
                    raise SourceError(f"{item.name!r} is encrypted; unpack it first")
                self._load_member(item, archive, info, alone=alone)

    def _load_member(
        self, item: Input, archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, alone: bool
    ) -> None:
        ratio = info.file_size / max(info.compress_size, 1)
        member = Input(
            name=f"{item.name}/{info.filename}",
            key=f"{item.key}/{info.filename}",
            stream=info.filename,
            open=lambda: archive.open(info),  # type: ignore[arg-type,return-value]
            modified_ms=item.modified_ms,
        )
        before = len(self.report.files)
        try:
            if self.max_ratio is not None and ratio > self.max_ratio and info.file_size > 2**28:
                raise SourceError(
                    f"{member.name!r} unpacks to more than {self.max_ratio:g} times its size, as"
                    " only a bomb does; max_ratio=None loads it all the same"
                )
            try:
                with archive.open(info) as stream:
                    self._load_stream(member, Peekable(stream), None, compression="zip")
            except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
                raise SourceError(f"{member.name!r} cannot be unpacked: {error}") from error
        except SourceError as error:
            if alone:
                raise
            del self.report.files[before:]
            self.report.files.append(FileReport(member.name, error=str(error)))

    def _load_stream(
        self, item: Input, head: Peekable, raw: Any, compression: str | None = None
    ) -> None:
        for _ in range(_NESTED):
            packed = compression_of(head.peek(8))
            if packed is None or packed == "zip":
                break
            head = Peekable(Unpacked(head, packed, item.name, self.max_ratio))
            compression = packed if compression is None else f"{compression}, {packed}"
        report = FileReport(item.name, compression=compression)
        self.report.files.append(report)
        report.stream = self._stream_name(item, report)
        now_ms = self.store.clock.now_ms()
        reading = Reading(item.modified_ms if item.modified_ms is not None else now_ms, self.zone)
        plain = item.local and compression is None
        offset, earlier, digest = 0, None, None
        if plain and not self.again:
            offset, earlier, digest = self._loaded_before(item)
            if earlier is not None and offset == item.size:
                self._say_loaded(report, earlier)
                return
        content = Fingerprinted(head, digest, offset)
        if earlier is not None:
            raw.seek(offset)
            content = Fingerprinted(_Watched(raw, self, item), digest, offset)
        self._load_content(item, report, content, reading, earlier)

    def _load_content(
        self,
        item: Input,
        report: FileReport,
        content: Fingerprinted,
        reading: Reading,
        earlier: LoadRecord | None,
    ) -> None:
        peekable = Peekable(content)
        sample = peekable.peek(SAMPLE_BYTES)
        state = json.loads(earlier.tail_state) if earlier is not None else {}
        encoding, mark = (None, 0) if earlier is not None else encoding_of(sample)
        if encoding is not None:
            peekable.read(mark)
            report.encoding = encoding
            if encoding != "utf-8":
                peekable = Peekable(Recoded(peekable, encoding))
                report.notes.append(f"decoded from {encoding.upper()}, and kept as UTF-8")
            sample = peekable.peek(SAMPLE_BYTES)
        report.format = self._format(item, sample, reading, state)
        if earlier is not None and not self._tail_fits(item, report, earlier, state, sample):
            return
        if earlier is not None and not state["ended"]:
            # The line that had no end then got its newline since, and no more than that.
            peekable.read(2 if sample.startswith(b"\r\n") else 1)
        first_line = 1 + (earlier.lines if earlier is not None else 0)
        lines = LineReader(peekable, first_line=first_line)
        times = TimeReader(recognise_layouts(sample_lines(sample), reading), reading)
        if report.format == "export" and (match := EXPORT_NAME.search(item.key)):
            report.stream = self.stream or self._clean(match[1], report)
        chunks = self._chunks(report, peekable, lines, times, reading)
        first_ms = state.get("last_ms", reading.file_ms)
        with self.store.loading(self.group, log_type=self.log_type) as loading:
            intake = Intake(
                loading,
                report,
                times,
                log_type=getattr(loading, "log_type", self.log_type),
                first_ms=first_ms,
                executor=self.executor,
            )
            intake.take(chunks)
            content.drain()
            report.bytes = content.bytes - (earlier.bytes if earlier is not None else 0)
            known = self.known.get(content.fingerprint)
            if known is not None and not self.again and report.records:
                fresh = FileReport(report.name, report.stream, report.format, report.compression)
                self.report.files[-1] = fresh
                self._say_loaded(fresh, known)
                return
            tail = {
                "format": report.format,
                "ended": lines.ended,
                "last_ms": intake.last_ms,
                "plain": report.encoding is None and report.format in _LINE_FORMATS,
            }
            record = LoadRecord(
                fingerprint=content.fingerprint,
                name=item.key,
                stream=report.stream,
                bytes=content.bytes,
                events=report.events,
                lines=lines.lines + first_line - 1,
                tail_state=json.dumps(tail),
            )
            loading.commit(record)
        self.known[record.fingerprint] = record
        report.loaded = True
        if not content.bytes:
            report.notes.append("the file is empty")
        if earlier is not None:
            report.notes.append(
                f"loaded before as far as line {earlier.lines:,}; only what has been added since"
                f" byte {earlier.bytes:,} is loaded now"
            )

    def _format(self, item: Input, sample: bytes, reading: Reading, state: dict[str, Any]) -> str:
        if self.format is not None:
            return self.format
        if self.pattern is not None:
            refuse_binary(sample, item.name)
            return "text"
        return state.get("format") or recognise(sample, item.name, reading)

    def _chunks(
        self,
        report: FileReport,
        stream: Peekable,
        lines: LineReader,
        times: TimeReader,
        reading: Reading,
    ) -> Iterable[Chunk]:
        if report.format == "ndjson":
            return read_ndjson(lines)
        if report.format == "export":
            return read_export(lines, times)
        if report.format in {"json", "cloudtrail"}:
            return read_records(stream, report)
        if report.format in {"csv", "tsv"}:
            return tables.read_separated(stream, report, reading)
        if report.format == "parquet":
            return tables.read_parquet(stream, report, reading)
        return TextReader(lines, times, self.pattern)

    def _loaded_before(self, item: Input) -> tuple[int, LoadRecord | None, Any]:
        """Find the newest earlier load whose content this file is or begins with."""
        assert item.size is not None
        sizes = {
            record.bytes
            for record in self.known.values()
            if record.bytes == item.size or (record.name == item.key and record.bytes < item.size)
        }
        found: tuple[int, LoadRecord | None, Any] = (0, None, None)
        if not sizes - {0}:
            return found
        with closing(item.open()) as raw:
            digest, at = None, 0
            for size in sorted(sizes - {0}):
                digest = prefix_digest(raw, size - at, digest)
                at = size
                record = self.known.get(digest.hexdigest())
                if record is not None:
                    found = (size, record, digest.copy())
        return found

    def _tail_fits(
        self,
        item: Input,
        report: FileReport,
        earlier: LoadRecord,
        state: dict[str, Any],
        sample: bytes,
    ) -> bool:
        why = None
        if not state.get("plain"):
            why = f"a grown {state.get('format', 'file')} file cannot be loaded by its tail"
        elif state["format"] != report.format:
            why = f"it was loaded as {state['format']!r} before"
        elif not state["ended"] and not sample.startswith((b"\n", b"\r\n")):
            why = "its last line was unfinished when it was loaded"
        if why:
            raise SourceError(
                f"{item.name!r} has grown by {(item.size or 0) - earlier.bytes:,} bytes since it"
                f" was loaded, but {why}; again=True loads all of it once more"
            )
        return True

    def _say_loaded(self, report: FileReport, record: LoadRecord) -> None:
        where = "" if record.name == report.name else f" as {record.name!r}"
        report.format = report.format or json.loads(record.tail_state or "{}").get("format", "")
        report.notes.append(
            f"already loaded{where} ({record.events:,} events); again=True loads it once more"
        )

    def _stream_name(self, item: Input, report: FileReport) -> str:
        return self.stream or self._clean(item.stream, report)

    @staticmethod
    def _clean(name: str, report: FileReport) -> str:
        clean = re.sub("[:*]", "_", name)[-512:] or "stream"
        if clean != name:
            report.notes.append(f"the stream is called {clean!r}, as it may have no ':' and no '*'")
        return clean

    def _load_rows(self, rows: Any) -> None:
        report = FileReport(tables.name_of(rows), format=tables.format_of(rows))
        self.report.files.append(report)
        report.stream = self.stream or report.name
        reading = Reading(self.store.clock.now_ms(), self.zone)
        times = TimeReader([], reading)
        fingerprint = tables.RowsFingerprint()
        with self.store.loading(self.group, log_type=self.log_type) as loading:
            intake = Intake(
                loading,
                report,
                times,
                log_type=getattr(loading, "log_type", self.log_type),
                first_ms=reading.file_ms,
                executor=self.executor,
            )
            intake.take(tables.read_rows(rows, report, reading, fingerprint))
            known = self.known.get(fingerprint.hex)
            if known is not None and not self.again and report.records:
                fresh = FileReport(report.name, report.stream, report.format)
                self.report.files[-1] = fresh
                self._say_loaded(fresh, known)
                return
            loading.commit(
                LoadRecord(
                    fingerprint=fingerprint.hex,
                    name=report.name,
                    stream=report.stream,
                    bytes=report.bytes,
                    events=report.events,
                    lines=report.records,
                )
            )
        report.loaded = True


class _Watched:
    """Passes a stream on and tells `progress` how far it is."""

    def __init__(self, stream: Any, loader: Loader, item: Input) -> None:
        self._stream = stream
        self._loader = loader
        self._name = item.name
        self._bytes = 0

    def read(self, size: int = -1, /) -> bytes:
        try:
            data: bytes = self._stream.read(size)
        except OSError as error:
            raise SourceError(f"cannot read {self._name!r}: {reason_of(error)}") from error
        self._bytes += len(data)
        if self._loader.progress is not None:
            self._loader.progress(self._loader.done_bytes + self._bytes, self._loader.total_bytes)
        return data


def sample_lines(sample: bytes) -> pa.Array:
    """Give the lines of a sample that can begin a record: neither blank nor indented."""
    lines = sample.split(b"\n")
    if len(sample) >= SAMPLE_BYTES and len(lines) > 1:
        lines.pop()
    good = [line for line in lines if line.strip() and not line[:1].isspace()]
    return pa.array(good[:1000], pa.binary())


def _left_open(stream: Any) -> Any:
    """Keep the user's own file object open."""
    from contextlib import nullcontext

    return nullcontext(stream)


def _seekable(stream: Any) -> bool:
    seekable = getattr(stream, "seekable", None)
    return bool(seekable and seekable())


def _copy(source: Peekable, target: Any) -> None:
    while data := source.read(1 << 20):
        target.write(data)
