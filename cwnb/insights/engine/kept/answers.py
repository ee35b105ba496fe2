"""The rows of a pipeline up to its first barrier, kept for when it is asked again.

They are found again as long as the query reads the same events by the same commands; the commands
behind the barrier may be others, such as another `sort` or `limit` behind a `stats`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwnb.insights.engine.commands.collect import CollectPlan
from cwnb.insights.engine.commands.patterns import DiffPlan, PatternPlan
from cwnb.insights.engine.commands.stats import StatsPlan
from cwnb.insights.engine.kept.fingerprint import NoFingerprintError, fingerprint

if TYPE_CHECKING:
    from collections.abc import Hashable

    from cwnb.events import Task, TaskMemory
    from cwnb.insights.engine.account import Account, Counted
    from cwnb.insights.engine.batch import Batch
    from cwnb.insights.engine.plan import TaskPlan

# Barriers that read nothing of the query but what they hold. Any other depends on its window.
_ALONE = (StatsPlan, CollectPlan, PatternPlan, DiffPlan)
# What the numbers of one task take.
_TASK_BYTES = 2_000


@dataclass
class _Kept:
    batch: Batch
    counted: Counted


class KeptAnswer:
    """The place in memory of the rows that one plan makes of some tasks.

    `made_of` identifies these rows; None where they may not be kept.
    """

    def __init__(self, tasks: tuple[Task, ...], plan: TaskPlan) -> None:
        self.made_of: Hashable | None = None
        self._given = plan.query_values
        self._memory: TaskMemory | None = None
        self._tasks = len(tasks)
        found = [task.memory() for task in tasks]
        memories = [one for one in found if one is not None]
        if not found or len(memories) < len(found):
            return
        try:
            does = fingerprint(
                *(plan.steps, plan.barrier, plan.structures, plan.memory_budget),
                given=plan.query_values,
                reads_query=type(plan.barrier) not in _ALONE,
            )
        except NoFingerprintError:
            return
        self._memory = memories[0]
        self.made_of = ("answer", does, tuple(one.events for one in memories))

    def find(self, account: Account) -> Batch | None:
        """Give the rows, if they are in memory, and the account the numbers that belong to them."""
        kept = None if self._memory is None else self._memory.get(self.made_of)
        if kept is None:
            return None
        account.counted = kept.counted.without_cost()
        return self._copy(kept.batch)

    def keep(self, batch: Batch, account: Account) -> None:
        """Keep rows, as long as there is room."""
        if self._memory is not None:
            kept = _Kept(self._copy(batch), account.counted.copy())
            self._memory.put(self.made_of, kept, batch.nbytes + self._tasks * _TASK_BYTES)

    def _copy(self, batch: Batch) -> Batch:
        # What is computed later of one copy, such as a column, is no part of the other.
        copied = batch.copy()
        copied.query_values = self._given
        return copied
