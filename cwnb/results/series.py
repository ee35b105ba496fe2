"""Values over time for charts: sorted, evenly spaced, with NaN for periods without a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.errors import InvalidParameter
from cwnb.events import TIMESTAMP
from cwnb.results.periods import period_for

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, Any]
_DAY_MS = 86_400_000
_MOST_POINTS = 20_000


@dataclass
class Series:
    """The points that a chart draws as one line or one colour of bars.

    `times_ms` are epoch milliseconds, ascending, `heights` floats with NaN for missing values.
    `period_ms` is the distance of the points if it is fixed. `additive`: values may be stacked.
    """

    name: str
    times_ms: Array
    heights: Array
    period_ms: int | None = None
    additive: bool = False

    @property
    def low(self) -> float:
        """Give the least value."""
        finite = self.heights[np.isfinite(self.heights)]
        return float(finite.min()) if len(finite) else 0.0

    @property
    def magnitude(self) -> float:
        """Give the greatest absolute value."""
        finite = self.heights[np.isfinite(self.heights)]
        return float(np.abs(finite).max()) if len(finite) else 0.0

    @property
    def total(self) -> float:
        """Give the sum, by which series are ranked."""
        return float(np.nansum(self.heights))

    def with_gaps(self) -> tuple[Array, Array]:
        """Give times as datetime64, and values; a period without a value is there as NaN."""
        times, values = self.times_ms, self.heights
        step = self.period_ms
        if step and len(times) > 1 and (times[-1] - times[0]) // step < _MOST_POINTS:
            every = np.arange(times[0], times[-1] + 1, step)
            if np.isin(times, every).all():
                filled = np.full(len(every), np.nan)
                filled[np.searchsorted(every, times)] = values
                times, values = every, filled
        return times.astype("datetime64[ms]"), values

    def isolated(self) -> Array:
        """Tell which points of `with_gaps` have no neighbour to draw a line to."""
        missing = np.isnan(self.with_gaps()[1])
        before = np.concatenate([[True], missing[:-1]])
        after = np.concatenate([missing[1:], [True]])
        return np.asarray(~missing & before & after)

    @staticmethod
    def aligned(series: list[Series]) -> tuple[Array, Array]:
        """Give the times of all as matplotlib days, and a row of values for each series."""
        times = np.unique(np.concatenate([s.times_ms for s in series]))
        rows = np.full((len(series), len(times)), np.nan)
        for row, one in zip(rows, series, strict=True):
            row[np.searchsorted(times, one.times_ms)] = one.heights
        return times / _DAY_MS, rows

    @staticmethod
    def summed(series: list[Series], name: str) -> Series:
        """Add several series up into one."""
        days, rows = Series.aligned(series)
        times = np.rint(days * _DAY_MS).astype("int64")
        return Series(name, times, np.nansum(rows, axis=0), series[0].period_ms, True)


def series_over_time(
    times: pd.Series, heights: Array, period_ms: int | None, name: str, additive: bool
) -> Series:
    """Make a series of the values at these times, sorted; rows without a time are left out."""
    times_ms = epoch_ms(times)
    present = times_ms != _MISSING
    order = np.argsort(times_ms[present], kind="stable")
    return Series(name, times_ms[present][order], heights[present][order], period_ms, additive)


def histogram(df: pd.DataFrame) -> tuple[Series, int, str]:
    """Count events over time; also give the length and name of the period (see `period_for`)."""
    if TIMESTAMP not in df.columns:
        raise InvalidParameter(
            f"cannot draw events without {TIMESTAMP}; show it, or add a stats command"
        )
    times_ms = epoch_ms(df[TIMESTAMP])
    times_ms = times_ms[times_ms != _MISSING]
    if len(times_ms) == 0:
        raise InvalidParameter(f"cannot draw events that have no {TIMESTAMP}")
    period = period_for(int(times_ms.min()), int(times_ms.max()))
    starts = (times_ms - period.origin_ms) // period.ms * period.ms + period.origin_ms
    bins, counts = np.unique(starts, return_counts=True)
    return (
        Series("events", bins, counts.astype("float64"), period.ms, True),
        period.ms,
        period.name,
    )


def epoch_ms(times: pd.Series) -> Array:
    """Give a time column as int64 milliseconds."""
    import pandas as pd

    stamps = pd.to_datetime(times, utc=True)
    plain = stamps.dt.tz_localize(None).to_numpy(
        dtype="datetime64[ms]", na_value=np.datetime64("NaT")
    )
    return np.asarray(plain).astype("int64")


_MISSING = np.datetime64("NaT").astype("int64")
