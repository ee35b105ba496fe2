"""Numeric functions. Source: CWL_QuerySyntax-operations-functions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.functions.calling import cut_off, rows_of
from cwnb.insights.functions.registry import function
from cwnb.insights.values import rounding
from cwnb.insights.values.arithmetic import arithmetic, without_nan
from cwnb.insights.values.conversion import joined, to_double, to_number, unify
from cwnb.insights.values.equality import compare
from cwnb.insights.values.number_columns import fits_double
from cwnb.insights.values.value_types import Value, broadcast

if TYPE_CHECKING:
    from collections.abc import Callable

_EARTH_RADIUS_KM = 6371.0
# With more decimals every double stays as it is, and with fewer it becomes 0.
MOST_DECIMALS = 400


@function("abs(number a) -> number")
def absolute(a: Value) -> Value:
    """Give the magnitude of a number."""
    try:
        return pc.abs_checked(a)
    except pa.ArrowInvalid:
        return arithmetic("*", a, pc.sign(a))  # the least int64 has no positive counterpart


@function("ceil(number a) -> number")
def ceil(a: Value) -> Value:
    """Round up to a whole number."""
    return _unless_integer(pc.ceil, a)


@function("floor(number a) -> number")
def floor(a: Value) -> Value:
    """Round down to a whole number."""
    return _unless_integer(pc.floor, a)


@function("sqrt(number a) -> number")
def square_root(a: Value) -> Value:
    """Give the square root; missing for a negative number."""
    return without_nan(pc.sqrt(to_double(a)))


@function("log(number a) -> number")
def natural_logarithm(a: Value) -> Value:
    """Give the natural logarithm; missing for zero and below."""
    a = to_double(a)
    return pc.ln(pc.if_else(pc.greater(a, 0.0), a, pa.scalar(None, pa.float64())))


@function("greatest(number a...) -> number")
def greatest(*numbers: Value) -> Value:
    """Give the greatest of the numbers; missing ones are left out."""
    return _extreme(pc.max_element_wise, ">", numbers)


@function("least(number a...) -> number")
def least(*numbers: Value) -> Value:
    """Give the least of the numbers; missing ones are left out."""
    return _extreme(pc.min_element_wise, "<", numbers)


@function("round(number a [, number decimals]) -> number")
def round_half_away(a: Value, decimals: Value | None = None) -> Value:
    """Round to a number of decimals, 0 if not given; halves go away from zero.

    What counts is the number as it is written: 1.005 to two decimals is 1.01, though its double is
    a little less than that half. Negative decimals round to tens, hundreds and so on.
    """
    rows = rows_of(a, decimals)
    if decimals is None:
        return rounding.rounded(broadcast(a, rows), 0)
    if isinstance(decimals, pa.Array):
        return _round_each(broadcast(a, rows), decimals)
    if not decimals.is_valid:
        return pa.nulls(rows, pa.float64())
    return rounding.rounded(broadcast(a, rows), cut_off(decimals.as_py(), MOST_DECIMALS))


@function("haversine(number lat1, number lon1, number lat2, number lon2) -> number")
def haversine(lat1: Value, lon1: Value, lat2: Value, lon2: Value) -> Value:
    """Give the great-circle distance in km between two places in degrees."""
    rows = rows_of(lat1, lon1, lat2, lon2)
    columns = [broadcast(to_double(v), rows) for v in (lat1, lon1, lat2, lon2)]
    a, b, c, d = (np.radians(v.fill_null(np.nan).to_numpy(zero_copy_only=False)) for v in columns)
    with np.errstate(all="ignore"):
        h = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
        distance = 2 * _EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(h, 1.0)))
    return pa.array(distance, mask=np.isnan(distance))


@function(
    "histogram(number field, literal_number width from 1e-9 to 1000000000000000) -> number",
    row_form=True,
)
def lower_border(field: Value, width: float) -> Value:
    """Give the lower border of the range in which a number lies, of ranges of this width from 0.

    This is its meaning after `by`; in the list of `stats`, `histogram(field, n)` counts numbers.
    """
    field = broadcast(field, rows_of(field))
    if pa.types.is_integer(field.type) and float(width).is_integer():
        integers = np.asarray(field.fill_null(0))
        whole = integers // int(width) * int(width)
        if (whole <= integers).all():  # else the border lies below all int64
            return pa.array(whole, mask=np.asarray(field.is_null()))
    numbers = to_double(field)
    with np.errstate(all="ignore"):
        # 0.3 / 0.1 is 2.9999999999999996 in doubles.
        ranges = np.floor(np.round(np.asarray(numbers) / width, 9))
        decimals = -int(Decimal(repr(width)).normalize().as_tuple().exponent)
        borders = np.round(ranges * width, max(0, decimals))
    return without_nan(pa.array(borders, mask=np.asarray(numbers.is_null())))


@function("toNumber(number s) -> number")
def number(s: Value) -> Value:
    """Read a value as a number; missing if it is not one."""
    return to_double(s)


@function("toDouble(number s) -> number")
def number_to_double(s: Value) -> Value:
    """Read a value as a number; missing if it is not one."""
    return to_double(s)


@function("toInt(number s) -> number")
def to_int(s: Value) -> Value:
    """Read a value as a 32-bit integer, cutting off the fraction; missing if it does not fit."""
    return _truncate(s, -(2.0**31), 2.0**31)


@function("toLong(number s) -> number")
def to_long(s: Value) -> Value:
    """Read a value as a 64-bit integer, cutting off the fraction; missing if it does not fit."""
    return _truncate(s, -(2.0**63), 2.0**63)


def _truncate(a: Value, low: float, beyond: float) -> Value:
    if pa.types.is_integer(a.type):
        if beyond == 2.0**63:
            return a
        inside = pc.and_(pc.greater_equal(a, int(low)), pc.less(a, int(beyond)))
        return pc.if_else(inside, a, pa.scalar(None, pa.int64()))
    whole = pc.trunc(a)
    inside = pc.and_(pc.greater_equal(whole, low), pc.less(whole, beyond))
    return pc.cast(pc.if_else(inside, whole, pa.scalar(None, pa.float64())), pa.int64())


def _unless_integer(kernel: Callable[[Value], Value], a: Value) -> Value:
    return a if pa.types.is_integer(a.type) else kernel(a)


def _extreme(kernel: Callable[..., Value], better: str, numbers: tuple[Value, ...]) -> Value:
    """Give the number of each row that is `better` than the others."""
    if all(pa.types.is_integer(n.type) for n in numbers):
        return kernel(*numbers, skip_nulls=True)
    if all(fits_double(n) for n in numbers):
        return kernel(*map(to_double, numbers), skip_nulls=True)
    best, *rest = (broadcast(n, rows_of(*numbers)) for n in numbers)
    for other in rest:
        takes_over = pc.or_(compare(better, other, best).fill_null(False), best.is_null())
        best = pc.if_else(takes_over, *unify([other, best]))
    return to_number(best)


def _round_each(a: pa.Array, decimals: pa.Array) -> pa.Array:
    """Round each number to its own number of decimals."""
    places = [
        None if number is None else cut_off(number, MOST_DECIMALS)
        for number in decimals.to_pylist()
    ]
    codes = pa.array(places, pa.int64()).dictionary_encode(null_encoding="encode")
    answers, rows = [], []
    for code, count in enumerate(codes.dictionary.to_pylist()):
        at = np.flatnonzero(np.asarray(codes.indices) == code)
        some = a.take(pa.array(at))
        answers.append(
            pa.nulls(len(at), a.type) if count is None else rounding.rounded(some, count)
        )
        rows.append(at)
    if not rows:
        return a
    return joined(answers, rows)
