"""What CloudWatch Logs exports to S3: `TASK/STREAM/000000.gz`, a time before each event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cwnb.sources.blocks import slices
from cwnb.sources.lines import TextReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.sources.blocks import LineReader
    from cwnb.sources.chunks import Chunk
    from cwnb.sources.text_times import TimeReader

# `2023-01-01T00:00:00.000Z ` before every event; lines without it belong to the event before.
_EVENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z(?: |$)"
_PREFIX_BYTES = len("2023-01-01T00:00:00.000Z ")


def read_export(reader: LineReader, times: TimeReader) -> Iterator[Chunk]:
    """Give the events without the time that the export wrote before them."""
    for chunk in TextReader(reader, times, _EVENT):
        offsets = np.frombuffer(chunk.message.buffers()[1], np.int32)[: len(chunk.message) + 1]
        data = chunk.message.buffers()[2]
        assert chunk.timed is not None
        lengths = np.diff(offsets).astype(np.int64)
        cut = np.where(chunk.timed, np.minimum(_PREFIX_BYTES, lengths), 0)
        starts = offsets[:-1].astype(np.int64) + cut
        chunk.message = slices(data.to_pybytes() if data else b"", starts, lengths - cut)
        yield chunk
