"""The description of a log group: its events, bytes, times and settings."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cwnb.errors import StoreDamaged
from cwnb.events import ALL_TIME, TIMESTAMP
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.records import GroupInfo
from cwnb.store.segments.reader import SegmentTask

if TYPE_CHECKING:
    from cwnb.store.context import StoreContext
    from cwnb.store.snapshot import GroupState, Snapshot


def group_info(snapshot: Snapshot, group: GroupState, context: StoreContext) -> GroupInfo:
    """Tell about a group; of what has partly expired, the living events are counted."""
    cutoff = cutoff_ms(group.row.retention_days, snapshot.now_ms)
    window = replace(ALL_TIME, start_ms=cutoff)
    living = _Living()
    for segment in group.segments:
        for number, part in enumerate(segment.row_groups):
            if part.first_ms >= cutoff:
                living.add(part.rows, part.message_bytes, part.first_ms, part.last_ms)
            elif part.last_ms >= cutoff:
                task: Any = SegmentTask(context, group.name, group.log, segment, number, window)
                living.add_part(task, part.rows, part.message_bytes, cutoff, part.last_ms)
    for batch in group.batches:
        if batch.first_ms >= cutoff:
            living.add(batch.events, batch.message_bytes, batch.first_ms, batch.last_ms)
        elif batch.last_ms >= cutoff:
            task = snapshot.recent(replace(group, batches=(batch,)), window)
            living.add_part(task, batch.events, batch.message_bytes, cutoff, batch.last_ms)
    return GroupInfo(
        id=group.id,
        name=group.name,
        created_ms=group.row.created_ms,
        retention_days=group.row.retention_days,
        log_type=group.row.processing.log_type,
        log_class=group.row.log_class,
        tags=dict(group.row.tags),
        events=living.events,
        stored_bytes=living.message_bytes,
        first_ms=living.first_ms,
        last_ms=living.last_ms,
        segments=len(group.segments),
        recent_batches=len(group.batches),
    )


@dataclass
class _Living:
    """What has been counted of the events that have not expired."""

    events: int = 0
    message_bytes: int = 0
    first_ms: int | None = None
    last_ms: int | None = None

    def add(self, events: int, message_bytes: int, first_ms: int, last_ms: int) -> None:
        """Count events of these times."""
        if events:
            self.events += events
            self.message_bytes += message_bytes
            self.first_ms = first_ms if self.first_ms is None else min(self.first_ms, first_ms)
            self.last_ms = last_ms if self.last_ms is None else max(self.last_ms, last_ms)

    def add_part(
        self, task: Any, events: int, message_bytes: int, cutoff: int, last_ms: int
    ) -> None:
        """Count the events of a task of which some have expired.

        `events` and `message_bytes` are those of the whole task, the expired ones included.
        """
        first_ms, living = cutoff, events
        with suppress(StoreDamaged):  # the group's other facts can still be told
            reader = task.open()
            living = reader.rows
            if living:
                first_ms = reader.columns([TIMESTAMP])[TIMESTAMP][0].cast("int64").as_py()
        self.add(living, message_bytes * living // events, first_ms, last_ms)
