"""Bars of groups: upright, or lying down where there are many or their names are long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

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
from cwnb.results.fonts import Fonts, without_formulas
from cwnb.results.inks import EDGE, INK
from cwnb.results.value_axis import value_texts
from cwnb.results.visible import columns_wide

if TYPE_CHECKING:
    from cwnb.results.panels import Panel

BARS_SHOWN = 100  # CWL_AnalyzeLogData_VisualizationQuery
_UPRIGHT_BARS_SHOWN = 50
# With longer labels (characters) or more bars than this, bars lie down unless a kind was asked.
_UPRIGHT_LABEL = 10
_UPRIGHT_BARS = 14
# Points: the widest labels, lying and standing, what stands beside upright bars, and a legend.
_LYING_PT, _STANDING_PT, _BESIDE_PT, _LEGEND_PT = 230, 130, 100, 130
_LYING_SHARE = 0.36  # the most that lying labels take of the width
_VALUES_SHOWN = 40
_VALUE_SIZE = 8.0
# The part of the room of a label that its bars take.
LABEL_SHARE = 0.78


def draw_bars(
    labels: list[str], panels: list[Panel], *, kind: str, what: str, width: float
) -> Chart:
    """Draw a bar for each label and series; each panel has axes of its own.

    `kind` is "bar", "barh" or "auto". `what` names the labels in the note on those left out.
    `width` is in inches.
    """
    lies = kind == "barh" or (
        kind == "auto"
        and (len(labels) > _UPRIGHT_BARS or max(map(columns_wide, labels)) > _UPRIGHT_LABEL)
    )
    thickest = max(len(panel.series) for panel in panels)
    most = (BARS_SHOWN if lies else _UPRIGHT_BARS_SHOWN) // (1 + thickest // 4)
    if len(labels) > most:
        left = f"the first {most} of {len(labels):,} {what}"
        panels[0].note = joined(panels[0].note, left)
    labels = labels[:most]
    fonts = Fonts([*labels, *(t for p in panels for t in (p.title, *(s.name for s in p.series)))])
    panels[0].note = joined(panels[0].note, fonts.note)
    values = [
        value_texts(p.series[0].heights[: len(labels)].tolist())
        for p in panels
        if len(p.series) == 1
    ]
    widest = max((fonts.width_pt(v, _VALUE_SIZE) for texts in values for v in texts), default=0)
    # The value of each bar stands at its end, where all have room beside each other.
    writes = lies or (
        len(labels) <= _VALUES_SHOWN and widest < (width * 72 - _BESIDE_PT) / len(labels)
    )
    abreast = lies and len(panels) > 1 and thickest == 1
    figure, grid = _grid(len(labels), panels, lies=lies, abreast=abreast, width=width)
    room = figure.title_pt
    if abreast:
        # Titles beside each other have no room for a note.
        widest_label = max(fonts.width_pt(label, LABEL_SIZE) for label in labels)
        room = (figure.title_pt - min(widest_label, _lying_pt(figure))) / len(panels) - 12
        figure.supxlabel(panels[0].note, color=INK, fontsize=LABEL_SIZE)
    for axes, panel in zip(grid, panels, strict=True):
        value_axis = "x" if lies else "y"
        whole = panel.is_whole
        note = "" if abreast else panel.note
        style_axes(
            axes, panel.title, note, fonts, value_axis=value_axis, whole=whole, width_pt=room
        )
        handles = _draw_series(axes, panel, len(labels), lies=lies)
        figure.drawn.append(Drawn(axes, panel, "lying" if lies else "upright"))
        if len(panel.series) > 1:
            add_legend(axes, handles, [series.name for series in panel.series], fonts)
        elif writes:
            axes.bar_label(handles[0], values.pop(0), padding=3, color=INK, fontsize=_VALUE_SIZE)
            axes.margins(**{value_axis: 0.12})
            axes.grid(visible=False)
    _set_labels(figure, grid, labels, fonts, lies=lies, legend=thickest > 1)
    return use_fonts(figure, fonts)


def _lying_pt(figure: Chart) -> float:
    return min(_LYING_PT, _LYING_SHARE * figure.width_pt)


def _grid(
    count: int, panels: list[Panel], *, lies: bool, abreast: bool, width: float
) -> tuple[Chart, Any]:
    """Give a figure with axes for each panel, one above the other or beside each other."""
    if not lies:
        figure = new_chart(width, panels=len(panels))
    else:
        thickest = max(len(panel.series) for panel in panels)
        height = max(1.6, 0.75 + count * (0.24 + 0.1 * (thickest - 1)))
        figure = new_chart(width, height * (1 if abreast else len(panels)))
    if abreast:
        return figure, figure.subplots(1, len(panels), sharey=True, squeeze=False)[0, :]
    return figure, figure.subplots(len(panels), 1, sharex=not lies, squeeze=False)[:, 0]


def _draw_series(axes: Any, panel: Panel, count: int, *, lies: bool) -> list[Any]:
    group = panel.series
    at = np.arange(count)
    thick = LABEL_SHARE / len(group)
    draw = axes.barh if lies else axes.bar
    handles = [
        draw(
            at - LABEL_SHARE / 2 + thick * (i + 0.5),
            np.nan_to_num(series.heights[:count]),
            thick * 0.94,
            color=colour,
        )
        for i, (series, colour) in enumerate(zip(group, panel.colours, strict=True))
    ]
    if any(series.low < 0 for series in group):
        axes.spines["left" if lies else "bottom"].set_visible(False)
        line = axes.axvline if lies else axes.axhline
        line(0, color=EDGE[0], alpha=EDGE[1], linewidth=0.8)
    if all(series.magnitude == 0 for series in group):
        axes.set(**{"xlim" if lies else "ylim": (0, 1)})
    return handles


def _set_labels(
    figure: Chart, grid: Any, labels: list[str], fonts: Fonts, *, lies: bool, legend: bool
) -> None:
    """Name the bars; upright ones by labels that stand where they have no room to lie."""
    bars_pt = max(figure.width_pt - _BESIDE_PT - (_LEGEND_PT if legend else 0), _BESIDE_PT)
    slot = bars_pt / len(labels)
    stands = not lies and max(fonts.width_pt(label, LABEL_SIZE) for label in labels) > slot - 4
    width = _lying_pt(figure) if lies else _STANDING_PT if stands else bars_pt
    shown = fonts.all_fitted(labels, width, LABEL_SIZE)
    for axes in grid:
        axis = axes.yaxis if lies else axes.xaxis
        axis.set_ticks(np.arange(len(labels)), list(map(without_formulas, shown)))
        axis.set_tick_params(length=0, rotation=90 if stands else 0)
        if lies:
            axes.set_ylim(len(labels) - 0.4, -0.6)
        else:
            axes.set_xlim(-0.6, len(labels) - 0.4)
    if stands:
        tallest = max(fonts.width_pt(label, LABEL_SIZE) for label in shown)
        figure.set_figheight(figure.get_figheight() + tallest / 72)
