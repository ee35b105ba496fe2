"""64-bit fingerprints of text, computed for a whole column at a time.

Different texts of at most eight bytes have different fingerprints. Among ten million longer texts,
some two have the same fingerprint with a probability of about three in a million. The service's own
distinct count is an approximation too.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow.compute as pc

from cwnb.insights.engine.schedule import call_in_parallel, worker_count
from cwnb.insights.values.numbers import string_bytes

Prints = np.ndarray[Any, Any]

# Texts of more bytes get a digest, computed one by one.
LONGEST = 64
# Rows whose words fit into the processor's cache.
_ROWS_AT_A_TIME = 16_384
# Fewer fingerprints are sorted by one thread, in a few milliseconds.
_FINGERPRINTS_FOR_THREADS = 500_000
_WORD_BYTES = 8
# From MurmurHash3's finaliser. They are odd, so multiplication by them can be undone and keeps
# different words different.
_FACTOR = np.uint64(0xFF51AFD7ED558CCD)
_LAST_FACTOR = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(32)
_ALL_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)


def fingerprints(text: Any) -> Prints:
    """Give a uint64 for each value of a string array without nulls."""
    starts, data = string_bytes(text)
    first, last = int(starts[0]), int(starts[-1])
    padded = np.zeros(last - first + _WORD_BYTES, dtype=np.uint8)
    padded[:-_WORD_BYTES] = data[first:last]
    # A view that has a word of eight bytes at every byte.
    words = np.ndarray(len(padded) - _WORD_BYTES + 1, np.dtype("<u8"), padded.data, strides=(1,))
    places = starts.astype(np.int64) - first
    prints = np.empty(len(text), dtype=np.uint64)
    for start in range(0, len(text), _ROWS_AT_A_TIME):
        chunk = places[start : start + _ROWS_AT_A_TIME + 1]
        prints[start : start + _ROWS_AT_A_TIME] = _mixed(words, chunk[:-1], np.diff(chunk))
    for row in np.flatnonzero(np.diff(starts) > LONGEST):
        prints[row] = _digest(text[int(row)].as_py())
    return prints


def are_short(text: Any) -> bool:
    """Tell whether none of these texts needs a digest."""
    return int(pc.max(pc.binary_length(text)).as_py() or 0) <= LONGEST


def _mixed(words: Prints, places: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any]) -> Prints:
    """Mix all 8-byte words of each text into one 64-bit number."""
    prints = lengths.astype(np.uint64)
    shortest, longest = int(lengths.min()), min(int(lengths.max()), LONGEST)
    for at in range(0, longest, _WORD_BYTES):
        word = words[np.minimum(places + at, len(words) - 1)]
        if shortest < at + _WORD_BYTES:
            word &= _mask(lengths - at)
        mixed = prints ^ word
        mixed *= _FACTOR
        mixed ^= mixed >> _SHIFT
        prints = mixed if shortest > at else np.where(lengths > at, mixed, prints)
    prints *= _LAST_FACTOR
    prints ^= prints >> _SHIFT
    return prints


def _digest(text: str) -> int:
    """Give 64 bits of a digest, for a text of more than LONGEST bytes."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _mask(left: np.ndarray[Any, Any]) -> Prints:
    """Give a mask per text that keeps the first `left` bytes of an 8-byte word.

    `left` is how many bytes of the text have not been mixed yet; later bytes of the word belong to
    the next text.
    """
    bits = np.clip(left, 0, _WORD_BYTES).astype(np.uint64) * np.uint64(8)
    # A shift by 64 bits is undefined, so a text without bytes left is a case of its own.
    return np.where(bits == 0, np.uint64(0), _ALL_ONES >> (np.uint64(64) - np.maximum(bits, 1)))


def distinct(prints: Prints) -> Prints:
    """Give the different fingerprints, in ascending order."""
    ordered = np.sort(prints)
    new = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new]


def merged(parts: list[Prints]) -> Prints:
    """Give the different fingerprints of several lists, each of which is in ascending order.

    Fingerprints are evenly distributed, so each thread sorts one range of them.
    """
    if sum(len(part) for part in parts) < _FINGERPRINTS_FOR_THREADS or worker_count() == 1:
        return distinct(np.concatenate(parts))
    edges = np.linspace(0, 2.0**64, worker_count(), endpoint=False)[1:].astype(np.uint64)
    cuts = [np.searchsorted(part, edges) for part in parts]
    split = [np.split(part, cut) for part, cut in zip(parts, cuts, strict=True)]
    ranges = [np.concatenate(of_one_range) for of_one_range in zip(*split, strict=True)]
    return np.concatenate(call_in_parallel(distinct, ranges))
