"""Files and folders on disk: who may write, what is durable, and how a full disk is reported."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cwnb.errors import StoreFull, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A file system with less free space than this counts as full.
_SPARE_BYTES = 1 << 20


def may_write(folder: Path) -> bool:
    """Tell whether this user may write into the folder, and its medium allows it."""
    return os.access(folder, os.W_OK | os.X_OK)


def is_full(folder: str) -> bool:
    """Tell whether the folder's file system has no room left."""
    try:
        system = os.statvfs(folder)
    except OSError:
        return False
    return system.f_bavail * system.f_frsize < _SPARE_BYTES or (
        system.f_files > 0 and system.f_favail == 0
    )


def no_space(folder: str) -> StoreFull:
    """Word the error for a full disk."""
    return StoreFull(
        f"no space is left for the store {folder!r}; nothing acknowledged is lost, "
        "and it works again when there is room"
    )


@contextmanager
def named_file_errors(folder: str) -> Iterator[None]:
    """Turn the errors of writing files into those of the store."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT} or is_full(folder):
            raise no_space(folder) from error
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise StoreReadOnly(f"the store {folder!r} may not be written by this user") from error
        raise


def make_private_file(file: Path, *, must_be_new: bool = True) -> None:
    """Make an empty file that only its owner may read, whatever the umask."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_EXCL if must_be_new else 0)
    handle = os.open(file, flags, 0o600)
    os.fchmod(handle, 0o600)
    os.close(handle)


def sync(path: Path) -> None:
    """Make the bytes of a file, or the names in a folder, durable."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
