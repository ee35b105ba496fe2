"""Aggregations of time series: `rate`, `countOverTime` and `sumOverTime`.

The documentation speaks of bins, and the service takes them as `count` and `sum` with any keys.
Source: CWL_QuerySyntax-timeseries-functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from cwnb.insights.engine.aggregates.extremes import edges, oldest_or_newest
from cwnb.insights.engine.aggregates.sums import Count, Sum
from cwnb.insights.functions import Reads, aggregation
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from cwnb.insights.engine.commands.grouping import Groups
    from cwnb.insights.engine.order import RowOrder


@aggregation("countOverTime([any field = *]) -> number", stackable=True)
class CountOverTime(Count):
    """Count the rows of each bin, or those that have the field, as `count` does."""

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Share the state of Count."""
        return (Count, ())


@aggregation("sumOverTime(number field) -> number", stackable=True)
class SumOverTime(Sum):
    """Add up the numbers of each bin, as `sum` does; missing if there is none."""

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Share the state of Sum."""
        return (Sum, ())


@dataclass
class Ends:
    """The oldest and the newest number of each group; the weight of each is its time in ms."""

    oldest: Long
    newest: Long

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        return self.oldest.nbytes + self.newest.nbytes


@aggregation("rate(number field, period period) -> number", reads=Reads.EVENT_TIME)
class Rate(Aggregation):
    """Give how much a number changes in each period, from the earliest event to the latest one.

    0 where a group has one event with a number, or all at one time.
    """

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Give the same key for all periods, so that they share one state."""
        return (Rate,)

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Ends:
        """Give the oldest and the newest number of each group."""
        number, codes, present = present_values(value, groups.codes)
        rows = rows_at(present, np.arange(len(number)))
        times = order.epoch_ms(rows)
        if times.null_count:
            timed = np.flatnonzero(np.asarray(times.is_valid()))
            number, times = number.take(pa.array(timed)), times.take(pa.array(timed))
            codes, rows = codes[timed], rows[timed]

        def end(*, newest: bool) -> Long:
            one = np.arange(len(rows))
            if not order.in_memory and len(rows):
                one = edges(codes, groups.count, newest=newest)
            ranks = order.times(rows[one])
            state = Long(number.take(pa.array(one)), codes[one], ranks, np.asarray(times)[one])
            return oldest_or_newest(state, groups.count, newest=newest)

        return Ends(end(newest=False), end(newest=True))

    def merge(self, states: list[Ends], maps: list[Array], count: int) -> Ends:
        """Give the oldest and the newest number of each merged group."""
        oldest = Long.joined([state.oldest for state in states], maps)
        newest = Long.joined([state.newest for state in states], maps)
        return Ends(
            oldest_or_newest(oldest, count, newest=False),
            oldest_or_newest(newest, count, newest=True),
        )

    def final(self, state: Ends, count: int) -> Any:
        """Give the differences as doubles, divided by the number of periods."""
        ((length, unit),) = self.literals
        there = np.zeros(count, dtype=bool)
        elapsed = np.zeros(count, dtype=np.int64)
        for end, sign in ((state.newest, 1), (state.oldest, -1)):
            assert end.weight is not None
            elapsed[end.codes] += sign * end.weight
            there[end.codes] = True
        change = values.arithmetic(
            "-", state.newest.per_group(count), state.oldest.per_group(count)
        )
        periods = pa.array(elapsed / (length * UNIT_MS[unit]), mask=elapsed == 0)
        rates = values.to_double(values.arithmetic("/", change, periods))
        still = pa.array(there & (elapsed == 0))
        return pc.if_else(still, pa.scalar(0.0), rates)
