"""Run a pipeline: its tasks, the merge of their partial answers, the later commands in memory."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.insights.context import AnswerRows, QueryValues
from cwnb.insights.control import Control, checkpoint, working_for
from cwnb.insights.engine import columns
from cwnb.insights.engine.account import Account, step_of
from cwnb.insights.engine.batch import (
    CAPITAL_TRUTH,
    NOTES,
    PART_WITH_VALUES,
    TEXT_BESIDE_NUMBER,
    TRUTH_BESIDE_NUMBER,
)
from cwnb.insights.engine.clues import (
    keys_beside,
    makers,
    note_what_dropped_all,
    parts_of,
    say_what_dropped_all,
    say_what_left_out_all,
)
from cwnb.insights.engine.commands.barrier import POSITION, TASK
from cwnb.insights.engine.commands.steps import apply
from cwnb.insights.engine.empty import types_without_rows
from cwnb.insights.engine.evaluate import evaluate_named
from cwnb.insights.engine.faults import too_large
from cwnb.insights.engine.fetch import PickedRows
from cwnb.insights.engine.kept.answers import KeptAnswer
from cwnb.insights.engine.kept.fingerprint import NoFingerprintError, fingerprint
from cwnb.insights.engine.meter import Spent
from cwnb.insights.engine.newest import EnoughRead, bounded, ranks_of
from cwnb.insights.engine.outcome import Outcome, Places
from cwnb.insights.engine.plan import TaskPlan, make_plan
from cwnb.insights.engine.scans import scan_windows, warn_of_empty_window
from cwnb.insights.engine.schedule import Call, Workers, is_large
from cwnb.insights.engine.tasks import absent_fields, run_task
from cwnb.insights.inputs import open_input, window_of
from cwnb.insights.ql import dialect
from cwnb.insights.resolve.complete import DEFAULT_LIMIT, MAXIMUM_LIMIT
from cwnb.insights.rewrite import rewrite
from cwnb.insights.structure_fields import structure_fields
from cwnb.insights.tree import field_names, touches

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Sequence

    from cwnb.insights.context import QueryContext
    from cwnb.insights.engine.batch import Batch
    from cwnb.insights.engine.tasks import TaskAnswer
    from cwnb.insights.tree import Command, Pipeline, Query

# Partial answers are merged once they hold more bytes than this.
_MERGE_BYTES = 256 << 20


def prepare(context: QueryContext) -> None:
    """Read what the sources need before their field names are asked for, such as recent events.

    If that is much, another thread does it and this one waits, so that Ctrl-C is noticed.
    """
    if is_large(context.sources.rows_to_prepare()):
        Workers(None, context.control).off_main_thread(context.sources.prepare)


def run_query(query: Query, context: QueryContext, outputs: list[str] | None = None) -> Outcome:
    """Answer a completed query, one pipeline after the other.

    `outputs` names the columns to give, if not those of the query. Statistics and steps are those
    of all pipelines. Raises QueryTooLarge when the query would hold more than its budget of memory,
    QueryCancelled when the context's control stops it, and what the sources raise.
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

    Raises what `run_query` does.
    """
    with working_for(context.control.is_stopped):
        running = Run(pipeline, context, outputs, answers)
        context.control.begin(running)
        return running.answer()


class Run:
    """One pipeline while it runs; other threads may call `scanned` and `rows_so_far`."""

    def __init__(
        self,
        pipeline: Pipeline,
        context: QueryContext,
        outputs: list[str] | None = None,
        answers: Sequence[Outcome] = (),
    ) -> None:
        self._pipeline = rewrite(pipeline)
        self._plan = make_plan(self._pipeline, outputs)
        self._whole = pipeline
        self._number = len(answers)
        self._source = open_input(pipeline.input, context.sources, answers)
        self._structures = structure_fields(self._plan.scan.args["columns"], self._source)
        self._window = asked = window_of(pipeline.input, context)
        self._scan = scan_windows(
            self._plan, self._source, replace(context, window=asked), self._structures
        )
        window = bounded(asked, self._scan.tasks)
        rows = tuple(AnswerRows(a.columns, a.rows, a.made_of) for a in answers)
        given = QueryValues(context.now_ms, window, rows, context.memory_budget, asked)
        self._task_plan = TaskPlan(
            self._plan.steps, self._plan.barrier, given, self._structures, context.memory_budget
        )
        _ = self._task_plan.wanted, self._task_plan.beginnings  # once here, and not in every task
        self._context = context
        self._held_before = sum(answer.nbytes for answer in answers)
        self._workers = Workers(context.executor, context.control)
        self._ranks = ranks_of(self._scan.tasks)
        self._account = Account(self._plan, self._scan)
        self._kept = KeptAnswer(self._scan.tasks, self._task_plan)
        self._partials = _Partials(self._plan.barrier, self._workers)
        # The rows of the barrier, if an earlier query has left them in memory.
        self._found: Batch | None = None

    def scanned(self) -> tuple[int, int, int, int]:
        """Give the records scanned, all records, the bytes scanned, all bytes."""
        account, counted = self._account, self._account.counted
        if not self._scan.are_events:  # rows of a table, or of an answer
            return 0, 0, 0, 0
        return counted.records, account.of_records, counted.bytes, account.of_bytes

    def answer(self) -> Outcome:
        """Run the pipeline and give its answer."""
        started = time.perf_counter()
        batch = self._found = self._kept.find(self._account)
        if batch is not None:
            batch = batch.copy()  # `rows_so_far` needs it as it is
        else:
            batch = self._from_events()
            self._kept.keep(batch, self._account)
        outcome = self._outcome(batch, self._workers, time.perf_counter() - started)
        outcome.made_of = self._identity()
        told = warn_of_empty_window(self._plan, self._source, self._account.counted.scanned)
        outcome.warnings.extend(told)
        if not outcome.rows:
            self._give_types(outcome)
            self._workers.off_main_thread(self._say_what_dropped_all, outcome)
        if unmet := self._parts_without_values():
            outcome.keys_beside = self._workers.off_main_thread(
                keys_beside, unmet, self._pipeline.commands, self._task_plan, self._scan.tasks
            )
        return outcome

    def _from_events(self) -> Batch:
        """Run the commands up to the first barrier."""
        # Ctrl-C must close the generator at once, since a traceback would keep it alive, and with
        # it the threads.
        with closing(self._answers()) as answers:
            for answer in answers:
                self._partials.add(answer.partial)
                self._check_budget(self._plan.barrier_commands, self._partials.nbytes)
        rows = self._picked(self._workers)
        batch = self._partials.finish(rows)
        if not self._context.control.is_watched:
            self._partials.clear()
        self._account.note_fetched(rows.spent)
        for kinds in rows.kinds:
            self._account.note_kinds(kinds)
        return batch

    def _identity(self) -> Hashable | None:
        """Identify what the rows of the answer were made of, for the pipelines that read them."""
        if self._kept.made_of is None:
            return None
        later = (self._plan.tail, self._plan.outputs)
        try:
            return self._kept.made_of, fingerprint(later, given=self._task_plan.query_values)
        except NoFingerprintError:
            return None

    def rows_so_far(self) -> Outcome:
        """Give the answer to what has been scanned; it takes as long as the end of a query.

        Works also after a stop, so that a user can see the rows that were found.
        """
        workers = Workers(None, Control())
        with working_for(None):
            if self._found is not None:
                batch = self._found.copy()
            else:
                rows = self._picked(workers)
                batch = workers.off_main_thread(self._partials.finish_copy, rows)
            return self._outcome(batch, workers, 0.0)

    # Tasks

    def _answers(self) -> Generator[TaskAnswer]:
        """Run the tasks, newest first, until enough rows are found."""
        tasks = self._scan.tasks
        enough = EnoughRead(tasks, self._plan.barrier.enough)
        ranks = self._ranks
        calls = (
            Call(run_task, (task, self._task_plan, i, ranks[i] if ranks else None), task.rows)
            for i, task in enumerate(tasks)
        )
        for i, answer in self._workers.run(calls, stop=enough.reached):
            enough.note(i, answer.partial.rows)
            self._account.note_task(i, answer)
            yield answer

    def _picked(self, workers: Workers) -> PickedRows:
        def hold(nbytes: int) -> None:
            self._check_budget(self._plan.barrier_commands, nbytes + self._partials.nbytes)

        return PickedRows(self._scan.tasks, self._task_plan, workers, hold)

    # Rows in memory

    def _outcome(self, batch: Batch, workers: Workers, seconds: float) -> Outcome:
        """Run the commands after the first barrier, and give the columns of the answer."""

        def in_memory(step: Any, *arguments: Any) -> Any:
            checkpoint()
            if is_large(batch.rows, size):
                return workers.off_main_thread(step, *arguments)
            return step(*arguments)

        plan, warnings = self._plan, list(self._scan.warnings)
        steps = self._account.steps(batch.rows, seconds)
        _warn_if_cut(plan.barrier_commands[-1:], batch.rows, warnings)
        warnings += batch.warnings
        kept, size = self._partials.nbytes, batch.nbytes
        self._check_budget(plan.barrier_commands, kept + size)
        for command in plan.tail:
            text, before, at = dialect.to_text(command), batch.rows, time.perf_counter()
            parts = parts_of(command)
            all_rows = batch.copy() if parts else batch
            batch = in_memory(apply, command, batch)
            size = batch.nbytes
            self._account.note_kinds(_only_notes(batch.kinds))
            _warn_if_cut([command], batch.rows, warnings)
            warnings += batch.warnings
            self._check_budget([command], kept + size)
            spent = Spent(time.perf_counter() - at)
            absent = absent_fields(command.reads, batch, before, batch.rows)
            steps.append(step_of(text, [command], (before, batch.rows), spent, [absent]))
            if parts and not batch.rows and before:
                in_memory(note_what_dropped_all, steps[-1], parts, [all_rows])
        for step in steps:
            step.pipeline = self._number
        return Outcome(
            in_memory(self._shown, batch),
            batch.rows,
            steps,
            self._account.statistics(batch.rows),
            warnings,
            self._account.mixed(),
            self._account.structures(),
            self._account.named(TEXT_BESIDE_NUMBER),
            self._account.named(TRUTH_BESIDE_NUMBER),
            self._account.named(CAPITAL_TRUTH),
            pipeline=self._pipeline,
            places=self._places(batch),
        )

    def _shown(self, batch: Batch) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        held, last = 0, self._plan.tail[-1:] or self._plan.barrier_commands
        for name in self._plan.outputs:
            checkpoint()
            shown[name] = evaluate_named(name, batch)
            held += columns.nbytes(shown[name])
            self._check_budget(last, held + self._partials.nbytes)
        return shown

    def _say_what_dropped_all(self, outcome: Outcome) -> None:
        """Note which part of a condition has dropped the rows of an answer without any."""
        steps = [step for step in outcome.steps if step.pipeline == self._number]
        if self._scan.tasks:
            say_what_dropped_all(steps, self._plan, self._task_plan, self._scan.tasks)
        else:
            say_what_left_out_all(steps[0], self._plan, self._task_plan, self._source, self._window)

    def _parts_without_values(self) -> set[str]:
        """Name the parts of maps that the query made and in which no value has come up."""
        commands = self._pipeline.commands
        made = set().union(*(command.writes() for command in makers(commands)))
        named = set(self._plan.outputs).union(*map(field_names, commands))
        parts = {name for name in named - made if "." in name and touches({name}, made)}
        return parts.difference(self._account.named(PART_WITH_VALUES))

    def _give_types(self, outcome: Outcome) -> None:
        """Give the columns of an answer without rows the types that events show."""
        outputs = self._plan.outputs
        tasks, plan = self._scan.tasks, self._task_plan
        types = types_without_rows(self._whole, outputs, tasks, self._source, plan)
        for name, column in outcome.columns.items():
            outcome.columns[name] = pa.nulls(0, types.get(name, column.type))

    def _places(self, batch: Batch) -> Places | None:
        if not self._scan.are_events or not batch.has_own(TASK):
            return None
        task, position = batch.column(TASK), batch.column(POSITION)
        return Places(self._scan.tasks, task.to_numpy(), position.to_numpy())

    def _check_budget(self, commands: list[Command], held: int) -> None:
        if held + self._held_before > self._context.memory_budget:
            raise too_large(commands, self._context.memory_budget)


class _Partials:
    """The partial answers of a run; they are merged now and then, to save memory."""

    def __init__(self, barrier: Any, workers: Workers) -> None:
        self._barrier = barrier
        self._workers = workers
        self._merged: Any = None
        self._rest: list[Any] = []
        self._merged_bytes = self._rest_bytes = 0
        # Merging and finishing may reorder their input in place, so they must not run together.
        self._busy = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Give the bytes that the partial answers hold."""
        return self._merged_bytes + self._rest_bytes

    def add(self, partial: Any) -> None:
        """Add the partial answer of one more task."""
        self._rest.append(partial)
        self._rest_bytes += partial.nbytes
        # Merging only when the new ones hold as much as the merged one keeps the work linear.
        if self._rest_bytes > max(_MERGE_BYTES, self._merged_bytes):
            self._run_step(self._merge)

    def finish(self, rows: PickedRows) -> Batch:
        """Merge all partial answers and give the rows that the barrier makes of them."""
        batch: Batch = self._run_step(self._finish, rows)
        return batch

    def clear(self) -> None:
        """Forget the partial answers; nobody will ask for the rows so far."""
        self._merged, self._rest = None, []
        self._merged_bytes = self._rest_bytes = 0

    def finish_copy(self, rows: PickedRows) -> Batch:
        """Give the rows that the barrier makes of the partial answers so far.

        The partial answers stay as they are, so that those of further tasks can be added.
        """
        with self._busy:
            merged, rest = self._merged, list(self._rest)
            parts = [*([] if merged is None else [merged]), *rest]
            batch: Batch = self._barrier.finish(self._barrier.merge(parts) if parts else None, rows)
            return batch

    def _run_step(self, step: Any, *arguments: Any) -> Any:
        checkpoint()
        count = sum(part.rows for part in (*self._rest, self._merged) if part is not None)
        if is_large(count, self.nbytes):
            return self._workers.off_main_thread(step, *arguments)
        return step(*arguments)

    def _merge(self) -> None:
        with self._busy:
            parts = [*([] if self._merged is None else [self._merged]), *self._rest]
            if parts:
                self._merged = self._barrier.merge(parts)
                self._merged_bytes = self.nbytes if len(parts) == 1 else self._merged.nbytes
            self._rest, self._rest_bytes = [], 0

    def _finish(self, rows: PickedRows) -> Batch:
        self._merge()
        with self._busy:
            batch: Batch = self._barrier.finish(self._merged, rows)
            return batch


def _only_notes(kinds: dict[str, set[str]]) -> dict[str, set[str]]:
    return {name: noted & NOTES for name, noted in kinds.items() if noted & NOTES}


def _warn_if_cut(commands: list[Command], rows: int, warnings: list[str]) -> None:
    if any(command.meta.get("implicit") for command in commands) and rows == DEFAULT_LIMIT:
        warnings.append(
            f"the answer stops at the default limit of {DEFAULT_LIMIT:,} rows; "
            f"'limit' can ask for up to {MAXIMUM_LIMIT:,}"
        )
