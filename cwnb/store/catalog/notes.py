"""Sealed records by key, in the table `meta`: saved queries, history, what other rooms keep.

A record that was changed or moved fails its check. One that is removed from the file is not missed.
"""

from __future__ import annotations

from typing import Any

from cwnb.store.catalog.row_seals import SEAL_BYTES, damaged

# The family of the records of other rooms; the second part of a key is the id of a group, or 0.
KEPT = "kept"


def put(connection: Any, key: str, data: bytes) -> None:
    """Write a record, in the place of one with the same key."""
    connection.execute(
        "INSERT OR REPLACE INTO meta VALUES (?, ?)",
        (key, data + connection.seal("meta", (key,), data)),
    )


def all_of(connection: Any, family: str) -> list[tuple[str, bytes]]:
    """Give key and data of the records whose keys begin with `family/`; raises StoreDamaged."""
    rows = connection.execute(
        "SELECT key, value FROM meta WHERE key >= ? AND key < ? ORDER BY key",
        (f"{family}/", f"{family}0"),  # "0" is the character after "/"
    ).fetchall()
    found = []
    for key, value in rows:
        found.append((key, _data(connection, key, value)))
    return found


def _data(connection: Any, key: str, value: Any) -> bytes:
    if type(value) is not bytes or len(value) < SEAL_BYTES:
        raise damaged("meta")
    data = value[:-SEAL_BYTES]
    connection.check("meta", (key,), value[-SEAL_BYTES:], data)
    return data


def find(connection: Any, key: str) -> bytes | None:
    """Give the data of a record; None if there is none. Raises StoreDamaged."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else _data(connection, key, row[0])


def has(connection: Any, key: str) -> bool:
    """Tell whether there is a record of this key."""
    return bool(connection.execute("SELECT 1 FROM meta WHERE key = ?", (key,)).get)


def count(connection: Any, family: str) -> int:
    """Give how many records of a family there are."""
    number: int = connection.execute(
        "SELECT count(*) FROM meta WHERE key >= ? AND key < ?", (f"{family}/", f"{family}0")
    ).get
    return number


def remove(connection: Any, key: str) -> None:
    """Remove a record."""
    connection.execute("DELETE FROM meta WHERE key = ?", (key,))


def any_of_group(connection: Any, group_id: int) -> bool:
    """Tell whether other rooms keep something of a log group."""
    return bool(
        connection.execute(
            "SELECT 1 FROM meta WHERE key >= ? AND key < ? LIMIT 1", _of_group(group_id)
        ).get
    )


def remove_of_group(connection: Any, group_id: int) -> None:
    """Remove what other rooms keep of a log group."""
    connection.execute("DELETE FROM meta WHERE key >= ? AND key < ?", _of_group(group_id))


def _of_group(group_id: int) -> tuple[str, str]:
    return f"{KEPT}/{group_id}/", f"{KEPT}/{group_id}0"  # "0" is the character after "/"
