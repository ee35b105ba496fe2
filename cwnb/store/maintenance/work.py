"""Flush, compaction and sweep: each claims its work before it does it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import apsw

from cwnb.store.claims import GRACE_S, Batches, Work, claim, clean, discard_segments
from cwnb.store.ingest.recent import SELECT_BATCH, SealedBatch, block_of
from cwnb.store.maintenance import compaction
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.segments import facts as segments
from cwnb.store.segments.facts import INSERT_SEGMENT, MAX_MESSAGE_BYTES, MAX_ROWS, SegmentFacts
from cwnb.store.segments.writer import SegmentWriter, WorkLost

if TYPE_CHECKING:
    from cwnb.store.store import Store


def flush(store: Store, group_id: int) -> int:
    """Turn a run of a group's recent batches into a segment; give how many there were."""
    clean(store)
    try:
        with store.catalog.write() as connection:
            run = _run_of_batches(connection, group_id)
            if run is None:
                return 0
            work = claim(store, connection, group_id, "flush", run)
    except apsw.ConstraintError:
        return 0  # another process does it
    writer = None
    try:
        name, log_type, sealed = _sealed_batches(store, group_id, run)
        writer = SegmentWriter(store.home, group_id, work.new_segment(), log_type)
        writer.add(block_of(sealed, store.ref.sealer(), name, log_type))
        facts = writer.finish()
        with store.catalog.write() as connection:
            work.settle(connection)
            connection.execute(INSERT_SEGMENT, facts.catalog_row())
            connection.execute(
                "DELETE FROM batches WHERE group_id = ? AND id BETWEEN ? AND ?",
                (group_id, run.first, run.last),
            )
    except BaseException as error:
        work.failed(writer, error)
        if isinstance(error, WorkLost):
            return 0
        raise
    return len(sealed)


def compact(store: Store, group_id: int, *, least: int = 2) -> int:
    """Merge small segments of a group and renew outdated ones; give how many were replaced.

    `least`: how many neighbours of about one size make it worth while.
    """
    replaced = 0
    while True:
        clean(store)
        with store.catalog.write() as connection:
            group = group_row(connection, group_id)
            if group is None:
                return replaced
            cutoff = cutoff_ms(group[1], store.clock.now_ms())
            free = _free_segments(connection, group_id)
            chosen = compaction.choose(free, cutoff, least)
            if not chosen:
                return replaced
            work = claim(store, connection, group_id, "compact")
            work.claim_segments(connection, [facts.id for facts in chosen])
        if not _rewrite(store, work, chosen, group[0], cutoff):
            return replaced
        replaced += len(chosen)


def sweep(store: Store, group_id: int) -> int:
    """Remove what has expired in a group; give how many segments and batches went."""
    clean(store)
    with store.catalog.write() as connection:
        group = group_row(connection, group_id)
        if group is None or group[1] is None:
            return 0
        cutoff = cutoff_ms(group[1], store.clock.now_ms())
        expired = [
            name
            for (name,) in connection.execute(
                "SELECT id FROM segments WHERE group_id = ? AND last_ms < ?", (group_id, cutoff)
            )
        ]
        for name in expired:
            connection.execute("DELETE FROM pending_inputs WHERE segment_id = ?", (name,))
        discard_segments(connection, group_id, expired, time.time() + GRACE_S)
        connection.execute(
            "DELETE FROM batches WHERE group_id = ?1 AND last_ms < ?2 AND NOT EXISTS"
            " (SELECT 1 FROM pending WHERE kind = 'flush' AND group_id = ?1"
            " AND batches.id BETWEEN first_batch AND last_batch)",
            (group_id, cutoff),
        )
        gone: int = len(expired) + connection.changes()
    while True:
        with store.catalog.write() as connection:
            mostly = [
                facts
                for facts in _free_segments(connection, group_id)
                if compaction.expired_share(facts, cutoff) > 0.5
            ][:1]
            if not mostly:
                return gone
            work = claim(store, connection, group_id, "sweep")
            work.claim_segments(connection, [facts.id for facts in mostly])
        if not _rewrite(store, work, mostly, group[0], cutoff):
            return gone
        gone += 1


def group_row(connection: Any, group_id: int) -> tuple[str, int | None, str | None] | None:
    """Give name, retention and log type of a group, or None if it has been deleted."""
    row: tuple[str, int | None, str | None] | None = connection.execute(
        "SELECT name, retention_days, log_type FROM groups WHERE id = ?", (group_id,)
    ).fetchone()
    return row


def _run_of_batches(connection: Any, group_id: int) -> Batches | None:
    """Give the oldest run of batches that makes at most one segment."""
    first = last = None
    events = size = 0
    for number, count, length in connection.execute(
        "SELECT id, events, message_bytes FROM batches WHERE group_id = ? ORDER BY id LIMIT 20000",
        (group_id,),
    ):
        events, size = events + count, size + length
        if first is not None and (events > MAX_ROWS or size > MAX_MESSAGE_BYTES):
            break
        first = number if first is None else first
        last = number
    return None if first is None or last is None else Batches(first, last)


def _sealed_batches(
    store: Store, group_id: int, run: Batches
) -> tuple[str, str | None, list[SealedBatch]]:
    with store.catalog.read() as connection:
        group = group_row(connection, group_id)
        rows = connection.execute(
            f"{SELECT_BATCH} WHERE group_id = ? AND id BETWEEN ? AND ? ORDER BY id",
            (group_id, run.first, run.last),
        ).fetchall()
    if group is None or not rows:
        raise WorkLost("the group has been deleted")
    return group[0], group[2], [SealedBatch(*row) for row in rows]


def _free_segments(connection: Any, group_id: int) -> list[SegmentFacts]:
    rows = connection.execute(
        f"{segments.SELECT_SEGMENT} WHERE group_id = ? AND id NOT IN"
        " (SELECT segment_id FROM pending_inputs) ORDER BY first_ms, id",
        (group_id,),
    ).fetchall()
    return [segments.facts_of(row) for row in rows]


def _rewrite(
    store: Store,
    work: Work,
    chosen: list[SegmentFacts],
    name: str,
    cutoff: int,
) -> bool:
    writer = None
    try:
        writer = SegmentWriter(store.home, work.group_id, work.new_segment(), chosen[0].log_type)
        for facts in chosen:
            for block in compaction.blocks(store.ref, facts, name, cutoff):
                writer.add(block)
                work.renew()
        made = writer.finish() if writer.rows else None
        if made is None:
            writer.close()
            writer.remove()
        with store.catalog.write() as connection:
            work.settle(connection)
            if made is not None:
                connection.execute(INSERT_SEGMENT, made.catalog_row())
    except BaseException as error:
        work.failed(writer, error)
        if isinstance(error, WorkLost):
            return False
        raise
    return True
