"""The table of loads: which content a group has already."""

from __future__ import annotations

from typing import Any

from cwnb.store.catalog import counters


def insert(connection: Any, group_id: int, fingerprint: str, record: bytes) -> None:
    """Note a load."""
    connection.execute(
        "INSERT INTO loads (group_id, fingerprint, record) VALUES (?, ?, ?)",
        (group_id, fingerprint, record),
    )
    _seal(connection, connection.last_insert_rowid(), group_id, fingerprint, record)
    counters.count(connection, group_id, "loads", 1)


def has(connection: Any, group_id: int, fingerprint: str) -> bool:
    """Tell whether the group has content of this fingerprint."""
    found = connection.execute(
        "SELECT 1 FROM loads WHERE group_id = ? AND fingerprint = ?", (group_id, fingerprint)
    )
    return bool(found.get)


def count(connection: Any, group_id: int) -> int:
    """Give how many loads a group has."""
    found: int = connection.execute(
        "SELECT count(*) FROM loads WHERE group_id = ?", (group_id,)
    ).get
    return found


def of_group(connection: Any, group_id: int) -> list[bytes]:
    """Give the sealed records of a group's loads, oldest first."""
    return list(numbered(connection, group_id).values())


def numbered(connection: Any, group_id: int) -> dict[int, bytes]:
    """Give the sealed records of a group's loads by their ids, oldest first."""
    rows = connection.execute(
        "SELECT id, fingerprint, record, seal FROM loads WHERE group_id = ? ORDER BY id",
        (group_id,),
    ).fetchall()
    counters.check(connection, group_id, "loads", len(rows))
    for number, fingerprint, record, seal in rows:
        connection.check("loads", (number, group_id, fingerprint), seal, record)
    return {number: record for number, _, record, _ in rows}


def with_id(connection: Any, number: int) -> tuple[int, str, bytes] | None:
    """Give group, fingerprint and sealed record of the load of this id, or None."""
    row = connection.execute(
        "SELECT group_id, fingerprint, record, seal FROM loads WHERE id = ?", (number,)
    ).fetchone()
    if row is None:
        return None
    group_id, fingerprint, record, seal = row
    connection.check("loads", (number, group_id, fingerprint), seal, record)
    return group_id, fingerprint, record


def some(connection: Any) -> list[tuple[int, bytes]]:
    """Give the group and the sealed record of a few loads."""
    rows: list[tuple[int, bytes]] = connection.execute(
        "SELECT group_id, record FROM loads LIMIT 9"
    ).fetchall()
    return rows


def remove(connection: Any, group_id: int, numbers: list[int]) -> None:
    """Forget loads by their ids."""
    for number in numbers:
        connection.execute("DELETE FROM loads WHERE id = ? AND group_id = ?", (number, group_id))
        counters.count(connection, group_id, "loads", -connection.changes())


def delete_all(connection: Any, group_id: int) -> None:
    """Forget the loads of a group."""
    connection.execute("DELETE FROM loads WHERE group_id = ?", (group_id,))


def seal_all(connection: Any) -> None:
    """Seal the rows of a store from before rows had seals."""
    for row in connection.execute("SELECT id, group_id, fingerprint, record FROM loads").fetchall():
        _seal(connection, *row)


def _seal(connection: Any, number: int, group_id: int, fingerprint: str, record: bytes) -> None:
    seal = connection.seal("loads", (number, group_id, fingerprint), record)
    connection.execute("UPDATE loads SET seal = ? WHERE id = ?", (seal, number))
