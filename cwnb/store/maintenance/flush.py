"""Flush: recent batches become a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cwnb.store.catalog import batches, claims, groups, segments
from cwnb.store.claims import claim, clean
from cwnb.store.ingest.recent import block_of
from cwnb.store.positions import Runs
from cwnb.store.segments.facts import MAX_MESSAGE_BYTES, MAX_ROWS
from cwnb.store.segments.writer import SegmentWriter, WorkLost

if TYPE_CHECKING:
    from cwnb.store.catalog.batches import BatchRange, SealedBatch
    from cwnb.store.catalog.groups import GroupRow
    from cwnb.store.context import StoreContext


def flush(context: StoreContext, group_id: int) -> int:
    """Turn the oldest recent batches of a group into a segment; give how many there were."""
    clean(context)
    with context.catalog.write() as connection:
        if claims.is_flushing(connection, group_id):
            return 0  # another process does it
        chosen = batches.oldest_range(connection, group_id, MAX_ROWS, MAX_MESSAGE_BYTES)
        if chosen is None:
            return 0
        work = claim(context, connection, group_id, "flush", chosen)
    writer = None
    try:
        group, sealed = _sealed_batches(context, group_id, chosen)
        writer = SegmentWriter(context, group.note, work.new_segment(), group.processing)
        writer.add(block_of(sealed, context.sealer(), group.name, group.processing))
        runs = _runs(sealed)
        facts = writer.finish(runs)
        with context.catalog.write() as connection:
            work.end(connection)
            segments.insert(connection, facts, runs)
            batches.delete_range(connection, group_id, chosen, len(sealed))
    except BaseException as error:
        work.failed(writer)
        if isinstance(error, WorkLost):
            return 0
        raise
    return len(sealed)


def _runs(sealed: list[SealedBatch]) -> Runs:
    first = np.array([batch.id for batch in sealed])
    events = np.array([batch.events for batch in sealed])
    return Runs.of(first, first + events - 1, [batch.commit for batch in sealed])


def _sealed_batches(
    context: StoreContext, group_id: int, chosen: BatchRange
) -> tuple[GroupRow, list[SealedBatch]]:
    with context.catalog.read() as connection:
        group = groups.with_id(connection, group_id)
        sealed = batches.in_range(connection, group_id, chosen)
    if group is None or not sealed:
        raise WorkLost("the group has been deleted")
    return group, sealed
