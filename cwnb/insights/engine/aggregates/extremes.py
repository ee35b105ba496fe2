"""Aggregations that give one value of the data: the least, greatest, earliest or latest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights import values
from cwnb.insights.engine.aggregates.aggregation import (
    Aggregation,
    Array,
    Long,
    present_values,
    rows_at,
)
from cwnb.insights.engine.commands.grouping import first_of, last_of
from cwnb.insights.functions import aggregation

if TYPE_CHECKING:
    from cwnb.events import Summary
    from cwnb.insights.engine.commands.grouping import Groups
    from cwnb.insights.engine.order import RowOrder


# More than there are codes of types of mixed columns.
_TYPES = 8


class Extreme(Aggregation):
    """The least or greatest value of each group, by the order of `sort`."""

    largest: ClassVar[bool]
    of_bounds = True

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Share the state of `min` and `sortsFirst`, and that of `max` and `sortsLast`."""
        return (Extreme, self.largest)

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Long:  # noqa: ARG002
        """Give the extreme of each group."""
        if groups.count == 1 and (one := self._of_all(value)) is not None:
            return Long(one, np.zeros(len(one), np.int64))
        present, codes, _ = present_values(value, groups.codes)
        return self._extreme(present, codes, groups.count)

    def of_summary(self, summary: Summary, groups: Groups) -> Long | None:  # noqa: ARG002
        """Give the extreme, if it is known."""
        known = summary.greatest if self.largest else summary.least
        return None if known is None else Long(pa.repeat(known, 1), np.zeros(1, np.int64))

    def merge(self, states: list[Long], maps: list[Array], count: int) -> Long:
        """Give the extreme of each merged group."""
        joined = Long.joined(states, maps)
        present, codes, _ = present_values(joined.value, joined.codes)
        return self._extreme(present, codes, count)

    def final(self, state: Long, count: int) -> Any:
        """Give the values with their own type."""
        return state.per_group(count)

    def _of_all(self, value: Any) -> Any:
        """Give the extreme of a column of numbers or times as a column; None: look at each."""
        is_double = pa.types.is_float64(value.type)
        if not (is_double or pa.types.is_int64(value.type) or pa.types.is_timestamp(value.type)):
            return None
        if is_double and pc.any(pc.is_nan(value)).as_py():
            return None
        found = pc.min_max(value)["max" if self.largest else "min"]
        # 0.0 and -0.0 are told apart, which Arrow does not.
        if is_double and found.as_py() == 0:
            return None
        return pa.repeat(found, 1) if found.is_valid else value.slice(0, 0)

    def _extreme(self, value: Any, codes: Array, count: int) -> Long:
        if not len(value):
            return Long(value, codes)
        keys = _order_numbers(value)
        if bool((codes[1:] > codes[:-1]).all()) and not np.isnan(keys).any():
            return Long(value, codes)  # each group has one value
        if count == 1:
            row = int(keys.argmax() if self.largest else keys.argmin())
            return Long(value.slice(row, 1), codes[row : row + 1])
        best = np.zeros(count, dtype=keys.dtype)
        first = first_of(codes, count)
        there = first >= 0
        best[there] = keys[first[there]]
        (np.maximum if self.largest else np.minimum).at(best, codes, keys)
        rows = np.flatnonzero(keys == best[codes])
        one = np.full(count, -1, dtype=np.int64)
        one[codes[rows][::-1]] = rows[::-1]
        rows = one[one >= 0]
        return Long(value.take(pa.array(rows)), codes[rows])


@aggregation("min(any field) -> any")
class Minimum(Extreme):
    """Give the least value."""

    largest = False


@aggregation("max(any field) -> any")
class Maximum(Extreme):
    """Give the greatest value."""

    largest = True


@aggregation("sortsFirst(any field) -> any")
class SortsFirst(Extreme):
    """Give the value that `sort` puts first."""

    largest = False


@aggregation("sortsLast(any field) -> any")
class SortsLast(Extreme):
    """Give the value that `sort` puts last."""

    largest = True


def _order_numbers(value: Any) -> Array:
    """Give a number for each value; the numbers have the same order as the values in `sort`."""
    kind = value.type
    if pa.types.is_timestamp(kind):
        return np.asarray(value.cast(pa.int64()))
    if pa.types.is_int64(kind):
        return np.asarray(value)
    if pa.types.is_float64(kind):
        return _with_signs_of_zeros(np.asarray(value))
    if values.is_mixed(kind):
        # Texts sort as the numbers and truth values that are written so. Which of them is given
        # must not depend on which task is done first.
        types: Array = np.asarray(pc.struct_field(value, "type").fill_null(0), dtype=np.int64)
        return values.ranks(value) * _TYPES + types
    if pa.types.is_dictionary(kind):
        placed: Array = values.ranks(value.dictionary)[np.asarray(value.indices)]
        return placed
    return values.ranks(value)


def _with_signs_of_zeros(doubles: Array) -> Array:
    """Give numbers in the order of these doubles, where -0.0 comes before 0.0, as in `sort`."""
    zeros = doubles == 0
    if not zeros.any() or not np.signbit(doubles[zeros]).any() or np.isnan(doubles).any():
        return doubles
    bits = doubles.view(np.int64)
    # Among negative doubles the bits other than the sign grow as the number gets less.
    ordered: Array = bits ^ ((bits >> 63) & np.int64(2**63 - 1))
    return ordered


class ByTime(Aggregation):
    """The value of the oldest or newest event of each group, of events that have the field."""

    newest: ClassVar[bool]
    by_time = True

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Long:
        """Give the value of the oldest or newest row of each group, of rows that have one."""
        present, codes, rows = present_values(value, groups.codes)
        if order.in_memory or not len(present):
            rows = rows_at(rows, np.arange(len(present)))
        else:
            one = edges(codes, groups.count, newest=self.newest)
            present, codes, rows = present.take(pa.array(one)), codes[one], rows_at(rows, one)
        state = Long(present, codes, order.times(rows))
        return oldest_or_newest(state, groups.count, newest=self.newest)

    def merge(self, states: list[Long], maps: list[Array], count: int) -> Long:
        """Give the value of the oldest or newest row of each merged group."""
        return oldest_or_newest(Long.joined(states, maps), count, newest=self.newest)

    def final(self, state: Long, count: int) -> Any:
        """Give the values with their own type."""
        return state.per_group(count)


def edges(codes: Array, count: int, *, newest: bool) -> Array:
    """Give the newest or oldest row of each group, in order, of a task's rows.

    These ascend in time, so it is the last or first row of its group.
    """
    one = (last_of if newest else first_of)(codes, count)
    found: Array = np.sort(one[one >= 0])
    return found


def oldest_or_newest(state: Long, count: int, *, newest: bool) -> Long:
    """Keep the oldest or newest entry of each group, by its rank."""
    assert state.ranks is not None
    permutation = state.ranks.descending()
    permutation = permutation[::-1] if newest else permutation
    one = np.full(count, -1, dtype=np.int64)
    one[state.codes[permutation]] = permutation
    return state.take(one[one >= 0])


@aggregation("earliest(any field) -> any")
class Earliest(ByTime):
    """Give the value of the earliest event that has the field."""

    newest = False


@aggregation("latest(any field) -> any")
class Latest(ByTime):
    """Give the value of the latest event that has the field."""

    newest = True
