"""Newline-delimited JSON, where each line is a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cwnb.sources.blocks import slices
from cwnb.sources.chunks import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.sources.blocks import LineReader


def read_ndjson(reader: LineReader) -> Iterator[Chunk]:
    """Give each line that is not blank as a record; the times stand in the fields."""
    for block in reader:
        kept = ~block.blank()
        rows = slice(None) if kept.all() else np.flatnonzero(kept)
        yield Chunk(
            message=slices(block.data, block.starts[rows], block.lengths[rows]),
            number=(block.first_line + np.arange(len(block)))[rows],
            lines=len(block),
            blank=int(len(block) - kept.sum()),
        )
