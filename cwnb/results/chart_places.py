"""What stands at a point of a chart: which row of the answer, and which bin of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.results.bar_charts import LABEL_SHARE
from cwnb.results.series import lengths_of
from cwnb.results.time_bars import days_of, widths

if TYPE_CHECKING:
    from cwnb.results.axes import Chart
    from cwnb.results.panels import Panel
    from cwnb.results.series import Array

# Pixels: so near to a line is on it.
_NEAR = 12


@dataclass(frozen=True)
class ChartPlace:
    """What a point of a chart shows.

    `row` is the row of the answer, counted from 0; None where the point shows none or several.
    `bin_ms` are the first and, not included, the last millisecond of the bin of time; None where
    the bin has no length, and in charts that are not over time.
    """

    row: int | None
    bin_ms: tuple[int, int] | None


def place_at(chart: Chart, x: float, y: float) -> ChartPlace | None:
    """Give what stands at a point of a chart that has been drawn; None where nothing does.

    `x` and `y` are shares (0 to 1) of the picture's width from the left and height from the top.
    """
    point = x * chart.bbox.width, (1 - y) * chart.bbox.height
    for drawn in chart.drawn:
        if drawn.axes.bbox.contains(*point):
            if drawn.kind in {"upright", "lying"}:
                return _bar_at(drawn.axes, drawn.panel, point, lies=drawn.kind == "lying")
            return _time_at(drawn.axes, drawn.panel, point, drawn.kind)
    return None


def _bar_at(
    axes: Any, panel: Panel, point: tuple[float, float], *, lies: bool
) -> ChartPlace | None:
    """Find the bar of a label; beyond its end counts too, for a short one is hard to hit."""
    across, along = axes.transData.inverted().transform(point)
    at = along if lies else across
    label = round(at)
    if not 0 <= label < len(panel.times_ms) or abs(at - label) > LABEL_SHARE / 2:
        return None
    count = len(panel.series)
    series = min(int((at - label + LABEL_SHARE / 2) / (LABEL_SHARE / count)), count - 1)
    return ChartPlace(_row(panel, series, label), _bin(panel, label) if panel.step else None)


def _time_at(axes: Any, panel: Panel, point: tuple[float, float], kind: str) -> ChartPlace | None:
    day, value = axes.transData.inverted().transform(point)
    days = days_of(panel.times_ms)
    if kind == "line":
        place = int(np.argmin(np.abs(days - day)))
    else:
        place = int(np.searchsorted(days, day, side="right")) - 1
        if place < 0 or day >= days[place] + widths(panel)[place]:
            return None
    heights = np.array([series.heights[place] for series in panel.series])
    share = (day - days[place]) / widths(panel)[place]
    series = _series_at(axes, heights, value, share, kind)
    row = None if series is None else _row(panel, series, place)
    return ChartPlace(row, _bin(panel, place))


def _series_at(axes: Any, heights: Array, value: float, share: float, kind: str) -> int | None:
    """Tell which of the series of a bin is meant: the only one, else that at the point."""
    if len(heights) == 1:
        return 0
    if kind in {"line", "area"}:
        points = axes.transData.transform([(0, 0 if np.isnan(h) else h) for h in heights])[:, 1]
        far = np.where(np.isnan(heights), np.inf, np.abs(points - _pixel(axes, value)))
        nearest = int(np.argmin(far))
        return nearest if far[nearest] <= _NEAR or kind == "area" else None
    if kind == "bar":
        return min(int(share * len(heights)), len(heights) - 1)
    same_side = np.nan_to_num(np.where(heights * value >= 0, heights, 0))
    reached = np.flatnonzero(np.abs(np.cumsum(same_side)) >= abs(value))
    return int(reached[0]) if len(reached) else None


def _pixel(axes: Any, value: float) -> float:
    found: float = axes.transData.transform((0, value))[1]
    return found


def _row(panel: Panel, series: int, place: int) -> int | None:
    rows = panel.series[series].rows
    return None if rows is None or rows[place] < 0 else int(rows[place])


def _bin(panel: Panel, place: int) -> tuple[int, int] | None:
    if panel.step is None:
        return None
    start = int(panel.times_ms[place])
    return start, start + int(lengths_of(panel.times_ms, panel.step)[place])
