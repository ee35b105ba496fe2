"""Aggregation, the base class of aggregations: a state per task, a merge of states, a final column.

A state has one entry per group, or is in long form: any number of entries, each with its group.
`merge` gets the states of several tasks and a map for each: `map[i]` is the merged group to which
group `i` of that state belongs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa

from cwnb.insights import values
from cwnb.insights.engine import columns
from cwnb.insights.engine.order import Ranks, RowOrder

if TYPE_CHECKING:
    from cwnb.events import Summary
    from cwnb.insights.engine.commands.grouping import Groups
    from cwnb.insights.functions import Function

Array = np.ndarray[Any, Any]


class Aggregation(ABC):
    """One aggregation of a query, made with its literal arguments; instances are picklable.

    Subclasses are entered in the function table by `functions.aggregation`, which sets `function`.
    """

    function: ClassVar[Function]
    # Whether it reads the time of the rows that a sort or `tail` has put in another order.
    by_time: ClassVar[bool] = False
    # Whether `of_summary` needs the bounds of a field; None if no summary tells its state.
    of_bounds: ClassVar[bool | None] = None

    def __init__(self, *literals: Any) -> None:
        self.literals = literals

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Give a key; aggregations with the same key and argument have the same state.

        Such a state is computed once. By default the key includes the literals. A class overrides
        this if its state does not depend on them, or is the state of another class too.
        """
        return (type(self), self.literals)

    @abstractmethod
    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Any:
        """Give the state of one task's rows.

        `value`: an array in the kind that the signature asks for; None for `*`.
        """

    def of_summary(self, summary: Summary, groups: Groups) -> Any:  # noqa: ARG002
        """Give the state of the only group out of what is known of a field; None: look at it."""
        return None

    @abstractmethod
    def merge(self, states: list[Any], maps: list[Array], count: int) -> Any:
        """Give one state of the `count` merged groups."""

    @abstractmethod
    def final(self, state: Any, count: int) -> Any:
        """Give the final column, an array with a value per group."""


def present_numbers(number: Any, groups: Groups) -> tuple[Any, Array]:
    """Give the numbers of an int64 or double array without missing ones, and their groups."""
    if not number.null_count:
        return number, groups.codes
    rows = np.flatnonzero(values.rows_present(number))
    return number.take(pa.array(rows)), groups.codes[rows]


def present_values(value: Any, codes: Array) -> tuple[Any, Array, Array | None]:
    """Give the values that are not missing, their groups and their rows; None for all rows."""
    if not value.null_count:
        return value, codes, None
    rows = np.flatnonzero(values.rows_present(value))
    return value.take(pa.array(rows)), codes[rows], rows


def rows_at(rows: Array | None, places: Array) -> Array:
    """Give the rows at these places of what `present_values` gave."""
    return places if rows is None else rows[places]


@dataclass
class Long:
    """Values in long form: `value[i]` belongs to group `codes[i]` and has `ranks[i]`.

    `weight` is an integer for each, such as how often it occurs.
    """

    value: Any
    codes: Array
    ranks: Ranks | None = None
    weight: Array | None = None

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        ranks = self.ranks.nbytes if self.ranks else 0
        weight = 0 if self.weight is None else int(self.weight.nbytes)
        return columns.nbytes(self.value) + int(self.codes.nbytes) + ranks + weight

    @staticmethod
    def joined(states: list[Long], maps: list[Array]) -> Long:
        """Concatenate states, with the numbers of the merged groups."""
        ranks = [s.ranks for s in states if s.ranks is not None]
        weights = [s.weight for s in states if s.weight is not None]
        return Long(
            columns.concat([s.value for s in states]),
            np.concatenate([where[s.codes] for s, where in zip(states, maps, strict=True)]),
            Ranks.concat(ranks) if ranks else None,
            np.concatenate(weights) if weights else None,
        )

    def take(self, rows: Array) -> Long:
        """Give these of its entries."""
        return Long(
            self.value.take(pa.array(rows)),
            self.codes[rows],
            None if self.ranks is None else self.ranks.take(rows),
            None if self.weight is None else self.weight[rows],
        )

    def per_group(self, count: int) -> Any:
        """Give an array with a value per group; for states that have at most one in each."""
        where = np.full(count, -1, dtype=np.int64)
        where[self.codes] = np.arange(len(self.codes))
        absent = where < 0
        if not absent.any():
            return self.value.take(pa.array(where))
        return self.value.take(pa.array(where, mask=absent))
