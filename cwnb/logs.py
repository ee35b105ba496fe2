"""Logs, the object that users hold; it connects the store, the query engine and the results."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, Self, TypeVar

import pyarrow as pa

from cwnb.errors import InvalidParameter, ResourceNotFound, SnapshotExpired
from cwnb.events import ALL_TIME, LOG_STREAM, MESSAGE, TIMESTAMP, mixed_type
from cwnb.insights import (
    MAXIMUM_LIMIT,
    MEMORY_BUDGET,
    Call,
    FrameSource,
    FrameSources,
    QueryContext,
    RareFields,
    as_frame,
    checkpoint,
    columns_of_frame,
    is_structure,
    parse,
    values_to_python,
    with_checkpoints,
)
from cwnb.memo import memo
from cwnb.results import event
from cwnb.results.listings import FIELDS, GROUPS, STREAMS, listing
from cwnb.results.running import TRIES, RunningQuery
from cwnb.store import Processing, Store, event_batch, read_rest
from cwnb.times import Clock, to_ms
from cwnb.window import read_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from pandas import DataFrame

    from cwnb.events import Source, Sources
    from cwnb.insights import Query
    from cwnb.results.event import Event
    from cwnb.results.result import QueryResult
    from cwnb.sources import LoadReport
    from cwnb.store import Snapshot

Found = TypeVar("Found")
# Log groups that an error names.
_GROUPS_NAMED = 8


def open(
    path: str | Path = ".cwnb",
    *,
    encryption: str = "default",
    accept_loss: bool = False,
    clock: Clock | None = None,
) -> Logs:
    """Open the log store in this folder, which is made if it is absent.

    `encryption="none"` makes a new store of open Parquet. `accept_loss=True` opens a store whose
    log is damaged, with what was committed before the damage. Raises NotAStore, StoreTooNew,
    StoreReadOnly, StoreKeyMissing, StoreDamaged.
    """
    return Logs(Store.open(path, encryption=encryption, accept_loss=accept_loss, clock=clock))


class Logs:
    """A log store: put and load events, ask questions.

    >>> logs = cwnb.open("shop-logs")
    >>> logs.load("access.log.gz", group="/shop/web")
    >>> logs.query("filter status >= 500 | stats count(*) by bin(5m)", groups=["/shop/web"]).df
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def __repr__(self) -> str:
        return f"<cwnb.Logs {str(self.store.path)!r}, {len(self.store.groups())} log groups>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store's files and connections; events are safe without this call too."""
        self.store.close()

    @property
    def clock(self) -> Clock:
        """The store's clock: the present, or the fixed "now" that a demo store carries."""
        clock: Clock = self.store.clock
        return clock

    # ------------------------------------------------------------ groups

    def create_group(
        self, name: str, *, retention_days: int | None = None, log_type: str | None = None
    ) -> None:
        """Make a log group; `log_type` says which lines are recognised (`lambda`, `vpc-flow`, …).

        Raises ResourceAlreadyExists, InvalidParameter.
        """
        self.store.create_group(name, retention_days=retention_days, log_type=log_type)

    def delete_group(self, name: str) -> None:
        """Delete a log group with all its events."""
        self.store.delete_group(name)

    def set_retention(self, name: str, days: int | None) -> None:
        """Keep events for so many days, counted from their own time; None keeps them for ever."""
        self.store.set_retention(name, days)

    def groups(self) -> DataFrame:
        """Give the log groups, a row each: name, events, bytes, first and last time, retention."""
        return listing(self.store.groups(), GROUPS)

    def streams(self, group: str) -> DataFrame:
        """Give the log streams of a group, a row each: name, events, first and last time."""
        return listing(self.store.streams(group), STREAMS)

    def fields(self, group: str) -> DataFrame:
        """Give the discovered fields of a group, most frequent first.

        A row each: name, share (0 to 1) of the events that have it, types seen, distinct values
        (approximate), examples, and whether its values are of several types.
        """
        return listing(self.store.field_statistics(group), FIELDS)

    # ------------------------------------------------------------ ways in

    def put(self, group: str, stream: str, events: Iterable[tuple[Any, str | bytes]]) -> Any:
        """Store events, (time, message) each; they are durable when this returns.

        Makes the group and the stream where they are absent. Times as `times.to_ms` reads them.
        Gives how many were accepted and which were refused, and why.
        """
        now = self.clock.now_ms()
        pairs = list(events)
        for pair in pairs:
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise InvalidParameter(f"an event is a pair (time, message), not {pair!r:.80}")
        times = [to_ms(when, now) for when, _ in pairs]
        return self.store.put(group, event_batch(times, [text for _, text in pairs], stream))

    def load(self, what: Any, *, group: str, **options: Any) -> LoadReport:
        """Load files, globs, folders, URLs, file objects, DataFrames or lists of dicts.

        Options: `stream`, `format`, `tz`, `pattern` (of a record's first line), `time_field` and
        `time_format` (where the time stands, and its form), `unwrap` (the field `log` of JSON
        records, as Docker and Fluent Bit write them, is the message), `again` (load the same
        content once more), `log_type`, `deliver` (False: tails and subscriptions never see these
        events), `progress`. All or nothing for each file; the report
        counts every record. See `cwnb.sources.load`.
        """
        from cwnb import sources

        return sources.load(self.store, what, group=group, **options)

    # ------------------------------------------------------------ questions

    def query(
        self,
        text: str,
        groups: str | Sequence[str] | None = None,
        start: Any = None,
        end: Any = None,
        *,
        language: str = "ql",
        strict: bool = False,
        limit: int | None = None,
        executor: Executor | None = None,
        memory_budget: int = MEMORY_BUDGET,
    ) -> QueryResult:
        """Ask a question of one or more log groups; a trailing `*` of a name is a prefix.

        `start` and `end` (which is not included) are times as `times.to_ms` reads them, by default
        all there is: the settings of cells and of the command line do not count here. `strict`
        refuses what the service's documentation does not allow.
        Raises MalformedQuery, ResourceNotFound, QueryTooLarge, InvalidParameter.
        """
        return self._asked(
            text,
            groups,
            start,
            end,
            language=language,
            strict=strict,
            limit=limit,
            executor=executor,
            memory_budget=memory_budget,
        ).run()

    def start(
        self,
        text: str,
        groups: str | Sequence[str] | None = None,
        start: Any = None,
        end: Any = None,
        **options: Any,
    ) -> RunningQuery:
        """Ask a question as `query` does, with its options, and do not wait for the answer.

        The RunningQuery shows its progress and its rows so far, stops it, and has the answer.
        Errors in the text, the times and the names of groups are raised here, all others by its
        `result()`.
        """
        running = self._asked(text, groups, start, end, **options)
        running.open()
        return running.begin()

    def _asked(
        self,
        text: str,
        groups: str | Sequence[str] | None,
        start: Any,
        end: Any,
        *,
        language: str = "ql",
        **options: Any,
    ) -> RunningQuery:
        if groups is None:
            raise InvalidParameter(
                f"name a log group, as in groups=['/a', '/b/*']; {self._known()}"
            )
        parsed = parse(text, language)
        named = [groups] if isinstance(groups, str) else groups
        sources = StoreSources(self.store, named, parsed.selectors())
        return _asked(text, parsed, sources, start, end, self.clock.now_ms(), **options)

    def _known(self) -> str:
        names = [group.name for group in self.store.groups()]
        shown = ", ".join(names[:_GROUPS_NAMED]) + ", …" * (len(names) > _GROUPS_NAMED)
        return f"this store has {shown}" if names else "this store has none yet"

    # ------------------------------------------------------------ single events

    def event(self, pointer: str) -> Event:
        """Give the event that an `@ptr` names, with all its fields.

        Raises InvalidParameter for what is no `@ptr`, and ResourceNotFound where the event has
        been deleted, with its group or by its retention.
        """
        return self._find(pointer, lambda _, found: found)

    def around(self, pointer: str, before: int = 10, after: int = 10) -> DataFrame:
        """Give the events before and after one in its stream, a row each, oldest first.

        Columns: `@timestamp`, `@message`, `@ptr`. The index counts from the event, which is 0.
        Raises as `event` does.
        """
        if min(before, after) < 0:
            raise InvalidParameter("'before' and 'after' are numbers of events, from 0")
        place = event.read_pointer(pointer)
        return self._find(
            pointer,
            lambda source, found: event.events_around(
                source, place, found[LOG_STREAM], before=before, after=after
            ),
        )

    def _find(self, pointer: str, ask: Callable[[Snapshot, Event], Found]) -> Found:
        """Find an event in a snapshot of its group, and call `ask` with the snapshot and the event.

        Tries again on a new snapshot where a file of the first one has been removed.
        """
        place = event.read_pointer(pointer)
        name = self.store.group_name(place.group_id)
        for attempt in range(TRIES if name is not None else 0):
            source = self.store.snapshot([str(name)])
            try:
                found = event.find_event(source, place)
                if found is not None:
                    return ask(source, found)
                break
            except SnapshotExpired:
                if attempt == TRIES - 1:
                    raise
        raise event.no_such_event(pointer)

    # ------------------------------------------------------------ maintenance

    def flush(self, group: str | None = None) -> None:
        """Turn recent batches into segments now; a thread also does this in the background."""
        self.store.flush(group)

    def compact(self, group: str | None = None) -> None:
        """Merge small segments now; a thread also does this in the background."""
        self.store.compact(group)

    def sweep(self, group: str | None = None) -> None:
        """Delete expired events now; a thread also does this in the background."""
        self.store.sweep(group)


def query(
    text: str,
    frame: Any,
    *,
    start: Any = None,
    end: Any = None,
    language: str = "ql",
    strict: bool = False,
    limit: int | None = None,
    executor: Executor | None = None,
    memory_budget: int = MEMORY_BUDGET,
    now: Any = None,
) -> QueryResult:
    """Ask a question of any table: its rows are the events, its columns the fields.

    `frame`: a DataFrame of pandas or polars, an Arrow table, a QueryResult, a list of dicts. Its
    times are `@timestamp`, else its index if that has times, else its column with one of the usual
    names (datetimes, text or epoch numbers, as `load` reads them), else its only column of
    datetimes. The message is `@message`, `message` or `msg`; fields of JSON messages are discovered
    where the frame has no column of that name. `now` is the present time of the query, by default
    the clock's. Raises InvalidParameter for a window of a frame without times.
    """
    return _asked_of_frame(
        text,
        frame,
        start,
        end,
        language=language,
        strict=strict,
        limit=limit,
        executor=executor,
        memory_budget=memory_budget,
        now=now,
    ).run()


def start(
    text: str, frame: Any, *, start: Any = None, end: Any = None, **options: Any
) -> RunningQuery:
    """Ask a question of a DataFrame as `query` does, with its options, and do not wait.

    The RunningQuery shows its progress and its rows so far, stops it, and has the answer. Errors in
    the text and the times are raised here, all others by its `result()`.
    """
    return _asked_of_frame(text, frame, start, end, **options).begin()


def _asked_of_frame(
    text: str,
    frame: Any,
    start: Any,
    end: Any,
    *,
    language: str = "ql",
    now: Any = None,
    **options: Any,
) -> RunningQuery:
    parsed = parse(text, language)
    present = Clock().now_ms()
    now_ms = present if now is None else to_ms(now, present)
    notes: list[str] = []
    sources = DataFrameSources(
        frame,
        notes,
        has_window=read_window(start, end, now_ms) != ALL_TIME,
        has_bins=any(call.entry.bins for call in parsed.find_all(Call)),
    )
    return _asked(text, parsed, sources, start, end, now_ms, notes=notes, **options)


def _asked(  # noqa: PLR0917 - what a query is made of, in order
    text: str,
    query: Query,
    sources: Sources,
    start: Any,
    end: Any,
    now_ms: int,
    *,
    strict: bool = False,
    limit: int | None = None,
    executor: Executor | None = None,
    memory_budget: int = MEMORY_BUDGET,
    notes: list[str] | None = None,
) -> RunningQuery:
    context = QueryContext(
        sources,
        now_ms,
        read_window(start, end, now_ms),
        strict=strict,
        limit=_checked_limit(limit),
        memory_budget=memory_budget,
        executor=executor,
        notes=[] if notes is None else notes,
    )
    return RunningQuery(text, query, context)


class DataFrameSources(FrameSources):
    """The user's table, whose columns are converted when the query opens it.

    Adds to `notes` what is left out of it. A table without times raises InvalidParameter where the
    query `has_window`, and gets a note where it `has_bins`.
    """

    def __init__(
        self, rows: Any, notes: list[str], *, has_window: bool = False, has_bins: bool = False
    ) -> None:
        self._frame = as_frame(rows)
        self._notes = notes
        self._has_window = has_window
        self._has_bins = has_bins

    def rows_to_prepare(self) -> int:
        """Give the number of rows of the frame, or 0 once its columns have been converted."""
        return 0 if "source" in vars(self) else len(self._frame)

    def prepare(self) -> None:
        """Convert its columns, and discover the fields in its messages."""
        _ = self.source

    @memo
    def source(self) -> Source:
        """Give its columns, and the fields of its messages that have no column of their own."""
        columns = columns_of_frame(self._frame, read_times=_read_times, notes=self._notes)
        self._check_times(columns[TIMESTAMP])
        checkpoint()
        message, rare, cut = columns.get(MESSAGE), None, 0
        if message is not None:
            texts = message.dictionary_decode() if pa.types.is_dictionary(message.type) else message
            found = Processing().discover(texts.fill_null(""))
            cut = found.capped
            for name, array in found.columns.items():
                columns.setdefault(name, array)
            if found.rest is not None:
                rare = RareFields(found.rest, frozenset(found.rare_names()), read_rest)
        else:
            columns[MESSAGE] = _rows_as_json(map(str, self._frame.columns), columns)
        checkpoint()
        return FrameSource(columns, rare=rare, cut_messages=cut)

    def _check_times(self, times: Any) -> None:
        if len(times) == 0 or times.null_count < len(times):
            return
        what = "the frame has no column of times"
        remedy = f"call the one that has them {TIMESTAMP!r}"
        if self._has_window:
            raise InvalidParameter(f"{what}, so 'start' and 'end' have nothing to choose; {remedy}")
        if self._has_bins:
            self._notes.append(f"{what}, so all rows are in one bin without a time; {remedy}")


class StoreSources:
    """The log groups of a store that one query reads, all in one snapshot.

    `own` are the groups that the caller names, `selectors` those that the query names itself; a
    trailing `*` of a name is a prefix. The snapshot is taken when the first is opened.
    """

    def __init__(
        self, store: Store, own: Sequence[str], selectors: Iterable[Sequence[str]] = ()
    ) -> None:
        self._store = store
        self._own = list(own)
        self._selectors = [list(selector) for selector in selectors]

    @memo
    def _snapshot(self) -> Snapshot:
        every = [name for selector in (self._own, *self._selectors) for name in selector]
        return self._store.snapshot(every)

    def open(self, selector: Sequence[str] | None = None) -> Snapshot:
        """Give the events of these groups, or the caller's, as they were at the first call.

        Raises ResourceNotFound.
        """
        names = self._own if selector is None else list(selector)
        if names != self._own and names not in self._selectors:
            raise InvalidParameter(f"the query does not name the log groups {names}")
        return self._snapshot.of_groups(names) if self._selectors else self._snapshot

    def table(self, name: str) -> Any:
        """Raise ResourceNotFound: a store has no lookup tables yet."""
        raise ResourceNotFound(f"there is no lookup table {name!r}")

    def rows_to_prepare(self) -> int:
        """Give the number of recent events, which are in no segment yet."""
        return sum(batch.events for group in self._snapshot.groups for batch in group.batches)

    def prepare(self) -> None:
        """Read the recent events, so that the names of their fields are known."""
        self._snapshot.field_names()

    def again(self) -> StoreSources:
        """Give sources of the same groups, to be read from a new snapshot."""
        return StoreSources(self._store, self._own, self._selectors)


def _checked_limit(limit: Any) -> int | None:
    if limit is None:
        return None
    whole = isinstance(limit, Integral) and not isinstance(limit, bool)
    if not whole or not 1 <= limit <= MAXIMUM_LIMIT:
        raise InvalidParameter(
            f"limit is a whole number from 1 to {MAXIMUM_LIMIT:,}, not {limit!r}"
        )
    return int(limit)


def _read_times(columns: dict[str, Any]) -> Any:
    """Read the times of a frame's rows as `load` reads those of its records."""
    from cwnb.sources import Reading, read_field_times

    count = len(next(iter(columns.values()))) if columns else 0
    times, timed = read_field_times(columns, count, Reading(Clock().now_ms()))
    return pa.array(times, pa.int64(), mask=~timed).cast(pa.timestamp("ms", "UTC"))


def _rows_as_json(names: Iterable[str], columns: dict[str, Any]) -> Any:
    """Write each row as `load` does, with those of the names that could be read as columns."""
    from cwnb.sources import compact_json

    readable = [name for name in names if name in columns]
    held = [_plain_values(columns[name]) for name in readable]
    texts = [
        compact_json(dict(zip(readable, row, strict=True))).decode("utf-8", "replace")
        for row in with_checkpoints(zip(*held, strict=True))
    ]
    return pa.array(texts, pa.string())


def _plain_values(array: Any) -> list[Any]:
    several = is_structure(array.type) or array.type == mixed_type()
    found: list[Any] = values_to_python(array) if several else array.to_pylist()
    return found


__all__ = ["Logs", "open", "query", "start"]
