"""Run a pipeline over a source: tasks in waves, one merge, the rest in memory."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import QueryTooLarge
from cwnb.events import ALL_TIME, Window
from cwnb.insights import dialect
from cwnb.insights.answers import open_input
from cwnb.insights.commands import Command, Field, Pipeline, Query
from cwnb.insights.complete import DEFAULT_LIMIT, MAXIMUM_LIMIT
from cwnb.insights.context import QueryTimes
from cwnb.insights.engine import columns as arrow_columns
from cwnb.insights.engine.expressions import evaluate_array
from cwnb.insights.engine.plan import Plan, TaskPlan, make_plan
from cwnb.insights.engine.schedule import Workers
from cwnb.insights.engine.steps import apply
from cwnb.insights.engine.tasks import Measure, TaskAnswer, fetch_rows, run_task
from cwnb.insights.rewrite import as_condition, rewrite

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from cwnb.events import Scan, Task
    from cwnb.insights.context import QueryContext
    from cwnb.insights.engine.barrier import Enough
    from cwnb.insights.engine.batch import Batch

_MERGE_BYTES = 256 << 20


@dataclass
class Step:
    """One command as it was run: its text, rows in and out, seconds of work, bytes read."""

    text: str
    rows_in: int
    rows_out: int
    seconds: float
    bytes_read: int


@dataclass
class Outcome:
    """The answer of the engine: Arrow columns in order, and how it was found."""

    columns: dict[str, Any]
    rows: int
    steps: list[Step]
    statistics: dict[str, int]
    warnings: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    pipeline: Pipeline | None = None

    def add_cost_of(self, earlier: Outcome) -> None:
        """Count what an earlier pipeline of the same query read, and tell what it warned of."""
        self.steps = [*earlier.steps, *self.steps]
        self.warnings = [*earlier.warnings, *self.warnings]
        for name, number in earlier.statistics.items():
            if name != "resultCount":
                self.statistics[name] += number


def run_query(query: Query, context: QueryContext, outputs: list[str] | None = None) -> Outcome:
    """Answer a query that `complete` has been through, one pipeline after the other.

    `outputs` if other columns of the answer are wanted. Statistics and steps are those of all
    pipelines. Raises QueryTooLarge when the partial answers would hold more than the budget of
    memory, and what the sources raise.
    """
    outcomes: list[Outcome] = []
    for pipeline in query.pipelines:
        wanted = outputs if pipeline is query.answer else None
        outcomes.append(run(pipeline, context, wanted, outcomes))
    answer = outcomes.pop()
    for earlier in reversed(outcomes):
        answer.add_cost_of(earlier)
    return answer


def run(
    pipeline: Pipeline,
    context: QueryContext,
    outputs: list[str] | None = None,
    answers: Sequence[Outcome] = (),
) -> Outcome:
    """Answer one pipeline; `answers` are those of the pipelines before it.

    Raises QueryTooLarge when the partial answers would hold more than the budget of memory, and
    what the source raises.
    """
    rewritten = rewrite(pipeline)
    plan = make_plan(rewritten, outputs)
    conditions = [as_condition(node) for node in plan.scan.args.get("conditions") or []]
    scan = open_input(pipeline.input, context.sources, answers).scan(
        list(plan.scan.args["columns"]),
        context.window,
        [condition for condition in conditions if condition is not None],
    )
    window = _bounded(context.window, scan.tasks)
    times = QueryTimes(context.now_ms, window, tuple(answers))
    task_plan = TaskPlan(plan.steps, plan.barrier, times)
    _ = task_plan.wanted  # found once, not in every task
    runner = _Runner(plan, scan, task_plan, context)
    outcome = runner.answer(plan.outputs)
    outcome.pipeline = rewritten
    return outcome


class _Runner:
    """The state of one running query."""

    def __init__(self, plan: Plan, scan: Scan, task_plan: TaskPlan, context: QueryContext) -> None:
        self.plan = plan
        self.scan = scan
        self.memory_budget = context.memory_budget
        self.workers = Workers(context.executor)
        self.task_plan = task_plan
        self.ranks = _ranks(scan.tasks)
        self.measures: list[list[Measure]] = []
        self.kinds: dict[str, set[str]] = {}
        self.warnings = list(scan.warnings)
        self.scanned = self.matched = self.fetched = 0
        self.scanned_bytes = 0

    def answer(self, outputs: list[str]) -> Outcome:
        started = time.perf_counter()
        batch = self._first_barrier()
        steps = self._task_steps(batch.rows, time.perf_counter() - started)
        for command in self.plan.tail:
            before, at = batch.rows, time.perf_counter()
            batch = apply(command, batch)
            self._say_if_cut(command, batch.rows)
            spent = time.perf_counter() - at
            steps.append(Step(dialect.to_text(command), before, batch.rows, spent, 0))
        shown = {}
        for name in outputs:
            value = evaluate_array(Field(parts=name.split(".")), batch)
            shown[name] = value.dictionary_decode() if pa.types.is_dictionary(value.type) else value
        return Outcome(
            shown,
            batch.rows,
            steps,
            self._statistics(batch.rows),
            self.warnings,
            sorted(name for name, kinds in self.kinds.items() if len(kinds) > 1),
        )

    # ------------------------------------------------------------ first barrier

    def _first_barrier(self) -> Batch:
        batch = self.plan.barrier.finish(self._merge_all(), self)
        commands = self.plan.barrier_commands
        self._say_if_cut(commands[-1] if commands else None, batch.rows)
        return batch

    def _merge_all(self) -> Any:
        """Merge partial answers as they come, so that few are held at a time."""
        merge = self.plan.barrier.merge
        held: list[Any] = []
        merged: Any = None
        held_bytes = 0
        # Closed at once when Ctrl-C comes: a traceback would keep the generator, and so its
        # threads, alive.
        with closing(self._answers()) as answers:
            for answer in answers:
                self._note(answer)
                held.append(answer.partial)
                held_bytes += answer.nbytes
                # Merging when as much has come as there is already keeps the work linear.
                if held_bytes > max(_MERGE_BYTES, 0 if merged is None else merged.nbytes):
                    merged = merge([*([merged] if merged is not None else []), *held])
                    held, held_bytes = [], 0
                self._check_budget(held_bytes + (0 if merged is None else merged.nbytes))
        parts = [*([merged] if merged is not None else []), *held]
        return merge(parts) if parts else None

    def _check_budget(self, held: int) -> None:
        if held > self.memory_budget:
            raise QueryTooLarge(
                f"the query would hold more than its budget of {self.memory_budget // 2**20} MB; "
                "narrow its time range, filter first, or group by fewer values"
            )

    def _answers(self) -> Generator[TaskAnswer]:
        """Run the tasks, newest first, as far as they are needed."""
        tasks = self.scan.tasks
        stop = _Stop(tasks, self.plan.barrier.enough)
        calls = (
            (run_task, (task, self.task_plan, i, self.ranks[i] if self.ranks else None))
            for i, task in enumerate(tasks)
        )
        for i, answer in self.workers.run(calls, stop=stop.reached):
            stop.saw(i, answer)
            # A task may lie in the window in part; its messages are about equally long.
            share = tasks[i].message_bytes * answer.scanned
            self.scanned_bytes += share // max(1, tasks[i].rows)
            yield answer

    def _note(self, answer: TaskAnswer) -> None:
        self.scanned += answer.scanned
        self.matched += answer.matched
        self.measures.append(answer.measures)
        self._note_kinds(answer.kinds)

    def _note_kinds(self, kinds: dict[str, set[str]]) -> None:
        for name, seen in kinds.items():
            self.kinds.setdefault(name, set()).update(seen)

    # ------------------------------------------------------------ messages last

    @property
    def times(self) -> QueryTimes:
        """Give the times of the query."""
        return self.task_plan.times

    def fetch(
        self, tasks: np.ndarray[Any, Any], positions: np.ndarray[Any, Any], names: list[str]
    ) -> dict[str, Any]:
        """Give columns of rows, by the number of the task of each and its place there."""
        rows = len(tasks)
        if not rows or not names:
            return {name: pa.nulls(rows) for name in names}
        order = np.lexsort((positions, tasks))
        bounds = np.flatnonzero(np.diff(tasks[order])) + 1
        chunks = np.split(order, bounds)
        calls = (
            (
                fetch_rows,
                (self.scan.tasks[tasks[chunk[0]]], self.task_plan, positions[chunk], names),
            )
            for chunk in chunks
        )
        found: list[Any] = [None] * len(chunks)
        for i, (columns, read, kinds) in self.workers.run(calls, pass_cancelled=False):
            found[i] = columns
            self.fetched += read
            self._note_kinds(kinds)
        back = np.empty(rows, dtype=np.int64)
        back[order] = np.arange(rows)
        return {
            name: arrow_columns.concat([columns[name] for columns in found]).take(pa.array(back))
            for name in names
        }

    # ------------------------------------------------------------ the account

    def _say_if_cut(self, command: Command | None, rows: int) -> None:
        if command is not None and command.meta.get("implicit") and rows == DEFAULT_LIMIT:
            self.warnings.append(
                f"the answer stops at the default limit of {DEFAULT_LIMIT:,} rows; "
                f"'limit' can ask for up to {MAXIMUM_LIMIT:,}"
            )

    def _task_steps(self, rows: int, seconds: float) -> list[Step]:
        commands = [*self.plan.steps, None]
        scan_text = dialect.to_text(self.plan.scan)
        steps = [Step(scan_text, self.scanned + self.scan.skipped_rows, self.scanned, 0.0, 0)]
        for i, command in enumerate(commands):
            column = [measures[i] for measures in self.measures]
            text = dialect.to_text(command) if command is not None else self._barrier_text()
            steps.append(
                Step(
                    text,
                    sum(m.rows_in for m in column),
                    sum(m.rows_out for m in column),
                    sum(m.seconds for m in column),
                    sum(m.bytes_read for m in column),
                )
            )
        steps[-1].rows_out = rows
        steps[-1].bytes_read += self.fetched
        steps[0].seconds = max(0.0, seconds - sum(step.seconds for step in steps[1:]))
        return steps

    def _barrier_text(self) -> str:
        return " | ".join(dialect.to_text(c) for c in self.plan.barrier_commands) or "collect"

    def _statistics(self, rows: int) -> dict[str, int]:
        left = self.scan.tasks
        rows_left = sum(task.rows for task in left) - self.scanned
        bytes_left = sum(task.message_bytes for task in left) - self.scanned_bytes
        return {
            "recordsMatched": self.matched,
            "recordsScanned": self.scanned,
            "bytesScanned": self.scanned_bytes,
            "estimatedRecordsSkipped": self.scan.skipped_rows + max(0, rows_left),
            "estimatedBytesSkipped": self.scan.skipped_bytes + max(0, bytes_left),
            "logGroupsScanned": self.scan.groups,
            "resultCount": rows,
            "bytesRead": self.fetched
            + sum(measure.bytes_read for task in self.measures for measure in task),
        }


def _bounded(window: Window, tasks: tuple[Task, ...]) -> Window:
    """Give the window that `queryStartTime` speaks of: without bounds, that of the events."""
    first = min((task.first_ms for task in tasks), default=0)
    last = max((task.last_ms for task in tasks), default=0)
    return Window(
        first if window.start_ms == ALL_TIME.start_ms else window.start_ms,
        last + 1 if window.end_ms == ALL_TIME.end_ms else window.end_ms,
    )


def _ranks(tasks: tuple[Task, ...]) -> list[int] | None:
    """Rank tasks that do not overlap in time, the newest highest; None where some do.

    Neighbours of one segment are handed out in the order of their rows.
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


class _Stop:
    """Knows when the newest rows have been found, so that older tasks need not be read."""

    def __init__(self, tasks: tuple[Task, ...], enough: Enough | None) -> None:
        self._tasks = tasks
        self._enough = enough
        self._found: dict[int, int] = {}

    def saw(self, number: int, answer: TaskAnswer) -> None:
        if self._enough is not None:
            self._found[number] = answer.partial.rows

    def reached(self, following: int) -> bool:
        """Tell whether no task from `following` on can hold a row of the answer."""
        if self._enough is None or following >= len(self._tasks):
            return False
        if not self._enough.newest:
            return sum(self._found.values()) >= self._enough.rows
        newest_left = max(task.last_ms for task in self._tasks[following:])
        # Only tasks that lie wholly after what is left count; ties could hold a later event.
        safe = sum(
            rows
            for number, rows in self._found.items()
            if self._tasks[number].first_ms > newest_left
        )
        return safe >= self._enough.rows
