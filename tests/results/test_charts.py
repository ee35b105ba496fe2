from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

import cwnb
from cwnb.errors import InvalidParameter
from cwnb.events import Window
from cwnb.results.charts import plot, text_bars
from cwnb.results.inks import OTHER
from cwnb.results.level_colours import level_colours

from .drawn import bars, draws, heights, legend, lengths, lines, ticks, titles
from .standin import START, call, frame, result

MINUTE = 60_000
TIMES = [i * 5 * MINUTE for i in range(12) if i != 6]
GAP = range(6), range(6, 11)


def by_bin(**columns):
    return frame(time=TIMES, **columns).rename(columns={"time": "bin(5m)"})


def by_bin_and(names, additive=True):
    rows = [(t, name) for t in TIMES for name in names]
    df = frame(time=[t for t, _ in rows], key=[k for _, k in rows], n=list(range(len(rows))))
    aggregate = "count(*) as n" if additive else "max(x) as n"
    return result(df.rename(columns={"time": "t"}), [aggregate], ["bin(5m) as t", "key"])


def with_gap(values, gap=None):
    return [*values[:6], gap, *values[6:]]


def test_counts_over_time_are_a_line_at_zero_where_nothing_was():
    figure = plot(result(by_bin(n=range(1, 12)), ["count(*) as n"], ["bin(5m)"]))
    assert lines(figure.axes[0]) == [with_gap(list(range(1, 12)), 0)]
    assert titles(figure) == ["n"]
    assert figure.axes[0].get_xlabel() == "time (UTC)"
    assert figure.axes[0].get_ylim()[0] == 0
    draws(figure)


def test_averages_have_a_gap_where_nothing_was():
    figure = plot(result(by_bin(n=range(11)), ["avg(x) as n"], ["bin(5m)"]))
    assert lines(figure.axes[0]) == [with_gap(list(range(11)))]
    draws(figure)


def test_text_that_is_numbers_is_drawn():
    df = by_bin(n=[*map(str, range(10)), None], word=["1", "x"] * 5 + ["2"])
    r = result(df, ["max(x) as n", "max(y) as word"], ["bin(5m)"])
    figure = plot(r)
    assert titles(figure) == ["n"]
    assert lines(figure.axes[0]) == [with_gap([*range(10), None])]
    assert text_bars(df, 60, value="n").splitlines()[2].startswith("2026-01-01 00:10 · 1  2 █")


def test_a_point_between_gaps_is_seen():
    times = [i * 2 * MINUTE for i in range(60)]
    df = frame(time=times, n=[1] * 60).rename(columns={"time": "t"})
    figure = plot(result(df, ["avg(x) as n"], ["bin(1m) as t"]))
    (line, points) = figure.axes[0].lines
    assert (line.get_marker(), points.get_marker()) == ("None", "o")
    # The line has only gaps between its points, so each is marked.
    assert lines(figure.axes[0]) == [[1, *[None, 1] * 59], [1] * 60]
    draws(figure)


ONE_BIN = frame(time=[0], n=[7], m=[5.5]).rename(columns={"time": "bin(5m)"})
ONE_BIN_OF_TWO = frame(time=[0, 0], key=["a", "b"], n=[7, 3]).rename(columns={"time": "t"})


@pytest.mark.parametrize("kind", ["auto", "line", "area", "bar", "stacked"])
@pytest.mark.parametrize("aggregate", ["count(*) as n", "avg(x) as n"])
def test_one_bin_is_a_bar(kind, aggregate):
    figure = plot(result(ONE_BIN[["bin(5m)", "n"]], [aggregate], ["bin(5m)"]), kind)
    assert heights(figure.axes[0]) == [[7]]
    (bar,) = figure.axes[0].patches
    low, high = figure.axes[0].get_xlim()
    assert bar.get_width() > (high - low) / 5
    draws(figure)
    r = result(ONE_BIN_OF_TWO, [aggregate], ["bin(5m) as t", "key"])
    if kind == "stacked" and "avg" in aggregate:
        return
    figure = plot(r, kind)
    assert heights(figure.axes[0]) == [[7], [3]]
    draws(figure, 2)


def test_one_average_in_a_window_is_a_bar():
    r = result(ONE_BIN[["bin(5m)", "n"]], ["avg(x) as n"], ["bin(5m)"])
    r.events.window = Window(START - 30 * MINUTE, START + 60 * MINUTE)
    for kind in ("auto", "line", "area"):
        figure = plot(r, kind)
        assert [height for height in heights(figure.axes[0])[0] if height] == [7]
        draws(figure)


def test_counts_and_durations_get_axes_of_their_own():
    df = by_bin(n=range(11), p50=[1.5] * 11, p99=[9.5] * 11)
    r = result(df, ["count(*) as n", "pct(x) as p50", "pct(x) as p99"], ["bin(5m)"])
    figure = plot(r)
    assert titles(figure) == ["n", "p50, p99"]
    assert lines(figure.axes[0]) == [with_gap(list(range(11)), 0)]
    assert lines(figure.axes[1]) == [with_gap([1.5] * 11), with_gap([9.5] * 11)]
    draws(figure, 3)


def test_one_column_can_be_chosen():
    df = by_bin(n=range(11), p50=[1.5] * 11)
    r = result(df, ["count(*) as n", "pct(x) as p50"], ["bin(5m)"])
    assert titles(plot(r, value="p50")) == ["p50"]
    assert titles(plot(r, "hist", value="p50")) == ["11 values of p50"]


def test_groups_are_bars_in_the_order_of_the_rows():
    df = frame(status=[500, 200, None], n=[7, 12000, 1])
    figure = plot(result(df, ["count(*) as n"], ["status"]))
    assert heights(figure.axes[0]) == [[7, 12000, 1]]
    assert ticks(figure.axes[0].xaxis) == ["500", "200", "(missing)"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["7", "12,000", "1"]
    assert titles(figure) == ["n by status"]
    draws(figure)


@pytest.mark.parametrize("kind", ["auto", "barh"])
def test_long_labels_lie_down_and_a_hundred_bars_are_the_most(kind):
    df = frame(path=[f"/product/{i:04d}/reviews" for i in range(140)], n=list(range(140)))
    figure = plot(result(df, ["count(*) as n"], ["path"]), kind)
    # The rows have no order of their own, so the largest are drawn.
    assert lengths(figure.axes[0]) == [list(range(139, 39, -1))]
    expected = [f"/product/{i:04d}/reviews" for i in range(139, 39, -1)]
    assert ticks(figure.axes[0].yaxis) == expected
    assert titles(figure) == ["n by path   (largest first; the first 100 of 140 groups)"]
    assert figure.axes[0].yaxis_inverted()
    draws(figure)


def test_upright_bars_with_long_labels_stand_labels_up():
    df = frame(path=[f"/product/{i:04d}/reviews" for i in range(60)], n=list(range(60)))
    figure = plot(result(df, ["count(*) as n"], ["path"]), "bar")
    assert heights(figure.axes[0]) == [list(range(50))]
    assert {label.get_rotation() for label in figure.axes[0].get_xticklabels()} == {90}
    assert titles(figure) == ["n by path   (the first 50 of 60 groups)"]
    draws(figure)


def test_labels_that_would_be_cut_alike_are_cut_in_the_middle():
    paths = [f"{'/very-long-name' * 6}/{i}" for i in range(3)]
    figure = plot(result(frame(path=paths, n=[1, 2, 3]), ["count(*) as n"], ["path"]))
    shown = ticks(figure.axes[0].yaxis)
    assert [text[-2:] for text in shown] == ["/0", "/1", "/2"]
    assert all("…" in text and text.startswith("/very-long") for text in shown)


def test_counts_by_bin_and_group_are_stacked_the_largest_first():
    figure = plot(by_bin_and(["500", "200", "_x", "$a $b"]))
    assert legend(figure) == [r"\$a \$b", "_x", "200", "500"]
    # The rows of a time are n, n+1, …
    firsts = [4 * i for i in range(11)]
    assert heights(figure.axes[0]) == [with_gap([n + i for n in firsts], 0) for i in (3, 2, 1, 0)]
    for lower, upper in pairwise(bars(figure.axes[0])):
        assert [y + height for y, height in lower] == [y for y, _ in upper]
    draws(figure, 4)


def test_other_aggregates_by_bin_and_group_are_lines():
    figure = plot(by_bin_and(["a", "b"], additive=False))
    assert lines(figure.axes[0]) == [with_gap([2 * i + n for i in range(11)]) for n in (1, 0)]
    assert legend(figure) == ["b", "a"]
    draws(figure, 2)


def test_several_measures_by_group_have_panels_with_the_same_colours():
    df = frame(time=[0, 0, MINUTE, MINUTE], key=["a", "b"] * 2, n=[1, 9, 1, 9], m=[8.0, 2, 8, 2])
    r = result(
        df.rename(columns={"time": "t"}),
        ["count(*) as n", "avg(x) as m"],
        ["bin(1m) as t", "key"],
    )
    figure = plot(r)
    assert titles(figure) == ["n by key", "m by key"]
    assert heights(figure.axes[0]) == [[9, 9], [1, 1]]
    assert lines(figure.axes[1]) == [[2, 2], [8, 8]]
    stacked = plot(r, "stacked")
    assert titles(stacked) == ["n by key   (without a measure that does not add up)"]


def test_many_groups_are_added_up_or_left_out_and_that_is_said():
    names = [f"host-{i}" for i in range(30)]
    largest = [f"host-{i}" for i in range(29, 21, -1)]
    for kind in ("auto", "stacked", "bar"):
        stacked = plot(by_bin_and(names), kind)
        assert legend(stacked) == [*largest, "other (22)"]
        assert stacked.axes[0].containers[-1].patches[0].get_facecolor()[:3] == pytest.approx(
            [int(OTHER[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        )
        total = sum(patch.get_height() for patch in stacked.axes[0].patches)
        assert total == sum(range(30 * len(TIMES)))
    left_out = plot(by_bin_and(names, additive=False))
    assert titles(left_out) == ["n by key   (the 8 largest of 30)"]
    assert legend(left_out) == largest
    assert len(lines(left_out.axes[0])) == 8


def test_the_largest_of_averages_are_those_of_the_highest_mean():
    # The group with one high value is larger than those with many low ones.
    rows = [(t, "often", 2.0) for t in TIMES] + [(0, "once", 9.0)]
    df = frame(time=[r[0] for r in rows], key=[r[1] for r in rows], n=[r[2] for r in rows])
    r = result(df.rename(columns={"time": "t"}), ["avg(x) as n"], ["bin(5m) as t", "key"])
    assert legend(plot(r)) == ["once", "often"]


def test_events_are_counted_over_time():
    df = frame(**{"@timestamp": [i * 1000 for i in range(500)], "@message": ["x"] * 500})
    figure = plot(result(df))
    assert titles(figure) == ["500 events by 10 seconds"]
    assert heights(figure.axes[0]) == [[10] * 50]
    draws(figure)


def test_hostile_labels_are_drawn():
    df = frame(key=["$x^{$", "\x1b[31m", "\u202eb", "日本語", "a\nb" * 40], n=[1, 2, 3, 4, 5])
    figure = plot(result(df, ["count(*) as n"], ["key"]))
    assert lengths(figure.axes[0]) == [[1, 2, 3, 4, 5]]
    *short, cut = ticks(figure.axes[0].yaxis)
    assert short == [r"\$x^{\$", "⟨ESC⟩[31m", "⟨U+202E⟩b", "日本語"]
    assert cut.startswith("a↵b" * 8)
    assert cut.endswith("…")
    draws(figure)


@pytest.mark.parametrize("groups", [True, False], ids=["of groups", "of measures"])
def test_every_kind_draws_two_series(groups):
    if groups:
        r, panels = by_bin_and(["a", "b"]), [[[2 * i + n for i in range(11)] for n in (1, 0)]]
    else:
        r = result(
            by_bin(n=range(11), m=[2 * i for i in range(11)]),
            ["count(*) as n", "sum(x) as m"],
            ["bin(5m)"],
        )
        panels = [[list(range(11)), [2 * i for i in range(11)]]]

    def shown(kind, what):
        figure = plot(r, kind)
        draws(figure, 2)
        assert legend(figure) == (["b", "a"] if groups else ["n", "m"])
        return [what(axes) for axes in figure.axes]

    filled = [[with_gap(series, 0) for series in panel] for panel in panels]
    assert shown("line", lines) == filled
    assert shown("bar", heights) == filled
    assert shown("stacked", heights) == filled
    assert shown("barh", lengths) == filled
    # Bars begin at zero; a stack's second series begins where the first ends.
    assert {y for series in shown("bar", bars)[0] for y, _ in series} == {0}
    ((lower, upper),) = shown("stacked", bars)
    assert [y for y, _ in upper] == [height for _, height in lower]
    ((first, second),) = shown("area", lambda axes: [tops(area) for area in axes.collections])
    assert first == filled[0][0]
    assert second == [a + b for a, b in zip(*filled[0], strict=True)]


def tops(area):
    """Give the height of an area at each time."""
    points = area.get_paths()[0].vertices
    return [max(y for x, y in points if x == at) for at in sorted(set(points[:, 0]))]


def test_areas_that_do_not_add_up_are_drawn_from_zero_under_their_lines():
    figure = plot(by_bin_and(["a", "b"], additive=False), "area")
    assert lines(figure.axes[0]) == [with_gap([2 * i + n for i in range(11)]) for n in (1, 0)]
    assert len(figure.axes[0].collections) == 2
    assert figure.axes[0].get_ylim()[0] == 0
    draws(figure, 2)


def test_stacks_hang_below_zero_where_values_do():
    df = frame(time=[0, 0, 0, MINUTE, MINUTE, MINUTE], key=list("abc") * 2, n=[5, -3, 2, -1, -1, 4])
    r = result(df.rename(columns={"time": "t"}), ["sum(x) as n"], ["bin(1m) as t", "key"])
    figure = plot(r)
    assert legend(figure) == ["c", "a", "b"]
    assert bars(figure.axes[0]) == [[(0, 2), (0, 4)], [(2, 5), (0, -1)], [(0, -3), (-1, -1)]]
    draws(figure, 3)


def test_bars_of_bins_lie_with_the_times_of_the_zone():
    figure = plot(
        result(by_bin(n=range(11)), ["count(*) as n"], ["bin(5m)"]), "barh", tz="Asia/Kolkata"
    )
    labels = ticks(figure.axes[0].yaxis)
    assert (labels[0], labels[-1]) == ("2026-01-01 05:30", "2026-01-01 06:25")
    assert titles(figure) == ["n   (times in Asia/Kolkata)"]


@pytest.mark.parametrize("kind", ["bar", "stacked", "line", "area", "auto"])
@pytest.mark.parametrize("keys", [1, 9])
def test_thousands_of_bins_are_drawn_in_seconds(kind, keys):
    times = [i * MINUTE for i in range(5000)]
    df = frame(
        time=[t for t in times for _ in range(keys)],
        key=[f"k{k}" for _ in times for k in range(keys)],
        n=[1 + i % 7 for i in range(5000 * keys)],
    ).rename(columns={"time": "t"})
    draws_few = plot(result(df, ["count(*) as n"], ["bin(1m) as t", "key"]), kind)
    # A patch for each would take seconds to draw.
    assert len(draws_few.axes[0].get_children()) < 100
    draws_few.canvas.draw()


def test_bars_too_narrow_to_be_seen_are_drawn_as_wide_as_a_line():
    for minutes, said in [
        ([0, 1000, 5000], ""),
        ([0, 1, 5000], "   (the highest of neighbours)"),
    ]:
        df = frame(time=[m * MINUTE for m in minutes], n=[3, 9, 2]).rename(columns={"time": "t"})
        figure = plot(result(df, ["count(*) as n"], ["bin(1m) as t"]), "bar")
        assert titles(figure) == [f"n{said}"]
        (outline,) = figure.axes[0].patches
        seen = [value for value in outline.get_data().values if value]
        assert seen == ([3, 9, 2] if not said else [9, 2])
        draws(figure)


def test_stacks_of_thousands_of_bins_show_the_highest_of_their_neighbours():
    rows = [(m, key, 5 if m == 77 else 1) for m in range(5000) for key in "ab"]
    df = frame(
        time=[m * MINUTE for m, _, _ in rows], key=[k for _, k, _ in rows], n=[n for *_, n in rows]
    )
    r = result(df.rename(columns={"time": "t"}), ["count(*) as n"], ["bin(1m) as t", "key"])
    for kind in ("auto", "area", "stacked"):
        figure = plot(r, kind)
        lower, upper = (patch.get_data() for patch in figure.axes[0].patches)
        assert sorted(set(lower.values)) == [1, 5]
        assert sorted(set(upper.values)) == [2, 10]
        assert (upper.baseline == lower.values).all()
        draws(figure, 2)


def test_levels_have_the_colours_of_the_histogram():
    r = by_bin_and(["error", "info", "debug"])
    r.df.columns = ["t", "Level", "n"]
    r.pipeline.commands[-1].args["by"][1] = call("Level")
    shown = {name: handle.get_facecolor() for name, handle in legend_colours(plot(r))}
    expected = level_colours(["error", "info", "debug"], ["error", "info", "debug"])
    assert [to_hex(shown[name]) for name in ("error", "info", "debug")] == expected


def legend_colours(figure):
    found = figure.axes[0].get_legend()
    return [(t.get_text(), h) for t, h in zip(found.get_texts(), found.legend_handles, strict=True)]


INFINITE = frame(k=["a", "b"], n=[1.0, float("inf")])
HUGE = frame(k=["a", "b"], n=[1.0, 1e305])
NONE = frame(k=["a", "b"], n=[None, float("nan")])
WIDE = frame(k=["a"], **{f"n{i}": [1.0] for i in range(10_000)})
COUNT = (["count(*) as n"], ["k"])
STRINGS = frame(k=["a"], s=["b"])
CANNOT = [
    (result(frame(n=[1]), ["count(*) as n"]), "auto", "cannot draw a single number"),
    (result(frame(n=[1]).head(0), ["count(*) as n"], ["n"]), "auto", "without rows"),
    (result(frame(n=[1]).head(0), ["count(*) as n"], ["n"]), "hist", "without rows"),
    (
        result(STRINGS, ["latest(x) as s"], ["k"]),
        "auto",
        "without a column of numbers; it has 'k',",
    ),
    (result(STRINGS, ["latest(x) as s"], ["k"]), "hist", "without a column of numbers"),
    (result(STRINGS), "hist", r"without a column of numbers.*stats count\(\*\) by … makes one"),
    (result(frame(k=["a"], n=[1]), *COUNT), "line", "without a time"),
    (result(frame(k=["a"], n=[1]), *COUNT), "area", "without a time"),
    (result(frame(k=["a"], n=[1]), *COUNT), "stacked", "without a time"),
    (result(frame(m=["a"])), "auto", "without @timestamp"),
    (result(frame(**{"@timestamp": [None]})), "auto", "no row has a time in '@timestamp'"),
    (result(frame(**{"@timestamp": [10**15]})), "auto", "outside of the years 2 to 9998"),
    (result(frame(m=["a"]).assign(**{"@timestamp": "x"})), "auto", "holds other values"),
    (
        result(frame(m=["a"])),
        "pie",
        "unknown kind of chart 'pie'; it is one of auto, line, area, bar",
    ),
    (result(frame(m=["a"])), "lines", "did you mean 'line'"),
    (result(frame(m=["a"])), None, "unknown kind of chart None"),
    (
        result(INFINITE, *COUNT),
        "auto",
        "'n': it has infinite values; filter them out, as in n < 1e",
    ),
    (result(INFINITE, *COUNT), "hist", "infinite values"),
    (
        result(INFINITE.rename(columns={"n": "a b"}), ["max(x) as `a b`"], ["k"]),
        "auto",
        "'a b': it has infinite values; filter them out, as in `a b` < 1e300",
    ),
    (result(HUGE, *COUNT), "bar", "values beyond 1e300"),
    (result(frame(n=[0.0, 1e-290, None])), "hist", "'n': all its values are below 1e-280"),
    (result(NONE, *COUNT), "auto", "cannot draw 'n': all values are missing"),
    (result(NONE, *COUNT), "hist", "all values are missing"),
    (
        result(WIDE, *COUNT),
        "auto",
        "10,000 columns of numbers in one chart; name one, as in value=",
    ),
    (by_bin_and(["a", "b"], additive=False), "stacked", "'n by key': only counts and sums add up"),
]


@pytest.mark.parametrize(("r", "kind", "said"), CANNOT)
def test_what_cannot_be_drawn_says_why(r, kind, said):
    with pytest.raises(InvalidParameter, match=said):
        plot(r, kind)


def test_a_column_that_cannot_be_chosen_says_why():
    groups = result(frame(k=["a"], n=[1]), *COUNT)
    for r, value, said in [
        (groups, "k", "no column of numbers 'k'; there are 'n'"),
        (result(WIDE, *COUNT), "n99999", "did you mean"),
        (by_bin_and(["a"]), "key", "no column of numbers"),
        (result(frame(**{"@timestamp": [1], "n": [1]})), "n", "counts them; for the values of 'n'"),
    ]:
        with pytest.raises(InvalidParameter, match=said):
            plot(r, value=value)
    assert titles(plot(result(WIDE, *COUNT), value="n77")) == ["n77 by k"]


def test_rows_that_share_a_time_are_added_up_or_refused():
    # The query does not show a second key, so several rows are of one bin and group.
    df = frame(time=[0, 0, MINUTE], key=["a", "a", "a"], n=[1, 2, 4]).rename(columns={"time": "t"})
    by = ["bin(1m) as t", "key", "hidden"]
    assert heights(plot(result(df, ["count(*) as n"], by)).axes[0]) == [[3, 4]]
    with pytest.raises(
        InvalidParameter, match="several rows have one time; show all columns of 'b"
    ):
        plot(result(df, ["avg(x) as n"], by))


def test_many_measures_are_the_first_eight():
    columns = {f"p{i}": [float(i)] * 11 for i in range(1, 13)}
    r = result(by_bin(**columns), [f"pct(x) as {name}" for name in columns], ["bin(5m)"])
    figure = plot(r)
    assert sum(len(lines(axes)) for axes in figure.axes) == 8
    assert titles(figure)[0].endswith("(the first 8 of 12 columns)")


HISTOGRAMS = [
    ([3, 1, 1, 4, None, 1], [3, 0, 1, 1], "5 values of n   (1 more are missing)"),
    ([7], [1], "1 value of n"),
    ([2.5] * 4, [4], "4 values of n"),
    ([0.5 * i for i in range(100)], [2] * 50, None),
    ([*map(str, range(5)), "3"], [1, 1, 1, 2, 1], "6 values of n"),
    ([-1e200, 0, 1e200], None, "3 values of n"),
    ([1e-250, 2e-250], None, "2 values of n"),
    ([2**53, 2**53 + 2.0], None, "2 values of n"),
]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("auto", "stats count(*) by bin(5m), a_long_name"),
        ("bar", "stats count(*) by a_long_name"),
        ("barh", "stats count(*), avg(n) by a_long_name"),
        ("hist", "fields n"),
    ],
)
def test_letters_keep_their_size_and_stay_inside_at_any_width(kind, text):
    names = [f"a name of the group {'long ' * (i % 3 * 9)}{i % 12}" for i in range(60)]
    times = {"@timestamp": [i * 60_000 for i in range(60)]}
    answer = cwnb.query(text, frame(**times, a_long_name=names, n=list(range(60))))
    for width in (3.5, 6.0, 9.0, 13.5):
        chart = answer.plot(kind, width=width)
        chart.draw_without_rendering()
        assert chart.get_figwidth() == width
        inside = chart.bbox.padded(1)
        for drawn in chart.drawn:
            assert drawn.axes.bbox.width > 0.3 * chart.bbox.width / len(chart.axes)
        for said in chart.findobj(Text):
            if said.get_visible() and said.get_text():
                box = said.get_window_extent()
                assert inside.x0 <= box.x0, (width, said.get_text())
                assert box.x1 <= inside.x1, (width, said.get_text())
    assert answer.plot(kind, width=0.1).get_figwidth() == 3.5


@pytest.mark.parametrize(("values", "counts", "title"), HISTOGRAMS)
def test_a_distribution_counts_the_rows_of_each_range(values, counts, title):
    figure = plot(result(frame(n=values)), "hist")
    found = heights(figure.axes[0])[0]
    assert sum(found) == len([value for value in values if value is not None])
    if counts is not None and len(values) < 50:
        assert found == counts
    assert title is None or titles(figure) == [title]
    assert figure.axes[0].get_ylabel() == "rows"
    assert len(found) <= 40
    draws(figure)


def test_a_distribution_is_that_of_numpy():
    values = np.random.default_rng(3).lognormal(4, 1, 5000)
    figure = plot(result(frame(n=values)), "hist")
    (container,) = figure.axes[0].containers
    starts = [patch.get_x() for patch in container.patches]
    step = starts[1] - starts[0]
    edges = [round(start / step) * step for start in starts]
    expected = [((values >= low) & (values < low + step)).sum() for low in edges]
    assert heights(figure.axes[0]) == [expected]


BARS = """\
checkout   120 ███████████████
cart         3 ▍
orders       0
(missing)
… 1 more"""


def test_text_bars_begin_at_zero_and_show_what_is_small():
    df = frame(service=["checkout", "cart", "orders", None, "x"], n=[120, 3, 0, None, 5])
    assert text_bars(df, 30, max_rows=4) == BARS


def test_text_bars_name_times_by_the_minute():
    df = frame(time=[0, MINUTE], n=[1, 2])
    assert text_bars(df, 40).splitlines()[0].startswith("2026-01-01 00:00  1 ")
