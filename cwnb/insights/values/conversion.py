"""Convert values to text, number, boolean or time, and several values to one type.

A value is a `pa.Array` or, for a constant, a `pa.Scalar`; the result is of the same kind. Types
are int64, double, bool, string, dictionary<int32, string>, timestamp[ms, UTC], the mixed struct of
`events.mixed_type()`, structures (JSON text as `pa.json_`) and null. Missing stays missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import TYPE_BOOLEAN, TYPE_FLOAT, TYPE_INTEGER, TYPE_STRING, mixed_type
from cwnb.insights.values import numbers
from cwnb.insights.values.numbers import BIG, EXACT_DOUBLE, INTEGER, Numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TIME = pa.timestamp("ms", tz="UTC")
MIXED = mixed_type()
STRUCTURE = pa.json_(pa.string())
# Years 1 to 9999, which is what Python, pandas and the text form can express.
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999

Value = Any


def is_text(of: Value | pa.DataType) -> bool:
    """Tell whether a value, or a type, is text, encoded as a dictionary or not."""
    kind = _type(of)
    return bool(pa.types.is_string(kind) or pa.types.is_dictionary(kind))


def is_mixed(of: Value | pa.DataType) -> bool:
    """Tell whether this is a mixed column, in which each value has a type of its own."""
    return bool(pa.types.is_struct(_type(of)))


def is_structure(of: Value | pa.DataType) -> bool:
    """Tell whether this is a column of maps and lists."""
    return isinstance(_type(of), pa.JsonType)


def is_time(of: Value | pa.DataType) -> bool:
    """Tell whether this is a column of times."""
    return bool(pa.types.is_timestamp(_type(of)))


def _type(of: Value | pa.DataType) -> pa.DataType:
    return of if isinstance(of, pa.DataType) else of.type


def decode(value: Value) -> Value:
    """Give a dictionary-encoded column as strings, and any other value as it is."""
    if not pa.types.is_dictionary(value.type):
        return value
    return _call_with_array(lambda array: array.dictionary_decode(), value)


def broadcast(value: Value, rows: int) -> pa.Array:
    """Give a column of `rows` values: an array as it is, a constant repeated."""
    if isinstance(value, pa.Array):
        return value
    if not value.is_valid:
        return pa.nulls(rows, value.type)
    return _one(value).take(pa.array(np.zeros(rows, dtype=np.int64)))


def to_text(value: Value) -> Value:
    """Give the text form; dictionary-encoded text stays encoded, a structure gives its JSON."""
    return _call_with_array(_text, value)


def _text(array: pa.Array) -> pa.Array:
    if is_text(array.type):
        return array
    if is_mixed(array.type):
        return array.flatten()[0]
    if is_structure(array.type):
        return array.storage
    if is_time(array.type):
        return pc.cast(pc.cast(array, pa.timestamp("ms")), pa.string())
    return pc.cast(array, pa.string())


def text_of(value: str | float | bool) -> str:
    """Write a Python value as text, in the form that `to_text` gives for columns."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(pa.scalar(value).cast(pa.string()).as_py())
    return str(value)


def to_double(number: Value) -> Value:
    """Give a number as double; integers beyond 2**53 are rounded."""
    # Arrow's safe cast refuses these integers.
    return pc.cast(number, pa.float64(), safe=False)


def to_number(value: Value) -> Value:
    """Give int64 where every number is an integer within its range, else double.

    Text counts by the rule of `numbers.NUMBER`, booleans are 1 and 0, times their epoch
    milliseconds; everything else is missing.
    """
    return _call_with_array(_number, value)


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
    text, flags = (array.flatten()) if is_mixed(kind) else (array, None)
    found = numbers.from_text(text)
    if flags is not None:
        found = _with_booleans(text, flags, found)
    if found is None:
        return pa.nulls(len(array), pa.int64())
    numeric = found.numeric
    if (found.form[numeric] == INTEGER).all():
        return pa.array(found.integers, mask=~numeric)
    return pa.array(found.doubles, mask=~numeric)


def _with_booleans(text: pa.Array, types: pa.Array, found: Numbers | None) -> Numbers | None:
    """Add to the numbers of a mixed column its booleans, as 1 and 0.

    `found` are the numbers in its text, None if there are none.
    """
    flags = pc.equal(types, TYPE_BOOLEAN).fill_null(False).to_numpy(zero_copy_only=False)
    if not flags.any():
        return found
    rows = len(text)
    if found is None:
        nothing = np.zeros(rows, dtype=np.int64)
        found = Numbers(np.zeros(rows, dtype=np.uint8), nothing, nothing.astype(np.float64))
    ones = pc.equal(text, "true").fill_null(False).to_numpy(zero_copy_only=False)
    form = np.where(flags, INTEGER, found.form)
    return Numbers(
        form,
        np.where(flags, ones, found.integers),
        np.where(flags, ones, found.doubles),
        found.text,
    )


def to_boolean(value: Value) -> Value:
    """Give whether each value counts as true: boolean true, a number other than 0, text `true`."""
    return _call_with_array(_boolean, value)


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
        nonzero = pc.not_equal(_number(array), 0).fill_null(False)
        return pc.or_(pc.equal(_text(array), "true"), nonzero)
    return pc.not_equal(_number(array), 0)


def to_time(value: Value) -> Value:
    """Give times; a number is epoch milliseconds, and one outside the years 1 to 9999 missing."""
    return _call_with_array(_time, value)


def _time(array: pa.Array) -> pa.Array:
    if is_time(array.type):
        return pc.cast(array, TIME)
    number = _number(array)
    inside = pc.and_(
        pc.greater_equal(number, _FIRST_MS), pc.less_equal(number, _LAST_MS)
    ).fill_null(False)
    number = pc.if_else(inside, number, pa.scalar(None, number.type))
    if pa.types.is_floating(number.type):
        number = pc.cast(pc.floor(number), pa.int64())
    return pc.cast(number, TIME)


def to_mixed(value: Value) -> Value:
    """Give the struct(text, type) of each value, whatever its type."""
    return _call_with_array(_mixed, value)


def _mixed(array: pa.Array) -> pa.Array:
    if is_mixed(array.type):
        return array
    code = TYPE_STRING
    if pa.types.is_integer(array.type):
        code = TYPE_INTEGER
    elif pa.types.is_floating(array.type):
        code = TYPE_FLOAT
    elif pa.types.is_boolean(array.type):
        code = TYPE_BOOLEAN
    codes = pa.array(np.full(len(array), code, dtype=np.int8))
    return mixed_array(decode(_text(array)), codes)


def mixed_array(text: pa.Array, types: pa.Array) -> pa.Array:
    """Make a mixed column of texts and type codes; a value is missing where its text is."""
    missing = text.is_null() if text.null_count else None
    return pa.StructArray.from_arrays([text, types], fields=list(MIXED), mask=missing)


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
    elif types == {pa.int64(), pa.float64()} and all(_fits_double(v) for v in values):
        common = pa.float64()
    else:
        common = MIXED
    return [_as_type(value, common) for value in values]


def _as_type(value: Value, common: pa.DataType) -> Value:
    if value.type == common:
        return value
    if pa.types.is_null(value.type):
        if isinstance(value, pa.Array):
            return pa.nulls(len(value), common)
        return pa.nulls(1, common)[0]
    if common == MIXED:
        return to_mixed(value)
    return _call_with_array(lambda array: pc.cast(array, common), decode(value))


def _fits_double(value: Value) -> bool:
    if not pa.types.is_int64(value.type):
        return True
    bounds = pc.min_max(_one(value)).as_py()
    low, high = bounds["min"], bounds["max"]
    return low is None or (low >= -EXACT_DOUBLE and high <= EXACT_DOUBLE)


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
    return numbers.from_text(decode(_text(array)))


def big_rows(found: Numbers) -> np.ndarray[Any, Any]:
    """Give the rows that hold an integer beyond int64."""
    return np.flatnonzero(found.form == BIG)


def _where_valid(array: pa.Array, *, answer: bool) -> pa.Array:
    """Give `answer` for each value that is there, and missing for the others."""
    missing = array.is_null().to_numpy(zero_copy_only=False)
    return pa.array(np.full(len(array), answer), mask=missing)


def _call_with_array(function: Callable[[pa.Array], pa.Array], value: Value) -> Value:
    """Call a function of arrays with a value; a constant is passed as an array of one value."""
    if isinstance(value, pa.Array):
        return function(value)
    return function(_one(value))[0]


def _one(value: Value) -> pa.Array:
    """Give an array: itself, or the one value of a constant."""
    if isinstance(value, pa.Array):
        return value
    if not value.is_valid:
        return pa.nulls(1, value.type)
    if is_structure(value.type):
        storage = pa.array([value.value.as_py() if value.value is not None else None], pa.string())
        return pa.ExtensionArray.from_storage(value.type, storage)
    if pa.types.is_dictionary(value.type):
        return pa.array([value.as_py()], pa.string())
    return pa.array([value.as_py()], value.type)
