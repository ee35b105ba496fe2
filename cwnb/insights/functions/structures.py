"""Functions of maps and lists: `jsonParse` and its kind, and access by a path.

Source: CWL_QuerySyntax-operations-functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from cwnb.insights.functions.calling import map_values
from cwnb.insights.functions.registry import function
from cwnb.insights.values import numbers
from cwnb.insights.values.conversion import to_text
from cwnb.insights.values.documents import text_form, values_at
from cwnb.insights.values.numbers import is_number
from cwnb.insights.values.structures import read_structure, read_structures, structure_array
from cwnb.insights.values.value_types import (
    Value,
    broadcast,
    decode,
    holds_structures,
    is_structure,
    texts_of_structures,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@function("jsonParse(any s) -> structure", read_documents=read_structures)
def json_parse(s: Value) -> Value:
    """Read JSON text of an object or array as a map or list; missing for anything else."""
    if is_structure(s):
        return s
    return structure_array(read_structures(decode(to_text(s)).to_pylist()))


@function("jsonStringify(structure mapOrList) -> text")
def json_stringify(structure: Value) -> Value:
    """Write a map or list as JSON text; missing for anything else."""
    return texts_of_structures(structure)


@function("jsonArraySize(any field) -> number")
def json_array_size(field: Value) -> Value:
    """Count the elements of a JSON array; missing for anything else."""

    def sizes(texts: Iterable[str | None]) -> Iterator[int | None]:
        return (len(d) if type(d) is list else None for d in read_structures(texts))

    texts = to_text(field)
    if not isinstance(texts, pa.Array):
        return json_array_size(broadcast(texts, 1))[0]
    (found,) = values_at(texts, sizes, [[]])
    return found.cast(pa.int64())


@function("jsonArrayContains(any field, text value) -> boolean")
def json_array_contains(field: Value, value: Value) -> Value:
    """Tell whether a JSON array has an element equal to a value; false for anything else."""

    def contains(text: str, wanted: str) -> bool:
        elements = read_structure(text)
        if not isinstance(elements, list):
            return False
        key = _key(wanted)
        return any(_key(text_form(e)) == key for e in elements if e is not None)

    return map_values(contains, pa.bool_(), to_text(field), value)


def access(structure: Value, path: Sequence[str | int]) -> Value:
    """Give the value at a path of each map or list, as a column of the type of these values.

    A number in the path is an index of a list, from 0. A path that leads nowhere gives missing.
    """
    if not isinstance(structure, pa.Array):
        return access(broadcast(structure, 1), path)[0]
    if not holds_structures(structure):
        return pa.nulls(len(structure))
    (found,) = values_at(texts_of_structures(structure), read_structures, [list(map(str, path))])
    return found


def _key(text: str) -> object:
    """Give a key that two texts share if they are equal in the language."""
    if not is_number(text):
        return text
    found = numbers.from_text(pa.array([text], pa.string()))
    assert found is not None
    return found.exact(0)
