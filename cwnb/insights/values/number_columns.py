"""Columns of numbers: the numbers found in values as one column, and a column as `Numbers`."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import (
    EXACT_DOUBLE,
    TYPE_BOOLEAN,
    TYPE_FLOAT,
    TYPE_INTEGER,
    texts_of_doubles,
)
from cwnb.insights.values import numbers
from cwnb.insights.values.numbers import BIG, DOUBLE, INTEGER, TEXT, Numbers
from cwnb.insights.values.value_types import (
    Value,
    array_of,
    as_array_of_one,
    int8_values,
    is_mixed,
    mixed_array,
    rows_present,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def number_column(found: Numbers) -> pa.Array:
    """Give numbers as a column: int64 if all are integers, double if that holds all of them.

    With an integer beyond 2**53 beside a double the column is mixed, so that what a value is does
    not depend on the others. An integer beyond 64 bits is a double, and text is missing.
    """
    numeric = found.numeric
    whole = found.form == INTEGER
    if whole.all() or not (numeric & ~whole).any():
        return array_of(found.integers, ~numeric)
    doubles = array_of(found.doubles, ~numeric)
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
        # Where no row is left, a mixed column has no numbers.
        nothing = numbers.from_integers(pa.nulls(len(number), pa.int64()))
        found = numbers_in_mixed(number) or nothing
    else:
        found = numbers.from_doubles(number)
    doubles = found.doubles
    with np.errstate(invalid="ignore"):
        whole = (found.form == DOUBLE) & (np.floor(doubles) == doubles)
        whole &= np.abs(doubles) <= EXACT_DOUBLE
    integers = np.where(whole, np.where(whole, doubles, 0).astype(np.int64), found.integers)
    return Numbers(np.where(whole, INTEGER, found.form), integers, doubles)


def numbers_in_mixed(array: pa.Array, *, booleans: bool = True) -> Numbers | None:
    """Find the numbers of a mixed column, in which booleans count as 1 and 0, or as their texts.

    None if there are none. The answer must not be changed: it is remembered while the array lives,
    because several parts of a query often ask for the numbers of one field.
    """
    if not len(array):
        return None
    found = _remembered(array)
    text, types = array.flatten()
    return _with_booleans(text, types, found) if booleans else found


def _remembered(array: pa.Array) -> Numbers | None:
    key = id(array)
    if (held := _found.get(key)) is not None and held[0]() is array:
        return held[1]
    found = _numbers_in_mixed(array)
    _found[key] = weakref.ref(array, lambda ended: _forget(key, ended)), found
    return found


def _forget(key: int, ended: weakref.ref[pa.Array]) -> None:
    # Another array may have got the same id by now.
    if (held := _found.get(key)) is not None and held[0] is ended:
        del _found[key]


# By the id of a mixed column: the column, as long as it is used, and the numbers in it.
_found: dict[int, tuple[weakref.ref[pa.Array], Numbers | None]] = {}


def _numbers_in_mixed(array: pa.Array) -> Numbers | None:
    text, types = array.flatten()
    codes, present = int8_values(types), rows_present(text)
    doubles = (codes == TYPE_FLOAT) & present
    of_numbers = (codes == TYPE_INTEGER) & present | doubles
    found = numbers.from_text(text, written_as_numbers=of_numbers)
    return _with_infinities(text, doubles, found)


def _with_infinities(
    text: pa.Array, doubles: np.ndarray[Any, Any], found: Numbers | None
) -> Numbers | None:
    """Add the infinite ones of some rows that are doubles; as text they are no numbers."""
    left = doubles if found is None else doubles & (found.form == TEXT)
    at = np.flatnonzero(left)
    if not len(at):
        return found
    words = text.take(pa.array(at))
    at = at[np.asarray(pc.is_in(words, value_set=pa.array(["inf", "-inf"])))]
    if not len(at):
        return found
    if found is None:
        rows = len(text)
        form = rows_present(text) * np.uint8(TEXT)
        found = Numbers(form, np.zeros(rows, dtype=np.int64), np.full(rows, np.nan), text)
    found.form[at] = DOUBLE
    found.doubles[at] = [float(text[int(row)].as_py()) for row in at]
    return found


def _with_booleans(text: pa.Array, types: pa.Array, found: Numbers | None) -> Numbers | None:
    """Add to the numbers of a mixed column its booleans, as 1 and 0.

    `found` are the numbers in its text, None if there are none.
    """
    if not (flags := (int8_values(types) == TYPE_BOOLEAN) & rows_present(text)).any():
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


def fits_double(value: Value) -> bool:
    """Tell whether doubles can hold all of these numbers exactly."""
    if is_mixed(value.type):
        return False
    if not pa.types.is_int64(value.type):
        return True
    array = as_array_of_one(value)
    # All that is held, also what stands for missing values, is looked at in a tenth of the time.
    if not len(array) or _all_exact(array):
        return True
    bounds = pc.min_max(array).as_py()
    low, high = bounds["min"], bounds["max"]
    return low is None or (low >= -EXACT_DOUBLE and high <= EXACT_DOUBLE)


def _all_exact(integers: pa.Array) -> bool:
    data = np.frombuffer(integers.buffers()[1], dtype=np.int64)
    held = data[integers.offset : integers.offset + len(integers)]
    return bool(held.min() >= -EXACT_DOUBLE and held.max() <= EXACT_DOUBLE)


def big_rows(found: Numbers) -> np.ndarray[Any, Any]:
    """Give the rows that hold an integer beyond int64."""
    return np.flatnonzero(found.form == BIG)
