"""Records of JSON arrays, of CloudTrail's files, or one after another: each with its own bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cwnb.errors import SourceError
from cwnb.sources.blocks import BLOCK_BYTES
from cwnb.sources.chunks import Chunk
from cwnb.sources.documents import Document, read_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.sources.report import FileReport
    from cwnb.sources.unpacking import Peekable

_TRAIL = frozenset({"Records"})


def read_records(stream: Peekable, report: FileReport) -> Iterator[Chunk]:
    """Give the records in chunks; `number` counts them from 1. Raises SourceError where cut off."""
    counted = CountedLines(stream)
    trail = report.format == "cloudtrail"
    number, size = 0, 0
    values: list[bytes] = []
    for document in read_documents(counted, report.name, _TRAIL if trail else frozenset()):
        if trail and document.key is None:
            raise SourceError(f"{report.name!r} is no CloudTrail file: it has no list 'Records'")
        if trail and document.whole:
            _note_other_keys(document, report)
        values += document.records
        size += sum(map(len, document.records))
        if size > BLOCK_BYTES:
            yield _chunk(values, number)
            number += len(values)
            values, size = [], 0
    final = _chunk(values, number)
    final.lines = counted.lines
    yield final


class CountedLines:
    """Passes a stream on and counts its lines."""

    def __init__(self, stream: Peekable) -> None:
        self._stream = stream
        self._newlines = 0
        self._last = b"\n"

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes, none at the end."""
        data = self._stream.read(size)
        self._newlines += data.count(b"\n")
        self._last = data[-1:] or self._last
        return data

    @property
    def lines(self) -> int:
        """Give how many lines were read; the last one may lack its newline."""
        return self._newlines + (self._last != b"\n")


def _chunk(values: list[bytes], before: int) -> Chunk:
    numbers = np.arange(before + 1, before + 1 + len(values))
    return Chunk(pa.array(values, pa.binary()), numbers)


def _note_other_keys(document: Document, report: FileReport) -> None:
    """Add a note to the report if the document has keys beside its records, which do not load."""
    note = "keys beside 'Records' are no events and were left out"
    if note not in report.notes and len(document.others()) > 1:
        report.notes.append(note)
