"""The frame of a chart: figure, axes, titles and legends that read on any ground."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from cwnb.results.fonts import DRAWING, without_font_warnings, without_formulas
from cwnb.results.inks import EDGE, GRID, INK
from cwnb.results.value_axis import ValueLabels, ValueTicks

if TYPE_CHECKING:
    from cwnb.results.fonts import Fonts
    from cwnb.results.panels import Panel

WIDTH, HEIGHT = 9.0, 3.4  # inches
NARROWEST = 3.5  # inches: a narrower chart has no room for its labels
PANEL_HEIGHT = 1.9  # of each further panel
LABEL_SIZE, TITLE_SIZE = 8.5, 10.5  # points
CSS_PIXELS_OF_INCH = 96
_PIXELS = 1.5  # of the picture for each CSS pixel, where the screen is not known
# What a name in a legend may take: of the width, and at most so many points.
_LEGEND_SHARE, _LEGEND_PT = 0.27, 170


class Drawn(NamedTuple):
    """A panel as it was drawn on its axes.

    `kind`: line, area, bar or stacked over time; of bars with a label each, upright or lying.
    """

    axes: Any
    panel: Panel
    kind: str


class Chart(Figure):
    """A figure that shows itself in a notebook, whether or not pyplot is loaded."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.drawn: list[Drawn] = []

    @property
    def width_pt(self) -> float:
        """Its width in points."""
        return float(self.get_figwidth()) * 72

    @property
    def title_pt(self) -> float:
        """The points that a title over the whole width may take."""
        return self.width_pt - 40

    def draw(self, renderer: Any) -> None:
        """Draw it, without warnings of letters that no font has."""
        with DRAWING, without_font_warnings():
            super().draw(renderer)

    def png(self, pixels: float = _PIXELS) -> tuple[bytes, dict[str, int]]:
        """Give the picture, and the width and height in CSS pixels that it is drawn for.

        `pixels`: how many points of the picture each CSS pixel has, as `devicePixelRatio` says.
        """
        data = io.BytesIO()
        with DRAWING:
            dpi = CSS_PIXELS_OF_INCH * pixels
            self.savefig(data, format="png", dpi=dpi, metadata={"Software": None})
        width, height = (round(inches * CSS_PIXELS_OF_INCH) for inches in self.get_size_inches())
        return data.getvalue(), {"width": width, "height": height}

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return self.png()


def new_chart(width: float, height: float = HEIGHT, panels: int = 1) -> Chart:
    """Give a figure of this size (inches) for so many panels, with a transparent ground."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, wspace=0.03)
    height += PANEL_HEIGHT * (panels - 1)
    return Chart(figsize=(width, height), layout=layout, facecolor="none", edgecolor="none")


def style_axes(
    axes: Any,
    title: str,
    note: str,
    fonts: Fonts,
    *,
    value_axis: str = "y",
    whole: bool = False,
    width_pt: float | None = None,
) -> None:
    """Set title and style: no frame, no tick marks of values, grid lines of one axis only.

    `whole`: all values are whole numbers. `width_pt`: the room for the title, that of
    the whole chart unless told otherwise.
    """
    width_pt = axes.figure.title_pt if width_pt is None else width_pt
    axes.set_facecolor("none")
    for side in ("top", "right", "left" if value_axis == "y" else "bottom"):
        axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set(color=EDGE[0], alpha=EDGE[1], linewidth=0.8)
    axes.grid(axis=value_axis, color=GRID[0], alpha=GRID[1], linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(
        color=EDGE, labelcolor=INK, labelsize=LABEL_SIZE, labelfontfamily=fonts.families, length=3
    )
    values = axes.yaxis if value_axis == "y" else axes.xaxis
    values.set_major_formatter(ValueLabels())
    values.set_major_locator(ValueTicks(whole=whole))
    values.set_tick_params(length=0)
    # A title keeps a third of the room, whatever there is to note.
    shown = fonts.fitted(note, width_pt * 2 / 3, TITLE_SIZE)
    told = f"   ({shown})" if note else ""
    room = width_pt - fonts.width_pt(told, TITLE_SIZE)
    text = fonts.fitted(title, room, TITLE_SIZE) + told
    axes.set_title(without_formulas(text), loc="left", color=INK, fontsize=TITLE_SIZE)


def joined(*notes: str) -> str:
    """Give the notes that say something as one."""
    return "; ".join(filter(None, notes))


def add_legend(axes: Any, handles: list[Any], names: list[str], fonts: Fonts) -> None:
    """Name the series at the right of the axes, in their order."""
    room = min(_LEGEND_PT, _LEGEND_SHARE * axes.figure.width_pt)
    shown = [name or "(missing)" for name in fonts.all_fitted(names, room, LABEL_SIZE)]
    axes.legend(
        handles,
        [without_formulas(name) for name in shown],
        loc="upper left",
        bbox_to_anchor=(1.005, 1.02),
        frameon=False,
        fontsize=LABEL_SIZE,
        labelcolor=INK,
        borderaxespad=0,
        handlelength=1.2,
    )


def use_fonts(figure: Chart, fonts: Fonts) -> Chart:
    """Write all text that is there with these fonts."""
    for text in figure.findobj(Text):
        text.set_fontfamily(fonts.families)
    return figure
