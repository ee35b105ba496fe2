"""Log groups in the catalog, and what can be told of one."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from cwnb.errors import StoreDamaged
from cwnb.events import ALL_TIME, DEFAULT_ACCOUNT, DEFAULT_REGION
from cwnb.store.claims import GRACE_S, discard_segments
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.names import unknown_group
from cwnb.store.records import GroupInfo
from cwnb.store.segments.reader import SegmentTask

if TYPE_CHECKING:
    from cwnb.store.segments.files import StoreRef
    from cwnb.store.snapshot import GroupState, Snapshot


class GroupKey(NamedTuple):
    """A group's row, as far as reading and writing need it."""

    id: int
    retention_days: int | None
    log_type: str | None
    created_ms: int


def group_names(connection: Any) -> list[str]:
    """Name all groups, in order."""
    rows = connection.execute(
        "SELECT name FROM groups WHERE account = ? AND region = ? ORDER BY name",
        (DEFAULT_ACCOUNT, DEFAULT_REGION),
    )
    return [name for (name,) in rows]


def find_group(connection: Any, name: str) -> GroupKey | None:
    """Give the group of this name, or None."""
    row = connection.execute(
        "SELECT id, retention_days, log_type, created_ms FROM groups"
        " WHERE account = ? AND region = ? AND name = ?",
        (DEFAULT_ACCOUNT, DEFAULT_REGION, name),
    ).fetchone()
    return None if row is None else GroupKey(*row)


def known_group(connection: Any, name: str) -> GroupKey:
    """Give the group of this name; raise ResourceNotFound with the nearest name."""
    found = find_group(connection, name)
    if found is None:
        raise unknown_group(name, group_names(connection))
    return found


def insert_group(
    connection: Any,
    name: str,
    now_ms: int,
    retention_days: int | None = None,
    log_type: str | None = None,
) -> GroupKey:
    """Make a group; AWS's own name for Lambda's groups says what their lines are."""
    if log_type is None and name.startswith("/aws/lambda/"):
        log_type = "lambda"
    connection.execute(
        "INSERT INTO groups (account, region, name, created_ms, retention_days, log_type)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (DEFAULT_ACCOUNT, DEFAULT_REGION, name, now_ms, retention_days, log_type),
    )
    return GroupKey(connection.last_insert_rowid(), retention_days, log_type, now_ms)


def remove_group(connection: Any, group_id: int) -> None:
    """Take a group out of the catalog; its files stay for an hour, for queries that run."""
    later = time.time() + GRACE_S
    names = connection.execute("SELECT id FROM segments WHERE group_id = ?", (group_id,)).fetchall()
    discard_segments(connection, group_id, [name for (name,) in names], later)
    connection.execute(
        "INSERT OR REPLACE INTO trash SELECT segment_id, group_id, ? FROM pending_outputs"
        " WHERE group_id = ?",
        (later, group_id),
    )
    claims = "(SELECT id FROM pending WHERE group_id = ?)"
    for table in ("pending_inputs", "pending_outputs"):
        connection.execute(f"DELETE FROM {table} WHERE pending_id IN {claims}", (group_id,))
    for table in ("pending", "batches", "streams", "loads"):
        connection.execute(f"DELETE FROM {table} WHERE group_id = ?", (group_id,))
    connection.execute("DELETE FROM groups WHERE id = ?", (group_id,))


def group_info(snapshot: Snapshot, group: GroupState, store: StoreRef) -> GroupInfo:
    """Tell about a group; of a row group that has partly expired, the living events count."""
    cutoff = cutoff_ms(group.retention_days, snapshot.now_ms)
    events = size = 0
    times: list[int] = []
    for segment in group.segments:
        for number, part in enumerate(segment.row_groups):
            if part.last_ms < cutoff:
                continue
            rows = part.rows
            if part.first_ms < cutoff:
                window = replace(ALL_TIME, start_ms=cutoff)
                task = SegmentTask(store, group.name, group.log, segment, number, window)
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
        created_ms=group.created_ms,
        retention_days=group.retention_days,
        log_type=group.log_type,
        events=events,
        stored_bytes=size,
        first_ms=min(times, default=None),
        last_ms=max(times, default=None),
        segments=len(group.segments),
        recent_batches=len(group.batches),
    )
