"""Rare keys: what a block keeps in columns, and the `rest` that holds the others.

A field is a column if at least one event in `RARE_SHARE` has it, and then only the `COLUMN_LIMIT`
most frequent are, ties by name. Each event's other fields stand in one JSON object of the `rest`
column, `{"name": "<code><text>"}`: the digit is the value's type code, the text its text form.
So memory grows with the bytes of the events and never with events times keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import TYPE_BOOLEAN, TYPE_FLOAT, TYPE_INTEGER, TYPE_STRING
from cwnb.store.discovery.columns import (
    EXACT,
    codes_of,
    column,
    float_texts,
    spread,
    texts_of,
)
from cwnb.store.discovery.flatten import Digits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COLUMN_LIMIT = 500
RARE_SHARE = 200

# Where a rare field has values: rows (ascending) and "<code><text>" of each.
Sparse = dict[str, tuple[list[int], list[str]]]


# What is rare in a block: by name, how many events have it and a bit for each type code seen.
Rare = dict[str, tuple[int, int]]
_INTEGERS_AND_FLOATS = 1 << TYPE_INTEGER | 1 << TYPE_FLOAT


def frequent(counts: dict[str, int], rows: int) -> set[str]:
    """Name the fields that become columns of a block of `rows` events."""
    enough = [item for item in counts.items() if item[1] * RARE_SHARE >= rows]
    if len(enough) > COLUMN_LIMIT:
        enough.sort(key=lambda item: (-item[1], item[0]))
    return {name for name, _ in enough[:COLUMN_LIMIT]}


def rare_names(rest: pa.Array | pa.ChunkedArray) -> Rare:
    """Give the names in a `rest` column, how many events have each, and a bit for each type."""
    rare: Rare = {}
    for text in pc.drop_null(rest).to_pylist():
        for name, value in orjson.loads(text).items():
            count, codes = rare.get(name, (0, 0))
            rare[name] = count + 1, codes | 1 << int(value[0])
    return rare


def add_rare(one: Rare, other: Rare) -> Rare | None:
    """Add up the rare fields of two blocks; None if some values have to be written again."""
    added = dict(one)
    for name, (count, codes) in other.items():
        before, seen = added.get(name, (0, 0))
        both = codes | seen
        # Where a field has floats, its integers are written as floats too. If only one of the two
        # blocks has floats, the integers of the other must be written again.
        if both & _INTEGERS_AND_FLOATS == _INTEGERS_AND_FLOATS and before and both != seen:
            return None
        added[name] = before + count, both
    return added


def read_rest(rest: pa.Array | pa.ChunkedArray, name: str) -> pa.Array | None:
    """Give the column of a rare field, typed as any other is, or None if no event has it."""
    if isinstance(rest, pa.ChunkedArray):
        rest = rest.combine_chunks()
    rows, coded = [], []
    for row, text in _texts_with(orjson.dumps(name) + b":", rest):
        value = orjson.loads(text).get(name)
        if value is not None:
            rows.append(row)
            coded.append(value)
    return spread(column(values_of(coded)), rows, len(rest)) if rows else None


def _texts_with(key: bytes, rest: pa.Array) -> Iterator[tuple[int, bytes]]:
    """Give the rows whose text has this part, and their texts."""
    _, offsets, held = rest.buffers()
    if held is None or not len(rest):
        return
    starts = np.frombuffer(offsets, np.int32)[rest.offset : rest.offset + len(rest) + 1]
    first, end = int(starts[0]), int(starts[-1])
    # One search of all texts takes a fifth of the time of one for each text.
    data = held.slice(first, end - first).to_pybytes()
    places = []
    at = data.find(key)
    while at >= 0:
        places.append(at)
        at = data.find(key, at + len(key))
    found = np.array(places, np.int64) + first
    rows = np.searchsorted(starts, found, side="right") - 1
    there = rest.is_valid() if rest.null_count else None
    for row in np.unique(rows[found + len(key) <= starts[rows + 1]]).tolist():
        if there is None or there[row].as_py():
            yield row, data[starts[row] - first : starts[row + 1] - first]


def values_of(coded: Iterable[str]) -> list[Any]:
    """Give coded values as Python ones, as `columns.column` takes them."""
    values: list[Any] = []
    for item in coded:
        code, text = int(item[0]), item[1:]
        if code == TYPE_STRING:
            values.append(text)
        elif code == TYPE_INTEGER:
            number = int(text) if len(text) <= 20 else None
            fits = number is not None and -(2**63) <= number < 2**63
            values.append(number if fits else Digits(text))
        elif code == TYPE_FLOAT:
            values.append(float(text))
        else:
            values.append(text == "true")
    return values


def code(value: Any) -> str:
    """Give one Python value (no float) as `<code><text>`."""
    kind = type(value)
    if kind is bool:
        return f"{TYPE_BOOLEAN}{'true' if value else 'false'}"
    if kind is str:
        return f"{TYPE_STRING}{value}"
    return f"{TYPE_INTEGER}{value}"


def code_all(values: list[Any]) -> list[str]:
    """Give Python values as coded ones."""
    if float not in set(map(type, values)):
        return [code(value) for value in values]
    floats = iter(float_texts([value for value in values if type(value) is float]))
    return [
        f"{TYPE_FLOAT}{next(floats)}" if type(value) is float else code(value) for value in values
    ]


def sparse_of(values: pa.Array) -> tuple[list[int], list[str]]:
    """Give a column's rows with a value, and the coded values."""
    present = values.is_valid()
    rows = np.flatnonzero(present.to_numpy(zero_copy_only=False)).tolist()
    kept = values.filter(present)
    codes = codes_of(kept).to_pylist()
    texts = texts_of(kept).to_pylist()
    return rows, [f"{one}{text}" for one, text in zip(codes, texts, strict=True)]


def agree(coded: list[str]) -> list[str]:
    """Write the integers of a field as floats if it has floats, as columns do."""
    kinds = {item[0] for item in coded}
    float_code, integer_code = str(TYPE_FLOAT), str(TYPE_INTEGER)
    if not kinds >= {float_code, integer_code}:
        return coded
    exact = [
        at
        for at, item in enumerate(coded)
        if item[0] == integer_code and len(item) <= 18 and abs(int(item[1:])) <= EXACT
    ]
    agreed = list(coded)
    for at, text in zip(exact, float_texts([float(coded[at][1:]) for at in exact]), strict=True):
        agreed[at] = float_code + text
    return agreed


def write_rest(sparse: Sparse, length: int) -> tuple[pa.Array | None, Rare]:
    """Give the `rest` column of sparse fields (None if there are none) and what is in it."""
    if not sparse:
        return None, {}
    objects: dict[int, dict[str, str]] = {}
    rare: Rare = {}
    for name, (rows, values) in sparse.items():
        coded = agree(values)
        rare[name] = len(coded), sum({1 << int(value[0]) for value in coded})
        for row, value in zip(rows, coded, strict=True):
            objects.setdefault(row, {})[name] = value
    ordered = sorted(objects)
    # Sorted keys: the same events give the same bytes however they came.
    texts = [orjson.dumps(objects[row], option=orjson.OPT_SORT_KEYS).decode() for row in ordered]
    return spread(pa.array(texts, pa.string()), ordered, length), rare


def read_sparse(rest: pa.Array, offset: int, sparse: Sparse) -> None:
    """Add all fields of a `rest` column, its rows moved by `offset`, to `sparse`."""
    for row, text in enumerate(rest.to_pylist(), offset):
        if text is not None:
            for name, value in orjson.loads(text).items():
                rows, coded = sparse.setdefault(name, ([], []))
                rows.append(row)
                coded.append(value)
