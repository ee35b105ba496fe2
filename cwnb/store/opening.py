"""Finds or makes the folder, the catalog and the key of a store."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidParameter, NotAStore, ResourceNotFound, StoreError
from cwnb.store.catalog.connection import (
    Catalog,
    check_schema,
    create_schema,
    may_write,
    named_file_errors,
)
from cwnb.store.keys.sealing import create_key
from cwnb.store.segments.facts import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

_CATALOG = "catalog.sqlite"


def open_catalog(folder: Path, *, create: bool) -> Catalog:
    """Give the catalog of the store in a folder; make folder and file where they may be made."""
    file = folder / _CATALOG
    if folder.exists() and not folder.is_dir():
        raise NotAStore(f"{str(folder)!r} is a file, not the folder of a store")
    try:
        if file.exists():
            if file.is_dir() or not os.access(file, os.R_OK):
                raise NotAStore(f"{str(file)!r} cannot be read by this user")
            return Catalog(file, read_only=not (may_write(folder) and os.access(file, os.W_OK)))
        if not create:
            raise ResourceNotFound(f"there is no store at {str(folder)!r}")
        _make_folder(folder, file)
    except (FileExistsError, NotADirectoryError):
        raise NotAStore(f"{str(folder)!r} cannot be a folder: a file is in the way") from None
    except OSError as error:
        raise StoreError(f"no store can be made at {str(folder)!r}: {error.strerror}") from error
    return Catalog(file, read_only=False)


def read_meta(catalog: Catalog, folder: str, encryption: str) -> dict[str, Any]:
    """Give the facts of the store; make them, and its key, where it is new."""
    with catalog.read() as connection:
        made = check_schema(connection, folder)
    if not made:
        with catalog.write() as connection:
            # Another process may have been faster.
            if not check_schema(connection, folder):
                create_schema(connection)
                key_id = create_key(folder) if encryption == "default" else ""
                for item in (
                    ("store_id", secrets.token_hex(16)),
                    ("key_id", key_id),
                    ("next_sequence", 1),
                    ("now_ms", None),
                ):
                    connection.execute("INSERT INTO meta VALUES (?, ?)", item)
    with catalog.read() as connection:
        meta: dict[str, Any] = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    if encryption == "none" and meta["key_id"]:
        raise InvalidParameter(
            f"the store {folder!r} is encrypted; open it without encryption='none'"
        )
    return meta


def _make_folder(folder: Path, file: Path) -> None:
    others = sorted(os.listdir(folder)) if folder.exists() else []  # noqa: PTH208
    if odd := set(others) - {"segments"}:
        raise NotAStore(
            f"the folder {str(folder)!r} holds other things, such as {min(odd)!r}, "
            "and is not a store; name a new or empty folder"
        )
    with named_file_errors(str(folder)):
        for made in (folder, folder / "segments"):
            made.mkdir(parents=True, exist_ok=True, mode=0o700)
            made.chmod(0o700)
        # SQLite gives its log the mode of the catalog.
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.fchmod(handle, 0o600)
        os.close(handle)
        sync_folder(folder)
