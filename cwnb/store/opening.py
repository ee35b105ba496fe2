"""Finds or makes the folder, the catalog and the key of a store."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidParameter, NotAStore, ResourceNotFound, StoreError
from cwnb.store.catalog import Catalog, meta
from cwnb.store.context import CATALOG_FILE, StoreContext
from cwnb.store.disk import make_private_file, may_write, named_file_errors, sync
from cwnb.store.keys.ring import create_key

if TYPE_CHECKING:
    from pathlib import Path

    from cwnb.times import Clock


def open_context(
    folder: Path, *, encryption: str, create: bool, clock: Clock | None
) -> StoreContext:
    """Give the context of the store in a folder, and make the store where there is none."""
    catalog = _open_catalog(folder, create=create)
    try:
        return _context(folder, catalog, encryption, clock)
    except BaseException:
        catalog.close()
        raise


def _context(folder: Path, catalog: Catalog, encryption: str, clock: Clock | None) -> StoreContext:
    def fill(connection: Any) -> None:
        key_id = create_key(str(folder)) if encryption == "default" else ""
        meta.insert(connection, meta.StoreMeta(secrets.token_hex(16), key_id))

    catalog.prepare(fill)
    with catalog.read() as connection:
        facts, now_ms = meta.find(connection), meta.fixed_now_ms(connection)
    if encryption == "none" and facts.key_id:
        raise InvalidParameter(
            f"the store {str(folder)!r} is encrypted; open it without encryption='none'"
        )
    context = StoreContext(str(folder), facts, catalog, clock)
    context.set_fixed_now(now_ms)
    context.sealer()  # raises StoreKeyMissing now and not at the first read
    return context


def _open_catalog(folder: Path, *, create: bool) -> Catalog:
    file = folder / CATALOG_FILE
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
        make_private_file(file, must_be_new=False)
        sync(folder)
