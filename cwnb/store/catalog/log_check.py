"""Finds damage in SQLite's write-ahead log, which SQLite itself takes for the end of the log.

The log is a header and frames (sqlite.org/fileformat2.html, "The Write-Ahead Log"). Each frame is a
page, with a checksum over everything before it. A process that dies leaves frames without a commit
behind the last whole transaction, and SQLite is right to drop them. A *commit* frame of the same
log behind a bad frame is another matter: it was written after the transaction that is now bad.
"""

from __future__ import annotations

import struct
import time
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    Words = np.ndarray[Any, Any]

_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_SUMMED_BYTES = 8  # of a frame's header: page number and size of the database after a commit
# The words of a checksum are little-endian or big-endian, as the machine that made the log.
_WORDS = {0x377F0682: "<u4", 0x377F0683: ">u4"}
_MASK = 0xFFFF_FFFF
_FRAMES_AT_ONCE = 1024
# Another process may be writing the log: what it has half written is whole when looked at again.
_LOOKS = 3
_PAUSE_S = 0.05


class LogDamage(NamedTuple):
    """Where a log is damaged: the salts of the log, and its first bad frame (0: its header)."""

    salts: tuple[int, int]
    frame: int
    position: int  # in bytes


def find_damage(log: Path) -> LogDamage | None:
    """Look for commits behind a bad frame; change nothing.

    Damage in the last transaction is not found: it looks like one that was never finished.
    """
    before = None
    for look in range(_LOOKS):
        if look:
            time.sleep(_PAUSE_S)
        try:
            with log.open("rb") as opened:
                found = _look(opened)
        except FileNotFoundError:
            return None
        if found is None or (before is not None and found != before):
            return None  # another process is writing it, so its frames are not taken from the disk
        before = found
    return before


def _look(log: BinaryIO) -> LogDamage | None:
    head = log.read(_HEADER_BYTES)
    if len(head) < _HEADER_BYTES:
        return None
    magic, _, page_bytes, _, *salts, first, second = struct.unpack(">8I", head)
    words = _WORDS.get(magic, "<u4")
    state = _after((0, 0), _sums(np.frombuffer(head[:24], words)[None]), 24)[0]
    bad = None if magic in _WORDS and state == (first, second) else 0
    if bad == 0:
        # Frames tell which log they are of as well as the header does, if their size is known.
        page_bytes = page_bytes if page_bytes in _PAGE_SIZES else 4096
        salts = list(struct.unpack(">8x2I", log.read(16).ljust(16, b"\0")))
        log.seek(_HEADER_BYTES)
    size = _FRAME_HEADER_BYTES + page_bytes
    number = 0
    while data := log.read(size * _FRAMES_AT_ONCE):
        raw = np.frombuffer(data, np.uint8, len(data) // size * size).reshape(-1, size)
        header = np.ascontiguousarray(raw[:, :_FRAME_HEADER_BYTES]).view(">u4")
        ours = (header[:, 2:4] == salts).all(axis=1)
        start = 0
        if bad is None:
            summed = np.concatenate([raw[:, :_SUMMED_BYTES], raw[:, _FRAME_HEADER_BYTES:]], axis=1)
            states = _after(state, _sums(summed.view(words)), summed.shape[1])
            good = ours & (header[:, 4:6] == np.array(states).reshape(-1, 2)).all(axis=1)
            if good.all():
                state = states[-1] if states else state
                number += len(raw)
                continue
            start = int(np.argmin(good))
            bad = number + start + 1
            start += 1
        if (ours & (header[:, 1] != 0))[start:].any():
            position = _HEADER_BYTES + (bad - 1) * size if bad else 0
            return LogDamage((salts[0], salts[1]), bad, position)
        number += len(raw)
    return None


_PAGE_SIZES = {512 << shift for shift in range(8)}


def _sums(words: Words) -> Words:
    """Give what each row of words adds to a checksum that was (0, 0) before it."""
    sums: Words = words.astype(np.uint32) @ _weights(words.shape[1] // 2)
    return sums


def _after(state: tuple[int, int], sums: Words, size: int) -> list[tuple[int, int]]:
    """Give the checksum after each row of `size` bytes; `state` is that before the first row."""
    power = _powers(size // 8)[-1]
    states = []
    for first, second in sums.tolist():
        state = (
            (power[0][0] * state[0] + power[0][1] * state[1] + first) & _MASK,
            (power[1][0] * state[0] + power[1][1] * state[1] + second) & _MASK,
        )
        states.append(state)
    return states


@cache
def _powers(count: int) -> list[list[list[int]]]:
    """Give the powers of the matrix [[1, 1], [1, 2]] modulo 2**32, from 0 to `count`.

    SQLite's checksum takes two words at a time: s0 += x0 + s1, then s1 += x1 + s0. That is linear:
    the pair (s0, s1) is multiplied by this matrix, and (x0, x0 + x1) is added.
    """
    powers = [[[1, 0], [0, 1]]]
    for _ in range(count):
        (a, b), (c, d) = powers[-1]
        powers.append(
            [[(a + b) & _MASK, (a + 2 * b) & _MASK], [(c + d) & _MASK, (c + 2 * d) & _MASK]]
        )
    return powers


@cache
def _weights(pairs: int) -> Words:
    """Give what each word of a row of `pairs` pairs adds to each half of the checksum."""
    weights = np.empty((2 * pairs, 2), np.uint32)
    for place, ((a, b), (c, d)) in enumerate(reversed(_powers(pairs)[:-1])):
        weights[2 * place] = (a + b) & _MASK, (c + d) & _MASK
        weights[2 * place + 1] = b, d
    return weights
