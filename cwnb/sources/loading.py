"""`load`: find the files and members of archives that the user names, and load each by itself."""

from __future__ import annotations

import os
import secrets
import threading
import time
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Self

from cwnb.errors import SourceError
from cwnb.sources import tables
from cwnb.sources.ahead import Ahead
from cwnb.sources.archives import TAR_BLOCK_BYTES, is_tar, tar_members, zip_members
from cwnb.sources.bundle import Bundle
from cwnb.sources.clocks import read_zone
from cwnb.sources.content import load_content, load_rows, say_loaded
from cwnb.sources.earlier import HEAD_BYTES, Earlier
from cwnb.sources.exports import is_export, is_streams_file, seeded
from cwnb.sources.lines import check_pattern
from cwnb.sources.openers import Input, Inputs, find_inputs, reason_of
from cwnb.sources.recognise import check_format
from cwnb.sources.report import FileReport, LoadReport
from cwnb.sources.target import Target
from cwnb.sources.time_formats import read_time_format
from cwnb.sources.unpacking import (
    MAX_RATIO,
    Fingerprinted,
    Peekable,
    Unpacked,
    compression_of,
)
from cwnb.store import Processing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import tzinfo

    from cwnb.sources.blocks import Readable

# A file may be packed more than once (a .gz in a .zip), but not without end.
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
    time_field: str | None = None,
    time_format: str | None = None,
    unwrap: bool = False,
    again: bool = False,
    complete: bool = False,
    log_type: str | None = None,
    deliver: bool = True,
    progress: Callable[[int, int | None], None] | None = None,
    max_ratio: float | None = MAX_RATIO,
) -> LoadReport:
    """Load files, globs, folders, URLs, file objects, DataFrames or dicts into a log group.

    `pattern`: what the first line of a record looks like (RE2). `tz`: the zone of times that name
    none. `time_field`: the field that has the time. `time_format`: its form, as strptime has it
    (`%d.%m.%Y %H:%M:%S`). `unwrap`: the field `log` of JSON records, as Docker and Fluent Bit
    write them, is the message. `again` loads content that the group has already. `complete`
    loads the last line of a file also if it has no end and the file was written to a minute ago or
    less; else the next load does. `max_ratio`: how many times its size a packed file may unpack to
    beyond 256 MB; None for any. `deliver=False` keeps the events from tails and subscriptions,
    which never see them. `progress` is called with the bytes read so far and their total, or None
    where that is unknown.

    One bad file raises SourceError; of several, the good ones load and the report names the bad.
    """
    started = time.perf_counter()
    report = LoadReport(group, id=secrets.token_hex(5))
    options: dict[str, Any] = {
        "stream": stream,
        "format": check_format(format),
        "zone": read_zone(tz),
        "pattern": check_pattern(pattern),
        "time_field": time_field,
        "time_format": read_time_format(time_format),
        "unwrap": unwrap,
        "again": again,
        "complete": complete,
        "max_ratio": max_ratio,
    }
    rows = tables.is_rows(what)
    inputs = Inputs() if rows else find_inputs(what)
    records = store.load_records(group) if store.has_group(group) else []
    processing = Processing(log_type=log_type)
    bundle = Bundle(
        store, group, processing, known=len(records), deliver=deliver, load_id=report.id
    )
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
    _thread: int = field(default_factory=threading.get_ident)

    def load(self, inputs: Inputs) -> None:
        """Load each input by itself."""
        self.report.notes += inputs.notes
        for name, error in inputs.unreadable:
            self._failed(name, error)
        inputs.items = [item for item in inputs.items if not is_streams_file(item.key)]
        sizes = [item.size for item in inputs.items]
        self.total_bytes = sum(filter(None, sizes)) if None not in sizes else None
        alone = not inputs.several
        for item in inputs.items:
            self._each(item.name, alone, partial(self._open, item, alone))
            self.done_bytes += item.size or 0
        self.target.bundle.publish()
        while met := self.target.once_more[:]:
            self.target.once_more.clear()
            records = self.target.store.load_records(self.target.group)
            self.target = replace(self.target, earlier=Earlier(records))
            for item, report in met:
                self.report.files.remove(report)
                self._each(item.name, alone, partial(self._once_more, item, alone))
            self.target.bundle.publish()

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
        if item.local:
            # It may have grown since it was found, and another process may have loaded it since.
            status = os.fstat(raw.fileno())
            item = replace(item, size=status.st_size, modified_ms=status.st_mtime_ns // 1_000_000)
        # A file object is the user's to close.
        with closing(raw) if item.ours else nullcontext():
            head = Peekable(_Watched(raw, self, item))
            if compression_of(head.peek(8)) != "zip":
                self._load_stream(item, head)
                return
            with zip_members(item, raw, head, self.max_ratio, self.report.notes) as members:
                alone = alone and len(members) == 1
                for member in members:
                    self._each(member.name, alone, partial(self._load_member, member, "zip"))

    def _once_more(self, item: Input, alone: bool) -> None:
        """Load a file that has met the load of another process: what that has not loaded."""
        if not item.local:
            raise SourceError(
                f"another process has loaded the beginning of {item.name!r}, or what begins with"
                " it, at the same time; load it again"
            )
        self._open(item, alone)

    def _load_tar(self, item: Input, head: Peekable, compression: str | None) -> None:
        packed = "tar" if compression is None else f"{compression}, tar"
        members = 0
        try:
            for member in tar_members(item, head, self.report.notes):
                members += 1
                self._each(member.name, False, partial(self._load_member, member, packed))
        except SourceError as error:
            if not members:
                raise
            self._failed(item.name, str(error))
        if not members:
            self.report.notes.append(f"no files in {item.name!r}")

    def _load_member(self, member: Input, packed: str) -> None:
        with closing(member.open()) as stream:
            self._load_stream(member, Peekable(stream), packed, member=True)

    def _load_stream(
        self, item: Input, head: Peekable, compression: str | None = None, *, member: bool = False
    ) -> None:
        head, compression = self.unpacked(item, head, compression)
        if not member and is_tar(head.peek(TAR_BLOCK_BYTES)):
            self._load_tar(item, head, compression)
            return
        # The members of an archive may be many and small.
        target = replace(self.target, alone=False) if member else self.target
        report = FileReport(item.name, compression=compression)
        self.report.files.append(report)
        report.stream = target.stream_for(item.stream, report)
        first = head.peek(HEAD_BYTES)
        if is_export(first, item.key):
            # A part of an export never grows, and parts of two streams may be the same.
            part = Fingerprinted(head, seeded(str(target.exported.of(item))))
            load_content(target, item, report, part, first=first)
            return
        with _Content(self, item, head, packed=compression is not None) as content:
            tail = None
            if not target.again:
                size = item.size if compression is None else None
                tail = target.earlier.beginning(item, size, first, content.opened)
            if tail is None:
                with self._ahead(item, content.stream(), compression) as stream:
                    load_content(target, item, report, Fingerprinted(stream), first=first)
                return
            # What comes after an earlier load, if anything does.
            with content.opened(tail.record.bytes) as stream:
                rest = Peekable(stream)
                if not rest.peek(1):
                    say_loaded(report, tail.record, target)
                    return
                new = Fingerprinted(rest, tail.digest, tail.record.bytes)
                load_content(target, item, report, new, tail, first=first)

    def _ahead(
        self, item: Input, content: Peekable, compression: str | None
    ) -> AbstractContextManager[Readable]:
        """Read a packed file ahead. Not what is not of this machine: that may keep us waiting."""
        if compression is None or not item.local:
            return nullcontext(content)
        return Ahead(content, self.tell)

    def tell(self) -> None:
        """Call `progress`, which the user's thread alone does: it may draw into a notebook."""
        if self.progress is not None and threading.get_ident() == self._thread:
            self.progress(self.told_bytes, self.total_bytes)

    def unpacked(
        self, item: Input, head: Peekable, compression: str | None
    ) -> tuple[Peekable, str | None]:
        """Unpack a stream; give its content and the names of the ways in which it was packed."""
        for _ in range(_NESTED):
            packed = compression_of(head.peek(8))
            if packed is None or packed == "zip":
                break
            head = Peekable(Unpacked(head, packed, item.name, self.max_ratio))
            compression = packed if compression is None else f"{compression}, {packed}"
        return head, compression


class _Content:
    """The content of one file, which can be read once more.

    A file of this machine is opened again; anything else is kept beside while it is read.
    """

    def __init__(self, files: _Files, item: Input, head: Peekable, *, packed: bool) -> None:
        self._files = files
        self._item = item
        self._head = head
        self._packed = packed
        self._kept: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._kept is not None:
            self._kept.close()

    def stream(self) -> Peekable:
        """Give all of it."""
        if self._kept is None:
            return self._head
        self._kept.seek(0)
        return Peekable(self._kept)

    @contextmanager
    def opened(self, at: int = 0) -> Iterator[Readable]:
        """Open it once more, at a byte."""
        if not self._item.local:
            if self._kept is None:
                self._kept = SpooledTemporaryFile(_SPOOL_BYTES)  # noqa: SIM115  # closed by __exit__
                while data := self._head.read(1 << 20):
                    self._kept.write(data)
            self._kept.seek(at)
            yield self._kept
            return
        with closing(self._item.open()) as raw:
            if not self._packed:
                raw.seek(at)
                yield _Watched(raw, self._files, self._item)
                return
            head = Peekable(_Watched(raw, self._files, self._item))
            stream, _ = self._files.unpacked(self._item, head, None)
            while at > 0 and (data := stream.read(min(at, 1 << 20))):
                at -= len(data)
            yield stream


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
        files.tell()
        return data
