"""Commands for tests only: one for each combination of facts, with a step that keeps to its facts.

What a trial does with a row depends on `mark`, a small number: of the row alone, of its place among
the rows, or of its place and their number, as the fact `needs` says.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from cwnb.insights import tree
from cwnb.insights.engine.batch import Batch
from cwnb.insights.tree import Names, Needs, Order, Rows, Shows

if TYPE_CHECKING:
    from collections.abc import Iterator

READS, WRITES = "n", "w"


def trial_classes() -> list[type[tree.Command]]:
    """Make a command class for every combination of facts that a class may state."""
    combinations = product(Rows, Order, Needs, Shows, Names)
    return [
        trial(rows, order, needs, shows, names)
        for rows, order, needs, shows, names in combinations
        if order is not Order.SETS or needs is Needs.ALL_ROWS
    ]


def trial(rows: Rows, order: Order, needs: Needs, shows: Shows, names: Names) -> type[tree.Command]:
    """Make one class; it reads `n`, and writes `w` unless it leaves the names as they are."""
    writes = names is not Names.SAME
    given = [WRITES] if writes else [READS]
    stated = {
        "keyword": "-".join(fact.name for fact in (rows, order, needs, shows, names)).lower(),
        "arg_types": {},
        "rows": rows,
        "order": order,
        "needs": needs,
        "shows": shows,
        "names": names,
        "reads": lambda _: {READS},
        "writes": lambda _: {WRITES} if writes else set(),
        "gives": lambda _: given,
    }
    return type("Trial", (tree.Command,), stated)


class Registered:
    """Trials in the engine's own table of steps, as long as the block lasts."""

    classes: ClassVar[list[type[tree.Command]]] = trial_classes()

    def __enter__(self) -> list[type[tree.Command]]:
        from cwnb.insights.engine.commands.steps import STEPS
        from cwnb.insights.ql.writer import WRITERS

        self._tables: tuple[dict[Any, Any], ...] = (STEPS, WRITERS)
        for kind in self.classes:
            STEPS[kind] = step
            WRITERS[kind] = lambda node: node.keyword
        return self.classes

    def __exit__(self, *_: object) -> None:
        for kind in self.classes:
            for table in self._tables:
                del table[kind]


def step(command: tree.Command, batch: Batch, _: set[str] | None) -> Batch:
    """Do with the rows of a batch what the facts of a trial say."""
    column = batch.column(READS)
    values = [0] * batch.rows if column is None else column.to_pylist()
    numbers = np.array([value or 0 for value in values], dtype=np.int64)
    mark = _mark(command.needs, numbers)
    if command.names is not Names.SAME:
        batch.set(WRITES, pa.array(mark))
    places = np.array(list(_places(command.rows, mark)), dtype=np.int64)
    if command.order is Order.SETS:
        places = places[np.argsort(-(numbers[places] % 7), kind="stable")]
    elif command.order is Order.LOSES:
        places = places[::-1]
    if command.names is Names.REPLACES:
        kept = {WRITES: pa.array(mark[places])}
        return Batch(len(places), batch.query_values, columns=kept)
    if not np.array_equal(places, np.arange(batch.rows)):
        batch.take(places)
    return batch


def _mark(needs: Needs, numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if needs is Needs.ROW:
        return numbers % 3
    places = np.arange(len(numbers)) + numbers
    return (places + (len(numbers) if needs is Needs.ALL_ROWS else 0)) % 3


def _places(rows: Rows, mark: np.ndarray[Any, Any]) -> Iterator[int]:
    for place, value in enumerate(mark.tolist()):
        if rows is Rows.SAME:
            yield place
        elif rows is Rows.FEWER:
            yield from [place] * int(value > 0)
        elif rows is Rows.MORE:
            yield from [place] * value
        else:
            yield from [place] * (2 - value)
