"""Bars over time: side by side or stacked, and what is drawn of those that are too narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Patch

from cwnb.results.axes import joined
from cwnb.results.series import lengths_of
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from cwnb.results.panels import Panel
    from cwnb.results.series import Array

_DAY_MS = UNIT_MS["d"]
# The time axis has room for so many bars that can be seen.
_COLUMNS = 700
# With more bins than this bars touch each other.
_BARS_APART = 120
# More bars than this are drawn as one outline, because each single one takes time.
_SINGLE_BARS = 2_000
# The width of a bar without neighbours and without a known period.
_LONE_BAR_MS = 3_600_000


def days_of(times_ms: Array) -> Array:
    """Give times as matplotlib counts them: days since 1970."""
    days: Array = times_ms / _DAY_MS
    return days


def widths(panel: Panel) -> Array:
    """Give the length of each bin in days."""
    times = panel.times_ms
    if panel.step is not None:
        return days_of(lengths_of(times, panel.step))
    length = np.diff(times).min() if len(times) > 1 else _LONE_BAR_MS
    return np.full(len(times), length / _DAY_MS)


def note_on_bars(panel: Panel, *, side_by_side: bool) -> str:
    """Say what of the bars is not drawn as it is."""
    front = "bars in front of each other" if side_by_side and _overlap(panel) else ""
    if not are_narrow(panel):
        return front
    has_bar = np.any([np.nan_to_num(series.heights) != 0 for series in panel.series], axis=0)
    places = _places(panel)[has_bar]
    hides = len(np.unique(places)) < len(places)
    return joined(front, "the highest of neighbours" if hides else "")


def draw_side_by_side(axes: Any, panel: Panel) -> list[Any]:
    """Draw the series beside each other, or in front where they have no room; the lowest first."""
    count = len(panel.series)
    if count == 1:
        return draw_stack(axes, panel)
    if not _overlap(panel):
        days, share = days_of(panel.times_ms), widths(panel) * (0.88 / count)
        return [
            axes.bar(
                days + (i + 0.07) * share,
                np.nan_to_num(series.heights),
                share,
                color=colour,
                align="edge",
            )
            for i, (series, colour) in enumerate(zip(panel.series, panel.colours, strict=True))
        ]
    edges, rows = _columns(panel, np.max)
    ranks = np.argsort(np.argsort(-np.abs(rows), axis=0, kind="stable"), axis=0)
    for rank in range(count):
        for row, place, colour in zip(rows, ranks, panel.colours, strict=True):
            _outline(axes, np.where(place == rank, row, 0.0), 0.0, edges, colour)
    return [Patch(color=colour) for colour in panel.colours]


def draw_stack(axes: Any, panel: Panel) -> list[Any]:
    """Draw the series on each other; values below zero hang from it."""
    single = not are_narrow(panel) and len(panel.times_ms) * len(panel.series) <= _SINGLE_BARS
    if single:
        rows = np.nan_to_num(np.stack([series.heights for series in panel.series]))
        full = widths(panel)
        gap = full * (0.06 if 1 < len(full) <= _BARS_APART else 0.0)
        left, shown = days_of(panel.times_ms) + gap, full - 2 * gap
    else:
        edges, rows = _columns(panel, np.sum)
    up, down = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    handles = []
    for heights, colour in zip(rows, panel.colours, strict=True):
        bottom = np.where(heights < 0, down, up)
        if single:
            handles.append(
                axes.bar(left, heights, shown, bottom, color=colour, align="edge", linewidth=0)
            )
        else:
            handles.append(_outline(axes, bottom + heights, bottom, edges, colour))
        up, down = up + np.maximum(heights, 0), down + np.minimum(heights, 0)
    return handles


def _outline(axes: Any, heights: Array, bottom: Any, edges: Array, colour: str) -> Any:
    # A smoothed edge would make a bar of one pixel pale.
    return axes.stairs(
        heights, edges, baseline=bottom, fill=True, color=colour, linewidth=0, antialiased=False
    )


def _span(panel: Panel) -> float:
    """Give the time from the start of the first bin to the end of the last, in days."""
    days = days_of(panel.times_ms)
    return float(days[-1] - days[0] + widths(panel)[-1])


def are_narrow(panel: Panel) -> bool:
    """Tell whether bars would be narrower than a line."""
    return bool(widths(panel).min() < _span(panel) / _COLUMNS)


def _overlap(panel: Panel) -> bool:
    """Tell whether bars have no room side by side."""
    count = len(panel.series)
    return count > 1 and bool(widths(panel).min() / count < _span(panel) / _COLUMNS)


def _places(panel: Panel) -> Array:
    """Give the column in which each bin begins."""
    days = days_of(panel.times_ms)
    places: Array = np.clip((days - days[0]) * (_COLUMNS / _span(panel)), 0, _COLUMNS - 1)
    return places.astype("int64")


def _columns(panel: Panel, size: Any) -> tuple[Array, Array]:
    """Give the edges of bars that touch, in days, and a row of heights for each series.

    Where bins are too narrow, a bar is the one of them whose series have the greatest `size`.
    """
    rows = np.nan_to_num(np.stack([series.heights for series in panel.series]))
    days = days_of(panel.times_ms)
    if not are_narrow(panel):
        return np.append(days, days[-1] + widths(panel)[-1]), rows
    edges = days[0] + np.arange(_COLUMNS + 1) * (_span(panel) / _COLUMNS)
    places = _places(panel)
    # In the order of their size, so that the greatest is the last one written to its place.
    order = np.argsort(size(np.abs(rows), axis=0), kind="stable")
    thinned = np.zeros((len(rows), _COLUMNS))
    thinned[:, places[order]] = rows[:, order]
    return edges, thinned
