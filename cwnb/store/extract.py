"""Read all events of a log group up to a position, in the order of positions: for exports.

Other than `read_after`, this gives events without a position too (loads with `deliver=False`, and
events from before stores had positions). They have commit 0 and come first, by sequence number.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import ResourceNotFound, SnapshotExpired
from cwnb.events import (
    DEFAULT_ACCOUNT,
    INGESTION_TIME,
    LOG_STREAM,
    MESSAGE,
    RAW,
    SEQUENCE,
    TIMESTAMP,
    Window,
)
from cwnb.store.catalog import batches, counters, groups, segments
from cwnb.store.ingest.recent import events_of
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.positions import Position, Runs, Spans
from cwnb.store.read_after import (
    COMMIT,
    GROUP,
    SCHEMA,
    Candidates,
    Origin,
    Plan,
    columns_of,
    fetch_batches,
)
from cwnb.store.segments.reader import SegmentTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cwnb.store.catalog.batches import SealedBatch
    from cwnb.store.catalog.groups import GroupRow
    from cwnb.store.context import StoreContext
    from cwnb.store.segments.facts import SegmentFacts

    Ints = np.ndarray[Any, Any]

Found = TypeVar("Found")
# A segment may be replaced while it is read, and a page is then read again. Tries in all.
_TRIES = 3
_SCHEMA = SCHEMA.remove(SCHEMA.get_field_index(GROUP))
_NO_NUMBERS = Spans.of(np.zeros(0, np.int64))
NO_GROUP = "The specified log group does not exist."


@dataclass(frozen=True)
class Extract:
    """Which events of a log group: up to a position, in a window, of streams with a prefix."""

    group_id: int
    until: Position
    window: Window
    stream_prefix: str = ""


@dataclass(frozen=True)
class ExtractPage:
    """Some events in the order of positions, and the position after them.

    `events` has the columns `@logStream`, `@timestamp`, `@message`, `@raw` (the bytes of a message
    that is not UTF-8, null elsewhere), `@ingestionTime`, `@commit` and `@sequence`.
    """

    events: pa.Table
    position: Position
    complete: bool


class ExtractReader:
    """Reads an extract page by page; each page is planned anew, so replaced files do not matter."""

    def __init__(self, context: StoreContext, extract: Extract) -> None:
        self._context = context
        self._extract = extract
        # The numbers of each segment that have no position; a segment never changes.
        self._unpositioned: dict[str, Spans] = {}
        # The fields of the row group that was read last: several pages are made of one.
        self._last: tuple[tuple[str, int, int], Any, dict[str, pa.Array]] | None = None

    def count(self, after: Position) -> int:
        """Give how many events there are after a position now; raises ResourceNotFound."""
        return self._tried(self._count, after)

    def page(self, after: Position, *, limit_rows: int, limit_bytes: int) -> ExtractPage:
        """Give the events that follow a position, those that have expired left out.

        `limit_bytes`: of messages, estimated by the mean of their segment; one segment at most
        (256 MB) is read over it. Raises ResourceNotFound for a group that was deleted.
        """
        return self._tried(self._page, after, limit_rows, limit_bytes)

    def _tried(self, read: Callable[..., Found], *args: Any) -> Found:
        for attempt in range(_TRIES):
            try:
                return read(*args)
            except SnapshotExpired:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError

    def _page(self, after: Position, limit_rows: int, limit_bytes: int) -> ExtractPage:
        self._context.sealer()  # raises StoreKeyMissing before anything is read
        until = self._extract.until
        without = Position(0, until.sequence)  # comes after the events without a position
        if after < without:
            plan = self._plan_unpositioned(after, limit_rows, limit_bytes)
            if len(plan.first) or not plan.complete:
                position = without if plan.complete else plan.position
                return ExtractPage(self._events(plan), position, complete=False)
            after = without
        plan = self._plan(after, limit_rows, limit_bytes)
        return ExtractPage(self._events(plan), plan.position, plan.complete)

    def _group(self, connection: Any) -> GroupRow:
        found = groups.with_id(connection, self._extract.group_id)
        if found is None:
            raise ResourceNotFound(NO_GROUP)
        self._context.set_fixed_now(counters.fixed_now_ms(connection))
        return found

    def _plan(self, after: Position, limit_rows: int, limit_bytes: int) -> Plan:
        """Choose the runs of a page, in one transaction."""
        extract = self._extract
        candidates = Candidates(after)
        enough = limit_rows + 1
        with self._context.catalog.read() as connection:
            group = self._group(connection)
            held = batches.after(connection, group.id, after, enough)
            held = [batch for batch in held if batch.commit <= extract.until.commit]
            candidates.add_batches(group, held)
            for first_commit, segment_id in sorted(
                segments.commits_from(connection, group.id, after.commit)
            ):
                if first_commit > extract.until.commit or candidates.have_before(
                    first_commit, enough
                ):
                    break
                facts = segments.with_id(connection, segment_id, self._context.identity)
                if not self._may_have(facts):
                    continue
                runs = segments.runs_of(connection, segment_id)
                known = runs.commit <= extract.until.commit
                runs = Runs(runs.first[known], runs.last[known], runs.commit[known])
                origin = Origin(group, facts.message_bytes / facts.rows, segment=facts)
                candidates.add(origin, runs)
            plan = candidates.page(limit_rows, limit_bytes, extract.until)
            fetch_batches(connection, plan)
        return plan

    def _plan_unpositioned(self, after: Position, limit_rows: int, limit_bytes: int) -> Plan:
        """Choose the runs of a page of events without a position, which are runs of commit 0."""
        candidates = Candidates(after)
        with self._context.catalog.read() as connection:
            group = self._group(connection)
            found = self._segments(connection, group)
            loose = [b for b in batches.of_group(connection, group.id, with_data=False)
                     if not b.commit]  # fmt: skip
        if loose:
            held = [batches.BatchCommit(b.id, b.events, b.message_bytes, 0) for b in loose]
            ids, events = (np.array([getattr(b, name) for b in loose]) for name in ("id", "events"))
            mean = sum(b.message_bytes for b in loose) / events.sum()
            candidates.add(
                Origin(group, mean, batches=held), self._zeros(Spans(ids, ids + events - 1))
            )
        for facts, runs in found:
            if not self._may_have(facts):
                continue
            if facts.id not in self._unpositioned:
                for sequence, _ in self._numbers(group, facts, ()):
                    self._remember(facts, sequence, runs.commits_of(sequence))
            spans = self._unpositioned.setdefault(facts.id, _NO_NUMBERS)
            if len(spans.first):
                origin = Origin(group, facts.message_bytes / facts.rows, segment=facts)
                candidates.add(origin, self._zeros(spans))
        plan = candidates.page(limit_rows, limit_bytes, self._extract.until)
        with self._context.catalog.read() as connection:
            if loose:
                there = {b.id for b in batches.of_group(connection, group.id, with_data=False)}
                if not {b.id for b in loose} <= there:
                    raise SnapshotExpired("batches have become a segment; read again")
            fetch_batches(connection, plan)
        return plan

    def _zeros(self, spans: Spans) -> Runs:
        """Give runs of commit 0 up to the last number of the extract."""
        kept = spans.first <= self._extract.until.sequence
        last = np.minimum(spans.last[kept], self._extract.until.sequence)
        return Runs(spans.first[kept], last, np.zeros(len(last), np.int64))

    def _segments(self, connection: Any, group: GroupRow) -> list[tuple[SegmentFacts, Runs]]:
        context = self._context
        rows = segments.of_group(connection, group.id)
        found = segments.facts_of(rows, context.identity, context.seals)
        return [(facts, segments.runs_of(connection, facts.id)) for facts in found]

    def _may_have(self, facts: SegmentFacts) -> bool:
        extract = self._extract
        if not extract.window.intersects(facts.first_ms, facts.last_ms):
            return False
        named = facts.streams
        return named is None or any(name.startswith(extract.stream_prefix) for name in named)

    def _numbers(
        self, group: GroupRow, facts: SegmentFacts, names: Sequence[str]
    ) -> Iterator[tuple[Ints, dict[str, pa.Array]]]:
        """Give sequence numbers and other columns of each row group that lies in the window."""
        for task in self._tasks(group, facts):
            found = task.open().columns([SEQUENCE, *names])
            yield np.asarray(found[SEQUENCE]), found

    def _tasks(self, group: GroupRow, facts: SegmentFacts) -> Iterator[SegmentTask]:
        cutoff = cutoff_ms(group.retention_days, self._context.clock.now_ms())
        window = self._extract.window
        window = Window(max(window.start_ms, cutoff), window.end_ms)
        log = f"{DEFAULT_ACCOUNT}:{group.name}"
        for number, part in enumerate(facts.row_groups):
            if window.intersects(part.first_ms, part.last_ms):
                yield SegmentTask(self._context, group.name, log, facts, number, window)

    def _opened(self, task: SegmentTask) -> tuple[Any, dict[str, pa.Array]]:
        """Give a reader of a row group, and its fields."""
        # A reader belongs to one thread. What has expired changes what is there.
        expired = task.first_ms < task.window.start_ms
        key = (task.segment.id, task.row_group, threading.get_ident())
        if self._last is None or self._last[0] != key or expired:
            reader = task.open()
            names = [SEQUENCE, TIMESTAMP, INGESTION_TIME, LOG_STREAM]
            self._last = key, reader, reader.columns(names)
        return self._last[1], dict(self._last[2])

    def _count(self, after: Position) -> int:
        extract = self._extract
        with self._context.catalog.read() as connection:
            group = self._group(connection)
            found = self._segments(connection, group)
            held = batches.of_group(connection, group.id)
        total = 0
        names = [LOG_STREAM] if extract.stream_prefix else []
        for facts, runs in found:
            if not self._may_have(facts):
                continue
            self._unpositioned.pop(facts.id, None)
            for sequence, columns in self._numbers(group, facts, names):
                commits = runs.commits_of(sequence)
                self._remember(facts, sequence, commits)
                wanted = self._wanted(after, sequence, commits)
                if names:
                    wanted &= self._of_streams(columns[LOG_STREAM])
                total += int(wanted.sum())
        if held:
            block, rows = self._block(group, held)
            ids, events, commits = (
                np.array([getattr(b, name) for b in held]) for name in ("id", "events", "commit")
            )
            positioned = Runs.of(ids, ids + events - 1, commits)
            known = positioned.commits_of(block.sequence)
            total += int((rows & self._wanted(after, block.sequence, known)).sum())
        return total

    def _remember(self, facts: SegmentFacts, sequence: Ints, commits: Ints) -> None:
        """Remember which numbers of a row group have no position."""
        known = self._unpositioned.get(facts.id, _NO_NUMBERS)
        self._unpositioned[facts.id] = known.joined(Spans.of(sequence[commits == 0]))

    def _wanted(self, after: Position, sequence: Ints, commits: Ints) -> Any:
        """Tell which events come after a position and not after the end of the extract."""
        until = self._extract.until
        later = (commits > after.commit) | ((commits == after.commit) & (sequence > after.sequence))
        return later & np.where(commits > 0, commits <= until.commit, sequence <= until.sequence)

    def _of_streams(self, streams: pa.Array) -> Any:
        """Tell which events are of a stream with the prefix."""
        inside = pc.starts_with(streams.dictionary, self._extract.stream_prefix)
        return np.asarray(inside, bool)[np.asarray(streams.indices)]

    def _block(self, group: GroupRow, sealed: Sequence[SealedBatch]) -> tuple[Any, Any]:
        """Give the events of batches, and which of them are in the window and of the streams."""
        block = events_of(sealed, self._context.sealer(), group.name)
        window = self._extract.window
        cutoff = cutoff_ms(group.retention_days, self._context.clock.now_ms())
        rows = (block.time_ms >= max(window.start_ms, cutoff)) & (block.time_ms < window.end_ms)
        if self._extract.stream_prefix:
            rows &= self._of_streams(block.stream)
        return block, rows

    def _events(self, plan: Plan) -> pa.Table:
        parts = [_SCHEMA.empty_table()]
        for number in np.unique(plan.origin).tolist():
            origin, mine = plan.origins[number], plan.origin == number
            order = np.argsort(plan.first[mine])
            runs = Runs(plan.first[mine][order], plan.last[mine][order], plan.commit[mine][order])
            if origin.segment is not None:
                parts += self._of_segment(origin.group, origin.segment, runs)
            elif origin.sealed:
                parts.append(self._of_batches(origin.group, origin.sealed, runs))
        found = pa.concat_tables(parts)
        commits, sequence = found[COMMIT].to_numpy(), found[SEQUENCE].to_numpy()
        back = (commits[1:] < commits[:-1]) | (
            (commits[1:] == commits[:-1]) & (sequence[1:] < sequence[:-1])
        )
        if back.any():
            found = found.take(np.lexsort((sequence, commits)))
        return found

    def _of_segment(self, group: GroupRow, facts: SegmentFacts, runs: Runs) -> Iterator[pa.Table]:
        spans = Spans(runs.first, runs.last)
        for task in self._tasks(group, facts):
            reader, found = self._opened(task)
            sequence = np.asarray(found[SEQUENCE])
            held = spans.hold(sequence)
            if self._extract.stream_prefix and held.any():
                held &= self._of_streams(found[LOG_STREAM])
            rows = np.flatnonzero(held)
            if not len(rows):
                continue
            if len(rows) == len(sequence):
                found |= reader.columns([MESSAGE, RAW])
            else:
                some = pa.array(rows)
                found = {name: column.take(some) for name, column in found.items()}
                found |= reader.take([MESSAGE, RAW], rows)
            found[COMMIT] = pa.array(runs.commits_of(sequence[rows]))
            yield _table(found)

    def _of_batches(self, group: GroupRow, sealed: Sequence[SealedBatch], runs: Runs) -> pa.Table:
        block, inside = self._block(group, sealed)
        held = inside & Spans(runs.first, runs.last).hold(block.sequence)
        commits = runs.commits_of(block.sequence)
        return _table(columns_of(block, commits, np.flatnonzero(held)))


def _table(columns: dict[str, pa.Array]) -> pa.Table:
    streams = columns[LOG_STREAM]
    if pa.types.is_dictionary(streams.type):
        columns[LOG_STREAM] = streams.dictionary_decode()
    return pa.table([columns[name] for name in _SCHEMA.names], schema=_SCHEMA)
