"""What a query sees: the segments and recent batches of some groups at one moment."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from cwnb.errors import StoreDamaged
from cwnb.events import (
    AWS_ACCOUNT,
    AWS_REGION,
    DEFAULT_ACCOUNT,
    DEFAULT_REGION,
    LOG,
    LOG_STREAM,
    MESSAGE,
    SOURCE_LOG,
    SYSTEM_FIELDS,
    Condition,
    Extent,
    Scan,
    Window,
)
from cwnb.memo import memo
from cwnb.store import lookups
from cwnb.store.catalog import batches, counters, groups, segments
from cwnb.store.ingest.recent import RecentTask, digest
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.names import match_names
from cwnb.store.segments.facts import (
    INTEGER,
    NUMBER,
    PART_ROWS,
    RowGroup,
    SegmentFacts,
    ranges_of,
)
from cwnb.store.segments.joining import joined_tasks
from cwnb.store.segments.reader import SegmentTask
from cwnb.store.selection import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from cwnb.events import GroupSelector
    from cwnb.store.catalog.batches import SealedBatch
    from cwnb.store.catalog.groups import GroupRow
    from cwnb.store.context import StoreContext


@dataclass(frozen=True)
class GroupState:
    """A group as one short transaction found it."""

    row: GroupRow
    segments: tuple[SegmentFacts, ...]
    batches: tuple[SealedBatch, ...]

    @property
    def id(self) -> int:
        """Give the group's id."""
        return self.row.id

    @property
    def name(self) -> str:
        """Give the group's name."""
        return self.row.name

    @property
    def log(self) -> str:
        """Give the value of `@log`."""
        return f"{DEFAULT_ACCOUNT}:{self.name}"

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Give the other fields that all of its events have, and their values.

        `@source.log` is the group that an event was first put into, which is always this one.
        """
        return (
            (AWS_ACCOUNT, DEFAULT_ACCOUNT),
            (AWS_REGION, DEFAULT_REGION),
            (SOURCE_LOG, self.name),
        )


# With fewer row groups than this, workers would be idle at the end, so row groups are divided.
_MIN_ROW_GROUPS = 16


class Snapshot:
    """A source of the events of some groups; writers do not change what it hands out.

    Implements `cwnb.events.Source`. Expired events are never handed out: what has expired is
    decided when the snapshot is made.
    """

    def __init__(
        self,
        context: StoreContext,
        groups: Sequence[GroupState],
        now_ms: int,
        tables: dict[str, bytes] | None = None,
    ) -> None:
        self.groups = tuple(groups)
        self._tables = tables or {}
        self.now_ms = now_ms
        self._context = context

    def of_groups(self, names: Sequence[str]) -> Snapshot:
        """Give the part of some of the groups; a trailing `*` of a name is a prefix."""
        held = {group.name: group for group in self.groups}
        wanted = match_names(names, list(held))
        return Snapshot(self._context, [held[name] for name in wanted], self.now_ms)

    def of_selectors(self, selectors: Sequence[GroupSelector]) -> Snapshot:
        """Give the part of the groups that one of the selectors means.

        Raises ResourceNotFound for a selector that no group of the snapshot meets.
        """
        rows = [group.row for group in self.groups]
        names = [name for selector in selectors for name in select(selector, rows)]
        return self.of_groups(list(dict.fromkeys(names)))

    def table(self, name: str) -> pa.Table:
        """Give a lookup table of the same moment; raises ResourceNotFound."""
        if name not in self._tables:
            known = [info.name for info in lookups.all_of(self._context)]
            raise lookups.unknown_table(name, known)
        return lookups.open_table(self._context, name, self._tables[name])

    def scan(
        self,
        columns: Sequence[str],
        window: Window,
        conditions: Sequence[Condition],
    ) -> Scan:
        """Hand out tasks, newest first, that hold every event which meets the conditions.

        A task is a row group. Where there are few and their messages are read, which is most of the
        work and can be shared out, it is a part of one; where there are many and no messages are
        read, it is all that a segment has in the window.
        """
        groups_there = sum(len(s.row_groups) for group in self.groups for s in group.segments)
        few, messages = groups_there < _MIN_ROW_GROUPS, MESSAGE in columns
        tasks: list[Any] = []
        skipped_rows = skipped_bytes = 0
        for group in self.groups:
            cutoff = cutoff_ms(group.row.retention_days, self.now_ms)
            kept = replace(window, start_ms=max(window.start_ms, cutoff))
            for segment in group.segments:
                possible = self._may_match(segment, group, conditions)
                inside = [
                    number
                    for number, part in enumerate(segment.row_groups)
                    if possible and kept.intersects(part.first_ms, part.last_ms)
                ]
                for number in set(range(len(segment.row_groups))) - set(inside):
                    skipped_rows += segment.row_groups[number].rows
                    skipped_bytes += segment.row_groups[number].message_bytes
                if not inside:
                    continue
                whole = SegmentTask(
                    *(self._context, group.name, group.log, segment, inside[0], kept),
                    of_group=group.fields,
                    keep=True,
                )
                if not few and not messages:
                    # Those in the window follow each other, for a segment is in order of time.
                    tasks.append(replace(whole, row_groups=len(inside)))
                    continue
                # Newest first also where a segment's row groups are of one millisecond, which the
                # stable sort below leaves as they come.
                for number in reversed(inside):
                    task = replace(whole, row_group=number)
                    tasks += reversed(task.parts(PART_ROWS)) if few and messages else [task]
            if (recent := self.recent(group, kept)) is not None:
                if kept.intersects(recent.first_ms, recent.last_ms):
                    recent.block(group.batches)
                    tasks.append(recent)
                else:
                    skipped_rows += recent.rows
                    skipped_bytes += recent.message_bytes
        tasks.sort(key=lambda task: (task.last_ms, task.first_ms), reverse=True)
        return Scan(
            *(tuple(tasks), skipped_rows, skipped_bytes, len(self.groups)),
            joined=partial(joined_tasks, tuple(tasks)),
        )

    def field_names(self) -> set[str]:
        """Name every discovered field, except rare ones of segments that have too many to list."""
        names: set[str] = set()
        for group in self.groups:
            for segment in group.segments:
                names.update(segment.field_names())
            if (found := self._recent_fields(group)) is not None:
                names.update(found.columns, found.rare_names())
        return names

    def has_field(self, name: str) -> bool:
        """Tell whether some event may have this field; a guess where rare fields are not known."""
        if name in SYSTEM_FIELDS:
            return True
        for group in self.groups:
            if name in dict(group.fields):
                return True
            for segment in group.segments:
                if segment.may_have(name) or segment.is_stale:
                    return True
            found = self._recent_fields(group)
            if found is not None and (name in found.columns or name in found.rare_names()):
                return True
        return False

    def has_children(self, name: str) -> bool:
        """Tell whether some event may have a field below this name, as `has_field` does."""
        if name in SYSTEM_FIELDS:
            return False
        below = f"{name}."
        for group in self.groups:
            for segment in group.segments:
                if segment.may_have_below(below) or segment.is_stale:
                    return True
            found = self._recent_fields(group)
            names = () if found is None else (*found.columns, *found.rare_names())
            if any(field.startswith(below) for field in names):
                return True
        return False

    def cut_events(self, name: str) -> int:
        """Give how many events may have lost this field because they have too many fields."""
        cut = 0
        for segment in self._with_cut_events:
            cut += min(segment.capped, segment.rows - segment.present.get(name, 0))
        for group in self.groups:
            found = self._recent_fields(group)
            if found is not None and found.capped:
                column = found.columns.get(name)
                cut += found.capped if column is None else min(found.capped, column.null_count)
        return cut

    @memo
    def _with_cut_events(self) -> list[SegmentFacts]:
        return [segment for group in self.groups for segment in group.segments if segment.capped]

    def extent(self, window: Window) -> Extent | None:
        """Give the times of all events, and how many may lie in a window, as the catalog says."""
        found: Extent | None = None
        for group in self.groups:
            cutoff = cutoff_ms(group.row.retention_days, self.now_ms)
            kept = replace(window, start_ms=max(window.start_ms, cutoff))
            parts = [part for segment in group.segments for part in segment.row_groups]
            if (recent := self.recent(group, window)) is not None:
                parts.append(
                    RowGroup(recent.rows, recent.first_ms, recent.last_ms, recent.message_bytes)
                )
            parts = [part for part in parts if part.last_ms >= cutoff]
            if parts:
                first = max(cutoff, min(part.first_ms for part in parts))
                inside = [p.rows for p in parts if kept.intersects(p.first_ms, p.last_ms)]
                extent = Extent(first, max(part.last_ms for part in parts), sum(inside))
                found = extent | found
        return found

    def recent(self, group: GroupState, window: Window) -> RecentTask | None:
        """Give the task that reads a group's recent batches, if it has any."""
        if not group.batches:
            return None
        return RecentTask(
            self._context,
            group.name,
            group.log,
            group.row.processing,
            group.id,
            tuple(batch.id for batch in group.batches),
            digest(group.batches),
            min(batch.first_ms for batch in group.batches),
            max(batch.last_ms for batch in group.batches),
            sum(batch.events for batch in group.batches),
            sum(batch.message_bytes for batch in group.batches),
            window,
            group.fields,
        )

    def _recent_fields(self, group: GroupState) -> Any:
        recent = self.recent(group, Window(0, 0))
        return None if recent is None else recent.block(group.batches).discovered

    def _may_match(
        self, segment: SegmentFacts, group: GroupState, conditions: Sequence[Condition]
    ) -> bool:
        return all(self._may_meet(segment, group, condition) for condition in conditions)

    def _may_meet(self, segment: SegmentFacts, group: GroupState, condition: Condition) -> bool:
        name = condition.field
        if name == LOG_STREAM:
            return segment.streams is None or _has_text(segment.streams, condition)
        if name == LOG:
            return _has_text((group.log,), condition)
        if (of_group := dict(group.fields).get(name)) is not None:
            return _has_text((of_group,), condition)
        if name in SYSTEM_FIELDS or segment.is_stale:
            return True
        code = segment.columns.get(name)
        if code is None:
            return segment.may_have(name)
        if code not in {INTEGER, NUMBER} or condition.ranges is None:
            return True
        known = ranges_of(segment, self._context.sealer()).get(name)
        return known is None or any(wanted.meets(*known) for wanted in condition.ranges)


def _has_text(texts: Sequence[str], condition: Condition) -> bool:
    return condition.texts is None or not condition.texts.isdisjoint(texts)


def take_snapshot(
    context: StoreContext,
    names: list[str] | None,
    *,
    selectors: Sequence[GroupSelector] = (),
    tables: Sequence[str] = (),
    with_data: bool = True,
) -> Snapshot:
    """Find groups (all where it is None), their segments and recent batches in one transaction.

    A trailing `*` of a name is a prefix. The groups that `selectors` mean are there too, and those
    of the lookup `tables` that exist. `with_data=False` leaves out the events of the batches.
    """
    context.sealer()  # raises StoreKeyMissing before anything is read
    found = []
    with context.catalog.read() as connection:
        fixed_ms = counters.fixed_now_ms(connection)
        if names is None:
            names = groups.names(connection)
        elif any(name.endswith("*") for name in names):
            names = match_names(names, groups.names(connection))
        if selectors:
            known = groups.all_of(connection)
            meant = [name for selector in selectors for name in select(selector, known)]
            names = list(dict.fromkeys([*names, *meant]))
        held_tables = {name: lookups.read(context, connection, name) for name in tables}
        for name in names:
            row = groups.known(connection, name)
            with _naming(row.name):
                held = batches.of_group(connection, row.id, with_data=with_data)
                found.append((row, segments.of_group(connection, row.id), held))
    # Rows are parsed after the transaction: an open one keeps SQLite's log from being emptied.
    context.set_fixed_now(fixed_ms)
    states = []
    for row, facts, held in found:
        with _naming(row.name):
            read = segments.facts_of(facts, context.identity, context.seals)
        states.append(GroupState(row, tuple(read), tuple(held)))
    there = {name: data for name, data in held_tables.items() if data is not None}
    return Snapshot(context, states, context.clock.now_ms(), there)


@contextmanager
def _naming(group: str) -> Iterator[None]:
    """Add the group's name to an error about damage: the rows of the catalog have only its id."""
    try:
        yield
    except StoreDamaged as error:
        raise StoreDamaged(f"log group {group!r}: {error}") from error
