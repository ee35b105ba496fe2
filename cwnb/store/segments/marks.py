"""Missing values as a mark: a value that the column has nowhere else.

Parquet keeps a column with missing values as levels beside the values that are there, and reading
it takes two to ten times as long as one where nothing is missing, however few are (measured:
docs/performance.md). So a column is written as one without, and its mark says which are missing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

# The name of the mark in the metadata of the column.
_NAME = b"missing"
_LEAST = -(2**63)


def mark_of(parts: Sequence[pa.Array]) -> bytes | None:
    """Give a mark for a column in parts; None where nothing is missing, or no value is left.

    Integers and doubles take the one below the least, texts in dictionaries some NUL characters.
    """
    if not any(part.null_count for part in parts):
        return None
    kind = parts[0].type
    if pa.types.is_dictionary(kind):
        return _free_text([part.dictionary for part in parts])
    if not (pa.types.is_int64(kind) or pa.types.is_float64(kind)):
        return None
    least = min(
        (low for part in parts if (low := pc.min_max(part)["min"].as_py()) is not None), default=0
    )
    if pa.types.is_int64(kind):
        return str(least - 1).encode() if least > _LEAST else None
    mark = math.nextafter(least, -math.inf)
    has_nan = any(pc.any(pc.is_nan(part)).as_py() for part in parts)
    return None if has_nan or not math.isfinite(mark) else mark.hex().encode()


def marked(part: pa.Array, mark: bytes) -> pa.Array:
    """Give a part of a column with marks in place of missing values."""
    if not pa.types.is_dictionary(part.type):
        return part.fill_null(_value(mark, part.type))
    texts = pa.concat_arrays([part.dictionary, pa.array([mark.decode()], part.type.value_type)])
    return pa.DictionaryArray.from_arrays(part.indices.fill_null(len(part.dictionary)), texts)


def about(mark: bytes | None) -> dict[bytes, bytes] | None:
    """Give the metadata of a column with this mark."""
    return None if mark is None else {_NAME: mark}


def without_marks(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """Give a column that was read, with missing values where it has the mark of its field."""
    mark = (field.metadata or {}).get(_NAME)
    if mark is None:
        return column
    unmarked = _unmarked_texts if pa.types.is_dictionary(column.type) else _unmarked_numbers
    return pa.chunked_array([unmarked(chunk, mark) for chunk in column.chunks], column.type)


def _free_text(dictionaries: list[Any]) -> bytes:
    mark = "\0"
    while any(pc.index(texts, mark).as_py() >= 0 for texts in dictionaries):
        mark += "\0"
    return mark.encode()


def _value(mark: bytes, kind: pa.DataType) -> Any:
    return pa.scalar(int(mark) if pa.types.is_int64(kind) else float.fromhex(mark.decode()), kind)


def _unmarked_numbers(chunk: pa.Array, mark: bytes) -> pa.Array:
    numbers = np.asarray(chunk)
    return _with_missing(numbers, numbers == _value(mark, chunk.type).as_py(), chunk.type)


def _unmarked_texts(chunk: Any, mark: bytes) -> pa.Array:
    texts = chunk.dictionary
    place = len(texts) - 1
    if not len(texts) or texts[place].as_py() != mark.decode():
        place = pc.index(texts, mark.decode()).as_py()
    if place < 0:
        return chunk
    codes = np.asarray(chunk.indices)
    missing = codes == place
    if len(texts) == 1:
        # Without a text there is no code that could stand under a missing value.
        return pa.DictionaryArray.from_arrays(pa.nulls(len(chunk), pa.int32()), texts.slice(0, 0))
    codes = codes.copy()
    codes[missing] = 0
    if place < len(texts) - 1:
        codes[codes > place] -= 1
        texts = pa.concat_arrays([texts.slice(0, place), texts.slice(place + 1)])
    else:
        texts = texts.slice(0, place)
    indices = _with_missing(codes, missing, pa.int32())
    return pa.DictionaryArray.from_arrays(indices, texts, safe=False)


def _with_missing(held: Any, missing: Any, kind: pa.DataType) -> pa.Array:
    count = int(np.count_nonzero(missing))
    there = pa.py_buffer(np.packbits(~missing, bitorder="little")) if count else None
    return pa.Array.from_buffers(kind, len(held), [there, pa.py_buffer(held)], count)
