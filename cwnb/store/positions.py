"""Positions: the order in which events became visible, and how a segment keeps it.

Sequence numbers order events; they do not order what readers see. A load takes its numbers when it
begins and publishes them when it ends, so that a put in between shows greater numbers first. Each
publishing transaction therefore takes a commit number, and a reader goes by (commit, sequence).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from cwnb.errors import StoreDamaged

if TYPE_CHECKING:
    from collections.abc import Sequence

    Ints = np.ndarray[Any, Any]

_CODEC = pa.Codec("zstd")
_COUNT_BYTES = 8


class Position(NamedTuple):
    """A place between two events in the order in which events became visible.

    Positions compare as tuples. `Position(0, 0)` comes before every event that is ever delivered;
    events from before stores had positions have commit 0, and so never come after it.
    """

    commit: int
    sequence: int


START = Position(0, 0)


class Spans(NamedTuple):
    """Unbroken stretches of sequence numbers: the first and the last of each, ascending."""

    first: Ints
    last: Ints

    @classmethod
    def of(cls, sequence: Ints) -> Spans:
        """Find the stretches in sequence numbers, which come in any order."""
        numbers = np.sort(sequence)
        breaks = np.flatnonzero(np.diff(numbers) != 1)
        first = numbers[np.concatenate([[0], breaks + 1])] if len(numbers) else numbers
        last = numbers[np.concatenate([breaks, [len(numbers) - 1]])] if len(numbers) else numbers
        return cls(first, last)

    def joined(self, other: Spans) -> Spans:
        """Put the stretches of both together, which have no number in common."""
        first, last = (
            np.concatenate([self.first, other.first]),
            np.concatenate([self.last, other.last]),
        )
        order = np.argsort(first)
        return Spans(first[order], last[order])

    def hold(self, sequence: Ints) -> Ints:
        """Tell of each number whether it is in one of the stretches."""
        if not len(self.first):
            return np.zeros(len(sequence), bool)
        at = np.searchsorted(self.first, sequence, side="right") - 1
        held: Ints = (at >= 0) & (sequence <= self.last[at])
        return held

    def cover(self, first: int, last: int) -> bool:
        """Tell whether all numbers from the first to the last are there."""
        inside = np.minimum(self.last, last) - np.maximum(self.first, first) + 1
        return int(np.maximum(inside, 0).sum()) == last - first + 1

    def meet(self, other: Spans) -> bool:
        """Tell whether a number is in both."""
        at = np.searchsorted(self.last, other.first)
        there = at < len(self.first)
        return bool((self.first[at[there]] <= other.last[there]).any())


@dataclass(frozen=True)
class Runs:
    """The commits of a segment's events: of the sequence numbers from `first` to `last`, `commit`.

    Three arrays of one length, ascending by sequence; runs never overlap. An event in no run has
    no position: it is from before stores had positions, or was loaded without delivery.
    """

    first: Ints
    last: Ints
    commit: Ints

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def of(cls, first: Any, last: Any, commit: Any) -> Runs:
        """Put runs in order, and join neighbours of one commit; raise ValueError if they overlap.

        Runs of commit 0 are left out.
        """
        first, last, commit = (np.asarray(part, np.int64) for part in (first, last, commit))
        order = np.argsort(first, kind="stable")
        order = order[commit[order] > 0]
        first, last, commit = first[order], last[order], commit[order]
        if (first > last).any() or (first[1:] <= last[:-1]).any():
            raise ValueError("runs of sequence numbers overlap")
        new = np.ones(len(first), bool)
        new[1:] = (first[1:] != last[:-1] + 1) | (commit[1:] != commit[:-1])
        # A run ends before the next one begins, and the last one at the end.
        ends = np.append(new[1:], True)[: len(new)]
        return cls(first[new], last[ends], commit[new])

    @classmethod
    def none(cls) -> Runs:
        """Give no runs: none of the events is ever delivered."""
        return cls.of([], [], [])

    @classmethod
    def of_commit(cls, spans: Spans, commit: int) -> Runs:
        """Give the runs of events that one transaction publishes."""
        return cls.of(spans.first, spans.last, np.full(len(spans.first), commit))

    @classmethod
    def joined(cls, parts: Sequence[Runs]) -> Runs:
        """Put the runs of several segments together."""
        return cls.of(
            np.concatenate([part.first for part in parts]),
            np.concatenate([part.last for part in parts]),
            np.concatenate([part.commit for part in parts]),
        )

    def that_hold(self, spans: Spans) -> Runs:
        """Give the runs of which at least one event is in the spans."""
        at = np.searchsorted(spans.last, self.first)
        there = at < len(spans.first)
        there[there] = spans.first[at[there]] <= self.last[there]
        return Runs(self.first[there], self.last[there], self.commit[there])

    def without(self, spans: Spans) -> Runs:
        """Give what is left of the runs where the events of the spans are taken out."""
        # The gaps between the spans, of which the first and the last have no end.
        gap_first = np.concatenate([[-(1 << 62)], spans.last + 1])
        gap_last = np.concatenate([spans.first - 1, [1 << 62]])
        begin = np.searchsorted(gap_last, self.first)
        end = np.searchsorted(gap_first, self.last, side="right")
        many = np.maximum(end - begin, 0)
        run = np.repeat(np.arange(len(self)), many)
        gap = np.arange(len(run)) - np.repeat(np.cumsum(many) - many, many) + begin[run]
        first = np.maximum(self.first[run], gap_first[gap])
        last = np.minimum(self.last[run], gap_last[gap])
        there = first <= last
        return Runs(first[there], last[there], self.commit[run][there])

    def commits_of(self, sequence: Ints) -> Ints:
        """Give the commit of each event, 0 for those that have no position."""
        if not len(self):
            return np.zeros(len(sequence), np.int64)
        at = np.searchsorted(self.first, sequence, side="right") - 1
        inside = (at >= 0) & (sequence <= self.last[at])
        commits: Ints = np.where(inside, self.commit[at], 0)
        return commits

    def pack(self) -> bytes:
        """Give what the catalog keeps.

        Differences are small numbers. All their first bytes come first, then all their second ones
        and so on, so that the many zeros are together and pack to nothing.
        """
        parts = np.stack([self.first, self.last - self.first, self.commit])
        parts[::2, 1:] = np.diff(parts[::2])
        planes = parts.astype("<i8").view(np.uint8).reshape(3, len(self), 8).transpose(0, 2, 1)
        packed: bytes = _CODEC.compress(np.ascontiguousarray(planes).tobytes(), asbytes=True)
        return len(self).to_bytes(_COUNT_BYTES, "little") + packed

    @classmethod
    def unpack(cls, data: bytes, segment_id: str) -> Runs:
        """Read what `pack` gave; raise StoreDamaged."""
        if len(data) <= _COUNT_BYTES:
            raise _damaged(segment_id)
        count = int.from_bytes(data[:_COUNT_BYTES], "little")
        try:
            text = _CODEC.decompress(memoryview(data)[_COUNT_BYTES:], 24 * count, asbytes=True)
            planes = np.frombuffer(text, np.uint8).reshape(3, 8, count).transpose(0, 2, 1)
            first, length, commit = np.ascontiguousarray(planes).view("<i8").reshape(3, count)
            first, commit = np.cumsum(first), np.cumsum(commit)
            return cls.of(first, first + length, commit)
        except (ValueError, OSError, MemoryError, OverflowError, pa.ArrowException) as error:
            raise _damaged(segment_id) from error


def _damaged(segment_id: str) -> StoreDamaged:
    return StoreDamaged(f"what the catalog says of the commits of segment {segment_id} is damaged")
