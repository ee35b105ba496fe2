"""`+ - * / % ^` and negation over columns and constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.values.conversion import Value, broadcast, to_double, to_number

_CHECKED = {"+": pc.add_checked, "-": pc.subtract_checked, "*": pc.multiply_checked}
_UNCHECKED = {"+": pc.add, "-": pc.subtract, "*": pc.multiply}
# Integer powers below this fit int64. The doubles that are compared with it are close enough.
_POWER_LIMIT = 2.0**62


def arithmetic(op: str, a: Value, b: Value) -> Value:
    """Compute `a op b`; missing where either side is missing or no number.

    `+ - * %` of integers give integers, as does `^` where all results are exact; if a value of the
    column overflows, all become doubles. `/` is real division. Division by zero, also by `%`, gives
    missing. The result of `%` has the sign of the dividend.
    """
    a, b = to_number(a), to_number(b)
    if not isinstance(a, pa.Array) and not isinstance(b, pa.Array):
        return arithmetic(op, broadcast(a, 1), broadcast(b, 1))[0]
    if op in _CHECKED:
        if pa.types.is_integer(a.type) and pa.types.is_integer(b.type):
            try:
                return _CHECKED[op](a, b)
            except pa.ArrowInvalid:
                pass  # an overflow: the doubles below
        return without_nan(_UNCHECKED[op](to_double(a), to_double(b)))
    if op == "/":
        divisor = to_double(b)
        nonzero = pc.if_else(pc.equal(divisor, 0.0), pa.scalar(None, pa.float64()), divisor)
        return without_nan(pc.divide(to_double(a), nonzero))
    rows = len(a) if isinstance(a, pa.Array) else len(b)
    return _with_numpy(op, broadcast(a, rows), broadcast(b, rows))


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


def _with_numpy(op: str, a: pa.Array, b: pa.Array) -> pa.Array:
    valid = pc.and_(a.is_valid(), b.is_valid()).to_numpy(zero_copy_only=False)
    x, y = (v.fill_null(0).to_numpy(zero_copy_only=False) for v in (a, b))
    with np.errstate(all="ignore"):
        if op == "%":
            valid = valid & (y != 0)
            return without_nan(pa.array(np.fmod(x, np.where(y != 0, y, 1)), mask=~valid))
        if op == "^":
            return without_nan(pa.array(_power(x, y), mask=~valid))
    raise ValueError(op)


def _power(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    result: np.ndarray[Any, Any] = np.power(x.astype(np.float64), y.astype(np.float64))
    whole = x.dtype.kind == "i" and y.dtype.kind == "i" and (y >= 0).all()
    if whole and (np.abs(result) < _POWER_LIMIT).all():
        result = np.power(x, y)
    return result
