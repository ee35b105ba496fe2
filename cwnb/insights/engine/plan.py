"""From a rewritten pipeline to what a task does, and what is left to do with the merged rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cwnb.events import TIMESTAMP
from cwnb.insights.commands import (
    Command,
    Dedup,
    Field,
    Limit,
    Parse,
    Pipeline,
    ScanEvents,
    Sort,
    Stats,
    TopRows,
    literal_value,
)
from cwnb.insights.engine.collect import CollectPlan
from cwnb.insights.engine.stats import StatsPlan, plan_stats
from cwnb.insights.rewrite import output_names, touches

if TYPE_CHECKING:
    from cwnb.insights.context import QueryTimes


@dataclass
class TaskPlan:
    """What is done with one task: row by row, then a partial answer. Picklable."""

    steps: list[Command]
    barrier: StatsPlan | CollectPlan
    times: QueryTimes

    @cached_property
    def wanted(self) -> list[set[str]]:
        """The fields that are read, after each step, in the task."""
        later = self.barrier.reads()
        found = []
        for step in reversed(self.steps):
            found.append(set(later))
            later |= step.reads()
        return found[::-1]


@dataclass
class Plan:
    """A rewritten pipeline in parts.

    `steps` and `barrier_commands` run in each task, `tail` on the merged rows; `outputs` names the
    columns of the answer.
    """

    scan: ScanEvents
    steps: list[Command]
    barrier_commands: list[Command]
    barrier: StatsPlan | CollectPlan
    tail: list[Command]
    outputs: list[str]


def make_plan(pipeline: Pipeline, outputs: list[str] | None = None) -> Plan:
    """Cut a rewritten pipeline at its first barrier; `outputs` if other columns are wanted."""
    scan, *commands = pipeline.commands
    assert isinstance(scan, ScanEvents)
    outputs = outputs or output_names(commands)
    cut = next((i for i, c in enumerate(commands) if c.barrier), len(commands))
    steps, rest = commands[:cut], commands[cut:]
    if rest and isinstance(rest[0], Stats):
        return Plan(scan, steps, rest[:1], plan_stats(rest[0]), rest[1:], outputs)
    barrier = CollectPlan()
    taken = 0
    for command in rest:
        if not _absorb(barrier, command):
            break
        taken += 1
    tail = rest[taken:]
    barrier.needed = _needed(tail, outputs)
    # `multi` makes several rows of one event, so a place in the segment does not name a row.
    barrier.at_once = any(isinstance(c, Parse) and c.args.get("multi") for c in steps)
    return Plan(scan, steps, rest[:taken], barrier, tail, outputs)


def _needed(tail: list[Command], outputs: list[str]) -> list[str]:
    """Name the columns that the commands after the first barrier, and the answer, start from."""
    needed: dict[str, None] = {}
    written: set[str] = set()
    for command in tail:
        writes = command.writes()
        for name in sorted(command.reads()):
            # A command may read the field that it replaces, but `j.a` beside `… as j` is its own.
            own = any(name.startswith(f"{stem}.") for stem in writes)
            if not own and not touches({name}, written):
                needed[name] = None
        written |= writes
        if isinstance(command, Stats):
            return list(needed)
    needed.update((name, None) for name in outputs if not touches({name}, written))
    return list(needed)


def _absorb(barrier: CollectPlan, command: Command) -> bool:
    """Make sort, dedup and limit, in this order and each at most once, part of the collection."""
    if isinstance(command, Sort | TopRows):
        if barrier.sorted or barrier.unique or barrier.count is not None:
            return False
        keys = [
            (key.args["item"].value, bool(key.args["descending"])) for key in command.args["keys"]
        ]
        # Newest first is the order in which events come, and with it older tasks need not be read.
        newest_first = len(keys) == 1 and keys[0] == (Field(parts=[TIMESTAMP]), True)
        barrier.keys = [] if newest_first else keys
        barrier.sorted = True
        if isinstance(command, TopRows):
            barrier.count = literal_value(command.args["count"])
        return True
    if isinstance(command, Dedup):
        if barrier.unique or barrier.count is not None:
            return False
        barrier.unique = [item.value for item in command.args["items"]]
        return True
    if isinstance(command, Limit):
        if barrier.count is not None:
            return False
        barrier.count = literal_value(command.args["count"])
        barrier.any_rows = bool(command.args.get("any"))
        return True
    return False
