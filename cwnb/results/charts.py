"""Charts of answers: pictures for a notebook, bars of text for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidParameter
from cwnb.nearest import unknown
from cwnb.results.rendering import is_number, numbers, render, rendered
from cwnb.results.visible import columns_wide, cut, one_line
from cwnb.results.zones import UTC_NAME

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

KINDS = ("auto", "line", "area", "bar", "barh", "stacked", "hist")
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def plot(
    result: Any,
    kind: str = "auto",
    *,
    value: str | None = None,
    tz: str = UTC_NAME,
    width: float | None = None,
) -> Figure:
    """Draw a result as a matplotlib Figure that shows itself in a notebook.

    `kind`, for what the rows are:

    - "auto": a line per aggregate by bin alone; by bin and group, counts and sums stacked and a
      line per group for other aggregates; bars for groups; for events, their number over time.
    - "line", "area", "bar", "stacked": over time. A count or sum is 0 in a bin without events, also
      up to the ends of the window that was asked about, which ends at the last event of all where
      only its start is named; other aggregates have a gap. Areas of counts and sums by group stand
      on each other. A single bin is a bar.
    - "bar", "barh": a bar per group, upright or lying. "barh" of a time has a bar per bin.
    - "hist": the distribution of the first column of numbers, over all rows of the answer: a field
      of events, a measure of `stats`.

    `value`: the column of numbers that is drawn. By default they are all (the first eight), in
    panels of one scale; by bin and group, the first four. Of more than eight groups the largest
    have colours, and the others are added up as "other", or left out where they do not add up.
    Times are drawn in the zone `tz`. `width` is that of the figure in inches, by default 9 and at
    least 3.5; letters keep their size. Raises InvalidParameter for a result that cannot be drawn,
    saying why.
    """
    if kind not in KINDS:
        raise InvalidParameter(unknown("kind of chart", kind, KINDS))
    from cwnb.results.figures import draw

    return draw(result, kind, value, tz, width)


def text_bars(
    df: DataFrame, width: int = 72, *, value: str | None = None, max_rows: int = 24
) -> str:
    """Draw a column of numbers as bars of text, labelled by the columns that are no numbers.

    `value` defaults to the first column of numbers. Rows keep their order; those past `max_rows`
    are counted in a last line. Bars begin at zero; a negative or missing number has none.
    """
    found = {str(c): numbers(df.iloc[:, i]) for i, c in enumerate(df.columns)}
    drawn = {name: column for name, column in found.items() if column is not None}
    typed = [str(c) for i, c in enumerate(df.columns) if is_number(df.iloc[:, i])]
    if value is not None and value not in drawn:
        raise InvalidParameter(
            f"no column of numbers {value!r}; the columns of numbers are {list(drawn)}"
        )
    if not drawn:
        raise InvalidParameter("cannot draw bars without a column of numbers")
    chosen = value or next(iter(typed or drawn))
    shown = df.head(max_rows)
    texts = rendered(shown[chosen])
    labels = _labels(shown.drop(columns=list({chosen, *typed})))
    label_width = min(max(map(columns_wide, labels), default=0), max(8, width * 2 // 5))
    text_width = max(map(len, texts), default=0)
    room = max(4, width - label_width - text_width - 3)
    heights = [float(height) for height in drawn[chosen][: len(shown)]]
    most = max((h for h in heights if math.isfinite(h)), default=0.0)
    lines = []
    for label, text, height in zip(labels, texts, heights, strict=True):
        name = cut(label, label_width)
        bar = _bar(height / most, room) if most > 0 and math.isfinite(height) else ""
        padded = name + " " * (label_width - columns_wide(name))
        lines.append(f"{padded}  {text:>{text_width}} {bar}".rstrip())
    if more := len(df) - len(shown):
        lines.append(f"… {more:,} more")
    return "\n".join(lines)


def _labels(df: DataFrame) -> list[str]:
    if df.shape[1] == 0:
        return [""] * len(df)
    columns = [_column_labels(df.iloc[:, i].tolist()) for i in range(df.shape[1])]
    return [" · ".join(parts) for parts in zip(*columns, strict=True)]


def _column_labels(values: list[Any]) -> list[str]:
    """Render a column; where all times are whole minutes, their seconds are left out."""
    texts = [one_line(render(value)) or "(missing)" for value in values]
    times = [value for value in values if hasattr(value, "microsecond")]
    if times and all(t.second == 0 and t.microsecond == 0 for t in times):
        return [t.removesuffix(":00.000") for t in texts]
    return texts


def _bar(share: float, room: int) -> str:
    eighths = round(max(0.0, share) * room * 8)
    # A value above zero always has a visible bar.
    eighths = max(eighths, 1) if share > 0 else 0
    whole, part = divmod(eighths, 8)
    return _EIGHTHS[8] * whole + (_EIGHTHS[part] if part else "")
