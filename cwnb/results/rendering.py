"""Values as text, as the service writes them, and tables of text for a terminal."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.plurals import counted
from cwnb.results.visible import columns_wide, cut, one_line
from cwnb.results.zones import UTC_NAME, shown_in

if TYPE_CHECKING:
    from pandas import DataFrame, Series

# Doubles from here on have no decimals, and not all of their digits are exact, so they are written
# with an exponent.
_EXPONENT_FROM = 1e16
# What the language takes for a number.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# The least width of a column, in characters, when a table is made to fit.
_NARROWEST = 8
_GAP = "  "
# In a pipe, where nothing is cut, the line under the name of a column of messages ends here.
_LONGEST_RULE = 60


def render(value: Any) -> str:
    """Give the text of one value as the service renders it.

    Numbers have up to four decimals without trailing zeros, times are `YYYY-MM-DD HH:MM:SS.mmm`
    in UTC, booleans `true` and `false`, structures compact JSON; a missing value is empty.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _render_float(value)
    if isinstance(value, datetime):
        return _render_time(value)
    return _render_other(value)


def _render_float(value: float) -> str:
    if math.isnan(value):
        return ""
    if not abs(value) < _EXPONENT_FROM:
        return repr(float(value))
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _render_time(value: datetime) -> str:
    if value != value:  # noqa: PLR0124 - NaT is a datetime, and only it differs from itself
        return ""
    utc = value.astimezone(UTC) if value.tzinfo else value
    return f"{utc:%Y-%m-%d %H:%M:%S}.{utc.microsecond // 1000:03d}"


def _render_other(value: Any) -> str:
    if type(value).__name__ in {"NAType", "NaTType"}:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=render)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, Decimal):
        return _render_float(float(value))
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "item"):  # a numpy scalar
        plain = value.item()
        return str(plain) if hasattr(plain, "item") else render(plain)
    if hasattr(value, "tolist"):
        return render(value.tolist())
    return str(value)


def rendered(series: Series) -> list[str]:
    """Render the values of one column."""
    return [render(value) for value in series.tolist()]


def is_number(series: Series) -> bool:
    """Tell whether a column has a type of numbers, so that it is aligned right and can be drawn."""
    from pandas.api import types

    return bool(types.is_numeric_dtype(series.dtype) and not types.is_bool_dtype(series.dtype))


def is_time(series: Series) -> bool:
    """Tell whether a column holds times."""
    from pandas.api import types

    return bool(types.is_datetime64_any_dtype(series.dtype))


def numbers(series: Series) -> np.ndarray[Any, Any] | None:
    """Give a column as floats, NaN where missing, if it is drawn as numbers; else None.

    Text counts if all of it are numbers: what `parse` cut out is text, and so is its `max`.
    """
    if is_number(series):
        return np.asarray(series.to_numpy(dtype="float64", na_value=np.nan))
    if is_time(series):
        return None
    values = series.tolist()
    texts = [value for value in values if isinstance(value, str)]
    present = int(series.notna().sum())
    if not texts or len(texts) != present or not all(map(_NUMBER.fullmatch, texts)):
        return None
    return np.array([float(value) if isinstance(value, str) else np.nan for value in values])


def text_table(
    df: DataFrame,
    width: int = 100,
    max_rows: int | None = 50,
    *,
    whole: bool = False,
    tz: str = UTC_NAME,
) -> str:
    """Write a frame as a table for a terminal `width` columns wide.

    Long text is cut with `…`, the widest columns first; columns that still do not fit, and rows
    past `max_rows`, are counted in a last line. `max_rows=None` shows them all. `whole`: cut
    no text as long as the last columns can be left out instead. Times are shown in the zone `tz`,
    which their columns name.
    """
    if df.shape[1] == 0:
        return "(no columns)"
    head = shown_in(df if max_rows is None else df.head(max_rows), tz)
    names = [one_line(str(name)) for name in head.columns]
    cells = [[one_line(text) for text in rendered(head.iloc[:, i])] for i in range(df.shape[1])]
    natural = [
        max(columns_wide(text) for text in [name, *column])
        for name, column in zip(names, cells, strict=True)
    ]
    while whole and len(natural) > 1 and sum(natural) + len(_GAP) * (len(natural) - 1) > width:
        natural.pop()
    numeric = [is_number(df.iloc[:, i]) for i in range(df.shape[1])]
    cut_last = [number or is_time(df.iloc[:, i]) for i, number in enumerate(numeric)]
    widths = _squeeze(natural, width, cut_last)
    aligned = [_right if number else _left for number in numeric]
    rules = ["─" * min(size, _LONGEST_RULE) for size in widths]
    rows = [names, rules, *zip(*cells, strict=True)]
    lines = [
        _GAP.join(
            align(cut(text, size), size)
            for text, size, align in zip(row, widths, aligned, strict=False)
        ).rstrip()
        for row in rows
    ]
    if left := _left_out(df, rows=len(head), columns=len(widths)):
        lines.append(left)
    return "\n".join(lines)


def _squeeze(natural: list[int], width: int, cut_last: list[bool]) -> list[int]:
    """Give each column its width, so that the line fits; the last ones may be left out.

    Half a time or a number misleads, so their columns (`cut_last`) are cut after all others.
    """
    shown = list(natural)
    while len(shown) > 1 and sum(min(w, _NARROWEST) + len(_GAP) for w in shown) - len(_GAP) > width:
        shown.pop()
    room = width - len(_GAP) * (len(shown) - 1)
    widths = list(shown)
    for last in (False, True):
        these = [i for i in range(len(shown)) if cut_last[i] is last]
        others = sum(widths) - sum(widths[i] for i in these)
        ceiling = max((shown[i] for i in these), default=0)
        while ceiling > _NARROWEST and sum(min(shown[i], ceiling) for i in these) > room - others:
            ceiling -= 1
        for i in these:
            widths[i] = min(shown[i], ceiling)
    # Characters that are left over go to the first columns that need more.
    spare = room - sum(widths)
    for i, wanted in enumerate(shown):
        more = max(0, min(wanted - widths[i], spare))
        widths[i] += more
        spare -= more
    return widths


def _left_out(df: DataFrame, *, rows: int, columns: int) -> str:
    parts = []
    if more := len(df) - rows:
        parts.append(counted(more, "more row"))
    if more := df.shape[1] - columns:
        names = ", ".join(one_line(str(name)) for name in df.columns[columns : columns + 3])
        parts.append(f"{counted(more, 'more column')}: {names}{', …' * (more > 3)}")
    return f"… {'; '.join(parts)}" if parts else ""


def _left(text: str, width: int) -> str:
    return text + " " * (width - columns_wide(text))


def _right(text: str, width: int) -> str:
    return " " * (width - columns_wide(text)) + text
