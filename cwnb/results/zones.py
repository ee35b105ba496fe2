"""The zone in which tables and charts show times; answers themselves stay in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from cwnb.errors import InvalidParameter

if TYPE_CHECKING:
    from pandas import DataFrame

UTC_NAME = "UTC"


def display_zone(tz: str) -> tzinfo:
    """Give the zone of a name such as `Europe/Vienna`; raise InvalidParameter for no zone."""
    if tz == UTC_NAME:
        return UTC
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError, TypeError):
        raise InvalidParameter(
            f"unknown time zone {tz!r}; write such as 'Europe/Vienna', or 'UTC'"
        ) from None


def zone_names() -> list[str]:
    """Name the zones of places, such as `Europe/Vienna`, in order."""
    return sorted(
        name
        for name in available_timezones()
        if "/" in name and not name.startswith(("Etc/", "SystemV/"))
    )


def titled(name: str, tz: str) -> str:
    """Name times with their zone, as the heading of a column does."""
    return f"{name} ({tz})"


def shown_in(df: DataFrame, tz: str = UTC_NAME) -> DataFrame:
    """Give a frame to show: its times as the clocks of a zone had them, with the zone's name.

    Times that have no zone of their own, and all other columns, stay as they are.
    """
    zone = display_zone(tz)
    if not any(map(_is_aware, df.dtypes)):
        return df
    import pandas as pd

    columns, names = [], []
    for place, name in enumerate(df.columns):
        column = df.iloc[:, place]
        aware = _is_aware(column.dtype)
        if aware and zone is not UTC:
            column = column.dt.tz_convert(tz).dt.tz_localize(None)
        columns.append(column)
        names.append(titled(str(name), tz) if aware else name)
    shown = pd.concat(columns, axis=1)
    shown.columns = pd.Index(names)
    return shown


def is_moment(value: Any) -> bool:
    """Tell whether a value is a time that has a zone."""
    return isinstance(value, datetime) and value.tzinfo is not None


def _is_aware(dtype: Any) -> bool:
    """Tell whether a column has times with a zone, in pandas' types or in Arrow's."""
    return getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None) is not None
