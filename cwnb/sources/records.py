"""Records of a JSON array, of a CloudTrail file, or one after another: each with its own bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import SourceError
from cwnb.sources.blocks import BLOCK_BYTES, KEPT_BYTES
from cwnb.sources.chunks import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.sources.report import FileReport
    from cwnb.sources.unpacking import Peekable

    Array = np.ndarray[Any, Any]

_RECORDS = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[')
_QUOTE, _BACKSLASH, _COMMA = 34, 92, 44
_OPENING, _CLOSING = b"[{", b"]}"
_SPECIAL = np.zeros(256, bool)
_SPECIAL[list(b'"\\,[]{}')] = True
_STEP = np.zeros(256, np.int8)
_STEP[list(_OPENING)] = 1
_STEP[list(_CLOSING)] = -1
_WHITE = b" \t\r\n"
_AFTER_BYTES = 4096


class Scanner:
    """Finds where the records end in a text that comes in pieces, by depth and by quotes.

    `base` is the depth of the records' own brackets: 1 in an array, 0 where values simply follow
    each other. Only brackets, quotes, backslashes and commas are looked at, all of a piece at once.
    """

    def __init__(self, base: int) -> None:
        self.base = base
        self.depth = base
        self._quoted = False
        self._escaped = False

    @property
    def open(self) -> bool:
        """Tell whether a bracket or quote waits for its end."""
        return self._quoted or self.depth != self.base

    def ends(self, piece: bytes) -> tuple[list[int], int | None]:
        """Give the places of the separators of this piece, and of the array's own end if here."""
        octets = np.frombuffer(piece, np.uint8)
        places = np.flatnonzero(_SPECIAL[octets])
        kinds = octets[places]
        escaped = self._escapes(octets, places, kinds)
        quotes = (kinds == _QUOTE) & ~escaped
        inside = (np.cumsum(quotes) + self._quoted) % 2 == 1
        outside = ~inside & ~quotes & (kinds != _BACKSLASH)
        places, kinds = places[outside], kinds[outside]
        steps = _STEP[kinds].astype(np.int64)
        depths = self.depth + np.cumsum(steps)
        finish = np.flatnonzero(depths < self.base)
        limit = int(finish[0]) if len(finish) else len(places)
        if self.base:
            ends = (kinds == _COMMA) & (depths == self.base)
        else:
            ends = (steps < 0) & (depths == 0)
        self._quoted = bool((int(quotes.sum()) + self._quoted) % 2)
        if len(depths):
            self.depth = int(depths[-1])
        found = places[:limit][ends[:limit]].tolist()
        return found, int(places[limit]) if len(finish) else None

    def _escapes(self, octets: Array, places: Array, kinds: Array) -> Array:
        """Tell which special characters have an odd number of backslashes before them."""
        escaped = np.zeros(len(places), bool)
        strokes = kinds == _BACKSLASH
        open_before = self._escaped
        self._escaped = False
        if not len(octets):
            self._escaped = open_before
            return escaped
        if not strokes.any():
            if open_before and len(places) and places[0] == 0:
                escaped[0] = True
            return escaped
        # Runs of backslashes: within one, each second is escaped; so is what follows an odd run.
        follows = np.zeros(len(places), bool)
        follows[1:] = strokes[:-1] & (places[1:] == places[:-1] + 1)
        heads = strokes & ~follows
        run = np.cumsum(heads) - 1
        first = np.flatnonzero(heads)
        distance = places - places[first[np.maximum(run, 0)]]
        carried = np.zeros(len(places), np.int64)
        if open_before and places[0] == 0:
            if strokes[0]:
                carried[run == 0] = 1
            else:
                escaped[0] = True
        touching = strokes | follows
        odd = (distance + carried) % 2 == 1
        escaped |= touching & odd & (run >= 0)
        last = len(octets) - 1
        if places[-1] == last and strokes[-1] and not escaped[-1]:
            self._escaped = True
        return escaped


def read_records(stream: Peekable, report: FileReport) -> Iterator[Chunk]:
    """Give the records in chunks; `number` counts them from 1. Raises SourceError where cut off."""
    head = stream.peek(65536)
    match = _RECORDS.match(head) if report.format == "cloudtrail" else re.match(rb"\s*\[", head)
    if report.format == "cloudtrail" and match is None:
        raise SourceError(
            f"{report.name!r} is no CloudTrail file: it does not begin with 'Records'"
        )
    lines = 0
    if match is not None:
        lines = stream.read(match.end()).count(b"\n")
    return _records(stream, report, Scanner(1 if match else 0), lines)


def _records(stream: Peekable, report: FileReport, scanner: Scanner, lines: int) -> Iterator[Chunk]:
    number = 0
    rest = after = last = b""
    done = False
    while piece := stream.read(BLOCK_BYTES):
        lines += piece.count(b"\n")
        last = piece[-1:]
        if done:
            after = (after + piece)[:_AFTER_BYTES]
            continue
        found, finish = scanner.ends(piece)
        step = 0 if scanner.base else 1
        values: list[bytes] = []
        at = 0
        for end in found:
            values.append((rest + piece[at : end + step]).strip(_WHITE))
            rest, at = b"", end + 1
        if finish is not None:
            if not scanner.base:
                raise SourceError(f"{report.name!r} has a bracket too many after record {number:,}")
            done = True
            after = piece[finish + 1 :][:_AFTER_BYTES]
            value = (rest + piece[at:finish]).strip(_WHITE)
            rest = b""
            # Nothing stands here in `[]`, or after a comma too many.
            if value:
                values.append(value)
        else:
            # Of a record over the limit a piece is kept that is over it still.
            rest = (rest + piece[at:])[:KEPT_BYTES]
        if values:
            yield _chunk(values, number)
            number += len(values)
    rest = rest.strip(_WHITE)
    if (scanner.base and not done) or (rest and scanner.open):
        raise SourceError(f"{report.name!r} is cut off inside record {number + 1:,}")
    _check_after(after.strip(_WHITE), done, report)
    final = _chunk([rest] if rest else [], number)
    final.lines = lines + (last not in {b"", b"\n"})
    yield final


def _chunk(values: list[bytes], before: int) -> Chunk:
    numbers = np.arange(before + 1, before + 1 + len(values))
    return Chunk(pa.array(values, pa.binary()), numbers)


def _check_after(after: bytes, done: bool, report: FileReport) -> None:
    """Let nothing that follows the records go by unseen."""
    if not done or (report.format != "cloudtrail" and not after):
        return
    if report.format == "cloudtrail" and after == b"}":
        return
    if report.format == "cloudtrail" and after.startswith(b","):
        report.notes.append("keys beside 'Records' are no events and were left out")
    elif report.format == "cloudtrail" and not after:
        raise SourceError(f"{report.name!r} is cut off after its last record")
    else:
        raise SourceError(f"{report.name!r} goes on after its last bracket: {after[:40]!r}")
