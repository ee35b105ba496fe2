"""What the catalog keeps of the store as a whole, and its counters."""

from __future__ import annotations

from typing import Any, NamedTuple

from cwnb.store.positions import Position


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
    rows = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    return StoreMeta(rows["store_id"], rows["key_id"], rows["key_check"])


def set_key_check(connection: Any, check: bytes) -> None:
    """Note what tells the store's key from any other, where it is not noted yet."""
    connection.execute(
        "UPDATE meta SET value = ? WHERE key = 'key_check' AND value = x''", (check,)
    )


def fixed_now_ms(connection: Any) -> int | None:
    """Give the store's own "now" in epoch milliseconds, if it has one."""
    now_ms: int | None = connection.execute("SELECT value FROM meta WHERE key = 'now_ms'").get
    return now_ms


def set_fixed_now_ms(connection: Any, now_ms: int | None) -> None:
    """Give the store a "now" of its own, or none."""
    connection.execute("UPDATE meta SET value = ? WHERE key = 'now_ms'", (now_ms,))


def take_sequences(connection: Any, count: int) -> int:
    """Take the next numbers of the store for events, and give the first."""
    after: int = connection.execute(
        "UPDATE meta SET value = value + ? WHERE key = 'next_sequence' RETURNING value", (count,)
    ).get
    return after - count


def take_commit(connection: Any) -> int:
    """Take the next number of a publishing transaction, inside that transaction."""
    number: int = connection.execute(
        "UPDATE meta SET value = value + 1 WHERE key = 'last_commit' RETURNING value"
    ).get
    return number


def newest_position(connection: Any) -> Position:
    """Give the position after everything that has been published."""
    counters = dict(
        connection.execute(
            "SELECT key, value FROM meta WHERE key IN ('last_commit', 'next_sequence')"
        ).fetchall()
    )
    return Position(counters["last_commit"], counters["next_sequence"] - 1)
