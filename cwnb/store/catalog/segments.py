"""The tables of segments, and of the files of those that were replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb.store.cache import Cache
from cwnb.store.catalog import counters, removed
from cwnb.store.catalog.row_seals import miscounted
from cwnb.store.positions import Runs
from cwnb.store.segments.facts import SegmentFacts, unpacked

if TYPE_CHECKING:
    from collections.abc import Hashable

    from cwnb.store.catalog.row_seals import RowSeals

_SELECT = (
    "SELECT id, group_id, first_ms, last_ms, rows, message_bytes, file_bytes, discovery,"
    " wrapped_key, facts, ranges, first_commit, last_commit, seal FROM segments"
)
# A time that is later than any given now was given before the clock was set back.
_IS_DUE = "remove_at NOT BETWEEN ?1 AND ?2"
_facts: Cache[tuple[SegmentFacts, tuple[Any, ...]]] = Cache(20_000)


def of_group(connection: Any, group_id: int) -> list[tuple[Any, ...]]:
    """Give the rows of a group's segments, oldest first; `facts_of` reads one.

    They are not read here, because a long transaction holds back the log of the catalog.
    """
    rows: list[tuple[Any, ...]] = connection.execute(
        f"{_SELECT} WHERE group_id = ? ORDER BY first_ms, id", (group_id,)
    ).fetchall()
    counters.check(connection, group_id, "segments", len(rows))
    return rows


def unclaimed(connection: Any, group_id: int, store: Hashable) -> list[SegmentFacts]:
    """Give the segments of a group that no work has claimed, oldest first; see `facts_of`."""
    rows = connection.execute(
        f"{_SELECT} WHERE group_id = ? AND id NOT IN (SELECT segment_id FROM pending_inputs)"
        " ORDER BY first_ms, id",
        (group_id,),
    ).fetchall()
    return facts_of(rows, store, connection.seals)


def facts_of(rows: list[tuple[Any, ...]], store: Hashable, seals: RowSeals) -> list[SegmentFacts]:
    """Read rows that `of_group` gave; raise StoreDamaged where one is not what was written there.

    The facts of a segment never change, so a row is read and checked once; the columns by which
    statements choose are compared each time. `store`: what tells the store from its copies, which
    have segments of the same ids.
    """
    found = []
    row_key = None
    for row in rows:
        key, chosen_by = (store, row[-1]), row[:7] + row[11:13]
        known = _facts.get(key)
        if known is None or known[1] != chosen_by:
            row_key = seals.key() if row_key is None else row_key
            known = _read(row, seals, row_key), chosen_by
            _facts.put(key, known)
        found.append(known[0])
    return found


def _read(row: tuple[Any, ...], seals: RowSeals, row_key: bytes) -> SegmentFacts:
    seals.check("segments", _values(row), row[-1], *_blobs(row), key=row_key)
    names = ("id", "group_id", "first_ms", "last_ms", "rows", "message_bytes", "file_bytes")
    columns = dict(zip((*names, "discovery", "wrapped_key"), row[:9], strict=True))
    return SegmentFacts(**columns, **unpacked(row[9]), ranges=row[10])


def insert(connection: Any, facts: SegmentFacts, runs: Runs) -> None:
    """Publish a segment, whose events have the commits of the runs."""
    row = (
        *(facts.id, facts.group_id, facts.first_ms, facts.last_ms, facts.rows),
        *(facts.message_bytes, facts.file_bytes, facts.discovery, facts.wrapped_key),
        *(facts.packed(), facts.ranges),
        *((int(runs.commit.min()), int(runs.commit.max())) if len(runs) else (0, 0)),
    )
    seal = connection.seal("segments", _values(row), *_blobs(row))
    connection.execute(
        "INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, seal)
    )
    counters.count(connection, facts.group_id, "segments", 1)
    if len(runs):
        packed = runs.pack()
        connection.execute(
            "INSERT INTO segment_runs VALUES (?, ?, ?)",
            (facts.id, packed, connection.seal("segment_runs", (facts.id,), packed)),
        )


def with_id(connection: Any, segment_id: str, store: Hashable) -> SegmentFacts:
    """Give the segment of this id, which is there; see `facts_of`."""
    row = connection.execute(f"{_SELECT} WHERE id = ?", (segment_id,)).fetchone()
    if row is None:
        raise miscounted("segments", 0, 1)
    return facts_of([row], store, connection.seals)[0]


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
    # Asked first, so that a repair takes no runs over from a catalog whose segments are damaged.
    last_commit = connection.execute(
        "SELECT last_commit FROM segments WHERE id = ?", (segment_id,)
    ).get
    row = connection.execute(
        "SELECT runs, seal FROM segment_runs WHERE segment_id = ?", (segment_id,)
    ).fetchone()
    if row is None:
        if last_commit:
            raise miscounted("segment_runs", 0, 1)
        return Runs.none()
    packed, seal = row
    connection.check("segment_runs", (segment_id,), seal, packed)
    return Runs.unpack(packed, segment_id)


def discard(connection: Any, group_id: int, names: list[str], remove_at: float) -> None:
    """Take segments out of the catalog; their files stay until `remove_at`."""
    for name in names:
        connection.execute("DELETE FROM segments WHERE id = ?", (name,))
        connection.execute("DELETE FROM segment_runs WHERE segment_id = ?", (name,))
        connection.execute(
            "INSERT OR REPLACE INTO trash VALUES (?, ?, ?)", (name, group_id, remove_at)
        )
    counters.count(connection, group_id, "segments", -len(names))


def discard_all(connection: Any, group_id: int, remove_at: float) -> None:
    """Take all segments of a group out of the catalog."""
    rows = connection.execute("SELECT id FROM segments WHERE group_id = ?", (group_id,)).fetchall()
    discard(connection, group_id, [name for (name,) in rows], remove_at)


def discard_expired(
    connection: Any, group_id: int, cutoff_ms: int, remove_at: float, store: Hashable
) -> int:
    """Take the segments out of the catalog of which all events have expired; give their number.

    Work that has claimed one of them will find that it is lost. A damaged row removes nothing.
    """
    rows = connection.execute(
        f"{_SELECT} WHERE group_id = ? AND last_ms < ?", (group_id, cutoff_ms)
    ).fetchall()
    names = [facts.id for facts in facts_of(rows, store, connection.seals)]
    if names:
        gone = Runs.joined([runs_of(connection, name) for name in names])
        removed.add(connection, group_id, gone)
    for name in names:
        connection.execute("DELETE FROM pending_inputs WHERE segment_id = ?", (name,))
    discard(connection, group_id, names, remove_at)
    return len(names)


def known_ids(connection: Any) -> set[str]:
    """Give the id of every segment whose files the catalog knows of.

    Raises StoreDamaged where segments are missing, whose files would then be taken for strays.
    """
    for (group_id,) in connection.execute("SELECT id FROM groups").fetchall():
        of_group(connection, group_id)
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


def seal_all(connection: Any) -> None:
    """Seal the rows of a store from before rows had seals."""
    for (name,) in connection.execute("SELECT id FROM segments").fetchall():
        row = connection.execute(f"{_SELECT} WHERE id = ?", (name,)).fetchone()
        seal = connection.seal("segments", _values(row), *_blobs(row))
        connection.execute("UPDATE segments SET seal = ? WHERE id = ?", (seal, name))
    for name, packed in connection.execute("SELECT segment_id, runs FROM segment_runs").fetchall():
        seal = connection.seal("segment_runs", (name,), packed)
        connection.execute("UPDATE segment_runs SET seal = ? WHERE segment_id = ?", (seal, name))


def _values(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give the short values of a row, which its seal covers."""
    return (*row[:8], *row[11:13])


def _blobs(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give the long values of a row, which its seal covers."""
    wrapped_key, facts, ranges = row[8:11]
    return b"" if wrapped_key is None else wrapped_key, facts, ranges
