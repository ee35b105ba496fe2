"""Texts that hold a map or list each: values at paths of them, and columns of such values."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.events import (
    EXACT_DOUBLE,
    TYPE_BOOLEAN,
    TYPE_FLOAT,
    TYPE_INTEGER,
    TYPE_STRING,
    TYPE_STRUCTURE,
)
from cwnb.garbage import collector_paused
from cwnb.insights.control import portions
from cwnb.insights.values.conversion import text_of
from cwnb.insights.values.numbers import INT64_MAX, INT64_MIN
from cwnb.insights.values.structures import (
    JsonText,
    structure_array,
    write_json,
    write_together,
)
from cwnb.insights.values.value_types import mixed_array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    # Gives a document for each text; None for None, and where a text is no document.
    ReadDocuments = Callable[[Iterable[str | None]], Iterable[Any]]

# So many texts are Python objects at a time; the documents, some of these at a time.
_ROWS = 8_192


def walk_each(documents: list[Any], path: Sequence[str]) -> list[Any]:
    """Follow a path into each document, as `walk` does; gives a new list."""
    if len(path) != 1:
        return [None if one is None else walk(one, path) for one in documents]
    (key,) = path
    return [one.get(key) if type(one) is dict else _step(one, key) for one in documents]


def values_at(
    texts: pa.Array,
    read: ReadDocuments,
    paths: Sequence[Sequence[str]],
    find: Callable[[list[Any], Sequence[str]], list[Any]] = walk_each,
) -> list[pa.Array]:
    """Read each text once and give a column for each path.

    Missing where a path leads nowhere. A number in a path is an index of a list, from 0. The texts
    of a dictionary are read once each. `find` gives the value at a path of each of some documents.
    """
    if pa.types.is_dictionary(texts.type):
        found = values_at(texts.dictionary, read, paths, find)
        return [column.take(texts.indices) for column in found]
    columns: list[list[Any]] = [[] for _ in paths]
    for start in range(0, len(texts), _ROWS):
        with collector_paused():
            for documents in portions(read(texts.slice(start, _ROWS).to_pylist())):
                for path, column in zip(paths, columns, strict=True):
                    column.extend(held(find(documents, path)))
    return [typed(column) for column in columns]


def items_of(
    objects: Iterable[Any], paths: Sequence[Sequence[str]]
) -> tuple[np.ndarray[Any, Any], list[pa.Array]]:
    """Give how many items each list has, and a column for each path into the items.

    What is no list counts as one item.
    """
    counts: list[int] = []
    found: list[list[Any]] = [[] for _ in paths]
    with collector_paused():
        for some in portions(objects):
            lists = [one if type(one) is list else (one,) for one in some]
            counts += map(len, lists)
            items = list(chain.from_iterable(lists))
            for path, column in zip(paths, found, strict=True):
                column.extend(held(walk_each(items, path)))
    return np.array(counts, dtype=np.int64), [typed(column) for column in found]


def one_by_one(read: Callable[[str], Any]) -> ReadDocuments:
    """Give what reads documents, from what reads one."""

    def read_all(texts: Iterable[str | None]) -> Iterator[Any]:
        return (None if text is None else read(text) for text in texts)

    return read_all


def held(found: list[Any]) -> list[Any]:
    """Give values of documents as a column is made of them: maps and lists as their JSON text.

    So the documents need not be kept until the columns are made.
    """
    rows = [row for row, value in enumerate(found) if type(value) in _STRUCTURES]
    for row, text in zip(rows, write_together([found[row] for row in rows]), strict=True):
        found[row] = text
    return found


_STRUCTURES = (dict, list)


def walk(value: Any, path: Sequence[str]) -> Any:
    """Follow a path into a document; a key may itself contain dots. None where it leads nowhere."""
    here = value
    for part in path:
        here = _step(here, part)
        if here is None:
            break
    if here is not None or len(path) <= 1:
        return here
    return _walk_over_dots(value, list(path))


def _step(value: Any, part: str) -> Any:
    if type(value) is dict:
        return value.get(part)
    if type(value) is list and part.isascii() and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return None


def _walk_over_dots(value: Any, parts: list[str]) -> Any:
    if not parts:
        return value
    if type(value) is dict:
        for end in range(1, len(parts) + 1):
            key = ".".join(parts[:end])
            if key in value:
                found = _walk_over_dots(value[key], parts[end:])
                if found is not None:
                    return found
        return None
    inside = _step(value, parts[0])
    return None if inside is None else _walk_over_dots(inside, parts[1:])


def typed(values: list[Any]) -> pa.Array:
    """Make a column of Python values from JSON, in a type that fits them all.

    Only integers: int64. Integers and floats: double, if that is exact. Only booleans, only text,
    only maps and lists: that type. Anything else: mixed.
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
    if kinds <= {dict, list, JsonText}:
        return structure_array(values)
    text = pa.array([None if v is None else text_form(v) for v in values], pa.string())
    return mixed_array(text, pa.array(np.array([_type_code(v) for v in values], dtype=np.int8)))


def text_form(value: Any) -> str:
    """Give the text form of a value from JSON."""
    return write_json(value) if isinstance(value, dict | list) else text_of(value)


def _type_code(value: Any) -> int:
    if isinstance(value, bool):
        return TYPE_BOOLEAN
    if isinstance(value, int):
        return TYPE_INTEGER
    if isinstance(value, dict | list | JsonText):
        return TYPE_STRUCTURE
    return TYPE_FLOAT if isinstance(value, float) else TYPE_STRING


def _integers_between(values: list[Any], low: int, high: int) -> bool:
    return all(low <= v <= high for v in values if isinstance(v, int))
