"""Arithmetic of times on whole columns: civil dates, zones, missing years, epoch numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from cwnb.errors import InvalidParameter
from cwnb.sources.assumed import zone_to_utc

if TYPE_CHECKING:
    from cwnb.sources.assumed import Assumed
    from cwnb.sources.layouts import Layout

Array = np.ndarray[Any, Any]

DAY_MS = 86_400_000
# A number below this is no time in seconds (1973-03-03); durations and counters are smaller.
EARLIEST_EPOCH = 100_000_000
# No place was ever further from UTC (Manila and Alaska, before their days were exchanged).
MOST_OFFSET_MINUTES = 16 * 60 - 1
_FIXED = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?")
_MONTH_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass(frozen=True)
class Reading:
    """How to read what a time leaves out: its zone (`tz`) and its year (`file_ms`)."""

    file_ms: int
    tz: str | int | None = None
    # What the user said of the time: its field, and its form.
    field: str | None = None
    layout: Layout | None = None
    # Whether dates such as 03/04/2026 begin with the day; None where the file does not tell.
    day_first: bool | None = None
    # Collects what is assumed of the times; None where they are only tried.
    assumed: Assumed | None = None

    def to_utc(self, local_ms: Array) -> Array:
        """Turn wall-clock milliseconds of the zone into UTC."""
        if self.assumed is not None and len(local_ms):
            self.assumed.no_zone = True
        if self.tz is None:
            return local_ms
        if isinstance(self.tz, int):
            return local_ms - self.tz
        return zone_to_utc(local_ms, self.tz, self.assumed)


def read_zone(tz: str | tzinfo | None) -> str | int | None:
    """Give a zone as its name or its fixed offset in milliseconds; None is UTC."""
    if tz is None or tz is UTC:
        return None
    if isinstance(tz, ZoneInfo) and tz.key:
        return tz.key
    if isinstance(tz, tzinfo):
        offset = tz.utcoffset(None)
        if offset is None:
            raise InvalidParameter(f"cannot use {tz!r} as a time zone; give its name as text")
        return offset // timedelta(milliseconds=1)
    if tz.upper() in {"UTC", "Z", "GMT"}:
        return None
    if match := _FIXED.fullmatch(tz.strip()):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        if int(match[3] or 0) > 59 or minutes > MOST_OFFSET_MINUTES:
            raise InvalidParameter(f"{tz!r} is no offset from UTC; write '+02:00'")
        return (-minutes if match[1] == "-" else minutes) * 60_000
    try:
        return ZoneInfo(tz).key
    except (KeyError, ValueError, OSError):
        raise InvalidParameter(
            f"unknown time zone {tz!r}; write 'Europe/Vienna' or '+02:00'"
        ) from None


def civil_days(year: Array, month: Array, day: Array) -> Array:
    """Count days from 1970-01-01 in the Gregorian calendar."""
    year = year - (month <= 2)
    era = np.floor_divide(year, 400)
    of_era = year - era * 400
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    days: Array = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return days


def is_date(year: Array, month: Array, day: Array) -> Array:
    """Tell which dates exist."""
    good: Array = (month >= 1) & (month <= 12) & (day >= 1)
    good &= day <= _MONTH_DAYS[np.where(good, month, 0)]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    good &= ~((month == 2) & (day == 29) & ~leap)
    return good


def latest_year(month: Array, day: Array, of_day_ms: Array, reading: Reading) -> Array:
    """Give for each date without a year the latest one that is not after the file plus a day."""
    reading = replace(reading, assumed=None)
    limit = reading.file_ms + DAY_MS
    newest = datetime.fromtimestamp(limit / 1000, UTC).year + 1
    years = np.full(len(month), newest, np.int64)
    # 29 February comes back after eight years at most.
    for _ in range(10):
        local = civil_days(years, month, day) * DAY_MS + of_day_ms
        late = ~is_date(years, month, day) | (reading.to_utc(local) > limit)
        if not late.any():
            break
        years = years - late
    return years


def epoch_ms(numbers: Array) -> tuple[Array, Array]:
    """Read numbers as epoch seconds, milliseconds, microseconds or nanoseconds by their size.

    Gives milliseconds and a mask of what can be a time at all: from 1973 on.
    """
    if numbers.dtype.kind == "f":
        good = np.isfinite(numbers) & (numbers >= EARLIEST_EPOCH) & (numbers < 9e18)
        numbers = np.where(good, numbers, 0.0)
        scaled = np.select(
            [numbers < 1e11, numbers < 1e14, numbers < 1e17],
            [np.round(numbers * 1000), numbers, numbers / 1e3],
            numbers / 1e6,
        )
        return scaled.astype(np.int64), good
    good = numbers >= EARLIEST_EPOCH
    numbers = np.where(good, numbers, 0)
    scaled = np.select(
        [numbers < 10**11, numbers < 10**14, numbers < 10**17],
        [np.minimum(numbers, 10**11) * 1000, numbers, numbers // 1000],
        numbers // 1_000_000,
    )
    return scaled.astype(np.int64), good
