"""Times as users write them, and the one clock of the package."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
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
_RELATIVE = re.compile(r"(?P<sign>[-+]?)(?P<count>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|m|h|d|w)")
_ABSOLUTE_DIGITS = re.compile(r"-?\d{9,19}")


@dataclass(frozen=True)
class Clock:
    """Tells the present time; `fixed_ms` makes it always the same, as in a demo store."""

    fixed_ms: int | None = None

    def now_ms(self) -> int:
        """Give the present as epoch milliseconds."""
        return self.fixed_ms if self.fixed_ms is not None else time.time_ns() // 1_000_000


def to_ms(when: Any, now_ms: int, tz: tzinfo = UTC) -> int:
    """Read a time as epoch milliseconds.

    `when`: `"now"`, a time relative to now (`"-1h"` and `"1h"` are an hour ago, `"+1h"` in one),
    ISO text, a datetime, date or pandas Timestamp (without zone: `tz`), a numpy datetime64 (UTC),
    or a number: epoch seconds below 1e11 and milliseconds from there on (1e11 s is the year 5138,
    1e11 ms is 1973).
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
    except (TypeError, ValueError):
        raise _unreadable(when) from None
    if not abs(number) <= 1e15:
        raise _unreadable(when)
    return int(when * 1000 if abs(number) < 1e11 else when)


def _text_ms(text: str, now_ms: int, tz: tzinfo) -> int:
    if text.lower() == "now":
        return now_ms
    if match := _RELATIVE.fullmatch(text):
        distance = round(float(match["count"]) * UNIT_MS[match["unit"]])
        return now_ms + (distance if match["sign"] == "+" else -distance)
    if _ABSOLUTE_DIGITS.fullmatch(text):
        return to_ms(int(text), now_ms, tz)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise _unreadable(text) from None
    return _datetime_ms(parsed if parsed.tzinfo else parsed.replace(tzinfo=tz))


def _datetime_ms(when: datetime) -> int:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    delta = when - epoch
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def _unreadable(when: object) -> InvalidParameter:
    return InvalidParameter(
        f"cannot read {when!r:.80} as a time; "
        "write '-1h', '2026-11-23T08:00Z', 'now' or epoch seconds"
    )
