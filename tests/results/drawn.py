"""What a figure shows, read back from it."""

from __future__ import annotations

import io
import warnings
from itertools import combinations
from typing import TYPE_CHECKING, Any

import matplotlib.image
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from cwnb.results.inks import PALETTE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Pixels: letters are drawn a little outside of the box that the library says.
_SLACK = 1.5


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def legend(figure):
    found = figure.axes[0].get_legend()
    return [text.get_text() for text in found.get_texts()] if found else []


def lines(axes):
    """Give what each line shows, a gap as None."""
    return [[None if np.isnan(y) else float(y) for y in line.get_ydata()] for line in axes.lines]


def bars(axes):
    """Give each series of bars as (lower end, length) of each bar."""
    return [
        [(patch.get_y(), patch.get_height()) for patch in series.patches]
        for series in axes.containers
    ]


def heights(axes):
    return [[height for _, height in series] for series in bars(axes)]


def lengths(axes):
    """Give each series of lying bars as their lengths."""
    return [[patch.get_width() for patch in series.patches] for series in axes.containers]


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def draws(figure, series=1):
    """Draw for real, with every complaint of the library an error; so many colours are seen."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png, size = figure._repr_png_()
    assert size["width"] <= 900
    image = matplotlib.image.imread(io.BytesIO(png), "png")
    assert image[0, 0, 3] == 0, "the ground is not transparent"
    pixels = np.round(image[:, :, :3] * 255).astype(int)
    wanted = {colour: [int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in PALETTE}
    # A bar or a line has many pixels of its own colour, a blended edge few.
    seen = [c for c, rgb in wanted.items() if (pixels == rgb).all(axis=2).sum() > 50]
    assert seen == list(PALETTE[:series])


def boxes(figure: Figure, dpi: float = 100) -> dict[tuple[str, int], Any]:
    """Draw a figure and give the box of each text that is seen, in pixels, by text and place."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    found = {}
    for place, text in enumerate(figure.findobj(Text)):
        if text.get_visible() and text.get_text().strip() and text.get_alpha() != 0:
            found[text.get_text(), place] = text.get_window_extent(canvas.get_renderer())
    unseen = {
        id(tick.label2)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
    }
    return {
        (text.get_text(), place): found[text.get_text(), place]
        for place, text in enumerate(figure.findobj(Text))
        if (text.get_text(), place) in found and id(text) not in unseen
    }


def check_texts(figure: Figure, dpi: float = 100) -> int:
    """Check that no two texts overlap and none is cut by the edge; gives how many there are."""
    found = boxes(figure, dpi)
    width, height = figure.bbox.size
    for (text, _), box in found.items():
        assert box.x0 >= -_SLACK, f"{text!r} is cut at the left"
        assert box.y0 >= -_SLACK, f"{text!r} is cut at the bottom"
        assert box.x1 <= width + _SLACK, f"{text!r} is cut at the right"
        assert box.y1 <= height + _SLACK, f"{text!r} is cut at the top"
    for ((one, _), a), ((other, _), b) in combinations(found.items(), 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        along = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= _SLACK or along <= _SLACK, f"{one!r} and {other!r} overlap"
    return len(found)
