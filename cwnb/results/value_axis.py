"""Numbers in charts: the ticks of a value axis, and the text of one value."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import Formatter, MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Sequence

# From here on, and below the least, numbers are written with a power of ten.
_POWERS_FROM = 1e15
_LEAST = 1e-5
_MOST_TICKS = 6
# Points that a tick takes: a character of its label, the gap to the next, a line.
_CHARACTER_PT, _GAP_PT, _LINE_PT = 5.6, 16.0, 24.0


def value_text(value: float) -> str:
    """Write one value with four digits or more: `12,345`, `0.1235`, `1.23e+20`."""
    if abs(value) >= _POWERS_FROM or (value and abs(value) < _LEAST):
        return f"{value:.3g}"
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.{4 if abs(value) < 1 else 2}f}".rstrip("0").rstrip(".") or "0"


def value_texts(values: Sequence[float]) -> list[str]:
    """Write several values, NaN as nothing; values that differ get the digits that show it."""
    present = {value for value in values if not math.isnan(value)}
    if len({value_text(value) for value in present}) == len(present):
        return ["" if math.isnan(value) else value_text(value) for value in values]
    digits = 5
    while digits < 17 and len({f"{value:.{digits}g}" for value in present}) < len(present):
        digits += 1
    return ["" if math.isnan(value) else f"{value:,.{digits}g}" for value in values]


class ValueLabels(Formatter):
    """Labels of ticks that differ: all with the decimals that their distance needs."""

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002
        """Give one value, as a pointer shows it."""
        return value_text(x)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Give the label of each tick."""
        places = sorted(set(values))
        step = min((b - a for a, b in pairwise(places)), default=0.0)
        largest = max(map(abs, values), default=0.0)
        if largest >= _POWERS_FROM or 0 < step < _LEAST:
            digits = 0
            while digits < 16 and any(
                abs(float(f"{value:.{digits}e}") - value) > step * 1e-3 for value in places
            ):
                digits += 1
            return [f"{value:.{digits}e}" if value else "0" for value in values]
        if not step:
            return [value_text(value) for value in values]
        decimals = 0
        while decimals < 6 and abs(round(step, decimals) - step) > step * 1e-6:
            decimals += 1
        # An addition turns -0.0 into 0.0.
        return [f"{value + 0.0:,.{decimals}f}" for value in values]


class ValueTicks(MaxNLocator):
    """Ticks at round numbers, as many as have room on their axis.

    `whole`: only whole numbers, as of events.
    """

    def __init__(self, *, whole: bool = False) -> None:
        steps = [1, 2, 2.5, 5, 10]
        super().__init__(
            nbins=_MOST_TICKS, steps=steps, min_n_ticks=1 if whole else 2, integer=whole
        )

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Give the places of the ticks from one value to another."""
        axis: Any = self.axis
        axes = axis.axes
        extent = axes.get_window_extent()
        if axis.axis_name == "x":
            longest = max(map(len, ValueLabels().format_ticks([vmin, (vmin + vmax) / 2, vmax])))
            room, needs = extent.width, min(longest, 12) * _CHARACTER_PT + _GAP_PT
        else:
            room, needs = extent.height, _LINE_PT
        fit = int(room * 72 / axes.figure.dpi / needs)
        self.set_params(nbins=min(max(fit, 1), _MOST_TICKS))
        # The library also gives the ticks past both ends, which are not drawn.
        near = (vmax - vmin) * 1e-9
        found = super().tick_values(vmin, vmax)
        return [value for value in found if vmin - near <= value <= vmax + near]
