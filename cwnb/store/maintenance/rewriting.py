"""Compaction and sweep: segments are rewritten into one, or removed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cwnb.store.catalog import batches, groups, removed, segments
from cwnb.store.claims import GRACE_S, Work, claim, clean
from cwnb.store.maintenance import compaction
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.positions import Runs
from cwnb.store.segments.facts import MAX_ROWS
from cwnb.store.segments.writer import SegmentWriter, WorkLost

if TYPE_CHECKING:
    from cwnb.store.catalog.groups import GroupRow
    from cwnb.store.context import StoreContext
    from cwnb.store.segments.facts import SegmentFacts

# A sweep rewrites a segment when more than this share of it has expired.
_EXPIRED_SHARE = 0.5


def compact(
    context: StoreContext,
    group_id: int,
    *,
    least: int = 2,
    most_rows: int | None = MAX_ROWS,
    renew: bool = True,
) -> int:
    """Merge small segments of a group and renew outdated ones; give how many were replaced.

    `least`: how many neighbours make it worth while. `most_rows`: larger ones are left alone; None:
    only neighbours of about one size are merged. `renew`: whether outdated ones are renewed.
    """
    replaced = 0
    while True:
        clean(context)
        with context.catalog.write() as connection:
            group = groups.with_id(connection, group_id)
            if group is None:
                return replaced
            cutoff = cutoff_ms(group.retention_days, context.clock.now_ms())
            free = segments.unclaimed(connection, group_id, context.identity)
            chosen = compaction.choose(free, cutoff, least, most_rows, renew=renew)
            if not chosen:
                return replaced
            work = claim(context, connection, group_id, "compact")
            work.claim_segments(connection, [facts.id for facts in chosen])
        if not _rewrite(context, work, chosen, group, cutoff):
            return replaced
        replaced += len(chosen)


def sweep(context: StoreContext, group_id: int) -> int:
    """Remove what has expired in a group; give how many segments and batches went."""
    clean(context)
    with context.catalog.write() as connection:
        group = groups.with_id(connection, group_id)
        if group is None or group.retention_days is None:
            return 0
        cutoff = cutoff_ms(group.retention_days, context.clock.now_ms())
        remove_at = time.time() + GRACE_S
        gone = segments.discard_expired(connection, group_id, cutoff, remove_at, context.identity)
        gone += batches.delete_expired(connection, group_id, cutoff)
    while True:
        with context.catalog.write() as connection:
            mostly = [
                facts
                for facts in segments.unclaimed(connection, group_id, context.identity)
                if compaction.expired_share(facts, cutoff) > _EXPIRED_SHARE
            ][:1]
            if not mostly:
                return gone
            work = claim(context, connection, group_id, "sweep")
            work.claim_segments(connection, [facts.id for facts in mostly])
        if not _rewrite(context, work, mostly, group, cutoff):
            return gone
        gone += 1


def _rewrite(
    context: StoreContext, work: Work, chosen: list[SegmentFacts], group: GroupRow, cutoff: int
) -> bool:
    """Write the living events of segments into one new segment; tell whether it was published."""
    writer = None
    try:
        name, processing = work.new_segment(), chosen[0].processing
        writer = SegmentWriter(context, group.note, name, processing)
        for facts in chosen:
            for block in compaction.blocks(context, facts, group.name, cutoff):
                writer.add(block)
                work.renew()
        with context.catalog.read() as connection:
            before = Runs.joined([segments.runs_of(connection, facts.id) for facts in chosen])
        replaced = tuple(facts.id for facts in chosen)
        made = writer.finish(before, replaced) if writer.rows else None
        if made is None:
            writer.close()
            writer.remove()
        with context.catalog.write() as connection:
            work.end(connection)
            if made is not None:
                segments.insert(connection, made, before.that_hold(writer.spans))
            removed.add(connection, work.group_id, before.without(writer.spans))
    except BaseException as error:
        work.failed(writer)
        if isinstance(error, WorkLost):
            return False
        raise
    return True
