"""The table of log streams."""

from __future__ import annotations

from typing import Any, NamedTuple

from cwnb.store.catalog import counters
from cwnb.store.catalog.row_seals import damaged
from cwnb.store.records import StreamInfo

_FACTS = "created_ms, first_ms, last_ms, last_ingestion_ms, events"
# Streams whose rows a process remembers: about 500 bytes each.
_REMEMBERED = 5000
_OF_NAME = "FROM streams WHERE group_id = ? AND name = ?"


class StreamCount(NamedTuple):
    """Events of one stream: its name, their first and last time, and how many they are."""

    name: str
    first_ms: int
    last_ms: int
    events: int


def of_group(connection: Any, group_id: int) -> list[StreamInfo]:
    """Give the streams of a group, by name."""
    rows = connection.execute(
        f"SELECT name, {_FACTS}, seal FROM streams WHERE group_id = ? ORDER BY name", (group_id,)
    ).fetchall()
    counters.check(connection, group_id, "streams", len(rows))
    for *values, seal in rows:
        connection.check("streams", (group_id, *values), seal)
    return [StreamInfo(*row[:-1]) for row in rows]


def count_events(connection: Any, group_id: int, counted: StreamCount, now_ms: int) -> bool:
    """Note events of a stream; tell whether the stream is new, which the caller counts."""
    place = group_id, counted.name
    # Every put does this, so a row is not read where this process was the last to write it.
    known = connection.seals.streams.get(place)
    if known is not None and _update(connection, place, known, counted, now_ms):
        return False
    found = connection.execute(f"SELECT {_FACTS}, seal {_OF_NAME}", place).fetchone()
    if found is None:
        _write(
            connection, *place, (now_ms, counted.first_ms, counted.last_ms, now_ms, counted.events)
        )
        return True
    connection.check("streams", (*place, *found[:-1]), found[-1])
    if not _update(connection, place, found, counted, now_ms):
        raise damaged("streams")
    return False


def uncount_events(connection: Any, group_id: int, name: str, events: int) -> None:
    """Take events out of a stream, and the stream away where it has had no others.

    The times of one that has had others stay as wide as they were.
    """
    found = connection.execute(f"SELECT {_FACTS}, seal {_OF_NAME}", (group_id, name)).fetchone()
    if found is None:
        return
    *facts, seal = found
    connection.check("streams", (group_id, name, *facts), seal)
    facts[-1] -= events
    if facts[-1] > 0:
        connection.execute(
            "UPDATE streams SET events = ?, seal = ? WHERE group_id = ? AND name = ?",
            (facts[-1], _seal(connection, group_id, name, tuple(facts)), group_id, name),
        )
    else:
        connection.execute("DELETE FROM streams WHERE group_id = ? AND name = ?", (group_id, name))
        counters.count(connection, group_id, "streams", -1)


def delete_all(connection: Any, group_id: int) -> None:
    """Remove the streams of a group."""
    connection.execute("DELETE FROM streams WHERE group_id = ?", (group_id,))


def seal_all(connection: Any) -> None:
    """Seal the rows of a store from before rows had seals."""
    for group_id, name, *facts in connection.execute(
        f"SELECT group_id, name, {_FACTS} FROM streams"
    ).fetchall():
        connection.execute(
            "UPDATE streams SET seal = ? WHERE group_id = ? AND name = ?",
            (_seal(connection, group_id, name, tuple(facts)), group_id, name),
        )


def _update(
    connection: Any, place: tuple[int, str], row: tuple[Any, ...], counted: StreamCount, now_ms: int
) -> bool:
    """Count events of a stream, if its row is still `row`; tell whether it is."""
    created_ms, first_ms, last_ms, _, events, seal = row
    facts = (
        created_ms,
        counted.first_ms if first_ms is None else min(first_ms, counted.first_ms),
        counted.last_ms if last_ms is None else max(last_ms, counted.last_ms),
        now_ms,
        events + counted.events,
    )
    new_seal = _seal(connection, *place, facts)
    connection.execute(
        "UPDATE streams SET first_ms = ?, last_ms = ?, last_ingestion_ms = ?, events = ?, seal = ?"
        " WHERE group_id = ? AND name = ? AND seal = ?",
        (*facts[1:], new_seal, *place, seal),
    )
    if not connection.changes():
        return False
    remembered = connection.seals.streams
    if len(remembered) >= _REMEMBERED:
        remembered.clear()
    remembered[place] = (*facts, new_seal)
    return True


def _write(connection: Any, group_id: int, name: str, facts: tuple[Any, ...]) -> None:
    connection.execute(
        f"INSERT INTO streams (group_id, name, {_FACTS}, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (group_id, name, *facts, _seal(connection, group_id, name, facts)),
    )


def _seal(connection: Any, group_id: int, name: str, facts: tuple[Any, ...]) -> bytes:
    seal: bytes = connection.seal("streams", (group_id, name, *facts))
    return seal
