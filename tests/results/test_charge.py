"""What the service would charge: the bytes of the window, scanned here or not."""

from __future__ import annotations

import json

import pytest

import cwnb
from cwnb.results.charge import bytes_in_window, charge_text
from cwnb.times import Clock

NOW_MS = 1_795_172_400_000  # 2026-11-20 11:00 UTC
DAY_MS = 86_400_000
LINE = json.dumps({"level": "INFO", "text": "x" * 71})  # 100 bytes


@pytest.fixture
def logs(tmp_path):
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as opened:
        for day in range(3):
            start = NOW_MS - (day + 1) * DAY_MS
            opened.put("/a", "s", [(start + i * 60_000, LINE) for i in range(100)])
            opened.flush()
        yield opened


CHARGED = [
    ("fields @message", {}, 30_000),
    ("fields @message | limit 1", {}, 30_000),
    ("filter nosuch = 1", {}, 30_000),
    ("filter level = 'INFO'", {"start": "-1d"}, 10_000),
    ("stats count(*)", {"start": "2020-01-01", "end": "2020-01-02"}, 0),
]


@pytest.mark.parametrize(("text", "window", "expected"), CHARGED)
def test_all_bytes_of_the_window_count(logs, text, window, expected):
    assert len(LINE) == 100
    assert bytes_in_window(logs.query(text, "/a", **window)) == expected


def test_a_range_that_is_in_the_window_in_part_counts_in_part(logs):
    result = logs.query("stats count(*)", "/a", start=NOW_MS - DAY_MS + 50 * 60_000)
    assert bytes_in_window(result) == pytest.approx(5_000, rel=0.02)


TEXTS = [
    (0, "about $0.00 at"),
    (30_000, "less than $0.000001 at"),
    (123_456_789, "about $0.00062 at"),
    (5_000_000_000, "about $0.025 at"),
    (2_345_678_000_000, "about $11.73 at"),
]


@pytest.mark.parametrize(("count", "expected"), TEXTS)
def test_a_charge_has_two_digits(count, expected):
    text = charge_text(count, 0.005, "us-east-1")
    assert text.startswith(expected)
    assert text.endswith("(us-east-1, $0.005 per GB)")
