"""The barrier of `estimate`: it needs no event, only what the source knows of their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.barrier import Enough
from cwnb.insights.tree import ESTIMATE_COLUMN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.events import Task, Window
    from cwnb.insights.engine.commands.barrier import Rows
    from cwnb.insights.engine.order import RowOrder


@dataclass
class EstimatePlan:
    """The barrier of `estimate`; `message_bytes` is its answer, known once the scan is."""

    message_bytes: int = 0

    @property
    def enough(self) -> Enough:
        """No row is needed, so no task is run."""
        return Enough(0, newest=False)

    def reads(self) -> set[str]:
        """Name no field."""
        return set()

    def partial(self, batch: Batch, order: RowOrder, task: int) -> Any:
        """Say that no task is run."""
        raise NotImplementedError

    def merge(self, partials: list[Any]) -> Any:
        """Say that no task is run."""
        raise NotImplementedError

    def finish(self, merged: Any | None, rows: Rows) -> Batch:  # noqa: ARG002
        """Give the only row."""
        found = {ESTIMATE_COLUMN: pa.array([self.message_bytes], pa.int64())}
        return Batch(1, rows.query_values, columns=found)


def bytes_in_window(tasks: Sequence[Task], window: Window) -> int:
    """Give the bytes of the messages that tasks have in a window, about.

    Where a task lies in the window in part, its share is counted by time, as if its events were
    spread evenly.
    """
    return round(sum(task.message_bytes * _share(task, window) for task in tasks))


def _share(task: Task, window: Window) -> float:
    """Give the share of a task's time that lies in the window."""
    length = task.last_ms - task.first_ms
    if length <= 0:
        return 1.0
    inside = min(task.last_ms, window.end_ms) - max(task.first_ms, window.start_ms)
    share: float = min(1.0, max(0.0, inside / length))
    return share
