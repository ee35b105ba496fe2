"""Concatenate columns of several tasks, also if their types differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights import values
from cwnb.insights.values.hashing import encode_texts

_SMALL = 1 << 16  # bytes
# Arrow joins fewer texts of dictionaries as quickly.
_MANY_TEXTS = 1 << 13
# What a slice may hold beside its own values, because a copy of so little saves nothing.
_SMALL_PART = 512  # bytes


def concat(arrays: list[Any]) -> Any:
    """Concatenate arrays; where their types differ they become one type as `values.unify` says."""
    filled = [a for a in arrays if not pa.types.is_null(a.type)]
    if not filled:
        return pa.nulls(sum(len(a) for a in arrays))
    types = {a.type for a in filled}
    if len(types) > 1:
        # A dictionary is only a way to hold text.
        alike = _encode if _mostly_dictionaries(filled) else values.decode
        filled = [alike(a) for a in filled]
        arrays = [alike(a) for a in arrays]
        types = {a.type for a in filled}
    kind = filled[0].type if len(types) == 1 else None
    if kind is None:
        return _join(values.unify(arrays))
    return _join([pa.nulls(len(a), kind) if pa.types.is_null(a.type) else a for a in arrays])


def _mostly_dictionaries(arrays: list[Any]) -> bool:
    """Tell whether all are texts, and most of these are in dictionaries."""
    encoded = sum(len(a) for a in arrays if pa.types.is_dictionary(a.type))
    return 2 * encoded > sum(map(len, arrays)) and all(values.is_text(a) for a in arrays)


def _encode(array: Any) -> Any:
    return array.dictionary_encode() if pa.types.is_string(array.type) else array


def _join(arrays: list[Any]) -> Any:
    if len(arrays) == 1:
        return arrays[0]
    if pa.types.is_dictionary(arrays[0].type):
        return _join_dictionaries(arrays)
    if isinstance(arrays[0].type, pa.BaseExtensionType):
        storage = pa.concat_arrays([a.storage for a in arrays])
        return pa.ExtensionArray.from_storage(arrays[0].type, storage)
    return pa.concat_arrays(arrays)


def _join_dictionaries(arrays: list[Any]) -> Any:
    if sum(len(a.dictionary) for a in arrays) < _MANY_TEXTS:
        chunked = pa.chunked_array(arrays).unify_dictionaries()
        return chunked.combine_chunks() if chunked.num_chunks != 1 else chunked.chunk(0)
    texts = encode_texts(pa.concat_arrays([a.dictionary for a in arrays]))
    starts = np.cumsum([0, *(len(a.dictionary) for a in arrays)])
    places = [
        pc.add(a.indices, pa.scalar(int(start), pa.int32()))
        for a, start in zip(arrays, starts, strict=False)
    ]
    indices = texts.indices.take(pa.concat_arrays(places))
    return pa.DictionaryArray.from_arrays(indices, texts.dictionary)


def nbytes(array: Any) -> int:
    """Give the memory that an array holds; for a small one that is a slice, that of the whole."""
    if array is None:
        return 0
    # Counting what a slice holds takes twenty times as long.
    size = int(array.get_total_buffer_size())
    return size if size < _SMALL else int(array.nbytes)


def without_others(array: Any) -> Any:
    """Give an array that holds no more than its own values; a slice holds the whole that it is of.

    For what is kept for long: a small part of a column would hold all of it.
    """
    if array is None or array.get_total_buffer_size() <= 2 * array.nbytes + _SMALL_PART:
        return array
    if isinstance(array.type, pa.BaseExtensionType):
        storage = pa.concat_arrays([array.storage])
        return pa.ExtensionArray.from_storage(array.type, storage)
    return pa.concat_arrays([array])  # a copy, also of one
