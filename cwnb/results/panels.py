"""Divide what a chart shows into panels, each of series that share a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cwnb.errors import InvalidParameter
from cwnb.events import ALL_TIME, TIMESTAMP
from cwnb.results.inks import OTHER, PALETTE, colours
from cwnb.results.level_colours import level_colours
from cwnb.results.levels import MISSING, level_field, severity
from cwnb.results.measures import floats
from cwnb.results.periods import period_for
from cwnb.results.rendering import is_time, render
from cwnb.results.series import Array, Series, bins_between, drawable_times, epoch_ms
from cwnb.results.shape import Step
from cwnb.results.visible import one_line
from cwnb.results.whole_times import time_texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from pandas import DataFrame
    from pandas import Series as Column

    from cwnb.events import Window
    from cwnb.results.shape import Shape

# On one scale, a measure this many times smaller would be a flat line, so it gets its own panel.
_SAME_SCALE = 25
_PANELS = 4


@dataclass
class Panel:
    """One set of axes: series that share a scale.

    `times_ms` are the starts of their bins; of series that are not over time, the numbers of rows.
    `step` is the distance of the bins if it is known. `of_groups`: the series are groups of one
    measure, and not measures. `colours_before`: how many colours the panels above it have.
    `own_colours`: those of levels, which are always the same.
    """

    title: str
    times_ms: Array
    series: list[Series]
    step: Step | None = None
    note: str = ""
    of_groups: bool = False
    colours_before: int = 0
    own_colours: tuple[str, ...] = ()

    @property
    def colours(self) -> list[str]:
        """Give the colour of each series."""
        if self.own_colours:
            return list(self.own_colours)
        return colours(self.colours_before + len(self.series))[self.colours_before :]

    @property
    def is_whole(self) -> bool:
        """Tell whether all values are whole numbers."""
        return all(series.is_whole for series in self.series)


def event_panel(df: DataFrame, found: Shape, window: Window) -> Panel:
    """Count events over time, as one series."""
    if TIMESTAMP not in df.columns:
        raise InvalidParameter(
            f"cannot draw events without {TIMESTAMP}; show it, or add a stats command"
        )
    times_ms, present = drawable_times(df[TIMESTAMP], TIMESTAMP)
    # Past the ends of an answer that was cut off there may be more events.
    window = window if found.is_whole else ALL_TIME
    first, last = int(times_ms.min()), int(times_ms.max())
    if window.start_ms > ALL_TIME.start_ms:
        first = min(first, window.start_ms)
    if window.end_ms < ALL_TIME.end_ms:
        last = max(last, window.end_ms - 1)
    period = period_for(first, last)
    starts = (times_ms - period.origin_ms) // period.ms * period.ms + period.origin_ms
    bins = bins_between(starts, Step(ms=period.ms), window)
    counts = np.bincount(np.searchsorted(bins, starts), minlength=len(bins)).astype("float64")
    what = "events" if found.is_whole else "events of the answer"
    untimed = int((~present).sum())
    return Panel(
        f"{len(times_ms):,} {what} by {period.name}",
        bins,
        [Series("events", counts, additive=True)],
        Step(ms=period.ms),
        f"{untimed:,} without a time" if untimed else "",
    )


def panels_of_measures(df: DataFrame, found: Shape, window: Window) -> list[Panel]:
    """Give a series per measure; measures of one scale share a panel."""
    rows = _rows(df, found, window)
    series = [rows.placed(name, floats(df, name)[rows.present], found) for name in found.measures]
    panels: list[Panel] = []
    for group in by_scale(series):
        before = sum(len(panel.series) for panel in panels)
        title = ", ".join(one.name for one in group)
        panels.append(Panel(title, rows.bins, group, found.step, colours_before=before))
    return panels


def panels_of_columns(df: DataFrame, found: Shape, title: str) -> list[Panel]:
    """Give the measures as they stand in the rows; those of one scale share a panel."""
    rows = df.index.to_numpy()  # they may have been sorted
    series = [
        Series(name, floats(df, name), name in found.additive, rows) for name in found.measures
    ]
    return [
        Panel(", ".join(one.name for one in group) + title, np.arange(len(df)), group)
        for group in by_scale(series)
    ]


def panels_of_groups(df: DataFrame, found: Shape, window: Window, zone: tzinfo) -> list[Panel]:
    """Give a panel per measure, with a series per group: the largest by the first measure.

    The other groups are added up; where values may not be added, they are left out, and a note
    says so.
    """
    rows = _rows(df, found, window)
    labels = [
        label
        for label, has in zip(labels_of(df, found.keys, zone), rows.present, strict=True)
        if has
    ]
    codes, names = _codes(labels)
    ranked = _by_size(floats(df, found.measures[0])[rows.present], codes, found)
    largest, others = ranked[: len(PALETTE)], ranked[len(PALETTE) :]
    own_colours = _colours_of_levels(found.keys, [names[code] for code in largest], len(others) > 0)
    panels = []
    for measure in found.measures[:_PANELS]:
        heights = floats(df, measure)[rows.present]
        series = [
            rows.of(codes == code).placed(measure, heights[codes == code], found, names[code])
            for code in largest
        ]
        note = f"the {len(largest)} largest of {len(ranked):,}" if len(others) else ""
        if note and measure in found.additive:
            rest = np.isin(codes, others)
            name = f"other ({len(others):,})"
            series.append(rows.of(rest).placed(measure, heights[rest], found, name))
            note = ""
        title = f"{measure} by {', '.join(found.keys)}"
        panels.append(
            Panel(
                title,
                rows.bins,
                series,
                found.step,
                note,
                of_groups=True,
                own_colours=own_colours[: len(series)],
            )
        )
    return panels


def _colours_of_levels(
    keys: tuple[str, ...], names: list[str], has_others: bool
) -> tuple[str, ...]:
    """Give the colours of groups that are levels, in their order; of other groups none."""
    severities = [severity(name) for name in names]
    if len(keys) != 1 or not level_field(keys) or set(severities) == {"other"}:
        return ()
    return (*level_colours(names, severities), *[OTHER] * has_others)


def _by_size(heights: Array, codes: Array, found: Shape) -> Array:
    """Give the groups, largest first: by the sum of values that add up, else by their mean."""
    totals: Array = np.bincount(codes, weights=np.nan_to_num(heights))
    if found.measures[0] not in found.additive:
        totals = totals / np.maximum(np.bincount(codes, weights=~np.isnan(heights)), 1)
    return np.argsort(-np.abs(totals), kind="stable")


@dataclass
class _Rows:
    """The rows of an answer that a chart over time draws: those that have a time.

    `bins` are the starts of the bins, and `places` has for each row the index of its bin. `numbers`
    has the number of each row in the answer. `present` has a bool for each row of the answer:
    whether it has a time.
    """

    bins: Array
    places: Array
    numbers: Array
    present: Array

    def of(self, some: Array) -> _Rows:
        """Give some of the rows."""
        return _Rows(self.bins, self.places[some], self.numbers[some], self.present)

    def placed(self, measure: str, heights: Array, found: Shape, name: str = "") -> Series:
        """Put the values of a measure into their bins.

        Raises InvalidParameter where several values that may not be added are in one bin.
        """
        additive = measure in found.additive
        placed = np.full(len(self.bins), 0.0 if found.fills(measure) else np.nan)
        at, inverse = np.unique(self.places, return_inverse=True)
        if len(at) == len(self.places):
            placed[self.places] = heights
        elif additive:
            placed[at] = np.bincount(inverse, weights=np.nan_to_num(heights))
        else:
            raise InvalidParameter(
                f"cannot draw {measure!r}: several rows have one time; show all columns of 'by'"
            )
        rows = np.full(len(self.bins), -1)
        rows[self.places] = self.numbers
        rows[at[np.bincount(inverse) > 1]] = -1
        return Series(name or measure, placed, additive, rows)


def _rows(df: DataFrame, found: Shape, window: Window) -> _Rows:
    assert found.time is not None
    times_ms, present = drawable_times(df[found.time], found.time)
    whole = found.is_whole and found.of_events
    bins = bins_between(times_ms, found.step, window if whole else ALL_TIME)
    return _Rows(bins, np.searchsorted(bins, times_ms), np.flatnonzero(present), present)


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


def _codes(names: Sequence[str]) -> tuple[Array, list[str]]:
    firsts = list(dict.fromkeys(names))
    number = {name: i for i, name in enumerate(firsts)}
    return np.array([number[name] for name in names]), firsts


def labels_of(df: DataFrame, keys: tuple[str, ...], zone: tzinfo) -> list[str]:
    """Give the label of each row: the text of its keys, times as the clocks of a zone had them."""
    columns = [_labels(df[key], zone) for key in keys]
    return [" · ".join(parts) for parts in zip(*columns, strict=True)]


def _labels(column: Column, zone: tzinfo) -> list[str]:
    if is_time(column):
        present = column.notna()
        texts = iter(time_texts(epoch_ms(column[present]), zone))
        return [next(texts) if has else MISSING for has in present]
    return [
        (one_line(render(value)) or "(empty)") if has else MISSING
        for value, has in zip(column.tolist(), column.notna(), strict=True)
    ]
