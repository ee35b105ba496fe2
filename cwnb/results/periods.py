"""Periods for counting over time, by the names that people give them."""

from __future__ import annotations

from dataclasses import dataclass

from cwnb.times import UNIT_MS

MOST_BINS = 60
# 1970 began on a Thursday; the Monday before it is three days earlier, and weeks begin on Monday.
_MONDAY_MS = -3 * UNIT_MS["d"]
_WORDS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
# Each is at most three times as long as the one before, so that there are 20 bins or more.
_COUNTS = {
    "ms": (1, 2, 5, 10, 20, 50, 100, 200, 500),
    "s": (1, 2, 5, 10, 15, 30),
    "m": (1, 2, 5, 10, 15, 30),
    "h": (1, 2, 3, 6, 12),
    "d": (1, 2),
    "w": (1, 2, 4, 13, 26, 52),
}


@dataclass(frozen=True)
class NamedPeriod:
    """A period of fixed length, whose bins begin where those of `bin` in a query begin."""

    count: int
    unit: str

    @property
    def ms(self) -> int:
        """Give its length in milliseconds."""
        return self.count * UNIT_MS[self.unit]

    @property
    def text(self) -> str:
        """Write it as in a query: `5m`."""
        return f"{self.count}{self.unit}"

    @property
    def name(self) -> str:
        """Name it for readers: `5 minutes`, or `minute` for one."""
        if self.unit not in _WORDS:
            return f"{self.count} {self.unit}"
        word = _WORDS[self.unit]
        return word if self.count == 1 else f"{self.count} {word}s"

    @property
    def origin_ms(self) -> int:
        """Give the start of one of its bins."""
        return _MONDAY_MS if self.unit == "w" else 0

    def start_of(self, time_ms: int) -> int:
        """Give the start of the bin that a time lies in."""
        return (time_ms - self.origin_ms) // self.ms * self.ms + self.origin_ms

    def starts(self, first_ms: int, last_ms: int) -> range:
        """Give the starts of all bins from that of the first time to that of the last."""
        return range(self.start_of(first_ms), self.start_of(last_ms) + 1, self.ms)


_PERIODS = [NamedPeriod(count, unit) for unit, counts in _COUNTS.items() for count in counts]


def period_for(first_ms: int, last_ms: int) -> NamedPeriod:
    """Give the shortest named period of which MOST_BINS or fewer hold all times of an extent.

    Over more than 60 years it is a number of years of 52 weeks.
    """
    for period in _PERIODS:
        if len(period.starts(first_ms, last_ms)) <= MOST_BINS:
            return period
    years = (last_ms - first_ms) // (_PERIODS[-1].ms * (MOST_BINS - 1)) + 1
    return NamedPeriod(52 * years, "w")
