"""List the inputs of a load: files, globs, folders, URLs, file objects."""

from __future__ import annotations

import glob
import io
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from cwnb.errors import SourceError
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|[a-z0-9]+::")
_MAGIC_CHARACTERS = re.compile(r"[*?\[]")
# What the service writes to try its permission before an export; it holds no event.
EXPORT_TEST = "aws-logs-write-test"


@dataclass
class Input:
    """One stream of bytes that can be loaded: a file, an object, or a member of an archive.

    `name` is what the report calls it, `key` what a later load knows it by, `stream` the log
    stream it goes to unless the user says otherwise. A `local` one can be opened again and again,
    `ours` is closed after use.
    """

    name: str
    key: str
    stream: str
    open: Callable[[], Any]
    size: int | None = None
    modified_ms: int | None = None
    local: bool = False
    ours: bool = True
    # Reads a file of this name in the folder above that of the file.
    above: Callable[[str], bytes] | None = None


@dataclass
class Inputs:
    """The inputs of a load; `several`, when one bad file must not stop the others."""

    items: list[Input] = field(default_factory=list)
    several: bool = False
    notes: list[str] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def add(self, others: Inputs) -> None:
        """Take the inputs of another list too."""
        self.items += others.items
        self.notes += others.notes
        self.unreadable += others.unreadable


def find_inputs(what: Any) -> Inputs:
    """List the inputs that a path, glob, folder, URL, file object or list of these means."""
    if isinstance(what, (list, tuple)):
        found = Inputs(several=True)
        for one in what:
            try:
                found.add(find_inputs(one))
            except SourceError as error:
                found.unreadable.append((str(one), str(error)))
        return found
    if hasattr(what, "read"):
        return Inputs([_file_object(what)])
    if not isinstance(what, (str, os.PathLike)):
        raise SourceError(
            f"cannot load {type(what).__name__!r}; give a path, a glob, a folder, a URL, a file"
            " object, a DataFrame or a list of dicts"
        )
    text = os.fspath(what)
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    text = text.removeprefix("file://")
    if _URL.match(text):
        return _remote(text)
    try:
        return _local(os.path.expanduser(text))  # noqa: PTH111  # a glob is no path
    except (OSError, ValueError) as error:
        # A folder above it may be closed to this user; a path may hold a NUL.
        raise SourceError(f"cannot read {text!r}: {reason_of(error)}") from error


def _local(text: str) -> Inputs:
    path = Path(text)
    if path.is_dir():
        return _folder(path)
    if path.exists() or not _MAGIC_CHARACTERS.search(text):
        if not path.exists():
            raise SourceError(_missing(path))
        return Inputs([_file(path, path.name)])
    matches = sorted(glob.glob(text, recursive=True))  # noqa: PTH207  # keeps the text as typed
    if not matches:
        raise SourceError(f"no file matches {text!r}")
    fixed = Path(*Path(text).parts[: _fixed_parts(text)])
    found = Inputs(several=True)
    for match in map(Path, matches):
        if match.is_file():
            found.items.append(_file(match, match.relative_to(fixed).as_posix()))
        elif not match.is_dir():
            found.notes.append(_irregular(match))
        elif "**" not in text:
            found.add(_folder(match, fixed))
    return found


def _fixed_parts(text: str) -> int:
    parts = Path(text).parts
    for index, part in enumerate(parts[:-1]):
        if _MAGIC_CHARACTERS.search(part):
            return index
    return len(parts) - 1


def _folder(folder: Path, root: Path | None = None) -> Inputs:
    found = Inputs(several=True)
    hidden = 0

    def failed(error: OSError) -> None:
        found.unreadable.append(_unreadable(error.filename, error))

    for place, folders, names in os.walk(folder, onerror=failed):
        hidden += sum(name.startswith(".") for name in (*folders, *names))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith("."):
                continue
            if name == EXPORT_TEST:
                found.notes.append(f"{name!r} was left out: the service writes it to try a bucket")
                continue
            try:
                regular = path.is_file()
            except OSError as error:
                found.unreadable.append(_unreadable(path, error))
                continue
            if regular:
                found.items.append(_file(path, path.relative_to(root or folder).as_posix()))
            else:
                found.notes.append(_irregular(path))
    if hidden:
        found.notes.append(f"{hidden} hidden files or folders were left out")
    if not found.items and not found.unreadable:
        found.notes.append(f"no files in {str(folder)!r}")
    return found


def _irregular(path: Path) -> str:
    """Say that a pipe, a device or a link to nothing was left out; a pipe might never end."""
    return f"{readable(path.name)!r} was left out: no regular file"


def _unreadable(path: object, error: OSError) -> tuple[str, str]:
    name = readable(str(path))
    return name, f"cannot read {name!r}: {reason_of(error)}"


def _file(path: Path, stream: str) -> Input:
    try:
        status = path.stat()
    except OSError:
        status = None
    # A pipe or a device has no size and no time of its own, and can be read once only.
    regular = status is not None and stat.S_ISREG(status.st_mode)
    size = modified = None
    if regular and status is not None:
        size, modified = status.st_size, status.st_mtime_ns // 1_000_000
    return Input(
        name=readable(str(path)),
        key=readable(str(path.resolve() if regular else path)),
        stream=readable(stream),
        open=lambda: path.open("rb"),
        size=size,
        modified_ms=modified,
        local=regular,
        above=lambda name: (path.resolve().parent.parent / name).read_bytes(),
    )


def readable(name: str) -> str:
    r"""Give a file's name as text that can be stored; bytes that are no UTF-8 become `\xe9`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _missing(path: Path) -> str:
    message = f"no file {str(path)!r}"
    try:
        names = os.listdir(path.parent)  # noqa: PTH208  # names, not paths
    except OSError:
        return message
    return message + suggestion(path.name, names)


def _remote(url: str) -> Inputs:
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(url)
        if _MAGIC_CHARACTERS.search(path):
            names = sorted(system.glob(path))
            several = True
        elif system.isdir(path):
            names = sorted(system.find(path))
            several = True
        else:
            names, several = [path], False
        found = Inputs(several=several)
        root = _remote_root(path)
        for name in names:
            info = system.info(name)
            if info.get("type") == "directory":
                continue
            if name.rsplit("/", 1)[-1] == EXPORT_TEST:
                found.notes.append(f"{name!r} was left out: the service writes it to try a bucket")
                continue
            found.items.append(_remote_file(system, name, info, several, root))
    except ImportError as error:
        why = reason_of(error)
        if url.split(":", 1)[0] in {"s3", "s3a"}:
            why = "S3 needs a package that is not installed; pip install 'cwnb[s3]'"
        raise SourceError(f"cannot read {url!r}: {why}") from error
    except Exception as error:
        # Each file system raises its own library's errors (credentials, connections, …).
        raise SourceError(f"cannot read {url!r}: {reason_of(error)}") from error
    if not found.items:
        raise SourceError(f"no file matches {url!r}")
    return found


def _remote_root(path: str) -> str:
    match = _MAGIC_CHARACTERS.search(path)
    return path[: path.rfind("/", 0, match.start()) + 1] if match else path.rstrip("/") + "/"


def _remote_file(system: Any, name: str, info: dict[str, Any], several: bool, root: str) -> Input:
    full = system.unstrip_protocol(name)
    inner = name[len(root) :] if several and name.startswith(root) else name.rsplit("/", 1)[-1]
    return Input(
        name=full,
        key=full,
        stream=inner,
        open=lambda: system.open(name, "rb"),
        size=info.get("size"),
        modified_ms=_modified(info),
        above=lambda beside: system.cat_file(f"{name.rsplit('/', 2)[0]}/{beside}"),
    )


def _modified(info: dict[str, Any]) -> int | None:
    value = info.get("LastModified") or info.get("mtime") or info.get("created")
    if isinstance(value, (int, float)):
        return int(value * 1000)
    stamp = getattr(value, "timestamp", None)
    return int(stamp() * 1000) if stamp else None


def _file_object(stream: Any) -> Input:
    name = getattr(stream, "name", None)
    label = readable(str(name)) if isinstance(name, (str, os.PathLike)) else "<stream>"
    return Input(
        name=label,
        key=label,
        stream=Path(label).name.strip("<>") or "stream",
        open=lambda: _as_binary(stream),
        ours=False,
    )


def _as_binary(stream: Any) -> BinaryIO:
    if isinstance(stream, io.TextIOBase):
        buffer = getattr(stream, "buffer", None)
        if buffer is not None:
            return buffer  # type: ignore[no-any-return]
        return _Encoded(stream)  # type: ignore[return-value]
    return stream  # type: ignore[no-any-return]


class _Encoded:
    """A stream of text (`io.StringIO`), read as UTF-8."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        text: str = self._stream.read(size)
        return text.encode("utf-8", "replace")


def reason_of(error: Exception) -> str:
    """Say in a few words why something could not be read."""
    if isinstance(error, PermissionError):
        return "permission denied"
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    text = str(error).strip().rstrip(".")
    return text.splitlines()[0] if text else type(error).__name__
