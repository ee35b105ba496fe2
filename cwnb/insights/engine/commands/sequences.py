"""Run the commands that give a row values of other rows, on rows in memory in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import EXACT_DOUBLE
from cwnb.insights import values
from cwnb.insights.control import checkpoint
from cwnb.insights.engine import columns
from cwnb.insights.engine.aggregates.sums import Sum, Total
from cwnb.insights.engine.commands.barrier import POSITION, TASK
from cwnb.insights.engine.commands.grouping import group_rows
from cwnb.insights.engine.evaluate import evaluate_array
from cwnb.insights.engine.faults import refuse_structures
from cwnb.insights.engine.order import RowOrder
from cwnb.insights.functions.general import choose
from cwnb.insights.tree import fields_read, literal_value
from cwnb.insights.values.numbers import INTEGER
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from sqlglot import exp

    from cwnb.insights.engine.batch import Batch
    from cwnb.insights.tree import (
        Accum,
        AddTotals,
        Autoregress,
        Filldown,
        Outlier,
        Sessionize,
        Tail,
    )
    from cwnb.insights.values.numbers import Numbers

    Array = np.ndarray[Any, Any]
    Wanted = set[str] | None

# Sums of smaller numbers stay within 64 bits.
_SAFE = 2.0**62


def tail(command: Tail, batch: Batch, _: Wanted) -> Batch:
    """Keep the last rows."""
    count = command.row_cap()
    if count < batch.rows:
        batch.take(np.arange(batch.rows - count, batch.rows, dtype=np.int64))
    return batch


def accum(command: Accum, batch: Batch, _: Wanted) -> Batch:
    """Add the sum of a field up to each row."""
    found, real = _numbers(_values(command.args["value"], batch, "added up"))
    whole, rest = _parts(found)
    seen = np.cumsum(found.numeric)
    total = Total(_cumulated(whole), _cumulated(rest), seen, seen * real)
    batch.set(command.args["name"], Sum().final(total, batch.rows))
    return batch


def autoregress(command: Autoregress, batch: Batch, _: Wanted) -> Batch:
    """Add the values of rows before each row."""
    value = evaluate_array(command.args["value"], batch)
    for name, lag in command.lags().items():
        checkpoint()
        rows = np.arange(batch.rows) - lag
        batch.set(name, value.take(pa.array(rows, mask=rows < 0)))
    return batch


def filldown(command: Filldown, batch: Batch, _: Wanted) -> Batch:
    """Repeat the last value where a field has none."""
    for field in command.args["fields"]:
        checkpoint()
        value = _values(field, batch, "repeated")
        if not value.null_count:
            continue
        present = np.asarray(value.is_valid())
        rows = np.maximum.accumulate(np.where(present, np.arange(batch.rows), -1))
        batch.set(field.name, value.take(pa.array(rows, mask=rows < 0)))
    return batch


def outlier(command: Outlier, batch: Batch, _: Wanted) -> Batch:
    """Lower or raise outliers to the border, or drop their rows, and mark them."""
    width, lower = float(literal_value(command.args["param"])), command.args["uselower"]
    marks, changed = command.marks(), {}
    outside = np.zeros(batch.rows, dtype=bool)
    for field in command.args["fields"]:
        checkpoint()
        value = evaluate_array(field, batch)
        found = _numbers(values.without_structures(value))[0]
        low, high = _fences(found, width, lower=lower)
        with np.errstate(invalid="ignore"):
            above = found.numeric & (found.doubles > high)
            below = found.numeric & (found.doubles < low)
        outside |= above | below
        if field.name in marks:
            changed[marks[field.name]] = pa.array((above | below).astype(np.int64))
        if command.args["action"] == "transform" and (above | below).any():
            # A border that nothing passes may be infinite, and is no value of the column.
            passed = [(rows, end) for rows, end in ((above, high), (below, low)) if rows.any()]
            ends = [_as_number(end, value.type) for _, end in passed]
            changed[field.name] = choose([rows for rows, _ in passed], [*ends, value], batch.rows)
    for name, array in changed.items():
        batch.set(name, array)
    if command.args["action"] == "remove":
        batch.filter(pa.array(~outside))
    return batch


def sessionize(command: Sessionize, batch: Batch, _: Wanted) -> Batch:
    """Add the id of the session that each event belongs to."""
    keys = [_values(field, batch, "part of a session's id") for field in command.args["fields"]]
    times = values.to_time(batch.timestamp()).cast(pa.int64())
    there = np.asarray(times.is_valid())
    for key in keys:
        there &= np.asarray(key.is_valid())
    groups = group_rows([values.equality_key(key) for key in keys], batch.rows)
    ms = times.fill_null(0).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(there)
    rows = rows[np.lexsort((ms[rows], groups.codes[rows]))]
    period = command.args["maxspan"]
    span = period.args["count"] * UNIT_MS[period.args["unit"]]
    numbers = np.zeros(batch.rows, dtype=np.int64)
    numbers[rows] = _session_numbers(groups.codes[rows], ms[rows], span)
    checkpoint()
    first = pa.array(groups.first_rows()[groups.codes])
    texts = [values.decode(values.to_text(key)).take(first) for key in keys]
    if len(texts) > 1:
        texts = [_escaped(text) for text in texts]
    joined = pc.binary_join_element_wise(*texts, "|")
    ids = pc.binary_join_element_wise(joined, pa.array(numbers).cast(pa.string()), "-")
    batch.set(command.args["name"], pc.if_else(pa.array(there), ids, None))
    return batch


def _session_numbers(codes: Array, ms: Array, span: int) -> Array:
    """Give the number of each row's session in its group, from 1.

    Rows are in order of group, then of time.
    """
    if not len(codes):
        return np.zeros(0, dtype=np.int64)
    other = np.concatenate([[True], np.diff(codes) != 0])
    begins = other | np.concatenate([[False], np.diff(ms) > span])
    count = np.cumsum(begins)
    before = np.maximum.accumulate(np.where(other, count - 1, 0))
    return np.asarray(count - before)


def _escaped(text: pa.Array) -> pa.Array:
    doubled = pc.replace_substring(text.cast(pa.string()), "\\", "\\\\")
    return pc.replace_substring(doubled, "|", "\\|")


def addtotals(command: AddTotals, batch: Batch, _: Wanted) -> Batch:
    """Add a column with the sum of each row, a row with the sum of each column, or both."""
    fields, name = command.args["fields"], command.args["name"]
    if command.args["row"]:
        batch.define(name, lambda rows: _sums_of_rows(fields, rows), fields_read(command))
    if not (command.args["col"] and batch.rows):
        return batch
    sums = {one: _total(batch, one) for one in [*fields, *_named(command.total_column())]}
    batch.compute(None)
    batch.forget({TASK, POSITION})
    rows = np.append(np.arange(batch.rows), 0)
    wide = {field.name: evaluate_array(field, batch) for field in sums}
    batch.take(rows, missing=np.arange(len(rows)) == batch.rows)
    for field, total in sums.items():
        batch.set(field.name, columns.concat([wide[field.name], total]))
    return batch


def _named(names: list[str]) -> list[Any]:
    from cwnb.insights.tree import Field

    return [Field(parts=[name]) for name in names]


def _sums_of_rows(fields: list[exp.Expression], batch: Batch) -> pa.Array:
    nothing = np.zeros(batch.rows, dtype=np.int64)
    total = Total(nothing, np.zeros(batch.rows), nothing, nothing)
    for field in fields:
        checkpoint()
        found, real = _numbers(_added(field, batch))
        whole, rest = _parts(found)
        if _largest(total.whole) + _largest(whole) >= _SAFE:
            whole, total.whole = whole.astype(object), total.whole.astype(object)
        with np.errstate(all="ignore"):
            total = Total(
                total.whole + whole,
                total.real + rest,
                total.seen + found.numeric,
                total.reals + found.numeric * real,
            )
    return Sum().final(total, batch.rows)


def _total(batch: Batch, field: exp.Expression) -> pa.Array:
    """Give the sum of a column as an array of one."""
    number = values.to_number(_added(field, batch))
    if pa.types.is_null(number.type):
        return pa.nulls(1)
    summing, groups = Sum(), group_rows([], batch.rows)
    state = summing.partial(number, groups, RowOrder(batch, in_memory=True))
    return summing.final(state, 1)


def _added(field: exp.Expression, batch: Batch) -> pa.Array:
    """Give the values of a field that are added: no times, lists or maps."""
    value = evaluate_array(field, batch)
    if values.is_time(value.type):
        return pa.nulls(batch.rows)
    return values.without_structures(value)


# Numbers


def _values(node: exp.Expression, batch: Batch, use: str) -> pa.Array:
    value = evaluate_array(node, batch)
    refuse_structures(value, node, f"a list or map cannot be {use}; pick a value out of it")
    return value


def _numbers(value: pa.Array) -> tuple[Numbers, bool]:
    """Find the numbers in a column, and tell whether they may have fractions."""
    if pa.types.is_null(value.type):
        value = pa.nulls(len(value), pa.int64())
    number = values.to_number(value)
    return values.as_numbers(number), not pa.types.is_int64(number.type)


def _parts(found: Numbers) -> tuple[Array, Array]:
    """Give the integers, and the numbers that are none; 0 where there is no such number."""
    whole = found.form == INTEGER
    rest = np.where(found.numeric & ~whole, found.doubles, 0.0)
    return np.where(whole, found.integers, 0), rest


def _largest(numbers: Array) -> float:
    return float(np.abs(numbers.astype(np.float64)).max(initial=0.0))


def _cumulated(numbers: Array) -> Array:
    """Give the sum up to each place; Python integers if 64 bits could overflow."""
    if numbers.dtype == np.int64 and np.abs(numbers.astype(np.float64)).sum() >= _SAFE:
        numbers = numbers.astype(object)
    with np.errstate(all="ignore"):
        return np.cumsum(numbers)


def _fences(found: Numbers, width: float, *, lower: bool) -> tuple[float, float]:
    """Give the lowest and the highest number that is no outlier."""
    ordered = np.sort(found.doubles[found.numeric])
    if not len(ordered):
        return -np.inf, np.inf
    # The ranks of `pct`.
    low, high = (ordered[max(1, -(-len(ordered) * part // 4)) - 1] for part in (1, 3))
    with np.errstate(all="ignore"):
        span = width * (high - low)
        return float(low - span) if lower else -np.inf, float(high + span)


def _as_number(border: float, kind: pa.DataType) -> pa.Scalar:
    """Give a border as an integer if it is one, unless the column has doubles."""
    whole = border.is_integer() and abs(border) <= EXACT_DOUBLE
    if whole and not pa.types.is_float64(kind):
        return pa.scalar(int(border), pa.int64())
    return pa.scalar(border, pa.float64())
