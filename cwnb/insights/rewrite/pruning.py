"""Translate conditions of the language into bounds and texts, by which sources leave out segments.

A source knows nothing of the language, so this file decides which values may be equal and what is a
number. Bounds may be too wide but never too narrow, because the engine filters the events again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cwnb.events import Condition, NumberRange
from cwnb.insights.values.numbers import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

# Python refuses to read longer integers; as a double they are infinite.
_INTEGER_DIGITS = 4000


def condition(field: str, operator: str, values: Sequence[str | float] = ()) -> Condition:
    """Give what an event must have so that `field operator value` can be true of it.

    `operator` is `=`, `in`, `<`, `<=`, `>`, `>=` or `present` (which has no value). `in` is true if
    one of the values matches; the others have one value.
    """
    if operator == "present":
        return Condition(field)
    texts = None
    if operator in {"=", "in"} and not any(_may_equal_a_number(value) for value in values):
        texts = frozenset(str(value) for value in values)
    ranges = [_range(operator, value) for value in values]
    known = tuple(found for found in ranges if found is not None)
    return Condition(field, texts, known if len(known) == len(ranges) else None)


def _may_equal_a_number(value: str | float) -> bool:
    """Tell whether a value can equal a text of another spelling, as `200` equals `0200`."""
    return not isinstance(value, str) or is_number(value)


def _range(operator: str, value: str | float) -> NumberRange | None:
    bounds = _bounds(value)
    if bounds is None:
        return None
    least, most = bounds
    if operator == "<":
        return NumberRange(high=most, without_high=True)
    if operator == "<=":
        return NumberRange(high=most)
    if operator == ">":
        return NumberRange(low=least, without_low=True)
    if operator == ">=":
        return NumberRange(low=least)
    return NumberRange(least, most)


def _bounds(value: str | float) -> tuple[float, float] | None:
    """Give the numbers between which a value lies, or None where it is no number.

    A decimal fraction lies between two doubles, so its neighbours are its bounds.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not is_number(value):
            return None
        if value.lstrip("+-").isdigit() and len(value) < _INTEGER_DIGITS:
            return int(value), int(value)
        value = float(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return math.nextafter(value, -math.inf), math.nextafter(value, math.inf)
    return value, value
