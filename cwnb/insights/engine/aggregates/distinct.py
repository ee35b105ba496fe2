"""`countDistinct(f)`: how many different values, by the language's equality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights import values
from cwnb.insights.engine.aggregates import fingerprints
from cwnb.insights.engine.aggregates.aggregation import Aggregation, Array, Long, present_values
from cwnb.insights.engine.commands.grouping import Groups, group_rows
from cwnb.insights.functions import aggregation

if TYPE_CHECKING:
    from cwnb.insights.engine.order import RowOrder

# Tasks with fewer rows compare the texts themselves, which is exact.
_ROWS_FOR_FINGERPRINTS = 20_000


@dataclass
class Fingerprints:
    """The fingerprints of the distinct values; `prints[i]` belongs to group `codes[i]`."""

    prints: Array
    codes: Array

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        return int(self.prints.nbytes + self.codes.nbytes)


@aggregation("countDistinct(any field) -> number")
class CountDistinct(Aggregation):
    """Count the distinct values; missing ones do not count.

    Many different texts are counted by their fingerprints.
    """

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Long | Fingerprints:  # noqa: ARG002
        """Give the distinct values of each group."""
        present, codes, _ = present_values(value, groups.codes)
        key = values.equality_key(present)
        if (
            pa.types.is_string(key.type)
            and len(key) >= _ROWS_FOR_FINGERPRINTS
            and fingerprints.are_short(key)
        ):
            return _distinct_prints(fingerprints.fingerprints(key), codes, groups.count)
        return _distinct(key, codes, groups.count)

    def merge(
        self, states: list[Long | Fingerprints], maps: list[Array], count: int
    ) -> Long | Fingerprints:
        """Give the distinct values of each merged group."""
        exact = [state for state in states if isinstance(state, Long)]
        if len(exact) == len(states):
            joined = Long.joined(exact, maps)
            key = joined.value
            if len({state.value.type for state in exact}) > 1:
                key = values.equality_key(key)
            return _distinct(key, joined.codes, count)
        printed = [_as_fingerprints(state) for state in states]
        if count == 1:
            different = fingerprints.merged([state.prints for state in printed])
            return Fingerprints(different, np.zeros(len(different), dtype=np.int8))
        codes = [where[state.codes] for state, where in zip(printed, maps, strict=True)]
        prints = np.concatenate([state.prints for state in printed])
        return _distinct_prints(prints, np.concatenate(codes), count)

    def final(self, state: Long | Fingerprints, count: int) -> Any:
        """Give the number of distinct values as int64."""
        return pa.array(np.bincount(state.codes, minlength=count), pa.int64())


def _as_fingerprints(state: Long | Fingerprints) -> Fingerprints:
    """Give a state as fingerprints, ascending within each group, as `merged` needs them."""
    if isinstance(state, Fingerprints):
        return state
    prints = fingerprints.fingerprints(values.to_text(values.decode(state.value)))
    order = np.lexsort((prints, state.codes))
    return Fingerprints(prints[order], state.codes[order])


def _distinct_prints(prints: Array, codes: Array, count: int) -> Fingerprints:
    if count <= 1:
        different = fingerprints.distinct(prints)
        return Fingerprints(different, np.zeros(len(different), dtype=np.int8))
    order = np.lexsort((prints, codes))
    prints, codes = prints[order], codes[order]
    new = np.ones(len(prints), dtype=bool)
    new[1:] = (prints[1:] != prints[:-1]) | (codes[1:] != codes[:-1])
    return Fingerprints(prints[new], codes[new])


def _distinct(key: Any, codes: Array, count: int) -> Long:
    if count == 1 and not pa.types.is_dictionary(key.type):
        different = pc.unique(key)
        return Long(different, np.zeros(len(different), dtype=np.int64))
    pairs = group_rows([pa.array(codes), key], len(codes))
    rows = pairs.first_rows()
    picked = key.take(pa.array(rows))
    if pa.types.is_dictionary(picked.type):
        picked = picked.dictionary_decode()
    return Long(picked, codes[rows])
