"""Two periods beside each other: groups are paired by their keys, bins by their place."""

from __future__ import annotations

import json

import pytest

import cwnb
from cwnb.errors import InvalidParameter
from cwnb.results.comparison import compared
from cwnb.times import Clock

NOW_MS = 1_795_172_400_000  # 2026-11-20 11:00 UTC
HOUR_MS = 3_600_000
# Minutes before now, level, milliseconds.
EVENTS = [
    (10, "ERROR", 5), (20, "ERROR", 7), (50, "INFO", 2**53 + 1),
    (70, "ERROR", 1), (110, "WARN", 4), (115, "INFO", 2**53 - 1),
]  # fmt: skip


@pytest.fixture
def logs(tmp_path):
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as opened:
        opened.put(
            "/a",
            "s",
            [
                (NOW_MS - minutes * 60_000, json.dumps({"level": level, "ms": ms}))
                for minutes, level, ms in EVENTS
            ],
        )
        yield opened


def asked(logs, text, **options):
    return (
        logs.query(text, "/a", start="-1h", **options),
        logs.query(text, "/a", start="-2h", end="-1h", **options),
    )


PAIRED = [
    (
        "stats count(*) as n by level | sort level",
        [("ERROR", 2, 1, 1), ("INFO", 1, 1, 0), ("WARN", 0, 1, -1)],
    ),
    (
        "stats max(ms) as most by level | sort level",
        [("ERROR", 7, 1, 6), ("INFO", 2**53 + 1, 2**53 - 1, 2), ("WARN", None, 4, None)],
    ),
    ("stats count(*)", [(3, 3, 0)]),
    # A group that a later command may have left out is not known to be 0.
    (
        "stats count(*) as n by level | filter n > 1",
        [("ERROR", 2, None, None)],
    ),
    (
        "stats count(*) as n by level | sort level | limit 2",
        [("ERROR", 2, 1, 1), ("INFO", 1, 1, 0)],
    ),
    (
        "stats count(*) as n by level | sort level desc | limit 2",
        [("INFO", 1, 1, 0), ("ERROR", 2, None, None), ("WARN", None, 1, None)],
    ),
    ("filter level = 'DEBUG' | stats count(*) by level", []),
    (
        "filter level = 'WARN' | stats count(*) as n by level",
        [("WARN", 0, 1, -1)],
    ),
]


@pytest.mark.parametrize(("text", "expected"), PAIRED)
def test_numbers_stand_beside_those_of_the_period_before(logs, text, expected):
    found = compared(*asked(logs, text), HOUR_MS)
    assert [tuple(row.values()) for row in found] == expected
    names = list(found.df.columns)[-3:]
    assert names[1:] == [f"{names[0]} before", f"{names[0]} change"]


def test_bins_are_paired_by_their_place_in_the_window(logs):
    found = compared(*asked(logs, "stats count(*) as n by bin(30m) as t | sort t"), HOUR_MS)
    rows = [(f"{row['t']:%H:%M}", row["n"], row["n before"]) for row in found]
    assert rows == [("10:00", 1, 2), ("10:30", 2, 1)]


REFUSED = [
    ("fields @message", "the query has none"),
    ("stats latest(level) as l", "the query has none"),
    ("stats count(*) by bin(7m)", "bins of the two periods do not meet"),
    ("stats count(*) by bin(1mo)", "bins of the two periods do not meet"),
    ("stats count(*) as n by level | display n", "several rows have the same keys"),
]


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_what_cannot_be_paired_is_refused(logs, text, said):
    with pytest.raises(InvalidParameter, match=said):
        compared(*asked(logs, text), HOUR_MS)
