"""Rows of an Arrow table or a DataFrame, taken column by column.

The messages are the same bytes that `compact_json` writes of each row, but a missing value costs
nothing, while a dict of the whole row would hold it. Where all columns have types that discovery
would find again in the messages, it is given the columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import LOG_STREAM, MESSAGE, SYSTEM_FIELDS
from cwnb.sources.chunks import Chunk, stream_names
from cwnb.sources.json_rows import JSON_OPTIONS, compact_json, is_missing, plain
from cwnb.sources.row_times import Getters, as_times, times_by_name, value_inside
from cwnb.store import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cwnb.sources.clocks import Reading

    Array = np.ndarray[Any, Any]

# No value of these types is missing.
_ALWAYS_THERE = frozenset({str, int, bool})
# Values of these are missing where they are None or NaN.
_ORDINARY = _ALWAYS_THERE | {type(None), float}
# pandas gives the values of these as they stand in a column of objects.
_AS_THEY_ARE = _ORDINARY | {list, dict}
_FOUND = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
# Times that are written alike by Arrow and Python, in microseconds: 1970 to 9999.
_US_OF_YEAR_10000 = 253_402_300_800_000_000
# A date and a time of day in two columns are put together as texts.
_PARTED = frozenset({"date", "time"})


@dataclass
class Column:
    """One column of some rows.

    `values` are those that are not missing, as JSON is to have them, and `places` their rows
    (ascending), None where none is missing. `found` is what discovery finds of them in JSON: a
    value or null for each row; None where that is not known. `whole` gives the values of all rows
    as Python has them. `is_dated`: the first of them is a datetime; `moments`: all are.
    """

    values: list[Any]
    places: list[int] | None
    found: pa.Array | None
    whole: Callable[[], list[Any]]
    is_dated: bool = False
    moments: pa.Array | None = None


class Columns:
    """Some rows, by column."""

    def __init__(self, count: int, columns: Mapping[str, Column]) -> None:
        self._count = count
        self._columns = columns

    def __len__(self) -> int:
        return self._count

    @classmethod
    def of_batch(cls, batch: pa.RecordBatch) -> Columns:
        """Take the rows of an Arrow batch."""
        named = zip(batch.schema.names, batch.columns, strict=True)
        return cls(batch.num_rows, {name: _of_arrow(column) for name, column in named})

    @classmethod
    def of_frame(cls, frame: Any) -> Columns:
        """Take the rows of a DataFrame, each of whose columns has a name of its own."""
        names = list(frame.columns)
        return cls(len(frame), {name: _of_frame(frame, at) for at, name in enumerate(names)})

    @property
    def beside_messages(self) -> list[str]:
        """Name what stands beside `@message`, if there are messages."""
        if not self._has_messages:
            return []
        return [name for name in self._columns if name not in SYSTEM_FIELDS]

    def chunks(self, first: int, reading: Reading, stream: str, part_bytes: int) -> Iterator[Chunk]:
        """Give the rows as chunks that end where their messages have more than `part_bytes`."""
        messages = self._messages()
        table = None if self._has_messages else self._table()
        times, timed = self._times(reading)
        streams = self._columns[LOG_STREAM].whole() if LOG_STREAM in self._columns else []
        numbers = np.arange(first, first + self._count)
        ends = np.cumsum([len(message) for message in messages], dtype=np.int64)
        start, before = 0, 0
        while start < self._count:
            stop = min(int(np.searchsorted(ends, before + part_bytes, "right")) + 1, self._count)
            part = slice(start, stop)
            named = streams[part]
            known = any(isinstance(name, str) for name in named)
            yield Chunk(
                pa.array(messages[part], pa.binary()),
                numbers[part],
                times[part],
                timed[part],
                stream=stream_names(named, stream) if known else None,
                written=None if table is None else table.slice(start, stop - start),
            )
            start, before = stop, int(ends[stop - 1])

    @property
    def _has_messages(self) -> bool:
        column = self._columns.get(MESSAGE)
        if column is None or column.moments is not None:
            return False
        return any(isinstance(value, str) for value in column.values)

    def _messages(self) -> list[bytes]:
        """Write each row, or give its `@message`."""
        texts = self._columns[MESSAGE] if self._has_messages else None
        if texts is not None and texts.places is None and set(map(type, texts.values)) == {str}:
            return [_encoded(text) for text in texts.values]
        rows: list[dict[str, Any]] = [{} for _ in range(self._count)]
        for name, column in self._columns.items():
            # Python's own iteration over both lists is the fastest way to put a column into dicts.
            there = rows if column.places is None else map(rows.__getitem__, column.places)
            for row, value in zip(there, column.values, strict=True):
                row[name] = value
        if texts is not None:
            given = [row.get(MESSAGE) for row in rows]
            return [
                _encoded(text) if isinstance(text, str) else compact_json(row)
                for text, row in zip(given, rows, strict=True)
            ]
        if any(_is_infinite(column.values) for column in self._columns.values()):
            return [compact_json(row) for row in rows]
        return [_json(row) for row in rows]

    def _table(self) -> pa.Table | None:
        """Give what discovery finds in the messages; None where it has to look into them."""
        found = {name: column.found for name, column in self._columns.items()}
        if not found or any(values is None for values in found.values()):
            return None
        return pa.table(found)

    def _times(self, reading: Reading) -> tuple[Array, Array]:
        parted = {name.lower() for name in self._columns} >= _PARTED

        def column(name: str) -> pa.Array:
            moments = self._columns[name].moments
            if moments is None or parted or reading.layout is not None:
                return as_times(self._columns[name].whole())
            return moments

        def inside(path: str) -> pa.Array:
            name = path.partition(".")[0]
            values = self._columns[name].whole() if name in self._columns else [None] * len(self)
            return as_times([value_inside({name: value}, path) for value in values])

        def is_dated(name: str) -> bool:
            return self._columns[name].is_dated

        found: tuple[Array, Array] = times_by_name(
            self._columns, self._count, reading, Getters(column, is_dated, inside)
        )
        return found


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _json(row: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(row, default=plain, option=JSON_OPTIONS)
    except (TypeError, ValueError):
        return compact_json(row)


def _is_infinite(values: list[Any]) -> bool:
    kinds = set(map(type, values))
    if kinds <= _ALWAYS_THERE:
        return False
    if kinds == {float}:
        return any(map(math.isinf, values))
    return any(isinstance(value, float) and math.isinf(value) for value in values)


def _of_arrow(column: pa.Array, whole: Callable[[], list[Any]] | None = None) -> Column:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    whole = whole or column.to_pylist
    if column.null_count == len(column):
        return Column([], [], pa.nulls(len(column)), whole)
    if isinstance(column, pa.ExtensionArray) or pa.types.is_float16(column.type):
        return _of_values(whole())
    if pa.types.is_timestamp(column.type) and (texts := _moment_texts(column)) is not None:
        made = _of_arrow(texts, whole)
        return replace(made, is_dated=bool(made.values), moments=column)
    there = column
    if pa.types.is_floating(column.type):
        there = pc.if_else(pc.is_nan(column), None, column)
    places = None
    if there.null_count:
        places = np.flatnonzero(there.is_valid().to_numpy(zero_copy_only=False)).tolist()
    values = there.drop_null().to_pylist()
    dated = bool(values) and isinstance(values[0], datetime)
    return Column(values, places, _found_in(there), whole, dated)


def _moment_texts(column: pa.Array) -> pa.Array | None:
    """Write times as Python does; None where that would need more than microseconds, or a zone."""
    if column.type.tz not in {None, "UTC"}:
        return None
    try:
        exact = column.cast(pa.timestamp("us", column.type.tz))
    except pa.ArrowInvalid:
        return None
    ends = pc.min_max(exact.cast(pa.int64())).as_py()
    if ends["min"] is not None and not 0 <= ends["min"] <= ends["max"] < _US_OF_YEAR_10000:
        return None
    texts = pc.strftime(exact, "%Y-%m-%dT%H:%M:%S")
    texts = pc.replace_substring_regex(texts, r"\.000000$", "")
    return texts if column.type.tz is None else pc.binary_join_element_wise(texts, "Z", "")


def _found_in(column: pa.Array) -> pa.Array | None:
    kind = _json_type(column.type)
    if kind is None:
        return None
    if pa.types.is_floating(column.type) and pc.any(pc.is_inf(column)).as_py():
        return None  # these are written as texts
    try:
        return column.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _json_type(kind: pa.DataType) -> pa.DataType | None:
    """Give the type in which discovery finds the values again, None if it would be another."""
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        return pa.float64()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return kind
    if pa.types.is_list(kind):
        inner = _json_type(kind.value_type)
        return None if inner is None else pa.list_(inner)
    if pa.types.is_struct(kind) and kind.num_fields:
        inside = [(below.name, _json_type(below.type)) for below in kind]
        return None if any(inner is None for _, inner in inside) else pa.struct(inside)
    return None


def _of_frame(frame: Any, at: int) -> Column:
    series = frame.iloc[:, at]

    def whole() -> list[Any]:
        name = frame.columns[at]
        return [row[name] for row in frame.iloc[:, [at]].to_dict("records")]

    kind = series.dtype
    text = type(kind).__name__ == "StringDtype"
    if text or kind.kind in "biufM":
        try:
            column = pa.array(series, from_pandas=True)
        except (pa.ArrowException, UnicodeError, TypeError, ValueError):
            return _of_values(whole())
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        if text or kind.kind != "M" or _moment_texts(column) is not None:
            return _of_arrow(column, whole)
    elif kind.kind == "O" and set(map(type, values := series.tolist())) <= _AS_THEY_ARE:
        return _of_values(values)
    return _of_values(whole())


def _of_values(values: list[Any]) -> Column:
    kinds = set(map(type, values))
    places: list[int] | None = None
    if kinds <= _ORDINARY:
        if not kinds <= _ALWAYS_THERE:
            places = [
                at
                for at, value in enumerate(values)
                if value is not None and value == value  # noqa: PLR0124  # NaN
            ]
    else:
        places = [at for at, value in enumerate(values) if not is_missing(value)]
    there = values if places is None else [values[at] for at in places]
    if places is not None and len(places) == len(values):
        places = None
    found = _found_of(there, places, len(values))
    dated = bool(there) and isinstance(there[0], datetime)
    return Column(there, places, found, lambda: values, dated)


def _found_of(values: list[Any], places: list[int] | None, count: int) -> pa.Array | None:
    kinds = set(map(type, values))
    try:
        if not kinds:
            return pa.nulls(count)
        if len(kinds) == 1 and (kind := _FOUND.get(next(iter(kinds)))) is not None:
            column = pa.array(values, kind)
            if kind == pa.float64() and pc.any(pc.is_inf(column)).as_py():
                return None
        elif kinds == {list}:
            column = pa.array(values)
            # Other lists may have numbers of two kinds, of which Arrow would make one.
            if column.type != pa.list_(pa.string()):
                return None
        else:
            return None
    except (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError):
        return None
    return column if places is None else spread(column, places, count)
