"""Aggregations that add up: counts, sums, means and variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.engine.aggregates.aggregation import Aggregation, Array, present_numbers
from cwnb.insights.functions import aggregation

if TYPE_CHECKING:
    from cwnb.insights.engine.commands.grouping import Groups
    from cwnb.insights.engine.order import RowOrder


def _add_up(parts: list[Array], maps: list[Array], count: int) -> Array:
    total = np.zeros(count, dtype=np.result_type(*parts))
    for part, where in zip(parts, maps, strict=True):
        np.add.at(total, where, part)
    return total


@aggregation("count([any field = *]) -> number", stackable=True)
class Count(Aggregation):
    """Count the rows, or those that have the field."""

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Array:  # noqa: ARG002
        """Count per group."""
        if value is None or not value.null_count:
            return groups.sizes
        present = np.asarray(pc.is_valid(value))
        return np.bincount(groups.codes[present], minlength=groups.count)

    def merge(self, states: list[Array], maps: list[Array], count: int) -> Array:
        """Add the counts."""
        return _add_up(states, maps, count)

    def final(self, state: Array, count: int) -> Any:  # noqa: ARG002
        """Give int64."""
        return pa.array(state, pa.int64())


@dataclass
class Total:
    """For each group: the exact sum of its integers, the sum of its doubles, and two counts."""

    whole: Array  # sums of integers: int64, or Python integers if int64 could overflow
    real: Array  # sums of doubles
    seen: Array  # counts of numbers
    reals: Array  # counts of doubles

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        return int(self.whole.nbytes * 4 + self.real.nbytes * 3)


@aggregation("sum(number field) -> number", stackable=True)
class Sum(Aggregation):
    """Add up the numbers, integers exactly; missing if there is none."""

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Total:  # noqa: ARG002
        """Sum per group."""
        number, codes = present_numbers(value, groups)
        count = groups.count
        seen = np.bincount(codes, minlength=count)
        nothing = np.zeros(count, dtype=np.int64)
        if pa.types.is_int64(number.type):
            whole = _exact_sums(np.asarray(number), codes, count)
            return Total(whole, np.zeros(count), seen, nothing)
        # Without rows, bincount gives integers.
        real = np.bincount(codes, weights=np.asarray(number), minlength=count).astype(np.float64)
        return Total(nothing, real, seen, seen)

    def merge(self, states: list[Total], maps: list[Array], count: int) -> Total:
        """Add the sums."""
        exact = [state.whole for state in states]
        largest = sum(max(abs(int(w.max())), abs(int(w.min()))) for w in exact if len(w))
        if largest >= 2**63:
            exact = [whole.astype(object) for whole in exact]
        whole = np.zeros(count, dtype=object if largest >= 2**63 else np.int64)
        for part, where in zip(exact, maps, strict=True):
            np.add.at(whole, where, part)
        return Total(
            whole,
            _add_up([state.real for state in states], maps, count),
            _add_up([state.seen for state in states], maps, count),
            _add_up([state.reals for state in states], maps, count),
        )

    def final(self, state: Total, count: int) -> Any:  # noqa: ARG002
        """Give int64 where every number was an integer and the sum fits, else double."""
        empty = state.seen == 0
        fits = state.whole.dtype != object or all(abs(n) < 2**63 for n in state.whole)
        if not state.reals.any() and fits:
            return pa.array(state.whole.astype(np.int64), mask=empty)
        return pa.array(state.whole.astype(np.float64) + state.real, mask=empty)


def _exact_sums(numbers: Array, codes: Array, count: int) -> Array:
    """Sum int64 per group without rounding; bincount adds doubles, which are exact to 2**53."""
    if not len(numbers):
        return np.zeros(count, dtype=np.int64)
    largest = max(abs(int(numbers.max())), abs(int(numbers.min())))
    if largest * len(numbers) < 2**53:
        return np.bincount(codes, weights=numbers, minlength=count).astype(np.int64)
    # Sums of halves of 32 bits are exact for up to two million rows; a task has fewer.
    high = np.bincount(codes, weights=numbers >> 32, minlength=count)
    low = np.bincount(codes, weights=numbers & 0xFFFFFFFF, minlength=count)
    total = [int(h) * 2**32 + int(w) for h, w in zip(high, low, strict=True)]
    if all(abs(n) < 2**63 for n in total):
        return np.array(total, dtype=np.int64)
    return np.array(total, dtype=object)


@aggregation("avg(number field) -> number")
class Average(Sum):
    """Give the mean of the numbers."""

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Share the state of Sum."""
        return (Sum, ())

    def final(self, state: Total, count: int) -> Any:  # noqa: ARG002
        """Give the means as doubles."""
        total = state.whole.astype(np.float64) + state.real
        with np.errstate(invalid="ignore", divide="ignore"):
            return pa.array(total / state.seen, mask=state.seen == 0)


@dataclass
class Moments:
    """Count, mean and sum of squared distances from the mean, per group."""

    seen: Array
    mean: Array
    spread: Array

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        return int(self.seen.nbytes * 3)


@aggregation("variance(number field) -> number")
class Variance(Aggregation):
    """Give the variance of the population."""

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Moments:  # noqa: ARG002
        """Give the moments per group."""
        number, codes = present_numbers(value, groups)
        data = np.asarray(number).astype(np.float64)
        seen = np.bincount(codes, minlength=groups.count)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(codes, weights=data, minlength=groups.count) / seen
        mean = np.where(seen == 0, 0.0, mean)
        away = data - mean[codes]
        return Moments(seen, mean, np.bincount(codes, weights=away * away, minlength=groups.count))

    def merge(self, states: list[Moments], maps: list[Array], count: int) -> Moments:
        """Combine by the formula of Chan et al., which does not subtract large squares."""
        total = Moments(np.zeros(count, dtype=np.int64), np.zeros(count), np.zeros(count))
        for state, where in zip(states, maps, strict=True):
            before, added = total.seen[where], state.seen
            both = np.maximum(before + added, 1)
            step = state.mean - total.mean[where]
            total.spread[where] += state.spread + step * step * before * added / both
            total.mean[where] += step * added / both
            total.seen[where] += added
        return total

    def final(self, state: Moments, count: int) -> Any:  # noqa: ARG002
        """Give the means as doubles."""
        return pa.array(state.spread / np.maximum(state.seen, 1), mask=state.seen == 0)


@aggregation("stddev(number field) -> number")
class Deviation(Variance):
    """Give the standard deviation of the population."""

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Share the state of Variance."""
        return (Variance, ())

    def final(self, state: Moments, count: int) -> Any:
        """Give the means as doubles."""
        return pc.sqrt(super().final(state, count))
