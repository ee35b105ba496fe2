"""Read ISO times as columns of bytes, which is ten times as fast as by regular expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.sources.clocks import DAY_MS, MOST_OFFSET_MINUTES, civil_days, is_date
from cwnb.sources.layouts import ZONE_HOURS

if TYPE_CHECKING:
    import pyarrow as pa

    from cwnb.sources.clocks import Reading

    Array = np.ndarray[Any, Any]

# `2026-02-03T09:14:07` alone, and with nine digits of fraction and an offset.
_SHORTEST, _LONGEST = 19, 35
_NAIVE, _UTC, _OFFSET = 0, 1, 6
_DIGITS = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)
_DASH, _COLON, _Z = b"-:Z"
_BETWEEN, _POINTS, _BLANKS = list(b"T _\t"), list(b".,:"), list(b"\t\n\f\r ")
_OCTETS = np.arange(256)
_SIGNS, _UPPER = np.isin(_OCTETS, list(b"+-")), (_OCTETS >= 65) & (_OCTETS <= 90)
_WORD = _UPPER | np.isin(_OCTETS, list(b"_0123456789abcdefghijklmnopqrstuvwxyz"))
# The first three letters of the names of zones.
_ZONES = sorted({int.from_bytes(name[:3].encode()) for name in ZONE_HOURS if len(name) > 1})


def octets_of(texts: pa.Array) -> tuple[Array, Array]:
    """Give where each text begins and the last one ends, and the bytes in which they lie."""
    _, offsets, octets = texts.buffers()
    places = np.frombuffer(offsets or b"", np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return places, np.frombuffer(octets or b"", np.uint8)


def read_iso(texts: pa.Array, reading: Reading) -> tuple[Array, Array]:
    """Give milliseconds and a mask of the texts that are `YYYY-MM-DDThh:mm:ss`, alone or more.

    More: a fraction of up to nine digits, and `Z` or `+hh:mm`. What else may be a time is left to
    the expressions.
    """
    count = len(texts)
    times = np.zeros(count, np.int64)
    timed = np.zeros(count, bool)
    offsets, octets = octets_of(texts)
    if not len(octets):
        return times, timed
    lengths = np.diff(offsets)
    for length in np.unique(lengths).tolist():
        if not _SHORTEST <= length <= _LONGEST:
            continue
        rows = np.flatnonzero(lengths == length)
        if len(rows) == count:
            # All of one length lie side by side.
            table = octets[offsets[0] : offsets[-1]].reshape(count, length)
        else:
            table = octets[offsets[rows][:, None] + np.arange(length)]
        found, good = _read_table(np.ascontiguousarray(table.T), reading)
        times[rows] = found
        timed[rows] = good
    if texts.null_count:
        timed &= np.asarray(texts.is_valid())
    return times, timed


def read_iso_lines(lines: pa.Array, reading: Reading) -> tuple[Array, Array]:
    """Give milliseconds and a mask of lines that begin with `YYYY-MM-DDThh:mm:ss`.

    A fraction may follow, then `Z` or what is surely no zone; a blank, `_` or a tab may stand for
    the `T`. It is what the layout `iso` reads; what else may be a time is left to that.
    """
    count = len(lines)
    times = np.zeros(count, np.int64)
    timed = np.zeros(count, bool)
    offsets, octets = octets_of(lines)
    if not len(octets):
        return times, timed
    long = np.diff(offsets) >= _SHORTEST
    if lines.null_count:
        long &= np.asarray(lines.is_valid())
    rows = np.flatnonzero(long)
    rows = rows[octets[offsets[rows] + 4] == _DASH]
    if not len(rows):
        return times, timed
    starts, ends = offsets[rows].astype(np.int64), offsets[rows + 1].astype(np.int64)
    columns = octets[starts[None, :] + np.arange(_SHORTEST)[:, None]]
    digits = columns - 48
    good = (columns[7] == _DASH) & (columns[13] == _COLON) & (columns[16] == _COLON)
    good &= np.isin(columns[10], _BETWEEN)
    for place in _DIGITS:
        good &= digits[place] <= 9

    def byte(at: Array) -> Array:
        # A NUL stands for the end of the line; neither is a part of a time.
        found: Array = np.where(at < ends, octets[np.minimum(at, len(octets) - 1)], 0)
        return found

    at = starts + _SHORTEST
    going = np.isin(byte(at), _POINTS)
    fraction = np.zeros(len(rows), np.int64)
    width = np.zeros(len(rows), np.int64)
    for place in range(1, 11):
        if not going.any():
            break
        digit = byte(at + place) - 48
        going &= digit <= 9
        width += going
        if place <= 3:
            fraction += np.where(going, digit, 0).astype(np.int64) * 10 ** (3 - place)
    good &= width < 10
    at = at + width + (width > 0)
    after, next_one = byte(at), byte(at + 1)
    utc = (after == _Z) & ~_WORD[next_one]
    blank = np.isin(after, _BLANKS)
    name = (next_one.astype(np.int64) << 16) + (byte(at + 2).astype(np.int64) << 8) + byte(at + 3)
    zoned = np.where(blank, _SIGNS[next_one] | np.isin(name, _ZONES), _SIGNS[after])
    zoned |= _UPPER[after] & ~utc
    good &= ~zoned
    local, good = _moments(digits, good, fraction)
    naive = good & ~utc
    if naive.any():
        local[naive] = reading.to_utc(local[naive])
    times[rows[good]] = local[good]
    timed[rows[good]] = True
    return times, timed


def _moments(digits: Array, good: Array, fraction: Array) -> tuple[Array, Array]:
    """Give the milliseconds of `YYYY-MM-DDThh:mm:ss`, and which of them exist."""

    def number(first: int, places: int) -> Array:
        value: Array = digits[first].astype(np.int64)
        for place in range(first + 1, first + places):
            value = value * 10 + digits[place]
        return value

    year, month, day = number(0, 4), number(5, 2), number(8, 2)
    hour, minute, second = number(11, 2), number(14, 2), number(17, 2)
    good = good & is_date(year, month, day) & (hour <= 23) & (minute <= 59) & (second <= 60)
    days = civil_days(year, np.where(good, month, 1), day)
    local = days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + fraction
    return np.where(good, local, 0), good


def _read_table(columns: Array, reading: Reading) -> tuple[Array, Array]:
    """Read texts of one length; `columns[i]` has the byte at place i of each."""
    length = len(columns)
    digits = columns - 48
    good = (columns[4] == 45) & (columns[7] == 45) & (columns[13] == 58) & (columns[16] == 58)
    good &= (columns[10] == 84) | (columns[10] == 32)
    for place in _DIGITS:
        good &= digits[place] <= 9
    zone, minutes = _zone(columns, digits)
    fraction = np.zeros(columns.shape[1], np.int64)
    for width in (_NAIVE, _UTC, _OFFSET):
        rest = length - _SHORTEST - width
        here = zone == width
        if not here.any():
            continue
        if rest == 0:
            continue
        if rest < 2 or rest > 10:
            good &= ~here
            continue
        fits = (columns[19] == 46) | (columns[19] == 44)
        value = np.zeros(columns.shape[1], np.int64)
        for place in range(20, 19 + rest):
            fits &= digits[place] <= 9
            if place < 23:
                value += digits[place].astype(np.int64) * 10 ** (22 - place)
        good &= fits | ~here
        fraction = np.where(here, value, fraction)
    local, good = _moments(digits, good, fraction - minutes * 60_000)
    naive = good & (zone == _NAIVE)
    if naive.any():
        local[naive] = reading.to_utc(local[naive])
    return local, good


def _zone(columns: Array, digits: Array) -> tuple[Array, Array]:
    """Give the width of each text's zone, and its offset in minutes."""
    zone = np.where(columns[-1] == 90, _UTC, _NAIVE)
    minutes = np.zeros(columns.shape[1], np.int64)
    if len(columns) < _SHORTEST + _OFFSET:
        return zone, minutes
    signs = columns[-6]
    offset = ((signs == 43) | (signs == 45)) & (columns[-3] == 58)
    for place in (-5, -4, -2, -1):
        offset &= digits[place] <= 9
    if offset.any():
        hours = digits[-5].astype(np.int64) * 10 + digits[-4]
        of_hour = digits[-2].astype(np.int64) * 10 + digits[-1]
        size = hours * 60 + of_hour
        offset &= (of_hour <= 59) & (size <= MOST_OFFSET_MINUTES)
        minutes = np.where(offset, np.where(signs == 45, -size, size), 0)
        zone = np.where(offset, _OFFSET, zone)
    return zone, minutes
