"""Round numbers as they are written, halves away from zero.

The double of 1.005 is a little less than 1.005, and that of 2.675 a little less than 2.675. Both
round up to two decimals, because what counts is the shortest decimal number that reads as the
double: the number that somebody wrote.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.values.number_columns import number_column
from cwnb.insights.values.numbers import (
    DOUBLE,
    INT64_MAX,
    INT64_MIN,
    Numbers,
    from_integers,
)

# Powers of ten up to here are doubles.
_EXACT_POWER = 22
# Decimal numbers of at most 15 digits are told apart by their doubles.
_DIGITS = 1e15
# Enough digits for every double, and for the place to which it is rounded.
_EXACTLY = Context(prec=1200, rounding=ROUND_HALF_UP)


def rounded(number: pa.Array, decimals: int) -> pa.Array:
    """Round int64 or double numbers to a number of decimals; integers stay integers."""
    if pa.types.is_integer(number.type):
        return number if decimals >= 0 else _rounded_integers(number, 10**-decimals)
    if decimals == 0:
        return pc.round(number, round_mode="half_towards_infinity")
    missing = number.is_null().to_numpy(zero_copy_only=False) if number.null_count else None
    doubles = number.fill_null(0.0).to_numpy(zero_copy_only=False)
    return pa.array(_rounded_doubles(doubles, decimals), mask=missing)


def round_exactly(number: float, decimals: int) -> float:
    """Round one finite double, digit by digit."""
    written = Decimal(repr(float(number)))
    unit = Decimal((0, (1,), -decimals))
    if written.as_tuple().exponent >= -decimals:  # type: ignore[operator]
        return number
    return float(written.quantize(unit, context=_EXACTLY))


def _rounded_doubles(doubles: np.ndarray[Any, Any], decimals: int) -> np.ndarray[Any, Any]:
    sizes = np.abs(doubles)
    simple = np.zeros(len(doubles), dtype=bool)
    result = doubles.copy()
    if -_EXACT_POWER < decimals < _EXACT_POWER:
        scale = 10.0 ** abs(decimals)
        with np.errstate(over="ignore", invalid="ignore"):
            whole = np.floor(sizes * scale if decimals > 0 else sizes / scale)
            simple = whole * 10 < _DIGITS
        whole = np.where(simple, whole, 0.0)
        # The half above `whole`: the quotient or product of two exact doubles, so its own double.
        half = (whole * 10 + 5) / (scale * 10) if decimals > 0 else (whole * 10 + 5) * (scale / 10)
        whole += sizes >= half
        result = np.copysign(whole / scale if decimals > 0 else whole * scale, doubles)
    # An infinite number is not simple and stays as it is.
    for row in np.flatnonzero(~simple & np.isfinite(doubles)):
        result[row] = round_exactly(float(doubles[row]), decimals)
    return np.where(simple | np.isfinite(doubles), result, doubles)


def _rounded_integers(number: pa.Array, unit: int) -> pa.Array:
    """Round integers to multiples of `unit`; a multiple beyond 64 bits is a double."""
    found = from_integers(number)
    form, integers, doubles = found.form, found.integers, found.doubles
    near = INT64_MAX - unit
    large = (integers > near) | (integers < -near) if near >= 0 else found.numeric
    sizes = np.abs(np.where(large, 0, integers))
    whole = (sizes + unit // 2) // unit * unit if near >= 0 else np.zeros_like(sizes)
    whole *= np.sign(integers)
    doubles = np.where(large, doubles, whole.astype(np.float64))
    for row in np.flatnonzero(large & found.numeric):
        value = int(integers[row])
        size = (abs(value) + unit // 2) // unit * unit
        value = -size if value < 0 else size
        doubles[row] = float(value)
        if INT64_MIN <= value <= INT64_MAX:
            whole[row] = value
        else:
            form[row] = DOUBLE
    return number_column(Numbers(form, whole, doubles))
