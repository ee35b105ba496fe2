"""Any DataFrame as a log group: its columns are the fields, its rows the events."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.events import (
    INGESTION_TIME,
    LOG,
    LOG_STREAM,
    MESSAGE,
    POINTER,
    SEQUENCE,
    SYSTEM_FIELDS,
    TIMESTAMP,
    TYPE_BOOLEAN,
    TYPE_FLOAT,
    TYPE_INTEGER,
    TYPE_STRING,
    Condition,
    Extent,
    Scan,
    Window,
    mixed_type,
)
from cwnb.insights import functions, values
from cwnb.insights.values import structures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pandas import DataFrame

    from cwnb.events import Source

# Rows of one task: as many as a row group of a segment has at most.
TASK_ROWS = 250_000
SLICE_ROWS = 8_192
# Usual names of the column of messages in a DataFrame, the service's own first.
_MESSAGE_NAMES = (MESSAGE, "message", "msg")
# How many units of an Arrow timestamp a millisecond has; seconds are cast.
_UNITS_IN_MS = {"ms": 1, "us": 1_000, "ns": 1_000_000}


def as_frame(rows: Any) -> DataFrame:
    """Give rows in memory as a DataFrame; named levels of its index are columns of it.

    `rows`: a DataFrame of pandas or polars, a table of Arrow, a QueryResult, a list of dicts. An
    index of times is the column `@timestamp` if there is none. Raises InvalidParameter for others.
    """
    import pandas as pd

    if isinstance(rows, pd.DataFrame):
        # A copy, so that changes which the user makes from here on do not reach the query.
        return _with_index(rows.copy(deep=False))
    if hasattr(rows, "__arrow_c_stream__") and not isinstance(rows, pd.Series):
        frame: DataFrame = pa.table(rows).to_pandas(types_mapper=pd.ArrowDtype)
        return frame
    if isinstance(rows, list | tuple) and all(isinstance(row, Mapping) for row in rows):
        names = dict.fromkeys(name for row in rows for name in row)
        # As objects: pandas would turn integers beside a missing value into floats.
        held = {n: pd.Series([row.get(n) for row in rows], dtype=object) for n in names}
        return pd.DataFrame(held, index=pd.RangeIndex(len(rows)))
    raise InvalidParameter(
        f"a {type(rows).__name__} is no table; give a DataFrame, an Arrow table or a list of dicts"
    )


def _with_index(frame: DataFrame) -> DataFrame:
    import pandas as pd

    for level, name in enumerate(frame.index.names):
        values = frame.index.get_level_values(level)
        if pd.api.types.is_datetime64_any_dtype(values.dtype) and TIMESTAMP not in frame.columns:
            frame.insert(0, TIMESTAMP, values)
        if name is not None and name not in frame.columns:
            frame.insert(0, name, values)
    return frame.reset_index(drop=True)


def columns_of_frame(
    frame: DataFrame,
    *,
    name: str = "frame",
    read_times: Callable[[dict[str, Any]], Any] | None = None,
    notes: list[str] | None = None,
) -> dict[str, Any]:
    """Give a frame's columns as Arrow arrays in the engine's types, with the system fields.

    `read_times` gives the time of each row by the columns, or None if there is none; without it,
    `@timestamp` has them. The message is `@message`, else `message` or `msg`; a frame without one
    gets none. `@sequence` is the row number. A column of a type that no field can have is left out,
    and a sentence about it is added to `notes`; without `notes` it raises InvalidParameter.
    """
    columns = _readable_columns(frame, notes)
    rows = len(frame)
    times = columns.get(TIMESTAMP) if read_times is None else read_times(columns)
    columns[TIMESTAMP] = values.to_time(pa.nulls(rows) if times is None else times)
    message = next((n for n in _MESSAGE_NAMES if n in columns), None)
    if message is not None and MESSAGE not in columns:
        columns[MESSAGE] = columns[message]
    if MESSAGE in columns:
        columns[MESSAGE] = values.to_text(columns[MESSAGE])
    if SEQUENCE not in columns:
        columns[SEQUENCE] = pa.array(np.arange(rows, dtype=np.int64))
    constant = pa.array(np.zeros(rows, dtype=np.int32))
    for field, text in ((LOG_STREAM, name), (LOG, name)):
        if field not in columns:
            columns[field] = pa.DictionaryArray.from_arrays(constant, pa.array([text]))
    columns.setdefault(INGESTION_TIME, columns[TIMESTAMP])
    columns.setdefault(POINTER, pc.cast(columns[SEQUENCE], pa.string()))
    return columns


def _readable_columns(frame: DataFrame, notes: list[str] | None) -> dict[str, Any]:
    labels = [str(label) for label in frame.columns]
    if len(set(labels)) < len(labels):
        twice = [label for label in labels if labels.count(label) > 1]
        raise InvalidParameter(f"two columns of the frame are called {twice[0]!r}")
    columns = {}
    for i, label in enumerate(labels):
        try:
            columns[label] = _column(frame.iloc[:, i], label)
        except (InvalidParameter, TypeError, ValueError, NotImplementedError, OverflowError) as why:
            kind = f"column {label!r} has type {frame.iloc[:, i].dtype}, which no field can have"
            wrong = why if isinstance(why, InvalidParameter) else InvalidParameter(kind)
            if notes is None:
                raise wrong from None
            notes.append(f"{wrong}; it is left out")
    return columns


def _column(series: Any, label: Any) -> Any:
    import pandas as pd

    if isinstance(series.dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
    array = pa.Array.from_pandas(series) if series.dtype != object else _objects(series, label)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return engine_type(array, label)


def engine_type(array: Any, label: Any) -> Any:
    """Give an Arrow array in a type of the engine; `label` names its column in an error."""
    kind = array.type
    types = pa.types
    if types.is_dictionary(kind):
        if types.is_string(kind.value_type) and types.is_int32(kind.index_type):
            return array
        return engine_type(array.dictionary_decode(), label)
    if kind == mixed_type() or values.is_structure(array.type) or types.is_null(kind):
        return array
    if types.is_boolean(kind) or types.is_int64(kind) or types.is_string(kind):
        return array
    if types.is_float64(kind):
        return pc.if_else(pc.is_nan(array), pa.scalar(None, kind), array)
    if types.is_integer(kind):
        return _integers(array)
    if types.is_floating(kind) or types.is_decimal(kind):
        return engine_type(array.cast(pa.float64()), label)
    if types.is_large_string(kind) or types.is_string_view(kind):
        return array.cast(pa.string())
    if types.is_timestamp(kind) or types.is_date(kind):
        return _times(array)
    if types.is_struct(kind) or types.is_list(kind) or types.is_map(kind):
        return structures.structure_array(array.to_pylist())
    if types.is_binary(kind) or types.is_large_binary(kind):
        return pa.array([b if b is None else b.decode(errors="replace") for b in array.to_pylist()])
    raise InvalidParameter(f"column {label!r} has type {kind}, which no field can have")


def _integers(array: Any) -> Any:
    """Give int64, or a mixed column where an unsigned integer is beyond it."""
    try:
        return array.cast(pa.int64())
    except pa.ArrowInvalid:
        codes = pa.array(np.full(len(array), TYPE_INTEGER, dtype=np.int8))
        return values.mixed_array(array.cast(pa.string()), codes)


def _times(array: Any) -> Any:
    """Give times in milliseconds, rounded down; missing outside the years 1 to 9999."""
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("ms"))
    unit = array.type.unit
    if unit not in _UNITS_IN_MS:
        array, unit = array.cast(pa.timestamp("ms", array.type.tz)), "ms"
    units = array.cast(pa.int64())
    whole = units.fill_null(0).to_numpy(zero_copy_only=False) // _UNITS_IN_MS[unit]
    missing = units.is_null().to_numpy(zero_copy_only=False) if units.null_count else None
    milliseconds = pa.array(whole, mask=missing)
    if values.in_calendar(whole):
        return milliseconds.cast(values.TIME)
    return values.to_time(milliseconds)


def _objects(series: Any, label: Any) -> Any:
    items = [None if _is_missing(item) else _plain(item) for item in series]
    kinds = {type(item) for item in items if item is not None}
    if kinds & {dict, list, tuple}:
        return structures.structure_array(items)
    try:
        if not kinds <= {bool, int, float, str} or len(kinds) <= 1:
            return pa.array(items)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        if not kinds <= {bool, int, float, str}:
            names = ", ".join(sorted(kind.__name__ for kind in kinds))
            raise InvalidParameter(
                f"column {label!r} holds {names}, which no field can have"
            ) from None
    return _mixed(items)


def _is_missing(item: Any) -> bool:
    if item is None or (isinstance(item, float) and math.isnan(item)):
        return True
    return type(item).__name__ in {"NAType", "NaTType"}


def _plain(item: Any) -> Any:
    """Give a number, Boolean or text of numpy as that of Python."""
    plain = isinstance(item, np.number | np.bool_ | np.str_)
    return item.item() if plain else item


_CODES = {str: TYPE_STRING, int: TYPE_INTEGER, float: TYPE_FLOAT, bool: TYPE_BOOLEAN}


def _mixed(items: list[Any]) -> Any:
    codes = [None if item is None else _CODES[type(item)] for item in items]
    texts = [None if item is None else values.text_of(item) for item in items]
    missing = pa.array([code is None for code in codes])
    return pa.StructArray.from_arrays(
        [pa.array(texts, pa.string()), pa.array(codes, pa.int8())],
        fields=list(mixed_type()),
        mask=missing,
    )


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

    def message_slices(self) -> Iterator[Any]:
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
            if stem is not None and values.is_structure(stem.type):
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


class FrameSources:
    """The sources of a query that reads one DataFrame and nothing else."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def source(self) -> Source:
        """Give the frame as a source."""
        return self._source

    def open(self, selector: Sequence[str] | None = None) -> Source:
        """Give the frame; raise ResourceNotFound for log groups by name, which it does not have."""
        if selector is not None:
            names = ", ".join(map(repr, selector))
            raise ResourceNotFound(f"a frame has no log groups, so none is called {names}")
        return self.source

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
            tasks.append(FrameTask(held, self.name, first, last, rows, size, rare=rare))
        if not len(self._times):
            # It has no rows, and shows of which types the columns are.
            tasks.append(FrameTask(self._columns, self.name, 0, 0, 0, 0))
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
        return any(values.is_structure(array.type) for array in held)

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
