"""The protocol of commands that need all rows: a partial answer per task, a merge, the final rows.

`barriers` has the barrier of each command.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

if TYPE_CHECKING:
    import numpy as np

    from cwnb.insights.context import QueryValues
    from cwnb.insights.engine.batch import Batch
    from cwnb.insights.engine.order import RowOrder


# Hidden columns that a barrier adds where its rows are events: the number of each event's task, and
# its row in that task.
TASK = "#task"
POSITION = "#position"


class Partial(Protocol):
    """The partial answer of a barrier for one task, or merged of several; picklable."""

    @property
    def rows(self) -> int:
        """Give how many rows of the answer it holds so far, such as groups."""
        ...

    @property
    def nbytes(self) -> int:
        """Give the memory that it holds."""
        ...


@dataclass(frozen=True)
class Enough:
    """The number of rows after which other tasks need not be read.

    `newest`: only rows count that are newer than all events which have not been read.
    """

    rows: int
    newest: bool = True


class Rows(Protocol):
    """Reads the rows that a barrier has picked, once all tasks are merged."""

    @property
    def query_values(self) -> QueryValues:
        """Give the values of the query that expressions may read."""
        ...

    def fetch(
        self, tasks: np.ndarray[Any, Any], positions: np.ndarray[Any, Any], names: list[str]
    ) -> dict[str, Any]:
        """Give columns of rows; `tasks` has the number of each row's task, `positions` its place.

        Positions are those of `Batch.positions`. Every name gets a column.
        """
        ...


class InMemory:
    """Implements `Rows` for a batch in memory, for a command after the first barrier."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.query_values = batch.query_values

    def fetch(
        self,
        tasks: np.ndarray[Any, Any],  # noqa: ARG002 - there is one
        positions: np.ndarray[Any, Any],
        names: list[str],
    ) -> dict[str, Any]:
        """Give the columns at these places of the batch."""
        where = pa.array(positions)
        found = {name: self._batch.column(name) for name in names}
        return {
            name: pa.nulls(len(where)) if column is None else column.take(where)
            for name, column in found.items()
        }


class Barrier(Protocol):
    """One or more commands that need all rows, as the engine runs them; picklable."""

    @property
    def enough(self) -> Enough | None:
        """Give how many rows are enough; None if every task must be read."""
        ...

    def reads(self) -> set[str]:
        """Name the fields that `partial` reads."""
        ...

    def partial(self, batch: Batch, order: RowOrder, task: int) -> Any:
        """Give the Partial of one task; `task` is its number."""
        ...

    def merge(self, partials: list[Any]) -> Any:
        """Merge one or more partial answers into one; their tasks may be in any order."""
        ...

    def finish(self, merged: Any | None, rows: Rows) -> Batch:
        """Give the final rows, in order; `merged` is None if there was no task."""
        ...
