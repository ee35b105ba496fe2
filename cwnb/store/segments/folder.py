"""The folder that holds the files of segments: the one place that knows where they lie."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from cwnb.errors import StoreDamaged
from cwnb.store.disk import make_private_file, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS, MESSAGE = "fields", "message"
# A Parquet file ends with the length of its footer and a mark, of four bytes each.
_FOOTER_END = 8
_SEGMENT_ID = re.compile(r"[0-9a-f]{1,64}")
_GROUP_ID = re.compile(r"[1-9][0-9]*")
_FILE = re.compile(rf"(?P<segment>{_SEGMENT_ID.pattern})\.(?P<kind>{FIELDS}|{MESSAGE})\.parquet")


class FileName(NamedTuple):
    """One of the two files of a segment; `kind` is `fields` or `message`."""

    group_id: int
    segment_id: str
    kind: str


class SegmentFolder:
    """Opens, makes, lists and removes the files of segments.

    Everything else asks for files by their `FileName`, so that another kind of storage needs
    another class of this shape and no more. Folders and files are named by ids, never by what
    users typed. Nothing outside of the store's folder is opened, made or removed, whatever the
    catalog says and whatever links lie in the folder.
    """

    def __init__(self, store_path: str) -> None:
        self.store_path = store_path
        self._path = Path(store_path) / "segments"
        self._folder = str(self._path)

    def described(self, name: FileName) -> str:
        """Give the place of a file for the text of an error."""
        return str(self._file(name))

    def open(self, name: FileName) -> Any:
        """Open a file for reading; raises FileNotFoundError."""
        return pa.OSFile(str(self._own(self._file(name))))

    def new(self, name: FileName) -> Any:
        """Make a file that is not there yet, and open it for writing; the caller closes it."""
        file = self._own(self._file(name))
        if not file.parent.exists():
            file.parent.mkdir(mode=0o700, exist_ok=True)
            sync(self._path)
        make_private_file(file)
        return pa.OSFile(str(file), "wb")

    def footer(self, name: FileName) -> bytes:
        """Read the footer of a file as bytes, its length and the mark behind it included."""
        with self._own(self._file(name)).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _FOOTER_END))
            length = int.from_bytes(file.read(_FOOTER_END)[:4], "little")
            file.seek(max(0, size - _FOOTER_END - length))
            return file.read()

    def before_footer(self, name: FileName, size: int) -> bytes:
        """Read the last `size` bytes before the footer of a file; fewer if there are no more."""
        with self._own(self._file(name)).open("rb") as file:
            end = file.seek(0, os.SEEK_END) - _FOOTER_END
            file.seek(max(0, end))
            end -= int.from_bytes(file.read(4), "little")
            file.seek(max(0, end - size))
            return file.read(max(0, min(size, end)))

    def stretch(self, name: FileName, start: int, size: int) -> bytes:
        """Read some bytes of a file; fewer if it ends before."""
        with self._own(self._file(name)).open("rb", buffering=0) as file:
            file.seek(start)
            return file.read(size)

    def size(self, name: FileName) -> int:
        """Give the size of a file in bytes."""
        return self._file(name).stat().st_size

    def version(self, name: FileName) -> tuple[int, ...]:
        """Give what changes when a file is replaced or damaged under its name."""
        about = os.stat(self._text(name))  # noqa: PTH116 - every query asks, and a Path takes longer
        return about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size

    def sync(self, name: FileName) -> None:
        """Make the bytes of a file durable."""
        sync(self._file(name))

    def sync_names(self, group_id: int) -> None:
        """Make it durable that the files of a group exist."""
        sync(self._path / str(group_id))

    def list(self) -> Iterator[tuple[FileName, float]]:
        """Give name and time of change in seconds of each file of a segment; others are skipped."""
        for folder in _folders(self._path):
            with suppress(FileNotFoundError), os.scandir(folder) as files:
                for file in files:
                    found = _FILE.fullmatch(file.name)
                    if found is None or not file.is_file(follow_symlinks=False):
                        continue
                    name = FileName(int(folder.name), found["segment"], found["kind"])
                    yield name, file.stat(follow_symlinks=False).st_mtime

    def take_over(self, other: SegmentFolder, name: FileName, *, link: bool) -> None:
        """Copy a file of another store, durably; as a hard link if it may be and can be."""
        source, file = other._own(other._file(name)), self._own(self._file(name))
        file.parent.mkdir(mode=0o700, exist_ok=True)
        if link:
            with suppress(OSError):
                file.hardlink_to(source)
        if not file.exists():
            make_private_file(file)
            shutil.copyfile(source, file)
        sync(file)
        sync(file.parent)

    def remove(self, name: FileName) -> None:
        """Remove a file, if it is there."""
        self._own(self._file(name)).unlink(missing_ok=True)

    def remove_segment(self, group_id: int, segment_id: str) -> None:
        """Remove both files of a segment, if they are there."""
        for kind in (FIELDS, MESSAGE):
            self.remove(FileName(group_id, segment_id, kind))

    def _file(self, name: FileName) -> Path:
        return Path(self._text(name))

    def _text(self, name: FileName) -> str:
        # Ids come from the catalog, and a damaged one must not become a path to somewhere else.
        if not is_segment_id(name.segment_id):
            raise StoreDamaged(f"the catalog names a segment {name.segment_id!r}, which is no id")
        if not is_group_id(name.group_id):
            raise StoreDamaged(f"the catalog names a log group {name.group_id!r}, which is no id")
        return os.path.join(  # noqa: PTH118
            self._folder, str(name.group_id), f"{name.segment_id}.{name.kind}.parquet"
        )

    def _own(self, file: Path) -> Path:
        """Give the file back; raise StoreDamaged if it or one of its folders is a link."""
        for part in (file, file.parent, self._path):
            if part.is_symlink():
                raise StoreDamaged(
                    f"{str(part)!r} is a link; a store keeps its segments in its own folder"
                )
        return file


def _folders(path: Path) -> list[Path]:
    """Give the folders of groups, without links."""
    if path.is_symlink():
        return []
    with suppress(FileNotFoundError), os.scandir(path) as found:
        return [
            Path(folder.path)
            for folder in found
            if _GROUP_ID.fullmatch(folder.name) and folder.is_dir(follow_symlinks=False)
        ]
    return []


def is_segment_id(name: object) -> bool:
    """Tell whether a value of the catalog has the form of a segment's id."""
    return isinstance(name, str) and _SEGMENT_ID.fullmatch(name) is not None


def is_group_id(number: object) -> bool:
    """Tell whether a value of the catalog has the form of a log group's id."""
    return type(number) is int and number > 0
