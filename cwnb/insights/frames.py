"""Any DataFrame as a log group: its columns are the fields, its rows the events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import ResourceNotFound
from cwnb.events import (
    MESSAGE,
    SEQUENCE,
    SYSTEM_FIELDS,
    TIMESTAMP,
    Condition,
    Extent,
    Scan,
    Window,
)
from cwnb.insights import functions, values
from cwnb.insights.values import structures
from cwnb.memo import memo
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cwnb.events import GroupSelector, Need, Source

# Rows of one task: as many as a row group of a segment has at most.
TASK_ROWS = 250_000
SLICE_ROWS = 8_192


@dataclass(frozen=True)
class RareFields:
    """Fields that few rows have, and that get a column only when a query reads them.

    `read(rest, name)` gives the column of one of the `names`, None where no row of `rest` has it.
    """

    rest: Any
    names: frozenset[str]
    read: Callable[[Any, str], Any]

    def column(self, name: str) -> Any:
        """Give the column of a field; None if no row has it."""
        return self.read(self.rest, name) if name in self.names else None

    def slice(self, start: int, rows: int) -> RareFields:
        """Give those of a range of rows."""
        return RareFields(self.rest.slice(start, rows), self.names, self.read)

    def take(self, order: Any) -> RareFields:
        """Give those of the rows in another order."""
        return RareFields(self.rest.take(order), self.names, self.read)


@dataclass
class FrameReader:
    """The rows of one task of a frame."""

    held: dict[str, Any]
    rows: int
    rare: RareFields | None = None
    bytes_read: int = 0

    def columns(self, names: Sequence[str]) -> dict[str, Any]:
        """Give columns with all rows; a name may also lead into a structure (`a.b`)."""
        found = {}
        for name in names:
            array = self._find(name)
            if array is not None:
                found[name] = array
                self.bytes_read += int(array.nbytes)
        return found

    def take(self, names: Sequence[str], rows: np.ndarray[Any, Any]) -> dict[str, Any]:
        """Give some rows of the columns."""
        where = pa.array(rows)
        return {name: array.take(where) for name, array in self.columns(names).items()}

    def event(self, row: int) -> dict[str, Any]:
        """Give every field of one row."""
        held = {name: array.slice(row, 1) for name, array in self.held.items()}
        if self.rare is not None:
            here = self.rare.slice(row, 1)
            found = {name: here.column(name) for name in here.names - held.keys()}
            held |= {
                n: pa.array(structures.to_python(a)) for n, a in found.items() if a is not None
            }
        return held

    def documents(self, messages: Any) -> Any:
        """Give the messages, in which the fields of a frame are found as they are."""
        return messages

    def candidates(self, need: Need) -> None:  # noqa: ARG002
        """Give nothing: a frame has no index."""
        return

    def summary(self, name: str) -> None:  # noqa: ARG002
        """Give nothing: rows in memory are read."""
        return

    def message_slices(
        self,
        wanted: np.ndarray[Any, Any] | None = None,  # noqa: ARG002
    ) -> Iterator[Any]:
        """Give all messages in order, some thousands at a time."""
        message = self.held.get(MESSAGE)
        if message is not None:
            for start in range(0, self.rows, SLICE_ROWS):
                yield message.slice(start, SLICE_ROWS)

    def _find(self, name: str) -> Any:
        if name in self.held:
            return self.held[name]
        parts = name.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            stem = self.held.get(".".join(parts[:cut]))
            if stem is not None and values.holds_structures(stem):
                return functions.access(stem, parts[cut:])
        return None if self.rare is None else self.rare.column(name)


@dataclass
class FrameTask:
    """A range of a frame's rows."""

    held: dict[str, Any]
    log: str
    first_ms: int
    last_ms: int
    rows: int
    message_bytes: int
    # Tasks of one frame follow each other in order of time and sequence.
    segment: str = "frame"
    rare: RareFields | None = None

    def open(self) -> FrameReader:
        """Give a reader of the rows."""
        return FrameReader(self.held, self.rows, self.rare)

    def memory(self) -> None:
        """None: a frame may be changed between two queries."""


class FrameSources:
    """The sources of a query over a DataFrame, and over other frames that are its log groups."""

    def __init__(self, source: Source, groups: dict[str, Source] | None = None) -> None:
        self._source = source
        self._groups = groups or {}

    @property
    def source(self) -> Source:
        """Give the frame as a source."""
        return self._source

    def open(self, selectors: Sequence[GroupSelector] | None = None) -> Source:
        """Give the frame, or the frames of these names.

        Raises ResourceNotFound, also for what only the groups of a store have, such as tags.
        """
        if selectors is None:
            return self.source
        names = [name for one in selectors for name in self._names(one)]
        found = [self.group(name) for name in dict.fromkeys(names)]
        return found[0] if len(found) == 1 else SourcesTogether(found)

    def group_names(self) -> list[str]:
        """Name the other frames."""
        return list(self._groups)

    def group(self, name: str) -> Source:
        """Give one of the other frames."""
        return self._groups[name]

    def _names(self, selector: GroupSelector) -> list[str]:
        known = self.group_names()
        if not known:
            raise ResourceNotFound(
                "a frame has no log groups; hand other frames in by name: groups={'/a': frame}"
            )
        if selector.tags or selector.accounts or selector.data_sources:
            raise ResourceNotFound("frames have names, and no tags, accounts or data sources")
        if selector.names:
            for name in selector.names:
                if name not in known:
                    there = f"there is {', '.join(known)}"
                    near = suggestion(name, known, cutoff=0.5, otherwise=there)
                    raise ResourceNotFound(f"no frame of 'groups' is named {name!r}{near}")
            return list(selector.names)
        found = [n for n in known if not selector.prefixes or n.startswith(selector.prefixes)]
        if not found:
            prefixes = " or ".join(map(repr, selector.prefixes))
            raise ResourceNotFound(f"no frame of 'groups' begins with {prefixes}")
        return found

    def table(self, name: str) -> Any:
        """Raise ResourceNotFound: a frame comes without lookup tables."""
        raise ResourceNotFound(f"there is no lookup table {name!r}")

    def rows_to_prepare(self) -> int:
        """Give 0, because the columns are in memory."""
        return 0

    def prepare(self) -> None:
        """Do nothing, because the columns are in memory."""

    def again(self) -> FrameSources:
        """Give the same sources, because a frame does not change."""
        return self


class SourcesTogether:
    """Several sources as one: it has the events of all."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources

    def scan(self, columns: Sequence[str], window: Window, conditions: Sequence[Condition]) -> Scan:
        """Hand out the tasks of all, newest first."""
        scans = [source.scan(columns, window, conditions) for source in self._sources]
        tasks = [task for scan in scans for task in scan.tasks]
        tasks.sort(key=lambda task: (task.last_ms, task.first_ms), reverse=True)
        return Scan(
            tuple(tasks),
            sum(scan.skipped_rows for scan in scans),
            sum(scan.skipped_bytes for scan in scans),
            sum(scan.groups for scan in scans),
        )

    def field_names(self) -> set[str]:
        """Name the fields of all."""
        return set().union(*(source.field_names() for source in self._sources))

    def has_field(self, name: str) -> bool:
        """Tell whether one of them may have this field."""
        return any(source.has_field(name) for source in self._sources)

    def has_children(self, name: str) -> bool:
        """Tell whether one of them may have a field below this name."""
        return any(source.has_children(name) for source in self._sources)

    def cut_events(self, name: str) -> int:
        """Give how many events may have lost this field."""
        return sum(source.cut_events(name) for source in self._sources)

    def extent(self, window: Window) -> Extent | None:
        """Give the times of all events, and how many may lie in a window."""
        found: Extent | None = None
        for source in self._sources:
            extent = source.extent(window)
            found = found if extent is None else extent | found
        return found


class FrameSource:
    """Columns in memory as a source of events."""

    def __init__(
        self,
        columns: dict[str, Any],
        *,
        name: str = "frame",
        rare: RareFields | None = None,
        cut_messages: int = 0,
    ) -> None:
        """Take the columns that `columns_of_frame` gives, and fields that have no column.

        `cut_messages`: how many messages have more fields than are extracted from one.
        """
        self.name = name
        self._cut_messages = cut_messages
        self._rare = rare
        time = columns[TIMESTAMP].cast(pa.int64()).fill_null(0)
        self._times = np.asarray(time)
        order = np.lexsort((np.asarray(columns[SEQUENCE]), self._times))
        if not np.array_equal(order, np.arange(len(order))):
            columns = {n: array.take(pa.array(order)) for n, array in columns.items()}
            self._rare = None if rare is None else rare.take(pa.array(order))
            self._times = self._times[order]
        self._columns = columns

    def scan(
        self,
        columns: Sequence[str],  # noqa: ARG002
        window: Window,
        conditions: Sequence[Condition],  # noqa: ARG002
    ) -> Scan:
        """Hand out ranges of rows, newest first."""
        low, high = np.searchsorted(self._times, [window.start_ms, window.end_ms])
        tasks = []
        for start in range(int(low), int(high), TASK_ROWS):
            rows = min(TASK_ROWS, int(high) - start)
            held = {n: array.slice(start, rows) for n, array in self._columns.items()}
            message = held.get(MESSAGE)
            size = 0
            if message is not None:
                size = int(pc.sum(pc.binary_length(message)).as_py() or 0)
            first, last = int(self._times[start]), int(self._times[start + rows - 1])
            rare = None if self._rare is None else self._rare.slice(start, rows)
            tasks.append(FrameTask(held, self.name, first, last, rows, size, self.name, rare))
        if not len(self._times):
            # It has no rows, and shows of which types the columns are.
            tasks.append(FrameTask(self._columns, self.name, 0, 0, 0, 0, self.name))
        return Scan(tuple(reversed(tasks)), skipped_rows=len(self._times) - int(high - low))

    def field_names(self) -> set[str]:
        """Name the fields that are no system fields."""
        rare = self._rare.names if self._rare is not None else frozenset()
        return {n for n in {*self._columns, *rare} if n not in {*SYSTEM_FIELDS, SEQUENCE}}

    def has_field(self, name: str) -> bool:
        """Tell whether some row may have this field."""
        if name in self._columns or (self._rare is not None and name in self._rare.names):
            return True
        parts = name.split(".")
        stems = [".".join(parts[:cut]) for cut in range(1, len(parts))]
        held = [self._columns[stem] for stem in stems if stem in self._columns]
        return any(map(values.holds_structures, held))

    def has_children(self, name: str) -> bool:
        """Tell whether some row may have a field below this name."""
        return name in self._stems

    @memo
    def _stems(self) -> set[str]:
        rare = self._rare.names if self._rare is not None else frozenset()
        dotted = (n for n in {*self._columns, *rare} if "." in n)
        return {n[:place] for n in dotted for place in range(1, len(n)) if n[place] == "."}

    def cut_events(self, name: str) -> int:
        """Give how many rows may have lost this field, as their message has too many."""
        column = self._columns.get(name)
        lacking = self._cut_messages if column is None else column.null_count
        return min(self._cut_messages, int(lacking))

    def extent(self, window: Window) -> Extent | None:
        """Give the times of all rows that have one, and how many rows lie in a window."""
        ends = pc.min_max(self._columns[TIMESTAMP].cast(pa.int64())).as_py()
        if ends["min"] is None:
            return None
        low, high = np.searchsorted(self._times, [window.start_ms, window.end_ms])
        return Extent(ends["min"], ends["max"], int(high - low))
