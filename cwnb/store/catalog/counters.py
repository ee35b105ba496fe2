"""The counters of the store, and how many rows each group has: sealed rows of the table `meta`.

A reader compares the rows that it finds with the count, so that a row that was removed, hidden by a
damaged index or moved to another group is noticed. Batches are counted for the store as a whole,
and compared when it is opened: every put would else write another row.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from cwnb.errors import StoreDamaged
from cwnb.store.catalog.row_seals import SEAL_BYTES, damaged, miscounted
from cwnb.store.positions import Position

_STORE = "store"
_NO_TIME = -(1 << 63)


class StoreCounters(NamedTuple):
    """Counters of the store; `now_ms` is its own "now" in epoch milliseconds, if it has one."""

    next_sequence: int = 1
    last_commit: int = 0
    batches: int = 0
    groups: int = 0
    now_ms: int = _NO_TIME


class GroupCounts(NamedTuple):
    """How many rows a group has in each table."""

    segments: int = 0
    streams: int = 0
    loads: int = 0


_STORE_PACKED = struct.Struct(f"<{len(StoreCounters._fields)}q")
_GROUP_PACKED = struct.Struct(f"<{len(GroupCounts._fields)}q")


def insert(connection: Any, counters: StoreCounters) -> None:
    """Write the counters of a store that has none yet."""
    connection.execute(
        "INSERT INTO meta VALUES (?, ?)", (_STORE, _sealed(connection, _STORE, counters))
    )


def insert_group(connection: Any, group_id: int, counts: GroupCounts) -> None:
    """Write the counts of a group that has none yet."""
    key = _key(group_id)
    connection.execute("INSERT INTO meta VALUES (?, ?)", (key, _sealed(connection, key, counts)))


def remove_group(connection: Any, group_id: int) -> None:
    """Forget the counts of a group that is removed."""
    connection.execute("DELETE FROM meta WHERE key = ?", (_key(group_id),))


def take_for_put(connection: Any, events: int, batches: int) -> tuple[int, int]:
    """Count batches; give the first sequence number of their events, and their commit number.

    Every put does this, so the row is not read where this process was the last to write it.
    """
    for known in (connection.seals.counters, None):
        before, old = known or _read(connection, _STORE)
        store = StoreCounters(*old)
        values = store._replace(
            next_sequence=store.next_sequence + events,
            last_commit=store.last_commit + 1,
            batches=store.batches + batches,
        )
        packed = _sealed(connection, _STORE, values)
        connection.execute(
            "UPDATE meta SET value = ? WHERE key = 'store' AND value = ?", (packed, before)
        )
        if connection.changes():
            connection.seals.counters = packed, values
            return store.next_sequence, values.last_commit
    raise damaged("meta")


def of_store(connection: Any) -> StoreCounters:
    """Give the counters of the store."""
    return StoreCounters(*_read(connection, _STORE)[1])


def of_group(connection: Any, group_id: int) -> GroupCounts:
    """Give how many rows a group has."""
    return GroupCounts(*_read(connection, _key(group_id))[1])


def change_store(connection: Any, **values: int) -> None:
    """Set counters of the store."""
    _write(connection, _STORE, of_store(connection)._replace(**values))


def count_batches(connection: Any, rows: int) -> None:
    """Add `rows` to the count of the store's batches; negative when batches are removed."""
    if rows:
        change_store(connection, batches=of_store(connection).batches + rows)


def check_batches(connection: Any, found: int) -> None:
    """Raise StoreDamaged where the store has more batches or fewer than were put."""
    written = of_store(connection).batches
    if found != written:
        raise miscounted("batches", found, written)


def count(connection: Any, group_id: int, table: str, rows: int) -> None:
    """Add `rows` to the count of a group's rows in a table; negative when rows are removed."""
    if not rows:
        return
    counts = of_group(connection, group_id)
    left = getattr(counts, table) + rows
    if left < 0:
        raise miscounted(table, -rows, getattr(counts, table))
    _write(connection, _key(group_id), counts._replace(**{table: left}))


def check(connection: Any, group_id: int, table: str, found: int) -> None:
    """Raise StoreDamaged where a group has more rows or fewer than were written."""
    written = getattr(of_group(connection, group_id), table)
    if found != written:
        raise miscounted(table, found, written)


def check_groups(connection: Any, found: int) -> None:
    """Raise StoreDamaged where the store has more groups or fewer than were made."""
    written = of_store(connection).groups
    if found != written:
        raise miscounted("groups", found, written)


def fixed_now_ms(connection: Any) -> int | None:
    """Give the store's own "now" in epoch milliseconds, if it has one."""
    now_ms = of_store(connection).now_ms
    return None if now_ms == _NO_TIME else now_ms


def set_fixed_now_ms(connection: Any, now_ms: int | None) -> None:
    """Give the store a "now" of its own, or none."""
    change_store(connection, now_ms=_NO_TIME if now_ms is None else now_ms)


def take_sequences(connection: Any, number: int) -> int:
    """Take the next numbers of the store for events, and give the first."""
    first = of_store(connection).next_sequence
    change_store(connection, next_sequence=first + number)
    return first


def take_commit(connection: Any) -> int:
    """Take the next number of a publishing transaction, inside that transaction."""
    number = of_store(connection).last_commit + 1
    change_store(connection, last_commit=number)
    return number


def newest_position(connection: Any) -> Position:
    """Give the position after everything that has been published."""
    store = of_store(connection)
    return Position(store.last_commit, store.next_sequence - 1)


def seal_all(connection: Any) -> None:
    """Take over the counters of a store from before they were sealed, and count its rows."""
    old = dict(
        connection.execute(
            "SELECT key, value FROM meta WHERE key IN ('next_sequence', 'last_commit', 'now_ms')"
        )
    )
    connection.execute("DELETE FROM meta WHERE key IN ('next_sequence', 'last_commit', 'now_ms')")
    groups = connection.execute("SELECT id FROM groups").fetchall()
    now_ms = old.get("now_ms")
    try:
        store = StoreCounters(
            old["next_sequence"],
            old["last_commit"],
            connection.execute("SELECT count(*) FROM batches").get,
            len(groups),
            _NO_TIME if now_ms is None else now_ms,
        )
        insert(connection, store)
    except (KeyError, struct.error):
        raise StoreDamaged("the counters of the catalog are missing or are no numbers") from None
    for (group_id,) in groups:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table} WHERE group_id = ?", (group_id,)).get
            for table in GroupCounts._fields
        ]
        insert_group(connection, group_id, GroupCounts(*counts))


def _key(group_id: int) -> str:
    return f"group/{group_id}"


def _read(connection: Any, key: str) -> tuple[bytes, tuple[int, ...]]:
    """Give the numbers of a row, and the value that holds them."""
    value = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).get
    packed = _STORE_PACKED if key == _STORE else _GROUP_PACKED
    if type(value) is not bytes or len(value) != packed.size + SEAL_BYTES:
        raise damaged("meta")
    values = packed.unpack_from(value)
    connection.check("meta", (key, *values), value[packed.size :])
    return value, values


def _write(connection: Any, key: str, values: tuple[int, ...]) -> None:
    connection.execute(
        "UPDATE meta SET value = ? WHERE key = ?", (_sealed(connection, key, values), key)
    )


def _sealed(connection: Any, key: str, values: tuple[int, ...]) -> bytes:
    seal: bytes = connection.seal("meta", (key, *values))
    return (_STORE_PACKED if key == _STORE else _GROUP_PACKED).pack(*values) + seal
