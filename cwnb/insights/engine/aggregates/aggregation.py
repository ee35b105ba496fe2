"""What an aggregation is: a partial state per task, a merge, a final column.

A state has one entry per group, or entries in long form that each name their group. `merge` gets
the states with, for each, the map from its groups to those of the whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.engine import columns
from cwnb.insights.engine.order import Ranks, RowOrder

if TYPE_CHECKING:
    from cwnb.insights.engine.grouping import Groups
    from cwnb.insights.functions import Function

Numbers = np.ndarray[Any, Any]


class Aggregation(ABC):
    """One aggregation of a query, made with its literal arguments; instances are small and pickle.

    Subclasses are entered in the function table by `functions.aggregation`, which sets `function`.
    """

    function: ClassVar[Function]

    def __init__(self, *literals: Any) -> None:
        self.literals = literals

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Name the kind of state: aggregations of one kind over one value are computed once.

        A class whose state does not depend on its literals, or is that of another class, says so by
        giving another key.
        """
        return (type(self), self.literals)

    @abstractmethod
    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Any:
        """Give the state of one task's rows.

        `value`: an array in the kind that the signature asks for; None for `*`.
        """

    @abstractmethod
    def merge(self, states: list[Any], maps: list[Numbers], count: int) -> Any:
        """Give the state of all."""

    @abstractmethod
    def final(self, state: Any, count: int) -> Any:
        """Give an array with a value per group."""


def present_numbers(number: Any, groups: Groups) -> tuple[Any, Numbers]:
    """Give the numbers of an int64 or double array that are there, and their groups."""
    if not number.null_count:
        return number, groups.codes
    present = np.asarray(pc.is_valid(number))
    return number.filter(pa.array(present)), groups.codes[present]


def present_values(value: Any, codes: Numbers) -> tuple[Any, Numbers, Numbers]:
    """Give the values that are there, their groups and their rows."""
    if not value.null_count:
        return value, codes, np.arange(len(value), dtype=np.int64)
    rows = np.flatnonzero(np.asarray(pc.is_valid(value)))
    return value.take(pa.array(rows)), codes[rows], rows


@dataclass
class Long:
    """Values in long form: `value[i]` belongs to group `codes[i]` and has `ranks[i]`."""

    value: Any
    codes: Numbers
    ranks: Ranks | None = None
    weight: Numbers | None = None

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        ranks = self.ranks.nbytes if self.ranks else 0
        return columns.nbytes(self.value) + int(self.codes.nbytes) + ranks

    @staticmethod
    def joined(states: list[Long], maps: list[Numbers]) -> Long:
        """Put states behind each other, in the groups of the whole."""
        ranks = [s.ranks for s in states if s.ranks is not None]
        weights = [s.weight for s in states if s.weight is not None]
        return Long(
            columns.concat([s.value for s in states]),
            np.concatenate([where[s.codes] for s, where in zip(states, maps, strict=True)]),
            Ranks.concat(ranks) if ranks else None,
            np.concatenate(weights) if weights else None,
        )

    def per_group(self, count: int) -> Any:
        """Give an array with a value per group, for states that have at most one each."""
        where = np.full(count, -1, dtype=np.int64)
        where[self.codes] = np.arange(len(self.codes))
        absent = where < 0
        if not absent.any():
            return self.value.take(pa.array(where))
        return self.value.take(pa.array(where, mask=absent))
