"""Order tasks by time, and tell when enough of the newest have been read."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from cwnb.events import ALL_TIME, Window

if TYPE_CHECKING:
    from cwnb.events import Task
    from cwnb.insights.engine.commands.barrier import Enough


def bounded(window: Window, tasks: tuple[Task, ...]) -> Window:
    """Give the window without open bounds, for `queryStartTime`: these become the events' own."""
    first = min((task.first_ms for task in tasks), default=0)
    last = max((task.last_ms for task in tasks), default=0)
    return Window(
        first if window.start_ms == ALL_TIME.start_ms else window.start_ms,
        last + 1 if window.end_ms == ALL_TIME.end_ms else window.end_ms,
    )


def ranks_of(tasks: tuple[Task, ...]) -> list[int] | None:
    """Rank tasks that do not overlap in time, the newest highest; None where some do.

    Consecutive tasks of one segment do not count as overlapping, because their rows are in order.
    """
    if len(tasks) <= 1:
        return [0] * len(tasks)
    for newer, older in pairwise(tasks):
        same = getattr(newer, "segment", None)
        if same is not None and same is getattr(older, "segment", None):
            continue
        if older.last_ms >= newer.first_ms:
            return None
    return list(range(len(tasks) - 1, -1, -1))


class EnoughRead:
    """Knows when the newest rows have been found, so that older tasks need not be read."""

    def __init__(self, tasks: tuple[Task, ...], enough: Enough | None) -> None:
        self._tasks = tasks
        self._enough = enough
        self._found: dict[int, int] = {}
        # For each task, the newest time in it and in all tasks after it.
        lasts = [task.last_ms for task in reversed(tasks)]
        self._newest_from = list(accumulate(lasts, max))[::-1] if enough else []

    def note(self, number: int, rows: int) -> None:
        """Note how many rows a task gave."""
        if self._enough is not None:
            self._found[number] = rows

    def reached(self, following: int) -> bool:
        """Tell whether no task from `following` on can hold a row of the answer."""
        if self._enough is None or following >= len(self._tasks):
            return False
        if not self._enough.newest:
            return sum(self._found.values()) >= self._enough.rows
        newest_left = self._newest_from[following]
        # Only tasks that are newer than all that is left count: at the same time, a task that is
        # left may have an event of a later sequence.
        safe = sum(
            rows
            for number, rows in self._found.items()
            if self._tasks[number].first_ms > newest_left
        )
        return safe >= self._enough.rows
