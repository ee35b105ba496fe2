"""The window of a query: how start and end are read, which settings narrow it, how it is shown."""

from __future__ import annotations

import os
from numbers import Real
from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidParameter
from cwnb.events import ALL_TIME, Window
from cwnb.times import UNIT_MS, moment, to_ms

if TYPE_CHECKING:
    from cwnb.events import Extent

# Written in place of a time it stands for all there is, also where a setting narrows the window.
ALL = "all"
START_VARIABLE = "CWNB_START"
_HOUR_MS = 3_600_000
# 1990, in epoch seconds. All milliseconds of a week are less, so such a number is no epoch time.
_FIRST_S = 631_152_000
# A larger number was hardly meant as seconds before now.
_SECONDS_SAID = 1_000_000


def read_window(start: Any, end: Any, now_ms: int) -> Window:
    """Give the window from `start` up to, not including, `end`; None and "all" leave a side open.

    Raises InvalidParameter for what is no time, for numbers that `bound_ms` refuses, and for an end
    before the start.
    """
    first = ALL_TIME.start_ms if _is_open(start) else bound_ms(start, now_ms)
    last = ALL_TIME.end_ms if _is_open(end) else bound_ms(end, now_ms)
    if last < first:
        raise InvalidParameter(f"the window ends ({end!r}) before it starts ({start!r})")
    return Window(first, last)


def bound_ms(when: Any, now_ms: int) -> int:
    """Read a bound of a window, such as the beginning of a tail, as epoch milliseconds.

    A number is one of `times.to_ms`, but from 1990 on, or 0: who writes `since=600` means ten
    minutes, and would get the events since 1970. Raises InvalidParameter.
    """
    is_number = isinstance(when, Real) and not isinstance(when, bool)
    if is_number and 0 < abs(when) < _FIRST_S:
        ago = f"'-{abs(when)}s' or " if abs(when) < _SECONDS_SAID else ""
        raise InvalidParameter(
            f"the number {when} is read as epoch seconds, and would be a time in "
            f"{moment_text(to_ms(when, now_ms))[:4]}; write {ago}'-10m' for a time before "
            "now, '1980-01-01' for one before 1990"
        )
    return to_ms(when, now_ms)


def narrowed_start(start: Any, end: Any, now_ms: int, *, configured: str = "") -> Any:
    """Give the start of a cell or a command: that which is said, else configured, else CWNB_START.

    None if none of them names one. Only the notebook and the command line call this: what a program
    answers must not depend on its environment. Raises InvalidParameter, which names the setting.
    """
    if start is not None:
        return start
    variable = os.environ.get(START_VARIABLE, "").strip()
    setting, said_by = (
        (configured, "%config Cwnb.start") if configured else (variable, START_VARIABLE)
    )
    if not setting:
        return None
    try:
        read_window(setting, end, now_ms)
    except InvalidParameter as error:
        raise InvalidParameter(f"{error}; the start is that of {said_by}") from None
    return setting


def window_text(window: Window, extent: Extent | None) -> str:
    """Say which times were asked about; of all times, those from the first event to the last."""
    has_start, has_end = window.start_ms > ALL_TIME.start_ms, window.end_ms < ALL_TIME.end_ms
    if not has_start and not has_end:
        if extent is None:
            return ""
        # Over an hour, minutes are exact enough.
        unit = 1_000 if extent.last_ms - extent.first_ms < _HOUR_MS else 60_000
        first, last = (moment_text(ms - ms % unit) for ms in (extent.first_ms, extent.last_ms))
        return f"all events, from {first} to {last} UTC"
    first, last = moment_text(window.start_ms), moment_text(window.end_ms)
    if has_start and has_end:
        return f"from {first} to {last} UTC"
    return f"from {first} UTC" if has_start else f"before {last} UTC"


def moment_text(time_ms: int) -> str:
    """Write a time in UTC without the seconds and milliseconds that are 0."""
    try:
        time = moment(time_ms)
    except OverflowError:  # outside of the years 1 to 9999
        return f"{time_ms:,} ms"
    text = f"{time:%Y-%m-%d %H:%M}"
    if time.second or time.microsecond:
        text += f":{time.second:02d}"
    return f"{text}.{time.microsecond // 1000:03d}" if time.microsecond else text


def minute_text(time_ms: int | None) -> str:
    """Write a time in UTC to the minute, in which it lies; empty for None."""
    return "" if time_ms is None else moment_text(time_ms - time_ms % UNIT_MS["m"])


def _is_open(when: Any) -> bool:
    return when is None or (isinstance(when, str) and when.strip().lower() == ALL)
