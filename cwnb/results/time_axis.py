"""The time axis of a chart: ticks at whole times of the display zone, as many as fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.ticker import Formatter, Locator

from cwnb.results.whole_times import (
    FIRST_MS,
    LAST_MS,
    STEPS,
    local_time,
    tick_texts,
    whole_times,
)
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

_DAY_MS = UNIT_MS["d"]
# Points that a tick takes, by the width of its label: `08:00:00.000`, `08:00`, `20 Nov`, `2026`.
_ROOM_PT = {
    "ms": 84.0,
    "s": 64.0,
    "m": 50.0,
    "h": 50.0,
    "d": 52.0,
    "w": 52.0,
    "mo": 42.0,
    "y": 44.0,
}


class TimeTicks(Locator):
    """Ticks of an axis whose numbers are days since 1970 in UTC, as matplotlib counts time."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone

    def __call__(self) -> list[float]:
        """Give the places of the ticks in view."""
        axis: Any = self.axis
        low, high = sorted(axis.get_view_interval())
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Give the places of the ticks from one time to another."""
        first, last = (min(max(v * _DAY_MS, FIRST_MS), LAST_MS) for v in (vmin, vmax))
        ms_of_point = (last - first) / max(self._width_pt(), 1.0)
        unit, count = next(
            (
                (unit, count)
                for unit, count, length in STEPS
                if length >= _ROOM_PT[unit] * ms_of_point
            ),
            STEPS[-1][:2],
        )
        times = whole_times(first, last, unit, count, self.zone)
        return [time_ms / _DAY_MS for time_ms in times]

    def _width_pt(self) -> float:
        axis: Any = self.axis
        axes = axis.axes
        return float(axes.get_window_extent().width * 72 / axes.figure.dpi)


class TimeLabels(Formatter):
    """Labels of such ticks: what changes from one to the next; the date or year where it changes.

    Where the clocks of the zone were put on or back, the label says the new distance to UTC.
    """

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002
        """Give one time, as a pointer shows it."""
        return f"{local_time(round(x * _DAY_MS), self.zone):%Y-%m-%d %H:%M:%S}"

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Give the label of each tick."""
        return tick_texts([round(value * _DAY_MS) for value in values], self.zone)
