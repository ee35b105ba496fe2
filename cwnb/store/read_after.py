"""Read the events that became visible after a position, in that order: for tails, deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import InvalidParameter, SnapshotExpired
from cwnb.events import (
    ALL_TIME,
    DEFAULT_ACCOUNT,
    INGESTION_TIME,
    LOG_STREAM,
    MESSAGE,
    RAW,
    SEQUENCE,
    TIMESTAMP,
)
from cwnb.store.catalog import batches, counters, groups, removed, segments
from cwnb.store.ingest.recent import events_of
from cwnb.store.maintenance.retention import cutoff_ms
from cwnb.store.names import match_names, names_that_match
from cwnb.store.positions import START, Position, Runs
from cwnb.store.segments.facts import MESSAGE_GROUP
from cwnb.store.segments.reader import SegmentTask

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cwnb.store.catalog.batches import BatchCommit, SealedBatch
    from cwnb.store.catalog.groups import GroupRow
    from cwnb.store.context import StoreContext
    from cwnb.store.segments.facts import SegmentFacts
    from cwnb.store.segments.writer import Block

    Ints = np.ndarray[Any, Any]

PAGE_ROWS = 10_000
_ALL_EVENTS = 1 << 62
PAGE_BYTES = 64 << 20
# A segment may be replaced while it is read, and a page is then read again. Tries in all.
_TRIES = 3
# Row groups of the message file that are decoded at a time, so that few messages are in memory.
_MESSAGE_GROUPS = 8
_MS = pa.timestamp("ms", "UTC")

GROUP, COMMIT = "group", "@commit"
SCHEMA = pa.schema(
    [
        (GROUP, pa.string()),
        (LOG_STREAM, pa.string()),
        (TIMESTAMP, _MS),
        (MESSAGE, pa.string()),
        (RAW, pa.binary()),
        (INGESTION_TIME, _MS),
        (COMMIT, pa.int64()),
        (SEQUENCE, pa.int64()),
    ]
)


@dataclass(frozen=True)
class Page:
    """Events in the order in which they became visible, and where the next page begins.

    `events` has the columns `group`, `@logStream`, `@timestamp`, `@message`, `@raw` (the bytes of
    a message that is not UTF-8, null elsewhere), `@ingestionTime`, `@commit` and `@sequence`.
    `position` comes after them: `read_after(page.position)` gives the next ones, each event once.
    `complete`: nothing more was visible when the page was read. `expired`: so many events come
    before the position that are not given, because their retention has ended; those that were
    removed are among them, if the catalog still knows of them.
    """

    events: pa.Table
    position: Position
    complete: bool
    expired: int = 0


@dataclass
class Origin:
    """A segment that holds events to read, or the recent batches of a group that do."""

    group: GroupRow
    bytes_per_row: float
    segment: SegmentFacts | None = None
    batches: list[BatchCommit] = field(default_factory=list)
    sealed: list[SealedBatch] = field(default_factory=list)


@dataclass
class Plan:
    """What a page reads: runs in order of commit and sequence, each with its origin's number."""

    origins: list[Origin]
    first: Ints
    last: Ints
    commit: Ints
    origin: Ints
    position: Position
    complete: bool
    removed: int = 0  # events that retention removed, and that have their positions in the page


def read_after(
    context: StoreContext,
    position: Position,
    chosen: Sequence[str | int] | None,
    *,
    limit_rows: int,
    limit_bytes: int,
    may_lack: bool = False,
) -> Page:
    """Give the next page; see `Store.read_after`."""
    if limit_rows < 1 or limit_bytes < 1:
        raise InvalidParameter("a page has at least one row and one byte")
    context.sealer()  # raises StoreKeyMissing before anything is read
    tries, expired = _TRIES, 0
    while True:
        plan = _planned(context, position, chosen, limit_rows, limit_bytes, may_lack=may_lack)
        try:
            events, too_old = _events(context, plan)
        except SnapshotExpired:
            tries -= 1
            if not tries:
                raise
            continue
        expired += too_old + plan.removed
        if len(events) or plan.complete:
            return Page(events, plan.position, plan.complete, expired)
        position = plan.position  # all that this page had has expired or was removed


def events_after(context: StoreContext, position: Position, chosen: Sequence[str | int]) -> int:
    """Give how many events became visible after a position; see `Store.events_after`."""
    with context.catalog.read() as connection:
        candidates = Candidates(position)
        for group in chosen_groups(connection, chosen):
            candidates.add_batches(
                group, batches.after(connection, group.id, position, _ALL_EVENTS)
            )
            for _, segment_id in segments.commits_from(connection, group.id, position.commit):
                runs = segments.runs_of(connection, segment_id)
                candidates.add(Origin(group, 1.0), runs)
        return candidates.rows


def position_of(context: StoreContext, group_id: int, sequence: int) -> Position | None:
    """Give the position of an event; see `Store.position_of`."""
    numbers = np.array([sequence], np.int64)
    with context.catalog.read() as connection:
        for batch in batches.after(connection, group_id, START, _ALL_EVENTS):
            if batch.id <= sequence < batch.id + batch.events:
                return Position(batch.commit, sequence)
        for _, segment_id in segments.commits_from(connection, group_id, START.commit):
            commit = int(segments.runs_of(connection, segment_id).commits_of(numbers)[0])
            if commit:
                return Position(commit, sequence)
    return None


def _planned(
    context: StoreContext,
    position: Position,
    chosen: Sequence[str | int] | None,
    limit_rows: int,
    limit_bytes: int,
    *,
    may_lack: bool,
) -> Plan:
    """Choose the runs of a page and fetch their batches, all in one transaction."""
    with context.catalog.read() as connection:
        newest = counters.newest_position(connection)
        if position > newest:
            raise InvalidParameter(
                f"position {tuple(position)} is ahead of the store, whose newest is "
                f"{tuple(newest)}; it is of another store, or an older copy was put back"
            )
        context.set_fixed_now(counters.fixed_now_ms(connection))
        rows = chosen_groups(connection, chosen, may_lack=may_lack)
        candidates = Candidates(position)
        # Of what comes first, more is looked at than fits a page, so the page ends before the rest.
        enough = limit_rows + 1
        for group in rows:
            candidates.add_batches(group, batches.after(connection, group.id, position, enough))
        waiting = sorted(
            (first_commit, segment_id, group)
            for group in rows
            for first_commit, segment_id in segments.commits_from(
                connection, group.id, position.commit
            )
        )
        for first_commit, segment_id, group in waiting:
            if candidates.have_before(first_commit, enough):
                break
            facts = segments.with_id(connection, segment_id, context.identity)
            origin = Origin(group, facts.message_bytes / facts.rows, segment=facts)
            candidates.add(origin, segments.runs_of(connection, segment_id))
        plan = candidates.page(limit_rows, limit_bytes, newest)
        fetch_batches(connection, plan)
        plan.removed = sum(
            removed.between(connection, group.id, position, plan.position) for group in rows
        )
    return plan


def chosen_groups(
    connection: Any, chosen: Sequence[str | int] | None, *, may_lack: bool = False
) -> list[GroupRow]:
    """Give the groups of these names and ids; a group that is not there any more has no id.

    `may_lack`: a name that no group has means none.
    """
    rows = groups.all_of(connection)
    if chosen is None:
        return rows
    names = [name for name in chosen if isinstance(name, str)]
    there = dict.fromkeys(group.name for group in rows)
    if may_lack:
        names = [name for name in names if names_that_match(name, there)]
    wanted: set[str | int] = {number for number in chosen if not isinstance(number, str)}
    if names:
        wanted |= set(match_names(names, list(there)))
    return [group for group in rows if wanted & {group.id, group.name}]


def fetch_batches(connection: Any, plan: Plan) -> None:
    """Read the batches that have a part in the runs of a plan."""
    for number in np.unique(plan.origin).tolist():
        origin, mine = plan.origins[number], plan.origin == number
        order = np.argsort(plan.first[mine])
        wanted = _batches_of(origin.batches, plan.first[mine][order], plan.last[mine][order])
        origin.sealed = [batches.with_id(connection, batch_id) for batch_id in wanted]


def _batches_of(held: list[BatchCommit], first: Ints, last: Ints) -> list[int]:
    """Give the ids of the batches that have a part in the runs, which are in ascending order."""
    ids = np.array([batch.id for batch in held], np.int64)
    ends = np.array([batch.id + batch.events - 1 for batch in held], np.int64)
    at = np.searchsorted(last, ids)
    there = at < len(first)
    there[there] = first[at[there]] <= ends[there]
    chosen: list[int] = ids[there].tolist()
    return chosen


class Candidates:
    """Runs after a position, from which a page takes the first ones."""

    def __init__(self, position: Position) -> None:
        self._position = position
        self._origins: list[Origin] = []
        self._runs: list[Runs] = []
        self.rows = 0

    def add(self, origin: Origin, runs: Runs) -> None:
        """Take the runs of a segment or batch, as far as they come after the position."""
        commit, sequence = self._position
        after = (runs.commit > commit) | ((runs.commit == commit) & (runs.last > sequence))
        first = np.where(runs.commit == commit, np.maximum(runs.first, sequence + 1), runs.first)
        kept = Runs(first[after], runs.last[after], runs.commit[after])
        if len(kept):
            self._origins.append(origin)
            self._runs.append(kept)
            self.rows += int((kept.last - kept.first + 1).sum())

    def add_batches(self, group: GroupRow, held: list[BatchCommit]) -> None:
        """Take the recent batches of a group, as far as they come after the position."""
        if held:
            ids, events, size, commits = map(np.array, zip(*held, strict=True))
            origin = Origin(group, size.sum() / events.sum(), batches=held)
            self.add(origin, Runs.of(ids, ids + events - 1, commits))

    def have_before(self, commit: int, rows: int) -> bool:
        """Tell whether earlier commits than `commit` have at least `rows` events."""
        if self.rows < rows:
            return False
        earlier = [(runs.last - runs.first + 1)[runs.commit < commit] for runs in self._runs]
        return int(np.concatenate(earlier).sum()) >= rows

    def page(self, limit_rows: int, limit_bytes: int, newest: Position) -> Plan:
        """Cut off the page: runs in order, as far as the limits go."""
        runs = [Runs.none(), *self._runs]
        first = np.concatenate([each.first for each in runs])
        last = np.concatenate([each.last for each in runs])
        commit = np.concatenate([each.commit for each in runs])
        origin = np.repeat(np.arange(len(runs)) - 1, [len(each) for each in runs])
        order = np.lexsort((first, commit))
        first, last, commit, origin = (part[order] for part in (first, last, commit, origin))
        rows = last - first + 1
        size = rows * np.array([each.bytes_per_row for each in self._origins] or [1.0])[origin]
        # How many rows of each run still fit, by both limits; a page has one row at least.
        fit = np.minimum(
            limit_rows - (np.cumsum(rows) - rows),
            np.ceil((limit_bytes - (np.cumsum(size) - size)) * rows / np.maximum(size, 1)),
        ).astype(np.int64)
        over = np.flatnonzero(fit < rows)
        position = newest
        if len(over):
            end = int(over[0])
            if (taken := max(int(fit[end]), 0 if end else 1)) > 0:
                last[end] = first[end] + taken - 1
                end += 1
            position = Position(int(commit[end - 1]), int(last[end - 1]))
            first, last, commit, origin = (part[:end] for part in (first, last, commit, origin))
        return Plan(self._origins, first, last, commit, origin, position, complete=not len(over))


def _events(context: StoreContext, plan: Plan) -> tuple[pa.Table, int]:
    """Read the events of a page, those that have expired left out; says how many have."""
    now_ms = context.clock.now_ms()
    parts, expired = [SCHEMA.empty_table()], 0
    for number in np.unique(plan.origin).tolist():
        origin, mine = plan.origins[number], plan.origin == number
        order = np.argsort(plan.first[mine])
        runs = Runs(plan.first[mine][order], plan.last[mine][order], plan.commit[mine][order])
        cutoff = cutoff_ms(origin.group.retention_days, now_ms)
        if origin.segment is not None:
            found = _of_segment(context, origin.group, origin.segment, runs, cutoff)
        elif origin.sealed:
            found = _of_batches(context, origin.group, origin.sealed, runs, cutoff)
        else:
            continue
        for table, too_old in found:
            parts.append(table)
            expired += too_old
    events = pa.concat_tables(parts)
    order = np.lexsort((events[SEQUENCE].to_numpy(), events[COMMIT].to_numpy()))
    return events.take(order), expired


def _of_segment(
    context: StoreContext, group: GroupRow, segment: SegmentFacts, runs: Runs, cutoff: int
) -> Iterator[tuple[pa.Table, int]]:
    """Give the events of a segment in parts, each with a number of those that have expired."""
    log = f"{DEFAULT_ACCOUNT}:{group.name}"
    for number in range(len(segment.row_groups)):
        reader = SegmentTask(context, group.name, log, segment, number, ALL_TIME).open()
        columns = reader.columns([SEQUENCE, TIMESTAMP])
        sequence = np.asarray(columns[SEQUENCE])
        commits = runs.commits_of(sequence)
        is_kept = columns[TIMESTAMP].cast(pa.int64()).to_numpy() >= cutoff
        rows = np.flatnonzero((commits > 0) & is_kept)
        yield SCHEMA.empty_table(), int(np.count_nonzero(commits)) - len(rows)
        if not len(rows):
            continue
        fields = reader.columns([TIMESTAMP, INGESTION_TIME, LOG_STREAM])
        stretch = rows // (_MESSAGE_GROUPS * MESSAGE_GROUP)
        for some in np.split(rows, np.flatnonzero(np.diff(stretch)) + 1):
            columns = {name: column.take(pa.array(some)) for name, column in fields.items()}
            columns |= reader.take([MESSAGE, RAW], some)
            columns |= {SEQUENCE: pa.array(sequence[some]), COMMIT: pa.array(commits[some])}
            yield _table(group.name, columns, len(some)), 0


def _of_batches(
    context: StoreContext, group: GroupRow, sealed: list[SealedBatch], runs: Runs, cutoff: int
) -> Iterator[tuple[pa.Table, int]]:
    """Give the events of batches, and how many have expired."""
    events = events_of(sealed, context.sealer(), group.name)
    commits = runs.commits_of(events.sequence)
    rows = np.flatnonzero((commits > 0) & (events.time_ms >= cutoff))
    taken = columns_of(events, commits, rows)
    yield _table(group.name, taken, len(rows)), int(np.count_nonzero(commits)) - len(rows)


def columns_of(events: Block, commits: Ints, rows: Ints) -> dict[str, pa.Array]:
    """Give these rows of the events of batches, whose commits are given, as columns of a page."""
    raw = pa.nulls(len(events), pa.binary()) if events.raw is None else events.raw
    columns = {
        TIMESTAMP: pa.array(events.time_ms).cast(_MS),
        INGESTION_TIME: pa.array(events.ingestion_ms).cast(_MS),
        LOG_STREAM: events.stream,
        MESSAGE: events.text,
        RAW: raw,
        SEQUENCE: pa.array(events.sequence),
        COMMIT: pa.array(commits),
    }
    return {name: column.take(pa.array(rows)) for name, column in columns.items()}


def _table(group: str, columns: dict[str, pa.Array], rows: int) -> pa.Table:
    columns[GROUP] = pa.array([group], pa.string()).take(pa.array(np.zeros(rows, np.int64)))
    columns[LOG_STREAM] = columns[LOG_STREAM].dictionary_decode()
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)
