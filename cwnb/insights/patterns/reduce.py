"""Write equal what differs from line to line: numbers, UUIDs and hexadecimal words.

Millions of lines become a few thousand distinct ones, and only those are read by regular
expressions (`mask`). In this order, and with letters and digits of ASCII alone:

1. a UUID becomes U+E000, unless a letter or digit stands beside it;
2. a hexadecimal word becomes U+E001: a word of letters and digits that is `0x` and hexadecimal
   digits, or at least eight hexadecimal digits of which one is a letter and one is not;
3. a run of digits becomes one `0`. A single digit from 1 to 9 right after a letter stays, because
   `ssh2` and `utf8` are names; but after a letter that follows a digit (`1e5`) it is a number.

So in a reduced text every `0` is a number, and every other digit is as it was written. Where a line
has a character from U+E000 to U+E00F itself, U+FFFD takes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterator

# Private characters of Unicode, from this one on, stand for what is masked; see `mask`.
UUID_MARK = "\ue000"
HEX_MARK = "\ue001"
PRIVATE = "[\ue000-\ue00f]"

# Bytes of text that are reduced at once: they and some ten arrays of their size fit into the
# processor's second cache.
CHUNK_BYTES = 262_144
# No text in UTF-8 has these bytes. The first stands after each text, the second is deleted, and the
# nine from the third on stand for the digits 1 to 9 of names until all other digits are zeros.
_END = 0xFF
_DELETED = 0xFE
_NAME_DIGITS = 0xF5
_TABLE = bytes.maketrans(
    b"0123456789" + bytes(range(_NAME_DIGITS, _NAME_DIGITS + 9)), b"0000000000" + b"123456789"
)
# Longer than a UUID, so that no window reaches behind the arrays.
_PADDING = 64
_UUID_LENGTH = 36
_DASHES = (8, 13, 18, 23)
_X = 23  # of the 26 letters, counted from 0
# The end of a word is looked for in so many bytes at a time.
_WINDOW = 16


def reduced(texts: Any) -> Any:
    """Give the reduced texts as a binary array, each with the byte 0xFF at its end.

    `texts` is a string array without nulls. Taking that byte off would copy everything once more;
    `without_end` does it for the distinct ones.
    """
    texts = texts.cast(pa.large_string())
    parts = [_reduce(part) for part in _chunks(texts)]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.large_binary())


def without_end(reduced_texts: Any) -> Any:
    """Take the last byte off reduced texts, and give them as strings."""
    return pc.binary_slice(reduced_texts, 0, -1).cast(pa.large_string())


def _chunks(texts: Any) -> Iterator[Any]:
    """Cut an array into slices of about CHUNK_BYTES; a longer text is a slice of its own."""
    ends = _offsets(texts)[1:]
    start = 0
    while start < len(texts):
        before = ends[start - 1] if start else _offsets(texts)[0]
        stop = max(start + 1, int(np.searchsorted(ends, before + CHUNK_BYTES, "right")))
        yield texts.slice(start, stop - start)
        start = stop


def _offsets(texts: Any) -> Any:
    offsets = np.frombuffer(texts.buffers()[1], np.int64)
    return offsets[texts.offset : texts.offset + len(texts) + 1]


def _reduce(texts: Any) -> Any:
    text = _joined(texts)
    if (text == 0xEE).any():  # their first byte
        cleaned = pc.replace_substring_regex(texts, pattern=PRIVATE, replacement="\ufffd")
        text = _joined(cleaned)
    kept = _rewritten(text).tobytes().translate(_TABLE, bytes([_DELETED]))
    ends = np.flatnonzero(np.frombuffer(kept, np.uint8) == _END)
    offsets = np.zeros(len(texts) + 1, np.int64)
    offsets[1:] = ends + 1
    return pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(texts), [None, pa.py_buffer(offsets), pa.py_buffer(kept)]
    )


def _joined(texts: Any) -> Any:
    """Give the bytes of all texts, one byte _END after each, and padding of _END around them."""
    lists = pa.LargeListArray.from_arrays([0, len(texts)], texts.cast(pa.large_binary()))
    joined = pc.binary_join(lists, pa.scalar(bytes([_END]), pa.large_binary()))
    size = int(_offsets(texts)[-1] - _offsets(texts)[0]) + len(texts) - 1
    padded = np.full(_PADDING + size + 1 + _PADDING, _END, np.uint8)
    padded[_PADDING : _PADDING + size] = np.frombuffer(joined.buffers()[2], np.uint8)[:size]
    return padded


def _rewritten(text: Any) -> Any:
    """Give the bytes with the marks written, _DELETED where a byte is to go, and names encoded.

    `_TABLE` does the rest. Every line here reads all bytes, so what can be decided at few places is
    decided there.
    """
    digit = (text - 0x30) < 10
    letter = (text | 0x20) - 0x61  # from 0 for a and A to 25 for z and Z
    # Behind the first digit of a run. Both flags of bytes and their numbers are 0 and 1.
    repeated = (digit[1:] & digit[:-1]).view(np.uint8)
    out = text.copy()
    np.maximum(out[1:], repeated * np.uint8(_DELETED), out=out[1:])
    after_letter = np.flatnonzero((digit[1:] > digit[:-1]) & (letter[:-1] < 26)) + 1
    alone = after_letter[~digit[after_letter + 1]]
    names = alone[~digit[alone - 2] & (text[alone] != 0x30)]
    out[names] = text[names] + np.uint8(_NAME_DIGITS - 0x31)
    hexadecimal = digit | (letter < 6)
    twos = hexadecimal[:-1] & hexadecimal[1:]
    fours = twos[:-2] & twos[2:]
    eights = fours[:-4] & fours[4:]
    uuids = _uuids(text, digit, letter, fours, eights)
    # Two of its groups would be hexadecimal words.
    eights[uuids] = False
    eights[uuids + _DASHES[3] + 1] = False
    starts, ends = _hexadecimal_words(text, digit, letter, hexadecimal, eights)
    _mark(out, uuids, np.full(len(uuids), _UUID_LENGTH), UUID_MARK)
    _mark(out, starts, ends - starts, HEX_MARK)
    out[:_PADDING] = _DELETED
    out[len(out) - _PADDING :] = _DELETED
    return out


def _in_word(digit: Any, letter: Any, at: Any) -> Any:
    """Say which of these places have a letter or digit."""
    return digit[at] | (letter[at] < 26)


def _uuids(text: Any, digit: Any, letter: Any, fours: Any, eights: Any) -> Any:
    """Give the places where UUIDs begin."""
    dash = text == 0x2D
    first, second, *others = _DASHES
    at = np.flatnonzero(dash[: first - second] & dash[second - first :]) - first
    at = at[(at > 0) & (at < len(text) - _PADDING)]
    for place in others:
        at = at[dash[at + place]]
    for flags, distance in (
        *((fours, group + 1) for group in _DASHES[:3]),
        (eights, 0),
        (eights, _DASHES[3] + 1),
        (fours, _DASHES[3] + 9),
    ):
        at = at[flags[at + distance]]
    alone = ~_in_word(digit, letter, at - 1) & ~_in_word(digit, letter, at + _UUID_LENGTH)
    return at[alone]


def _hexadecimal_words(
    text: Any, digit: Any, letter: Any, hexadecimal: Any, eights: Any
) -> tuple[Any, Any]:
    """Give where hexadecimal words begin and end; those of UUIDs are no longer in `eights`."""
    bare = np.flatnonzero(eights[1:] > hexadecimal[: len(eights) - 1]) + 1
    # Most are eight digits, which need not be looked at any further.
    eight_digits = digit[bare[:, None] + np.arange(8)].all(axis=1) & ~hexadecimal[bare + 8]
    bare = bare[~eight_digits & (letter[bare - 1] >= 26)]
    ends = _ends(hexadecimal, bare)
    whole = ~_in_word(digit, letter, ends)
    bare, ends = bare[whole], ends[whole]
    if len(bare):
        lengths = ends - bare
        of_digits = np.add.reduceat(
            digit[_ranges(bare, lengths)], np.cumsum(lengths) - lengths, dtype=np.int64
        )
        mixed = (of_digits > 0) & (of_digits < lengths)
        bare, ends = bare[mixed], ends[mixed]
    prefixed = np.flatnonzero(letter == _X) - 1
    zero = (text[prefixed] == 0x30) & hexadecimal[prefixed + 2]
    prefixed = prefixed[zero]
    prefixed = prefixed[~_in_word(digit, letter, prefixed - 1)]
    ends_of_prefixed = _ends(hexadecimal, prefixed + 2)
    whole = ~_in_word(digit, letter, ends_of_prefixed)
    return (
        np.concatenate([bare, prefixed[whole]]),
        np.concatenate([ends, ends_of_prefixed[whole]]),
    )


def _ends(flags: Any, starts: Any) -> Any:
    """Give where the run of set flags ends that each start lies in."""
    ends = starts.copy()
    running = np.arange(len(starts))
    while len(running):
        window = flags[ends[running, None] + np.arange(_WINDOW)]
        length = np.where(window.all(axis=1), _WINDOW, window.argmin(axis=1))
        ends[running] += length
        running = running[length == _WINDOW]
    return ends


def _mark(out: Any, starts: Any, lengths: Any, mark: str) -> None:
    """Write the mark over each range, which has at least as many bytes."""
    out[_ranges(starts, lengths)] = _DELETED
    for i, byte in enumerate(mark.encode()):
        out[starts + i] = byte


def _ranges(starts: Any, lengths: Any) -> Any:
    """Give the places of all ranges, one range after the other."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
