"""The time axis of a chart: ticks at whole times of the display zone, as many as fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import Formatter, Locator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
# Distances of ticks: their unit, its count, and their length in milliseconds, which is that of the
# shortest for months and years.
_STEPS = [
    *(("ms", n, n) for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(("s", n, n * 1_000) for n in (1, 2, 5, 10, 15, 30)),
    *(("m", n, n * 60_000) for n in (1, 2, 5, 10, 15, 30)),
    *(("h", n, n * 3_600_000) for n in (1, 2, 3, 6, 12)),
    *(("d", n, n * _DAY_MS) for n in (1, 2)),
    *(("w", n, n * 7 * _DAY_MS) for n in (1, 2)),
    *(("mo", n, n * 28 * _DAY_MS) for n in (1, 2, 3, 6)),
    *(
        ("y", n, n * 365 * _DAY_MS)
        for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
    ),
]
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
# Points that a tick takes, by the width of its label: `08:00:00.000`, `08:00`, `20 Nov`, `2026`.
_ROOM_PT = {
    "ms": 84.0,
    "s": 64.0,
    "m": 50.0,
    "h": 50.0,
    "d": 52.0,
    "w": 52.0,
    "mo": 42.0,
    "y": 44.0,
}
# Times that every zone can write as a date: the years 2 to 9998.
FIRST_MS, LAST_MS = -62_103_628_800_000, 253_370_764_800_000


class TimeTicks(Locator):
    """Ticks of an axis whose numbers are days since 1970 in UTC, as matplotlib counts time."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone

    def __call__(self) -> list[float]:
        """Give the places of the ticks in view."""
        axis: Any = self.axis
        low, high = sorted(axis.get_view_interval())
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        """Give the places of the ticks from one time to another."""
        first, last = (min(max(v * _DAY_MS, FIRST_MS), LAST_MS) for v in (vmin, vmax))
        ms_of_point = (last - first) / max(self._width_pt(), 1.0)
        unit, count = next(
            (
                (unit, count)
                for unit, count, length in _STEPS
                if length >= _ROOM_PT[unit] * ms_of_point
            ),
            _STEPS[-1][:2],
        )
        times = whole_times(first, last, unit, count, self.zone)
        return [time_ms / _DAY_MS for time_ms in times]

    def _width_pt(self) -> float:
        axis: Any = self.axis
        axes = axis.axes
        return float(axes.get_window_extent().width * 72 / axes.figure.dpi)


class TimeLabels(Formatter):
    """Labels of such ticks: what changes from one to the next; the date or year where it changes.

    Where the clocks of the zone were put on or back, the label says the new distance to UTC.
    """

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002
        """Give one time, as a pointer shows it."""
        return f"{_local(round(x * _DAY_MS), self.zone):%Y-%m-%d %H:%M:%S}"

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Give the label of each tick."""
        times = [_local(round(value * _DAY_MS), self.zone) for value in values]
        write, wider = _detail(times)
        below, said, offset = [], "", None
        for when in times:
            shifted = offset is not None and when.utcoffset() != offset and wider is _date
            new = wider(when)
            below.append(new if new != said else _distance(when) if shifted else "")
            said, offset = new, when.utcoffset()
        if wider is _date and len(below) > 1 and below[1]:
            # Two dates beside each other have no room; the second one tells the first.
            below[0] = ""
        return [
            f"{write(when)}\n{line}" if line else write(when)
            for when, line in zip(times, below, strict=True)
        ]


def whole_times(first_ms: float, last_ms: float, unit: str, count: int, zone: tzinfo) -> list[int]:
    """Give the whole times of a zone from one time to another, in UTC milliseconds.

    `unit` and `count` are one of the steps above. A time that the zone's clocks skipped is left
    out; one that they had twice is there twice where the steps are an hour or less.
    """
    start = _local(int(first_ms), zone)
    if unit in {"ms", "s", "m"}:
        # Clocks are put on or back by a multiple of these steps, so all ticks stay whole.
        step = next(ms for u, n, ms in _STEPS if (u, n) == (unit, count))
        offset = round((start.utcoffset() or timedelta()).total_seconds() * 1000)
        first = -(-(first_ms + offset) // step) * step - offset
        return list(range(int(first), int(last_ms) + 1, step))
    found: set[int] = set()
    for wall in _wall_times(start.replace(tzinfo=None), unit, count):
        times = [_utc_ms(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]
        if min(times) > last_ms:
            break
        for time_ms in times if (unit, count) == ("h", 1) else times[:1]:
            skipped = _local(time_ms, zone).replace(tzinfo=None) != wall
            # A day has a tick also where its midnight was skipped.
            if first_ms <= time_ms <= last_ms and not (skipped and unit == "h"):
                found.add(time_ms)
    return sorted(found)


def _wall_times(start: datetime, unit: str, count: int) -> Iterator[datetime]:
    """Give what a clock on the wall shows at whole times, from a step before `start` on."""
    if unit in {"mo", "y"}:
        months = count * (12 if unit == "y" else 1)
        number = (start.year * 12 + start.month - 1) // months * months
        while number < 9_999 * 12:
            if number >= 12:
                yield datetime(number // 12, number % 12 + 1, 1)  # noqa: DTZ001
            number += months
        return
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "h":
        step = timedelta(hours=count)
        # Hours before: the clocks may show them again.
        wall = midnight + (start - midnight) // step * step - max(step, timedelta(hours=2))
    else:
        step = timedelta(days=count * (7 if unit == "w" else 1))
        # Day 1 of the calendar was a Monday.
        wall = midnight - timedelta(days=(midnight.toordinal() - 1) % step.days)
    while True:
        yield wall
        wall += step


def _detail(times: list[datetime]) -> tuple[Any, Any]:
    """Give what writes a tick, and what writes its wider unit, for ticks at these times."""
    parts = [(t.microsecond, t.second, t.hour * 60 + t.minute, t.day, t.month) for t in times]
    if any(part[0] for part in parts):
        return _milliseconds, _date
    if any(part[1] for part in parts):
        return lambda when: f"{when:%H:%M:%S}", _date
    close = [(b - a) < timedelta(hours=20) for a, b in pairwise(times)]
    if any(close) or (len(times) == 1 and parts[0][2]):
        return lambda when: f"{when:%H:%M}", _date
    if any(part[3] > 1 for part in parts):
        return lambda when: f"{when.day} {_MONTHS[when.month - 1]}", _year
    if any(part[4] > 1 for part in parts):
        return lambda when: _MONTHS[when.month - 1], _year
    return _year, lambda _: ""


def _milliseconds(when: datetime) -> str:
    return f"{when:%H:%M:%S}.{when.microsecond // 1000:03d}"


def _date(when: datetime) -> str:
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def _year(when: datetime) -> str:
    return str(when.year)


def _distance(when: datetime) -> str:
    """Write the distance of a zone to UTC: `UTC+2`, `UTC+5:30`."""
    minutes = round((when.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}:{rest:02d}" if rest else f"UTC{sign}{hours}"


def time_texts(times_ms: Any, zone: tzinfo) -> list[str]:
    """Write times of a zone in full, without the parts that are 0 in all of them.

    Two times that a zone's clocks show alike are told apart by their distance to UTC.
    """
    times = [_local(int(time_ms), zone) for time_ms in np.asarray(times_ms).tolist()]
    form = "%Y-%m-%d"
    if any(t.second or t.microsecond for t in times):
        form += " %H:%M:%S"
    elif any(t.hour or t.minute for t in times):
        form += " %H:%M"
    texts = [f"{t:{form}}" for t in times]
    if any(t.microsecond for t in times):
        texts = [
            f"{text}.{t.microsecond // 1000:03d}" for text, t in zip(texts, times, strict=True)
        ]
    if len(set(texts)) < len(texts):
        texts = [f"{text} {_distance(t)}" for text, t in zip(texts, times, strict=True)]
    return texts


def _local(time_ms: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(zone)


def _utc_ms(when: datetime) -> int:
    return (when - _EPOCH) // timedelta(milliseconds=1)
