"""Ticks of a time axis: whole hours, days, months and the like of a zone, and their texts."""

from __future__ import annotations

from bisect import bisect
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cwnb.times import EPOCH, UNIT_MS, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DAY_MS = UNIT_MS["d"]
# Distances of ticks: their unit, its count, and their length in milliseconds, which is that of the
# shortest for months and years.
STEPS = [
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
# Times that every zone can write as a date: the years 2 to 9998.
FIRST_MS, LAST_MS = -62_103_628_800_000, 253_370_764_800_000


def tick_times(first_ms: int, last_ms: int, most: int, zone: tzinfo) -> list[int]:
    """Give the whole times of a zone between two times, `most` or one more, in UTC milliseconds."""
    lengths = [length for _, _, length in STEPS]
    place = min(bisect(lengths, (last_ms - first_ms) / most), len(STEPS) - 1)
    unit, count, _ = STEPS[place]
    return whole_times(first_ms, last_ms, unit, count, zone)


def tick_texts(times_ms: Iterable[int], zone: tzinfo) -> list[str]:
    """Write what changes from one tick to the next; below it the date or year where it changes.

    Where the clocks of the zone were put on or back, the line below says the new distance to UTC.
    """
    times = [local_time(time_ms, zone) for time_ms in times_ms]
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
    start = local_time(int(first_ms), zone)
    if unit in {"ms", "s", "m"}:
        # Clocks are put on or back by a multiple of these steps, so all ticks stay whole.
        step = next(ms for u, n, ms in STEPS if (u, n) == (unit, count))
        offset = round((start.utcoffset() or timedelta()).total_seconds() * 1000)
        first = -(-(first_ms + offset) // step) * step - offset
        return list(range(int(first), int(last_ms) + 1, step))
    found: set[int] = set()
    for wall in _wall_times(start.replace(tzinfo=None), unit, count):
        times = [_utc_ms(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]
        if min(times) > last_ms:
            break
        for time_ms in times if (unit, count) == ("h", 1) else times[:1]:
            skipped = local_time(time_ms, zone).replace(tzinfo=None) != wall
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


def time_texts(times_ms: Iterable[int], zone: tzinfo) -> list[str]:
    """Write times of a zone in full, without the parts that are 0 in all of them.

    Two times that a zone's clocks show alike are told apart by their distance to UTC.
    """
    times = [local_time(int(time_ms), zone) for time_ms in times_ms]
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


def edge_texts(times_ms: Iterable[int], zone: tzinfo) -> list[tuple[str, str]]:
    """Write times of a zone as dates and times of day; these are empty where all are midnights.

    A time of day has seconds and milliseconds only if it needs them, and the distance to UTC where
    the clocks of the zone are put on or back between these times.
    """
    times = [local_time(time_ms, zone) for time_ms in times_ms]
    if all((t.hour, t.minute, t.second, t.microsecond) == (0, 0, 0, 0) for t in times):
        return [(f"{when:%Y-%m-%d}", "") for when in times]
    shifted = len({when.utcoffset() for when in times}) > 1
    return [
        (f"{when:%Y-%m-%d}", _time_of_day(when) + (f" {_distance(when)}" if shifted else ""))
        for when in times
    ]


def _time_of_day(when: datetime) -> str:
    if when.microsecond:
        return _milliseconds(when)
    return f"{when:%H:%M:%S}" if when.second else f"{when:%H:%M}"


def local_time(time_ms: int, zone: tzinfo) -> datetime:
    """Give what the clocks of a zone show, with the zone."""
    return moment(time_ms).astimezone(zone)


def _utc_ms(when: datetime) -> int:
    return (when - EPOCH) // timedelta(milliseconds=1)
