"""What discovered fields exclude: messages of which a column proves that they do not match.

A column proves nothing of a message where it is null: the field may have been cut (an event has at
most 200), or be null, `[]` or `{}` in the message. And a field `a.b` may be of a key `a.b` and not
of `b` in `a`, so messages that have such a text are in doubt.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb import regex
from cwnb.events import EXACT_DOUBLE
from cwnb.filter_pattern.comparing import (
    EQUAL,
    NUMPY_OPERATORS,
    UNEQUAL,
    Form,
    Number,
    Text,
)
from cwnb.filter_pattern.conditions import decide, leaves
from cwnb.filter_pattern.json_conditions import Absent, Compared, Condition, Is

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cwnb.filter_pattern.conditions import Mask, Rows
    from cwnb.filter_pattern.json_conditions import Selector


def column_of(selector: Selector) -> str | None:
    """Name the field that discovery makes of what is selected; None if that is not certain."""
    keys = selector.steps
    if not all(isinstance(key, str) and key and "." not in key for key in keys):
        return None
    name = ".".join(map(str, keys))
    # A log's own key that begins with @ gets a second one.
    return None if name.startswith("@") else name


def columns_of(conditions: Any) -> frozenset[str]:
    """Name the fields that may exclude messages."""
    return frozenset(filter(None, (column_of(one.selector) for one in leaves(conditions))))


def doubt_of(conditions: Any) -> str | None:
    """Give an RE2 pattern of the messages of which the columns prove nothing; None without any."""
    dotted = [
        regex.escape(f"{one}.{other}")
        for name in sorted(columns_of(conditions))
        for one, other in pairwise(name.split("."))
    ]
    # A key can be written by the numbers of its characters.
    return "|".join(["\\\\u", *dict.fromkeys(dotted)]) if dotted else None


def possible(conditions: Any, columns: Mapping[str, pa.Array], rows: int) -> Mask:
    """Tell for which events the columns leave it open whether the message matches."""

    def test(one: Condition, some: Rows) -> Mask:
        column = columns.get(column_of(one.selector) or "")
        if column is None:
            return np.ones(len(some), dtype=bool)
        return _open(one, column if len(some) == len(column) else column.take(pa.array(some)))

    return decide(conditions, np.arange(rows), test)


def _open(one: Condition, column: pa.Array) -> Mask:
    """Tell for which values of a column a condition may hold."""
    if isinstance(one, Absent):
        return np.asarray(column.is_null())
    holds = _is(one, column) if isinstance(one, Is) else _compares(one, column)
    return np.ones(len(column), dtype=bool) if holds is None else holds | _missing(column)


def _missing(column: pa.Array) -> Mask:
    return np.asarray(column.is_null())


def _is(one: Is, column: pa.Array) -> Mask | None:
    if not pa.types.is_boolean(column.type) or one.value is None:
        known = _is_number(column.type) or _is_text(column.type) or one.value is None
        return np.zeros(len(column), dtype=bool) if known else None
    values: Mask = np.asarray(column.fill_null(False))
    return values if one.value else ~values


def _compares(one: Compared, column: pa.Array) -> Mask | None:
    """Tell for which values a comparison holds; None where the column does not say."""
    if pa.types.is_boolean(column.type):
        return np.zeros(len(column), dtype=bool)
    operand = one.operand
    if _is_number(column.type):
        if not isinstance(operand, Number) or not _is_exact(operand.value, column):
            return None
        numbers = np.asarray(column.fill_null(0))
        return cast("Mask", NUMPY_OPERATORS[one.operator](numbers, operand.value))
    if not _is_text(column.type):
        return None
    if one.operator not in {EQUAL, UNEQUAL}:
        return np.zeros(len(column), dtype=bool)
    if isinstance(operand, Form):
        found = regex.matches(column, operand.re2)
    else:
        text = operand.text if isinstance(operand, Text) else operand.written
        found = _equal(column, text)
    equal: Mask = np.asarray(found.fill_null(False))
    return equal if one.operator == EQUAL else ~equal


def _equal(column: pa.Array, text: str) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return pc.equal(column.dictionary, text).take(column.indices)
    return pc.equal(column, text)


def _is_exact(number: float, column: pa.Array) -> bool:
    """Tell whether numpy compares the numbers as they are: none is an integer beyond 2^53."""
    ends = pc.min_max(column)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    return low is None or max(abs(number), abs(low), abs(high)) <= EXACT_DOUBLE


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind))
