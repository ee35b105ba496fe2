"""Which commands make which barrier, by command class; a command that is not here is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.errors import MalformedQuery
from cwnb.insights.commands import Command, Dedup, Limit, Sort, Stats, TopRows
from cwnb.insights.engine.collect import plan_collect
from cwnb.insights.engine.stats import plan_stats

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.insights.engine.barrier import Barrier
    from cwnb.insights.engine.rest import Rest

# Each takes what is left of the pipeline from its command on, and says how many commands it did.
BARRIERS: dict[type[Command], Callable[[Rest], tuple[Barrier, int]]] = {
    Stats: lambda rest: (plan_stats(rest.commands[0]), 1),
    Sort: plan_collect,
    TopRows: plan_collect,
    Dedup: plan_collect,
    Limit: plan_collect,
}


def plan_barrier(rest: Rest) -> tuple[Barrier, int]:
    """Give the barrier that the commands begin with, and how many of them are part of it.

    Without a command it keeps all rows. Raises MalformedQuery for a command that has none.
    """
    if not rest.commands:
        return plan_collect(rest)
    first = rest.commands[0]
    plan = BARRIERS.get(type(first))
    if plan is None:
        raise MalformedQuery(f"cannot run {first.keyword or type(first).__name__!r}")
    return plan(rest)
