"""Lines of text: their times, and the lines that belong to the record before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import InvalidParameter
from cwnb.sources.blocks import KEPT_BYTES, slices
from cwnb.sources.chunks import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.sources.blocks import Block, LineReader

    Array = np.ndarray[Any, Any]

# A line without a time of its own goes on with the record before it if it is indented (by U+00A0
# too, as Lambda does), or if a stack trace of Java, Python, JavaScript, Go, Ruby, PHP or .NET
# prints such a line at the margin.
_GOES_ON = (
    r"^(?:[ \t]|\xc2\xa0"
    r"|Caused by: |Suppressed: |\.\.\. \d+ (?:more|common frames omitted)|at \S+[.(]"
    r"|Traceback \(most recent call last\)|During handling of the above exception"
    r"|The above exception was the direct cause"
    r"|(?:[A-Za-z_][\w$]*[.:]{1,2})*[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|Iteration|Failure)"
    r"(?:[:\s]|$)"
    r"|goroutine \d+ \[|panic: |#\d+ |--- End of |[})\]]+[;,]?\s*$)"
)
_TRACEBACK = b"Traceback (most recent call last)"
# The first bytes of indentation: a space, a tab, and the first byte of U+00A0.
_INDENTS = tuple(b" \t\xc2")


class Times(Protocol):
    """What reads the times of lines."""

    def read(self, lines: pa.Array, /) -> tuple[Array, Array]:
        """Give times in epoch milliseconds, and a mask of the lines that have one."""
        ...


class TextReader:
    """Reads records of one or more lines.

    Without a pattern, a record begins at each line that does not go on with the one before (see
    `_GOES_ON`); with one, at each line that the pattern (RE2) matches. Empty lines inside a record
    stay in it; those between records are blank.
    """

    def __init__(self, reader: LineReader, times: Times, pattern: str | None = None) -> None:
        self._reader = reader
        self._times = times
        self._pattern = check_pattern(pattern)
        # A record over the limit is refused once; its further lines are skipped.
        self._skipping = False
        self._first = True

    def __iter__(self) -> Iterator[Chunk]:
        for block in self._reader:
            if chunk := self._chunk(block):
                yield chunk

    def _chunk(self, block: Block) -> Chunk | None:
        if not len(block):
            return None
        block, blank = self._lines(block)
        full = np.flatnonzero(~blank)
        texts = slices(block.data, block.starts[full], block.lengths[full])
        times, timed = self._times.read(texts)
        begins = self._begins(texts, timed, block)
        if self._skipping and len(full):
            first = int(np.argmax(begins)) if begins.any() else len(full)
            passed = int(full[first]) if first < len(full) else len(block)
            if passed:
                self._skipping = first == len(full)
                return self._after(block, passed)
            self._skipping = False
        elif len(begins):
            self._reader.begins_inside |= self._first and not begins[0]
            begins[0] = True
        self._first = False
        heads = np.flatnonzero(begins)
        tails = np.append(heads[1:], len(full)) - 1 if len(heads) else heads
        first_lines, last_lines = full[heads], full[tails]
        count = len(heads)
        lines_read = len(block)
        if not block.last and count:
            # The last record may go on in the next block.
            head = int(first_lines[-1])
            start = int(block.starts[head])
            end = int(block.starts[last_lines[-1]] + block.lengths[last_lines[-1]])
            if len(block.data) - start <= KEPT_BYTES:
                lines_read = head
                self._reader.give_back(block.data[start:], len(block) - head)
                count -= 1
            else:
                self._skipping = end - start > KEPT_BYTES
        elif count and not self._reader.ended and last_lines[-1] == len(block) - 1:
            head = int(first_lines[-1])
            if self._reader.leave(block, head):
                lines_read, count = head, count - 1
        first_lines, last_lines = first_lines[:count], last_lines[:count]
        starts = block.starts[first_lines]
        lengths = block.starts[last_lines] + block.lengths[last_lines] - starts
        inside = int((last_lines - first_lines + 1).sum())
        return Chunk(
            message=slices(block.data, starts, lengths),
            number=block.first_line + first_lines,
            time_ms=times[heads[:count]],
            timed=timed[heads[:count]],
            lines=lines_read,
            blank=lines_read - inside,
        )

    def _lines(self, block: Block) -> tuple[Block, Array]:
        """Give the lines to read, and which of them are blank."""
        return block, block.blank()

    def _after(self, block: Block, passed: int) -> Chunk:
        """Count the lines of an oversize record that are read past; give the rest back."""
        if passed < len(block):
            start = int(block.starts[passed])
            self._reader.give_back(block.data[start:], len(block) - passed)
        empty = pa.array([], pa.binary())
        none = np.zeros(0, np.int64)
        return Chunk(empty, none, none, np.zeros(0, bool), lines=passed)

    def _begins(self, texts: pa.Array, timed: Array, block: Block) -> Array:
        if self._pattern is not None:
            return np.array(pc.match_substring_regex(texts, self._pattern), dtype=bool)
        begins = np.ones(len(texts), bool)
        loose = np.flatnonzero(~timed)
        if not len(loose):
            return begins
        goes_on = np.asarray(pc.match_substring_regex(texts.take(pa.array(loose)), _GOES_ON))
        begins[loose[goes_on]] = False
        if _TRACEBACK in block.data:
            self._join_exceptions(texts, timed, begins)
        return begins

    @staticmethod
    def _join_exceptions(texts: pa.Array, timed: Array, begins: Array) -> None:
        """Join the line after the indented lines of a Python traceback, whatever its name."""
        heads = np.flatnonzero(np.asarray(pc.match_substring(texts, _TRACEBACK)))
        count = len(texts)
        offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + count]
        octets = np.frombuffer(texts.buffers()[2], np.uint8)
        ends = np.where(timed | ~np.isin(octets[offsets], _INDENTS), np.arange(count), count)
        # For each line, the first one from there on that is timed or stands at the margin: found
        # for all at once, as a log may consist of tracebacks that are indented themselves.
        following = np.append(np.minimum.accumulate(ends[::-1])[::-1], count)
        rows = following[heads + 1]
        joined = (rows > heads + 1) & (rows < count)
        rows = rows[joined]
        begins[rows[~timed[rows]]] = False


def check_pattern(pattern: str | None) -> str | None:
    """Give the pattern of a record's first line, or raise InvalidParameter if RE2 refuses it."""
    if pattern is None:
        return None
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        raise InvalidParameter(f"cannot use the pattern {pattern!r}: {error}") from None
    return pattern
