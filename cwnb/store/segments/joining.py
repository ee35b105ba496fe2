"""Join the tasks of a segment whose facts tell all that a question asks of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cwnb.store.segments.reader import SegmentTask
from cwnb.store.segments.summaries import lies_in, summary_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def joined_tasks(tasks: Sequence[Any], names: Mapping[str, bool]) -> tuple[Any, ...]:
    """Join the tasks of each segment all of whose events are in the window, if facts suffice.

    `names`: the fields that are asked for, and whether their bounds are. What must be read stays in
    several tasks, which threads share.
    """
    found = []
    for task in tasks:
        if not isinstance(task, SegmentTask) or not _suffice(task, names):
            found.append(task)
        elif task.row_group == 0 and task.first_row == 0:
            count = len(task.segment.row_groups)
            found.append(replace(task, row_groups=count, end_row=None))
    return tuple(found)


def _suffice(task: SegmentTask, names: Mapping[str, bool]) -> bool:
    if not lies_in(task.segment, task.window):
        return False
    for name, bounds in names.items():
        known = summary_of(task.segment, task.context.sealer(), name)
        if known is None or (bounds and (known.least is None or known.greatest is None)):
            return False
    return True
