"""Where an export is written: a folder, or a bucket of S3."""

from __future__ import annotations

import errno
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cwnb.errors import ExportFailed, InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Sequence

# What the service writes at the root of a bucket before an export, and the text in it.
TEST_FILE = "aws-logs-write-test"
_TEST_TEXT = b"Permission Check Successful"
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateExportTask.html
NO_BUCKET = "The given bucket does not exist. Please make sure the bucket is valid."
DENIED = (
    "Please ensure that the CreateExportTask caller has been granted s3:PutObject access to the"
    " bucket."
)
_WRITERS = 8
_S3 = "s3://"
_KINDS = "it is a folder or s3://bucket/prefix"


class Destination(Protocol):
    """A place with files under it, each written whole or not at all."""

    def check(self, *, keep: bool) -> None:
        """Write the test file, and remove it unless it is kept; raises ExportFailed.

        The texts are the service's. Readers of tables would take the file for one.
        """
        ...

    def stage(self, files: Sequence[tuple[str, list[bytes]]]) -> None:
        """Write files, so that `publish` cannot fail for want of room or rights."""
        ...

    def publish(self) -> None:
        """Give the staged files their names, in a short time."""
        ...

    def listed(self, folder: str) -> set[str]:
        """Give the paths of the files in a folder and those below it."""
        ...

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files."""
        ...

    def sync(self, paths: Sequence[str]) -> None:
        """Make the names of files durable."""
        ...

    def close(self) -> None:
        """End the threads, and remove what was staged and not published."""
        ...


class Folder:
    """A folder of this machine; it is made where it is absent."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        self._pool = ThreadPoolExecutor(_WRITERS, "cwnb-export-write")
        self._staged: list[tuple[Path, Path]] = []

    def check(self, *, keep: bool) -> None:
        """Write the test file, and remove it unless it is kept."""
        self.stage([(TEST_FILE, [_TEST_TEXT])])
        self.publish()
        if not keep:
            self.remove([TEST_FILE])

    def stage(self, files: Sequence[tuple[str, list[bytes]]]) -> None:
        """Write files under other names beside their own, durably."""
        try:
            self._staged += self._pool.map(self._write, files)
        except OSError as error:
            raise _fault(error, str(self._root)) from error

    def _write(self, file: tuple[str, list[bytes]]) -> tuple[Path, Path]:
        path = self._root / file[0]
        # A name with a dot before it is read by nobody: not by `load`, DuckDB or pandas.
        aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("xb") as stream:
                stream.writelines(file[1])
                stream.flush()
                os.fsync(stream.fileno())
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        return aside, path

    def publish(self) -> None:
        """Rename the staged files."""
        try:
            while self._staged:
                self._staged[-1][0].replace(self._staged[-1][1])
                self._staged.pop()
        except OSError as error:
            raise _fault(error, str(self._root)) from error

    def listed(self, folder: str) -> set[str]:
        """Walk a folder."""
        found = (self._root / folder).rglob("*")
        return {path.relative_to(self._root).as_posix() for path in found if path.is_file()}

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files."""
        for path in paths:
            (self._root / path).unlink(missing_ok=True)

    def sync(self, paths: Sequence[str]) -> None:
        """Sync the folders in which the files are, and those above."""
        places: set[Path] = set()
        for path in paths:
            parent = (self._root / path).parent
            while parent not in places and parent.is_relative_to(self._root):
                places.add(parent)
                parent = parent.parent
        try:
            list(self._pool.map(_sync_folder, places))
        except OSError as error:
            raise _fault(error, str(self._root)) from error

    def close(self) -> None:
        """Remove what was staged and not published."""
        self._pool.shutdown(wait=True)
        for aside, _ in self._staged:
            aside.unlink(missing_ok=True)
        self._staged.clear()


class Bucket:
    """A bucket of S3, and the prefix in it; a file is one put, so nobody sees a part of one."""

    def __init__(self, url: str) -> None:
        bucket, _, prefix = url.removeprefix(_S3).partition("/")
        try:
            from s3fs import S3FileSystem
        except ImportError:
            raise InvalidParameter(
                f"cannot write to {url!r}: S3 needs a package that is not installed; "
                "pip install 'cwnb[s3]'"
            ) from None
        self._bucket = bucket
        self._root = f"{bucket}/{prefix}".rstrip("/") + "/"
        # Credentials and endpoint are those of the environment now.
        self._system = S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
        self._pool = ThreadPoolExecutor(_WRITERS, "cwnb-export-put")

    def check(self, *, keep: bool) -> None:
        """Write the test file at the root of the bucket, as the service does."""
        path = f"{self._bucket}/{TEST_FILE}"
        self._put(path, [_TEST_TEXT])
        if not keep:
            self._tried(self._system.rm, [path])

    def stage(self, files: Sequence[tuple[str, list[bytes]]]) -> None:
        """Put files."""
        list(self._pool.map(lambda file: self._put(self._root + file[0], file[1]), files))

    def publish(self) -> None:
        """Do nothing: what was put is there."""

    def listed(self, folder: str) -> set[str]:
        """List the keys below a folder."""
        names = self._tried(self._system.find, self._root + folder)
        return {name.removeprefix(self._root) for name in names}

    def remove(self, paths: Sequence[str]) -> None:
        """Delete keys."""
        if paths:
            self._tried(self._system.rm, [self._root + path for path in paths])

    def sync(self, paths: Sequence[str]) -> None:
        """Do nothing: what S3 has acknowledged is durable."""

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True)

    def _put(self, path: str, content: list[bytes]) -> None:
        self._tried(self._system.pipe_file, path, b"".join(content))

    def _tried(self, call: Any, *args: Any) -> Any:
        try:
            return call(*args)
        except Exception as error:
            # botocore raises errors of its own for connections and credentials.
            raise _fault(error, _S3 + self._root) from error


def open_destination(text: str) -> Destination:
    """Open a destination that `destination_name` gave; see there."""
    return Bucket(text) if text.startswith(_S3) else Folder(text)


def destination_name(destination: str | os.PathLike[str]) -> str:
    """Give the one name of a destination: an absolute path, or a URL without a slash behind it.

    Raises InvalidParameter for what is none, such as a URL of another kind than s3://.
    """
    try:
        text = os.fspath(destination)
    except TypeError:
        raise InvalidParameter(f"a destination: {_KINDS}, not {destination!r:.80}") from None
    if not isinstance(text, str) or not text or not _is_name(text):
        raise InvalidParameter(f"{destination!r:.80} is no destination")
    if text.startswith("s3:") and not text.startswith(_S3):
        raise InvalidParameter(f"{text!r:.200} is neither a folder nor s3://bucket/prefix")
    if "://" in text:
        if not text.startswith(_S3):
            raise InvalidParameter(f"cannot export to {text!r}; {_KINDS}")
        if text.removeprefix(_S3).startswith("/") or text == _S3:
            raise InvalidParameter(f"no bucket in {text!r}; {_KINDS}")
        return text.rstrip("/")
    return os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111 - links stay


def _is_name(text: str) -> bool:
    """Tell whether a text can name a place: it is Unicode, without a NUL."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _fault(error: Exception, where: str) -> ExportFailed:
    """Word the error of a destination, in the service's text where it has one."""
    kind = type(error).__name__
    if where.startswith(_S3):
        if isinstance(error, PermissionError):
            return ExportFailed(DENIED)
        if isinstance(error, FileNotFoundError) or "NoSuchBucket" in str(error):
            return ExportFailed(NO_BUCKET)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ExportFailed(f"no space is left for the export in {where!r}")
    reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else ""
    # Errors of botocore have several lines.
    reason = reason or " ".join(str(error).split()).rstrip(".") or kind
    return ExportFailed(f"cannot write to {where!r}: {reason}")
