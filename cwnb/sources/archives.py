"""Members of zip and tar files: each is loaded as a file of its own, and nothing is written.

So a path inside an archive, absolute or with `..`, names a stream and nothing else, and links and
devices, which would have to be followed, are left out.
"""

from __future__ import annotations

import lzma
import struct
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Self

from cwnb.errors import SourceError
from cwnb.sources.openers import Input, readable
from cwnb.sources.unpacking import check_ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cwnb.sources.unpacking import Peekable

_SPOOL_BYTES = 64 * 1024 * 1024
# What zipfile and tarfile raise for a damaged archive, or a damaged member of one.
_FAULTS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
    EOFError,
    ValueError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)
TAR_BLOCK_BYTES = 512
# Members that archives of macOS have beside the files, for what only that system knows of them.
_MAC = ("__MACOSX/", "._")
# Milliseconds of the year 10000.
_END_OF_TIME_MS = 253_402_300_800_000


@contextmanager
def zip_members(
    item: Input, raw: Any, head: Peekable, max_ratio: float | None, notes: list[str]
) -> Iterator[list[Input]]:
    """Give the members of a zip file; raises SourceError where it has no directory to be read."""
    with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
        file: Any = raw
        if not _seekable(raw):
            while data := head.read(1 << 20):
                spool.write(data)
            file = spool
        file.seek(0)
        try:
            archive = zipfile.ZipFile(file)
        except _FAULTS as error:
            raise SourceError(f"{item.name!r} is a damaged zip file: {error}") from error
        left = _LeftOut(item, notes)
        members = []
        for info in archive.infolist():
            if info.is_dir() or left.hidden(info.filename):
                continue
            opened = partial(_open_zipped, archive, info, f"{item.name}/{info.filename}", max_ratio)
            members.append(_member(item, info.filename, opened, item.modified_ms))
        if not members:
            notes.append(f"no files in {item.name!r}")
        left.note()
        yield members


def _open_zipped(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, max_ratio: float | None
) -> _Content:
    if info.flag_bits & 1:
        raise SourceError(f"{name!r} is locked with a password; unpack it first")
    check_ratio(name, info.file_size, info.compress_size, max_ratio)
    try:
        return _Content(archive.open(info), name)
    except _FAULTS as error:
        raise SourceError(f"{name!r} cannot be unpacked: {error}") from error


def is_tar(block: bytes) -> bool:
    """Tell whether content that begins with these 512 bytes is a tar file."""
    if len(block) < TAR_BLOCK_BYTES:
        return False
    if block[257:262] == b"ustar":
        return True
    try:  # the form before POSIX has no magic number, but a checksum
        tarfile.TarInfo.frombuf(block[:TAR_BLOCK_BYTES], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def tar_members(item: Input, head: Peekable, notes: list[str]) -> Iterator[Input]:
    """Give the members of a tar file, each to be read before the next is asked for.

    A member whose header is damaged is one that cannot be opened. Raises SourceError where the
    archive is cut off.
    """
    headers = _Headers()
    file: Any = head
    left = _LeftOut(item, notes)
    try:
        # Blocks that are no header are stepped over, so that what comes after a damaged one is
        # found; `headers` sees them.
        with tarfile.open(
            fileobj=file,
            mode="r|",
            ignore_zeros=True,
            tarinfo=headers.kind(),
            errors="surrogateescape",
        ) as archive:
            for info in archive:
                # tarfile would keep a header of every member in memory.
                archive.members = []  # type: ignore[attr-defined]
                if headers.take_damage():
                    yield _damaged(item, left.last)
                if not (info.isdir() or left.irregular(info) or left.hidden(info.name)):
                    yield _tarred(item, archive, info)
                left.last = readable(info.name)
        if headers.take_damage():
            yield _damaged(item, left.last)
    except (*_FAULTS, OSError) as error:
        raise _cut(item, left.last) from error
    finally:
        left.note()
    if not headers.ended:
        raise _cut(item, left.last)


class _Headers:
    """Watches the headers that tarfile reads: damaged ones, and the mark of the end."""

    def __init__(self) -> None:
        self.damaged = False
        self.ended = False

    def take_damage(self) -> bool:
        """Tell whether there was a damaged header since this was last asked."""
        damaged, self.damaged = self.damaged, False
        return damaged

    def kind(self) -> type[tarfile.TarInfo]:
        """Give the class of headers by which tarfile reads them."""
        watch = self

        class Header(tarfile.TarInfo):
            @classmethod
            def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
                try:
                    header = super().frombuf(buf, encoding, errors)
                except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
                    watch.ended = True
                    raise
                except tarfile.InvalidHeaderError:  # type: ignore[attr-defined]
                    # What follows the mark of the end is padding, not a damaged header.
                    watch.damaged |= not watch.ended
                    raise
                watch.ended = False
                return header

        return Header


class _LeftOut:
    """Counts the members that are no files to load."""

    def __init__(self, item: Input, notes: list[str]) -> None:
        self.last = ""
        self._item = item
        self._notes = notes
        self._irregular: list[str] = []
        self._hidden = 0

    def hidden(self, name: str) -> bool:
        """Tell whether a member is one that folders hide too."""
        found = name.startswith(_MAC[0]) or name.rsplit("/", 1)[-1].startswith(_MAC[1])
        self._hidden += found
        return found

    def irregular(self, info: tarfile.TarInfo) -> bool:
        """Tell whether a member is a link, a device or a pipe, which is never followed."""
        if info.isreg():
            return False
        kind = "link" if info.issym() or info.islnk() else "pipe" if info.isfifo() else "device"
        self._irregular.append(f"{readable(info.name)!r} ({kind})")
        return True

    def note(self) -> None:
        """Say what was left out."""
        if count := len(self._irregular):
            names = ", ".join(self._irregular[:3]) + ", …" * (count > 3)
            which = (
                "1 member that is no file was"
                if count == 1
                else f"{count:,} members that are no files were"
            )
            self._notes.append(f"{which} left out of {self._item.name!r}: {names}")
        if self._hidden:
            which = (
                "1 hidden file was" if self._hidden == 1 else f"{self._hidden:,} hidden files were"
            )
            self._notes.append(f"{which} left out of {self._item.name!r}")


def _tarred(item: Input, archive: tarfile.TarFile, info: tarfile.TarInfo) -> Input:
    name = readable(info.name)

    def opened() -> _Content:
        if info.issparse():
            raise SourceError(f"'{item.name}/{name}' has holes (a sparse file); unpack it first")
        return _Content(archive.extractfile(info), f"{item.name}/{name}")

    modified_ms = int(info.mtime * 1000)
    good = 0 <= modified_ms < _END_OF_TIME_MS
    return _member(item, name, opened, modified_ms if good else item.modified_ms)


def _member(
    item: Input, name: str, opened: Callable[[], _Content], modified_ms: int | None
) -> Input:
    name = readable(name)
    return Input(
        name=f"{item.name}/{name}",
        key=f"{item.key}/{name}",
        stream=name,
        open=opened,
        modified_ms=modified_ms,
    )


def _damaged(item: Input, last: str) -> Input:
    def opened() -> _Content:
        raise SourceError(f"{item.name!r} has a damaged member {_after(last)}")

    return _member(item, f"({_after(last)})", opened, None)


def _cut(item: Input, last: str) -> SourceError:
    return SourceError(f"{item.name!r} is cut off: members {_after(last)} may be missing")


def _after(last: str) -> str:
    return f"after {last!r}" if last else "at its beginning"


class _Content:
    """The content of a member; damage is a SourceError."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        try:
            data: bytes = self._stream.read(size)
        except (*_FAULTS, OSError) as error:
            raise SourceError(f"{self._name!r} cannot be unpacked: {error}") from error
        return data

    def close(self) -> None:
        """Leave the member."""
        self._stream.close()


def _seekable(stream: Any) -> bool:
    seekable = getattr(stream, "seekable", None)
    return bool(seekable and seekable())
