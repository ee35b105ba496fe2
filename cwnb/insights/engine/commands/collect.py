"""The barrier of `sort`, `dedup` and `limit`, which are done in one step.

Each task gives the places of its first rows, with the keys to compare them. The columns that are
shown, such as messages, are read after the merge, for the rows that are left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import TIMESTAMP
from cwnb.insights import values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine import columns
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.barrier import POSITION, TASK, Enough
from cwnb.insights.engine.commands.grouping import group_rows
from cwnb.insights.engine.evaluate import evaluate_array
from cwnb.insights.engine.faults import refuse_structures
from cwnb.insights.engine.order import Ranks, RowOrder
from cwnb.insights.tree import Dedup, Field, Limit, Sort, TopRows, fields_read, literal_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from cwnb.insights.engine.commands.barrier import Rows
    from cwnb.insights.engine.commands.rest import Rest
    from cwnb.insights.tree import Command


@dataclass
class CollectPlan:
    """The barrier of one `sort`, `dedup` and `limit`, each of which may be absent; picklable.

    `keys`: what to sort by, (expression, descending); none for newest first. `sorted`: whether
    there is a `sort`. `unique`: the fields of `dedup`. `count`: how many rows at most. `any_rows`:
    `limit any`. `needed`: the columns of the rows that it gives. `at_once`: read these columns
    together with the sort keys, in each task.
    """

    keys: list[tuple[exp.Expression, bool]] = field(default_factory=list)
    sorted: bool = False
    unique: list[exp.Expression] = field(default_factory=list)
    count: int | None = None
    any_rows: bool = False
    needed: list[str] = field(default_factory=list)
    at_once: bool = False

    def reads(self) -> set[str]:
        """Name the fields that `partial` reads: those of the keys, and with `at_once` `needed`."""
        nodes = [*(node for node, _ in self.keys), *self.unique]
        return set(self.needed if self.at_once else []).union(*map(fields_read, nodes))

    @property
    def enough(self) -> Enough | None:
        """Give how many rows are enough; None if there is a `dedup`, a sort key, or no `limit`."""
        if self.unique or self.keys or self.count is None:
            return None
        return Enough(self.count, newest=not self.any_rows)

    def partial(self, batch: Batch, order: RowOrder, task: int) -> CollectPartial:
        """Give the rows of one batch that may be in the answer, at most `count`."""
        rows = np.arange(batch.rows, dtype=np.int64)
        if not order.in_memory:
            rows = rows[::-1]
        keys = [_comparable(node, batch) for node, _ in self.keys]
        if self.count is not None and not self.unique and keys:
            rows = _candidates(rows, keys[0], self.keys[0][1], self.count)
        elif self.count is not None and not self.unique:
            rows = rows[: self.count]
        unique = [_comparable(node, batch) for node in self.unique]
        # Where all rows are kept, the merge alone sorts them.
        kept = len(rows) if self.count is None else min(self.count, len(rows))
        sorts = bool(keys) and (order.in_memory or bool(unique) or kept < len(rows))
        if sorts:
            ordered = [
                (key.take(pa.array(rows)), down)
                for key, (_, down) in zip(keys, self.keys, strict=True)
            ]
            rows = rows[values.sort_order(ordered)]
        checkpoint()
        if unique:
            rows = rows[_first_of_each([key.take(pa.array(rows)) for key in unique])]
        if self.count is not None:
            rows = rows[: self.count]
        where = pa.array(rows)
        ranks = order.ranks_with_task(rows)
        positions = batch.places_of(rows)
        held = {}
        if self.at_once:
            for name in self.needed:
                # A name may lead into a map or list that a command has made.
                held[name] = evaluate_array(Field(parts=[name]), batch).take(where)
        return CollectPartial(
            np.full(len(rows), task, dtype=np.int64),
            positions,
            ranks,
            [key.take(where) for key in keys],
            [key.take(where) for key in unique],
            held,
            in_order=sorts or not keys,
        )

    def merge(self, partials: list[CollectPartial]) -> CollectPartial:
        """Give the first rows of several tasks, at most `count`."""
        if len(partials) == 1 and partials[0].in_order:
            return partials[0]
        joined = CollectPartial(
            np.concatenate([p.task for p in partials]),
            np.concatenate([p.positions for p in partials]),
            Ranks.concat([p.ranks for p in partials]),
            [columns.concat([p.keys[i] for p in partials]) for i in range(len(self.keys))],
            [columns.concat([p.unique[i] for p in partials]) for i in range(len(self.unique))],
            {
                name: columns.concat([p.held[name] for p in partials])
                for name in (self.needed if self.at_once else [])
            },
        )
        rows = joined.ranks.descending()
        if self.keys:
            ordered = [
                (key.take(pa.array(rows)), down)
                for key, (_, down) in zip(joined.keys, self.keys, strict=True)
            ]
            rows = rows[values.sort_order(ordered)]
        checkpoint()
        if self.unique:
            rows = rows[_first_of_each([key.take(pa.array(rows)) for key in joined.unique])]
        if self.count is not None:
            rows = rows[: self.count]
        in_order = len(rows) == joined.rows and bool((rows[1:] > rows[:-1]).all())
        return joined if in_order else joined.take(rows)

    def finish(self, merged: CollectPartial | None, rows: Rows) -> Batch:
        """Give the final rows with the columns that are needed."""
        if merged is None:
            return Batch(0, rows.query_values)
        if self.at_once:
            found = dict(merged.held)
        else:
            found = rows.fetch(merged.task, merged.positions, self.needed)
        found |= {TASK: pa.array(merged.task), POSITION: pa.array(merged.positions)}
        return Batch(merged.rows, rows.query_values, columns=found)


@dataclass
class CollectPartial:
    """The first rows of one task: their places, ranks and keys.

    `held` are the needed columns if they are read at once. `in_order`: whether the rows are sorted.
    """

    task: np.ndarray[Any, Any]
    positions: np.ndarray[Any, Any]
    ranks: Ranks
    keys: list[Any]
    unique: list[Any]
    held: dict[str, Any]
    in_order: bool = True

    @property
    def rows(self) -> int:
        """Give the number of rows."""
        return len(self.positions)

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        arrays = [*self.keys, *self.unique, *self.held.values()]
        return int(
            self.positions.nbytes * 2
            + self.ranks.nbytes
            + sum(columns.nbytes(array) for array in arrays)
        )

    def take(self, rows: np.ndarray[Any, Any]) -> CollectPartial:
        """Give these rows in this order."""
        where = pa.array(rows)
        return CollectPartial(
            self.task[rows],
            self.positions[rows],
            self.ranks.take(rows),
            [key.take(where) for key in self.keys],
            [key.take(where) for key in self.unique],
            {name: array.take(where) for name, array in self.held.items()},
        )


def _comparable(node: exp.Expression, batch: Batch) -> Any:
    value = evaluate_array(node, batch)
    message = "a list or map cannot be sorted or deduplicated; pick a value of it"
    refuse_structures(value, node, message)
    return value


def _candidates(
    rows: np.ndarray[Any, Any], key: Any, descending: bool, count: int
) -> np.ndarray[Any, Any]:
    """Leave out rows that cannot be among the first `count`, if the key is a number or time."""
    if len(rows) <= 2 * count:
        return rows
    kind = key.type
    if pa.types.is_timestamp(kind):
        key = key.cast(pa.int64())
    elif not (pa.types.is_int64(kind) or pa.types.is_float64(kind)):
        return rows
    absent = np.asarray(pc.is_null(key, nan_is_null=True)) if key.null_count else None
    numbers = np.asarray(key.fill_null(0) if key.null_count else key)
    if numbers.dtype == np.float64 and np.isnan(numbers).any():
        return rows
    there = numbers if absent is None else numbers[~absent]
    # Missing is the smallest: last when descending, first when ascending.
    wanted = count if descending else count - (0 if absent is None else int(absent.sum()))
    if wanted <= 0:
        keep = absent if absent is not None else np.ones(len(numbers), dtype=bool)
    elif wanted >= len(there):
        return rows
    elif descending:
        keep = numbers >= np.partition(there, len(there) - wanted)[len(there) - wanted]
        keep = keep if absent is None else keep & ~absent
    else:
        keep = numbers <= np.partition(there, wanted - 1)[wanted - 1]
        keep = keep if absent is None else keep | absent
    kept: np.ndarray[Any, Any] = rows[keep[rows]]
    return kept


def _first_of_each(keys: list[Any]) -> np.ndarray[Any, Any]:
    """Give the first row of each combination, and every row in which one of the keys is missing."""
    count = len(keys[0])
    groups = group_rows([values.equality_key(key) for key in keys], count)
    keep = np.zeros(count, dtype=bool)
    keep[groups.first_rows()] = True
    for key in keys:
        if key.null_count:
            keep |= np.asarray(pc.is_null(key))
    return np.flatnonzero(keep)


# From commands to a plan


def plan_collect(rest: Rest) -> tuple[CollectPlan, int]:
    """Make one barrier of sort, dedup and limit, in this order and each at most once."""
    plan = CollectPlan(at_once=rest.repeated)
    taken = 0
    for command in rest.commands:
        add = _ADDERS.get(type(command))
        if add is None or not add(plan, command):
            break
        taken += 1
    plan.needed = rest.columns_after(taken)
    return plan, taken


def _add_sort(plan: CollectPlan, command: Command) -> bool:
    if plan.sorted or plan.unique or plan.count is not None:
        return False
    keys = [(key.args["item"].value, bool(key.args["descending"])) for key in command.args["keys"]]
    # Newest first is the order in which events come, and with it older tasks need not be read.
    newest_first = len(keys) == 1 and keys[0] == (Field(parts=[TIMESTAMP]), True)
    plan.keys = [] if newest_first else keys
    plan.sorted = True
    return True


def _add_top(plan: CollectPlan, command: Command) -> bool:
    if not _add_sort(plan, command):
        return False
    plan.count = literal_value(command.args["count"])
    return True


def _add_dedup(plan: CollectPlan, command: Command) -> bool:
    if plan.unique or plan.count is not None:
        return False
    plan.unique = [item.value for item in command.args["items"]]
    return True


def _add_limit(plan: CollectPlan, command: Command) -> bool:
    if plan.count is not None:
        return False
    plan.count = literal_value(command.args["count"])
    plan.any_rows = bool(command.args.get("any"))
    return True


_ADDERS: dict[type[Command], Callable[[CollectPlan, Command], bool]] = {
    Sort: _add_sort,
    TopRows: _add_top,
    Dedup: _add_dedup,
    Limit: _add_limit,
}
