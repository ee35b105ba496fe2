"""Pictures of answers, by matplotlib: lines, bars and stacks."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from cwnb.errors import InvalidParameter
from cwnb.results.panels import (
    Panel,
    by_scale,
    event_panel,
    floats,
    labels_of,
    panels_by_group,
    panels_by_measure,
)
from cwnb.results.series import Series
from cwnb.results.shape import Shape, shape
from cwnb.results.visible import columns_wide, cut, one_line
from cwnb.results.zones import UTC_NAME, display_zone, titled

if TYPE_CHECKING:
    from pandas import DataFrame

# Okabe and Ito's palette, which colour-blind readers can tell apart. Other colours replace its
# yellow and black: yellow is hard to see on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#7A5195", "#5C5C5C")
_REST = "#B8B8B8"
_INK = "#3b3f46"
BARS_SHOWN = 100  # CWL_AnalyzeLogData_VisualizationQuery
_POINTS_MARKED = 40
_LABEL_WIDTH = 44
# With longer labels (characters) or more bars than this, bars are drawn horizontally.
_UPRIGHT_LABEL = 10
_UPRIGHT_BARS = 14
_SIZE = (9.0, 3.4)
_DPI = 144


class Chart(Figure):
    """A figure that shows itself in a notebook, whether or not pyplot is loaded."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        data = io.BytesIO()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")  # a box stands for it
            self.savefig(data, format="png", dpi=_DPI, metadata={"Software": None})
        width, height = (round(inches * _DPI / 1.5) for inches in self.get_size_inches())
        return data.getvalue(), {"width": width, "height": height}


def draw(result: Any, kind: str, tz: str = UTC_NAME) -> Chart:
    """Draw a result; see `charts.plot`, which checks `kind` first."""
    df = result.df
    found = shape(result.pipeline, df)
    if df.shape[0] == 0:
        raise InvalidParameter("cannot draw a result without rows")
    if found.kind == "events":
        return _draw_over_time([event_panel(df)], "stacked" if kind == "auto" else kind, tz)
    if not found.measures:
        raise InvalidParameter(
            f"cannot draw a result without a column of numbers; it has {_names(df.columns)}"
        )
    if found.kind == "groups":
        if kind in {"line", "stacked"}:
            raise InvalidParameter(
                f"cannot draw {kind!r} without a time; group by bin(...) or choose 'bar'"
            )
        return _draw_groups(df, found)
    panels = (
        panels_by_group(df, found, len(PALETTE)) if found.keys else panels_by_measure(df, found)
    )
    if kind == "auto":
        stack = bool(found.keys) and found.measures[0] in found.additive
        kind = "stacked" if stack else "line"
    return _draw_over_time(panels, kind, tz)


def _draw_over_time(panels: list[Panel], kind: str, tz: str) -> Chart:
    zone = display_zone(tz)
    figure = _new_chart(_SIZE[1] + 1.9 * (len(panels) - 1))
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)
    for axes, panel in zip(grid[:, 0], panels, strict=True):
        _style_axes(axes, panel.title, panel.note, value_axis="y")
        handles = _draw_series(axes, panel, kind)
        if len(panel.series) > 1:
            # A stack is read from the top down, and so is its legend.
            order = -1 if kind == "stacked" else 1
            _legend(axes, handles[::order], [s.name for s in panel.series][::order])
        if min(low for s in panel.series if len(s.heights) for low in [s.low]) >= 0 and (
            kind != "line" or any(s.low * 2 < s.magnitude or s.additive for s in panel.series)
        ):
            axes.set_ylim(bottom=0)
    last = grid[-1, 0]
    locator = AutoDateLocator(tz=zone, minticks=4, maxticks=9)
    last.xaxis.set_major_locator(locator)
    last.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))
    last.set_xlabel(titled("time", tz), color=_INK, fontsize=8.5)
    return figure


def _draw_series(axes: Any, panel: Panel, kind: str) -> list[Any]:
    colours = _colours(panel.series)
    if kind == "line":
        return [_line(axes, s, colour) for s, colour in zip(panel.series, colours, strict=True)]
    times, heights = Series.aligned(panel.series)
    width = _bar_width(times, panel.period_ms)
    handles = []
    bottom = np.zeros(len(times))
    if kind == "bar" and len(panel.series) > 1:
        share = width / len(panel.series)
        for i, (row, colour) in enumerate(zip(heights, colours, strict=True)):
            handles.append(axes.bar(times + i * share, row, share, color=colour, align="edge"))
        return handles
    for row, colour in zip(heights, colours, strict=True):
        filled = np.nan_to_num(row)
        handles.append(
            axes.bar(times, filled, width, bottom, color=colour, align="edge", linewidth=0)
        )
        bottom = bottom + filled
    return handles


def _line(axes: Any, series: Series, colour: str) -> Any:
    times, values = series.with_gaps()
    marker = "o" if len(series.heights) <= _POINTS_MARKED else None
    (line,) = axes.plot(
        date2num(times),
        values,
        color=colour,
        linewidth=1.7,
        marker=marker,
        markersize=3.2,
        clip_on=False,
    )
    if marker is None and (isolated := series.isolated()).any():
        # A point between two gaps has no line, and would not be seen.
        axes.plot(date2num(times)[isolated], values[isolated], "o", color=colour, markersize=2.6)
    return line


def _bar_width(times: np.ndarray[Any, Any], period_ms: int | None) -> float:
    gaps = np.diff(times)
    step = period_ms / 86_400_000 if period_ms else (gaps.min() if len(gaps) else 1 / 24)
    return float(step * (0.88 if len(times) <= 120 else 1.0))


def _draw_groups(df: DataFrame, found: Shape) -> Chart:
    shown = df.head(BARS_SHOWN)
    note = f"the first {BARS_SHOWN} of {len(df):,} groups" if len(df) > BARS_SHOWN else ""
    if not found.keys:
        if len(found.measures) == 1:
            raise InvalidParameter("cannot draw a single number; group by a field or by bin(...)")
        # One row of numbers: each is a bar.
        heights = np.array([floats(shown[name])[0] for name in found.measures])
        one = Series("", np.arange(len(heights)), heights)
        return _bars([one_line(name) for name in found.measures], [one], "", note)
    labels = [cut(name, _LABEL_WIDTH) for name in labels_of(shown, found.keys)]
    by = ", ".join(found.keys)
    columns = [_bar_series(shown, name, found) for name in found.measures]
    return _bars(labels, columns, f" by {by}", note)


def _bar_series(df: DataFrame, name: str, found: Shape) -> Series:
    heights = floats(df[name])
    return Series(name, np.arange(len(df)), heights, None, name in found.additive)


def _bars(labels: list[str], columns: list[Series], title: str, note: str) -> Chart:
    flat = len(labels) > _UPRIGHT_BARS or max(map(columns_wide, labels)) > _UPRIGHT_LABEL
    groups = by_scale(columns)
    count = len(groups)
    if flat:
        most = max(len(group) for group in groups)
        figure = _new_chart(max(1.6, 0.75 + len(labels) * (0.24 + 0.1 * (most - 1))))
        grid = figure.subplots(1, count, sharey=True, squeeze=False)[0, :]
    else:
        figure = _new_chart(_SIZE[1] + 1.9 * (count - 1))
        grid = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    at = np.arange(len(labels))
    for axes, group in zip(grid, groups, strict=True):
        name = ", ".join(s.name for s in group)
        _style_axes(axes, f"{name}{title}" if name else "", note, value_axis="x" if flat else "y")
        thick = 0.78 / len(group)
        draw = axes.barh if flat else axes.bar
        handles = [
            draw(
                at - 0.39 + thick * (i + 0.5), np.nan_to_num(s.heights), thick * 0.94, color=colour
            )
            for i, (s, colour) in enumerate(zip(group, _colours(group), strict=True))
        ]
        if len(group) > 1:
            _legend(axes, handles, [s.name for s in group])
        axis = axes.yaxis if flat else axes.xaxis
        axis.set_ticks(at, [_without_formulas(label) for label in labels])
        axis.set_tick_params(length=0)
        if len(group) == 1 and len(labels) <= 40:
            texts = ["" if np.isnan(v) else _thousands(v) for v in group[0].heights]
            axes.bar_label(handles[0], texts, padding=3, color=_INK, fontsize=8)
            axes.margins(**{"x" if flat else "y": 0.12})
        if flat:
            axes.set_ylim(len(labels) - 0.4, -0.6)
    return figure


def _new_chart(height: float) -> Chart:
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, wspace=0.03)
    return Chart(figsize=(_SIZE[0], height), layout=layout)


def _style_axes(axes: Any, title: str, note: str, *, value_axis: str) -> None:
    """Set the title and style of axes: no frame, no tick marks, grid lines of one axis only."""
    for side in ("top", "right", "left" if value_axis == "y" else "bottom"):
        axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color("#b9bec6")
    axes.grid(axis=value_axis, color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, labelsize=8.5, length=0 if value_axis == "x" else 3)
    values = axes.yaxis if value_axis == "y" else axes.xaxis
    values.set_major_formatter(FuncFormatter(lambda value, _: _thousands(value)))
    values.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3))
    values.set_tick_params(length=0)
    full = f"{title}   ({note})" if note else title
    axes.set_title(
        _without_formulas(cut(one_line(full), 100)), loc="left", color=_INK, fontsize=10.5
    )


def _legend(axes: Any, handles: list[Any], names: list[str]) -> None:
    axes.legend(
        handles,
        [_without_formulas(cut(one_line(name) or "(missing)", 30)) for name in names],
        loc="upper left",
        bbox_to_anchor=(1.005, 1.02),
        frameon=False,
        fontsize=8.5,
        labelcolor=_INK,
        borderaxespad=0,
        handlelength=1.2,
    )


def _colours(series: list[Series]) -> list[str]:
    return [PALETTE[i] if i < len(PALETTE) else _REST for i in range(len(series))]


def _without_formulas(text: str) -> str:
    """Keep matplotlib from reading `$…$` as a formula."""
    return text.replace("$", r"\$")


def _thousands(value: float) -> str:
    if abs(value) >= 1e15 or (value and abs(value) < 1e-4):
        return f"{value:.3g}"
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.{4 if abs(value) < 1 else 2}f}".rstrip("0").rstrip(".")


def _names(names: Any) -> str:
    return ", ".join(repr(str(name)) for name in list(names)[:5])
