"""The order of rows across tasks: which of two events is the newer one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.events import SEQUENCE, TIMESTAMP

if TYPE_CHECKING:
    from cwnb.insights.engine.batch import Batch


@dataclass
class Ranks:
    """The order of rows: `major` and `minor`, an int64 each per row; the newest has the largest."""

    major: np.ndarray[Any, Any]
    minor: np.ndarray[Any, Any]

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        return int(self.major.nbytes + self.minor.nbytes)

    def take(self, rows: np.ndarray[Any, Any]) -> Ranks:
        """Give the ranks of these rows."""
        return Ranks(self.major[rows], self.minor[rows])

    def in_one_task(self) -> bool:
        """Tell whether `major` is the same for all rows.

        It is in a task that overlaps no other in time, where it is the rank of the task.
        """
        return len(self.major) > 0 and bool((self.major == self.major[0]).all())

    def descending(self) -> np.ndarray[Any, Any]:
        """Give the permutation that puts the newest row first."""
        return np.lexsort((self.minor, self.major))[::-1]

    @staticmethod
    def none(rows: int) -> Ranks:
        """Give equal ranks for all rows, where the order does not matter."""
        return Ranks(np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64))

    @staticmethod
    def concat(parts: list[Ranks]) -> Ranks:
        """Concatenate the ranks of several partial answers."""
        return Ranks(
            np.concatenate([part.major for part in parts]),
            np.concatenate([part.minor for part in parts]),
        )


class RowOrder:
    """How the rows of one batch are ordered.

    Rows of a task ascend in time and sequence. Where no two tasks overlap in time, a task's rank
    and the row's number give the order without reading the times. Rows in memory are in the order
    in which they are shown, newest first.
    """

    def __init__(
        self, batch: Batch, *, task_rank: int | None = None, in_memory: bool = False
    ) -> None:
        self._batch = batch
        self._task_rank = task_rank
        self.in_memory = in_memory

    def ranks(self, rows: np.ndarray[Any, Any]) -> Ranks:
        """Give the ranks of these rows of the batch."""
        if self.in_memory:
            return Ranks(np.zeros(len(rows), dtype=np.int64), -rows.astype(np.int64))
        if not len(rows):
            return Ranks.none(0)
        if self._task_rank is not None:
            selection = self._batch.selection
            positions = rows if selection is None else selection[rows]
            return Ranks(np.full(len(rows), self._task_rank, dtype=np.int64), positions)
        self._batch.load([TIMESTAMP, SEQUENCE])
        times = self._batch.column(TIMESTAMP).take(rows).cast("int64")
        sequence = self._batch.column(SEQUENCE)
        minor = sequence.take(rows).to_numpy() if sequence is not None else rows
        return Ranks(times.to_numpy(zero_copy_only=False), np.asarray(minor, dtype=np.int64))

    def times(self, rows: np.ndarray[Any, Any]) -> Ranks:
        """Give ranks by `@timestamp`, which differ from `ranks` only for rows in memory."""
        time = self._batch.column(TIMESTAMP) if self.in_memory else None
        if time is None:
            return self.ranks(rows)
        major = time.take(rows).cast("int64").fill_null(-(2**62))
        return Ranks(major.to_numpy(zero_copy_only=False), -rows.astype(np.int64))
