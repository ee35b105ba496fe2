"""`pct`: exact percentiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.events import EXACT_DOUBLE
from cwnb.insights import values
from cwnb.insights.control import with_checkpoints
from cwnb.insights.engine.aggregates.aggregation import Aggregation, Array, present_numbers
from cwnb.insights.functions import aggregation
from cwnb.insights.values.numbers import INTEGER

if TYPE_CHECKING:
    from cwnb.insights.engine.commands.grouping import Groups
    from cwnb.insights.engine.order import RowOrder


@aggregation("pct(number field, literal_number percent from 0 to 100) -> number")
class Percentile(Aggregation):
    """Give the percentile by nearest rank: a value of the data."""

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Give the same key for all percents, so that they share one state."""
        return (Percentile,)

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> list[Any]:  # noqa: ARG002
        """Give the numbers, sorted by group, and where each group begins."""
        number, codes = present_numbers(value, groups)
        data = _as_data(number)
        if groups.count == 1:
            return [(data, np.array([0, len(data)]))]
        # numpy sorts 16-bit integers by radix, which is much faster.
        small = codes.astype(np.int16 if groups.count < 2**15 else np.int64)
        data = data[np.argsort(small, kind="stable")]
        sizes = np.bincount(codes, minlength=groups.count)
        return [(data, np.concatenate([[0], np.cumsum(sizes)]))]

    def merge(self, states: list[Any], maps: list[Array], count: int) -> Any:
        """Concatenate the numbers of each merged group."""
        parts = [part for state in states for part in state]
        where = [w for state, w in zip(states, maps, strict=True) for _ in state]
        if len(parts) == 1 and np.array_equal(where[0], np.arange(count)):
            return parts
        data = _one_type([data for data, _ in parts])
        sizes = np.zeros(count, dtype=np.int64)
        for (_, bounds), to in zip(parts, where, strict=True):
            np.add.at(sizes, to, np.diff(bounds))
        starts = np.concatenate([[0], np.cumsum(sizes)])
        if count <= 64:
            merged = np.empty(starts[-1], dtype=data[0].dtype)
            free = starts[:-1].copy()
            for numbers, (_, bounds), to in zip(data, parts, where, strict=True):
                for group, low, high in zip(to, bounds[:-1], bounds[1:], strict=True):
                    merged[free[group] : free[group] + high - low] = numbers[low:high]
                    free[group] += high - low
        else:
            codes = np.concatenate(
                [
                    np.repeat(to, np.diff(bounds))
                    for (_, bounds), to in zip(parts, where, strict=True)
                ]
            )
            merged = np.concatenate(data)[np.argsort(codes, kind="stable")]
        return [(merged, starts)]

    def final(self, state: Any, count: int) -> Any:
        """Give the value at rank ceil(p / 100 * n), at least the first."""
        ((data, bounds),) = state
        (percent,) = self.literals
        if not data.flags.writeable:
            data = data.copy()  # a view of a column's memory cannot be sorted in place
        rows = np.full(count, -1, dtype=np.int64)
        picked = np.zeros(count, dtype=data.dtype)
        for group in with_checkpoints(range(count)):
            low, high = int(bounds[group]), int(bounds[group + 1])
            if high > low:
                # 0.07 * 100 is 7.000000000000001 in doubles, and its ceiling would be 8.
                rank = max(1, int(np.ceil(round(percent / 100 * (high - low), 9))))
                # In place, so that another percentile of these values finds them partly sorted.
                part = data[low:high]
                part.partition(rank - 1)
                picked[group] = part[rank - 1]
                rows[group] = 0
        if picked.dtype == object:
            here = zip(picked, rows, strict=True)
            return values.column_of_numbers([None if row < 0 else item for item, row in here])
        return pa.array(picked, mask=rows < 0)


def _as_data(number: Any) -> Array:
    """Give the numbers; Python's where integers beyond 2^53 stand beside doubles."""
    if not values.is_mixed(number.type):
        return np.asarray(number)
    found = values.as_numbers(number)
    data = found.integers.astype(object)
    real = found.form != INTEGER
    data[real] = found.doubles[real]
    return data


def _one_type(arrays: list[Array]) -> list[Array]:
    kinds = {a.dtype for a in arrays if len(a)}
    if len(kinds) <= 1:
        return [a.astype(kind, copy=False) for a in arrays for kind in kinds] or arrays
    integers = [a for a in arrays if a.dtype.kind == "i" and len(a)]
    exact = np.dtype(object) not in kinds and all(
        a.min() >= -EXACT_DOUBLE and a.max() <= EXACT_DOUBLE for a in integers
    )
    return [a.astype(np.float64 if exact else object) for a in arrays]
