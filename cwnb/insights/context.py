"""What belongs to one query besides its text: its present, its window, its events, its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cwnb.events import ALL_TIME, Window
from cwnb.insights.control import Control

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from cwnb.events import Sources

# A query may hold this much memory, unless the caller says otherwise.
MEMORY_BUDGET = 1 << 30


@dataclass(frozen=True)
class QueryValues:
    """What an expression may ask for besides its row; small, so that every task carries it.

    `now_ms`: the present, as epoch milliseconds. `window`: the times that are asked about.
    `answers`: the Outcomes of the pipelines of the query that have run, in order.
    """

    now_ms: int
    window: Window
    answers: tuple[Any, ...] = ()


@dataclass(frozen=True)
class QueryContext:
    """What a query is asked with; made once, so that all of its parts see the same.

    `sources` opens the events, all of one moment. `now_ms` is taken once, when the query begins.
    `strict` follows the written rules of the language where the service does. `limit`: at most so
    many rows, whatever the query says. `memory_budget`: bytes that the query may hold. `executor`:
    where tasks run; threads of this process where it is None. `control` stops the query and tells
    how far it is.
    """

    sources: Sources
    now_ms: int
    window: Window = ALL_TIME
    strict: bool = False
    limit: int | None = None
    memory_budget: int = MEMORY_BUDGET
    executor: Executor | None = field(default=None, compare=False)
    control: Control = field(default_factory=Control, compare=False)

    @property
    def query_values(self) -> QueryValues:
        """Give what expressions may ask for before anything has run."""
        return QueryValues(self.now_ms, self.window)
