"""The tables of segments, and of the files of those that were replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb.store.cache import Cache
from cwnb.store.positions import Runs
from cwnb.store.segments.facts import SegmentFacts, unpacked

if TYPE_CHECKING:
    from collections.abc import Hashable

_SELECT = (
    "SELECT id, group_id, first_ms, last_ms, rows, message_bytes, file_bytes, discovery,"
    " wrapped_key, facts, ranges FROM segments"
)
# A time that is later than any given now was given before the clock was set back.
_IS_DUE = "remove_at NOT BETWEEN ?1 AND ?2"
_facts: Cache[SegmentFacts] = Cache(20_000)


def of_group(connection: Any, group_id: int) -> list[tuple[Any, ...]]:
    """Give the rows of a group's segments, oldest first; `facts_of` reads one.

    They are not read here, because a long transaction holds back the log of the catalog.
    """
    rows: list[tuple[Any, ...]] = connection.execute(
        f"{_SELECT} WHERE group_id = ? ORDER BY first_ms, id", (group_id,)
    ).fetchall()
    return rows


def unclaimed(connection: Any, group_id: int, store: Hashable) -> list[SegmentFacts]:
    """Give the segments of a group that no work has claimed, oldest first; see `facts_of`."""
    rows = connection.execute(
        f"{_SELECT} WHERE group_id = ? AND id NOT IN (SELECT segment_id FROM pending_inputs)"
        " ORDER BY first_ms, id",
        (group_id,),
    ).fetchall()
    return [facts_of(row, store) for row in rows]


def facts_of(row: tuple[Any, ...], store: Hashable) -> SegmentFacts:
    """Read a row that `of_group` gave; the facts of a segment never change.

    `store`: what tells the store from its copies, which have segments of the same ids.
    """
    key = store, row[0]
    if (known := _facts.get(key)) is not None:
        return known
    names = ("id", "group_id", "first_ms", "last_ms", "rows", "message_bytes", "file_bytes")
    columns = dict(zip((*names, "discovery", "wrapped_key"), row[:9], strict=True))
    made = SegmentFacts(**columns, **unpacked(row[9]), ranges=row[10])
    _facts.put(key, made)
    return made


def insert(connection: Any, facts: SegmentFacts, runs: Runs) -> None:
    """Publish a segment, whose events have the commits of the runs."""
    connection.execute(
        "INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(facts.id, facts.group_id, facts.first_ms, facts.last_ms, facts.rows),
            *(facts.message_bytes, facts.file_bytes, facts.discovery, facts.wrapped_key),
            *(facts.packed(), facts.ranges),
            *((int(runs.commit.min()), int(runs.commit.max())) if len(runs) else (0, 0)),
        ),
    )
    if len(runs):
        connection.execute("INSERT INTO segment_runs VALUES (?, ?)", (facts.id, runs.pack()))


def with_id(connection: Any, segment_id: str, store: Hashable) -> SegmentFacts:
    """Give the segment of this id, which is there; see `facts_of`."""
    row = connection.execute(f"{_SELECT} WHERE id = ?", (segment_id,)).fetchone()
    return facts_of(row, store)


def some_keys(connection: Any) -> list[tuple[str, bytes]]:
    """Give the id and the wrapped key of a few segments."""
    rows: list[tuple[str, bytes]] = connection.execute(
        "SELECT id, wrapped_key FROM segments WHERE wrapped_key IS NOT NULL LIMIT 9"
    ).fetchall()
    return rows


def commits_from(connection: Any, group_id: int, commit: int) -> list[tuple[int, str]]:
    """Give first commit and id of the segments with events of this commit or a later one."""
    rows: list[tuple[int, str]] = connection.execute(
        "SELECT first_commit, id FROM segments WHERE group_id = ? AND last_commit >= ?",
        (group_id, max(commit, 1)),
    ).fetchall()
    return rows


def runs_of(connection: Any, segment_id: str) -> Runs:
    """Give the commits of a segment's events."""
    row = connection.execute("SELECT runs FROM segment_runs WHERE segment_id = ?", (segment_id,))
    packed: bytes | None = row.get
    return Runs.none() if packed is None else Runs.unpack(packed, segment_id)


def discard(connection: Any, group_id: int, names: list[str], remove_at: float) -> None:
    """Take segments out of the catalog; their files stay until `remove_at`."""
    for name in names:
        connection.execute("DELETE FROM segments WHERE id = ?", (name,))
        connection.execute("DELETE FROM segment_runs WHERE segment_id = ?", (name,))
        connection.execute(
            "INSERT OR REPLACE INTO trash VALUES (?, ?, ?)", (name, group_id, remove_at)
        )


def discard_all(connection: Any, group_id: int, remove_at: float) -> None:
    """Take all segments of a group out of the catalog."""
    rows = connection.execute("SELECT id FROM segments WHERE group_id = ?", (group_id,)).fetchall()
    discard(connection, group_id, [name for (name,) in rows], remove_at)


def discard_expired(connection: Any, group_id: int, cutoff_ms: int, remove_at: float) -> int:
    """Take the segments out of the catalog of which all events have expired; give their number.

    Work that has claimed one of them will find that it is lost.
    """
    rows = connection.execute(
        "SELECT id FROM segments WHERE group_id = ? AND last_ms < ?", (group_id, cutoff_ms)
    ).fetchall()
    for row in rows:
        connection.execute("DELETE FROM pending_inputs WHERE segment_id = ?", row)
    discard(connection, group_id, [name for (name,) in rows], remove_at)
    return len(rows)


def known_ids(connection: Any) -> set[str]:
    """Give the id of every segment whose files the catalog knows of."""
    return {
        name
        for (name,) in connection.execute(
            "SELECT id FROM segments UNION ALL SELECT segment_id FROM pending_outputs"
            " UNION ALL SELECT segment_id FROM trash"
        )
    }


def trash_is_due(connection: Any, now: float, latest: float) -> bool:
    """Tell whether the time has come for files of the trash."""
    return bool(connection.execute(f"SELECT 1 FROM trash WHERE {_IS_DUE}", (now, latest)).get)


def due_trash(connection: Any, now: float, latest: float) -> list[tuple[str, int]]:
    """Give segment and group of the files whose time has come; none that a segment is made of."""
    rows: list[tuple[str, int]] = connection.execute(
        f"SELECT segment_id, group_id FROM trash WHERE {_IS_DUE}"
        " AND segment_id NOT IN (SELECT id FROM segments)",
        (now, latest),
    ).fetchall()
    return rows


def has(connection: Any, segment_id: str) -> bool:
    """Tell whether there is such a segment."""
    return bool(connection.execute("SELECT 1 FROM segments WHERE id = ?", (segment_id,)).get)


def forget_trash(connection: Any, names: list[str]) -> None:
    """Forget files that have been removed."""
    for name in names:
        connection.execute("DELETE FROM trash WHERE segment_id = ?", (name,))
