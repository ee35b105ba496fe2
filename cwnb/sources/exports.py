"""What CloudWatch Logs exports to S3: `TASK/STREAM/000000.gz`, a time before each event."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.events import EXPORT_TIME
from cwnb.sources.blocks import slices
from cwnb.sources.lines import TextReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from cwnb.sources.blocks import Block, LineReader
    from cwnb.sources.chunks import Chunk
    from cwnb.sources.openers import Input

    Array = np.ndarray[Any, Any]

# `2023-01-01T00:00:00.000Z ` before every event; lines without it belong to the event before.
_EVENT = rf"^{EXPORT_TIME}"
_FIRST_LINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?s:.)")
_PREFIX_BYTES = len("2023-01-01T00:00:00.000Z ")
_ZERO = ord("0")
# Where the digits of year, month, day, hour, minute, second and millisecond stand.
_PARTS = ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19), (20, 23))
_TASK = r"(?:^|/)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/"
_PART = re.compile(_TASK + r"([^/]+)/(\d{6})\.gz$")
# Beside the folders, our own exports tell which streams each of them has.
STREAMS_FILE = "_cwnb.json"
_STREAMS_FILE = re.compile(_TASK + re.escape(STREAMS_FILE) + "$")


def is_export(sample: bytes, name: str) -> bool:
    """Tell by its name and its first line whether a file is a part of an export."""
    return bool(_PART.search(name) and _FIRST_LINE.match(sample))


def is_streams_file(name: str) -> bool:
    """Tell whether a file only says which folder has which streams."""
    return bool(_STREAMS_FILE.search(name))


@dataclass
class ExportedStreams:
    """Which stream each part of an export is of; reads the file of each task once."""

    _tasks: dict[str, dict[tuple[str, int], str]] = field(default_factory=dict)

    def of(self, item: Input) -> str | None:
        """Give the stream of a file, or None if its name is not that of a part of an export.

        Without a file that tells, it is the name of the folder.
        """
        match = _PART.search(item.key)
        if match is None:
            return None
        task = str(PurePosixPath(item.key).parent.parent)
        if task not in self._tasks:
            self._tasks[task] = _read_streams(item)
        folder, number = match[1], int(match[2])
        return self._tasks[task].get((_same(folder), number), folder)


def seeded(stream: str) -> Any:
    """Begin the digest of a part of an export: parts of two streams may be the same bytes."""
    return sha256(f"export of {stream}\n".encode())


def read_export(reader: LineReader) -> Iterator[Chunk]:
    """Give the events without the time that the export wrote before them, else byte for byte."""
    for chunk in _ExportReader(reader):
        offsets = np.frombuffer(chunk.message.buffers()[1], np.int32)[: len(chunk.message) + 1]
        data = chunk.message.buffers()[2]
        assert chunk.timed is not None
        lengths = np.diff(offsets).astype(np.int64)
        cut = np.where(chunk.timed, np.minimum(_PREFIX_BYTES, lengths), 0)
        starts = offsets[:-1].astype(np.int64) + cut
        chunk.message = slices(data.to_pybytes() if data else b"", starts, lengths - cut)
        yield chunk


class _ExportTimes:
    """Reads the times at the beginnings of lines, of those that have one."""

    def read(self, lines: pa.Array) -> tuple[Array, Array]:
        """Give the times in epoch milliseconds, and a mask of the lines with one."""
        import pyarrow.compute as pc

        timed = np.array(pc.match_substring_regex(lines, _EVENT), dtype=bool)
        times = np.zeros(len(lines), np.int64)
        if timed.any():
            offsets = np.frombuffer(lines.buffers()[1], np.int32)[lines.offset :]
            starts = offsets[: len(lines)][timed].astype(np.int64)
            octets = np.frombuffer(lines.buffers()[2], np.uint8)
            digits = octets[starts[:, None] + np.arange(_PREFIX_BYTES - 2)].astype(np.int64) - _ZERO
            year, month, day, hour, minute, second, ms = (
                digits[:, first:end] @ (10 ** np.arange(end - first)[::-1]) for first, end in _PARTS
            )
            months = (year - 1970) * 12 + month - 1
            days = months.astype("M8[M]").astype("M8[D]").astype(np.int64) + day - 1
            times[timed] = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms
        return times, timed


class _ExportReader(TextReader):
    """Reads lines that follow an event as they are: blank ones, and carriage returns too."""

    def __init__(self, reader: LineReader) -> None:
        super().__init__(reader, _ExportTimes(), _EVENT)

    def _lines(self, block: Block) -> tuple[Block, Array]:
        ends = np.append(block.starts[1:] - 1, len(block.data) - block.data.endswith(b"\n"))
        block.lengths = ends - block.starts
        return block, np.zeros(len(block), bool)


def _read_streams(item: Input) -> dict[tuple[str, int], str]:
    """Give the stream of each folder and number, as far as the export tells."""
    if item.above is None:
        return {}
    try:
        folders = json.loads(item.above(STREAMS_FILE))["folders"]
        return {
            (_same(folder), number): of_stream["stream"]
            for folder, streams in folders.items()
            for of_stream in streams
            for number in of_stream["parts"]
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        # The service writes none.
        return {}


def _same(folder: str) -> str:
    """Give what two names have in common that some file systems take for one."""
    return unicodedata.normalize("NFC", folder.casefold())
