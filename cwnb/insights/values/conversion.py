"""Convert values to text, number, boolean or time, and several values to one type.

A value may be a column or a constant, and the result is of the same kind (`value_types`). Missing
stays missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import (
    TYPE_BOOLEAN,
    TYPE_FLOAT,
    TYPE_INTEGER,
    TYPE_STRING,
    TYPE_STRUCTURE,
    texts_of_doubles,
)
from cwnb.insights.values import numbers
from cwnb.insights.values.number_columns import (
    fits_double,
    number_column,
    numbers_in_mixed,
)
from cwnb.insights.values.value_types import (
    MIXED,
    TIME,
    Value,
    array_of,
    call_with_array,
    decode,
    is_mixed,
    is_structure,
    is_text,
    is_time,
    mixed_array,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.insights.values.numbers import Numbers

# Years 1 to 9999, which is what Python, pandas and the text form can express.
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999


def to_text(value: Value) -> Value:
    """Give the text form; dictionary-encoded text stays encoded, a structure gives its JSON."""
    return call_with_array(_text, value)


def _text(array: pa.Array) -> pa.Array:
    if is_text(array.type):
        return array
    if is_mixed(array.type):
        return array.flatten()[0]
    if is_structure(array.type):
        return array.storage
    if is_time(array.type):
        return pc.cast(pc.cast(array, pa.timestamp("ms")), pa.string())
    if pa.types.is_float64(array.type):
        return texts_of_doubles(array)
    return pc.cast(array, pa.string())


def text_of(value: str | float | bool) -> str:
    """Write a Python value as text, in the form that `to_text` gives for columns."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(texts_of_doubles(pa.array([value], pa.float64()))[0].as_py())
    return str(value)


def to_double(number: Value) -> Value:
    """Give a number as double; integers beyond 2**53 are rounded."""
    return call_with_array(_double, number)


def _double(number: pa.Array) -> pa.Array:
    if is_mixed(number.type):
        found = numbers_in_mixed(number)
        if found is None:
            return pa.nulls(len(number), pa.float64())
        return array_of(found.doubles, ~found.numeric)
    # Arrow's safe cast refuses integers beyond 2**53.
    return pc.cast(number, pa.float64(), safe=False)


def to_number(value: Value) -> Value:
    """Give each value as a number, as `number_column` holds them.

    Text counts by the rule of `numbers.NUMBER`, booleans are 1 and 0, times their epoch
    milliseconds; everything else is missing.
    """
    return call_with_array(_number, value)


def _number(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_int64(kind) or pa.types.is_float64(kind):
        return array
    if pa.types.is_dictionary(kind):
        return _number(array.dictionary).take(array.indices)
    if pa.types.is_boolean(kind) or is_time(kind) or pa.types.is_integer(kind):
        return pc.cast(array, pa.int64())
    if pa.types.is_floating(kind):
        return pc.cast(array, pa.float64())
    if pa.types.is_null(kind) or is_structure(kind):
        return pa.nulls(len(array), pa.int64())
    found = numbers_in_mixed(array) if is_mixed(kind) else numbers.from_text(array)
    if found is None:
        return pa.nulls(len(array), pa.int64())
    return number_column(found)


def to_boolean(value: Value) -> Value:
    """Give whether each value counts as true: boolean true, a number other than 0, text `true`."""
    return call_with_array(_boolean, value)


def _boolean(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_boolean(kind):
        return array
    if pa.types.is_dictionary(kind):
        return _boolean(array.dictionary).take(array.indices)
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.bool_())
    if is_structure(kind):
        return _where_valid(array, answer=False)
    if is_text(kind) or is_mixed(kind):
        nonzero = pc.not_equal(_double(_number(array)), 0.0).fill_null(False)
        return pc.or_(pc.equal(_text(array), "true"), nonzero)
    return pc.not_equal(_number(array), 0)


def in_calendar(ms: np.ndarray[Any, Any]) -> bool:
    """Tell whether all times, in epoch milliseconds, lie in the years 1 to 9999."""
    return not len(ms) or bool(ms.min() >= _FIRST_MS and ms.max() <= _LAST_MS)


def to_time(value: Value) -> Value:
    """Give times; a number is epoch milliseconds, and one outside the years 1 to 9999 missing."""
    return call_with_array(_time, value)


def _time(array: pa.Array) -> pa.Array:
    if is_time(array.type):
        return pc.cast(array, TIME)
    number = _number(array)
    # Milliseconds of these years are far below 2**53.
    number = _double(number) if is_mixed(number.type) else number
    inside = pc.and_(
        pc.greater_equal(number, _FIRST_MS), pc.less_equal(number, _LAST_MS)
    ).fill_null(False)
    number = pc.if_else(inside, number, pa.scalar(None, number.type))
    if pa.types.is_floating(number.type):
        number = pc.cast(pc.floor(number), pa.int64())
    return pc.cast(number, TIME)


def to_mixed(value: Value) -> Value:
    """Give the struct(text, type) of each value, whatever its type."""
    return call_with_array(_mixed, value)


def _mixed(array: pa.Array) -> pa.Array:
    if is_mixed(array.type):
        return array
    code = TYPE_STRUCTURE if is_structure(array.type) else TYPE_STRING
    if pa.types.is_integer(array.type):
        code = TYPE_INTEGER
    elif pa.types.is_floating(array.type):
        code = TYPE_FLOAT
    elif pa.types.is_boolean(array.type):
        code = TYPE_BOOLEAN
    codes = pa.array(np.full(len(array), code, dtype=np.int8))
    return mixed_array(decode(_text(array)), codes)


def unify(values: Sequence[Value]) -> list[Value]:
    """Convert values to one type: their own if it is the same, double for numbers, else mixed.

    Integers beyond 2**53 are not converted to doubles; with them, the answer is mixed.
    """
    types = {v.type for v in values if not pa.types.is_null(v.type)}
    if not types:
        return list(values)
    if all(is_text(t) for t in types):
        common: pa.DataType = pa.string()
    elif len(types) == 1:
        common = next(iter(types))
    elif types == {pa.int64(), pa.float64()} and all(fits_double(v) for v in values):
        common = pa.float64()
    else:
        common = MIXED
    return [_as_type(value, common) for value in values]


def joined(parts: Sequence[pa.Array], rows: Sequence[np.ndarray[Any, Any]]) -> pa.Array:
    """Put the values of some rows each, whose numbers are `rows`, into one column in order."""
    order = np.argsort(np.concatenate(rows))
    return pa.concat_arrays(unify(parts)).take(pa.array(order))


def _as_type(value: Value, common: pa.DataType) -> Value:
    if value.type == common:
        return value
    if pa.types.is_null(value.type):
        if isinstance(value, pa.Array):
            return pa.nulls(len(value), common)
        return pa.nulls(1, common)[0]
    if common == MIXED:
        return to_mixed(value)
    return call_with_array(lambda array: pc.cast(array, common), decode(value))


def analyse(array: pa.Array) -> Numbers | None:
    """Find the numbers in a column, as comparisons need them; None if there are none.

    Booleans count as text (`flag = "true"`), times as their epoch milliseconds.
    """
    kind = array.type
    if pa.types.is_int64(kind) or is_time(kind):
        return numbers.from_integers(pc.cast(array, pa.int64()))
    if pa.types.is_floating(kind):
        return numbers.from_doubles(array)
    if pa.types.is_boolean(kind) or pa.types.is_null(kind) or is_structure(kind):
        return None
    if is_mixed(kind):
        return numbers_in_mixed(array, booleans=False)
    return numbers.from_text(decode(_text(array)))


def _where_valid(array: pa.Array, *, answer: bool) -> pa.Array:
    """Give `answer` for each value that is there, and missing for the others."""
    missing = array.is_null().to_numpy(zero_copy_only=False)
    return pa.array(np.full(len(array), answer), mask=missing)
