"""Rows that are kept as rows: `sort`, `dedup` and `limit` in one step.

A task hands over the places of its best rows with what is needed to compare them; the columns that
are shown, messages above all, are read afterwards for the rows that are left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import MalformedQuery
from cwnb.events import TIMESTAMP
from cwnb.insights import values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine import columns
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.barrier import POSITION, TASK, Enough
from cwnb.insights.engine.commands.grouping import group_rows
from cwnb.insights.engine.evaluate import evaluate_array
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
    """What sort, dedup and limit together ask for; picklable.

    `keys`: what to sort by, (expression, descending), none for newest first; `sorted`: whether a
    sort has been taken in. `unique`: what `dedup`
    names. `count`: how many rows at most. `any_rows`: `limit any`. `needed`: the columns to hand
    on. `at_once`: read those with the first visit.
    """

    keys: list[tuple[exp.Expression, bool]] = field(default_factory=list)
    sorted: bool = False
    unique: list[exp.Expression] = field(default_factory=list)
    count: int | None = None
    any_rows: bool = False
    needed: list[str] = field(default_factory=list)
    at_once: bool = False

    def reads(self) -> set[str]:
        """Name the fields that a task reads for it, `needed` not counted unless `at_once`."""
        nodes = [*(node for node, _ in self.keys), *self.unique]
        return set(self.needed if self.at_once else []).union(*map(fields_read, nodes))

    @property
    def enough(self) -> Enough | None:
        """Say how many rows are enough, where nothing but their number decides which are kept."""
        if self.unique or self.keys or self.count is None:
            return None
        return Enough(self.count, newest=not self.any_rows)

    def partial(self, batch: Batch, order: RowOrder, task: int) -> CollectPartial:
        """Pick the best rows of one batch."""
        rows = np.arange(batch.rows, dtype=np.int64)
        if self.at_once and not order.in_memory:
            # Events newest first; the rows that `parse multi` made of one event stay as they are.
            rows = np.argsort(-batch.positions(), kind="stable")
        elif not order.in_memory:
            rows = rows[::-1]
        keys = [_comparable(node, batch) for node, _ in self.keys]
        if self.count is not None and not self.unique and keys:
            rows = _candidates(rows, keys[0], self.keys[0][1], self.count)
        elif self.count is not None and not self.unique:
            rows = rows[: self.count]
        unique = [_comparable(node, batch) for node in self.unique]
        if keys:
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
        ranks = order.ranks(rows)
        positions = rows if batch.selection is None else batch.selection[rows]
        held = {}
        if self.at_once:
            for name in self.needed:
                column = batch.column(name)
                held[name] = pa.nulls(len(rows)) if column is None else column.take(where)
        return CollectPartial(
            np.full(len(rows), task, dtype=np.int64),
            positions,
            ranks,
            [key.take(where) for key in keys],
            [key.take(where) for key in unique],
            held,
        )

    def merge(self, partials: list[CollectPartial]) -> CollectPartial:
        """Pick the best rows of several tasks."""
        if len(partials) == 1:
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
        # Stable, since the rows that `parse multi` makes of one event have one rank.
        rows = np.lexsort((-joined.ranks.minor, -joined.ranks.major))
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
        return joined.take(rows)

    def finish(self, merged: CollectPartial | None, rows: Rows) -> Batch:
        """Give the best rows with the columns that are needed."""
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
    """The best rows of one task, best first: where they are, and what compares them."""

    task: np.ndarray[Any, Any]
    positions: np.ndarray[Any, Any]
    ranks: Ranks
    keys: list[Any]
    unique: list[Any]
    held: dict[str, Any]

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
    if values.is_structure(value.type):
        raise MalformedQuery("a list or map cannot be sorted or deduplicated; pick a value of it")
    return value


def _candidates(
    rows: np.ndarray[Any, Any], key: Any, descending: bool, count: int
) -> np.ndarray[Any, Any]:
    """Leave out rows that cannot be among the first `count`, where the first key is a number."""
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


# ---------------------------------------------------------------- from commands to a plan


def plan_collect(rest: Rest) -> tuple[CollectPlan, int]:
    """Make sort, dedup and limit, in this order and each at most once, one collection."""
    plan = CollectPlan(at_once=rest.repeated)
    taken = 0
    for command in rest.commands:
        take_in = _TAKEN_IN.get(type(command))
        if take_in is None or not take_in(plan, command):
            break
        taken += 1
    plan.needed = rest.columns_after(taken)
    return plan, taken


def _take_sort(plan: CollectPlan, command: Command) -> bool:
    if plan.sorted or plan.unique or plan.count is not None:
        return False
    keys = [(key.args["item"].value, bool(key.args["descending"])) for key in command.args["keys"]]
    # Newest first is the order in which events come, and with it older tasks need not be read.
    newest_first = len(keys) == 1 and keys[0] == (Field(parts=[TIMESTAMP]), True)
    plan.keys = [] if newest_first else keys
    plan.sorted = True
    return True


def _take_top(plan: CollectPlan, command: Command) -> bool:
    if not _take_sort(plan, command):
        return False
    plan.count = literal_value(command.args["count"])
    return True


def _take_dedup(plan: CollectPlan, command: Command) -> bool:
    if plan.unique or plan.count is not None:
        return False
    plan.unique = [item.value for item in command.args["items"]]
    return True


def _take_limit(plan: CollectPlan, command: Command) -> bool:
    if plan.count is not None:
        return False
    plan.count = literal_value(command.args["count"])
    plan.any_rows = bool(command.args.get("any"))
    return True


_TAKEN_IN: dict[type[Command], Callable[[CollectPlan, Command], bool]] = {
    Sort: _take_sort,
    TopRows: _take_top,
    Dedup: _take_dedup,
    Limit: _take_limit,
}
