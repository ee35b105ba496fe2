"""Finds or makes the folder, the catalog and the key of a store."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from typing import TYPE_CHECKING, Any

from cwnb.errors import (
    InvalidParameter,
    NotAStore,
    ResourceNotFound,
    StoreDamaged,
    StoreError,
)
from cwnb.store.catalog import Catalog, counters, meta, migrations
from cwnb.store.catalog.log_check import find_damage
from cwnb.store.context import CATALOG_FILE, StoreContext
from cwnb.store.disk import make_private_file, may_write, named_file_errors, sync
from cwnb.store.key_check import opens_what_is_there
from cwnb.store.keys.ring import create_key
from cwnb.store.keys.store_key import StoreKey

if TYPE_CHECKING:
    from pathlib import Path

    from cwnb.times import Clock

_NO_TABLES = "has no tables"


def open_context(
    folder: Path, *, encryption: str, create: bool, accept_loss: bool, clock: Clock | None
) -> StoreContext:
    """Give the context of the store in a folder, and make the store where there is none."""
    catalog = _open_catalog(folder, create=create)
    try:
        damaged = _check_log(catalog, accept_loss=accept_loss)
        context = _context(folder, catalog, encryption, clock)
        if damaged and not catalog.read_only:
            catalog.empty_log()  # else the next open would find the damage again
    except BaseException:
        catalog.close()
        raise
    return context


def _context(folder: Path, catalog: Catalog, encryption: str, clock: Clock | None) -> StoreContext:
    def fill(connection: Any) -> None:
        if _has_segments(folder):
            raise _catalog_gone(folder, _NO_TABLES)
        store_id, key_id = secrets.token_hex(16), ""
        if encryption == "default":
            key_id = create_key(str(folder))
        check = StoreKey(key_id, store_id, str(folder)).sealer().check_value
        meta.insert(connection, meta.StoreMeta(store_id, key_id, check))

    catalog.prepare(fill)
    with catalog.read() as connection:
        facts = meta.find(connection)
    if encryption == "none" and facts.key_id:
        raise InvalidParameter(
            f"the store {str(folder)!r} is encrypted; open it without encryption='none'"
        )
    if facts.key_id and not facts.key_check:
        facts = _with_key_check(folder, catalog, facts)
    context = StoreContext(str(folder), facts, catalog, clock)
    context.sealer()  # raises StoreKeyMissing now and not at the first read
    catalog.seal_rows()
    with catalog.read() as connection:
        context.set_fixed_now(counters.fixed_now_ms(connection))
    return context


def _with_key_check(folder: Path, catalog: Catalog, facts: meta.StoreMeta) -> meta.StoreMeta:
    """Note the check value of the key of an older store, if it opens what the store has."""
    key = StoreKey(facts.key_id, facts.store_id, str(folder))
    sealer = key.sealer()
    with catalog.read() as connection:
        if not opens_what_is_there(connection, sealer):
            raise key.wrong()
    if catalog.read_only:
        return facts
    with catalog.write() as connection:
        meta.set_key_check(connection, sealer.check_value)
        return meta.find(connection)


def _open_catalog(folder: Path, *, create: bool) -> Catalog:
    file = folder / CATALOG_FILE
    try:
        if folder.exists() and not folder.is_dir():
            raise NotAStore(f"{str(folder)!r} is a file, not the folder of a store")
        _check_catalog_is_there(folder, file)
        if file.exists():
            if file.is_dir() or not os.access(file, os.R_OK):
                raise NotAStore(f"{str(file)!r} cannot be read by this user")
            return Catalog(file, read_only=not (may_write(folder) and os.access(file, os.W_OK)))
        if not create:
            raise ResourceNotFound(f"there is no store at {str(folder)!r}")
        _make_folder(folder, file)
    except (FileExistsError, NotADirectoryError):
        raise NotAStore(f"{str(folder)!r} cannot be a folder: a file is in the way") from None
    except PermissionError:
        raise StoreError(f"the folder {str(folder)!r} may not be entered by this user") from None
    except OSError as error:
        why = error.strerror or str(error)
        raise StoreError(f"no store can be opened or made at {str(folder)!r}: {why}") from error
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


def _check_log(catalog: Catalog, *, accept_loss: bool) -> bool:
    """Raise StoreDamaged if the log is damaged, so that SQLite would silently drop transactions.

    With `accept_loss` a copy of the log is kept beside the catalog instead. Tells whether the log
    is damaged.
    """
    log = catalog.file.with_name(f"{CATALOG_FILE}-wal")
    damage = find_damage(log) if _size(log) else None
    if damage is None:
        return False
    if not accept_loss:
        raise StoreDamaged(
            f"the log {str(log)!r} is damaged at byte {damage.position:,}, before transactions "
            "that were committed later; nothing was changed; put the store back from a backup, or "
            "open it with accept_loss=True, which goes on with what was committed before the "
            "damage and keeps a copy of the log"
        )
    if not catalog.read_only:
        kept = log.with_name(f"{log.name}.damaged-{time.time_ns()}")
        with named_file_errors(str(catalog.file.parent)):
            make_private_file(kept)
            shutil.copyfile(log, kept)
            sync(kept)
            sync(kept.parent)
    return True


def _check_catalog_is_there(folder: Path, file: Path) -> None:
    """Raise StoreDamaged where a store has events and its catalog is gone; change nothing.

    SQLite would make tables in an empty catalog, and remove the log of one: so this comes before
    the first connection. Another process may be making the store at this moment. It commits the
    tables before it writes a segment, and moves them from the log into the catalog before it
    empties the log: so segments are looked for first, then the log, then the catalog.
    """
    if file.is_dir() or _catalog_fault(file) is None:
        return
    has_segments = _has_segments(folder)
    has_log = _size(file.with_name(f"{CATALOG_FILE}-wal")) > 0
    fault = _catalog_fault(file)
    if fault == _NO_TABLES and has_log:
        return  # the tables are in the log, or `fill` finds out that they are not
    if fault is not None and (has_segments or has_log):
        raise _catalog_gone(folder, fault)


def _catalog_fault(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            head = opened.read(migrations.APPLICATION_ID_BYTES.stop)
    except FileNotFoundError:
        return "is missing"
    except PermissionError:
        return None  # `_open_catalog` reports it
    if not head:
        return "is empty"
    return None if any(head[migrations.APPLICATION_ID_BYTES]) else _NO_TABLES


def _catalog_gone(folder: Path, fault: str) -> StoreDamaged:
    return StoreDamaged(
        f"the catalog {str(folder / CATALOG_FILE)!r} {fault}, but there are events of a store in "
        f"{str(folder)!r}; nothing was changed; put {CATALOG_FILE!r} back from a backup, with the "
        f"'{CATALOG_FILE}-wal' of the same moment if there is one, or make a new one "
        "from the segments with `cwnb repair`, or name another folder to begin anew"
    )


def _has_segments(folder: Path) -> bool:
    return any((folder / "segments").glob("*/*.parquet"))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
