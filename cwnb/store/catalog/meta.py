"""What never changes of a store, and whether its rows have been sealed."""

from __future__ import annotations

from typing import Any, NamedTuple

from cwnb.errors import StoreDamaged
from cwnb.store.catalog.row_seals import damaged


class StoreMeta(NamedTuple):
    """What never changes of a store.

    `key_id` is empty where it is not encrypted. `key_check` tells its key from any other
    (`Sealer.check_value`); it is empty for a store of an earlier version that may not be written.
    """

    store_id: str
    key_id: str
    key_check: bytes = b""


def insert(connection: Any, meta: StoreMeta) -> None:
    """Write the first rows of a new store."""
    for item in (*meta._asdict().items(), ("next_sequence", 1), ("now_ms", None)):
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", item)


def find(connection: Any) -> StoreMeta:
    """Give what never changes of the store."""
    rows = dict(
        connection.execute(
            "SELECT key, value FROM meta WHERE key IN ('store_id', 'key_id', 'key_check')"
        )
    )
    store_id, key_id, key_check = map(rows.get, StoreMeta._fields)
    if not (isinstance(store_id, str) and isinstance(key_id, str) and isinstance(key_check, bytes)):
        raise StoreDamaged("the catalog does not say which store it is of")
    return StoreMeta(store_id, key_id, key_check)


def rows_are_sealed(connection: Any) -> bool:
    """Tell whether the rows of the catalog have seals: an older store gets them when it is opened.

    What says so is sealed too.
    """
    found = connection.execute("SELECT value FROM meta WHERE key = 'sealed'").fetchone()
    if found is None:
        raise damaged("meta")
    (seal,) = found
    if seal is None:
        return False
    connection.check("meta", ("sealed",), seal)
    return True


def set_rows_are_sealed(connection: Any) -> None:
    """Note that all rows have seals."""
    connection.execute(
        "UPDATE meta SET value = ? WHERE key = 'sealed'", (connection.seal("meta", ("sealed",)),)
    )


def set_key_check(connection: Any, check: bytes) -> None:
    """Note what tells the store's key from any other, where it is not noted yet."""
    connection.execute(
        "UPDATE meta SET value = ? WHERE key = 'key_check' AND value = x''", (check,)
    )
