"""Values to Arrow columns: which type a field gets, and how two types become one.

The type of a column is a function of its values alone, so that it never depends on how events
fell into blocks:

- a field with any float has its integers within ±2^53 count as floats;
- integers of 64 bits, floats, booleans or strings alone give int64, double, bool, string
  (dictionary where few are distinct);
- everything else is `mixed_type()`: each value's text form and what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import (
    TYPE_BOOLEAN,
    TYPE_FLOAT,
    TYPE_INTEGER,
    TYPE_STRING,
    mixed_type,
    texts_of_doubles,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

EXACT = 2**53
DICTIONARY = pa.dictionary(pa.int32(), pa.string())
MIXED = mixed_type()
# A dictionary is worth it while few values are distinct: one in 20 rows, and always up to 16, but
# never over 16k (there Parquet's dictionary page of 1 MB is full, and plain text reads faster).
_ROWS_PER_DISTINCT, _ALWAYS_DISTINCT, _MAX_DISTINCT = 20, 16, 16_384


def column(values: list[Any]) -> pa.Array:
    """Give the column of these Python values: str, int, float, bool, `Digits`, or None."""
    kinds = set(map(type, values))
    kinds.discard(type(None))
    try:
        if kinds == {str}:
            return pa.array(values, pa.string())
        if kinds == {int}:
            return pa.array(values, pa.int64())
        if kinds == {float}:
            return pa.array(values, pa.float64())
        if kinds == {bool}:
            return pa.array(values, pa.bool_())
        if kinds == {int, float} and all(
            type(value) is not int or -EXACT <= value <= EXACT for value in values
        ):
            return pa.array(values, pa.float64())
    except OverflowError:
        pass
    return _mixed_column(values)


def _mixed_column(values: list[Any]) -> pa.Array:
    present = [index for index, value in enumerate(values) if value is not None]
    texts: list[Any] = []
    codes: list[int] = []
    for index in present:
        value = values[index]
        kind = type(value)
        if kind is bool:
            texts.append("true" if value else "false")
            codes.append(TYPE_BOOLEAN)
        elif kind is int:
            texts.append(str(value))
            codes.append(TYPE_INTEGER)
        elif kind is float:
            texts.append(value)
            codes.append(TYPE_FLOAT)
        elif kind is str:
            texts.append(value)
            codes.append(TYPE_STRING)
        else:
            texts.append(str(value))
            codes.append(TYPE_INTEGER)
    floats = [at for at, code in enumerate(codes) if code == TYPE_FLOAT]
    for at, text in zip(floats, float_texts([texts[at] for at in floats]), strict=True):
        texts[at] = text
    return spread(
        mixed(pa.array(texts, pa.string()), pa.array(codes, pa.int8())), present, len(values)
    )


def float_texts(values: Sequence[float]) -> list[str]:
    """Give the text form of each."""
    texts: list[str] = texts_of_doubles(pa.array(values, pa.float64())).to_pylist()
    return texts


def mixed(texts: pa.Array, codes: pa.Array) -> pa.Array:
    """Give a mixed column of these texts and type codes, null where the code is null.

    If any value is a float, integers within ±2^53 become floats.
    """
    codes = codes.cast(pa.int8())
    if pc.any(pc.equal(codes, TYPE_FLOAT)).as_py():
        # 16 digits and a sign hold every integer within ±2^53, so the cast to int64 cannot fail.
        short = pc.and_(pc.equal(codes, TYPE_INTEGER), pc.less_equal(pc.utf8_length(texts), 17))
        whole = pc.if_else(short, texts, None).cast(pa.int64())
        exact = pc.fill_null(pc.less_equal(pc.abs(whole), EXACT), False)
        if pc.any(exact).as_py():
            texts = pc.if_else(exact, whole.cast(pa.string()), texts)
            codes = pc.if_else(exact, pa.scalar(TYPE_FLOAT, pa.int8()), codes)
    return pa.StructArray.from_arrays([texts, codes], fields=list(MIXED), mask=pc.is_null(codes))


def spread(values: pa.Array, rows: Any, length: int) -> pa.Array:
    """Give a column of `length` rows with `values` at `rows` (ascending) and null elsewhere."""
    if len(values) == length:
        return values
    rows = np.asarray(rows, np.int64)
    if values.type == pa.string() and not values.null_count and len(values):
        return _spread_texts(values, rows, length)
    indexes = np.zeros(length, np.int64)
    missing = np.ones(length, bool)
    indexes[rows] = np.arange(len(rows))
    missing[rows] = False
    return values.take(pa.array(indexes, mask=missing))


def _spread_texts(texts: pa.Array, rows: np.ndarray, length: int) -> pa.Array:
    """Do what `spread` does without a look at each row, for texts of which none is missing."""
    _, held, data = texts.buffers()
    ends = np.frombuffer(held, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    # A missing value has no length, so it begins and ends where the one before it ends.
    offsets = np.repeat(ends, np.diff(rows, prepend=-1, append=length))
    there = np.zeros(length, bool)
    there[rows] = True
    valid = pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(
        pa.string(), length, [valid, pa.py_buffer(offsets), data], length - len(rows)
    )


def to_mixed(values: pa.Array) -> pa.Array:
    """Give any discovered column as a mixed one."""
    if values.type == MIXED:
        return values
    return mixed(texts_of(values), codes_of(values))


def texts_of(values: pa.Array) -> pa.Array:
    """Give the text form of each value of a discovered column."""
    if values.type == MIXED:
        return pc.struct_field(values, 0)
    if pa.types.is_dictionary(values.type):
        return values.cast(pa.string())
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), pa.string())
    if pa.types.is_floating(values.type):
        return texts_of_doubles(values)
    return values.cast(pa.string())


def codes_of(values: pa.Array) -> pa.Array:
    """Give the type code of each value of a discovered column, null where it is missing."""
    kind = values.type
    if kind == MIXED:
        return pc.struct_field(values, 1)
    if pa.types.is_integer(kind):
        code = TYPE_INTEGER
    elif pa.types.is_floating(kind):
        code = TYPE_FLOAT
    elif pa.types.is_boolean(kind):
        code = TYPE_BOOLEAN
    else:
        code = TYPE_STRING
    return pc.if_else(pc.is_valid(values), pa.scalar(code, pa.int8()), None)


def join(parts: list[pa.Array]) -> pa.Array:
    """Concatenate columns of one field; null-typed parts take the type of the others.

    Strings stay plain strings or a dictionary as they come; `as_dictionary_if_smaller` decides in
    the end.
    """
    if len(parts) == 1:
        return parts[0]
    types = {part.type for part in parts if not pa.types.is_null(part.type)}
    if types == {pa.int64(), pa.float64()} and all(_exact(part) for part in parts):
        types = {pa.float64()}
    elif types == {pa.string(), DICTIONARY}:
        types = {DICTIONARY} if _share_few_values(parts) else {pa.string()}
    elif len(types) > 1:
        types = {MIXED}
    kind = types.pop() if types else pa.null()
    chunks = [_as(part, kind) for part in parts]
    if kind == DICTIONARY:
        return pa.chunked_array(chunks).unify_dictionaries().combine_chunks()
    joined = pa.concat_arrays(chunks)
    return mixed(*joined.flatten()) if kind == MIXED else joined


def _as(part: pa.Array, kind: pa.DataType) -> pa.Array:
    if part.type == kind:
        return part
    if pa.types.is_null(part.type):
        return pa.nulls(len(part), kind)
    if kind == MIXED:
        return to_mixed(part)
    if kind == DICTIONARY:
        return part.dictionary_encode()
    return part.cast(kind)


def _exact(part: pa.Array) -> bool:
    if part.type != pa.int64():
        return True
    ends = pc.min_max(part).as_py()
    return ends["min"] is None or (ends["min"] >= -EXACT and ends["max"] <= EXACT)


def _share_few_values(parts: list[pa.Array]) -> bool:
    """Tell whether a dictionary could still be worth it for all parts together."""
    limit = _max_distinct(sum(map(len, parts)))
    return all(
        len(part) <= limit or pc.count_distinct(part).as_py() <= limit
        for part in parts
        if part.type == pa.string()
    )


def _max_distinct(rows: int) -> int:
    return min(_MAX_DISTINCT, max(_ALWAYS_DISTINCT, rows // _ROWS_PER_DISTINCT))


def as_dictionary_if_smaller(values: pa.Array) -> pa.Array:
    """Give a string column as a dictionary where few values are distinct, else as strings."""
    if values.type == DICTIONARY:
        few = len(values.dictionary) <= _max_distinct(len(values))
        return values if few else values.cast(pa.string())
    if values.type != pa.string():
        return values
    limit = _max_distinct(len(values))
    # The first rows often have too many distinct values already; that spares a hash table of all.
    for rows in (limit + limit // 8, 4 * limit):
        if rows < len(values) and pc.count_distinct(values.slice(0, rows)).as_py() > limit:
            return values
    encoded = values.dictionary_encode()
    return encoded if len(encoded.dictionary) <= limit else values
