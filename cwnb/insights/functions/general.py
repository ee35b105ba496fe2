"""General functions: presence, choice, size. Source: CWL_QuerySyntax-operations-functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.functions.calling import rows_of
from cwnb.insights.functions.registry import function
from cwnb.insights.values.conversion import analyse, to_boolean, unify
from cwnb.insights.values.value_types import (
    Value,
    array_of,
    broadcast,
    decode,
    is_mixed,
    is_text,
    rows_present,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


@function("ispresent(any field) -> boolean", true_only_if_present=True)
def ispresent(field: Value) -> Value:
    """Tell whether the event has the field; an empty text is present."""
    if pa.types.is_null(field.type):
        return pa.array(np.zeros(rows_of(field), dtype=bool))
    return field.is_valid()


@function("coalesce(any value...) -> any")
def coalesce(*values: Value) -> Value:
    """Give the first value that is not missing."""
    rows = rows_of(*values)
    present = [_present(value, rows) for value in values]
    return choose(present, values, rows)


@function("if(boolean condition, any then, any otherwise) -> any")
def if_(condition: Value, then: Value, otherwise: Value) -> Value:
    """Give `then` where the condition is true, `otherwise` where it is false or missing."""
    rows = rows_of(condition, then, otherwise)
    return choose([_true(condition, rows)], [then, otherwise], rows)


@function(
    "case(any condition, any value [, any more...]) -> any",
    most_branches=10,  # CWL_QuerySyntax-operations-functions
)
def case(*args: Value) -> Value:
    """Give the value after the first true condition, else a last value without a condition."""
    rows = rows_of(*args)
    pairs = len(args) // 2
    conditions = [_true(to_boolean(args[2 * i]), rows) for i in range(pairs)]
    values = [args[2 * i + 1] for i in range(pairs)]
    return choose(conditions, [*values, *args[2 * pairs :]], rows)


@function("isNumeric(any field) -> boolean")
def is_numeric(field: Value) -> Value:
    """Tell whether the value parses as a number."""
    kind = field.type
    if pa.types.is_null(kind):
        return pa.nulls(len(field), pa.bool_())
    missing = ~rows_present(field)
    if is_text(kind) or is_mixed(kind):
        found = analyse(field)
        answer = np.zeros(len(field), dtype=bool) if found is None else found.numeric
    else:
        answer = np.full(len(field), pa.types.is_integer(kind) or pa.types.is_floating(kind))
    return array_of(answer, missing)


@function("messageSize(text field) -> number")
def message_size(field: Value) -> Value:
    """Give the length of the text in bytes of UTF-8."""
    return pc.cast(pc.binary_length(field), pa.int64())


def choose(
    conditions: Sequence[np.ndarray[Any, Any]], values: Sequence[Value], rows: int
) -> pa.Array:
    """Give for each row the value of its first true condition.

    A last value without a condition is for the rows where no condition is true; without it they
    are missing.
    """
    unified = [decode(value) for value in unify(values)]
    otherwise = len(conditions) if len(values) > len(conditions) else -1
    which = np.full(rows, otherwise, dtype=np.int32)
    for i in range(len(conditions) - 1, -1, -1):
        which[conditions[i]] = i
    if not any(isinstance(value, pa.Array) for value in unified):
        return _of_constants(unified, which)
    parts = [v if isinstance(v, pa.Array) else broadcast(v, 1) for v in unified]
    # One `take` from all values, put one behind the other, works for every type.
    lengths = [len(part) for part in parts]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    step = np.array([isinstance(v, pa.Array) for v in unified])
    place = starts[which] + np.where(step[which], np.arange(rows), 0)
    return pa.concat_arrays(parts).take(pa.array(place, mask=which < 0))


def _of_constants(constants: Sequence[pa.Scalar], which: np.ndarray[Any, Any]) -> pa.Array:
    """Give for each row the constant with this number; missing for -1.

    Texts stay in a dictionary, so that what is done with them is done once for each.
    """
    each = pa.concat_arrays([broadcast(constant, 1) for constant in constants])
    places = pa.array(which, mask=which < 0 if (which < 0).any() else None)
    if not pa.types.is_string(each.type):
        return each.take(places)
    encoded = each.dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices.take(places), encoded.dictionary)


def _true(condition: Value, rows: int) -> np.ndarray[Any, Any]:
    answer = broadcast(condition, rows).fill_null(False).to_numpy(zero_copy_only=False)
    return np.asarray(answer, dtype=bool)


def _present(value: Value, rows: int) -> np.ndarray[Any, Any]:
    if not isinstance(value, pa.Array):
        return np.full(rows, value.is_valid)
    if pa.types.is_null(value.type):
        return np.zeros(rows, dtype=bool)
    return rows_present(value)
