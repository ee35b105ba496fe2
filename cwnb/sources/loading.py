"""`load`: find the files and members of archives that the user names, and load each by itself."""

from __future__ import annotations

import lzma
import struct
import time
import zipfile
import zlib
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

from cwnb.errors import SourceError
from cwnb.sources import tables, unpacking
from cwnb.sources.bundle import Bundle
from cwnb.sources.clocks import read_zone
from cwnb.sources.content import Target, load_content, load_rows, say_loaded
from cwnb.sources.earlier import HEAD_BYTES, Earlier
from cwnb.sources.lines import check_pattern
from cwnb.sources.openers import Input, Inputs, find_inputs, reason_of
from cwnb.sources.recognise import check_format
from cwnb.sources.report import FileReport, LoadReport
from cwnb.sources.time_formats import read_time_format
from cwnb.sources.unpacking import (
    MAX_RATIO,
    Fingerprinted,
    Peekable,
    Unpacked,
    bomb,
    compression_of,
)
from cwnb.store import Processing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

    from cwnb.sources.blocks import Readable
    from cwnb.sources.earlier import Tail

# A file may be packed more than once (a .gz in a .zip), but not without end.
_NESTED = 3
_SPOOL_BYTES = 64 * 1024 * 1024
# What zipfile raises for a damaged archive, or a damaged member of one.
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    ValueError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)


def load(
    store: Any,
    what: Any,
    *,
    group: str,
    stream: str | None = None,
    format: str | None = None,
    tz: str | tzinfo | None = None,
    pattern: str | None = None,
    time_field: str | None = None,
    time_format: str | None = None,
    again: bool = False,
    log_type: str | None = None,
    deliver: bool = True,
    progress: Callable[[int, int | None], None] | None = None,
    max_ratio: float | None = MAX_RATIO,
) -> LoadReport:
    """Load files, globs, folders, URLs, file objects, DataFrames or dicts into a log group.

    `pattern`: what the first line of a record looks like (RE2). `tz`: the zone of times that name
    none. `time_field`: the field that has the time. `time_format`: its form, as strptime has it
    (`%d.%m.%Y %H:%M:%S`). `again` loads content that the group has already. `max_ratio`: how many
    times its size a packed file may unpack to beyond 256 MB; None for any. `deliver=False` keeps
    the events from tails and subscriptions, which never see them. `progress` is called with the
    bytes read so far and their total, or None where that is unknown.

    One bad file raises SourceError; of several, the good ones load and the report names the bad.
    """
    started = time.perf_counter()
    report = LoadReport(group)
    options: dict[str, Any] = {
        "stream": stream,
        "format": check_format(format),
        "zone": read_zone(tz),
        "pattern": check_pattern(pattern),
        "time_field": time_field,
        "time_format": read_time_format(time_format),
        "again": again,
        "max_ratio": max_ratio,
    }
    rows = tables.is_rows(what)
    inputs = Inputs() if rows else find_inputs(what)
    records = store.load_records(group) if store.has_group(group) else []
    bundle = Bundle(store, group, Processing(log_type=log_type), deliver=deliver)
    try:
        alone = not inputs.several
        target = Target(store, group, Earlier(records), bundle, alone=alone, **options)
        if rows:
            file = FileReport(tables.name_of(what), format=tables.format_of(what))
            file.stream = stream if stream is not None else file.name
            report.files.append(file)
            load_rows(target, what, file)
        else:
            _Files(target, report, progress, max_ratio).load(inputs)
        bundle.publish()
    finally:
        bundle.abandon()
    report.seconds = time.perf_counter() - started
    return report


@dataclass
class _Files:
    """The files of one load, one after another."""

    target: Target
    report: LoadReport
    progress: Callable[[int, int | None], None] | None
    max_ratio: float | None
    done_bytes: int = 0
    total_bytes: int | None = None
    told_bytes: int = 0

    def load(self, inputs: Inputs) -> None:
        """Load each input by itself."""
        self.report.notes += inputs.notes
        for name, error in inputs.unreadable:
            self._failed(name, error)
        sizes = [item.size for item in inputs.items]
        self.total_bytes = sum(filter(None, sizes)) if None not in sizes else None
        for item in inputs.items:
            self._each(item.name, not inputs.several, partial(self._open, item, not inputs.several))
            self.done_bytes += item.size or 0

    def _each(self, name: str, alone: bool, load: Callable[[], None]) -> None:
        """Load one file; if it is not alone, its fault goes to the report."""
        before = len(self.report.files)
        try:
            load()
        except SourceError as error:
            if alone:
                raise
            del self.report.files[before:]
            self._failed(name, str(error))

    def _failed(self, name: str, error: str) -> None:
        self.report.files.append(FileReport(name, error=error))

    def _open(self, item: Input, alone: bool) -> None:
        try:
            raw = item.open()
        except OSError as error:
            raise SourceError(f"cannot read {item.name!r}: {reason_of(error)}") from error
        # A file object is the user's to close.
        with closing(raw) if item.ours else nullcontext():
            head = Peekable(_Watched(raw, self, item))
            if compression_of(head.peek(8)) == "zip":
                self._load_zip(item, raw, head, alone)
            else:
                self._load_stream(item, head)

    def _load_zip(self, item: Input, raw: Any, head: Peekable, alone: bool) -> None:
        with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
            file: Any = raw
            if not _seekable(raw):
                while data := head.read(1 << 20):
                    spool.write(data)
                file = spool
            file.seek(0)
            try:
                archive = zipfile.ZipFile(file)
            except _ZIP_FAULTS as error:
                raise SourceError(f"{item.name!r} is a damaged zip file: {error}") from error
            members = [info for info in archive.infolist() if not info.is_dir()]
            alone = alone and len(members) == 1
            if not members:
                self.report.notes.append(f"no files in {item.name!r}")
            for info in members:
                member = Input(
                    name=f"{item.name}/{info.filename}",
                    key=f"{item.key}/{info.filename}",
                    stream=info.filename,
                    open=partial(archive.open, info),
                    modified_ms=item.modified_ms,
                )
                self._each(member.name, alone, partial(self._load_member, member, info))

    def _load_member(self, member: Input, info: zipfile.ZipInfo) -> None:
        if info.flag_bits & 1:
            raise SourceError(f"{member.name!r} is locked with a password; unpack it first")
        ratio = info.file_size / max(info.compress_size, 1)
        limit = self.max_ratio
        if limit is not None and ratio > limit and info.file_size > unpacking.RATIO_FREE_BYTES:
            raise bomb(member.name, limit)
        try:
            with member.open() as stream:
                self._load_stream(member, Peekable(_Member(stream, member.name)), "zip")
        except _ZIP_FAULTS as error:
            raise SourceError(f"{member.name!r} cannot be unpacked: {error}") from error

    def _load_stream(self, item: Input, head: Peekable, compression: str | None = None) -> None:
        head, compression = self._unpacked(item, head, compression)
        report = FileReport(item.name, compression=compression)
        self.report.files.append(report)
        report.stream = self.target.stream_for(item.stream, report)
        first = head.peek(HEAD_BYTES)
        tail = None
        if item.local and not self.target.again:
            opened = partial(self._opened_again, item, unpacked=compression is not None)
            size = item.size if compression is None else None
            tail = self.target.earlier.beginning(item, size, first, opened)
        if tail is None:
            load_content(self.target, item, report, Fingerprinted(head), first=first)
        else:
            self._load_tail(item, report, first, tail, unpacked=compression is not None)

    def _load_tail(
        self, item: Input, report: FileReport, first: bytes, tail: Tail, *, unpacked: bool
    ) -> None:
        """Load what comes after an earlier load, if anything does."""
        with self._opened_again(item, unpacked=unpacked, at=tail.record.bytes) as stream:
            rest = Peekable(stream)
            if not rest.peek(1):
                say_loaded(report, tail.record)
                return
            content = Fingerprinted(rest, tail.digest, tail.record.bytes)
            load_content(self.target, item, report, content, tail, first=first)

    @contextmanager
    def _opened_again(self, item: Input, *, unpacked: bool, at: int = 0) -> Iterator[Readable]:
        """Open a file once more, at a byte of its content."""
        with closing(item.open()) as raw:
            if not unpacked:
                raw.seek(at)
                yield _Watched(raw, self, item)
                return
            stream, _ = self._unpacked(item, Peekable(_Watched(raw, self, item)), None)
            while at > 0 and (data := stream.read(min(at, 1 << 20))):
                at -= len(data)
            yield stream

    def _unpacked(
        self, item: Input, head: Peekable, compression: str | None
    ) -> tuple[Peekable, str | None]:
        for _ in range(_NESTED):
            packed = compression_of(head.peek(8))
            if packed is None or packed == "zip":
                break
            head = Peekable(Unpacked(head, packed, item.name, self.max_ratio))
            compression = packed if compression is None else f"{compression}, {packed}"
        return head, compression


class _Member:
    """Passes the content of a member of a zip file on; damage is a SourceError."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        try:
            data: bytes = self._stream.read(size)
        except (*_ZIP_FAULTS, OSError) as error:
            raise SourceError(f"{self._name!r} cannot be unpacked: {error}") from error
        return data


class _Watched:
    """Passes a stream on and tells `progress` how far it is."""

    def __init__(self, stream: Any, files: _Files, item: Input) -> None:
        self._stream = stream
        self._files = files
        self._name = item.name
        self._bytes = 0

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        try:
            data: bytes = self._stream.read(size)
        except OSError as error:
            raise SourceError(f"cannot read {self._name!r}: {reason_of(error)}") from error
        self._bytes += len(data)
        files = self._files
        # What is opened once more is read from its beginning.
        files.told_bytes = max(files.told_bytes, files.done_bytes + self._bytes)
        if files.progress is not None:
            files.progress(files.told_bytes, files.total_bytes)
        return data


def _seekable(stream: Any) -> bool:
    seekable = getattr(stream, "seekable", None)
    return bool(seekable and seekable())
