"""Values over time for charts: a row of values for each series, on bins that all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import InvalidParameter
from cwnb.events import ALL_TIME
from cwnb.results.rendering import is_time
from cwnb.results.whole_times import FIRST_MS, LAST_MS

if TYPE_CHECKING:
    import pandas as pd

    from cwnb.events import Window
    from cwnb.results.shape import Step

Array = np.ndarray[Any, Any]
# With more bins than this, only those beside a bin with a value are filled, which looks the same.
_MOST_BINS = 20_000
_MISSING = -(2**63)


@dataclass
class Series:
    """What a chart draws as one line or one colour of bars: floats, NaN where there is no value.

    `additive`: its values may be added up, so it can be part of a stack. `rows` has the row of the
    answer that each value is; -1 where it is that of none or of several.
    """

    name: str
    heights: Array
    additive: bool = False
    rows: Array | None = None

    @property
    def low(self) -> float:
        """Give the least value; 0 without any."""
        return float(np.nanmin(self.heights)) if self.values else 0.0

    @property
    def magnitude(self) -> float:
        """Give the greatest absolute value; 0 without any."""
        return float(np.nanmax(np.abs(self.heights))) if self.values else 0.0

    @property
    def is_whole(self) -> bool:
        """Tell whether all values are whole numbers."""
        present = self.heights[~np.isnan(self.heights)]
        return bool((present == np.floor(present)).all())

    @property
    def values(self) -> int:
        """Give how many bins have a value."""
        return int((~np.isnan(self.heights)).sum())

    def isolated(self) -> Array:
        """Tell which points have no neighbour to draw a line to."""
        missing = np.isnan(self.heights)
        before = np.concatenate([[True], missing[:-1]])
        after = np.concatenate([missing[1:], [True]])
        return np.asarray(~missing & before & after)


def bins_between(times_ms: Array, step: Step | None, window: Window = ALL_TIME) -> Array:
    """Give the bins from the first to the last of these times, and to the ends of a window.

    `times_ms` are starts of bins, and `step` is their distance; without one, or where the times do
    not keep to it, the bins are these times. Where there are too many, they are those with a time,
    their neighbours, and the first and the last.
    """
    times = np.unique(times_ms)
    if step is None or not len(times):
        return times
    count = step.months or step.ms
    count_of, time_of = (_month_number, _month_start) if step.months else (_same, _same)
    numbers = count_of(times)
    anchor = int(numbers[0])
    if ((numbers - anchor) % count).any() or (time_of(numbers) != times).any():
        return times
    first, last = anchor, int(numbers[-1])
    if window.start_ms > ALL_TIME.start_ms:
        start = int(count_of(np.array([max(window.start_ms, FIRST_MS)]))[0])
        first = min(first, anchor + (start - anchor) // count * count)
    if window.end_ms < ALL_TIME.end_ms:
        end = int(count_of(np.array([min(window.end_ms - 1, LAST_MS)]))[0])
        last = max(last, anchor + (end - anchor) // count * count)
    if (last - first) // count < _MOST_BINS:
        return time_of(np.arange(first, last + 1, count))
    near = np.concatenate([numbers - count, numbers, numbers + count, [first, last]])
    return time_of(np.unique(near[(near >= first) & (near <= last)]))


def lengths_of(bins: Array, step: Step) -> Array:
    """Give the length of each bin in milliseconds."""
    if step.months:
        return _month_start(_month_number(bins) + step.months) - bins
    return np.full(len(bins), step.ms)


def _same(times_ms: Array) -> Array:
    return times_ms


def _month_number(times_ms: Array) -> Array:
    return times_ms.astype("datetime64[ms]").astype("datetime64[M]").astype("int64")


def _month_start(months: Array) -> Array:
    return np.asarray(months.astype("datetime64[M]").astype("datetime64[ms]").astype("int64"))


def epoch_ms(times: pd.Series) -> Array:
    """Give a column of times as int64 milliseconds; a missing one is the least int64."""
    # Not by pandas, which wraps times outside of the years 1677 to 2262 around.
    array = pa.array(times, from_pandas=True)
    whole = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    ms = whole.cast(pa.timestamp("ms", whole.type.tz), safe=False).cast(pa.int64())
    return np.asarray(ms.fill_null(_MISSING))


def drawable_times(times: pd.Series, name: str) -> tuple[Array, Array]:
    """Give the times of a column that has some, and which rows have one.

    Raises InvalidParameter for a column without times, and for times that have no date.
    """
    if not times.notna().any():
        raise InvalidParameter(f"cannot draw a result in which no row has a time in {name!r}")
    if not is_time(times):
        raise InvalidParameter(f"cannot draw {name!r} as times: it holds other values")
    times_ms = epoch_ms(times)
    present = times_ms != _MISSING
    found = times_ms[present]
    if found.min() < FIRST_MS or found.max() > LAST_MS:
        raise InvalidParameter(
            f"cannot draw the times in {name!r}: some lie outside of the years 2 to 9998"
        )
    return found, present
