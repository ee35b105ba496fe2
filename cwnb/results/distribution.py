"""The distribution of a column of numbers: how many rows have a value in each range."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cwnb.plurals import counted
from cwnb.results.axes import LABEL_SIZE, Chart, joined, new_chart, style_axes, use_fonts
from cwnb.results.fonts import Fonts, without_formulas
from cwnb.results.inks import INK, PALETTE
from cwnb.results.value_axis import ValueLabels, ValueTicks

if TYPE_CHECKING:
    from cwnb.results.series import Array

_MOST_BINS = 40
_ROUND = (1, 2, 2.5, 5, 10)


def draw_distribution(values: Array, name: str, width: float) -> Chart:
    """Draw how many values lie in each range, up to 40 of one round width; missing ones not.

    Whole numbers that span 40 or less have a bar each. `width` is in inches.
    """
    present = values[~np.isnan(values)]
    edges = ranges(present)
    counts, _ = np.histogram(present, edges)
    missing = len(values) - len(present)
    is_whole = bool((present == np.floor(present)).all())
    fonts = Fonts([name])
    figure = new_chart(width)
    axes = figure.subplots()
    note = joined(f"{missing:,} more are missing" if missing else "", fonts.note)
    title = f"{counted(len(present), 'value')} of {name}"
    style_axes(axes, title, note, fonts, whole=True)
    widths = np.diff(edges)
    axes.bar(
        edges[:-1] + widths * 0.03,
        counts,
        widths * 0.94,
        color=PALETTE[0],
        align="edge",
        linewidth=0,
    )
    axes.xaxis.set_major_locator(ValueTicks(whole=is_whole))
    axes.xaxis.set_major_formatter(ValueLabels())
    axes.set_xlabel(
        without_formulas(fonts.fitted(name, figure.title_pt * 2 / 3, LABEL_SIZE)),
        color=INK,
        fontsize=LABEL_SIZE,
    )
    axes.set_ylabel("rows", color=INK, fontsize=LABEL_SIZE)
    room = (edges[-1] - edges[0]) * (0.015 if len(counts) > 1 else 1.0)
    axes.set_xlim(edges[0] - room, edges[-1] + room)
    return use_fonts(figure, fonts)


def ranges(values: Array) -> Array:
    """Give the borders of the ranges, ascending; a value on a border belongs to what follows it."""
    low, high = float(values.min()), float(values.max())
    if (values == np.floor(values)).all() and high - low < _MOST_BINS and abs(high) < 2**52:
        return np.arange(low - 0.5, high + 1.0)
    # As many ranges as fit the number of values, so that few values leave no comb.
    least = (high - low) / min(_MOST_BINS, 5 + 2 * math.isqrt(len(values)))
    # Nearer to each other than this, the borders would not be different doubles.
    if least <= 4 * np.spacing(max(abs(low), abs(high))):
        width = max(abs(low) * 0.1, 1e-300)
        return np.array([low - width, low + width])
    power = 10.0 ** math.floor(math.log10(least))
    width = next(factor * power for factor in _ROUND if factor * power >= least)
    first = math.floor(low / width)
    # The last border lies past the highest value, so that no range includes both of its ends.
    count = math.floor(high / width) - first + 1
    return np.asarray((first + np.arange(count + 1)) * width)
