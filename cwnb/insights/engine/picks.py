"""Aggregations that pick values of the data: extremes, edges, lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.insights import lists, values
from cwnb.insights.engine.aggregation import Aggregation, Long, present_values
from cwnb.insights.engine.grouping import first_of, group_rows, last_of

if TYPE_CHECKING:
    from cwnb.insights.engine.grouping import Groups
    from cwnb.insights.engine.order import RowOrder

Numbers = np.ndarray[Any, Any]


class Extreme(Aggregation):
    """`min(f)` and `max(f)`, also `sortsFirst` and `sortsLast`: by the order of `sort`."""

    def __init__(self, *, largest: bool) -> None:
        self.largest = largest

    @property
    def state_key(self) -> str:
        """Keep the two edges apart."""
        return f"{type(self).__name__} {self.largest}"

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Long:  # noqa: ARG002
        """Give the extreme of each group."""
        present, codes, _ = present_values(value, groups.codes)
        return self._pick(present, codes, groups.count)

    def merge(self, states: list[Long], maps: list[Numbers], count: int) -> Long:
        """Give the extreme of the extremes."""
        joined = Long.joined(states, maps)
        present, codes, _ = present_values(joined.value, joined.codes)
        return self._pick(present, codes, count)

    def final(self, state: Long, count: int) -> Any:
        """Give the values with their own type."""
        return state.per_group(count)

    def _pick(self, value: Any, codes: Numbers, count: int) -> Long:
        if not len(value):
            return Long(value, codes)
        keys = _order_numbers(value)
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


def _order_numbers(value: Any) -> Numbers:
    """Give numbers that order as `sort` orders the values."""
    kind = value.type
    if pa.types.is_timestamp(kind):
        return np.asarray(value.cast(pa.int64()))
    if pa.types.is_int64(kind) or pa.types.is_float64(kind):
        return np.asarray(value)
    if pa.types.is_dictionary(kind):
        placed: Numbers = values.ranks(value.dictionary)[np.asarray(value.indices)]
        return placed
    return values.ranks(value)


class Edge(Aggregation):
    """`earliest(f)` and `latest(f)`: of the oldest or newest event that has `f`."""

    def __init__(self, *, latest: bool) -> None:
        self.latest = latest

    @property
    def state_key(self) -> str:
        """Keep the two edges apart."""
        return f"{type(self).__name__} {self.latest}"

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Long:
        """Give the value at the edge of each group."""
        present, codes, rows = present_values(value, groups.codes)
        if not order.in_memory and len(rows):
            # Rows of a task ascend in time, so the edge is the first or last row of its group.
            edge = (last_of if self.latest else first_of)(codes, groups.count)
            edge = np.sort(edge[edge >= 0])
            present, codes, rows = present.take(pa.array(edge)), codes[edge], rows[edge]
        return self._pick(Long(present, codes, order.times(rows)), groups.count)

    def merge(self, states: list[Long], maps: list[Numbers], count: int) -> Long:
        """Give the edge of the edges."""
        return self._pick(Long.joined(states, maps), count)

    def final(self, state: Long, count: int) -> Any:
        """Give the values with their own type."""
        return state.per_group(count)

    def _pick(self, state: Long, count: int) -> Long:
        assert state.ranks is not None
        permutation = state.ranks.descending()
        permutation = permutation[::-1] if self.latest else permutation
        one = np.full(count, -1, dtype=np.int64)
        one[state.codes[permutation]] = permutation
        rows = one[one >= 0]
        return Long(state.value.take(pa.array(rows)), state.codes[rows], state.ranks.take(rows))


class Values(Aggregation):
    """`values(f)`: the distinct values of each group, as a list, in order of first appearance."""

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Long:
        """Give the distinct values of each group."""
        present, codes, rows = present_values(value, groups.codes)
        pairs = group_rows([pa.array(codes), values.equality_key(present)], len(codes))
        one = pairs.first_rows() if order.in_memory else pairs.last_rows()
        weight = np.bincount(pairs.codes, minlength=pairs.count)
        picked = present.take(pa.array(one))
        return Long(picked, codes[one], order.ranks(rows[one]), weight)

    def merge(self, states: list[Long], maps: list[Numbers], count: int) -> Long:  # noqa: ARG002
        """Give the distinct values of all, each as it appears first."""
        joined = Long.joined(states, maps)
        assert joined.ranks is not None
        assert joined.weight is not None
        newest = joined.ranks.descending()
        value, codes = joined.value.take(pa.array(newest)), joined.codes[newest]
        pairs = group_rows([pa.array(codes), values.equality_key(value)], len(codes))
        one = pairs.first_rows()
        weight = np.bincount(
            pairs.codes, weights=joined.weight[newest], minlength=pairs.count
        ).astype(np.int64)
        ranks = joined.ranks.take(newest[one])
        return Long(value.take(pa.array(one)), codes[one], ranks, weight)

    def final(self, state: Long, count: int) -> Any:
        """Give JSON arrays."""
        assert state.ranks is not None
        return self._lists(state, state.ranks.descending(), count)

    def _lists(self, state: Long, order: Numbers, count: int) -> Any:
        made: list[list[Any]] = [[] for _ in range(count)]
        items = lists.to_python(state.value)
        for row in order:
            made[state.codes[row]].append(items[row])
        return lists.structure_array(made)


class TopK(Values):
    """`topk(k, f)`: the k most frequent values, most frequent first, ties by first appearance."""

    def __init__(self, size: int) -> None:
        self.size = size

    @property
    def state_key(self) -> str:
        """Share the state of Values."""
        return Values.__name__

    def final(self, state: Long, count: int) -> Any:
        """Give JSON arrays."""
        assert state.ranks is not None
        assert state.weight is not None
        order = state.ranks.descending()
        order = order[np.argsort(-state.weight[order], kind="stable")]
        return self._lists(state, order[: self.size], count)
