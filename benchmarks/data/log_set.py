"""What a set of logs is, and the pieces in which its events are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

START_MS = 1_790_812_800_000  # 2026-10-01T00:00Z
DAY_MS = 86_400_000
PIECE = 50_000
# A load begins at a multiple of this, so that a maker knows which lines are never its first.
BLOCK = 100


@dataclass(frozen=True)
class Piece:
    """Some events in order of arrival, and what a maker draws from."""

    number: int  # of the set, for the seed
    first: int
    rows: int
    total: int

    @property
    def random(self) -> np.random.Generator:
        """Give the same numbers for the same piece, whatever was made before it."""
        return np.random.default_rng([self.number, self.first])

    def times(self) -> np.ndarray:
        """Give the times of the events, in ms, a day in all.

        Events arrive some seconds after they happened, one in fifty up to half an hour after.
        """
        random = np.random.default_rng([self.number, self.first, 1])
        arrival = START_MS + (np.arange(self.first, self.first + self.rows) * DAY_MS) // self.total
        delay = random.exponential(4_000, self.rows)
        late = random.random(self.rows) < 0.02
        delay[late] = random.random(late.sum()) * 1_800_000
        return np.maximum(arrival - delay.astype(np.int64), START_MS)


@dataclass(frozen=True)
class LogSet:
    """Logs of one kind.

    `make` gives a table of a piece: `time` (ms), `line` (the message), and the fields, typed, with
    `_` for the dots of their names. `arrives`: as `files` that are loaded, or in small `puts`, for
    which the table has a column `log_stream` too. `paths`: where each column stands in the JSON,
    for peers that read it; empty for text.
    """

    name: str
    group: str
    number: int
    make: Callable[[Piece], pa.Table]
    arrives: str = "files"
    paths: dict[str, str] = field(default_factory=dict)

    @property
    def is_json(self) -> bool:
        return bool(self.paths)

    @property
    def suffix(self) -> str:
        return "ndjson" if self.is_json else "log"

    def pieces(self, events: int) -> Iterator[pa.Table]:
        """Make the events, a piece at a time."""
        for first in range(0, events, PIECE):
            yield self.make(Piece(self.number, first, min(PIECE, events - first), events))


def chunk_sizes(events: int, seed: int) -> list[int]:
    """Cut the events into loads of very different sizes, about thirty, multiples of BLOCK."""
    random = np.random.default_rng([seed, 2])
    sizes: list[int] = []
    left = events
    while left:
        size = int(events * 10 ** random.uniform(-2.5, -1)) // BLOCK * BLOCK
        sizes.append(min(left, max(size, BLOCK)))
        left -= sizes[-1]
    return sizes
