"""Read the columns of the rows that a barrier has picked, after all tasks are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.insights.control import checkpoint
from cwnb.insights.engine import columns
from cwnb.insights.engine.meter import Spent, nothing_spent
from cwnb.insights.engine.schedule import Call, Workers
from cwnb.insights.engine.tasks import fetch_rows
from cwnb.insights.values.integer_order import ascending

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.events import Task
    from cwnb.insights.context import QueryValues
    from cwnb.insights.engine.plan import TaskPlan

# Rows of a row group of messages, which is read whole even if one row of it is wanted.
_ROW_GROUP_OF_MESSAGES = 8_192


class PickedRows:
    """Implements `barrier.Rows` for the tasks of a scan.

    `hold` is called with the bytes that are in memory so far, and raises if they are too many.
    `spent` is what each step of the tasks has spent on them, `kinds` the kinds of values read.
    """

    def __init__(
        self,
        tasks: tuple[Task, ...],
        plan: TaskPlan,
        workers: Workers,
        hold: Callable[[int], None],
    ) -> None:
        self._tasks = tasks
        self._plan = plan
        self._workers = workers
        self._hold = hold
        self.spent = nothing_spent(len(plan.steps))
        self.kinds: list[dict[str, set[str]]] = []

    @property
    def query_values(self) -> QueryValues:
        """Give the values of the query that expressions may read."""
        return self._plan.query_values

    def fetch(
        self, tasks: np.ndarray[Any, Any], positions: np.ndarray[Any, Any], names: list[str]
    ) -> dict[str, Any]:
        """Give columns of rows, each with the number of its task and its position there."""
        rows = len(tasks)
        if not rows or not names:
            return {name: pa.nulls(rows) for name in names}
        order = ascending(tasks, positions)
        bounds = np.flatnonzero(np.diff(tasks[order])) + 1
        # Tasks in the order in which they are asked for, so that often no row has to be moved.
        chunks = sorted(np.split(order, bounds), key=lambda chunk: int(chunk.min()))
        order = np.concatenate(chunks)
        found = self._read([(int(tasks[c[0]]), positions[c]) for c in chunks], names)
        back = np.empty(rows, dtype=np.int64)
        back[order] = np.arange(rows)
        where = None if np.array_equal(order, np.arange(rows)) else pa.array(back)
        whole = {}
        for name in names:
            checkpoint()
            # Taken out of what was found, so that a column is not held twice for long.
            column = columns.concat([part.pop(name) for part in found])
            whole[name] = column if where is None else column.take(where)
        return whole

    def _read(
        self, places: list[tuple[int, np.ndarray[Any, Any]]], names: list[str]
    ) -> list[dict[str, Any]]:
        calls = []
        for number, positions in places:
            task = self._tasks[number]
            rows = min(task.rows, len(positions) * _ROW_GROUP_OF_MESSAGES)
            calls.append(Call(fetch_rows, (task, self._plan, positions, names), rows))
        found: list[Any] = [None] * len(places)
        held = 0
        for i, (read, spent, kinds) in self._workers.run(calls):
            found[i] = read
            held += sum(columns.nbytes(column) for column in read.values())
            self.spent = list(map(Spent.__add__, self.spent, spent))
            self.kinds.append(kinds)
            self._hold(held)
        return found
