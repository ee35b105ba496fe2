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
# No text in UTF-8 has these bytes. The first stands after each text, the second is deleted.
_END = 0xFF
_DELETED = 0xFE
# Longer than a UUID, so that no window reaches behind the arrays.
_PADDING = 64
_UUID_LENGTH = 36
_DASHES = (8, 13, 18, 23)
_X = 23  # of the 26 letters, counted from 0
# The end of a word is looked for in so many bytes at a time.
_WINDOW = 40


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
    kept = _rewritten(text).tobytes().translate(None, bytes([_DELETED]))
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
    """Give the bytes with the marks and zeros written, and _DELETED where a byte is to go."""
    digit = (text - 0x30) < 10
    letter = (text | 0x20) - 0x61  # from 0 for a and A to 25 for z and Z
    word = digit | (letter < 26)
    hexadecimal = digit | (letter < 6)
    out = text.copy()
    fours = _both(_both(hexadecimal, 1), 2)
    eights = _both(fours, 4)
    uuids = _uuids(text, word, fours, eights)
    if len(uuids):
        _mark(out, digit, uuids, np.full(len(uuids), _UUID_LENGTH), UUID_MARK)
        # Two of its groups would be hexadecimal words.
        eights[uuids] = False
        eights[uuids + _DASHES[3] + 1] = False
    starts, ends = _hexadecimal_words(text, letter, word, digit, hexadecimal, eights)
    if len(starts):
        _mark(out, digit, starts, ends - starts, HEX_MARK)
    after_digit = np.zeros_like(digit)
    after_digit[1:] = digit[:-1]
    first = digit & ~after_digit
    first[1:] &= ~_name_digits(text, digit, word, first)[1:]
    # ASCII digits are 0x30 to 0x39. These two operations take a third of the time of `out[…] = …`.
    out &= ~(first.view(np.uint8) * np.uint8(0x0F))
    np.maximum(out, (digit & after_digit).view(np.uint8) * np.uint8(_DELETED), out=out)
    out[:_PADDING] = _DELETED
    out[len(out) - _PADDING :] = _DELETED
    return out


def _both(flags: Any, distance: int) -> Any:
    """Say where the flag is set and so many bytes later too; nowhere in the last bytes."""
    both = np.zeros_like(flags)
    np.logical_and(flags[:-distance], flags[distance:], out=both[:-distance])
    return both


def _name_digits(text: Any, digit: Any, word: Any, first: Any) -> Any:
    """Say which digits belong to names: alone, not 0, after a letter that follows no digit."""
    names = first & (text != 0x30)
    names[:-1] &= ~digit[1:]
    names[2:] &= word[1:-1] & ~digit[:-2]
    return names


def _uuids(text: Any, word: Any, fours: Any, eights: Any) -> Any:
    """Give the places where UUIDs begin."""
    dash = text == 0x2D
    size = len(text) - _UUID_LENGTH
    dashes = dash[_DASHES[0] :][:size] & dash[_DASHES[1] :][:size]
    dashes &= dash[_DASHES[2] :][:size]
    dashes &= dash[_DASHES[3] :][:size]
    at = np.flatnonzero(dashes)
    for flags, distance in (
        *((fours, group + 1) for group in _DASHES[:3]),
        (eights, 0),
        (eights, _DASHES[3] + 1),
        (fours, _DASHES[3] + 9),
    ):
        at = at[flags[at + distance]]
    return at[~word[at - 1] & ~word[at + _UUID_LENGTH]]


def _hexadecimal_words(  # noqa: PLR0917 - the classes of bytes
    text: Any, letter: Any, word: Any, digit: Any, hexadecimal: Any, eights: Any
) -> tuple[Any, Any]:
    """Give where hexadecimal words begin and end; those of UUIDs are no longer in `eights`."""
    bare = np.flatnonzero(eights[1:] & ~word[:-1]) + 1
    ends = _ends(hexadecimal, bare)
    whole = ~word[ends]
    bare, ends = bare[whole], ends[whole]
    if len(bare):
        lengths = ends - bare
        of_digits = np.add.reduceat(
            digit[_ranges(bare, lengths)], np.cumsum(lengths) - lengths, dtype=np.int64
        )
        mixed = (of_digits > 0) & (of_digits < lengths)
        bare, ends = bare[mixed], ends[mixed]
    prefixed = np.flatnonzero(letter == _X) - 1
    prefixed = prefixed[(text[prefixed] == 0x30) & ~word[prefixed - 1] & hexadecimal[prefixed + 2]]
    ends_of_prefixed = _ends(hexadecimal, prefixed + 2)
    whole = ~word[ends_of_prefixed]
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


def _mark(out: Any, digit: Any, starts: Any, lengths: Any, mark: str) -> None:
    """Write the mark over each range, which has at least as many bytes, and forget its digits."""
    places = _ranges(starts, lengths)
    out[places] = _DELETED
    digit[places] = False
    for i, byte in enumerate(mark.encode()):
        out[starts + i] = byte


def _ranges(starts: Any, lengths: Any) -> Any:
    """Give the places of all ranges, one range after the other."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
