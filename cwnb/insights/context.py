"""What one query is run with besides its text: the present time, window, sources, limits."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cwnb.events import ALL_TIME, Window
from cwnb.insights.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from concurrent.futures import Executor

    from cwnb.events import Sources

# A query may hold this much memory, unless the caller says otherwise.
MEMORY_BUDGET = 1 << 30


class AnswerRows:
    """The rows of an answer that another pipeline of the query reads.

    `columns` are Arrow arrays of `rows` values. Every task carries it, or shares it where tasks are
    threads of this process; what is made of it once, such as an index, stays in the process.
    `made_of` identifies the events and commands that gave these rows; None where nothing does.
    """

    def __init__(self, columns: dict[str, Any], rows: int, made_of: Hashable | None = None) -> None:
        self.columns = columns
        self.rows = rows
        self.made_of = made_of
        self._made: dict[Any, Any] = {}
        self._making = threading.Lock()

    def __reduce__(self) -> tuple[type, tuple[dict[str, Any], int, Hashable | None]]:
        return type(self), (self.columns, self.rows, self.made_of)

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Give what `make` gives, which is called once for each key."""
        with self._making:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]


@dataclass(frozen=True)
class QueryValues:
    """What an expression may read besides its row; small, so that every task carries it.

    `now_ms`: the time at which the query began, in epoch milliseconds. `window`: the times that it
    is asked about, which has no open end while the query runs. `answers`: those of its pipelines
    that have run, in order. `memory_budget`: bytes that the query may hold. `asked`: the window
    with its open ends.
    """

    now_ms: int
    window: Window
    answers: tuple[AnswerRows, ...] = ()
    memory_budget: int = MEMORY_BUDGET
    asked: Window = ALL_TIME


@dataclass(frozen=True)
class QueryContext:
    """What a query is run with; made once, so that all of its parts see the same.

    `sources` opens the events, all of one moment. `now_ms` is the time at which the query began.
    `strict` refuses what the service's documentation does not allow. `limit`: the most rows,
    whatever the query says. `memory_budget`: bytes that the query may hold. `executor`: where tasks
    run; threads of this process where it is None. `control` stops the query and has its progress.
    `notes` are sentences about what was read, which the answer's warnings begin with.
    """

    sources: Sources
    now_ms: int
    window: Window = ALL_TIME
    strict: bool = False
    limit: int | None = None
    memory_budget: int = MEMORY_BUDGET
    executor: Executor | None = field(default=None, compare=False)
    control: Control = field(default_factory=Control, compare=False)
    notes: list[str] = field(default_factory=list, compare=False)

    @property
    def query_values(self) -> QueryValues:
        """Give the values for expressions before any pipeline has run, so without answers."""
        budget = self.memory_budget
        return QueryValues(self.now_ms, self.window, memory_budget=budget, asked=self.window)
