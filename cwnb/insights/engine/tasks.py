"""Run one task: read its events, run the row-by-row steps, give a small partial answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cwnb.insights.control import checkpoint
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.steps import apply
from cwnb.insights.engine.evaluate import evaluate_named
from cwnb.insights.engine.faults import too_large
from cwnb.insights.engine.kept.rows import KeptWork
from cwnb.insights.engine.meter import FIRST_STEP, OPENING, Meter
from cwnb.insights.engine.order import RowOrder
from cwnb.insights.rewrite import only_filters
from cwnb.insights.structure_fields import open_task
from cwnb.insights.tree import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from cwnb.events import Task
    from cwnb.insights.engine.commands.barrier import Partial
    from cwnb.insights.engine.kept.rows import Counts
    from cwnb.insights.engine.meter import Spent
    from cwnb.insights.engine.plan import TaskPlan


@dataclass
class Measure:
    """Rows, seconds and bytes of one step in one task; the first is its opening.

    `absent`: where it has dropped all rows, fields that it reads and that none of them had.
    """

    rows_in: int
    rows_out: int
    absent: frozenset[str]
    seconds: float
    bytes_read: int


@dataclass
class TaskAnswer:
    """The partial answer of a task and what it cost."""

    partial: Partial
    scanned: int
    matched: int
    measures: list[Measure]
    kinds: dict[str, set[str]] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Give the memory that the partial answer holds."""
        return self.partial.nbytes


def run_task(task: Task, plan: TaskPlan, number: int, rank: int | None) -> TaskAnswer:
    """Run the row-by-row steps and the first barrier on one task.

    `number` is the task's place in the list; `rank` orders it among tasks that do not overlap in
    time (larger is newer), None where they do.
    """
    reader = open_task(task, plan.structures)
    meter = Meter(reader, len(plan.steps))
    work = _work(task, plan)
    batch = Batch.of_reader(reader, plan.query_values, meter, work)
    scanned = matched = batch.rows
    done = 0
    counts: list[Counts] = []
    if work is not None and (kept := work.resume(plan.steps, batch, apply)) is not None:
        done, counts, matched = kept
    for i in range(done, len(plan.steps)):
        step, wanted = plan.steps[i], plan.wanted[i]
        before = batch.rows
        meter.switch(FIRST_STEP + i)
        checkpoint()
        if work is not None:
            work.begin(i)
        batch = apply(step, batch, wanted)
        if step.rows is Rows.FEWER:
            matched = batch.rows
        if step.rows is Rows.MORE and batch.nbytes > plan.memory_budget:
            raise too_large([step], plan.memory_budget)
        counts.append((before, batch.rows, absent_fields(step.reads, batch, before, batch.rows)))
        if work is not None and step.rows is Rows.FEWER and not batch.repeats:
            work.keep_rows(i + 1, batch, counts, matched)
    counts = [(scanned, scanned, frozenset()), *counts]
    checkpoint()
    before = batch.rows
    if work is not None:
        work.begin(len(plan.steps))
    meter.switch(FIRST_STEP + len(plan.steps))
    if batch.repeats:
        # What an event gave comes in its order while events come newest first.
        batch.reverse_within_events()
    order = RowOrder(batch, task=task, task_rank=rank)
    partial = plan.barrier.partial(batch, order, number)
    absent = absent_fields(plan.barrier.reads, batch, before, partial.rows)
    counts.append((before, partial.rows, absent))
    meter.switch(OPENING)
    measures = [Measure(*rows, *spent) for rows, spent in zip(counts, meter.spent, strict=True)]
    return TaskAnswer(partial, scanned, matched, measures, batch.kinds)


def _work(task: Task, plan: TaskPlan) -> KeptWork | None:
    """Give what keeps the work of the steps for later queries, if that may be kept."""
    memory = task.memory()
    if memory is None or plan.beginnings is None:
        return None
    return KeptWork(memory, plan.beginnings, plan.wanted, plan.prints)


def absent_fields(
    reads: Callable[[], set[str]], batch: Batch, rows_in: int, rows_out: int
) -> frozenset[str]:
    """Give the fields that a step reads and no row had, if it has dropped all rows."""
    return batch.without_values(reads()) if rows_in and not rows_out else frozenset()


def fetch_rows(
    task: Task, plan: TaskPlan, positions: np.ndarray[Any, Any], needed: list[str]
) -> tuple[dict[str, Any], list[Spent], dict[str, set[str]]]:
    """Read the columns of a few rows of a task; `positions` are their ascending row numbers.

    Gives the columns, what each step has spent, and the kinds of values of each column.
    """
    reader = open_task(task, plan.structures)
    # What opening it costs was counted when the task ran.
    meter = Meter(reader, len(plan.steps), opened=True)
    batch = Batch(
        len(positions), plan.query_values, reader=reader, selection=positions, meter=meter
    )
    for number, (step, wanted) in enumerate(zip(plan.steps, plan.wanted, strict=True), FIRST_STEP):
        meter.switch(number)
        # These rows have passed the filters.
        if not only_filters(step):
            assert step.rows is not Rows.MORE
            checkpoint()
            apply(step, batch, wanted | set(needed))
    meter.switch(FIRST_STEP + len(plan.steps))
    own = [name for name in needed if not batch.has_own(name)]
    batch.load(own)
    columns = {name: evaluate_named(name, batch) for name in needed}
    meter.switch(OPENING)
    return columns, meter.spent, batch.kinds
