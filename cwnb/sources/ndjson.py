"""Newline-delimited JSON, where each line is a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cwnb.sources.blocks import slices
from cwnb.sources.chunks import Chunk
from cwnb.sources.documents import is_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.sources.blocks import Block, LineReader


def read_ndjson(reader: LineReader) -> Iterator[Chunk]:
    """Give each line that is not blank as a record; the times stand in the fields."""
    for block in reader:
        kept = ~block.blank()
        if block.last and _is_cut(block, reader):
            kept = kept[:-1]
        rows = slice(len(kept)) if kept.all() else np.flatnonzero(kept)
        yield Chunk(
            message=slices(block.data, block.starts[rows], block.lengths[rows]),
            number=(block.first_line + np.arange(len(block)))[rows],
            lines=len(kept),
            blank=int(len(kept) - kept.sum()),
        )


def _is_cut(block: Block, reader: LineReader) -> bool:
    """Tell whether the last line is left for a later load, because its JSON has no end yet."""
    if not len(block) or reader.ended:
        return False
    line = block.data[int(block.starts[-1]) :].strip()
    # A number may be unfinished: its next digit may not have been written yet.
    whole = is_json(line) and line.endswith((b"}", b"]", b'"'))
    return not whole and reader.leave(block, len(block) - 1)
