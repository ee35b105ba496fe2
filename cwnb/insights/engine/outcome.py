"""Outcome, what the engine gives for a query: columns, steps, statistics, places of events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.insights.engine import columns

if TYPE_CHECKING:
    from collections.abc import Hashable

    from cwnb.events import Reader, Task
    from cwnb.insights.tree import Pipeline

# What an outcome has noted of columns, by their names.
_NAMES_NOTED = (
    "mixed",
    "structures",
    "texts_ordered",
    "truths_beside_numbers",
    "capital_truths",
)


@dataclass
class Step:
    """One command as it was run: its text, rows in and out, seconds of work, bytes read.

    `pipeline`: the number of its pipeline in the query. `answers`: the pipelines whose answers it
    reads. `writes`: the fields that it makes. `absent`: where it has dropped all rows, fields that
    it reads and that none of them had. `none_means`: what it says if it gives no row. `alone`:
    where it has dropped all rows, the parts of its condition and how many rows each keeps alone, of
    the newest `alone_of`; `instead`: which values these rows have instead.
    """

    text: str
    rows_in: int
    rows_out: int
    seconds: float
    bytes_read: int
    pipeline: int = 0
    answers: tuple[int, ...] = ()
    writes: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    none_means: str = ""
    alone: tuple[tuple[str, int], ...] = ()
    alone_of: int = 0
    instead: str = ""


@dataclass
class Places:
    """The place of each row's event: the number of its task, and its row in that task."""

    tasks: tuple[Task, ...]
    task: np.ndarray[Any, Any]
    position: np.ndarray[Any, Any]

    def open(self, row: int) -> tuple[Reader, int]:
        """Give the reader that has the event of a row, and its place there."""
        return self.tasks[self.task[row]].open(), int(self.position[row])

    def columns(self, names: list[str]) -> dict[str, Any]:
        """Give columns of the events, a value per row; a field that none has is null."""
        order = np.lexsort((self.position, self.task))
        found: dict[str, list[Any]] = {name: [] for name in names}
        for number in np.unique(self.task):
            rows = order[self.task[order] == number]
            read = self.tasks[number].open().take(names, self.position[rows])
            for name in names:
                column = read.get(name)
                found[name].append(pa.nulls(len(rows)) if column is None else column)
        back = pa.array(np.argsort(order))
        return {
            name: columns.concat(parts or [pa.nulls(0)]).take(back) for name, parts in found.items()
        }


@dataclass
class Outcome:
    """The Arrow columns of an answer in order, and how the query was run.

    `mixed` names fields with values of several types, `structures` those of lists or maps alone,
    `texts_ordered` those of which texts were compared with a number by `<` and its like, as texts,
    `truths_beside_numbers` and `capital_truths` those whose texts are words for true and false.
    `keys_beside` says of parts of maps that have no value which keys the maps have instead.
    `places` is None where the rows are no
    events, as after `stats`. `made_of` identifies what the rows were made of; None where nothing
    does.
    """

    columns: dict[str, Any]
    rows: int
    steps: list[Step]
    statistics: dict[str, int]
    warnings: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    structures: list[str] = field(default_factory=list)
    texts_ordered: list[str] = field(default_factory=list)
    truths_beside_numbers: list[str] = field(default_factory=list)
    capital_truths: list[str] = field(default_factory=list)
    keys_beside: dict[str, str] = field(default_factory=dict)
    pipeline: Pipeline | None = None
    places: Places | None = None
    made_of: Hashable | None = None

    @property
    def nbytes(self) -> int:
        """Give the memory that the columns hold."""
        return sum(int(column.nbytes) for column in self.columns.values())

    def add_cost_of(self, earlier: Outcome) -> None:
        """Add the steps, statistics and warnings of an earlier pipeline of the same query."""
        self.steps = [*earlier.steps, *self.steps]
        self.warnings = [*earlier.warnings, *self.warnings]
        for noted in _NAMES_NOTED:
            setattr(self, noted, sorted({*getattr(earlier, noted), *getattr(self, noted)}))
        self.keys_beside = earlier.keys_beside | self.keys_beside
        for name, number in earlier.statistics.items():
            if name != "resultCount":
                self.statistics[name] += number
