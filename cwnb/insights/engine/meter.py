"""Measures the steps of one task: seconds and bytes, credited to the step that asked for them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cwnb.events import Reader

# What a task does: open what it reads, then its steps, then the barrier.
OPENING, FIRST_STEP = 0, 1


class Spent(NamedTuple):
    """Seconds of work and bytes read."""

    seconds: float = 0.0
    bytes_read: int = 0

    def __add__(self, other: Spent) -> Spent:  # type: ignore[override]
        """Give the sum of both."""
        return Spent(self.seconds + other.seconds, self.bytes_read + other.bytes_read)


def nothing_spent(steps: int) -> list[Spent]:
    """Give what each part of a task spends before it begins: opening, its steps, the barrier."""
    return [Spent()] * (steps + 2)


class Meter:
    """Credits all work to one step at a time.

    A column that a step defines is computed at its first use, in a later step. While it is, that
    step is switched to, so `parse` is credited with the messages that it reads.
    `opened`: whether the bytes that the reader has read so far do not count.
    """

    def __init__(self, reader: Reader, steps: int, *, opened: bool = False) -> None:
        self.step = OPENING
        self.spent = nothing_spent(steps)
        self._reader = reader
        self._since = time.perf_counter()
        self._bytes = reader.bytes_read if opened else 0

    def switch(self, step: int) -> int:
        """Credit what follows to another step; gives the one before it."""
        now, read = time.perf_counter(), self._reader.bytes_read
        self.spent[self.step] += Spent(now - self._since, read - self._bytes)
        self._since, self._bytes = now, read
        before, self.step = self.step, step
        return before
