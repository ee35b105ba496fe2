"""Rare keys: what a block keeps in columns, and the `rest` that holds the others.

A block has at most `COLUMN_LIMIT` columns: the fields that most events have, ties by name. Each
event's other fields stand in one JSON object of the `rest` column, `{"name": "<code><text>"}`:
the digit is the value's type code, the text its text form. So memory grows with the bytes of the
events and never with events times keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from cwnb.events import TYPE_BOOLEAN, TYPE_FLOAT, TYPE_INTEGER, TYPE_STRING
from cwnb.store.discovery.columns import (
    EXACT,
    codes_of,
    float_texts,
    mixed,
    spread,
    texts_of,
)
from cwnb.store.discovery.flatten import Digits

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

COLUMN_LIMIT = 500

# Where a rare field has values: rows (ascending) and "<code><text>" of each.
Sparse = dict[str, tuple[list[int], list[str]]]


def frequent(counts: Counter[str]) -> set[str]:
    """Name the fields that become columns."""
    if len(counts) <= COLUMN_LIMIT:
        return set(counts)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {name for name, _ in ordered[:COLUMN_LIMIT]}


def read_rest(rest: pa.Array | pa.ChunkedArray, name: str) -> pa.Array | None:
    """Give the mixed column of a rare field, or None if no event has it."""
    rows: list[int] = []
    coded: list[str] = []
    key = orjson.dumps(name)[:-1]
    for row, text in enumerate(rest.to_pylist()):
        if text is not None and key.decode() in text:
            value = orjson.loads(text).get(name)
            if value is not None:
                rows.append(row)
                coded.append(value)
    return to_column(rows, coded, len(rest)) if rows else None


def to_column(rows: list[int], coded: list[str], length: int) -> pa.Array:
    """Give the mixed column of sparse coded values."""
    texts = pa.array([value[1:] for value in coded], pa.string())
    codes = pa.array([int(value[0]) for value in coded], pa.int8())
    return spread(mixed(texts, codes), rows, length)


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
    rows = pa.array(range(len(values)), pa.int64()).filter(present).to_pylist()
    kept = values.filter(present)
    codes = codes_of(kept).to_pylist()
    texts = texts_of(kept).to_pylist()
    return rows, [f"{one}{text}" for one, text in zip(codes, texts, strict=True)]


def agree(coded: list[str]) -> list[str]:
    """Give the values of one field as the rule on floats and integers has them."""
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


def write_rest(sparse: Sparse, length: int) -> pa.Array | None:
    """Give the `rest` column of sparse fields, or None if there are none."""
    if not sparse:
        return None
    objects: dict[int, dict[str, str]] = {}
    for name, (rows, coded) in sparse.items():
        for row, value in zip(rows, agree(coded), strict=True):
            objects.setdefault(row, {})[name] = value
    ordered = sorted(objects)
    # Sorted keys: the same events give the same bytes however they came.
    texts = [orjson.dumps(objects[row], option=orjson.OPT_SORT_KEYS).decode() for row in ordered]
    return spread(pa.array(texts, pa.string()), ordered, length)


def read_sparse(rest: pa.Array, offset: int, sparse: Sparse) -> None:
    """Add all fields of a `rest` column, its rows moved by `offset`, to `sparse`."""
    for row, text in enumerate(rest.to_pylist(), offset):
        if text is not None:
            for name, value in orjson.loads(text).items():
                rows, coded = sparse.setdefault(name, ([], []))
                rows.append(row)
                coded.append(value)
