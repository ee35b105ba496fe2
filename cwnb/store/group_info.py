"""The description of a log group: its events, bytes, times and settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cwnb.errors import StoreDamaged
from cwnb.events import ALL_TIME
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.records import GroupInfo
from cwnb.store.segments.reader import SegmentTask

if TYPE_CHECKING:
    from cwnb.store.context import StoreContext
    from cwnb.store.snapshot import GroupState, Snapshot


def group_info(snapshot: Snapshot, group: GroupState, context: StoreContext) -> GroupInfo:
    """Tell about a group; of a row group that has partly expired, the living events count."""
    cutoff = cutoff_ms(group.row.retention_days, snapshot.now_ms)
    events = size = 0
    times: list[int] = []
    for segment in group.segments:
        for number, part in enumerate(segment.row_groups):
            if part.last_ms < cutoff:
                continue
            rows = part.rows
            if part.first_ms < cutoff:
                window = replace(ALL_TIME, start_ms=cutoff)
                task = SegmentTask(context, group.name, group.log, segment, number, window)
                try:
                    rows = task.open().rows
                except StoreDamaged:
                    rows = part.rows  # the group's other facts are still true
            events, size = events + rows, size + part.message_bytes * rows // part.rows
            times += [max(part.first_ms, cutoff), part.last_ms]
    for batch in group.batches:
        if batch.last_ms >= cutoff:
            events, size = events + batch.events, size + batch.message_bytes
            times += [max(batch.first_ms, cutoff), batch.last_ms]
    return GroupInfo(
        id=group.id,
        name=group.name,
        created_ms=group.row.created_ms,
        retention_days=group.row.retention_days,
        log_type=group.row.processing.log_type,
        events=events,
        stored_bytes=size,
        first_ms=min(times, default=None),
        last_ms=max(times, default=None),
        segments=len(group.segments),
        recent_batches=len(group.batches),
    )
