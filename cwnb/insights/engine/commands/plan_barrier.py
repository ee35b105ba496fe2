"""Choose the barrier for the commands at the start of a rest of a pipeline, by their class.

Before any other command that does not run row by row, all rows are collected, and it runs on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.insights.engine.commands.anomalies import AnomalyPlan
from cwnb.insights.engine.commands.collect import plan_collect
from cwnb.insights.engine.commands.estimate import EstimatePlan
from cwnb.insights.engine.commands.patterns import DiffPlan, PatternPlan, plan_logcompare
from cwnb.insights.engine.commands.relevance import plan_relevance
from cwnb.insights.engine.commands.stats import plan_stats
from cwnb.insights.tree import (
    Anomaly,
    Command,
    Dedup,
    Diff,
    Estimate,
    Limit,
    Logcompare,
    Pattern,
    RelevantFields,
    Sort,
    Stats,
    TopRows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from cwnb.insights.engine.commands.barrier import Barrier
    from cwnb.insights.engine.commands.rest import Rest


# Commands that follow a `pattern` at once, and share its barrier.
AFTER_PATTERN: dict[type[Command], Callable[[exp.Expression], Barrier]] = {
    Diff: DiffPlan,
    Anomaly: AnomalyPlan,
}


def _plan_pattern(rest: Rest) -> tuple[Barrier, int]:
    """Give the barrier of a `pattern`, and with it of a command of AFTER_PATTERN."""
    value = rest.commands[0].args["value"]
    following = type(rest.commands[1]) if len(rest.commands) > 1 else None
    if following in AFTER_PATTERN:
        return AFTER_PATTERN[following](value), 2
    return PatternPlan(value), 1


# Each function gets the rest of the pipeline, which begins with its command. It gives the barrier,
# and the number of commands that the barrier does.
BARRIERS: dict[type[Command], Callable[[Rest], tuple[Barrier, int]]] = {
    Stats: lambda rest: (plan_stats(rest.commands[0]), 1),
    Sort: plan_collect,
    TopRows: plan_collect,
    Dedup: plan_collect,
    Limit: plan_collect,
    Pattern: _plan_pattern,
    Logcompare: plan_logcompare,
    RelevantFields: plan_relevance,
    Estimate: lambda _: (EstimatePlan(), 1),
}


def plan_barrier(rest: Rest) -> tuple[Barrier, int]:
    """Give the barrier for the first commands, and the number of commands that it does.

    If there is no command, or the first one has no barrier, the barrier collects all rows.
    """
    plan = BARRIERS.get(type(rest.commands[0])) if rest.commands else None
    return (plan or plan_collect)(rest)
