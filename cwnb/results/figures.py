"""Choose the chart for an answer, by its shape and the kind that was asked for."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.errors import CwnbError, InvalidParameter
from cwnb.events import ALL_TIME, Window
from cwnb.insights import extent_of_answer
from cwnb.results.axes import NARROWEST, WIDTH, joined
from cwnb.results.bar_charts import BARS_SHOWN, draw_bars
from cwnb.results.distribution import draw_distribution
from cwnb.results.fonts import DRAWING
from cwnb.results.measures import floats, with_measures
from cwnb.results.panels import (
    Panel,
    event_panel,
    labels_of,
    panels_of_columns,
    panels_of_groups,
    panels_of_measures,
)
from cwnb.results.series import Series
from cwnb.results.shape import shape
from cwnb.results.time_charts import draw_over_time
from cwnb.results.whole_times import time_texts
from cwnb.results.zones import UTC_NAME, display_zone

if TYPE_CHECKING:
    from pandas import DataFrame

    from cwnb.results.axes import Chart
    from cwnb.results.shape import Shape


def draw(
    result: Any,
    kind: str,
    value: str | None = None,
    tz: str = UTC_NAME,
    width: float | None = None,
) -> Chart:
    """Draw a result; see `charts.plot`, which checks `kind` first."""
    df = result.df
    display_zone(tz)
    if df.shape[0] == 0:
        raise InvalidParameter("cannot draw a result without rows")
    with DRAWING:
        inches = WIDTH if width is None else max(NARROWEST, width)
        return _draw(result, df, kind, value, tz, width=inches)


def _draw(
    result: Any, df: DataFrame, kind: str, value: str | None, tz: str, *, width: float
) -> Chart:
    found = shape(result.pipeline, df)
    window = _window(result)
    if kind == "hist":
        found, _ = with_measures(df, found, value or next(iter(found.measures), None))
        name = found.measures[0]
        return draw_distribution(floats(df, name), name, width)
    if found.kind == "events":
        if value is not None:
            raise InvalidParameter(
                f"a chart of events counts them; for the values of {value!r} choose 'hist'"
            )
        panel = event_panel(df, found, window)
        if kind == "barh":
            return _draw_lying([panel], tz, width)
        return draw_over_time([panel], "stacked" if kind == "auto" else kind, tz, width)
    found, note = with_measures(df, found, value)
    if found.is_cut:
        note = joined(note, f"cut off at {len(df):,} rows")
    if found.kind == "groups":
        return _draw_groups(df, found, kind, note, tz, width=width)
    panels = (
        panels_of_groups(df, found, window, display_zone(tz))
        if found.keys
        else panels_of_measures(df, found, window)
    )
    if note:
        panels[0].note = joined(panels[0].note, note)
    if kind == "barh":
        return _draw_lying(panels, tz, width)
    return draw_over_time(panels, kind, tz, width)


def _window(result: Any) -> Window:
    """Give the window of an answer; one with a single open side ends there at the last event.

    So a chart of what failed since 9:00 shows the quiet time up to the newest event, too.
    """
    window: Window = result.events.window
    has_start, has_end = window.start_ms > ALL_TIME.start_ms, window.end_ms < ALL_TIME.end_ms
    if has_start == has_end:
        return window
    with suppress(CwnbError):  # the events may be gone, and the answer is still there
        extent = extent_of_answer(result.query, result.events.context)
        if extent is not None and has_start:
            return Window(window.start_ms, extent.last_ms + 1)
        if extent is not None:
            return Window(extent.first_ms, window.end_ms)
    return window


def _draw_lying(panels: list[Panel], tz: str, width: float) -> Chart:
    """Draw a bar for each bin of time, the first one at the top."""
    labels = time_texts(panels[0].times_ms, display_zone(tz))
    panels[0].note = joined(f"times in {tz}", panels[0].note)
    return draw_bars(labels, panels, kind="barh", what="bins", width=width)


def _draw_groups(
    df: DataFrame, found: Shape, kind: str, note: str, tz: str, *, width: float
) -> Chart:
    if kind not in {"auto", "bar", "barh"}:
        raise InvalidParameter(
            f"cannot draw {kind!r} without a time; group by bin(...), or choose 'bar' or 'barh'"
        )
    if found.keys:
        if len(df) > BARS_SHOWN and not found.is_sorted:
            sizes = -np.abs(np.nan_to_num(floats(df, found.measures[0])))
            df = df.iloc[np.argsort(sizes, kind="stable")]
            note = joined(note, "largest first")
        labels = labels_of(df, found.keys, display_zone(tz))
        panels = panels_of_columns(df, found, f" by {', '.join(found.keys)}")
        panels[0].note = note
        return draw_bars(labels, panels, kind=kind, what="groups", width=width)
    if len(found.measures) == 1:
        raise InvalidParameter("cannot draw a single number; group by a field or by bin(...)")
    # One row of numbers: each is a bar.
    heights = np.array([floats(df, name)[0] for name in found.measures])
    panel = Panel("", np.arange(len(heights)), [Series("", heights)], note=note)
    return draw_bars(list(found.measures), [panel], kind=kind, what="columns", width=width)
