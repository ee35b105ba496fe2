"""Divide what a chart shows into panels, each of series that share a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.results.rendering import numbers, render
from cwnb.results.series import Series, histogram, series_over_time
from cwnb.results.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

    from cwnb.results.shape import Shape

# On one scale, a measure this many times smaller would be a flat line, so it gets its own panel.
_SAME_SCALE = 25
_PANELS = 4


@dataclass
class Panel:
    """One set of axes: series that share a scale."""

    title: str
    series: list[Series]
    period_ms: int | None = None
    note: str = ""


def event_panel(df: DataFrame) -> Panel:
    """Count events over time, as one series."""
    series, period_ms, name = histogram(df)
    return Panel(f"{len(df):,} events by {name}", [series], period_ms)


def panels_by_measure(df: DataFrame, found: Shape) -> list[Panel]:
    """Give a series per measure; measures of one scale share a panel."""
    assert found.time is not None
    series = [
        series_over_time(
            df[found.time], floats(df[name]), found.period_ms, name, name in found.additive
        )
        for name in found.measures
    ]
    return [
        Panel(", ".join(s.name for s in group), group, found.period_ms)
        for group in by_scale(series)
    ]


def by_scale(series: list[Series]) -> list[list[Series]]:
    """Divide series into panels by their magnitude; the last panel takes all that are left."""
    panels: list[list[Series]] = []
    for one in series:
        fitting = next((panel for panel in panels if _share_scale(panel[0], one)), None)
        if fitting is None and len(panels) < _PANELS:
            panels.append([one])
        else:
            (fitting or panels[-1]).append(one)
    return panels


def _share_scale(one: Series, other: Series) -> bool:
    # A count and a duration have different units.
    if one.additive != other.additive:
        return False
    small, large = sorted((one.magnitude, other.magnitude))
    return small == 0 or large / small <= _SAME_SCALE


def panels_by_group(df: DataFrame, found: Shape, most: int) -> list[Panel]:
    """Give the first measure as a series per group; the `most` largest, the others added up.

    Where values may not be added, the other groups are left out, and a note says so.
    """
    assert found.time is not None
    measure = found.measures[0]
    names = labels_of(df, found.keys)
    codes, firsts = _codes(names)
    heights = floats(df[measure])
    series = []
    for code, name in enumerate(firsts):
        rows = codes == code
        series.append(
            series_over_time(
                df[found.time][rows],
                heights[rows],
                found.period_ms,
                name,
                measure in found.additive,
            )
        )
    series.sort(key=_number_or_name if len(series) <= most else lambda s: -s.total)
    shown, rest = series[:most], series[most:]
    title, note = f"{measure} by {', '.join(found.keys)}", ""
    if len(rest) == 1:
        shown, rest = series[: most - 1], series[most - 1 :]
    if rest and measure in found.additive:
        shown.append(Series.summed(rest, f"{len(rest)} others"))
    elif rest:
        note = f"the {len(shown)} largest of {len(series):,}"
    return [Panel(title, shown, found.period_ms, note)]


def _number_or_name(series: Series) -> tuple[int, float, str]:
    """Sort numbers as numbers, before text."""
    try:
        return (0, float(series.name), "")
    except ValueError:
        return (1, 0.0, series.name)


def _codes(names: Sequence[str]) -> tuple[np.ndarray[Any, Any], list[str]]:
    firsts = list(dict.fromkeys(names))
    number = {name: i for i, name in enumerate(firsts)}
    return np.array([number[name] for name in names]), firsts


def floats(series: Any) -> np.ndarray[Any, Any]:
    """Give a column that is drawn as numbers as floats, NaN where missing."""
    found = numbers(series)
    assert found is not None, "shape() names columns of numbers only"
    return found


def labels_of(df: DataFrame, keys: tuple[str, ...]) -> list[str]:
    """Give the label of each row: the text of its keys."""
    columns = [[one_line(render(v)) or "(missing)" for v in df[key].tolist()] for key in keys]
    return [" · ".join(parts) for parts in zip(*columns, strict=True)]
