"""Ticks at whole times of a zone, and times of a zone as text."""

from __future__ import annotations

from datetime import datetime

import pytest

from cwnb.results.whole_times import (
    FIRST_MS,
    LAST_MS,
    edge_texts,
    tick_texts,
    tick_times,
)
from cwnb.results.zones import display_zone

VIENNA = "Europe/Vienna"


def ms(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)


@pytest.mark.parametrize(
    ("first", "last", "zone", "texts"),
    [
        (
            "2026-11-20 05:10",
            "2026-11-20 11:00",
            "UTC",
            "06:00\n20 Nov 2026|07:00|08:00|09:00|10:00|11:00",
        ),
        (
            "2026-11-20 21:30",
            "2026-11-21 02:10",
            VIENNA,
            "23:00|00:00\n21 Nov 2026|01:00|02:00|03:00",
        ),
        ("2026-11-18", "2026-11-22", "UTC", "18 Nov\n2026|19 Nov|20 Nov|21 Nov|22 Nov"),
        ("2025-10-05", "2026-03-02", "UTC", "Nov\n2025|Dec|Jan\n2026|Feb|Mar"),
        ("2026-01-01 00:00:00.100", "2026-01-01 00:00:00.102", "UTC", None),
        # The clocks are put on at 02:00, and no clock shows the hour after it.
        (
            "2026-03-28 23:00",
            "2026-03-29 03:00",
            VIENNA,
            "00:00\n29 Mar 2026|01:00|03:00\nUTC+2|04:00|05:00",
        ),
        ("2026-10-24 23:00", "2026-10-25 03:00", VIENNA, None),
    ],
)
def test_ticks_stand_at_whole_times(first, last, zone, texts):
    times = tick_times(ms(first), ms(last), 6, display_zone(zone))
    assert 2 <= len(times) <= 7
    assert times == sorted(set(times))
    assert ms(first) <= times[0]
    assert times[-1] <= ms(last)
    found = tick_texts(times, display_zone(zone))
    assert len(found) == len(times)
    if texts is not None:
        assert found == texts.split("|")


@pytest.mark.parametrize("most", [1, 6, 10])
@pytest.mark.parametrize("span_ms", [0, 1, 999, 60_000, 86_400_000, 4 * 10**12, LAST_MS - FIRST_MS])
def test_any_span_has_few_ticks(span_ms, most):
    first = FIRST_MS if span_ms > 10**13 else ms("2026-11-20 10:59:59.999")
    times = tick_times(first, first + span_ms, most, display_zone(VIENNA))
    assert len(times) <= most + 1
    assert len(tick_texts(times, display_zone(VIENNA))) == len(times)


@pytest.mark.parametrize(
    ("times", "zone", "texts"),
    [
        (["2026-11-20", "2026-11-21"], "UTC", [("2026-11-20", ""), ("2026-11-21", "")]),
        (
            ["2026-11-20 10:59:01.005", "2026-11-20 11:00", "2026-11-20 11:00:30"],
            "UTC",
            [("2026-11-20", "10:59:01.005"), ("2026-11-20", "11:00"), ("2026-11-20", "11:00:30")],
        ),
        (
            ["2026-10-25 00:30", "2026-10-25 01:30"],
            VIENNA,
            [("2026-10-25", "02:30 UTC+2"), ("2026-10-25", "02:30 UTC+1")],
        ),
    ],
)
def test_edges_of_bins_are_told_apart(times, zone, texts):
    assert edge_texts(map(ms, times), display_zone(zone)) == texts
