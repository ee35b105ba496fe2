"""The sort order of the language, ascending: missing, then text in natural order, then numbers.

Natural order splits text into runs of ASCII digits, runs of letters, and single other
characters. Digit runs compare by length and then as text, everything else by code point, and the
text that ends first comes first. Numbers compare by value, exactly, and then by their text (`01`
before `1`). Descending is the exact reverse; rows with equal keys keep their order.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.control import checkpoint
from cwnb.insights.values import numbers
from cwnb.insights.values.byte_ranks import byte_ranks
from cwnb.insights.values.conversion import analyse, to_text
from cwnb.insights.values.integer_order import ascending
from cwnb.insights.values.number_columns import big_rows
from cwnb.insights.values.numbers import MISSING, Numbers, string_bytes
from cwnb.insights.values.value_types import decode, is_time

if TYPE_CHECKING:
    from collections.abc import Sequence

# Written after a letter run: less than any character, so that `ab` sorts before `abc`.
_END = b"\0"
_OTHER, _LETTER, _DIGIT = range(3)
_LAST_ASCII = 127
_CLASS = np.zeros(256, dtype=np.uint8)
_CLASS[list(range(ord("a"), ord("z") + 1)) + list(range(ord("A"), ord("Z") + 1))] = _LETTER
_CLASS[list(b"0123456789")] = _DIGIT
# Bytes that are written before a digit run: the digit 0, which compares with other characters as
# the first digit would, and the length of the run as four bytes.
_PREFIX = 5
# A key may be six times as long as its text, and Arrow counts the bytes of a column in 32 bits.
_MOST_BYTES = 1 << 28
# Long texts are compared by so many characters first, where there are more than a few texts.
_BEGINNING = 64
_FEW_TEXTS = 1_000


def sort_order(columns: Sequence[tuple[pa.Array, bool]]) -> np.ndarray[Any, Any]:
    """Give the stable permutation that sorts by the columns, each with `descending`."""
    keys = [key for array, descending in columns for key in _keys(array, descending=descending)]
    if not keys:
        return np.arange(len(columns[0][0]) if columns else 0)
    if len(keys) == 1:
        return np.argsort(keys[0], kind="stable")
    checkpoint()
    if all(key.dtype == np.int64 for key in keys):
        return ascending(*keys)
    # lexsort is stable, and its last key counts first.
    return np.lexsort(keys[::-1])


def ranks(array: pa.Array) -> np.ndarray[Any, Any]:
    """Give the rank of each value among the distinct values of its column, from 1; 0 if missing."""
    if pa.types.is_dictionary(array.type):
        if len(array.dictionary) <= len(array):
            inner = ranks(array.dictionary)
            codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            return np.where(codes < 0, 0, inner[codes]) if len(inner) else np.zeros_like(codes)
        array = decode(array)
    if pa.types.is_null(array.type):
        return np.zeros(len(array), dtype=np.int64)
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or is_time(array.type):
        if is_time(array.type):
            array = pc.cast(array, pa.int64())
        return _with_signed_zeros(array, _dense(array))
    if pa.types.is_boolean(array.type):
        return np.asarray(array.cast(pa.int64()).fill_null(-1)) + 1
    checkpoint()
    text = to_text(array)
    found = analyse(array)
    if found is None:
        return _text_ranks(text)
    at_text = np.flatnonzero(found.form == numbers.TEXT)
    at_number = np.flatnonzero(found.numeric)
    result = np.zeros(len(text), dtype=np.int64)
    if len(at_text):
        result[at_text] = _text_ranks(text.take(pa.array(at_text)))
    result[at_number] = _number_ranks(text, found, at_number) + result.max(initial=0)
    return result


def _keys(array: pa.Array, *, descending: bool) -> list[np.ndarray[Any, Any]]:
    """Give the keys by which a column is sorted, the most significant one first."""
    kind = array.type
    if pa.types.is_integer(kind) or is_time(kind):
        if is_time(kind):
            array = pc.cast(array, pa.int64())
        integers = array.fill_null(0).to_numpy(zero_copy_only=False)
        # ~x reverses the order and, unlike -x, cannot overflow.
        keys = [~integers if descending else integers]
    elif pa.types.is_floating(kind):
        doubles = array.fill_null(0.0).to_numpy(zero_copy_only=False)
        keys = [-doubles if descending else doubles]
        zeros = (doubles == 0) & np.signbit(doubles)
        if zeros.any():  # -0.0 sorts before 0.0, as their texts `-0` and `0` do
            keys.append(zeros if descending else ~zeros)
    else:
        placed = ranks(array)
        return [-placed if descending else placed]
    if array.null_count:
        present = array.is_valid().to_numpy(zero_copy_only=False)
        keys.insert(0, ~present if descending else present)
    return keys


def _dense(array: pa.Array) -> np.ndarray[Any, Any]:
    checkpoint()
    if pa.types.is_binary(array.type) or pa.types.is_string(array.type):
        return byte_ranks(array)
    placed = pc.rank(array, sort_keys="ascending", tiebreaker="dense")
    result: np.ndarray[Any, Any] = np.asarray(placed).astype(np.int64)
    if array.null_count:
        result[array.is_null().to_numpy(zero_copy_only=False)] = 0
    return result


def _with_signed_zeros(array: pa.Array, placed: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rank -0.0 before 0.0, as their texts `-0` and `0` do; Arrow takes them for equal."""
    if not pa.types.is_floating(array.type):
        return placed
    doubles = array.fill_null(1.0).to_numpy(zero_copy_only=False)
    is_negative_zero = (doubles == 0) & np.signbit(doubles)
    if is_negative_zero.any() and ((doubles == 0) & ~is_negative_zero).any():
        at_zero = placed[is_negative_zero][0]
        placed[(placed >= at_zero) & ~is_negative_zero] += 1
    return placed


def _text_ranks(text: pa.Array, most: int = _BEGINNING) -> np.ndarray[Any, Any]:
    """Rank texts in natural order: by their first `most` characters, then those that tie by more.

    Most messages differ early, and keys of whole messages take long to make.
    """
    if _are_of_one_form(text):
        return _dense(text)
    lengths = pc.utf8_length(text)
    if len(text) < _FEW_TEXTS or (pc.mean(lengths).as_py() or 0) < 2 * most:
        return _dense(natural_keys(text))
    is_cut = pc.greater(lengths, most)
    # How a run of digits compares is known at its end only, and that of letters adds a mark.
    begun = pc.utf8_rtrim(pc.utf8_slice_codeunits(text, 0, most), "0123456789")
    keys = natural_keys(pc.if_else(is_cut, begun, text))
    known = pc.min(pc.binary_length(keys.filter(is_cut))).as_py() - 1
    if known < most // 2:
        return _dense(natural_keys(text))
    first = _dense(pc.binary_slice(keys, 0, known))
    counts = np.bincount(first)
    counts[0] = 0  # missing
    tied = np.flatnonzero(counts[first] > 1)
    if not len(tied):
        return first
    second = np.zeros(len(text), dtype=np.int64)
    second[tied] = _text_ranks(text.take(pa.array(tied)), 4 * most)
    order = np.lexsort((second, first))
    result = np.empty(len(text), dtype=np.int64)
    result[order] = np.cumsum(_changes(first[order], second[order])) - int(first.min() == 0)
    return result


def _number_ranks(text: pa.Array, found: Numbers, at: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rank the numbers of a text column by value, then text."""
    doubles = found.doubles[at] + 0.0
    rest = _residual_ranks(found, at)
    order = np.lexsort((rest, doubles))
    new = _changes(doubles[order], rest[order])
    if new.all():
        places = np.cumsum(new)
    else:
        spelling = _dense(text.take(pa.array(at)))
        order = np.lexsort((spelling, rest, doubles))
        places = np.cumsum(_changes(doubles[order], rest[order], spelling[order]))
    result = np.empty(len(at), dtype=np.int64)
    result[order] = places
    return result


def _residual_ranks(found: Numbers, at: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give keys that order values which round to the same double by their exact values."""
    rest: np.ndarray[Any, Any] = found.residuals()[at]
    big = np.intersect1d(big_rows(found), at)
    if not len(big):
        return rest
    exact: dict[int, Any] = {int(row): found.exact(int(row)) for row in big}
    # Only values that round to the same double are compared, so any order-keeping keys will do.
    doubles = found.doubles[at]
    shared = np.isin(doubles, found.doubles[big])
    values = [exact.get(int(row)) or found.exact(int(row)) for row in at[shared]]
    places = {value: i for i, value in enumerate(sorted(set(values)))}
    rest[shared] = [places[value] for value in values]
    return rest


def _changes(*sorted_keys: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Tell which rows of sorted keys differ from the row before."""
    new = np.ones(len(sorted_keys[0]), dtype=bool)
    if len(new):
        new[1:] = np.any([key[1:] != key[:-1] for key in sorted_keys], axis=0)
    return new


def natural_keys(text: pa.Array) -> pa.Array:
    """Give a binary key per text in natural order; texts that are numbers sort as text here.

    A key is the bytes of its text with marks inserted where runs begin or end.
    """
    checkpoint()
    starts, data = string_bytes(text)
    first = int(starts[0])
    data = data[first : int(starts[-1])]
    starts = starts - first
    size = len(data)
    if size == 0:
        return pc.cast(text, pa.binary())
    if size > _MOST_BYTES and len(text) > 1:
        halves = text.slice(0, len(text) // 2), text.slice(len(text) // 2)
        return pa.concat_arrays([natural_keys(half) for half in halves])
    kind = _kinds_of_bytes(data)
    edge = np.ones(size + 1, dtype=bool)
    edge[1:-1] = kind[1:] != kind[:-1]
    edge[starts] = True
    # A mark is inserted before the byte at its position: the end of a letter run (_END), then the
    # start of a digit run (_PREFIX bytes).
    letters_end = np.zeros(size + 1, dtype=bool)
    letters_end[1:] = edge[1:] & (kind == _LETTER)
    digits_start = edge[:-1] & (kind == _DIGIT)
    ends_before = np.cumsum(letters_end, dtype=np.int32)
    digits_before = np.zeros(size + 1, dtype=np.int32)
    np.cumsum(digits_start, out=digits_before[1:])
    place = np.arange(size, dtype=np.int32)
    place += ends_before[:-1]
    place += _PREFIX * digits_before[1:]
    out = np.zeros(size + int(ends_before[-1]) + _PREFIX * int(digits_before[-1]), dtype=np.uint8)
    out[place] = data
    at = np.flatnonzero(digits_start)
    if len(at):
        edges = np.flatnonzero(edge)
        lengths = edges[np.searchsorted(edges, at, side="right")] - at
        where = place[at] - _PREFIX
        out[where] = ord("0")
        for i in range(4):
            out[where + 1 + i] = (lengths >> (8 * (3 - i))) & 255
    # A key includes the mark after its last letter, but not that before the next text's digits.
    offsets = starts + ends_before[starts] + _PREFIX * digits_before[starts]
    offsets = offsets.astype(np.int32)
    buffers = [_validity(text), pa.py_buffer(offsets), pa.py_buffer(out)]
    return pa.Array.from_buffers(pa.binary(), len(text), buffers)


def _are_of_one_form(text: pa.Array) -> bool:
    """Tell whether each place of all texts has a digit, has an ASCII letter, or has neither.

    Their runs are equally long then, so that natural order is that of their characters.
    """
    starts, data = string_bytes(text)
    if text.null_count or len(starts) == 1:
        return False
    data, count = data[starts[0] : starts[-1]], len(starts) - 1
    length = len(data) // count
    if not length or (np.diff(starts) != length).any() or (data > _LAST_ASCII).any():
        return False
    first = _CLASS[data[:length]]
    few = _CLASS[data[: length * _FEW_TEXTS]].reshape(-1, length)
    if not (few == first).all():
        return False
    return bool((_CLASS[data].reshape(count, length) == first).all())


def _kinds_of_bytes(data: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Tell for each byte of UTF-8 whether its character is a letter, a digit or another one."""
    kinds: np.ndarray[Any, Any] = _CLASS[data]
    if (data <= _LAST_ASCII).all():
        return kinds
    characters = np.frombuffer(data.tobytes().decode().encode("utf-32-le"), dtype="<u4")
    by_character = np.zeros(sys.maxunicode + 1, dtype=np.uint8)
    by_character[characters] = 1
    present = np.flatnonzero(by_character)
    # Digits of other scripts are letters here.
    by_character[present] = [_LETTER if chr(code).isalnum() else _OTHER for code in present]
    by_character[:128] = _CLASS[:128]
    begins = (data & 0xC0) != 0x80
    kinds[:] = by_character[characters][np.cumsum(begins, dtype=np.int32) - 1]
    return kinds


def _validity(array: pa.Array) -> pa.Buffer | None:
    if not array.null_count:
        return None
    return pa.array(array.is_valid()).buffers()[1]


__all__ = ["MISSING", "natural_keys", "ranks", "sort_order"]
