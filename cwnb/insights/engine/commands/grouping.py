"""Number the groups of rows: equal keys get the same small integer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.engine.aggregates.fingerprints import are_short, fingerprints
from cwnb.insights.engine.schedule import call_in_parallel, worker_count
from cwnb.insights.values.hashing import encode_texts, number_rows
from cwnb.insights.values.numbers import string_bytes

# Integer keys are numbered by subtraction if their range has at most this many numbers, else by
# hashing. Up to this many groups are counted by bincount.
_DENSE = 1 << 20
# The last row of each group is searched for among this many last rows first, for most are there,
# and then among so many at a time, whose numbers fit into the processor's cache.
_FIRST_SEARCH_ROWS, _SEARCH_ROWS = 4096, 1 << 16
# Of more numbers it is first told which of them occur, in a byte for each: most do not.
_COUNTED_NUMBERS = 1 << 16
# Up to this many groups are counted by comparing all rows with each.
_COMPARED_GROUPS = 5
# Of fewer rows it is not asked whether their keys are mostly distinct.
_MANY_ROWS = 1 << 16
# A dictionary with more texts may be of keys that are mostly distinct beside others.
_MANY_TEXTS = 1 << 14
# Fewer texts stay as they are.
_ROWS_TO_ENCODE = 8192
# Texts of more rows are numbered by several threads.
_ROWS_FOR_THREADS = 1 << 19
# So many rows are looked at first, and if hardly two of them are equal, so many more.
_FIRST_SAMPLE, _SAMPLE = 256, 8192


@dataclass
class Groups:
    """`codes`: the group of each row, int64 from 0; `sizes`: how many rows each group has."""

    codes: np.ndarray[Any, Any]
    sizes: np.ndarray[Any, Any]

    @property
    def count(self) -> int:
        """Give the number of groups."""
        return len(self.sizes)

    def last_rows(self) -> np.ndarray[Any, Any]:
        """Give the last row of each group."""
        return last_of(self.codes, self.count)

    def first_rows(self) -> np.ndarray[Any, Any]:
        """Give the first row of each group."""
        return first_of(self.codes, self.count)


def each_alone(rows: int) -> Groups:
    """Give a group for each row."""
    return Groups(np.arange(rows, dtype=np.int64), np.ones(rows, dtype=np.int64))


def one_group(rows: int) -> Groups:
    """Give one group of all rows, none where there are no rows; the codes take no memory."""
    codes = np.broadcast_to(np.zeros(1, dtype=np.int64), rows)
    return Groups(codes, np.full(1 if rows else 0, rows))


def mostly_distinct(keys: list[Any], rows: int) -> bool:
    """Guess from a sample whether grouping by these equality keys would leave most rows alone.

    Looks at rows that lie apart and at rows that lie together, because equal ids often do.
    """
    if rows < _MANY_ROWS or not any(map(_are_many_texts, keys)):
        return False
    for size in (_FIRST_SAMPLE, _SAMPLE):
        apart = np.arange(0, rows, rows // size)[:size]
        together = np.arange(rows // 2, rows // 2 + size)
        for sample in (apart, together):
            taken = [key.take(pa.array(sample)) for key in keys]
            equal = size - group_rows(taken, size).count
            # Of n values that are equally frequent, a sample of s has about s²/2n pairs.
            if equal > size * size / (2 * rows) + 1:
                return False
    return True


def _are_many_texts(key: Any) -> bool:
    if pa.types.is_dictionary(key.type):
        return len(key.dictionary) > _MANY_TEXTS
    return bool(pa.types.is_string(key.type))


def encode_repeated(column: Any) -> Any:
    """Give a column of many texts as a dictionary unless most are distinct; others as they are."""
    if not pa.types.is_string(column.type) or len(column) < _ROWS_TO_ENCODE:
        return column
    if mostly_distinct([column], len(column)):
        return column
    return encode_texts(column)


def last_of(codes: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Give the last row of each group, -1 for a group without rows."""
    last = np.full(count, -1, dtype=np.int64)
    end = len(codes)
    reach = _FIRST_SEARCH_ROWS if count < _FIRST_SEARCH_ROWS else max(_SEARCH_ROWS, 4 * count)
    while end and (end == len(codes) or (last < 0).any()):
        begin = max(0, end - reach)
        # If an index occurs several times in an assignment, numpy keeps the last value.
        found = np.full(count, -1, dtype=np.int64)
        found[codes[begin:end]] = np.arange(begin, end, dtype=np.int64)
        last = np.where(last < 0, found, last)
        end, reach = begin, max(_SEARCH_ROWS, 4 * count)
    return last


def first_of(codes: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Give the first row of each group, -1 for a group without rows."""
    last = last_of(codes[::-1], count)
    return np.where(last < 0, -1, len(codes) - 1 - last)


def group_rows(keys: list[Any], rows: int) -> Groups:
    """Group rows by the equality keys in `keys`; missing values form a group too.

    Groups are numbered in no particular order, and each has a row.
    """
    if not keys:
        return one_group(rows)
    codes, size = _encode(keys[0])
    for key in keys[1:]:
        more, more_size = _encode(key)
        if size * more_size > max(_DENSE, 4 * rows):
            codes, size = _renumbered(codes, size)
        if size * more_size >= 1 << 62:
            more, more_size = _renumbered(more, more_size)
        codes = codes * more_size
        codes += more
        size *= more_size
    return _without_empty_groups(codes, size)


def _encode(key: Any) -> tuple[np.ndarray[Any, Any], int]:
    """Give each row the number of its value, missing last, and how many numbers there are."""
    kind = key.type
    if pa.types.is_dictionary(kind):
        size = len(key.dictionary)
        indices = key.indices
        codes = np.asarray(indices.fill_null(size) if indices.null_count else indices)
        return codes.astype(np.int64), size + (1 if indices.null_count else 0)
    if pa.types.is_timestamp(kind):
        key, kind = key.cast(pa.int64()), pa.int64()
    if pa.types.is_boolean(kind):
        key, kind = key.cast(pa.int64()), pa.int64()
    if pa.types.is_null(kind):
        return np.zeros(len(key), dtype=np.int64), 1
    if pa.types.is_int64(kind) and len(key) > key.null_count:
        bounds = pc.min_max(key)
        low, high = bounds["min"].as_py(), bounds["max"].as_py()
        if high - low < max(65_536, min(_DENSE, 2 * len(key))):
            size = high - low + 1
            codes = pc.subtract(key, pa.scalar(low))
            return np.asarray(codes.fill_null(size)), size + (1 if key.null_count else 0)
        if not key.null_count:
            numbers = np.asarray(key)
            if (numbered := _number_ascending(numbers)) is not None:
                return numbered
            codes, first = number_rows([numbers.view(np.uint64)])
            return codes, len(first)
    if len(key) > _ROWS_FOR_THREADS and pa.types.is_string(kind) and len(string_bytes(key)[1]):
        if are_short(key) and mostly_distinct([key], len(key)):
            return _encode_distinct(key)
        if worker_count() > 1:
            return _encode_in_parallel(key)
    if pa.types.is_string(kind):
        return _encode(encode_texts(key))
    encoded = pc.dictionary_encode(key, null_encoding="encode")
    return np.asarray(encoded.indices).astype(np.int64), len(encoded.dictionary)


def _encode_in_parallel(text: pa.Array) -> tuple[np.ndarray[Any, Any], int]:
    """Do what `_encode` does: each thread numbers the texts that end with some of the bytes."""
    starts, data = string_bytes(text)
    lasts = np.maximum(starts[1:], 1) - 1
    share = np.where(starts[1:] > starts[:-1], data[lasts], 0) % worker_count()
    rows = [np.flatnonzero(share == number) for number in range(worker_count())]
    encoded = call_in_parallel(
        lambda own: pc.dictionary_encode(text.take(pa.array(own)), null_encoding="encode"), rows
    )
    sizes = [len(part.dictionary) for part in encoded]
    if sum(sizes) == len(text):
        return np.arange(len(text), dtype=np.int64), len(text)
    codes = np.empty(len(text), dtype=np.int64)
    for own, part, before in zip(rows, encoded, np.cumsum([0, *sizes]), strict=False):
        codes[own] = np.asarray(part.indices)
        codes[own] += before
    return codes, sum(sizes)


def _encode_distinct(text: pa.Array) -> tuple[np.ndarray[Any, Any], int]:
    """Do what `_encode` does, for texts of which few are equal.

    Equal texts have equal fingerprints, so only those texts are compared that share one.
    """
    prints = fingerprints(text.fill_null("") if text.null_count else text)
    # The numbers of the rows stand in the last bits: to sort one array takes a fifth of the time
    # of a permutation.
    row_bits = np.uint64(len(text).bit_length())
    prints >>= row_bits
    prints <<= row_bits
    prints |= np.arange(len(text), dtype=np.uint64)
    prints.sort()
    equal = prints[1:] >> row_bits == prints[:-1] >> row_bits
    shared = np.zeros(len(text), dtype=bool)
    shared[1:] |= equal
    shared[:-1] |= equal
    rows = np.sort((prints[shared] & ((np.uint64(1) << row_bits) - np.uint64(1))).astype(np.int64))
    encoded = pc.dictionary_encode(text.take(pa.array(rows)), null_encoding="encode")
    alone = np.ones(len(text), dtype=bool)
    alone[rows] = False
    size = len(encoded.dictionary)
    codes = np.cumsum(alone) + (size - 1)
    codes[rows] = np.asarray(encoded.indices)
    return codes, size + len(text) - len(rows)


def _number_ascending(numbers: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], int] | None:
    """Do what `_encode` does, for numbers in ascending order such as bins; None for others."""
    # A difference could overflow.
    if (numbers[1:] < numbers[:-1]).any():
        return None
    rises = np.flatnonzero(numbers[1:] != numbers[:-1])
    edges = np.concatenate([[0], rises + 1, [len(numbers)]])
    return np.repeat(np.arange(len(edges) - 1), np.diff(edges)), len(edges) - 1


def _renumbered(codes: np.ndarray[Any, Any], size: int) -> tuple[np.ndarray[Any, Any], int]:
    """Renumber the groups so that none is empty; gives the codes and the number of groups."""
    groups = _without_empty_groups(codes, size)
    return groups.codes, groups.count


def _sizes(codes: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    if size > _COMPARED_GROUPS:
        return np.bincount(codes, minlength=size)
    # Comparisons use vector instructions and let other threads run; bincount does neither.
    return np.array([np.count_nonzero(codes == code) for code in range(size)], dtype=np.int64)


def _without_empty_groups(codes: np.ndarray[Any, Any], size: int) -> Groups:
    if size <= max(_DENSE, 4 * len(codes)):
        if size > _COUNTED_NUMBERS:
            return _of_many_numbers(codes, size)
        sizes = _sizes(codes, size)
        present = np.flatnonzero(sizes)
        if len(present) == size:
            return Groups(codes, sizes)
        numbers = np.zeros(size, dtype=np.int64)
        numbers[present] = np.arange(len(present))
        return Groups(numbers[codes], sizes[present])
    numbered, first = number_rows([codes.view(np.uint64)])
    return Groups(numbered, np.bincount(numbered, minlength=len(first)))


def _of_many_numbers(codes: np.ndarray[Any, Any], size: int) -> Groups:
    """Do what `_without_empty_groups` does, where few of the numbers occur."""
    there = np.zeros(size, dtype=bool)
    there[codes] = True
    present = np.flatnonzero(there)
    numbers = np.empty(size, dtype=np.int32)
    numbers[present] = np.arange(len(present), dtype=np.int32)
    found = numbers.take(codes).astype(np.int64)
    return Groups(found, np.bincount(found, minlength=len(present)))
