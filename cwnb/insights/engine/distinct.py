"""`countDistinct(f)`: how many different values, by the language's equality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights import values
from cwnb.insights.engine.aggregation import Aggregation, Long, present_values
from cwnb.insights.engine.grouping import Groups, group_rows

if TYPE_CHECKING:
    from cwnb.insights.engine.order import RowOrder

Numbers = np.ndarray[Any, Any]


class CountDistinct(Aggregation):
    """`countDistinct(f)`: exact; missing is not counted."""

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Long:  # noqa: ARG002
        """Give the distinct values of each group."""
        present, codes, _ = present_values(value, groups.codes)
        return _distinct(values.equality_key(present), codes, groups.count)

    def merge(self, states: list[Long], maps: list[Numbers], count: int) -> Long:
        """Give the distinct values of all."""
        joined = Long.joined(states, maps)
        key = joined.value
        if len({state.value.type for state in states}) > 1:
            key = values.equality_key(key)
        return _distinct(key, joined.codes, count)

    def final(self, state: Long, count: int) -> Any:
        """Give int64."""
        return pa.array(np.bincount(state.codes, minlength=count), pa.int64())


def _distinct(key: Any, codes: Numbers, count: int) -> Long:
    if count == 1 and not pa.types.is_dictionary(key.type):
        distinct = pc.unique(key)
        return Long(distinct, np.zeros(len(distinct), dtype=np.int64))
    pairs = group_rows([pa.array(codes), key], len(codes))
    rows = pairs.first_rows()
    picked = key.take(pa.array(rows))
    if pa.types.is_dictionary(picked.type):
        picked = picked.dictionary_decode()
    return Long(picked, codes[rows])
