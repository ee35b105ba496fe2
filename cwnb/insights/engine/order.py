"""The order of rows across tasks: which of two events is the newer one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.events import SEQUENCE, TIMESTAMP
from cwnb.insights import values
from cwnb.insights.values.integer_order import ascending

if TYPE_CHECKING:
    from cwnb.events import Task
    from cwnb.insights.engine.batch import Batch


@dataclass
class Ranks:
    """The order of rows: `major` and `minor`, an int64 each per row; the newest has the largest.

    `major` is the rank of the row's task where `by_task`, else the time. `place` tells rows of one
    event apart, the first has the largest; None where an event is one row.

    `minor` of rows by time is the sequence. Since few rows of different tasks have one time, it may
    be left unread: `task` of such a row is its task's number in `tasks`, and its `minor` the number
    that it has there, which has the order of sequences within the task. `task` of others is -1.
    """

    major: np.ndarray[Any, Any]
    minor: np.ndarray[Any, Any]
    place: np.ndarray[Any, Any] | None = None
    by_task: bool = False
    task: np.ndarray[Any, Any] | None = None
    tasks: tuple[Task, ...] = ()

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        arrays = (self.major, self.minor, self.place, self.task)
        return int(sum(array.nbytes for array in arrays if array is not None))

    def take(self, rows: np.ndarray[Any, Any]) -> Ranks:
        """Give the ranks of these rows."""
        place = None if self.place is None else self.place[rows]
        task = None if self.task is None else self.task[rows]
        return Ranks(self.major[rows], self.minor[rows], place, self.by_task, task, self.tasks)

    def in_one_task(self) -> bool:
        """Tell whether all rows are of one task, which overlaps no other in time.

        Rows of several tasks may have one time, so a time does not tell.
        """
        same = self.by_task and len(self.major) > 0
        return same and bool((self.major == self.major[0]).all())

    def descending(self) -> np.ndarray[Any, Any]:
        """Give the permutation that puts the newest row first.

        Reads sequences where rows of different tasks have one time, and raises what that raises.
        """
        keys = [] if self.place is None else [self.place]
        return ascending(self.major, self._told_apart(), *keys)[::-1]

    def _told_apart(self) -> np.ndarray[Any, Any]:
        """Give `minor`, with the sequences of rows that have the time of one of another task."""
        if self.task is None or not len(self.major):
            return self.minor
        order = np.argsort(self.major, kind="stable")
        times, task = self.major[order], self.task[order]
        same = times[1:] == times[:-1]
        runs = np.concatenate([[0], np.cumsum(~same)])
        mixed = np.zeros(runs[-1] + 1, dtype=bool)
        mixed[runs[1:][same & (task[1:] != task[:-1])]] = True
        rows = order[mixed[runs]]
        minor = self.minor.copy() if len(rows) else self.minor
        for number in np.unique(self.task[rows]):
            if number >= 0:
                own = rows[self.task[rows] == number]
                minor[own] = _sequences(self.tasks[number], minor[own])
        return minor

    @staticmethod
    def none(rows: int) -> Ranks:
        """Give equal ranks for all rows, where the order does not matter."""
        return Ranks(np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64))

    @staticmethod
    def concat(parts: list[Ranks]) -> Ranks:
        """Concatenate the ranks of several partial answers."""
        # Events are rows of one task each, so one without places needs none beside another's.
        places = [
            np.zeros(len(part.major), dtype=np.int64) if part.place is None else part.place
            for part in parts
        ]
        repeated = any(part.place is not None for part in parts)
        tasks: dict[int, Task] = {id(task): task for part in parts for task in part.tasks}
        numbers = {own: number for number, own in enumerate(tasks)}
        return Ranks(
            np.concatenate([part.major for part in parts]),
            np.concatenate([part.minor for part in parts]),
            np.concatenate(places) if repeated else None,
            by_task=all(part.by_task for part in parts),
            task=np.concatenate([_renumbered(part, numbers) for part in parts]) if tasks else None,
            tasks=tuple(tasks.values()),
        )


def _renumbered(ranks: Ranks, numbers: dict[int, int]) -> np.ndarray[Any, Any]:
    """Give the `task` of each row among more tasks; `numbers` has the number of each by its id."""
    if ranks.task is None:
        return np.full(len(ranks.major), -1, dtype=np.int32)
    # The last one is for rows that belong to no task.
    new = np.array([*(numbers[id(task)] for task in ranks.tasks), -1], dtype=np.int32)
    found: np.ndarray[Any, Any] = new[ranks.task]
    return found


def _sequences(task: Task, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give the sequences of these rows of a task; their numbers where it has none."""
    own, where = np.unique(rows, return_inverse=True)
    sequence = task.open().take([SEQUENCE], own).get(SEQUENCE)
    if sequence is None:
        return rows
    found: np.ndarray[Any, Any] = np.asarray(sequence, dtype=np.int64)[where]
    return found


class RowOrder:
    """How the rows of one batch are ordered.

    Rows of a task ascend in time and sequence, the rows of one event from its last to its first,
    so that backwards is newest first. Where no two tasks overlap in time, a task's rank and the
    row's number give the order without reading the times. Rows in memory are in the order
    in which they are shown, newest first.
    """

    def __init__(
        self,
        batch: Batch,
        *,
        task: Task | None = None,
        task_rank: int | None = None,
        in_memory: bool = False,
    ) -> None:
        self._batch = batch
        self._task = task
        self._task_rank = task_rank
        self.in_memory = in_memory

    @property
    def made_of(self) -> tuple[int | None, bool]:
        """Give what ranks depend on besides the rows of the batch."""
        return self._task_rank, self.in_memory

    def ranks_with_task(self, rows: np.ndarray[Any, Any]) -> Ranks:
        """Give the ranks of these rows, which may hold the task and leave sequences unread."""
        task = self._task
        if task is None or self._task_rank is not None or self.in_memory or not len(rows):
            return self.ranks(rows)
        positions = self._batch.places_of(rows)
        place = rows if self._batch.repeats else None
        of_task = np.zeros(len(rows), dtype=np.int32)
        return Ranks(self._event_ms(rows), positions, place, task=of_task, tasks=(task,))

    def ranks(self, rows: np.ndarray[Any, Any]) -> Ranks:
        """Give the ranks of these rows of the batch."""
        if self.in_memory:
            return Ranks(np.zeros(len(rows), dtype=np.int64), -rows.astype(np.int64))
        if not len(rows):
            return Ranks.none(0)
        if self._task_rank is not None:
            major = np.full(len(rows), self._task_rank, dtype=np.int64)
            return Ranks(major, rows, by_task=True)
        self._batch.load([TIMESTAMP, SEQUENCE])
        sequence = self._batch.column(SEQUENCE)
        minor = sequence.take(rows).to_numpy() if sequence is not None else rows
        place = rows if self._batch.repeats else None
        return Ranks(self._event_ms(rows), np.asarray(minor, dtype=np.int64), place)

    def _event_ms(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        times = np.asarray(self._batch.event_time().cast("int64"))
        found: np.ndarray[Any, Any] = times[rows]
        return found

    def epoch_ms(self, rows: np.ndarray[Any, Any]) -> Any:
        """Give the `@timestamp` of these rows as int64; missing where a row has none."""
        times = values.to_time(self._batch.timestamp())
        return times.cast("int64").take(pa.array(rows))

    def times(self, rows: np.ndarray[Any, Any]) -> Ranks:
        """Give ranks by `@timestamp`, which differ from `ranks` only for rows in memory."""
        time = self._batch.column(TIMESTAMP) if self.in_memory else None
        if time is None:
            return self.ranks(rows)
        major = time.take(rows).cast("int64").fill_null(-(2**62))
        return Ranks(major.to_numpy(zero_copy_only=False), -rows.astype(np.int64))
