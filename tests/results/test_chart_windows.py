"""A bin without events is 0 in a chart of counts, up to the ends of the window; else it is a gap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cwnb
from cwnb.events import ALL_TIME, Window
from cwnb.results.series import bins_between
from cwnb.results.shape import Step, shape

from .drawn import heights, legend, lines, titles

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
START_MS = 1_795_154_400_000  # 2026-11-20 06:00


def frame(minutes, **columns):
    times = pd.to_datetime([START_MS + m * MINUTE_MS for m in minutes], unit="ms")
    columns.setdefault("n", list(range(len(minutes))))
    return pd.DataFrame({"@timestamp": times, **columns})


EVENTS = frame([10, 11, 35, 36, 37, 50])
WHOLE = [2, 0, 3, 1]


def line(query, rows=EVENTS, **options):
    (axes,) = cwnb.query(query, rows, **options).plot("line").axes
    return lines(axes)[0]


FILLED = [
    ("stats count(*) by bin(15m)", WHOLE),
    ("stats count(*) as c by bin(15m) as t | sort t desc", WHOLE),
    ("stats count(*) as c by datefloor(@timestamp, 15m) as t", WHOLE),
    ("fields bin(15m) as t | stats count(*) by t", WHOLE),
    ("fields bin(15m) as t | filter n >= 0 | stats count(*) by t", WHOLE),
    ("stats count(*) as c by bin(15m) as t | limit 5", WHOLE),
    ("stats count(*) as c by bin(15m) as t, n | stats sum(c) as s by t", WHOLE),
    ("stats sum(n) as s by bin(15m)", [1, 0, 9, 5]),
    ("stats count(*) as c by bin(15m) offset 5m", [2, 0, 3, 1]),
    ("filter n > 0 | stats count(*) by bin(15m)", [1, 0, 3, 1]),
]


@pytest.mark.parametrize(("query", "expected"), FILLED)
def test_a_bin_without_events_is_zero(query, expected):
    assert line(query) == expected


GAPS = [
    ("stats avg(n) by bin(15m)", [0.5, None, 3, 5]),
    ("stats count(*) * 2 as c by bin(15m)", [4, None, 6, 2]),
    # Bins that a later command may have left out are not known to be empty.
    ("stats count(*) as c by bin(15m) as t | filter c != 3", [2, None, None, 1]),
    ("stats count(*) as c by bin(15m) as t | sort c desc | limit 3", [2, None, 3, 1]),
    ("stats count(*) as c by bin(15m) as t | dedup c", [2, None, 3, 1]),
]


@pytest.mark.parametrize(("query", "expected"), GAPS)
def test_what_is_not_known_to_be_zero_is_a_gap(query, expected):
    assert line(query) == expected


@pytest.mark.parametrize(
    ("start", "end", "before", "after"),
    [
        (0, 60, 0, 0),
        (-30, 90, 2, 2),
        (-31, 91, 3, 3),
        (-29, None, 2, 0),
        (None, 75, 0, 1),
        (None, None, 0, 0),
    ],
)
@pytest.mark.parametrize("kind", ["line", "bar", "stacked"])
def test_counts_reach_the_ends_of_the_window(start, end, before, after, kind):
    ends = [None if m is None else START_MS + m * MINUTE_MS for m in (start, end)]
    query = "stats count(*) as c by bin(15m) as t"
    answer = cwnb.query(query, EVENTS, start=ends[0], end=ends[1])
    (axes,) = answer.plot(kind).axes
    shown = lines(axes)[0] if kind == "line" else heights(axes)[0]
    assert shown == [0] * before + WHOLE + [0] * after
    # A count of which rows were left out may have had rows there.
    cut = cwnb.query(f"{query} | filter c > 0", EVENTS, start=ends[0], end=ends[1])
    assert lines(cut.plot("line").axes[0])[0] == [2, None, 3, 1]


def test_times_of_another_field_do_not_reach_the_ends_of_the_window():
    rows = EVENTS.assign(done=EVENTS["@timestamp"])
    end = START_MS + 300 * MINUTE_MS
    query = "stats count(*) by datefloor(done, 15m) as t"
    assert line(query, rows, end=end) == WHOLE
    assert line("stats count(*) by bin(15m)", rows, end=end) == [*WHOLE, *[0] * 16]


def test_groups_are_zero_where_they_have_no_events():
    rows = EVENTS.assign(k=list("aabbba"))
    figure = cwnb.query("stats count(*) by bin(15m), k", rows, end=START_MS + 75 * MINUTE_MS).plot()
    assert heights(figure.axes[0]) == [[2, 0, 0, 1, 0], [0, 0, 3, 0, 0]]
    assert legend(figure) == ["a", "b"]
    figure = cwnb.query("stats avg(n) by bin(15m), k", rows).plot()
    assert lines(figure.axes[0]) == [[None, None, 3, None], [0.5, None, None, 5]]


def test_months_and_years_are_filled_by_the_calendar():
    rows = frame([0, 0, 90 * 1440, 400 * 1440])  # in November, February and December
    assert line("stats count(*) by bin(1mo)", rows) == [2, 0, 0, 1, *[0] * 9, 1]
    assert line("stats count(*) by bin(1y)", rows) == [2, 2]
    figure = cwnb.query("stats count(*) by bin(1mo)", rows, end="2028-02-10").plot("bar")
    assert heights(figure.axes[0]) == [[2, 0, 0, 1, *[0] * 9, 1, 0, 0]]
    widths = {round(patch.get_width() / 0.88) for patch in figure.axes[0].patches}
    assert widths == {28, 29, 30, 31}


def test_very_many_bins_are_filled_beside_those_with_events():
    rows = frame([0, 1, 500_000])
    answer = cwnb.query("stats count(*) by bin(1s)", rows, end=START_MS + 10**12)
    (drawn,) = answer.plot("line").axes[0].lines
    times = np.rint(drawn.get_xdata() * DAY_MS).astype("int64")
    assert list(drawn.get_ydata()) == [1, 0, 0, 1, 0, 0, 1, 0, 0]
    assert list((times - START_MS) // 1000) == [
        *(0, 1, 59, 60, 61),
        *(29_999_999, 30_000_000, 30_000_001, 999_999_999),
    ]


def test_events_reach_the_ends_of_the_window_unless_the_answer_is_cut_off():
    ends = {"start": START_MS, "end": START_MS + HOUR_MS}
    whole = cwnb.query("fields @timestamp, n | filter n > 0", EVENTS, **ends).plot()
    assert titles(whole) == ["5 events by minute"]
    assert heights(whole.axes[0])[0][:12] == [0] * 11 + [1]
    assert len(heights(whole.axes[0])[0]) == 60
    cut = cwnb.query("fields @timestamp, n | limit 3", EVENTS, **ends).plot()
    assert titles(cut) == ["3 events of the answer by 15 seconds"]
    assert len(heights(cut.axes[0])[0]) == 57
    barely = cwnb.query("fields @timestamp, n | limit 7", EVENTS, **ends).plot()
    assert titles(barely) == ["6 events by minute"]


def test_events_without_a_time_are_said():
    rows = frame([1, 2, 3])
    rows.loc[1, "@timestamp"] = pd.NaT
    figure = cwnb.query("fields @timestamp", rows).plot()
    assert titles(figure) == ["2 events by 5 seconds   (1 without a time)"]


BINS = [
    ([0, 10, 30], Step(ms=10), ALL_TIME, [0, 10, 20, 30]),
    ([0, 10, 30], None, ALL_TIME, [0, 10, 30]),
    ([0, 10, 35], Step(ms=10), ALL_TIME, [0, 10, 35]),
    ([20, 20, 0], Step(ms=10), ALL_TIME, [0, 10, 20]),
    ([5, 25], Step(ms=10), Window(-10, 36), [-15, -5, 5, 15, 25, 35]),
    ([5, 25], Step(ms=10), Window(5, 35), [5, 15, 25]),
    ([5], Step(ms=10), Window(4, ALL_TIME.end_ms), [-5, 5]),
    ([], Step(ms=10), Window(0, 100), []),
]


@pytest.mark.parametrize(("times", "step", "window", "expected"), BINS)
def test_bins_between_times(times, step, window, expected):
    found = bins_between(np.array(times, dtype="int64"), step, window)
    assert found.tolist() == expected


def test_a_shape_knows_its_step():
    steps = {"5m": Step(ms=300_000), "2w": Step(ms=14 * DAY_MS), "1q": Step(months=3)}
    for period, step in steps.items():
        answer = cwnb.query(f"stats count(*) by bin({period})", EVENTS)
        assert shape(answer.pipeline, answer.df).step == step
    answer = cwnb.query("stats count(*) by @timestamp", EVENTS)
    assert shape(answer.pipeline, answer.df).step is None


def test_rows_that_the_default_limit_left_out_are_said():
    rows = frame(range(12_000))
    figure = cwnb.query("stats count(*) as c by bin(1m)", rows).plot()
    assert titles(figure) == ["c   (cut off at 10,000 rows)"]
    assert titles(cwnb.query("stats count(*) as c by bin(1m) | limit 10000", rows).plot()) == ["c"]


@pytest.mark.parametrize("on_store", [False, True])
def test_an_open_side_of_a_window_ends_at_the_last_event_of_all(tmp_path, on_store):
    query = "filter n < 2 | stats count(*) by bin(15m)"
    with cwnb.open(tmp_path / "store") as logs:
        if on_store:
            logs.load(EVENTS, group="/a")
        for start, expected in [
            (START_MS, [2, 0, 0, 0]),
            (START_MS - HOUR_MS, [0] * 4 + [2, 0, 0, 0]),
        ]:
            moment = pd.to_datetime(start, unit="ms", utc=True)
            if on_store:
                (axes,) = logs.query(query, "/a", start=moment).plot("line").axes
                assert lines(axes)[0] == expected
            else:
                assert line(query, start=moment) == expected
