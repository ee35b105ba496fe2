"""Find equal integers and equal short texts by a hash table that numpy fills for all rows at once.

A row is one or more words of 64 bits. All rows write their number into the place of a table that
their hash gives, and read it again: rows that read a row with the same words have found theirs. The
others, which share a place with different rows, go on with another hash. Arrow's own dictionaries,
which are filled row by row, take two to four times as long where there are many different values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.values.numbers import string_bytes

Words = np.ndarray[Any, Any]

# From MurmurHash3's finaliser, odd.
_FACTOR = np.uint64(0xFF51AFD7ED558CCD)
_LAST_FACTOR = np.uint64(0xC4CEB9FE1A85EC53)
_HALF = np.uint64(32)
_WORD_BYTES = 8
# The table has about as many places as there are rows, and at most 64 MB.
_FEWEST_BITS, _MOST_BITS = 10, 23
# Rows that have found no equal one after so many hashes are numbered by sorting: values that were
# made to share their hashes would go on for ever.
_MOST_HASHES = 12
# Longer texts have so many words that Arrow's dictionary is as quick. Where lengths differ, words
# take longer to find.
_LONGEST_OF_ONE_LENGTH, _LONGEST = 64, 16
# Arrow numbers fewer rows at once, and texts of few thousand values as quickly: then so many texts
# of a sample are different.
_FEWEST_ROWS, _SAMPLE, _FEW_OF_SAMPLE = 8192, 1024, 900
# Masks that keep the first 0 to 8 bytes of a word.
_MASKS = np.array([(1 << (8 * kept)) - 1 for kept in range(_WORD_BYTES + 1)], dtype=np.uint64)


def number_rows(words: list[Words]) -> tuple[Words, Words]:
    """Give equal rows of words, which are uint64 each, the same number.

    Gives the number of each row, int64 from 0, and for each number a row that has it, ascending.
    """
    shown = _equal_row(words)
    first = np.flatnonzero(shown == np.arange(len(shown)))
    numbers = np.empty(len(shown), dtype=np.int64)
    numbers[first] = np.arange(len(first))
    return numbers.take(shown), first


def _equal_row(words: list[Words]) -> Words:
    """Give for each row the number of a row that equals it, the same one for all equal rows."""
    rows = len(words[0])
    bits = min(max(rows.bit_length(), _FEWEST_BITS), _MOST_BITS)
    table = np.empty(1 << bits, dtype=np.int64)
    shift = np.uint64(64 - bits)
    hashes = _hashes(words)
    shown: Words = np.arange(rows)
    left = shown
    for _ in range(_MOST_HASHES):
        places = (hashes >> shift).view(np.int64)
        # Of several rows that write to one place, numpy keeps the last.
        table[places] = left
        found = table.take(places)
        differs = np.zeros(len(left), dtype=bool)
        for word in words:
            own = word if left is shown else word.take(left)
            differs |= word.take(found) != own
        if left is shown:
            left, shown = shown, found
        else:
            shown[left] = found
        if not differs.any():
            return shown
        left, hashes = left[differs], hashes[differs]
        hashes *= _FACTOR
        hashes ^= hashes >> _HALF
        hashes *= _LAST_FACTOR
    _by_sorting(words, left, shown)
    return shown


def _by_sorting(words: list[Words], left: Words, shown: Words) -> None:
    """Do for the rows `left` what `_equal_row` does."""
    own = [word[left] for word in words]
    order = np.lexsort(own)
    new = np.ones(len(left), dtype=bool)
    new[1:] = np.any([word[order][1:] != word[order][:-1] for word in own], axis=0)
    firsts = left[order][new]
    shown[left[order]] = firsts[np.cumsum(new) - 1]


def _hashes(words: list[Words]) -> Words:
    hashes: Words = words[0] * _FACTOR
    for word in words[1:]:
        hashes ^= hashes >> _HALF
        hashes ^= word
        hashes *= _FACTOR
    hashes ^= hashes >> _HALF
    hashes *= _LAST_FACTOR
    return hashes


def encode_texts(text: pa.Array) -> pa.DictionaryArray:
    """Give a string array as a dictionary, in which the values are in no particular order."""
    if len(text) < _FEWEST_ROWS or _has_few_values(text):
        return text.dictionary_encode()
    if text.null_count:
        encoded = encode_texts(text.drop_null())
        codes = np.zeros(len(text), dtype=np.int32)
        valid = np.asarray(text.is_valid())
        codes[valid] = np.asarray(encoded.indices)
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=~valid), encoded.dictionary)
    words = _text_words(text)
    if words is None:
        return text.dictionary_encode()
    numbers, first = number_rows(words)
    codes = pa.array(numbers.astype(np.int32))
    return pa.DictionaryArray.from_arrays(codes, text.take(pa.array(first)))


def _has_few_values(text: pa.Array) -> bool:
    """Tell whether rows that lie apart have few different values."""
    rows = np.arange(0, len(text), len(text) // _SAMPLE)[:_SAMPLE]
    return len(pc.unique(text.take(pa.array(rows)))) <= _FEW_OF_SAMPLE


def _text_words(text: pa.Array) -> list[Words] | None:
    """Give words that are equal exactly where texts are; None if a text has too many bytes.

    There must be a text, and none may be missing.
    """
    starts, data = string_bytes(text)
    lengths = np.diff(starts)
    shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest == longest:
        if not 0 < longest <= _LONGEST_OF_ONE_LENGTH:
            return None
        return _words_of_one_length(data, int(starts[0]), longest, len(text))
    if longest > _LONGEST:
        return None
    # A text may end with zeros.
    return [*_words_of_any_length(data, starts, lengths), lengths.astype(np.uint64)]


def _words_of_one_length(data: Words, start: int, length: int, rows: int) -> list[Words]:
    if length < _WORD_BYTES:
        padded = np.zeros(rows * length + _WORD_BYTES, dtype=np.uint8)
        padded[:-_WORD_BYTES] = data[start : start + rows * length]
        word: Words = np.ndarray(rows, np.dtype("<u8"), padded.data, strides=(length,))
        return [word & _MASKS[length]]
    # The last word overlaps the one before it, so that none reaches beyond its text.
    places = [*range(0, length - _WORD_BYTES, _WORD_BYTES), length - _WORD_BYTES]
    return [
        np.ascontiguousarray(
            np.ndarray(rows, np.dtype("<u8"), data.data, start + place, strides=(length,))
        )
        for place in places
    ]


def _words_of_any_length(data: Words, starts: Words, lengths: Words) -> list[Words]:
    first, last = int(starts[0]), int(starts[-1])
    padded = np.zeros(last - first + _LONGEST + _WORD_BYTES, dtype=np.uint8)
    padded[: last - first] = data[first:last]
    # A view that has a word at every byte.
    at_byte = np.ndarray(len(padded) - _WORD_BYTES + 1, np.dtype("<u8"), padded.data, strides=(1,))
    places = starts[:-1].astype(np.int64) - first
    words = []
    for at in range(0, int(lengths.max()), _WORD_BYTES):
        kept = np.clip(np.arange(_LONGEST + 1) - at, 0, _WORD_BYTES)
        word = at_byte[places + at]
        word &= _MASKS[kept].take(lengths)
        words.append(word)
    return words
