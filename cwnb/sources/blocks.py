"""Blocks of whole lines, cut out of a byte stream without a Python loop over the lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from cwnb.events import MAX_EVENT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

BLOCK_BYTES = 4 * 1024 * 1024
# Bytes that are kept of a line that is too long. They are over the limit of an event even when a
# prefix has been cut off, so that the line is refused.
KEPT_BYTES = MAX_EVENT_BYTES + 64

_NEWLINE, _RETURN = 10, 13
# White space as `bytes.isspace` has it, and how much of it is looked at in all lines at once.
_IS_WHITE = np.isin(np.arange(256), list(b" \t\n\r\v\f"))
_INDENT_BYTES = 16


class Readable(Protocol):
    """What the readers of this room need of a stream."""

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        ...


@dataclass
class Block:
    """Some whole lines: where each begins in `data`, and its length without the line ending."""

    data: bytes
    starts: Array
    lengths: Array
    first_line: int
    last: bool = False

    @classmethod
    def of(cls, data: bytes, first_line: int, *, last: bool = False) -> Block:
        """Find the lines of `data`; one that lacks its newline at the end is a line too."""
        octets = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(octets == _NEWLINE)
        if len(data) and not data.endswith(b"\n"):
            ends = np.append(ends, len(data))
        starts = np.empty_like(ends)
        if len(starts):
            starts[0] = 0
            starts[1:] = ends[:-1] + 1
        lengths = ends - starts
        if b"\r" in data:
            returns = lengths > 0
            returns[returns] = octets[ends[returns] - 1] == _RETURN
            lengths = lengths - returns
        return cls(data, starts, lengths, first_line, last)

    def __len__(self) -> int:
        return len(self.starts)

    def blank(self) -> Array:
        """Tell which lines hold nothing but white space."""
        mask: Array = self.lengths == 0
        octets = np.frombuffer(self.data, np.uint8)
        rows = np.flatnonzero(~mask)
        # Of many lines at once, because those of a stack trace are all indented.
        for at in range(_INDENT_BYTES):
            rows = rows[_IS_WHITE[octets[self.starts[rows] + at]]]
            if not len(rows):
                return mask
            ends = self.lengths[rows] == at + 1
            mask[rows[ends]] = True
            rows = rows[~ends]
        for row in rows:
            start = self.starts[row]
            mask[row] = self.data[start : start + self.lengths[row]].isspace()
        return mask


class LineReader:
    """Reads blocks of whole lines; a line over the limit keeps only a piece, still over it.

    So memory stays bounded whatever the file holds, and who looks at the length of a line still
    sees that it is too long. `lines` counts the lines read, `ended` tells whether the last one had
    its newline. With `growing`, a record whose end is not written yet may be left, with all that
    comes after its beginning: `left_bytes` of the stream.
    """

    def __init__(
        self,
        stream: Readable,
        *,
        first_line: int = 1,
        size: int = BLOCK_BYTES,
        growing: bool = False,
    ) -> None:
        self._stream = stream
        self._growing = growing
        self.left_bytes = 0
        # Whether the first line goes on with a record before it, which is not here.
        self.begins_inside = False
        self._size = size
        self._next_line = first_line
        self._kept = b""
        self.lines = 0
        self.ended = True

    def __iter__(self) -> Iterator[Block]:
        rest = b""
        while piece := self._stream.read(self._size):
            cut = piece.rfind(b"\n") + 1
            if not cut:
                rest = (rest + piece)[:KEPT_BYTES]
                continue
            yield self._block(rest + piece[:cut], last=False)
            rest = piece[cut:]
        self.ended = not rest
        self._growing = self._growing and len(rest) < KEPT_BYTES
        yield self._block(rest, last=True)
        while self._kept:
            yield self._block(b"", last=True)

    def give_back(self, data: bytes, lines: int) -> None:
        """Put the last lines of a block before the next one, because their record may go on."""
        self._kept = data
        self._next_line -= lines
        self.lines -= lines

    def leave(self, block: Block, row: int) -> bool:
        """Leave the last block's lines from this row on to a later load, if they may be left."""
        size = len(block.data) - int(block.starts[row])
        if not (self._growing and block.last) or size > KEPT_BYTES:
            return False
        self.left_bytes = size
        self.lines -= len(block) - row
        self.ended = True
        return True

    def _block(self, data: bytes, *, last: bool) -> Block:
        if self._kept:
            data, self._kept = self._kept + data, b""
        block = Block.of(data, self._next_line, last=last)
        self._next_line += len(block)
        self.lines += len(block)
        return block


def slices(data: bytes, starts: Array, lengths: Array) -> pa.Array:
    """Give the pieces of `data` that begin at `starts` as a binary array.

    Goes through Arrow's view layout, whose 16 bytes a value numpy can fill for all values at once.
    """
    count = len(starts)
    views = np.zeros((count, 4), np.int32)
    if count:
        octets = np.frombuffer(data, np.uint8)
        views[:, 0] = lengths
        views[:, 3] = starts
        short = lengths <= 12
        if short.any():
            # A view holds a value of up to 12 bytes itself.
            rows = np.flatnonzero(short)
            offsets = np.arange(12)
            places = np.minimum(starts[rows][:, None] + offsets, max(len(data) - 1, 0))
            inline = octets[places] if len(data) else np.zeros((len(rows), 12), np.uint8)
            inline = np.where(offsets < lengths[rows][:, None], inline, 0).astype(np.uint8)
            views[rows, 1:] = np.ascontiguousarray(inline).view(np.int32)
        rows = np.flatnonzero(~short)
        prefix = octets[starts[rows][:, None] + np.arange(4)]
        views[rows, 1] = np.ascontiguousarray(prefix).view(np.int32).reshape(-1)
    buffers = [None, pa.py_buffer(views), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary_view(), count, buffers).cast(pa.binary())
