"""What a command that needs all rows is to the engine: a partial answer per task, merged, finished.

Which command makes which barrier stands in `barriers`.
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


# Columns that a barrier gives beside the others where its rows are events: the number of each one's
# task, and its place there.
TASK = "#task"
POSITION = "#position"


class Partial(Protocol):
    """What a barrier makes of one task, or of several; picklable."""

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
    """After so many rows the other tasks need not be read; `newest`: of the newest events."""

    rows: int
    newest: bool = True


class Rows(Protocol):
    """Reads the rows that a barrier has picked, once all tasks are merged."""

    @property
    def query_values(self) -> QueryValues:
        """Give what the query was asked with, for expressions."""
        ...

    def fetch(
        self, tasks: np.ndarray[Any, Any], positions: np.ndarray[Any, Any], names: list[str]
    ) -> dict[str, Any]:
        """Give columns of rows; `tasks` and `positions` say the task of each and its place there.

        A position is one of those that `Batch.positions` gives. Every name has a column.
        """
        ...


class InMemory:
    """The rows of a batch in memory, for a command that stands after the first barrier."""

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
    """One command or several that need all rows; picklable."""

    @property
    def enough(self) -> Enough | None:
        """Say how many rows are enough; None where every task has to be read."""
        ...

    def reads(self) -> set[str]:
        """Name the fields that `partial` reads."""
        ...

    def partial(self, batch: Batch, order: RowOrder, task: int) -> Any:
        """Give the Partial of the rows of one task, which is the task of this number."""
        ...

    def merge(self, partials: list[Any]) -> Any:
        """Put several, at least one, together; in any order of tasks."""
        ...

    def finish(self, merged: Any | None, rows: Rows) -> Batch:
        """Give the rows that come out, in order; `merged` is None where there was no task."""
        ...
