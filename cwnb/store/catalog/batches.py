"""The table of recent batches: events that are durable and not yet in a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cwnb.store.catalog import counters, removed
from cwnb.store.catalog.row_seals import damaged, miscounted
from cwnb.store.keys.sealing import content_check
from cwnb.store.positions import Runs

if TYPE_CHECKING:
    from cwnb.store.positions import Position

_SELECT = (
    "SELECT id, group_id, first_ms, last_ms, events, message_bytes,"
    " ingestion_ms, commit_number, token, data_check, {data}, seal FROM batches"
)
# A flush takes no more batches than this at once.
_FLUSH_AT_MOST = 20_000
# The number of values of a row that are sealed: all those before the data.
_SEALED = 10


class SealedBatch(NamedTuple):
    """A batch as the catalog keeps it; `id` is the sequence number of its first event.

    The seal covers all but the data: in an encrypted store that is bound to the token, in an open
    one `data_check` is its checksum.
    """

    id: int
    group_id: int
    first_ms: int
    last_ms: int
    events: int
    message_bytes: int
    ingestion_ms: int
    commit: int
    token: str
    data_check: str
    data: bytes
    seal: bytes = b""


class BatchRange(NamedTuple):
    """Batches of a group, from the first id to the last."""

    first: int
    last: int


class BatchCommit(NamedTuple):
    """Which sequence numbers a batch has, in which commit, without its data."""

    id: int
    events: int
    message_bytes: int
    commit: int


class Waiting(NamedTuple):
    """How much a group has in batches, and since when (epoch seconds)."""

    group_id: int
    batches: int
    message_bytes: int
    oldest: float


def insert(connection: Any, batch: SealedBatch, put_at: float, retention_days: int | None) -> bool:
    """Add a batch; tell whether the group is there and its retention is still the one given.

    The caller counts it: see `Counters`.
    """
    seal = connection.seal("batches", batch[:_SEALED])
    connection.execute(
        "INSERT INTO batches SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM groups"
        " WHERE id = ? AND retention_days IS ?",
        (
            *(batch.id, batch.first_ms, batch.last_ms, batch.events, batch.message_bytes),
            *(batch.ingestion_ms, put_at, batch.commit, batch.token, batch.data_check, seal),
            *(batch.data, batch.group_id, retention_days),
        ),
    )
    return bool(connection.changes())


def of_group(connection: Any, group_id: int, *, with_data: bool = True) -> list[SealedBatch]:
    """Give the batches of a group in order; without their data where that is not asked for."""
    select = _SELECT.format(data="data" if with_data else "x''")
    rows = connection.execute(f"{select} WHERE group_id = ? ORDER BY id", (group_id,)).fetchall()
    return _checked(connection, rows)


def in_range(connection: Any, group_id: int, ids: BatchRange) -> list[SealedBatch]:
    """Give the batches of a group in a range of ids, in order."""
    rows = connection.execute(
        f"{_SELECT.format(data='data')} WHERE group_id = ? AND id BETWEEN ? AND ? ORDER BY id",
        (group_id, *ids),
    ).fetchall()
    return _checked(connection, rows)


def with_id(connection: Any, batch_id: int) -> SealedBatch:
    """Give the batch of this id, which is there."""
    rows = connection.execute(f"{_SELECT.format(data='data')} WHERE id = ?", (batch_id,)).fetchall()
    if not rows:
        raise miscounted("batches", 0, 1)
    return _checked(connection, rows)[0]


def some(connection: Any) -> list[SealedBatch]:
    """Give a few batches, of any group."""
    rows = connection.execute(f"{_SELECT.format(data='data')} LIMIT 9")
    return list(map(SealedBatch._make, rows.fetchall()))


def after(connection: Any, group_id: int, position: Position, at_most: int) -> list[BatchCommit]:
    """Give the oldest batches of a group that have events after a position, in order.

    `at_most`: the number of batches.
    """
    rows = connection.execute(
        "SELECT id, events, message_bytes, commit_number FROM batches"
        " WHERE group_id = ?1 AND commit_number > 0"
        " AND (commit_number > ?2 OR (commit_number = ?2 AND id + events > ?3))"
        " ORDER BY id LIMIT ?4",
        (group_id, position.commit, position.sequence + 1, at_most),
    )
    return [BatchCommit(*row) for row in rows]


def oldest_range(
    connection: Any, group_id: int, max_events: int, max_bytes: int
) -> BatchRange | None:
    """Give the oldest batches of a group that make at most one segment, or None."""
    first = last = None
    events = size = 0
    for number, count, length in connection.execute(
        "SELECT id, events, message_bytes FROM batches WHERE group_id = ? ORDER BY id LIMIT ?",
        (group_id, _FLUSH_AT_MOST),
    ):
        events, size = events + count, size + length
        if first is not None and (events > max_events or size > max_bytes):
            break
        first = number if first is None else first
        last = number
    return None if first is None or last is None else BatchRange(first, last)


def delete_range(connection: Any, group_id: int, ids: BatchRange, count: int) -> None:
    """Remove the batches of a range, which a segment has replaced; `count` is their number."""
    connection.execute(
        "DELETE FROM batches WHERE group_id = ? AND id BETWEEN ? AND ?", (group_id, *ids)
    )
    if connection.changes() != count:
        raise miscounted("batches", connection.changes(), count)
    counters.count_batches(connection, -count)


def delete_expired(connection: Any, group_id: int, cutoff_ms: int) -> int:
    """Remove batches of which all events have expired, and that no flush has claimed.

    A damaged row removes nothing.
    """
    select = _SELECT.format(data="x''")
    rows = connection.execute(
        f"{select} WHERE group_id = ?1 AND last_ms < ?2 AND NOT EXISTS"
        " (SELECT 1 FROM pending WHERE kind = 'flush' AND group_id = ?1"
        " AND batches.id BETWEEN first_batch AND last_batch)",
        (group_id, cutoff_ms),
    ).fetchall()
    gone = _checked(connection, rows)
    for batch in gone:
        connection.execute("DELETE FROM batches WHERE id = ?", (batch.id,))
    ends = [batch.id + batch.events - 1 for batch in gone]
    runs = Runs.of([batch.id for batch in gone], ends, [batch.commit for batch in gone])
    removed.add(connection, group_id, runs)
    counters.count_batches(connection, -len(rows))
    return len(rows)


def delete_all(connection: Any, group_id: int) -> None:
    """Remove the batches of a group."""
    connection.execute("DELETE FROM batches WHERE group_id = ?", (group_id,))
    counters.count_batches(connection, -connection.changes())


def waiting(connection: Any, group_id: int) -> Waiting:
    """Give how much a group has in batches."""
    count, size, oldest = connection.execute(
        "SELECT count(*), ifnull(sum(message_bytes), 0), ifnull(min(put_at), 0) FROM batches"
        " WHERE group_id = ?",
        (group_id,),
    ).fetchone()
    return Waiting(group_id, count, size, oldest)


def waiting_everywhere(connection: Any) -> list[Waiting]:
    """Give how much each group has in batches, those that have none included."""
    rows = connection.execute(
        "SELECT groups.id, count(batches.id), ifnull(sum(message_bytes), 0),"
        " ifnull(min(put_at), 0) FROM groups LEFT JOIN batches ON group_id = groups.id"
        " GROUP BY groups.id"
    )
    return [Waiting(*row) for row in rows]


def check_all(connection: Any) -> None:
    """Raise StoreDamaged where a batch is not the one that was put, or some are missing."""
    rows = connection.execute(_SELECT.format(data="x''")).fetchall()
    counters.check_batches(connection, len(rows))
    _checked(connection, rows)


def seal_all(connection: Any) -> None:
    """Seal the rows of a store from before rows had seals."""
    for (number,) in connection.execute("SELECT id FROM batches").fetchall():
        row = connection.execute(
            f"{_SELECT.format(data='data')} WHERE id = ?", (number,)
        ).fetchone()
        batch = SealedBatch(*row)
        if not connection.encrypted:
            batch = batch._replace(data_check=content_check(batch.data))
        connection.execute(
            "UPDATE batches SET data_check = ?, seal = ? WHERE id = ?",
            (batch.data_check, connection.seal("batches", batch[:_SEALED]), number),
        )


def _checked(connection: Any, rows: list[tuple[Any, ...]]) -> list[SealedBatch]:
    for row in rows:
        connection.check("batches", row[:_SEALED], row[-1])
        if type(row[_SEALED]) is not bytes:  # the data, whose content is checked when it is read
            raise damaged("batches")
    return list(map(SealedBatch._make, rows))
