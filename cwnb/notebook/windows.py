"""Parts of windows, and their sides as users write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cwnb.events import ALL_TIME, Window
from cwnb.times import UNIT_MONTHS, UNIT_MS, moment, to_ms


def intersection(one: Window, other: Window) -> Window:
    """Give the times that are in both; it ends before it starts where there are none."""
    return Window(max(one.start_ms, other.start_ms), min(one.end_ms, other.end_ms))


def sides(window: Window) -> tuple[datetime | int | None, datetime | int | None]:
    """Give start and end as `Logs.query` reads them; an open side is None."""
    return (
        None if window.start_ms == ALL_TIME.start_ms else moment_or_number(window.start_ms),
        None if window.end_ms == ALL_TIME.end_ms else moment_or_number(window.end_ms),
    )


def moment_or_number(time_ms: int) -> datetime | int:
    """Give a time as people read it; outside of the years 1 to 9999 it stays a number."""
    try:
        return moment(time_ms)
    except OverflowError:
        return time_ms


def bin_window(start: datetime, count: int, unit: str) -> Window:
    """Give the window of one bin of time."""
    begin = start if start.tzinfo else start.replace(tzinfo=UTC)
    if unit in UNIT_MS:
        end = begin + timedelta(milliseconds=count * UNIT_MS[unit])
    else:
        month = begin.month - 1 + count * UNIT_MONTHS[unit]
        end = begin.replace(year=begin.year + month // 12, month=month % 12 + 1)
    return Window(to_ms(begin, 0), to_ms(end, 0))
