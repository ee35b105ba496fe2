"""64-bit fingerprints of text, computed for a whole column at a time.

Two different texts of at most eight bytes never share one. Of ten million longer ones, two share
one with a probability of about three in a million; the service's own count is an approximation.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from cwnb.insights.engine.schedule import side_by_side, worker_count
from cwnb.insights.numbers import string_bytes

Prints = np.ndarray[Any, Any]

# Longer text is digested one by one.
LONGEST = 64
# So many rows at a time stay in the processor's cache.
_ROWS = 16_384
# Fewer than this one thread sorts in a few milliseconds.
_WORTH_SHARING = 500_000
_WORD = 8
# Odd, so that multiplying loses nothing; from MurmurHash3's finaliser.
_FACTOR = np.uint64(0xFF51AFD7ED558CCD)
_LAST_FACTOR = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(32)
_ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


def fingerprints(text: Any) -> Prints:
    """Give a uint64 for each value of a string array without nulls."""
    starts, data = string_bytes(text)
    first, last = int(starts[0]), int(starts[-1])
    padded = np.zeros(last - first + _WORD, dtype=np.uint8)
    padded[:-_WORD] = data[first:last]
    # A word of eight bytes at every byte, without copying.
    words = np.ndarray(len(padded) - _WORD + 1, np.dtype("<u8"), padded.data, strides=(1,))
    places = starts.astype(np.int64) - first
    prints = np.empty(len(text), dtype=np.uint64)
    for start in range(0, len(text), _ROWS):
        chunk = places[start : start + _ROWS + 1]
        prints[start : start + _ROWS] = _mixed(words, chunk[:-1], np.diff(chunk))
    for row in np.flatnonzero(np.diff(starts) > LONGEST):
        prints[row] = _digest(text[int(row)].as_py())
    return prints


def _mixed(words: Prints, places: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any]) -> Prints:
    """Mix the words of each text into one, as many as it has."""
    prints = lengths.astype(np.uint64)
    shortest, longest = int(lengths.min()), min(int(lengths.max()), LONGEST)
    for at in range(0, longest, _WORD):
        word = words[np.minimum(places + at, len(words) - 1)]
        if shortest < at + _WORD:
            word &= _mask(lengths - at)
        mixed = prints ^ word
        mixed *= _FACTOR
        mixed ^= mixed >> _SHIFT
        prints = mixed if shortest > at else np.where(lengths > at, mixed, prints)
    prints *= _LAST_FACTOR
    prints ^= prints >> _SHIFT
    return prints


def _digest(text: str) -> int:
    """Give 64 bits of a digest, for a text that is too long to be mixed by words."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _mask(left: np.ndarray[Any, Any]) -> Prints:
    """Give the bits of a word that belong to a text of which so many bytes are left."""
    bits = np.clip(left, 0, _WORD).astype(np.uint64) * np.uint64(8)
    # Shifting by 64 is undefined, so an empty word is masked by itself.
    return np.where(bits == 0, np.uint64(0), _ALL_ONES >> (np.uint64(64) - np.maximum(bits, 1)))


def distinct(prints: Prints) -> Prints:
    """Give the different ones, in rising order."""
    ordered = np.sort(prints)
    new = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new]


def merged(parts: list[Prints]) -> Prints:
    """Give the different ones of several lists, each in rising order.

    Fingerprints are spread evenly, so ranges of them are shared out among threads.
    """
    if sum(len(part) for part in parts) < _WORTH_SHARING or worker_count() == 1:
        return distinct(np.concatenate(parts))
    edges = np.linspace(0, 2.0**64, worker_count(), endpoint=False)[1:].astype(np.uint64)
    cuts = [np.searchsorted(part, edges) for part in parts]
    pieces = [np.split(part, cut) for part, cut in zip(parts, cuts, strict=True)]
    ranges = [np.concatenate(pieces_of_range) for pieces_of_range in zip(*pieces, strict=True)]
    return np.concatenate(side_by_side(distinct, ranges))
