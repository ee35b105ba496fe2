"""Aggregations that add up: counts, sums, means and variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import EXACT_DOUBLE
from cwnb.insights import values
from cwnb.insights.engine.aggregates.aggregation import Aggregation, Array, present_numbers
from cwnb.insights.engine.commands.grouping import first_of
from cwnb.insights.functions import aggregation
from cwnb.insights.values.arithmetic import without_nan
from cwnb.insights.values.numbers import (
    DOUBLE,
    INT64_MAX,
    INT64_MIN,
    INTEGER,
    MISSING,
    Numbers,
)

if TYPE_CHECKING:
    from cwnb.events import Summary
    from cwnb.insights.engine.commands.grouping import Groups
    from cwnb.insights.engine.order import RowOrder


# The mean and the squares of smaller numbers are exact enough in doubles.
_SMALL = 2**32
# Integers that are no further apart than this have a difference in int64.
_NEAR = 2.0**62


def _add_up(parts: list[Array], maps: list[Array], count: int) -> Array:
    total = np.zeros(count, dtype=np.result_type(*parts))
    with np.errstate(all="ignore"):
        for part, where in zip(parts, maps, strict=True):
            np.add.at(total, where, part)
    return total


@aggregation("count([any field = *]) -> number", stackable=True)
class Count(Aggregation):
    """Count the rows, or those that have the field."""

    of_bounds = False

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Array:  # noqa: ARG002
        """Count per group."""
        if value is None or not value.null_count:
            return groups.sizes
        present = values.rows_present(value)
        return np.bincount(groups.codes[present], minlength=groups.count)

    def of_summary(self, summary: Summary, groups: Groups) -> Array:  # noqa: ARG002
        """Give the count that is known."""
        return np.array([summary.present])

    def merge(self, states: list[Array], maps: list[Array], count: int) -> Array:
        """Add the counts."""
        return _add_up(states, maps, count)

    def final(self, state: Array, count: int) -> Any:  # noqa: ARG002
        """Give int64."""
        return pa.array(state, pa.int64())


@dataclass
class Total:
    """For each group: the exact sum of its integers, the sum of its doubles, and their counts."""

    whole: Array  # sums of integers: int64, or Python integers if int64 could overflow
    real: Array  # sums of doubles, without what is in `whole`
    seen: Array  # how many numbers, of both kinds
    reals: Array  # how many of them came from columns of doubles

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        return int(self.whole.nbytes * 4 + self.real.nbytes * 3)


@aggregation("sum(number field) -> number", stackable=True)
class Sum(Aggregation):
    """Add up the numbers; missing if there is none.

    The sum of integers is exact within int64, and a double beyond it, whatever other groups hold.
    """

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Total:  # noqa: ARG002
        """Sum per group."""
        number, codes = present_numbers(value, groups)
        count = groups.count
        # Without missing values every row counts, and the groups have been counted.
        all_there = codes is groups.codes
        seen = groups.sizes if all_there else np.bincount(codes, minlength=count)
        nothing = np.zeros(count, dtype=np.int64)
        if pa.types.is_int64(number.type):
            whole = _exact_sums(np.asarray(number), codes, count)
            return Total(whole, np.zeros(count), seen, nothing)
        if pa.types.is_float64(number.type) and _adds_exactly(number):
            # Without rows, bincount gives integers.
            total = np.bincount(codes, weights=np.asarray(number), minlength=count)
            real = total.astype(np.float64)
            # A whole sum may be one of integers, so it is kept as an integer.
            is_whole = np.floor(real) == real
            whole = np.where(is_whole, real, 0).astype(np.int64)
            return Total(whole, np.where(is_whole, 0.0, real), seen, seen)
        found = values.as_numbers(number)
        is_whole = found.form == INTEGER
        whole = _exact_sums(found.integers[is_whole], codes[is_whole], count)
        rest = np.where(is_whole, 0.0, found.doubles)
        return Total(whole, np.bincount(codes, weights=rest, minlength=count), seen, seen)

    def merge(self, states: list[Total], maps: list[Array], count: int) -> Total:
        """Add the sums."""
        exact = [state.whole for state in states]
        could_overflow = _largest_sum(exact, maps) >= 2**63
        if could_overflow:
            exact = [whole.astype(object) for whole in exact]
        whole = np.zeros(count, dtype=object if could_overflow else np.int64)
        for part, where in zip(exact, maps, strict=True):
            np.add.at(whole, where, part)
        return Total(
            whole,
            _add_up([state.real for state in states], maps, count),
            _add_up([state.seen for state in states], maps, count),
            _add_up([state.reals for state in states], maps, count),
        )

    def final(self, state: Total, count: int) -> Any:  # noqa: ARG002
        """Give int64 where the sum of integers fits, else double."""
        with np.errstate(all="ignore"):
            total = state.whole.astype(np.float64) + state.real
        empty = (state.seen == 0) | np.isnan(total)
        form = np.where(empty, MISSING, np.where(state.real == 0, INTEGER, DOUBLE))
        whole = state.whole
        if whole.dtype == object:
            fits = np.array([INT64_MIN <= n <= INT64_MAX for n in whole], dtype=bool)
            form = np.where((form == INTEGER) & ~fits, DOUBLE, form)
            whole = np.where(fits, whole, 0).astype(np.int64)
        sums = values.number_column(Numbers(form, whole, total))
        # The column of a field with fractions stays one of doubles while they hold all sums.
        if state.reals.any() and pa.types.is_int64(sums.type) and values.fits_double(sums):
            sums = values.to_double(sums)
        return sums


def _largest_sum(parts: list[Array], maps: list[Array]) -> int:
    """Give a number that no sum of a group exceeds."""
    pairs = [(part, where) for part, where in zip(parts, maps, strict=True) if len(part)]
    largest = [max(abs(int(part.max())), abs(int(part.min()))) for part, _ in pairs]
    bound = sum(most * len(where) for most, (_, where) in zip(largest, pairs, strict=True))
    if bound < 2**63:
        return bound
    # A task that did not group its rows has several of one group.
    times = [int(np.bincount(where).max()) for _, where in pairs]
    return sum(most * many for most, many in zip(largest, times, strict=True))


def _adds_exactly(number: Any) -> bool:
    """Tell whether doubles are so small that those which are integers add up exactly."""
    low, high = values.range_of(number)
    return low * len(number) > -EXACT_DOUBLE and high * len(number) < EXACT_DOUBLE


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
        with np.errstate(all="ignore"):
            means = (state.whole.astype(np.float64) + state.real) / state.seen
        return without_nan(pa.array(means, mask=state.seen == 0))


@dataclass
class Moments:
    """Count, mean and sum of squared distances from the mean, per group.

    `mean` is the distance of the mean from `pivot`, an integer near the values. A double would not
    have enough digits for large numbers that differ by little.
    """

    seen: Array
    mean: Array
    spread: Array
    pivot: Array

    @property
    def nbytes(self) -> int:
        """Give the memory held."""
        return int(self.seen.nbytes * 4)


@aggregation("variance(number field) -> number")
class Variance(Aggregation):
    """Give the variance of the population."""

    def partial(self, value: Any, groups: Groups, order: RowOrder) -> Moments:  # noqa: ARG002
        """Give the moments per group."""
        number, codes = present_numbers(value, groups)
        data, pivot = _from_pivots(number, codes, groups.count)
        seen = np.bincount(codes, minlength=groups.count)
        with np.errstate(all="ignore"):
            mean = np.bincount(codes, weights=data, minlength=groups.count) / seen
            mean = np.where(seen == 0, 0.0, mean)
            away = data - mean[codes]
            spread = np.bincount(codes, weights=away * away, minlength=groups.count)
        return Moments(seen, mean, spread, pivot)

    def merge(self, states: list[Moments], maps: list[Array], count: int) -> Moments:
        """Combine by the formula of Chan et al., which does not subtract large squares."""
        nothing = np.zeros(count, dtype=np.int64)
        total = Moments(nothing, np.zeros(count), np.zeros(count), nothing.copy())
        for each, into in zip(states, maps, strict=True):
            state, where = _gathered(each, into)
            before, added = total.seen[where], state.seen
            both = np.maximum(before + added, 1)
            own = np.where(before == 0, state.pivot, total.pivot[where])
            total.pivot[where] = own
            mean = state.mean
            if (state.pivot != own).any():
                mean = mean + (state.pivot.astype(object) - own.astype(object)).astype(np.float64)
            with np.errstate(all="ignore"):
                step = mean - total.mean[where]
                total.spread[where] += state.spread + step * step * before * added / both
                total.mean[where] += step * added / both
            total.seen[where] += added
        return total

    def final(self, state: Moments, count: int) -> Any:  # noqa: ARG002
        """Give the variances as doubles."""
        return without_nan(pa.array(state.spread / np.maximum(state.seen, 1), mask=state.seen == 0))


def _gathered(state: Moments, where: Array) -> tuple[Moments, Array]:
    """Combine the rows of a state that go into one group, as a task that did not group them has."""
    groups, first, codes = np.unique(where, return_index=True, return_inverse=True)
    if len(groups) == len(where):
        return state, where
    # The pivot of a group is that of its first row with a number.
    with_number = np.flatnonzero(state.seen)
    _, first_seen = np.unique(where[with_number], return_index=True)
    first[np.unique(codes[with_number])] = with_number[first_seen]
    pivot = state.pivot[first]
    away = state.pivot.astype(object) - pivot[codes].astype(object)
    means = state.mean + away.astype(np.float64)
    seen = np.bincount(codes, weights=state.seen).astype(np.int64)
    with np.errstate(all="ignore"):
        mean = np.bincount(codes, weights=means * state.seen) / np.maximum(seen, 1)
        apart = means - mean[codes]
        spread = np.bincount(codes, weights=state.spread + apart * apart * state.seen)
    return Moments(seen, mean, spread, pivot), groups


def _from_pivots(number: Any, codes: Array, count: int) -> tuple[Array, Array]:
    """Give the numbers as doubles less the pivot of their group, and the pivots.

    A pivot is an integer near the values of its group: the first one, or 0.
    """
    pivot = np.zeros(count, dtype=np.int64)
    if not values.is_mixed(number.type):
        data = np.asarray(number)
        if not len(data) or (data.min() > -_SMALL and data.max() < _SMALL):
            return data.astype(np.float64), pivot
    found = values.as_numbers(number)
    first = first_of(codes, count)
    there = (first >= 0) & (found.form[first] == INTEGER)
    pivot[there] = found.integers[first[there]]
    data = found.doubles - pivot[codes].astype(np.float64)
    is_whole = found.form == INTEGER
    away = found.integers - pivot[codes]
    # A difference that overflows is so large that its double is close enough.
    near = is_whole & (np.abs(data) < _NEAR)
    return np.where(near, away.astype(np.float64), data), pivot


@aggregation("stddev(number field) -> number")
class Deviation(Variance):
    """Give the standard deviation of the population."""

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Share the state of Variance."""
        return (Variance, ())

    def final(self, state: Moments, count: int) -> Any:
        """Give the standard deviations as doubles."""
        return pc.sqrt(super().final(state, count))
