"""Logs, the object that users hold; it connects the store, the query engine and the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from cwnb import arguments
from cwnb.errors import CwnbError, InvalidParameter, SnapshotExpired
from cwnb.events import LOG_STREAM, STANDARD
from cwnb.insights import MEMORY_BUDGET, groups_of_calls, parse
from cwnb.metric_filters import MetricFilters
from cwnb.query_sources import StoreSources
from cwnb.questions import running_query
from cwnb.results import event
from cwnb.results.listings import (
    FIELDS,
    GROUPS,
    LOADS,
    LOOKUPS,
    SAVED_QUERIES,
    STREAMS,
    listing,
)
from cwnb.results.running import TRIES, RunningQuery
from cwnb.store import SavedQuery, Store, event_batch
from cwnb.store_folder import store_folder
from cwnb.times import Clock, to_ms
from cwnb.ways_out import WaysOut
from cwnb.window import read_window

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path
    from types import EllipsisType

    from pandas import DataFrame

    from cwnb.filter_pattern import FilterPattern
    from cwnb.filtered_events import FilteredEvents
    from cwnb.notebook.widgets.explorer import Explorer
    from cwnb.notebook.widgets.tail import TailView
    from cwnb.results.event import Event
    from cwnb.results.result import QueryResult
    from cwnb.sources import LoadReport
    from cwnb.store import Snapshot

Found = TypeVar("Found")
# Log groups that an error names.
_GROUPS_NAMED = 8


def open(
    path: str | Path | EllipsisType = ...,
    *,
    encryption: str = "default",
    accept_loss: bool = False,
    clock: Clock | None = None,
) -> Logs:
    """Open the log store in this folder, which is made if it is absent.

    Without a path it is the folder that the environment variable CWNB_STORE names, or else `.cwnb`
    in the current folder, as for commands and cells.
    `encryption="none"` makes a new store of open Parquet. `accept_loss=True` opens a store whose
    log is damaged, with what was committed before the damage. Raises NotAStore, StoreTooNew,
    StoreReadOnly, StoreKeyMissing, StoreDamaged.
    """
    folder = store_folder() if path is ... else arguments.store_path(path)
    return Logs(Store.open(folder, encryption=encryption, accept_loss=accept_loss, clock=clock))


class Logs(WaysOut, MetricFilters):
    """A log store: put and load events, ask questions.

    >>> logs = cwnb.open("shop-logs")
    >>> logs.load("access.log.gz", group="/shop/web")
    >>> logs.query("filter status >= 500 | stats count(*) by bin(5m)", groups=["/shop/web"]).df
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def __repr__(self) -> str:
        try:
            groups = f"{len(self.store.groups())} log groups"
        except CwnbError as error:
            groups = f"which cannot be read: {error}"
        return f"<cwnb.Logs {str(self.store.path)!r}, {groups}>"

    def _repr_html_(self) -> str:
        from cwnb.results.store_html import store_html

        try:
            return store_html(self.store.path, self.store.groups())
        except CwnbError as error:
            return store_html(self.store.path, [], error=str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store's files and connections; events are safe without this call too.

        An export that this object began ends as `interrupted`, and can be resumed.
        """
        self.end_ways_out()
        self.store.close()

    @property
    def clock(self) -> Clock:
        """The store's clock: the present, or the fixed "now" that a demo store carries."""
        clock: Clock = self.store.clock
        return clock

    # Groups

    def create_group(
        self,
        name: str,
        *,
        retention_days: int | None = None,
        log_type: str | None = None,
        log_class: str = STANDARD,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Make a log group; `log_type` says which lines are recognised.

        It is one of `lambda`, `vpc-flow`, `route53`, `syslog`, `cloudtrail`, `json` and `text`. By
        `log_class` (STANDARD, INFREQUENT_ACCESS or DELIVERY) and `tags` a query can choose log
        groups: `SOURCE logGroupTags([{"key": "team", "values": ["shop"]}])`. Raises
        ResourceAlreadyExists, InvalidParameter.
        """
        self.store.create_group(
            name, retention_days=retention_days, log_type=log_type, log_class=log_class, tags=tags
        )

    def set_tags(self, name: str, tags: Mapping[str, str]) -> None:
        """Give a log group these tags in the place of those that it has."""
        self.store.set_tags(arguments.group_name(name), tags)

    def delete_group(self, name: str) -> None:
        """Delete a log group with all its events."""
        self.store.delete_group(arguments.group_name(name))

    def set_retention(self, name: str, days: int | None) -> None:
        """Keep events for so many days, counted from their own time; None keeps them for ever."""
        self.store.set_retention(arguments.group_name(name), days)

    def groups(self) -> DataFrame:
        """Give the log groups, a row each.

        Name, events, bytes, first and last time, retention, log type and class, tags.
        """
        return listing(self.store.groups(), GROUPS)

    def streams(self, group: str) -> DataFrame:
        """Give the log streams of a group, a row each: name, events, first and last time."""
        return listing(self.store.streams(arguments.group_name(group)), STREAMS)

    def fields(self, group: str) -> DataFrame:
        """Give the discovered fields of a group, most frequent first.

        A row each: name, share (0 to 1) of the events that have it, types seen, distinct values
        (approximate), examples, and whether its values are of several types.
        """
        return listing(self.store.field_statistics(arguments.group_name(group)), FIELDS)

    def patterns(self, group: str, start: Any = None, end: Any = None) -> DataFrame:
        """Give the patterns of a group's messages, most frequent first.

        A row each: `@pattern`, `@sampleCount`, `@ratio` and `@severityLabel`, as `pattern @message`
        gives them, at most 100,000. `start` and `end` are as those of `query`.
        """
        name = arguments.group_name(group)
        return self.query("pattern @message | limit 100000", name, start, end).df

    # Events in

    def put(self, group: str, stream: str, events: Iterable[tuple[Any, str | bytes]]) -> Any:
        """Store events, (time, message) each; they are durable when this returns.

        Makes the group and the stream where they are absent. Times as `times.to_ms` reads them.
        Gives how many were accepted and which were refused, and why.
        """
        now = self.clock.now_ms()
        pairs = arguments.event_pairs(events)
        times = [to_ms(when, now) for when, _ in pairs]
        messages = [message for _, message in pairs]
        try:
            batch = event_batch(times, messages, arguments.stream_name(stream))
        except TypeError:
            raise arguments.no_messages(messages) from None
        if batch.message.null_count:
            raise arguments.no_messages(messages)
        return self.store.put(group, batch)

    def load(self, what: Any, *, group: str, **options: Any) -> LoadReport:
        """Load files, globs, folders, URLs, file objects, DataFrames or lists of dicts.

        Options: `stream`, `format`, `tz`, `pattern` (of a record's first line), `time_field` and
        `time_format` (where the time stands, and its form), `unwrap` (the field `log` of JSON
        records, as Docker and Fluent Bit write them, is the message), `again` (load the same
        content once more), `complete` (load an unfinished last line too), `log_type`, `deliver`
        (False: tails and subscriptions never see these events), `progress`. All or nothing for each
        file; the report counts every record. See `cwnb.sources.load`.
        """
        if options.get("stream") is not None:
            arguments.stream_name(options["stream"])
        from cwnb import sources

        arguments.check_names(options, sources.load)
        return sources.load(self.store, what, group=group, **options)

    def loads(self, group: str) -> DataFrame:
        """Give the files that were loaded into a group, a row each, oldest first.

        `load` is what `unload` takes; files that were loaded together share it.
        """
        return listing(self.store.load_records(arguments.group_name(group)), LOADS)

    def unload(self, load: LoadReport | str, *, group: str | None = None) -> int:
        """Take a load back, which was into the wrong group, say, or of the wrong time zone.

        `load`: the report of the load, or its id and the `group` (see `loads`). Its events go, and
        the files can be loaded again. Gives how many events went. Raises ResourceNotFound, and
        InvalidParameter where a later load goes on where this one ended.
        """
        if not isinstance(load, str):
            group, load = load.group, load.id
        if group is None:
            raise InvalidParameter("say the log group of the load too: group='/shop/web'")
        return self.store.unload(arguments.group_name(group), load)

    # Queries

    @arguments.named_arguments
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

        A query that names its log groups by SOURCE has no `groups`. `start` and `end` (which is not
        included) are times as `times.to_ms` reads them, by default all there is: the settings of
        cells and of the command line do not count here. `strict` refuses what the service's
        documentation does not allow.
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
        arguments.check_names(options, Logs.query)
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
        named = [] if groups is None else arguments.group_names(groups)
        parsed = parse(text, language, self.store.saved_query)
        if named and parsed.names_groups:
            raise InvalidParameter(
                "the query names its log groups by SOURCE, so 'groups' has nothing to choose; "
                "leave out one of the two"
            )
        if not named and not parsed.names_groups:
            said, saved = groups_of_calls(parsed, self.store.saved_query)
            known = f"{said}: hand them in as groups={saved}" if said else self._known()
            raise InvalidParameter(
                f"name a log group, as in groups=['/a', '/b/*'] or by SOURCE; {known}"
            )
        sources = StoreSources(self.store, named, parsed.selectors(), parsed.tables())
        now_ms = self.clock.now_ms()
        return running_query(
            text, parsed, sources, read_window(start, end, now_ms), now_ms, **options
        )

    def _known(self) -> str:
        names = [group.name for group in self.store.groups()]
        shown = ", ".join(names[:_GROUPS_NAMED]) + ", …" * (len(names) > _GROUPS_NAMED)
        return f"this store has {shown}" if names else "this store has none yet"

    @arguments.named_arguments
    def explore(
        self,
        groups: str | Sequence[str] | None = None,
        text: str | None = None,
        start: Any = None,
        end: Any = None,
        *,
        language: str = "ql",
        limit: int | None = None,
    ) -> Explorer:
        """Open the explorer in a notebook: log groups, fields, times, an editor and answers.

        It begins with these groups, text and times, which are those of `query`. What is not said is
        that of `%config Cwnb`, if `%load_ext cwnb` was run. Raises ResourceNotFound,
        InvalidParameter.
        """
        from cwnb.notebook.explore import explore

        named = [] if groups is None else arguments.group_names(groups)
        most = arguments.row_limit(limit)
        return explore(self, named, text, start, end, language=language, limit=most)

    @arguments.named_arguments
    def live_tail(
        self,
        groups: str | Sequence[str],
        pattern: str = "",
        streams: str | Sequence[str] | None = None,
        since: Any = None,
    ) -> TailView:
        """Follow log groups in a notebook: a table of the newest events, which ends with its cell.

        The arguments are those of `tail`. The kernel stays free. The table shows at most 500 events
        a second and counts the others; it has a box for the filter pattern, and is paused and
        stopped by buttons, or by `pause()`, `go_on()` and `close()`. Raises ResourceNotFound,
        MalformedPattern, InvalidParameter.
        """
        from cwnb.notebook.widgets.tail import TailView

        names = arguments.group_names(groups)
        tail = self.tail(names, pattern, streams, since)
        return TailView(tail, ", ".join(names), pattern)

    # Filter patterns

    @arguments.named_arguments
    def filter_events(
        self,
        groups: str | Sequence[str],
        pattern: str | FilterPattern = "",
        start: Any = None,
        end: Any = None,
        *,
        streams: str | Sequence[str] | None = None,
    ) -> FilteredEvents:
        """Give the events that match a filter pattern, oldest first, and read them bit by bit.

        An iterable of DataFrames of at most 10,000 rows, whose `df` has all. The pattern is one of
        metric filters and FilterLogEvents: `ERROR -timeout`, `{ $.status >= 500 }`,
        `[ip, ..., status = 5*, size]`, `%time.?out%`. `groups`, `start` and `end` are those of
        `query`; `streams` names log streams, where a trailing `*` is a prefix too.
        Raises MalformedPattern, ResourceNotFound, InvalidParameter.
        """
        from cwnb.filter_pattern import FilterPattern
        from cwnb.filtered_events import FilteredEvents, check_streams

        read = pattern if isinstance(pattern, FilterPattern) else FilterPattern.parse(pattern)
        named = arguments.group_names(groups)
        if not named:
            raise InvalidParameter(
                f"name a log group, as in groups=['/a', '/b/*']; {self._known()}"
            )
        window = read_window(start, end, self.clock.now_ms())
        wanted = arguments.stream_names(streams)
        snapshot = self.store.snapshot(named)
        check_streams(self.store, [group.name for group in snapshot.groups], wanted)
        return FilteredEvents(read, snapshot, lambda: self.store.snapshot(named), window, wanted)

    # Single events

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
        before, after = map(arguments.number_of_events, (before, after))
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

    # Saved queries

    def save_query(
        self,
        name: str,
        text: str,
        groups: str | Sequence[str] = (),
        parameters: dict[str, Any] | None = None,
    ) -> None:
        """Save a query in the store, in the place of one with the same name; `/` makes folders.

        `groups` are the log groups to ask. `parameters` gives the names that stand as `{{name}}` in
        the text, each with its default value. Raises InvalidParameter, StoreReadOnly.
        """
        named = arguments.group_names(groups)
        now_ms = self.clock.now_ms()
        self.store.save_query(SavedQuery(name, text, named, dict(parameters or {}), now_ms))

    def saved_queries(self) -> DataFrame:
        """Give the saved queries by name, a row each: name, text, groups, parameters, saved."""
        return listing(self.store.saved_queries(), SAVED_QUERIES)

    def saved_query(self, name: str) -> SavedQuery:
        """Give one saved query, with `text`, `groups` and `parameters`; raises ResourceNotFound."""
        return self.store.saved_query(name)

    def delete_query(self, name: str) -> None:
        """Delete a saved query; raises ResourceNotFound."""
        self.store.delete_query(name)

    # Lookup tables

    def put_lookup(self, name: str, table: Any) -> None:
        """Keep a table that queries can `lookup`, in the place of one with the same name.

        `table`: a DataFrame or any table that `cwnb.query` takes, or the path of a CSV file with a
        header, whose values stay texts. At most 10 MB of text each, and 100 tables. Raises
        InvalidParameter, StoreReadOnly.
        """
        from cwnb.lookup_tables import read_table, text_bytes

        held = read_table(table)
        self.store.put_lookup(name, held, text_bytes(held))

    def lookups(self) -> DataFrame:
        """Give the lookup tables by name, a row each: name, rows, columns, bytes, saved."""
        return listing(self.store.lookups(), LOOKUPS)

    def delete_lookup(self, name: str) -> None:
        """Delete a lookup table; raises ResourceNotFound."""
        self.store.delete_lookup(name)

    # Maintenance

    def flush(self, group: str | None = None) -> None:
        """Turn recent batches into segments now; a thread also does this in the background."""
        self.store.flush(arguments.one_or_all(group))

    def compact(self, group: str | None = None) -> None:
        """Merge small segments now; a thread also does this in the background."""
        self.store.compact(arguments.one_or_all(group))

    def sweep(self, group: str | None = None) -> None:
        """Delete expired events now; a thread also does this in the background."""
        self.store.sweep(arguments.one_or_all(group))

    def backup(self, target: str | os.PathLike[str], *, link: bool = False) -> None:
        """Copy the store into a new or empty folder, while others go on writing to it.

        The copy opens with the same key. `link`: make hard links of what never changes, which is
        quick, takes no room, and needs the same disk.
        """
        self.store.backup(target, link=link)


__all__ = ["Logs", "open"]
