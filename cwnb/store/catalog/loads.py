"""The table of loads: which content a group has already."""

from __future__ import annotations

from typing import Any


def insert(connection: Any, group_id: int, fingerprint: str, record: bytes) -> None:
    """Note a load."""
    connection.execute(
        "INSERT INTO loads (group_id, fingerprint, record) VALUES (?, ?, ?)",
        (group_id, fingerprint, record),
    )


def has(connection: Any, group_id: int, fingerprint: str) -> bool:
    """Tell whether the group has content of this fingerprint."""
    found = connection.execute(
        "SELECT 1 FROM loads WHERE group_id = ? AND fingerprint = ?", (group_id, fingerprint)
    )
    return bool(found.get)


def of_group(connection: Any, group_id: int) -> list[bytes]:
    """Give the sealed records of a group's loads, oldest first."""
    rows = connection.execute(
        "SELECT record FROM loads WHERE group_id = ? ORDER BY id", (group_id,)
    )
    return [record for (record,) in rows]


def some(connection: Any) -> list[tuple[int, bytes]]:
    """Give the group and the sealed record of a few loads."""
    rows: list[tuple[int, bytes]] = connection.execute(
        "SELECT group_id, record FROM loads LIMIT 9"
    ).fetchall()
    return rows


def delete_all(connection: Any, group_id: int) -> None:
    """Forget the loads of a group."""
    connection.execute("DELETE FROM loads WHERE group_id = ?", (group_id,))
