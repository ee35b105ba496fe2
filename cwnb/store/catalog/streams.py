"""The table of log streams."""

from __future__ import annotations

from typing import Any, NamedTuple

from cwnb.store.records import StreamInfo


class StreamCount(NamedTuple):
    """Events of one stream: its name, their first and last time, and how many they are."""

    name: str
    first_ms: int
    last_ms: int
    events: int


def of_group(connection: Any, group_id: int) -> list[StreamInfo]:
    """Give the streams of a group, by name."""
    rows = connection.execute(
        "SELECT name, created_ms, first_ms, last_ms, last_ingestion_ms, events"
        " FROM streams WHERE group_id = ? ORDER BY name",
        (group_id,),
    )
    return [StreamInfo(*row) for row in rows]


def insert(connection: Any, group_id: int, name: str, now_ms: int) -> bool:
    """Make an empty stream; tell whether it was new."""
    connection.execute(
        "INSERT OR IGNORE INTO streams (group_id, name, created_ms, events) VALUES (?, ?, ?, 0)",
        (group_id, name, now_ms),
    )
    return bool(connection.changes())


def count_events(connection: Any, group_id: int, counted: StreamCount, now_ms: int) -> None:
    """Note events of a stream, and the stream itself where it is new."""
    connection.execute(
        "INSERT INTO streams (group_id, name, created_ms, first_ms, last_ms, last_ingestion_ms,"
        " events) VALUES (?1, ?2, ?6, ?3, ?4, ?6, ?5)"
        " ON CONFLICT (group_id, name) DO UPDATE SET"
        " first_ms = min(ifnull(first_ms, ?3), ?3), last_ms = max(ifnull(last_ms, ?4), ?4),"
        " last_ingestion_ms = ?6, events = events + ?5",
        (group_id, *counted, now_ms),
    )


def delete_all(connection: Any, group_id: int) -> None:
    """Remove the streams of a group."""
    connection.execute("DELETE FROM streams WHERE group_id = ?", (group_id,))
