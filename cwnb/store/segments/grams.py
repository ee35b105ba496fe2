"""Which short stretches of text (grams) occur in messages: chosen, hashed and counted by numpy.

A gram is six bytes. It is chosen by what it says alone: if the least of its bytes, in the order of
a fixed permutation, is its first or its last one (a closed syncmer). So a gram that is chosen in a
text is chosen wherever that text stands, and of five grams in a row one at least is chosen: a
text of ten bytes has one, and of all grams a little more than a third is kept. Grams with a quote
in them are left out: they are a third of the bytes of a JSON line and tell lines apart little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    Bytes = np.ndarray[Any, np.dtype[np.uint8]]
    Slots = np.ndarray[Any, np.dtype[np.int64]]

GRAM_BYTES = 6
# A hash is a number below this power of two: an index has at most so many places.
HASH_BITS = 20
# Bytes of text that are worked on at a time: what is made of them fits into the second cache.
_STRETCH = 1 << 16
_WORD = 8  # bytes that are read for a gram
_CASE, _QUOTE, _ORDER = np.uint8(0x20), np.uint8(ord('"')), np.uint8(0x9D)
# The multiplier is 2^64 divided by the golden ratio: neighbours come to lie far from each other.
_SHORTEN, _SPREAD, _DOWN = np.uint64(16), np.uint64(0x9E3779B97F4A7C15), np.uint64(64 - HASH_BITS)


class GramFinder:
    """Finds the hashes of the chosen grams of texts; keeps the memory that this takes."""

    def __init__(self, stretch: int = _STRETCH) -> None:
        size = stretch + GRAM_BYTES + _WORD
        self._stretch = stretch
        self._ranks = np.zeros(size, np.uint8)
        self._pair, self._four = np.empty(size, np.uint8), np.empty(size, np.uint8)
        self._chosen, self._also = np.empty(size, bool), np.empty(size, bool)
        # The word at each byte; a word has the bytes of its gram and two more.
        self._words = np.ndarray((size - _WORD + 1,), "<u8", self._ranks, strides=(1,))

    def hashes(self, data: Bytes) -> Iterator[Slots]:
        """Give the hashes of the chosen grams in some bytes, of some thousand bytes at a time."""
        for start in range(0, len(data) - GRAM_BYTES + 1, self._stretch):
            yield self._of_stretch(data[start : start + self._stretch + GRAM_BYTES - 1])

    def _of_stretch(self, data: Bytes) -> Slots:
        size, grams = len(data), len(data) - GRAM_BYTES + 1
        rank, pair, four = (part[:size] for part in (self._ranks, self._pair, self._four))
        # With this bit set a letter is the same in both cases, so that the index also answers where
        # case does not matter. That other bytes become alike too makes it a little less exact.
        np.bitwise_or(data, _CASE, out=rank)
        # The rank of a quote is 0, and that of no other byte.
        np.bitwise_xor(rank, _QUOTE, out=rank)
        np.multiply(rank, _ORDER, out=rank)
        np.minimum(rank[:-1], rank[1:], out=pair[:-1])
        np.minimum(pair[:-3], pair[2:-1], out=four[:-3])
        least, chosen, also = four[:grams], self._chosen[:grams], self._also[:grams]
        np.minimum(four[:grams], pair[4 : 4 + grams], out=least)
        np.equal(rank[:grams], least, out=chosen)
        np.equal(rank[GRAM_BYTES - 1 :], least, out=also)
        np.bitwise_or(chosen, also, out=chosen)
        np.not_equal(least, np.uint8(0), out=also)
        np.bitwise_and(chosen, also, out=chosen)
        words = self._words[np.flatnonzero(chosen)]
        words <<= _SHORTEN
        words *= _SPREAD
        words >>= _DOWN
        return words.view(np.int64)


def hashes_of(text: str) -> Slots:
    """Give the different hashes of the chosen grams of one text; none for a short one."""
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    found = [part.copy() for part in GramFinder(max(len(data), GRAM_BYTES)).hashes(data)]
    return np.unique(np.concatenate(found)) if found else np.array([], np.int64)


def bytes_of(texts: pa.Array) -> Bytes:
    """Give the bytes of texts, one text right after the other."""
    wide = pa.types.is_large_string(texts.type)
    offsets = np.frombuffer(texts.buffers()[1], np.int64 if wide else np.int32)
    first, end = offsets[texts.offset], offsets[texts.offset + len(texts)]
    if first == end:
        return np.array([], np.uint8)
    return np.frombuffer(texts.buffers()[2], np.uint8)[first:end]
