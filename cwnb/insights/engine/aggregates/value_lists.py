"""Aggregations that give lists of the values of each group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.insights import values
from cwnb.insights.engine.aggregates.aggregation import (
    Aggregation,
    Array,
    Long,
    present_values,
    rows_at,
)
from cwnb.insights.engine.commands.grouping import first_of, group_rows
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
        first.sort()  # so that the merge has less to sort
        distinct, sizes = present.take(pa.array(first)), pairs.sizes[pairs.codes[first]]
        return Long(distinct, codes[first], order.ranks(rows_at(rows, first)), sizes)

    def merge(self, states: list[Long], maps: list[Array], count: int) -> Long:
        """Give the distinct values of each merged group, each in its first spelling."""
        joined = Long.joined(states, maps)
        assert joined.ranks is not None
        assert joined.weight is not None
        pairs = _pairs(joined.codes, count, joined.value)
        newest = joined.ranks.descending()
        first = newest[first_of(pairs.codes[newest], pairs.count)]
        weight = np.bincount(pairs.codes, weights=joined.weight, minlength=pairs.count)
        return replace(joined.take(first), weight=weight.astype(np.int64))

    def final(self, state: Long, count: int) -> Any:
        """Give the lists as structures."""
        assert state.ranks is not None
        return self._lists(state, state.ranks.descending(), count)

    def _lists(self, state: Long, order: Array, count: int) -> Any:
        by_group = order[np.argsort(state.codes[order], kind="stable")]
        items = structures.to_python(values.decode(state.value.take(pa.array(by_group))))
        ends = np.cumsum(np.bincount(state.codes[order], minlength=count)).tolist()
        lists = (items[start:end] for start, end in zip([0, *ends], ends, strict=False))
        return structures.structure_array(lists)


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
