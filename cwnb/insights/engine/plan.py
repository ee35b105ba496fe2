"""Divide a rewritten pipeline into what each task does, and what is done with the merged rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cwnb.insights.context import MEMORY_BUDGET
from cwnb.insights.engine.commands.plan_barrier import plan_barrier
from cwnb.insights.engine.commands.rest import Rest
from cwnb.insights.engine.kept.fingerprint import NoFingerprintError, fingerprint
from cwnb.insights.ql import dialect
from cwnb.insights.tree import Command, Pipeline, Rows, ScanEvents, row_by_row
from cwnb.memo import memo

if TYPE_CHECKING:
    from collections.abc import Hashable

    from cwnb.insights.context import QueryValues
    from cwnb.insights.engine.commands.barrier import Barrier


@dataclass
class TaskPlan:
    """What is done with one task: row by row, then a partial answer. Picklable.

    `structures`: the fields whose value may be a list or map, which are read from the messages.
    `memory_budget`: bytes that the query may hold.
    """

    steps: list[Command]
    barrier: Barrier
    query_values: QueryValues
    structures: frozenset[str] = frozenset()
    memory_budget: int = MEMORY_BUDGET
    # Fingerprints of what the barrier makes of the rows of each task, by its names for it.
    prints: dict[Hashable, bytes | None] = field(default_factory=dict)

    @memo
    def wanted(self) -> list[set[str]]:
        """For each step, the fields that later steps of the task or the barrier read."""
        later = self.barrier.reads()
        found = []
        for step in reversed(self.steps):
            found.append(set(later))
            later |= step.reads()
        return found[::-1]

    @memo
    def beginnings(self) -> list[bytes] | None:
        """Give a key of the first 0, 1, 2, … steps; None if one of them has none."""
        given = self.query_values
        held = self.structures, self.memory_budget
        try:
            return [
                fingerprint(self.steps[:count], *held, given=given)
                for count in range(len(self.steps) + 1)
            ]
        except NoFingerprintError:
            return None


@dataclass
class Plan:
    """The parts of a rewritten pipeline.

    `steps` run row by row in each task. `barrier` does `barrier_commands`, in each task and in the
    merge. `tail` runs on the merged rows. `outputs` names the columns of the answer.
    """

    scan: ScanEvents
    steps: list[Command]
    barrier_commands: list[Command]
    barrier: Barrier
    tail: list[Command]
    outputs: list[str]

    def barrier_text(self) -> str:
        """Write the commands that the barrier does as text."""
        return " | ".join(map(dialect.to_text, self.barrier_commands)) or "collect"


def make_plan(pipeline: Pipeline, outputs: list[str] | None = None) -> Plan:
    """Cut a rewritten pipeline at its first barrier; `outputs` if other columns are wanted."""
    scan, *commands = pipeline.commands
    assert isinstance(scan, ScanEvents)
    outputs = outputs or pipeline.outputs
    cut = next((i for i, c in enumerate(commands) if not row_by_row(c)), len(commands))
    steps = commands[:cut]
    # Where a command makes several rows of one event, the event's place does not identify a row.
    rest = Rest(commands[cut:], outputs, repeated=any(c.rows is Rows.MORE for c in steps))
    barrier, taken = plan_barrier(rest)
    return Plan(scan, steps, rest.commands[:taken], barrier, rest.commands[taken:], outputs)
