"""Statistics of a run: rows and bytes, for each command and in total."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cwnb.insights.engine.batch import NOTES, are_several
from cwnb.insights.engine.meter import Spent, nothing_spent
from cwnb.insights.engine.outcome import Step
from cwnb.insights.ql import dialect
from cwnb.insights.tree import Answer, find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.events import Scan
    from cwnb.insights.engine.plan import Plan
    from cwnb.insights.engine.tasks import Measure, TaskAnswer
    from cwnb.insights.tree import Command


_STATISTICS = (
    "recordsMatched recordsScanned bytesScanned estimatedRecordsSkipped estimatedBytesSkipped "
    "logGroupsScanned resultCount bytesRead"
).split()


@dataclass
class Counted:
    """What has been counted of tasks: rows, kinds of values, and the measures of each task.

    `scanned` has the rows of each task that has finished, by its number.
    """

    records: int = 0
    bytes: int = 0
    matched: int = 0
    scanned: dict[int, int] = field(default_factory=dict)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    measures: list[list[Measure]] = field(default_factory=list)

    def copy(self) -> Counted:
        """Give the same numbers, to which later ones of this are not added."""
        kinds = {name: set(kinds) for name, kinds in self.kinds.items()}
        return replace(self, scanned=dict(self.scanned), kinds=kinds, measures=[*self.measures])

    def without_cost(self) -> Counted:
        """Give the same numbers, but for seconds and bytes read, which are 0."""
        none = [[replace(m, seconds=0.0, bytes_read=0) for m in task] for task in self.measures]
        return replace(self.copy(), measures=none)


class Account:
    """Counts rows, bytes and time of the tasks of one run."""

    def __init__(self, plan: Plan, scan: Scan) -> None:
        self._plan = plan
        self._scan = scan
        self.counted = Counted()
        self._fetched = nothing_spent(len(plan.steps))
        self.of_records = sum(task.rows for task in scan.tasks)
        self.of_bytes = sum(task.message_bytes for task in scan.tasks)

    def note_task(self, number: int, answer: TaskAnswer) -> None:
        """Add the numbers of one finished task."""
        task, counted = self._scan.tasks[number], self.counted
        # A task may lie in the window in part; its messages are about equally long.
        counted.bytes += task.message_bytes * answer.scanned // max(1, task.rows)
        counted.records += answer.scanned
        counted.scanned[number] = answer.scanned
        counted.matched += answer.matched
        counted.measures.append(answer.measures)
        self.note_kinds(answer.kinds)

    def note_fetched(self, spent: list[Spent]) -> None:
        """Add what each step has spent on the rows that were read after the merge."""
        self._fetched = spent

    def note_kinds(self, kinds: dict[str, set[str]]) -> None:
        """Remember what kinds of values each column has."""
        for name, seen in kinds.items():
            self.counted.kinds.setdefault(name, set()).update(seen)

    def mixed(self) -> list[str]:
        """Name the columns that have values of several kinds."""
        return sorted(name for name, kinds in self.counted.kinds.items() if are_several(kinds))

    def structures(self) -> list[str]:
        """Name the columns whose values are all lists or maps."""
        return sorted(
            n for n, kinds in self.counted.kinds.items() if kinds - NOTES == {"structure"}
        )

    def named(self, kind: str) -> list[str]:
        """Name the columns that have values of a kind."""
        return sorted(name for name, kinds in self.counted.kinds.items() if kind in kinds)

    def steps(self, rows: int, seconds: float) -> list[Step]:
        """Give the commands up to the first barrier, which took `seconds` and gave `rows`."""
        skipped = self._scan.skipped_rows
        scan_text = dialect.to_text(self._plan.scan)
        barrier = self._plan.barrier_commands
        texts = [scan_text, *map(dialect.to_text, self._plan.steps), self._plan.barrier_text()]
        done: list[list[Command]] = [[], *([step] for step in self._plan.steps), barrier]
        steps = []
        for i, (text, commands) in enumerate(zip(texts, done, strict=True)):
            fetched = self._fetched[i]
            column = [measures[i] for measures in self.counted.measures]
            cost = Spent(sum(m.seconds for m in column), sum(m.bytes_read for m in column))
            rows_in, rows_out = sum(m.rows_in for m in column), sum(m.rows_out for m in column)
            # A task without rows says nothing of the fields.
            absent = [measure.absent for measure in column if measure.rows_in]
            steps.append(step_of(text, commands, (rows_in, rows_out), cost + fetched, absent))
        steps[0].rows_in, steps[0].rows_out = self.counted.records + skipped, self.counted.records
        steps[-1].rows_out = rows
        steps[0].seconds = max(0.0, seconds - sum(step.seconds for step in steps[1:]))
        return steps

    def statistics(self, rows: int) -> dict[str, int]:
        """Give the service's QueryStatistics, with `resultCount` and `bytesRead`."""
        if not self._scan.are_events:
            # What is read are rows of a table or an answer, and no records of a log.
            return dict.fromkeys(_STATISTICS, 0) | {"resultCount": rows}
        counted = self.counted
        left_records = self.of_records - counted.records
        left_bytes = self.of_bytes - counted.bytes
        return {
            "recordsMatched": counted.matched,
            "recordsScanned": counted.records,
            "bytesScanned": counted.bytes,
            "estimatedRecordsSkipped": self._scan.skipped_rows + max(0, left_records),
            "estimatedBytesSkipped": self._scan.skipped_bytes + max(0, left_bytes),
            "logGroupsScanned": self._scan.groups,
            "resultCount": rows,
            "bytesRead": sum(spent.bytes_read for spent in self._fetched)
            + sum(measure.bytes_read for task in counted.measures for measure in task),
        }


def step_of(
    text: str,
    commands: Sequence[Command],
    rows: tuple[int, int],
    spent: Spent,
    absent: Sequence[frozenset[str]],
) -> Step:
    """Give the step that these commands are; `absent` are the fields that each part had not."""
    return Step(
        text,
        *rows,
        *spent,
        answers=tuple(answer.place for command in commands for answer in find(command, Answer)),
        writes=frozenset[str]().union(*(command.writes() for command in commands)),
        absent=frozenset.intersection(*absent) if absent and not rows[1] else frozenset(),
        none_means=commands[-1].none_means if commands else "",
    )
