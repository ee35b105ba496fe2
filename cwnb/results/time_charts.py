"""Charts over time: lines, areas, bars and stacks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.errors import InvalidParameter
from cwnb.results.axes import (
    LABEL_SIZE,
    Chart,
    Drawn,
    add_legend,
    joined,
    new_chart,
    style_axes,
    use_fonts,
)
from cwnb.results.fonts import Fonts
from cwnb.results.inks import EDGE, INK
from cwnb.results.time_axis import TimeLabels, TimeTicks
from cwnb.results.time_bars import (
    are_narrow,
    days_of,
    draw_side_by_side,
    draw_stack,
    note_on_bars,
    widths,
)
from cwnb.results.zones import display_zone, titled

if TYPE_CHECKING:
    from cwnb.results.panels import Panel

# Up to so many points each has a mark; with more than the second number lines are thin.
_POINTS_MARKED, _THIN_FROM = 40, 1_000


def draw_over_time(panels: list[Panel], kind: str, tz: str, width: float) -> Chart:
    """Draw panels of series, one above the other, on one time axis in the zone `tz`.

    `width` is in inches.
    """
    zone = display_zone(tz)
    panels = _stackable(panels) if kind == "stacked" else panels
    texts = [text for p in panels for text in (p.title, *(s.name for s in p.series))]
    fonts = Fonts(texts)
    figure = new_chart(width, panels=len(panels))
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)
    for axes, panel in zip(grid[:, 0], panels, strict=True):
        drawn = kind_of(panel, kind)
        note = joined(panel.note, fonts.note if panel is panels[0] else "")
        if drawn in {"bar", "stacked"}:
            note = joined(note, note_on_bars(panel, side_by_side=drawn == "bar"))
        style_axes(axes, panel.title, note, fonts, whole=panel.is_whole)
        handles = _DRAWN[drawn](axes, panel)
        figure.drawn.append(Drawn(axes, panel, drawn))
        _set_value_limits(axes, panel, drawn)
        if len(panel.series) > 1 or panel.of_groups:
            add_legend(axes, handles, [s.name for s in panel.series], fonts)
    last = grid[-1, 0]
    _set_time_limits(last, panels[0], [kind_of(panel, kind) for panel in panels])
    last.xaxis.set_major_locator(TimeTicks(zone))
    last.xaxis.set_major_formatter(TimeLabels(zone))
    last.set_xlabel(titled("time", tz), color=INK, fontsize=LABEL_SIZE)
    return use_fonts(figure, fonts)


def kind_of(panel: Panel, kind: str) -> str:
    """Give the kind in which a panel is drawn: a line or an area needs two values."""
    if kind == "auto":
        stacks = panel.of_groups and all(series.additive for series in panel.series)
        kind = "stacked" if stacks else "line"
    if kind in {"line", "area"} and all(series.values <= 1 for series in panel.series):
        return "bar"
    # The edges of thousands of areas on each other would be all that is seen.
    return "stacked" if kind == "area" and _areas_add_up(panel) and are_narrow(panel) else kind


def _stackable(panels: list[Panel]) -> list[Panel]:
    """Give the panels whose values may be added up."""
    good = [p for p in panels if len(p.series) == 1 or all(s.additive for s in p.series)]
    if not good:
        raise InvalidParameter(
            f"cannot stack {panels[0].title!r}: only counts and sums add up; choose 'line' or 'bar'"
        )
    if left := len(panels) - len(good):
        what = "a measure that does" if left == 1 else f"{left} measures that do"
        good[0] = replace(good[0], note=joined(good[0].note, f"without {what} not add up"))
    return good


def _draw_lines(axes: Any, panel: Panel) -> list[Any]:
    marks = "o" if len(panel.times_ms) <= _POINTS_MARKED else None
    days = days_of(panel.times_ms)
    handles = []
    for series, colour in zip(panel.series, panel.colours, strict=True):
        (line,) = axes.plot(
            days,
            series.heights,
            color=colour,
            linewidth=1.7 if len(days) < _THIN_FROM else 1.2,
            marker=marks,
            markersize=3.2,
            clip_on=False,
        )
        handles.append(line)
        if marks is None and (isolated := series.isolated()).any():
            # A point between two gaps has no line, and would not be seen.
            axes.plot(days[isolated], series.heights[isolated], "o", color=colour, markersize=2.6)
    return handles


def _draw_areas(axes: Any, panel: Panel) -> list[Any]:
    """Fill lines down to zero: stacked where they add up, else faintly, so that all are seen."""
    days = days_of(panel.times_ms)
    if _areas_add_up(panel):
        rows = np.cumsum([np.nan_to_num(series.heights) for series in panel.series], axis=0)
        below = np.vstack([np.zeros(len(days)), rows[:-1]])
        return [
            axes.fill_between(days, low, high, color=colour, linewidth=0)
            for low, high, colour in zip(below, rows, panel.colours, strict=True)
        ]
    faint = max(0.25 / len(panel.series), 0.05)
    for series, colour in zip(panel.series, panel.colours, strict=True):
        axes.fill_between(days, 0, series.heights, color=colour, alpha=faint, linewidth=0)
    return _draw_lines(axes, panel)


def _areas_add_up(panel: Panel) -> bool:
    return len(panel.series) > 1 and all(s.additive and s.low >= 0 for s in panel.series)


_DRAWN = {
    "line": _draw_lines,
    "area": _draw_areas,
    "bar": draw_side_by_side,
    "stacked": draw_stack,
}


def _set_value_limits(axes: Any, panel: Panel, kind: str) -> None:
    """Let values begin at zero where they are bars, counts, or near it."""
    low = min(series.low for series in panel.series)
    if all(series.magnitude == 0 for series in panel.series):
        axes.set_ylim(0, 1)
    elif low < 0:
        axes.axhline(0, color=EDGE[0], alpha=EDGE[1], linewidth=0.8)
    elif kind != "line" or any(s.low * 2 < s.magnitude or s.additive for s in panel.series):
        axes.set_ylim(bottom=0)


def _set_time_limits(axes: Any, panel: Panel, kinds: list[str]) -> None:
    """Show all bins, those of bars up to their ends, and a little room beside them."""
    first, last = days_of(panel.times_ms[[0, -1]])
    if not set(kinds) <= {"line", "area"}:
        last += widths(panel)[-1]
    room = (last - first) * (0.015 if len(panel.times_ms) > 1 else 1.0)
    axes.set_xlim(first - room, last + room)
