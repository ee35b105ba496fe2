"""Aggregations that give lists of the values of each group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.insights import values
from cwnb.insights.control import with_checkpoints
from cwnb.insights.engine.aggregates.aggregation import Aggregation, Array, Long, present_values
from cwnb.insights.engine.commands.grouping import group_rows
from cwnb.insights.functions import aggregation
from cwnb.insights.values import structures

if TYPE_CHECKING:
    from cwnb.insights.engine.commands.grouping import Groups
    from cwnb.insights.engine.order import RowOrder


@aggregation("values(any field) -> structure", "collect_values")
class Values(Aggregation):
    """List the distinct values, first seen first."""

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Long:
        """Give the distinct values of each group."""
        present, codes, rows = present_values(value, groups.codes)
        pairs = _pairs(codes, groups.count, present)
        # The row with which each value appears first: rows in memory are newest first.
        first = pairs.first_rows() if order.in_memory else pairs.last_rows()
        distinct = present.take(pa.array(first))
        return Long(distinct, codes[first], order.ranks(rows[first]), pairs.sizes)

    def merge(self, states: list[Long], maps: list[Array], count: int) -> Long:
        """Give the distinct values of each merged group, each in its first spelling."""
        joined = Long.joined(states, maps)
        assert joined.ranks is not None
        assert joined.weight is not None
        newest = joined.ranks.descending()
        value, codes = joined.value.take(pa.array(newest)), joined.codes[newest]
        pairs = _pairs(codes, count, value)
        first = pairs.first_rows()
        weight = np.bincount(
            pairs.codes, weights=joined.weight[newest], minlength=pairs.count
        ).astype(np.int64)
        ranks = joined.ranks.take(newest[first])
        return Long(value.take(pa.array(first)), codes[first], ranks, weight)

    def final(self, state: Long, count: int) -> Any:
        """Give the lists as structures."""
        assert state.ranks is not None
        return self._lists(state, state.ranks.descending(), count)

    def _lists(self, state: Long, order: Array, count: int) -> Any:
        made: list[list[Any]] = [[] for _ in range(count)]
        items = structures.to_python(state.value)
        for row in with_checkpoints(order):
            made[state.codes[row]].append(items[row])
        return structures.structure_array(made)


@aggregation("topk(literal_integer k from 1 to 10000, any field) -> structure", stands_alone=True)
class TopK(Values):
    """List the k most frequent values, most frequent first, and ties first seen first."""

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Share the state of Values."""
        return (Values, ())

    def final(self, state: Long, count: int) -> Any:
        """Give the lists as structures."""
        assert state.ranks is not None
        assert state.weight is not None
        order = state.ranks.descending()
        order = order[np.argsort(-state.weight[order], kind="stable")]
        return self._lists(state, order[: self.literals[0]], count)


def _pairs(codes: Array, count: int, value: Any) -> Groups:
    """Group rows by their group and their value."""
    keys = [values.equality_key(value)]
    return group_rows(keys if count == 1 else [pa.array(codes), *keys], len(codes))
