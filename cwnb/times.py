"""Times as users write them, and the one clock of the package."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from cwnb.errors import InvalidParameter

# Units of the language's periods that have a fixed length; months, quarters and years have none.
UNIT_MS = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
UNIT_MONTHS = {"mo": 1, "q": 3, "y": 12}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RELATIVE = re.compile(r"(?P<sign>[-+]?)(?P<count>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|m|h|d|w)")
_MAX_MS = 1e15  # the year 33658; what is further away was written by mistake
_ABSOLUTE_DIGITS = re.compile(r"-?\d{9,19}")
_EXACT_UNITS = ("second", "minute", "hour")
_DAYS_FROM_TODAY = {"today": 0, "yesterday": -1, "tomorrow": 1}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Only words that everybody reads alike: "last monday", "8" and "mon" are refused.
_AGO = re.compile(
    rf"(?P<count>\d{{1,6}}|an?) (?P<unit>{'|'.join(_EXACT_UNITS)}|day|week|month|year)s? ago"
)
_CLOCK = (
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?|(?= ?[ap]m)) ?(?P<half>[ap]m)?"
    r"|(?P<noon>noon)"
)
_DAY = re.compile(
    rf"(?P<day>{'|'.join([*_DAYS_FROM_TODAY, *_WEEKDAYS])})(?: (?:at )?(?:{_CLOCK}))?"
)


@dataclass
class Clock:
    """Tells the present time; `fixed_ms` makes it stand still, as in a demo store and in tests."""

    fixed_ms: int | None = None

    def now_ms(self) -> int:
        """Give the present as epoch milliseconds."""
        return self.fixed_ms if self.fixed_ms is not None else time.time_ns() // 1_000_000

    def steady_ms(self) -> int:
        """Give milliseconds that only go forward, from some moment on, to measure how long.

        A clock that is set, and a machine that sleeps, do not change them.
        """
        return self.fixed_ms if self.fixed_ms is not None else time.monotonic_ns() // 1_000_000

    def advance(self, seconds: float) -> None:
        """Let a clock that stands still go forward; raises ValueError for the real one."""
        if self.fixed_ms is None:
            raise ValueError("only a clock that stands still can be advanced")
        self.fixed_ms += round(seconds * 1000)


def moment(time_ms: int) -> datetime:
    """Give the time of epoch milliseconds in UTC; OverflowError outside of the years 1 to 9999."""
    return EPOCH + timedelta(milliseconds=time_ms)


def months_before(time_ms: int, months: int) -> int:
    """Give the time so many months of the calendar earlier, in UTC.

    A day that a month does not have is its last one. Raises InvalidParameter before the year 1.
    """
    from dateutil.relativedelta import relativedelta

    try:
        moved = moment(time_ms) - relativedelta(months=months)
    except (ValueError, OverflowError):
        raise InvalidParameter(f"{months:,} months earlier is before the year 1") from None
    return int((moved - EPOCH) // timedelta(milliseconds=1))


def to_ms(when: Any, now_ms: int, tz: tzinfo = UTC) -> int:
    """Read a time as epoch milliseconds.

    `when`: `"now"`, a time relative to now (`"-1h"` and `"1h"` are an hour ago, `"+1h"` in one),
    words (`"3 days ago"`, `"yesterday"` and the like, which begin at midnight, `"monday 08:00"`,
    the last one), ISO text, a datetime, date or pandas Timestamp (words and what has no zone: in
    `tz`), a numpy datetime64 (UTC), or a number: epoch seconds below 1e11 and milliseconds from
    there on (1e11 s is the year 5138, 1e11 ms is 1973). Raises InvalidParameter.
    """
    is_numpy = type(when).__name__ == "datetime64"
    # The NaT of numpy and of pandas is the one time that does not equal itself.
    if isinstance(when, bool) or ((is_numpy or isinstance(when, date)) and when != when):  # noqa: PLR0124
        raise _unreadable(when)
    if is_numpy:
        return int(when.astype("datetime64[ms]").astype("int64"))
    if isinstance(when, datetime):
        aware = when if when.tzinfo else when.replace(tzinfo=tz)
        return _datetime_ms(aware)
    if isinstance(when, date):
        return _datetime_ms(datetime(when.year, when.month, when.day, tzinfo=tz))
    if isinstance(when, str):
        return _text_ms(when.strip(), now_ms, tz)
    try:
        number = float(when)
    except (TypeError, ValueError, OverflowError):
        raise _unreadable(when) from None
    if not abs(number) <= _MAX_MS:
        raise _unreadable(when)
    return int(when * 1000 if abs(number) < 1e11 else when)


def _text_ms(text: str, now_ms: int, tz: tzinfo) -> int:
    if text.lower() == "now":
        return now_ms
    if match := _RELATIVE.fullmatch(text):
        distance = float(match["count"]) * UNIT_MS[match["unit"]]
        if distance > _MAX_MS:
            raise _unreadable(text)
        return now_ms + round(distance if match["sign"] == "+" else -distance)
    if _ABSOLUTE_DIGITS.fullmatch(text):
        return to_ms(int(text), now_ms, tz)
    words = " ".join(text.lower().split())
    try:
        if match := _AGO.fullmatch(words):
            return _ago_ms(match, now_ms, tz)
        if match := _DAY.fullmatch(words):
            return _day_ms(match, now_ms, tz)
        parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise _unreadable(text) from None
    return _datetime_ms(parsed if parsed.tzinfo else parsed.replace(tzinfo=tz))


def _ago_ms(match: re.Match[str], now_ms: int, tz: tzinfo) -> int:
    """Read `3 days ago`: hours and less are exact, days and more are those of the calendar."""
    count = int(match["count"]) if match["count"].isdigit() else 1
    unit = match["unit"]
    if unit in _EXACT_UNITS:
        return now_ms - count * UNIT_MS[unit[0]]
    from dateutil.relativedelta import relativedelta

    local = datetime.fromtimestamp(now_ms // 1000, tz)
    back = relativedelta(**{f"{unit}s": count})
    return _datetime_ms(local - back) + now_ms % 1000


def _day_ms(match: re.Match[str], now_ms: int, tz: tzinfo) -> int:
    """Read `yesterday 08:00`; a weekday is the last one whose time has come."""
    hour, minute = int(match["hour"] or 0), int(match["minute"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + 12 * (match["half"] == "pm")
    if match["noon"]:
        hour = 12
    now = datetime.fromtimestamp(now_ms // 1000, tz)
    second = int(match["second"] or 0)
    today = now.replace(hour=hour, minute=minute, second=second, microsecond=0, fold=0)
    day = match["day"]
    if day in _DAYS_FROM_TODAY:
        return _datetime_ms(today + timedelta(days=_DAYS_FROM_TODAY[day]))
    back = (today.weekday() - _WEEKDAYS.index(day)) % 7
    found = _datetime_ms(today - timedelta(days=back))
    return found if found <= now_ms else _datetime_ms(today - timedelta(days=back + 7))


def _datetime_ms(when: datetime) -> int:
    delta = when - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def _unreadable(when: object) -> InvalidParameter:
    many = isinstance(when, int) and abs(when) > _MAX_MS  # Python may refuse to write it
    shown = "so large a number" if many else f"{when!r:.80}"
    return InvalidParameter(
        f"cannot read {shown} as a time; write '-1h', 'yesterday 08:00', '3 days ago', "
        "'2026-11-23T08:00Z', 'now' or epoch seconds"
    )
