"""Functions of maps and lists: `jsonParse` and its kind, and access by a path.

Source: CWL_QuerySyntax-operations-functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.events import EXACT_DOUBLE, TYPE_BOOLEAN, TYPE_FLOAT, TYPE_INTEGER, TYPE_STRING
from cwnb.insights.control import with_checkpoints
from cwnb.insights.functions.calling import map_values
from cwnb.insights.functions.registry import function
from cwnb.insights.values import numbers
from cwnb.insights.values.conversion import text_of, to_text
from cwnb.insights.values.numbers import INT64_MAX, INT64_MIN, is_number
from cwnb.insights.values.structures import read_structure, structure_array, write_json
from cwnb.insights.values.value_types import Value, broadcast, decode, is_structure, mixed_array

if TYPE_CHECKING:
    from collections.abc import Sequence


@function("jsonParse(any s) -> structure")
def json_parse(s: Value) -> Value:
    """Read JSON text of an object or array as a map or list; missing for anything else."""
    if is_structure(s):
        return s
    text = decode(to_text(s))
    rows = [
        None if word is None else read_structure(word)
        for word in with_checkpoints(text.to_pylist())
    ]
    return structure_array(rows)


@function("jsonStringify(structure mapOrList) -> text")
def json_stringify(structure: Value) -> Value:
    """Write a map or list as JSON text; missing for anything else."""
    if not is_structure(structure):
        return pa.nulls(len(structure), pa.string())
    return structure.storage


@function("jsonArraySize(any field) -> number")
def json_array_size(field: Value) -> Value:
    """Count the elements of a JSON array; missing for anything else."""

    def size(text: str) -> int | None:
        value = read_structure(text)
        return len(value) if isinstance(value, list) else None

    return map_values(size, pa.int64(), to_text(field))


@function("jsonArrayContains(any field, text value) -> boolean")
def json_array_contains(field: Value, value: Value) -> Value:
    """Tell whether a JSON array has an element equal to a value; false for anything else."""

    def contains(text: str, wanted: str) -> bool:
        elements = read_structure(text)
        if not isinstance(elements, list):
            return False
        key = _key(wanted)
        return any(_key(_text_form(e)) == key for e in elements if e is not None)

    return map_values(contains, pa.bool_(), to_text(field), value)


def access(structure: Value, path: Sequence[str | int]) -> Value:
    """Give the value at a path of each map or list, as a column of the type of these values.

    A number in the path is an index of a list, from 0. A path that leads nowhere gives missing.
    """
    if not isinstance(structure, pa.Array):
        return access(broadcast(structure, 1), path)[0]
    if not is_structure(structure):
        return pa.nulls(len(structure))
    parts = [str(part) for part in path]
    found = [
        None if text is None else _walk(read_structure(text), parts)
        for text in with_checkpoints(structure.storage.to_pylist())
    ]
    return typed(found)


def typed(values: list[Any]) -> pa.Array:
    """Make a column of Python values from JSON, in a type that fits them all.

    Only integers: int64. Integers and floats: double, if that is exact. Only booleans, only text,
    only maps and lists: that type. Anything else: mixed, with maps and lists as their JSON text.
    """
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        return pa.nulls(len(values))
    if kinds == {str}:
        return pa.array(values, pa.string())
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int} and _integers_between(values, INT64_MIN, INT64_MAX):
        return pa.array(values, pa.int64())
    if (
        float in kinds
        and kinds <= {int, float}
        and _integers_between(values, -EXACT_DOUBLE, EXACT_DOUBLE)
    ):
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    if kinds <= {dict, list}:
        return structure_array(values)
    text = pa.array([None if v is None else _text_form(v) for v in values], pa.string())
    return mixed_array(text, pa.array(np.array([_type_code(v) for v in values], dtype=np.int8)))


def _walk(value: Any, parts: list[str]) -> Any:
    """Follow a path; a key may itself contain dots."""
    if not parts:
        return value
    if isinstance(value, list):
        index = parts[0]
        if not (index.isascii() and index.isdigit()) or int(index) >= len(value):
            return None
        return _walk(value[int(index)], parts[1:])
    if isinstance(value, dict):
        for end in range(1, len(parts) + 1):
            key = ".".join(parts[:end])
            if key in value:
                found = _walk(value[key], parts[end:])
                if found is not None:
                    return found
    return None


def _text_form(value: Any) -> str:
    """Give the text form of a value from JSON."""
    return write_json(value) if isinstance(value, dict | list) else text_of(value)


def _type_code(value: Any) -> int:
    if isinstance(value, bool):
        return TYPE_BOOLEAN
    if isinstance(value, int):
        return TYPE_INTEGER
    return TYPE_FLOAT if isinstance(value, float) else TYPE_STRING


def _key(text: str) -> object:
    """Give a key that two texts share if they are equal in the language."""
    if not is_number(text):
        return text
    found = numbers.from_text(pa.array([text], pa.string()))
    assert found is not None
    return found.exact(0)


def _integers_between(values: list[Any], low: int, high: int) -> bool:
    return all(low <= v <= high for v in values if isinstance(v, int))
