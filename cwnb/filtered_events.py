"""The events of a store that match a filter pattern, in order of time, some at a time."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import ResourceNotFound, SnapshotExpired
from cwnb.events import (
    ALL_TIME,
    INGESTION_TIME,
    LOG,
    LOG_STREAM,
    MESSAGE,
    POINTER,
    SEQUENCE,
    TIMESTAMP,
    Condition,
)
from cwnb.insights import worker_count
from cwnb.memo import memo
from cwnb.nearest import suggestion
from cwnb.regex import matches
from cwnb.results.arrow_columns import data_frame, portable_column
from cwnb.window import window_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pandas import DataFrame

    from cwnb.events import Reader, Task, Window
    from cwnb.filter_pattern import FilterPattern
    from cwnb.store import Snapshot, Store

    Mask = np.ndarray[Any, np.dtype[np.bool_]]
    Rows = np.ndarray[Any, np.dtype[np.int64]]

PAGE_ROWS = 10_000
COLUMNS = (TIMESTAMP, MESSAGE, LOG_STREAM, LOG, INGESTION_TIME, POINTER)
_MS = pa.timestamp("ms", "UTC")
_TYPES = {TIMESTAMP: _MS, INGESTION_TIME: _MS, SEQUENCE: pa.int64()}
_SCHEMA = pa.schema([(name, _TYPES.get(name, pa.string())) for name in (*COLUMNS, SEQUENCE)])
# Rows of which the messages that may match are read together.
_AT_ONCE = 32_768
# Tasks that are begun for each thread before the first of them is needed.
_AHEAD = 2
# A replaced file stays for an hour. Whoever reads for longer goes on with a new snapshot. Tries in
# all without an event.
_TRIES = 3


class FilteredEvents:
    """Events that match a filter pattern, oldest first, as DataFrames of at most 10,000 rows.

    >>> for page in logs.filter_events("/shop/web", "ERROR -timeout"):
    ...     print(page["@message"])
    >>> logs.filter_events("/shop/web", "{ $.status >= 500 }", start="-1h").df

    Columns: `@timestamp`, `@message`, `@logStream`, `@log`, `@ingestionTime` and `@ptr`. Events are
    read as pages are asked for, and only those that the groups had when this was made; each loop
    begins anew.
    """

    def __init__(
        self,
        pattern: FilterPattern,
        snapshot: Snapshot,
        again: Callable[[], Snapshot],
        window: Window,
        streams: Sequence[str] = (),
    ) -> None:
        self.pattern = pattern
        self._snapshot = snapshot
        self._again = again  # gives a snapshot of the same groups as they are now
        self._window = window
        self._streams = tuple(streams)

    def __iter__(self) -> Iterator[DataFrame]:
        """Give the next events as a DataFrame of 1 to 10,000 rows."""
        for table in self.tables():
            yield frame_of(table)

    @memo
    def df(self) -> DataFrame:
        """All events in one DataFrame."""
        return frame_of(pa.concat_tables([_SCHEMA.empty_table(), *self.tables()]))

    @property
    def window(self) -> str:
        """The times that were asked about."""
        extent = self._snapshot.extent(ALL_TIME) if self._window == ALL_TIME else None
        return window_text(self._window, extent)

    def __repr__(self) -> str:
        groups = ", ".join(group.name for group in self._snapshot.groups)
        return f"<FilteredEvents {self.pattern.text!r} of {groups}: {self.window}>"

    def tables(self) -> Iterator[pa.Table]:
        """Give the next events as Arrow tables of 1 to 10,000 rows; they have `@sequence` too."""
        snapshot, window, tries = self._snapshot, self._window, _TRIES
        while True:
            merge = _Merge()
            try:
                for table in self._read(snapshot, window, merge):
                    tries = _TRIES
                    yield table
            except SnapshotExpired:
                tries -= 1
                if not tries:
                    raise
                # All events before this time have been given, and none after it.
                window = replace(window, start_ms=max(window.start_ms, merge.complete_ms))
                snapshot = self._again()
            else:
                return

    def _read(self, snapshot: Snapshot, window: Window, merge: _Merge) -> Iterator[pa.Table]:
        """Read tasks in order of their first event, several at once, and give what is complete."""
        whole = frozenset(self._streams)
        prefixes = any(name.endswith("*") for name in whole)
        conditions = [Condition(LOG_STREAM, whole)] if whole and not prefixes else []
        scan = snapshot.scan([MESSAGE], window, conditions)
        tasks = sorted(scan.tasks, key=lambda task: (task.first_ms, task.last_ms))
        search = _Search(self.pattern, self._streams, Flag())
        workers = worker_count()
        pool = ThreadPoolExecutor(workers, thread_name_prefix="cwnb-filter")
        begun: deque[Any] = deque()
        try:
            for number in range(len(tasks)):
                while len(begun) < workers * _AHEAD and number + len(begun) < len(tasks):
                    begun.append(pool.submit(search, tasks[number + len(begun)]))
                merge.add(begun.popleft().result())
                last = number + 1 == len(tasks)
                yield from merge.up_to(ALL_TIME.end_ms if last else tasks[number + 1].first_ms)
        finally:
            search.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class _Search:
    """Finds the events of a task that match, on a thread of its own."""

    pattern: FilterPattern
    streams: tuple[str, ...]
    stopped: Flag

    def __call__(self, task: Task) -> pa.Table:
        """Give the events in order of time and sequence."""
        reader = task.open()
        wanted = None
        if self.streams:
            wanted = _of_streams(reader.columns([LOG_STREAM])[LOG_STREAM], self.streams)
            if not wanted.any():
                return _SCHEMA.empty_table()
        rows, texts = [], []
        for numbers, messages in self._candidates(reader, wanted):
            if self.stopped.is_set():
                break
            here = np.flatnonzero(self.pattern.matches(messages))
            if len(here):
                rows.append(numbers[here])
                whole = len(here) == len(messages)
                texts.append(messages if whole else messages.take(pa.array(here)))
        if not rows:
            return _SCHEMA.empty_table()
        others = [name for name in _SCHEMA.names if name != MESSAGE]
        found: dict[str, Any] = {
            name: portable_column(column)
            for name, column in reader.take(others, np.concatenate(rows)).items()
        }
        found[MESSAGE] = pa.chunked_array(texts, pa.string())
        return pa.table({name: found[name] for name in _SCHEMA.names}, schema=_SCHEMA)

    def _candidates(self, reader: Reader, wanted: Mask | None) -> Iterator[tuple[Rows, pa.Array]]:
        """Give the messages that may match, with the numbers of their rows, some at a time."""
        pattern = self.pattern
        columns = reader.columns(sorted(pattern.columns)) if pattern.columns else {}
        may = pattern.possible(columns, reader.rows) if columns else None
        if pattern.doubt is None and (may is not None or wanted is not None):
            chosen = _both(may, wanted)
            numbers = np.flatnonzero(chosen)
            cuts = np.searchsorted(numbers, np.arange(_AT_ONCE, reader.rows, _AT_ONCE))
            for some in np.split(numbers, cuts):
                if len(some):
                    yield some, reader.take([MESSAGE], some)[MESSAGE]
            return
        start = 0
        for part in reader.message_slices():
            end = start + len(part)
            keep = None if wanted is None else wanted[start:end]
            if may is not None and pattern.doubt is not None:
                in_doubt = np.asarray(matches(part, pattern.doubt))
                keep = _both(may[start:end] | in_doubt, keep)
            numbers = np.arange(start, end)
            if keep is None:
                yield numbers, part
            else:
                yield numbers[keep], part.filter(pa.array(keep))
            start = end


def _both(one: Mask | None, other: Mask | None) -> Mask:
    if one is None or other is None:
        found = other if one is None else one
        assert found is not None
        return found
    return one & other


class _Merge:
    """Puts the events of tasks whose times overlap into one order.

    `complete_ms`: all events before this time have been given.
    """

    def __init__(self) -> None:
        self.complete_ms = ALL_TIME.start_ms
        self._waiting: list[pa.Table] = []

    def add(self, events: pa.Table) -> None:
        """Take the events of one task."""
        if len(events):
            self._waiting.append(events)

    def up_to(self, end_ms: int) -> Iterator[pa.Table]:
        """Give all events before this time, in order; no task to come has one of them."""
        ready = [table for table in self._waiting if _first_ms(table) < end_ms]
        if ready:
            self._waiting = [table for table in self._waiting if _first_ms(table) >= end_ms]
            events = _in_order(ready)
            count = int(np.searchsorted(_times(events), end_ms))
            self.add(events.slice(count))
            for start in range(0, count, PAGE_ROWS):
                yield events.slice(start, min(PAGE_ROWS, count - start))
        self.complete_ms = end_ms


def _in_order(tables: list[pa.Table]) -> pa.Table:
    events = pa.concat_tables(tables)
    if len(tables) == 1:
        return events
    order = np.lexsort((np.asarray(events[SEQUENCE]), _times(events)))
    return events.take(order)


def _first_ms(table: pa.Table) -> int:
    first: int = table[TIMESTAMP].cast(pa.int64())[0].as_py()
    return first


def _times(table: pa.Table) -> Rows:
    return np.asarray(table[TIMESTAMP].cast(pa.int64()))


def _of_streams(streams: pa.Array, wanted: Sequence[str]) -> Mask:
    """Tell which events are of these streams; a trailing `*` of a name is a prefix."""
    coded = streams if pa.types.is_dictionary(streams.type) else streams.dictionary_encode()
    names = coded.dictionary.to_pylist()
    chosen = np.array([any(_means(one, name) for one in wanted) for name in names], bool)
    return chosen[np.asarray(coded.indices)] if len(names) else np.zeros(len(coded), bool)


def _means(wanted: str, name: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


def check_streams(store: Store, groups: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise ResourceNotFound for the first name that means no stream of these groups."""
    if not wanted:
        return
    known = {stream.name for group in groups for stream in store.streams(group)}
    for name in wanted:
        if not any(_means(name, one) for one in known):
            near = suggestion(name.rstrip("*"), known, cutoff=0.5)
            kind = "matches" if name.endswith("*") else "is named"
            raise ResourceNotFound(f"no log stream of these groups {kind} {name!r}{near}")


def frame_of(table: pa.Table) -> DataFrame:
    """Give a DataFrame of the columns that users see."""
    columns = {
        name: table[name].chunks or [pa.array([], _SCHEMA.field(name).type)] for name in COLUMNS
    }
    return data_frame(columns, len(table))


def empty_table() -> pa.Table:
    """Give a table without events, with the columns that users see."""
    return _SCHEMA.empty_table().select(COLUMNS)
