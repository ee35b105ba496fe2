"""`+ - * / % ^` and negation over columns and constants."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import EXACT_DOUBLE
from cwnb.insights.values.conversion import to_double, to_number
from cwnb.insights.values.number_columns import as_numbers, fits_double, number_column, range_of
from cwnb.insights.values.numbers import DOUBLE, INT64_MAX, INT64_MIN, INTEGER, MISSING, Numbers
from cwnb.insights.values.value_types import Value, broadcast, is_mixed

if TYPE_CHECKING:
    from collections.abc import Callable

_CHECKED = {"+": pc.add_checked, "-": pc.subtract_checked, "*": pc.multiply_checked}
_UNCHECKED = {"+": pc.add, "-": pc.subtract, "*": pc.multiply}
_OF_NUMPY: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "%": np.fmod,
    "^": np.power,
}
_OF_PYTHON: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
# A whole result whose double is below this fits int64; between this and a little over 2**63 it has
# to be computed to tell.
_CERTAIN = 2.0**62
_IMPOSSIBLE = 2.0**63 * (1 + 2.0**-50)


def arithmetic(op: str, a: Value, b: Value) -> Value:
    """Compute `a op b`; missing where either side is missing or no number.

    `+ - * %` of two integers give an integer, as does `^` with a result below 2**62; one that
    overflows is a double. Each row is computed as if it stood alone: a whole double within ±2**53
    counts as the integer that it may have been written as. So `+ - * %` never give -0. `/` is
    real division. Division by zero gives missing, also by `%` and by zero to a negative power. The
    result of `%` has the sign of the dividend.
    """
    a, b = to_number(a), to_number(b)
    if not isinstance(a, pa.Array) and not isinstance(b, pa.Array):
        return arithmetic(op, broadcast(a, 1), broadcast(b, 1))[0]
    if op == "/":
        divisor = to_double(b)
        nonzero = pc.if_else(pc.equal(divisor, 0.0), pa.scalar(None, pa.float64()), divisor)
        return without_nan(pc.divide(to_double(a), nonzero))
    rows = len(a) if isinstance(a, pa.Array) else len(b)
    if op in _CHECKED and not is_mixed(a.type) and not is_mixed(b.type):
        if pa.types.is_integer(a.type) and pa.types.is_integer(b.type):
            try:
                return _CHECKED[op](a, b)
            except pa.ArrowInvalid:
                pass  # an overflow, of some rows at least
        elif fits_double(a) and fits_double(b):
            doubles = _UNCHECKED[op](to_double(a), to_double(b))
            low, high = range_of(doubles)
            if low > -EXACT_DOUBLE and high < EXACT_DOUBLE:
                made = without_nan(doubles)
                return _positive_zeros(made) if low <= 0 <= high else made
    if op == "%" and a.type != b.type and fits_double(a) and fits_double(b):
        a, b = to_double(a), to_double(b)
    if op == "%" and a.type == b.type and not is_mixed(a.type):
        return _remainders(broadcast(a, rows), broadcast(b, rows))
    if op == "^" and pa.types.is_integer(a.type) and a.type == b.type:
        powers = _powers(broadcast(a, rows), broadcast(b, rows))
        if powers is not None:
            return powers
    return _row_by_row(op, as_numbers(broadcast(a, rows)), as_numbers(broadcast(b, rows)))


def negate(value: Value) -> Value:
    """Compute `-value`."""
    return arithmetic("-", pa.scalar(0), value)


def without_nan(values: pa.Array) -> pa.Array:
    """Give the values with NaN, which the language does not have, as missing."""
    if not pa.types.is_floating(values.type):
        return values
    nan = pc.is_nan(values)
    if not pc.any(nan).as_py():
        return values
    return pc.if_else(nan, pa.scalar(None, values.type), values)


def _positive_zeros(doubles: pa.Array) -> pa.Array:
    """Give 0 for -0, which no integer is: a result must not show how its column is stored."""
    return pc.add(doubles, 0.0)


def _remainders(a: pa.Array, b: pa.Array) -> pa.Array:
    """Compute `%` of two columns of integers or of doubles; both ways are exact."""
    valid = pc.and_(a.is_valid(), b.is_valid()).to_numpy(zero_copy_only=False)
    x, y = (v.fill_null(0).to_numpy(zero_copy_only=False) for v in (a, b))
    with np.errstate(all="ignore"):
        rest = np.fmod(x, np.where(y != 0, y, 1))
        if rest.dtype == np.float64:
            rest += 0.0  # 0 for -0
    return without_nan(pa.array(rest, mask=~(valid & (y != 0))))


def _powers(a: pa.Array, b: pa.Array) -> pa.Array | None:
    """Compute `^` of integers, if all results are integers that fit."""
    valid = pc.and_(a.is_valid(), b.is_valid()).to_numpy(zero_copy_only=False)
    x, y = (v.fill_null(0).to_numpy(zero_copy_only=False) for v in (a, b))
    if (y < 0).any():
        return None
    with np.errstate(all="ignore"):
        sizes = np.abs(np.power(x.astype(np.float64), y.astype(np.float64)))
    return pa.array(np.power(x, y), mask=~valid) if (sizes < _CERTAIN).all() else None


def _row_by_row(op: str, a: Numbers, b: Numbers) -> pa.Array:
    """Compute the integers exactly, and the doubles beside them."""
    valid = a.numeric & b.numeric
    whole = valid & (a.form == INTEGER) & (b.form == INTEGER)
    x, y = a.integers, b.integers
    if op == "%":
        valid = valid & (b.doubles != 0)
        whole &= valid
        y = np.where(y == 0, 1, y)
    if op == "^":
        # To a negative power, zero would be divided by.
        valid = valid & ~((a.doubles == 0) & (b.doubles < 0))
        whole &= y >= 0
        y = np.maximum(y, 0)
    kernel = _OF_NUMPY[op]
    with np.errstate(all="ignore"):
        doubles = kernel(a.doubles, b.doubles) + 0.0
        sizes = np.abs(doubles)
        exact = whole & (sizes < _CERTAIN)
        integers = np.where(exact, kernel(np.where(exact, x, 1), np.where(exact, y, 1)), 0)
    if op == "%":
        exact, integers = whole, np.where(whole, np.fmod(x, y), 0)
    elif op != "^":
        for row in np.flatnonzero(whole & ~exact & (sizes < _IMPOSSIBLE)):
            result = _OF_PYTHON[op](int(x[row]), int(y[row]))
            if INT64_MIN <= result <= INT64_MAX:
                exact[row], integers[row] = True, result
    form = np.where(exact, INTEGER, np.where(valid & ~np.isnan(doubles), DOUBLE, MISSING))
    return number_column(Numbers(form, integers, np.where(exact, integers, doubles)))
