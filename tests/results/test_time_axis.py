"""Ticks of time stand at whole times of the zone, through all changes of its clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from matplotlib.figure import Figure

import cwnb
from cwnb.results.time_axis import TimeLabels, TimeTicks
from cwnb.results.whole_times import time_texts, whole_times

from .drawn import ticks
from .test_chart_texts import events

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
VIENNA, SAO_PAULO = ZoneInfo("Europe/Vienna"), ZoneInfo("America/Sao_Paulo")


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def labels(first: str, last: str, zone=UTC, width: float = 8.0) -> list[str]:
    figure = Figure(figsize=(width, 3))
    axes = figure.subplots()
    axes.set_xlim(ms(first) / DAY_MS, ms(last) / DAY_MS)
    axes.xaxis.set_major_locator(TimeTicks(zone))
    axes.xaxis.set_major_formatter(TimeLabels(zone))
    figure.canvas.draw()
    return [text.replace("\n", " | ") for text in ticks(axes.xaxis)]


LABELS = [
    (
        ("2026-11-20 08:00", "2026-11-20 08:00:00.010"),
        ["08:00:00.000 | 20 Nov 2026", *(f"08:00:00.{n:03d}" for n in (2, 4, 6, 8, 10))],
    ),
    (
        ("2026-11-20 23:59:58", "2026-11-21 00:00:01"),
        ["23:59:58 | 20 Nov 2026", "23:59:59", "00:00:00 | 21 Nov 2026", "00:00:01"],
    ),
    (
        ("2026-11-20 08:00", "2026-11-20 08:01"),
        ["08:00:00 | 20 Nov 2026", *(f"08:00:{s}" for s in (10, 20, 30, 40, 50)), "08:01:00"],
    ),
    (
        ("2026-11-20 20:00", "2026-11-21 08:00"),
        ["20:00 | 20 Nov 2026", "22:00", "00:00 | 21 Nov 2026"]
        + [f"{hour:02d}:00" for hour in (2, 4, 6, 8)],
    ),
    (
        ("2026-12-29", "2027-01-03"),
        ["29 Dec | 2026", "30 Dec", "31 Dec", "1 Jan | 2027", "2 Jan", "3 Jan"],
    ),
    (
        ("2026-12-26", "2027-01-08"),
        ["27 Dec | 2026", "29 Dec", "31 Dec", "2 Jan | 2027", "4 Jan", "6 Jan", "8 Jan"],
    ),
    (
        ("2026-11-01", "2027-02-10"),
        ["9 Nov | 2026", "23 Nov", "7 Dec", "21 Dec", "4 Jan | 2027", "18 Jan", "1 Feb"],
    ),
    (
        ("2026-01-01", "2027-06-01"),
        ["Jan | 2026", *"Mar May Jul Sep Nov".split(), "Jan | 2027", "Mar", "May"],
    ),
    (("2019-06-01", "2028-02-01"), [str(year) for year in range(2020, 2029)]),
    (("0100-01-01", "9000-01-01"), [str(year) for year in range(1000, 9001, 1000)]),
]


@pytest.mark.parametrize(("extent", "expected"), LABELS)
def test_labels_say_what_changes_and_the_date_where_it_does(extent, expected):
    assert labels(*extent) == expected


def test_labels_of_a_night_in_which_clocks_change():
    assert labels("2026-10-24 21:00", "2026-10-25 04:00", VIENNA) == [
        *("23:00", "00:00 | 25 Oct 2026", "01:00", "02:00", "02:00 | UTC+1", "03:00", "04:00"),
        "05:00",
    ]
    assert labels("2026-03-28 22:00", "2026-03-29 04:00", VIENNA) == [
        *("23:00", "00:00 | 29 Mar 2026", "01:00", "03:00 | UTC+2", "04:00", "05:00", "06:00"),
    ]


@pytest.mark.parametrize("zone", ["Europe/Vienna", "America/Sao_Paulo", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    ("unit", "count"),
    [("m", 15), ("m", 30), ("h", 1), ("h", 3), ("h", 6), ("d", 1), ("w", 1), ("mo", 3), ("y", 1)],
)
def test_every_tick_is_a_whole_time_of_the_zone(unit, count, zone):
    clock = ZoneInfo(zone)
    first, last = ms("2017-01-01"), ms("2019-01-01")
    if unit in {"m", "h"}:
        first, last = ms("2018-03-20"), ms("2018-11-10")
    found = whole_times(first, last, unit, count, clock)
    assert found == sorted(set(found))
    assert all(first <= time <= last for time in found)
    for time in found:
        when = datetime.fromtimestamp(time / 1000, clock)
        minutes = when.hour * 60 + when.minute
        if unit in {"m", "h"}:
            assert minutes % (count * (60 if unit == "h" else 1)) == 0
        else:
            # A midnight that the clocks skipped is the first time of its day.
            assert minutes in {0, 60}
            assert unit != "w" or when.weekday() == 0
            assert unit not in {"mo", "y"} or when.day == 1
    step = {"m": 60_000, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS, "mo": 29 * DAY_MS}
    length = count * step.get(unit, 365 * DAY_MS)
    for one, other in pairwise(found):
        assert length * 0.5 <= other - one <= length * 2 + HOUR_MS


def test_a_skipped_midnight_is_a_tick_of_its_day():
    found = whole_times(ms("2018-11-03"), ms("2018-11-06"), "d", 1, SAO_PAULO)
    shown = [datetime.fromtimestamp(t / 1000, SAO_PAULO).strftime("%d %H:%M") for t in found]
    assert shown == ["03 00:00", "04 01:00", "05 00:00"]


def test_times_in_full_leave_out_what_is_zero_and_tell_an_hour_from_its_repetition():
    start = ms("2026-10-25 00:00")
    assert time_texts([start, start + DAY_MS], UTC) == ["2026-10-25", "2026-10-26"]
    assert time_texts([start, start + 60_000], UTC) == ["2026-10-25 00:00", "2026-10-25 00:01"]
    assert time_texts([start, start + 1], UTC)[1] == "2026-10-25 00:00:00.001"
    assert time_texts([start, start + HOUR_MS], VIENNA) == [
        "2026-10-25 02:00 UTC+2",
        "2026-10-25 02:00 UTC+1",
    ]


def test_the_axis_of_a_chart_is_in_its_zone():
    answer = cwnb.query("stats count(*) as n by bin(1h)", events(6 * 3600, ["a"]))
    for zone, first in [("UTC", "08:00"), ("Asia/Kolkata", "13:30"), ("Asia/Tokyo", "17:00")]:
        figure = answer.plot(tz=zone)
        figure.canvas.draw()
        axis = figure.axes[0].xaxis
        assert axis.get_label_text() == f"time ({zone})"
        place, label = axis.get_ticklocs()[0], ticks(axis)[0]
        when = datetime.fromtimestamp(place * 86_400, ZoneInfo(zone))
        assert label.startswith(f"{when:%H:%M}")
        assert f"{when:%H:%M}" >= first
