"""The columns of a DataFrame as Arrow arrays in the engine's types, with the system fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import InvalidParameter
from cwnb.events import (
    INGESTION_TIME,
    LOG,
    LOG_STREAM,
    MESSAGE,
    POINTER,
    SEQUENCE,
    TIMESTAMP,
    TYPE_BOOLEAN,
    TYPE_FLOAT,
    TYPE_INTEGER,
    TYPE_STRING,
    mixed_type,
)
from cwnb.insights import values
from cwnb.insights.values import structures
from cwnb.insights.values.documents import typed
from cwnb.insights.values.structures import JsonText

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandas import DataFrame

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


def table_columns(frame: DataFrame) -> dict[str, Any]:
    """Give the columns of a frame that holds no events, in the engine's types."""
    return _readable_columns(frame, None)


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
    if kinds & _STRUCTURES:
        return _with_structures(items)
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


_STRUCTURES = {dict, list, tuple}


def _with_structures(items: list[Any]) -> Any:
    """Give maps and lists, which may stand among other values."""
    held = [JsonText(structures.write_json(i)) if type(i) in _STRUCTURES else i for i in items]
    return typed(held)


_CODES = {str: TYPE_STRING, int: TYPE_INTEGER, float: TYPE_FLOAT, bool: TYPE_BOOLEAN}


def _mixed(items: list[Any]) -> Any:
    codes = [None if item is None else _CODES[type(item)] for item in items]
    texts = [None if item is None else values.text_of(item) for item in items]
    return values.mixed_array(pa.array(texts, pa.string()), pa.array(codes, pa.int8()))
