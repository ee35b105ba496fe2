"""The index of a segment while it is made: which grams each row group of messages has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.store.segments.facts import MESSAGE_GROUP
from cwnb.store.segments.grams import HASH_BITS, GramFinder, bytes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_HASHES = 1 << HASH_BITS
# Bytes that are looked at together; more would not fit into a cache.
_STRETCH = 1 << 16
# Places of an index for each gram of the fullest row group: with four, a fifth of them is taken.
_PLACES_PER_GRAM = 4
# Characters that some writers of JSON escape although they need not, and those that must be.
_ESCAPED_BY_SOME = "\"\\/<>&'+=`"
_PLAIN_CODES = [c for c in range(0x20, 0x7F) if chr(c) not in _ESCAPED_BY_SOME]


def _of_code(code: int) -> str:
    return "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in f"{code:02x}")


# An escape of a character that nothing needs to escape, such as `\u0061` for an `a`.
_NEEDLESS = re.compile(rb"\\u00(?:" + "|".join(map(_of_code, _PLAIN_CODES)).encode() + rb")")
_PLAIN_RUN = re.compile(f"[^\x00-\x1f\x7f-\U0010ffff{re.escape(_ESCAPED_BY_SOME)}]+")


def plain_runs(value: str) -> list[str]:
    """Give the stretches of a field's value that its message holds as they are.

    Other characters may be escaped there. A row group in which some message escapes a character
    without need is marked, for it may hold a value in any spelling.
    """
    return _PLAIN_RUN.findall(value)


class GramTables:
    """Collects the grams of messages, which come in the order of the message file."""

    def __init__(self) -> None:
        self._finder = GramFinder()
        self._table = np.zeros(_HASHES, bool)
        self._found: list[np.ndarray[Any, np.dtype[np.uint32]]] = []  # of each row group
        self._most = 0
        self._needless: list[bool] = []
        self._needless_here = False
        self._rows = 0  # of the row group that is not complete

    def add(self, texts: pa.ChunkedArray) -> None:
        """Take the next messages."""
        for chunk in texts.chunks:
            start = 0
            while start < len(chunk):
                part = chunk.slice(start, MESSAGE_GROUP - self._rows)
                self._add(part)
                start += len(part)

    def clear(self) -> None:
        """Forget all messages: they will come again, in another order."""
        self.__init__()  # type: ignore[misc]

    def finish(self) -> None:
        """End the last row group."""
        if self._rows:
            self._end_group()

    @property
    def groups(self) -> int:
        """Give the number of row groups."""
        return len(self._found)

    def places(self, most_bytes: int) -> int:
        """Choose how many places an index of at most so many bytes has for hashes."""
        fitting = most_bytes * 8 // max(1, self.groups) - 1
        return min(self._most * _PLACES_PER_GRAM, fitting, _HASHES)

    def rows(self, places: int, step: int) -> Iterator[bytes]:
        """Give the bits of the index, `step` places at a time: of each place a bit for each group.

        The last place, behind those of hashes, says which row groups have needless escapes.
        """
        taken = np.zeros(-(-(places + 1) // step) * step * self.groups, bool)
        for group, (hashes, needless) in enumerate(zip(self._found, self._needless, strict=True)):
            taken[place_of(hashes.astype(np.int64), places) * self.groups + group] = True
            taken[places * self.groups + group] = needless
        for start in range(0, len(taken), step * self.groups):
            part = taken[start : start + step * self.groups]
            yield np.packbits(part, bitorder="little").tobytes()

    def _add(self, part: pa.Array) -> None:
        data = bytes_of(part)
        for hashes in self._finder.hashes(data):
            self._table[hashes] = True
        if not self._needless_here and _has_code(data):
            self._needless_here = _NEEDLESS.search(data.tobytes()) is not None
        self._rows += len(part)
        if self._rows == MESSAGE_GROUP:
            self._end_group()

    def _end_group(self) -> None:
        found = np.flatnonzero(self._table).astype(np.uint32)
        self._most = max(self._most, len(found))
        self._found.append(found)
        self._needless.append(self._needless_here)
        self._table[:] = False
        self._needless_here = False
        self._rows = 0


def _has_code(data: Bytes) -> bool:
    r"""Tell whether there is an escape by a code, as in `\u00e9`."""
    for start in range(0, len(data), _STRETCH):
        part = data[start : start + _STRETCH + 1]
        slashes = part[:-1] == ord("\\")
        if slashes.any() and (part[np.flatnonzero(slashes) + 1] == ord("u")).any():
            return True
    return False


def place_of(hashes: Any, places: int) -> Any:
    """Give the places of hashes in an index of so many."""
    return hashes * places >> HASH_BITS
