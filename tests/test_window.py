"""The window of a query: what narrows it, how an answer says it, and where the events lie."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import cwnb
from cwnb.errors import InvalidParameter
from cwnb.events import ALL_TIME, Extent, Window
from cwnb.times import Clock, to_ms
from cwnb.window import moment_text, narrowed_start, read_window, window_text

NOW = to_ms("2026-11-25T08:00Z", 0)
HOUR = 3_600_000
EXTENT = Extent(NOW - HOUR - 1, NOW + 59_999, 3)


@pytest.fixture
def logs(tmp_path):
    """Give a store with an event an hour, on two days that are a week apart."""
    with cwnb.open(tmp_path / "store", clock=Clock(NOW)) as opened:
        for day, group in (("2026-11-18", "/a"), ("2026-11-25", "/b")):
            midnight = to_ms(day, NOW)
            events = [(midnight + n * HOUR, json.dumps({"n": n})) for n in range(8)]
            opened.put(group, "s", events)
        yield opened


def test_what_is_said_comes_before_what_is_set(monkeypatch):
    monkeypatch.delenv("CWNB_START", raising=False)
    assert narrowed_start(None, None, NOW) is None
    assert narrowed_start(None, None, NOW, configured="-2h") == "-2h"
    monkeypatch.setenv("CWNB_START", "-3h")
    assert narrowed_start(None, None, NOW) == "-3h"
    assert narrowed_start(None, None, NOW, configured="-2h") == "-2h"
    assert narrowed_start("-1h", None, NOW, configured="-2h") == "-1h"
    assert narrowed_start("all", None, NOW, configured="-2h") == "all"
    assert read_window("all", None, NOW) == read_window(None, " All ", NOW) == ALL_TIME


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (600, "the number 600 is .* in 1970; write '-600s' or '-10m' for a time before now"),
        (-600, "the number -600 is .* in 1969; write '-600s'"),
        (0.5, "write '-0.5s'"),
        (604_800_000, "in 1989"),
        (np.int64(3600), "write '-3600s'"),
        (True, "cannot read True as a time"),
    ],
)
def test_a_small_number_is_no_bound_of_a_window(logs, number, said):
    for ask in (
        lambda: read_window(number, None, NOW),
        lambda: read_window(None, number, NOW),
        lambda: logs.query("limit 1", "/a", number),
        lambda: logs.filter_events("/a", "", number),
        lambda: logs.tail("/a", since=number),
        lambda: logs.export("/a", "out", number),
    ):
        with pytest.raises(InvalidParameter, match=said):
            ask()


def test_a_number_from_1990_on_is_a_bound_and_0_means_all():
    assert read_window(0, 631_152_000, NOW) == Window(0, 631_152_000_000)
    assert read_window(100_000_000_000, None, NOW).start_ms == 100_000_000_000  # in milliseconds


@pytest.mark.parametrize(
    ("variable", "configured", "end", "named"),
    [
        ("soon", "", None, "'soon' as a time.*; the start is that of CWNB_START"),
        ("", "soon", None, "'soon' as a time.*; the start is that of %config Cwnb.start"),
        ("-1h", "", "-2h", r"ends \('-2h'\) before it starts \('-1h'\); .* CWNB_START"),
    ],
)
def test_a_setting_that_is_wrong_is_named(monkeypatch, variable, configured, end, named):
    monkeypatch.setenv("CWNB_START", variable)
    with pytest.raises(InvalidParameter, match=named):
        narrowed_start(None, end, NOW, configured=configured)


def test_the_library_asks_no_setting(logs, monkeypatch):
    monkeypatch.setenv("CWNB_START", "-1h")
    assert logs.query("stats count(*) as n", ["/a"]).df["n"][0] == 8


@pytest.mark.parametrize(
    ("window", "extent", "text"),
    [
        (ALL_TIME, EXTENT, "all events, from 2026-11-25 06:59 to 2026-11-25 08:00 UTC"),
        (
            ALL_TIME,
            Extent(NOW, NOW + 61_000, 1),
            "all events, from 2026-11-25 08:00 to 2026-11-25 08:01:01 UTC",
        ),
        (ALL_TIME, None, ""),
        (Window(NOW, ALL_TIME.end_ms), EXTENT, "from 2026-11-25 08:00 UTC"),
        (Window(ALL_TIME.start_ms, NOW + 1), None, "before 2026-11-25 08:00:00.001 UTC"),
        (Window(NOW, NOW + 61_000), None, "from 2026-11-25 08:00 to 2026-11-25 08:01:01 UTC"),
    ],
)
def test_the_text_of_a_window(window, extent, text):
    assert window_text(window, extent) == text


def test_times_outside_of_the_calendar_have_a_text_too():
    assert moment_text(10**15) == "1,000,000,000,000,000 ms"
    assert window_text(read_window("-99999d", None, 0), None) == "from 1696-03-18 00:00 UTC"


def test_an_answer_says_its_window(logs):
    everything = logs.query("stats count(*)", ["/a", "/b"])
    assert everything.window == "all events, from 2026-11-18 00:00 to 2026-11-25 07:00 UTC"
    assert everything.window in repr(everything)
    assert everything.window in everything._repr_mimebundle_()["text/html"]
    assert logs.query("stats count(*)", ["/a"], "wednesday").window == "from 2026-11-25 00:00 UTC"
    frame = pd.DataFrame({"time": pd.to_datetime(["2026-01-01T00:00Z"]), "n": [1]})
    assert cwnb.query("stats count(*)", frame).window.startswith("all events, from 2026-01-01")
    assert cwnb.query("stats count(*)", frame[["n"]]).window == ""


@pytest.mark.parametrize("stored", ["recent", "segment"])
@pytest.mark.parametrize("query", ["fields n", "stats count(*) as c", "filter n > 3 | fields n"])
def test_a_window_without_events_says_where_they_lie(logs, query, stored):
    if stored == "segment":
        logs.flush()
    lie = "they lie from 2026-11-18 00:00 to 2026-11-18 07:00 UTC"
    assert logs.query(query, ["/a"], "-1d").warnings == [
        f"there are no events from 2026-11-24 08:00 UTC; {lie}"
    ]
    between = logs.query(query, ["/a"], "2026-11-18T02:10Z", "2026-11-18T02:50Z")
    assert between.warnings == [
        f"there are no events from 2026-11-18 02:10 to 2026-11-18 02:50 UTC; {lie}"
    ]
    assert logs.query(query, ["/a"], "2026-11-18T02:10Z", "2026-11-18T03:10Z").warnings == []


def test_filters_that_leave_nothing_are_no_empty_window(logs):
    logs.flush()
    for query in ("filter n = 99", 'filter n = "x"', "filter abs(n) = 99"):
        result = logs.query(query, ["/a"])
        assert len(result) == 0
        assert result.warnings == []
        assert "0 of " in repr(result)


def test_a_group_without_events_says_so(logs):
    logs.create_group("/empty")
    assert logs.query("fields n", ["/empty"]).warnings == [
        "no event has the field 'n'; no fields were discovered, and 'parse' makes them of text",
        "there are no events to read",
    ]
    logs.set_retention("/a", 1)
    assert "there are no events to read" in logs.query("fields @message", ["/a"]).warnings
