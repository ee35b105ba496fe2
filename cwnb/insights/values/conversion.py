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

from cwnb.events import (
    EXACT_DOUBLE,
    TYPE_BOOLEAN,
    TYPE_FLOAT,
    TYPE_INTEGER,
    TYPE_STRING,
    mixed_type,
    texts_of_doubles,
)
from cwnb.insights.values import numbers
from cwnb.insights.values.numbers import BIG, DOUBLE, INTEGER, MISSING, TEXT, Numbers

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
    return _call_with_array(_double, number)


def _double(number: pa.Array) -> pa.Array:
    if is_mixed(number.type):
        found = _in_mixed(number)
        if found is None:
            return pa.nulls(len(number), pa.float64())
        return pa.array(found.doubles, mask=~found.numeric)
    # Arrow's safe cast refuses integers beyond 2**53.
    return pc.cast(number, pa.float64(), safe=False)


def to_number(value: Value) -> Value:
    """Give each value as a number, as `number_column` holds them.

    Text counts by the rule of `numbers.NUMBER`, booleans are 1 and 0, times their epoch
    milliseconds; everything else is missing.
    """
    return _call_with_array(_number, value)


def number_column(found: Numbers) -> pa.Array:
    """Give numbers as a column: int64 if all are integers, double if that holds all of them.

    With an integer beyond 2**53 beside a double the column is mixed, so that what a value is does
    not depend on the others. An integer beyond 64 bits is a double, and text is missing.
    """
    numeric = found.numeric
    whole = found.form == INTEGER
    if whole.all() or not (numeric & ~whole).any():
        return pa.array(found.integers, mask=~numeric)
    doubles = pa.array(found.doubles, mask=~numeric)
    large = (found.integers > EXACT_DOUBLE) | (found.integers < -EXACT_DOUBLE)
    if not (whole & large).any():
        return doubles
    texts = texts_of_doubles(doubles)
    digits = pc.cast(pa.array(found.integers), pa.string())
    codes = np.where(whole, TYPE_INTEGER, TYPE_FLOAT).astype(np.int8)
    return mixed_array(pc.if_else(pa.array(whole), digits, texts), pa.array(codes))


def range_of(doubles: pa.Array) -> tuple[float, float]:
    """Give numbers that no value of a column of doubles is below or above.

    They may be further apart where values are missing, and NaN where one is. Arrow's own function
    takes ten times as long.
    """
    if not len(doubles):
        return 0.0, 0.0
    data = np.frombuffer(doubles.buffers()[1], dtype=np.float64)
    data = data[doubles.offset : doubles.offset + len(doubles)]
    return float(data.min()), float(data.max())


def column_of_numbers(items: Sequence[float | None]) -> pa.Array:
    """Give Python numbers as `number_column` does; an integer beyond 64 bits as a double."""
    form = np.zeros(len(items), dtype=np.uint8)
    integers = np.zeros(len(items), dtype=np.int64)
    doubles = np.zeros(len(items))
    for row, item in enumerate(items):
        if item is None:
            continue
        if isinstance(item, int) and numbers.INT64_MIN <= item <= numbers.INT64_MAX:
            form[row], integers[row] = INTEGER, item
        else:
            form[row] = DOUBLE
        try:
            doubles[row] = float(item)
        except OverflowError:
            doubles[row] = np.inf if item > 0 else -np.inf
    return number_column(Numbers(form, integers, doubles))


def as_numbers(number: pa.Array) -> Numbers:
    """Analyse what `to_number` gives: a whole double within ±2**53 is an integer."""
    if pa.types.is_int64(number.type):
        return numbers.from_integers(number)
    if is_mixed(number.type):
        mixed = _in_mixed(number)
        assert mixed is not None
        found = mixed
    else:
        found = numbers.from_doubles(number)
    doubles = found.doubles
    with np.errstate(invalid="ignore"):
        whole = (found.form == DOUBLE) & (np.floor(doubles) == doubles)
        whole &= np.abs(doubles) <= EXACT_DOUBLE
    integers = np.where(whole, np.where(whole, doubles, 0).astype(np.int64), found.integers)
    return Numbers(np.where(whole, INTEGER, found.form), integers, doubles)


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
    found = _in_mixed(array) if is_mixed(kind) else numbers.from_text(array)
    if found is None:
        return pa.nulls(len(array), pa.int64())
    return number_column(found)


def _in_mixed(array: pa.Array) -> Numbers | None:
    """Find the numbers of a mixed column, in which booleans count as 1 and 0."""
    text, types = array.flatten()
    return _with_infinities(text, types, _with_booleans(text, types, numbers.from_text(text)))


def _with_infinities(text: pa.Array, types: pa.Array, found: Numbers | None) -> Numbers | None:
    """Add the infinite doubles, whose text is no number by itself."""
    doubles = pc.equal(types, TYPE_FLOAT)
    if not doubles.true_count:
        return found
    infinite = pc.and_(doubles, pc.is_in(text, value_set=pa.array(["inf", "-inf"])))
    at = np.flatnonzero(np.asarray(infinite.fill_null(False)))
    if not len(at):
        return found
    if found is None:
        rows = len(text)
        form = np.where(np.asarray(text.is_valid()), TEXT, MISSING).astype(np.uint8)
        found = Numbers(form, np.zeros(rows, dtype=np.int64), np.full(rows, np.nan), text)
    found.form[at] = DOUBLE
    found.doubles[at] = [float(text[int(row)].as_py()) for row in at]
    return found


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
        nonzero = pc.not_equal(_double(_number(array)), 0.0).fill_null(False)
        return pc.or_(pc.equal(_text(array), "true"), nonzero)
    return pc.not_equal(_number(array), 0)


def in_calendar(ms: np.ndarray[Any, Any]) -> bool:
    """Tell whether all times, in epoch milliseconds, lie in the years 1 to 9999."""
    return not len(ms) or bool(ms.min() >= _FIRST_MS and ms.max() <= _LAST_MS)


def to_time(value: Value) -> Value:
    """Give times; a number is epoch milliseconds, and one outside the years 1 to 9999 missing."""
    return _call_with_array(_time, value)


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
    elif types == {pa.int64(), pa.float64()} and all(fits_double(v) for v in values):
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


def fits_double(value: Value) -> bool:
    """Tell whether doubles can hold all of these numbers exactly."""
    if is_mixed(value.type):
        return False
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
    if is_mixed(kind):
        text, types = array.flatten()
        return _with_infinities(text, types, numbers.from_text(text))
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
