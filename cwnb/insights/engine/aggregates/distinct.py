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
from cwnb.insights.values.hashing import number_rows

if TYPE_CHECKING:
    from cwnb.insights.engine.order import RowOrder

# Tasks with fewer rows compare the texts themselves, which is exact.
_ROWS_FOR_FINGERPRINTS = 20_000
# Texts of a dictionary are compared by their fingerprints from so many on, because to join the
# dictionaries of several tasks takes longer.
_TEXTS_FOR_FINGERPRINTS = 8192
# Pairs of a group and a text are told apart by a table with a byte for each that can be, if it has
# at most so many, else by hashing.
_DENSE = 1 << 24


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
        if pa.types.is_dictionary(key.type):
            return _distinct_of_dictionary(key, codes, groups.count)
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
    if not len(prints):
        return Fingerprints(prints, codes)
    _, first = number_rows([prints, codes.astype(np.uint64)])
    return Fingerprints(prints[first], codes[first])


def _distinct_of_dictionary(key: Any, codes: Array, count: int) -> Long | Fingerprints:
    """Give the distinct values of each group of a dictionary, by the codes of its texts."""
    texts = key.dictionary
    pairs = codes * len(texts)
    pairs += np.asarray(key.indices)
    pairs = _distinct_numbers(pairs, count * len(texts))
    groups, own = np.divmod(pairs, max(1, len(texts)))
    whole = len(own) > len(texts)  # else only the texts that occur are looked at
    some = texts if whole else texts.take(pa.array(own))
    if len(own) >= _TEXTS_FOR_FINGERPRINTS and fingerprints.are_short(some):
        prints = fingerprints.fingerprints(some)
        prints = prints[own] if whole else prints
        # Those of one group ascend, as `merged` needs them.
        return Fingerprints(prints if count > 1 else np.sort(prints), groups)
    return Long(some.take(pa.array(own)) if whole else some, groups)


def _distinct_numbers(numbers: Array, size: int) -> Array:
    """Give the different ones of some numbers from 0 to below `size`."""
    if size <= _DENSE:
        there = np.zeros(size, dtype=bool)
        there[numbers] = True
        return np.flatnonzero(there)
    _, first = number_rows([numbers.view(np.uint64)])
    different: Array = numbers[first]
    return different


def _distinct(key: Any, codes: Array, count: int) -> Long:
    if pa.types.is_dictionary(key.type):
        key = values.decode(key)
    if count == 1:
        different = pc.unique(key)
        return Long(different, np.zeros(len(different), dtype=np.int64))
    pairs = group_rows([pa.array(codes), key], len(codes))
    rows = pairs.first_rows()
    return Long(key.take(pa.array(rows)), codes[rows])
