"""Rows of CSV and TSV files; where a row cannot be read, only its first line is lost."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import SourceError
from cwnb.events import MAX_EVENT_BYTES
from cwnb.sources.batches import CELL_BYTES, MOST_ROWS, PART_BYTES
from cwnb.sources.chunks import Chunk
from cwnb.sources.column_names import unique_names
from cwnb.sources.delimiters import SAMPLE_BYTES, delimiter_of
from cwnb.sources.tables import row_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.sources.clocks import Reading
    from cwnb.sources.report import FileReport
    from cwnb.sources.unpacking import Peekable

_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
# A cell ends within a megabyte, so what has to be read again lies in the last three of them.
_PIECE_BYTES = 1 << 17
_RECENT_PIECES = 24


def read_separated(stream: Peekable, report: FileReport, reading: Reading) -> Iterator[Chunk]:
    """Give the rows of a CSV or TSV file with a header; ragged rows are refused.

    Cells of a column that holds whole numbers only become numbers if their text stays the same; all
    others stay text. An empty cell is missing. Where a row of several lines is refused, the lines
    after its first are read as rows of their own, so that a stray quote loses one line.
    """
    # The limit belongs to the whole process, so it goes back to what it was.
    limit = csv.field_size_limit(MAX_EVENT_BYTES)
    try:
        yield from _Separated(stream, report, reading).chunks()
    finally:
        csv.field_size_limit(limit)


class _Separated:
    """The reader of one file: `_reader` reads the lines after the first `_before`."""

    def __init__(self, stream: Peekable, report: FileReport, reading: Reading) -> None:
        self._delimiter = "\t"
        if report.format == "csv":
            self._delimiter = delimiter_of(stream.peek(SAMPLE_BYTES))
        if self._delimiter in ";|":
            report.note(f"the cells are parted by {self._delimiter!r}")
        self._lines = _Lines(stream)
        self._report = report
        self._reading = reading
        self._before = 0
        self._reader = self._reader_after(0)

    def _reader_after(self, line: int) -> Any:
        self._before = max(line, self._lines.oldest)
        # With `strict` a quote that is never closed is an error, and not the start of a long cell.
        return csv.reader(self._lines.after(self._before), delimiter=self._delimiter, strict=True)

    def chunks(self) -> Iterator[Chunk]:
        """Give the rows in chunks, and with each the lines that were read for it."""
        try:
            header = next(self._reader, None)
        except csv.Error as error:
            name = self._report.name
            raise SourceError(f"{name!r} has no header that can be read: {error}") from error
        if header is None:
            return
        names = unique_names([cell.strip() for cell in header], self._report)
        whole: list[bool] | None = None
        lines = 0
        ended = False
        while not ended:
            rows, numbers, counts, ended = self._rows(len(names))
            if whole is None and rows:
                columns = zip(*rows[:1000], strict=True)
                whole = [all(not c or _INTEGER.fullmatch(c) for c in column) for column in columns]
            typed = [_typed(names, cells, whole or []) for cells in rows]
            yield from row_chunks(typed, numbers, self._reading, self._report)
            read = self._before + self._reader.line_num
            counts.lines, lines = read - lines, read
            yield counts
        if self._lines.not_utf8:
            self._report.note(
                f"{self._lines.not_utf8:,} x bytes that are no UTF-8: they became \ufffd (U+FFFD)"
                " in the events"
            )

    def _rows(self, width: int) -> tuple[list[list[str]], list[int], Chunk, bool]:
        """Read some rows: their cells, their lines, what else was there, and whether it is all."""
        rows: list[list[str]] = []
        numbers: list[int] = []
        counts = Chunk(pa.array([], pa.binary()), np.zeros(0, np.int64))
        most = max(1, min(MOST_ROWS, PART_BYTES // (width * CELL_BYTES)))
        source, reader, before = self._lines, self._reader, self._before + 1
        most_bytes = source.bytes + PART_BYTES
        while len(rows) < most and source.bytes < most_bytes:
            number = before + reader.line_num
            try:
                cells = next(reader, None)
            except csv.Error as error:
                why = f"not a row: {error}"
            else:
                if cells is None:
                    return rows, numbers, counts, True
                if len(cells) == width:
                    rows.append(cells)
                    numbers.append(number)
                    continue
                if not cells:
                    counts.blank += 1
                    continue
                why = f"{len(cells)} cells where the header has {width}"
            counts.refused.append((number, why))
            if self._before + reader.line_num > number:
                self._reader = reader = self._reader_after(number)
                before = self._before + 1
        return rows, numbers, counts, False


class _Lines:
    """The lines of a stream; those that were read last can be read once more."""

    def __init__(self, stream: Peekable) -> None:
        self.not_utf8 = 0
        self._recent: deque[tuple[int, tuple[str, ...]]] = deque(maxlen=_RECENT_PIECES)
        self._pieces = self._read(stream)
        self.bytes = 0

    @property
    def oldest(self) -> int:
        """Give how many lines cannot be read again."""
        return self._recent[0][0] if self._recent else 0

    def after(self, line: int) -> Iterator[str]:
        """Give the lines after line `line`."""
        for before, lines in list(self._recent):
            if line < before + len(lines):
                rest = iter(lines)
                # Sets the iterator's place directly; skipping the lines one by one would be slow.
                rest.__setstate__(max(line - before, 0))  # type: ignore[attr-defined]
                yield from rest
        for lines in self._pieces:
            yield from lines

    def _read(self, stream: Peekable) -> Iterator[tuple[str, ...]]:
        before = 0
        for data in _whole_lines(stream):
            self.bytes += len(data)
            # The garbage collector stops tracking a tuple of texts, but not a list of them.
            lines = tuple(io.StringIO(self._decoded(data), newline="\n"))
            self._recent.append((before, lines))
            before += len(lines)
            yield lines

    def _decoded(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
            pairs = zip(text.split("\n"), data.split(b"\n"), strict=True)
            self.not_utf8 += sum(line.encode() != octets for line, octets in pairs)
            return text


def _whole_lines(stream: Peekable) -> Iterator[bytes]:
    rest = b""
    while piece := stream.read(_PIECE_BYTES):
        cut = piece.rfind(b"\n") + 1
        if not cut:
            # A line over the limit of an event is cut to a length that the csv module refuses too.
            rest = (rest + piece)[: 2 * MAX_EVENT_BYTES]
            continue
        yield rest + piece[:cut]
        rest = piece[cut:]
    if rest:
        yield rest


def _typed(names: list[str], cells: list[str], whole: list[bool]) -> dict[str, Any]:
    return {
        name: int(cell) if number and _INTEGER.fullmatch(cell) and cell != "-0" else cell
        for name, cell, number in zip(names, cells, whole, strict=True)
        if cell
    }
