"""The barrier of `stats`: group the rows of each task, aggregate, merge the groups."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import TIMESTAMP
from cwnb.insights import functions, values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine import columns
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.grouping import (
    Groups,
    each_alone,
    encode_repeated,
    first_of,
    group_rows,
    mostly_distinct,
    one_group,
)
from cwnb.insights.engine.commands.keys import Keys
from cwnb.insights.engine.evaluate import evaluate_array
from cwnb.insights.engine.faults import fault_at, refuse_structures
from cwnb.insights.engine.order import Ranks, RowOrder
from cwnb.insights.ql.writer import to_text
from cwnb.insights.tree import Call, Field, Period, Star, fields_read, literal_value
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from sqlglot import exp

    from cwnb.insights.engine.aggregates import Aggregation
    from cwnb.insights.engine.commands.barrier import Rows
    from cwnb.insights.tree import Command


@dataclass
class StatsPlan:
    """The barrier of one `stats`; picklable.

    `slots`: each different aggregation in it, with the expression that it aggregates (None for
    `count(*)`). `outputs`: name and expression of each column; the expression reads the value of a
    slot as a field named `#0`, `#1`, ….
    """

    keys: list[tuple[str, exp.Expression]]
    slots: list[tuple[Aggregation, exp.Expression | None]]
    # For each slot, the slot whose state it uses: `pct(x, 95)` and `pct(x, 99)` share one.
    shared: list[int]
    outputs: list[tuple[str, exp.Expression]]
    offset_ms: int = 0

    @property
    def enough(self) -> None:
        """None: every task must be read, because any event may change a group."""

    def reads(self) -> set[str]:
        """Name the fields that it reads."""
        nodes = [*(node for _, node in self.keys), *(node for _, node in self.slots if node)]
        return set().union(*map(fields_read, nodes))

    def summarised(self) -> dict[str, bool] | None:
        """Name the fields of which a summary may be all that it reads; None for other questions.

        The value says whether the bounds are wanted.
        """
        found: dict[str, bool] = {}
        for made, node in self.slots:
            if self.keys or (node is not None and not isinstance(node, Field)):
                return None
            if made.of_bounds is None:
                return None
            if node is not None:
                found[node.name] = found.get(node.name, False) or made.of_bounds
        return found

    def partial(self, batch: Batch, order: RowOrder, task: int) -> StatsPartial:  # noqa: ARG002
        """Aggregate the rows of one batch."""
        made_of = ("groups", self.keys, self.offset_ms, order.in_memory)
        found: _Grouped = (
            batch.kept(
                "groups", made_of, lambda: self._grouped(batch, order), lambda made: made.nbytes
            )
            if self.keys
            else _Grouped([], [], one_group(batch.rows), np.zeros(1, dtype=np.int64))
        )
        shown, equal, groups, newest = found.shown, found.equal, found.groups, found.newest
        states: list[Any] = []
        for i, (made, subject) in enumerate(self.slots):
            if self.shared[i] < i:
                states.append(states[self.shared[i]])
                continue
            checkpoint()
            state = batch.kept(
                ("state", i),
                ("state", made_of, made, subject),
                functools.partial(_state, made, subject, batch, groups, order),
                _state_bytes,
                of_task=order.made_of,
            )
            states.append(state)
        grouped = newest is not None
        keys = Keys.of(shown, equal)
        keys = keys if newest is None else keys.take(newest)
        newest = groups.codes if newest is None else newest
        # Without keys there is one group, which needs no rank; a rank might have to be read.
        ranks = order.ranks_with_task(newest) if self.keys else Ranks.none(groups.count)
        return StatsPartial(keys, ranks, states, groups.count, grouped=grouped)

    def _grouped(self, batch: Batch, order: RowOrder) -> _Grouped:
        """Group the rows of one batch."""
        keys = [_key(name, node, batch, self.offset_ms) for name, node in self.keys]
        # What is kept must not hold the rest of a column of which a window shows a part.
        shown = [columns.without_others(key) for key in keys]
        equal = [values.equality_key(key) for key in shown]
        if not order.in_memory and mostly_distinct(equal, batch.rows):
            # The merge groups all rows anyway, and finding few equal ones here takes as long.
            return _Grouped(shown, equal, each_alone(batch.rows), None)
        groups = group_rows(equal, batch.rows)
        newest = groups.first_rows() if order.in_memory else groups.last_rows()
        return _Grouped(shown, equal, groups, newest)

    def merge(self, partials: list[StatsPartial]) -> StatsPartial:
        """Merge the groups of several tasks."""
        if len(partials) == 1 and partials[0].grouped:
            return partials[0]
        follow = all(p.ranks.in_one_task() for p in partials)
        if follow:
            partials = sorted(partials, key=lambda p: -int(p.ranks.major[0]))
        keys = Keys.concat([p.keys for p in partials])
        total = sum(p.rows for p in partials)
        groups = group_rows(keys.equality_keys(), total)
        ranks = Ranks.concat([p.ranks for p in partials])
        if follow:
            order = _newest_first(partials)
            newest = order[first_of(groups.codes[order], groups.count)]
        else:
            ascending = ranks.descending()[::-1]
            newest = np.zeros(groups.count, dtype=np.int64)
            newest[groups.codes[ascending]] = ascending
        maps = np.split(groups.codes, np.cumsum([p.rows for p in partials])[:-1])
        states: list[Any] = []
        for i, (made, _) in enumerate(self.slots):
            first = self.shared[i]
            own = [p.states[i] for p in partials]
            checkpoint()
            states.append(states[first] if first < i else made.merge(own, maps, groups.count))
        # Where each row is a group, and they are numbered in order, none has to move.
        if groups.count < total or not np.array_equal(newest, np.arange(total)):
            keys, ranks = keys.take(newest), ranks.take(newest)
        return StatsPartial(keys, ranks, states, groups.count)

    def finish(self, merged: StatsPartial | None, rows: Rows) -> Batch:
        """Give a row per group, in the order of the newest event of each group, newest first."""
        names = dict.fromkeys([name for name, _ in [*self.keys, *self.outputs]])
        if merged is None:
            empty = {name: pa.nulls(0) for name in names}
            return Batch(0, rows.query_values, columns=empty)
        order = pa.array(merged.ranks.descending())
        answer = Batch(merged.rows, rows.query_values)
        for (name, _), key in zip(self.keys, merged.keys.shown, strict=True):
            answer.set(name, _decode_distinct(key.take(order)))
        for i, ((made, _), state) in enumerate(zip(self.slots, merged.states, strict=True)):
            checkpoint()
            answer.set(f"#{i}", made.final(state, merged.rows).take(order))
        for name, node in self.outputs:
            answer.set(name, evaluate_array(node, answer))
        ordered = {name: answer.column(name) for name in names}
        return Batch(merged.rows, rows.query_values, columns=ordered)


@dataclass(frozen=True)
class _Grouped:
    """The rows of one batch in groups: their keys, as they are shown and for equality.

    `newest`: the newest row of each group; None where each row is a group of its own.
    """

    shown: list[Any]
    equal: list[Any]
    groups: Groups
    newest: np.ndarray[Any, Any] | None

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        arrays = {id(array): array for array in (*self.shown, *self.equal)}
        return int(sum(map(columns.nbytes, arrays.values())) + 2 * self.groups.codes.nbytes)


@dataclass
class StatsPartial:
    """The groups of one task: their values for each key, their ranks, and the states.

    A group's keys and rank are those of its newest row. Where the rows were not grouped, each of
    them is a group, and several may have equal keys.
    """

    keys: Keys
    ranks: Ranks
    states: list[Any]
    rows: int
    grouped: bool = True

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        states = {id(state): state for state in self.states}
        of_states = sum(_state_bytes(state) for state in states.values())
        return int(self.keys.nbytes + self.ranks.nbytes + of_states)


def _decode_distinct(key: Any) -> Any:
    """Give a key as texts where most groups have one of their own: a dictionary saves nothing."""
    encoded = pa.types.is_dictionary(key.type)
    return values.decode(key) if encoded and 2 * len(key.dictionary) > len(key) else key


def _state(
    made: Aggregation,
    subject: exp.Expression | None,
    batch: Batch,
    groups: Groups,
    order: RowOrder,
) -> Any:
    """Give the state of one aggregation for the groups of a batch."""
    value = None
    if isinstance(subject, Field) and groups.count == 1:
        known = batch.summary(subject.name)
        if known is not None and (state := made.of_summary(known, groups)) is not None:
            return state
    if subject is not None:
        value = evaluate_array(subject, batch)
        message = "a list or map cannot be aggregated; pick a value out of it"
        refuse_structures(value, subject, message)
        value = functions.coerce(made.function, made.function.subject, value)
    return made.partial(value, groups, order)


def _newest_first(partials: list[StatsPartial]) -> np.ndarray[Any, Any]:
    """Give the rows of tasks, of which the newest is first, so that a group's newest comes first.

    A task that grouped its rows has one of each group. The others are as events are: oldest first.
    """
    ends = np.cumsum([p.rows for p in partials])
    runs = [np.arange(end - p.rows, end) for p, end in zip(partials, ends, strict=True)]
    pairs = zip(partials, runs, strict=True)
    return np.concatenate([run if p.grouped else run[::-1] for p, run in pairs])


def _state_bytes(state: Any) -> int:
    if isinstance(state, list):
        return sum(int(data.nbytes + bounds.nbytes) for data, bounds in state)
    return int(state.nbytes)


def plan_stats(node: Command) -> StatsPlan:
    """Divide a `stats` into keys, aggregations and outputs."""
    slots: list[Call] = []

    def slot(part: exp.Expression) -> exp.Expression:
        if not (isinstance(part, Call) and part.entry.aggregate):
            return part
        if part not in slots:
            slots.append(part)
        return Field(parts=[f"#{slots.index(part)}"])

    outputs = [(item.name, item.value.transform(slot)) for item in node.args["aggregates"]]
    offset = node.args.get("offset")
    made = [_slot(call) for call in slots]
    kinds = [(found.state_key, subject) for found, subject in made]
    return StatsPlan(
        keys=[(item.name, item.value) for item in node.args.get("by") or []],
        slots=made,
        shared=[kinds.index(kind) for kind in kinds],
        outputs=outputs,
        offset_ms=period_ms(offset) if offset else 0,
    )


def period_ms(period: Period) -> int:
    """Give the length of a period of fixed length in milliseconds."""
    unit = period.args["unit"]
    if unit not in UNIT_MS:
        message = f"an offset in {unit!r} has no fixed length; use days or weeks"
        raise fault_at(period, message)
    return int(period.args["count"]) * UNIT_MS[unit]


def _slot(call: Call) -> tuple[Aggregation, exp.Expression | None]:
    function, arguments = call.entry, call.arguments
    assert function.aggregation is not None
    subject = arguments[function.subject] if arguments else Star()
    literals = [_constant(a) for a in arguments if a is not subject]
    return function.aggregation(*literals), None if isinstance(subject, Star) else subject


def _constant(node: exp.Expression) -> Any:
    if isinstance(node, Period):
        return int(node.args["count"]), str(node.args["unit"])
    return literal_value(node)


def _key(name: str, node: exp.Expression, batch: Batch, offset_ms: int) -> Any:
    node = _with_shifted_bins(node, batch, offset_ms) if offset_ms else node
    value = evaluate_array(node, batch)
    message = f"{name!r} is a list or map, and stats cannot group by one; pick a value of it"
    refuse_structures(value, node, message)
    # What makes texts equal, such as 1 and 1.0, is then looked at once for each of them.
    return encode_repeated(value)


def _with_shifted_bins(node: exp.Expression, batch: Batch, offset_ms: int) -> exp.Expression:
    """Replace each `bin(…)` in a key by a new column, with bins whose borders are shifted."""
    shift = pa.scalar(offset_ms, pa.duration("ms"))
    earlier = pc.subtract(values.to_time(batch.timestamp()), shift)
    moved = Batch(batch.rows, batch.query_values, columns={TIMESTAMP: earlier})

    def shifted(part: exp.Expression) -> exp.Expression:
        if not (isinstance(part, Call) and part.entry.bins):
            return part
        column = Field(parts=[f"#{to_text(part)} shifted"])
        batch.set(column.name, pc.add(evaluate_array(part, moved), shift))
        return column

    return node.transform(shifted)
