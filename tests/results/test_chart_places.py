"""Which row of an answer stands at a point of its chart."""

from __future__ import annotations

import io

import pytest

import cwnb
from cwnb.results.chart_places import place_at
from cwnb.times import Clock

NOW_MS = 1_795_172_400_000  # 2026-11-20 11:00 UTC
MINUTE_MS = 60_000
# A level and a number of events for each of six minutes, from 10:50 on.
EVENTS = [("ERROR", 1), ("INFO", 9), ("INFO", 5), ("WARN", 4), ("ERROR", 6), ("INFO", 2)]


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    with cwnb.open(folder / "store", encryption="none", clock=Clock(NOW_MS)) as opened:
        start = NOW_MS - 10 * MINUTE_MS
        opened.put(
            "/a",
            "s",
            [
                (
                    start + minute * MINUTE_MS + i,
                    f'{{"level": "{level}", "ms": {minute * 10 + i + 1}}}',
                )
                for minute, (level, count) in enumerate(EVENTS)
                for i in range(count)
            ],
        )
        yield opened


def drawn(result, kind):
    figure = result.plot(kind)
    figure.savefig(io.BytesIO(), format="png")
    return figure


def point(figure, axes, x, y):
    """Give a point of the data as shares of the picture, from its upper left corner."""
    across, up = axes.transData.transform((x, y))
    return across / figure.bbox.width, 1 - up / figure.bbox.height


def rows_at_bars(figure) -> list[int | None]:
    """Click into the middle of each bar that can be seen."""
    found = []
    for axes in figure.axes:
        for bars in axes.containers:
            for bar in bars:
                if bar.get_width() and bar.get_height():
                    middle = bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height() / 2
                    found.append(place_at(figure, *point(figure, axes, *middle)).row)
    return found


# Query, kind of chart. Each bar stands for one row of the answer, and each row has bars.
CHARTS = [
    ("stats count(*) as n by level | sort level", "bar", 1),
    ("stats count(*) as n by level | sort n", "barh", 1),
    ("stats count(*) as n, avg(ms) as m by level", "bar", 2),
    ("stats count(*) as n, sum(ms) as m by level", "barh", 2),
    ("stats count(*) as n by bin(1m)", "bar", 1),
    ("stats count(*) as n by bin(1m)", "barh", 1),
    ("stats count(*) as n by bin(2m), level", "stacked", 1),
    ("stats count(*) as n by bin(2m), level", "bar", 1),
    ("stats max(ms) as n by bin(2m), level | sort n", "bar", 1),
]


@pytest.mark.parametrize(("text", "kind", "bars"), CHARTS)
def test_each_bar_is_a_row(logs, text, kind, bars):
    result = logs.query(text, "/a")
    assert sorted(rows_at_bars(drawn(result, kind))) == sorted(list(range(len(result))) * bars)


def test_a_bin_has_its_times(logs):
    result = logs.query("stats count(*) as n by bin(2m) as t | sort t", "/a")
    figure = drawn(result, "line")
    (axes,) = figure.axes
    times = [row["t"] for row in result]
    for number, line_x in enumerate(axes.lines[0].get_xdata()):
        place = place_at(figure, *point(figure, axes, line_x, result["n"].iloc[number]))
        start = int(times[number].timestamp() * 1000)
        assert (place.row, place.bin_ms) == (number, (start, start + 2 * MINUTE_MS))


def test_events_have_bins_and_no_rows(logs):
    figure = drawn(logs.query("fields @timestamp", "/a"), "bar")
    (axes,) = figure.axes
    bar = axes.containers[0][0]
    place = place_at(figure, *point(figure, axes, bar.get_x() + bar.get_width() / 2, 0.5))
    assert place.row is None
    assert place.bin_ms[0] <= NOW_MS - 10 * MINUTE_MS < place.bin_ms[1]


def test_beside_the_bars_is_nothing(logs):
    figure = drawn(logs.query("stats count(*) as n by level", "/a"), "bar")
    for x, y in ((0.001, 0.001), (0.999, 0.5), (0.5, 0.999)):
        assert place_at(figure, x, y) is None
    (axes,) = figure.axes
    assert place_at(figure, *point(figure, axes, 0.5, 1)) is None


def test_what_stands_for_several_groups_is_no_row(logs):
    result = logs.query("stats count(*) as n by bin(1h) as t, ms", "/a")
    figure = drawn(result, "stacked")
    (axes,) = figure.axes
    last = axes.containers[-1][0]
    middle = last.get_x() + last.get_width() / 2, last.get_y() + last.get_height() / 2
    place = place_at(figure, *point(figure, axes, *middle))
    assert place.row is None
    assert place.bin_ms[1] - place.bin_ms[0] == 60 * MINUTE_MS
