"""Count the events that expired before a reader came to them, stored still or removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import SnapshotExpired
from cwnb.events import ALL_TIME, DEFAULT_ACCOUNT, SEQUENCE, TIMESTAMP
from cwnb.store.catalog import batches, counters, groups, removed, segments
from cwnb.store.ingest.recent import events_of
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.segments.reader import SegmentTask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.store.catalog.groups import GroupRow
    from cwnb.store.context import StoreContext
    from cwnb.store.positions import Position
    from cwnb.store.segments.facts import SegmentFacts

# A segment may be replaced while it is read. Tries in all.
_TRIES = 3


def expired_between(context: StoreContext, group_id: int, after: Position, until: Position) -> int:
    """Give how many events of a group with these positions have expired; `until` is one of them.

    None of a group that was deleted.
    """
    for attempt in range(_TRIES):
        try:
            return _counted(context, group_id, after, until)
        except SnapshotExpired:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError


def _counted(context: StoreContext, group_id: int, after: Position, until: Position) -> int:
    with context.catalog.read() as connection:
        group = groups.with_id(connection, group_id)
        if group is None:
            return 0
        context.set_fixed_now(counters.fixed_now_ms(connection))
        cutoff = cutoff_ms(group.retention_days, context.clock.now_ms())
        found = removed.between(connection, group_id, after, until)
        old = [batch for batch in batches.of_group(connection, group_id) if batch.first_ms < cutoff]
        rows = segments.of_group(connection, group_id)
        facts = segments.facts_of(rows, context.identity, context.seals)
        parts = [
            (each, segments.runs_of(connection, each.id))
            for each in facts
            if each.first_ms < cutoff
        ]
    if old:
        events = events_of(old, context.sealer(), group.name)
        commits = np.repeat([batch.commit for batch in old], [batch.events for batch in old])
        gone = _are_between(events.sequence, commits, after, until)
        found += int(np.count_nonzero(gone & (events.time_ms < cutoff)))
    for each, runs in parts:
        for sequence, times in _row_groups(context, group, each, cutoff):
            gone = _are_between(sequence, runs.commits_of(sequence), after, until)
            found += int(np.count_nonzero(gone & (times < cutoff)))
    return found


def _row_groups(
    context: StoreContext, group: GroupRow, facts: SegmentFacts, cutoff: int
) -> Iterator[tuple[Any, Any]]:
    """Give sequence numbers and times of the row groups that have expired events."""
    log = f"{DEFAULT_ACCOUNT}:{group.name}"
    for number, part in enumerate(facts.row_groups):
        if part.first_ms < cutoff:
            reader = SegmentTask(context, group.name, log, facts, number, ALL_TIME).open()
            columns = reader.columns([SEQUENCE, TIMESTAMP])
            times = columns[TIMESTAMP].cast(pa.int64()).to_numpy()
            yield np.asarray(columns[SEQUENCE]), times


def _are_between(sequence: Any, commits: Any, after: Position, until: Position) -> Any:
    later = (commits > after.commit) | ((commits == after.commit) & (sequence > after.sequence))
    known = (commits < until.commit) | ((commits == until.commit) & (sequence <= until.sequence))
    return (commits > 0) & later & known
