from __future__ import annotations

import io
import warnings
from itertools import pairwise

import matplotlib.image
import numpy as np
import pytest

from cwnb.errors import InvalidParameter
from cwnb.results.charts import plot, text_bars
from cwnb.results.figures import PALETTE

from .standin import frame, result

MINUTE = 60_000
TIMES = [i * 5 * MINUTE for i in range(12) if i != 6]


def by_bin(**columns):
    return frame(time=TIMES, **columns).rename(columns={"time": "bin(5m)"})


def by_bin_and(names, additive=True):
    rows = [(t, name) for t in TIMES for name in names]
    df = frame(time=[t for t, _ in rows], key=[k for _, k in rows], n=list(range(len(rows))))
    aggregate = "count(*) as n" if additive else "max(x) as n"
    return result(df.rename(columns={"time": "t"}), [aggregate], ["bin(5m) as t", "key"])


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def legend(figure):
    found = figure.axes[0].get_legend()
    return [text.get_text() for text in found.get_texts()] if found else []


def lines(axes):
    """Give what each line shows, a gap as None."""
    return [[None if np.isnan(y) else y for y in line.get_ydata()] for line in axes.lines]


def bars(axes):
    """Give each series of bars as (lower end, length) of each bar."""
    return [
        [(patch.get_y(), patch.get_height()) for patch in series.patches]
        for series in axes.containers
    ]


def heights(axes):
    return [[height for _, height in series] for series in bars(axes)]


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def draws(figure, series=1):
    """Draw for real, with every complaint of the library an error; so many colours are seen."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png, size = figure._repr_png_()
    assert size["width"] <= 900
    pixels = np.round(matplotlib.image.imread(io.BytesIO(png), "png")[:, :, :3] * 255).astype(int)
    wanted = {colour: [int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in PALETTE}
    # A bar or a line has many pixels of its own colour, a blended edge few.
    seen = [c for c, rgb in wanted.items() if (pixels == rgb).all(axis=2).sum() > 50]
    assert seen == list(PALETTE[:series])


def test_one_bin_is_a_line_with_gaps_where_nothing_was():
    figure = plot(result(by_bin(n=range(11)), ["count(*) as n"], ["bin(5m)"]))
    assert lines(figure.axes[0]) == [[0, 1, 2, 3, 4, 5, None, 6, 7, 8, 9, 10]]
    assert titles(figure) == ["n"]
    assert figure.axes[0].get_xlabel() == "time (UTC)"
    draws(figure)


def test_text_that_is_numbers_is_drawn():
    df = by_bin(n=[*map(str, range(10)), None], word=["1", "x"] * 5 + ["2"])
    r = result(df, ["max(x) as n", "max(y) as word"], ["bin(5m)"])
    figure = plot(r)
    assert titles(figure) == ["n"]
    assert lines(figure.axes[0]) == [[0, 1, 2, 3, 4, 5, None, 6, 7, 8, 9, None]]
    assert text_bars(df, 60, value="n").splitlines()[2].startswith("2026-01-01 00:10 · 1  2 █")


def test_a_point_between_gaps_is_seen():
    times = [i * 2 * MINUTE for i in range(60)]
    df = frame(time=times, n=[1] * 60).rename(columns={"time": "t"})
    figure = plot(result(df, ["count(*) as n"], ["bin(1m) as t"]))
    (line, points) = figure.axes[0].lines
    assert (line.get_marker(), points.get_marker()) == ("None", "o")
    # The line has only gaps between its points, so each is marked.
    assert lines(figure.axes[0]) == [[1, *[None, 1] * 59], [1] * 60]
    draws(figure)


def test_counts_and_durations_get_axes_of_their_own():
    df = by_bin(n=range(11), p50=[1.5] * 11, p99=[9.5] * 11)
    r = result(df, ["count(*) as n", "pct(x) as p50", "pct(x) as p99"], ["bin(5m)"])
    figure = plot(r)
    assert titles(figure) == ["n", "p50, p99"]
    gap = range(6), range(6, 11)
    assert lines(figure.axes[0]) == [[*gap[0], None, *gap[1]]]
    assert lines(figure.axes[1]) == [[1.5] * 6 + [None] + [1.5] * 5, [9.5] * 6 + [None] + [9.5] * 5]
    draws(figure, 2)


def test_groups_are_bars_in_the_order_of_the_rows():
    df = frame(status=[500, 200, None], n=[7, 12000, 1])
    figure = plot(result(df, ["count(*) as n"], ["status"]))
    assert heights(figure.axes[0]) == [[7, 12000, 1]]
    assert ticks(figure.axes[0].xaxis) == ["500", "200", "(missing)"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["7", "12,000", "1"]
    assert titles(figure) == ["n by status"]
    draws(figure)


def test_long_labels_lie_down_and_a_hundred_bars_are_the_most():
    df = frame(path=[f"/product/{i:04d}/reviews" for i in range(140)], n=list(range(140)))
    figure = plot(result(df, ["count(*) as n"], ["path"]))
    assert [patch.get_width() for patch in figure.axes[0].patches] == list(range(100))
    assert ticks(figure.axes[0].yaxis) == [f"/product/{i:04d}/reviews" for i in range(100)]
    assert titles(figure) == ["n by path   (the first 100 of 140 groups)"]
    assert figure.axes[0].yaxis_inverted()
    draws(figure)


def test_counts_by_bin_and_group_are_stacked():
    figure = plot(by_bin_and(["500", "200", "_x", "$a $b"]))
    assert legend(figure) == ["_x", r"\$a \$b", "500", "200"]
    # The rows of a time are n, n+1, …; numbers come first, from the bottom up.
    firsts = [4 * i for i in range(11)]
    assert heights(figure.axes[0]) == [[n + i for n in firsts] for i in (1, 0, 3, 2)]
    for lower, upper in pairwise(bars(figure.axes[0])):
        assert [y + height for y, height in lower] == [y for y, _ in upper]
    draws(figure, 4)


def test_other_aggregates_by_bin_and_group_are_lines():
    figure = plot(by_bin_and(["a", "b"], additive=False))
    gap = range(6), range(6, 11)
    assert lines(figure.axes[0]) == [
        [*(2 * i + n for i in gap[0]), None, *(2 * i + n for i in gap[1])] for n in (0, 1)
    ]
    assert legend(figure) == ["a", "b"]
    draws(figure, 2)


def test_many_groups_are_added_up_or_left_out_and_that_is_said():
    names = [f"host-{i}" for i in range(30)]
    stacked = plot(by_bin_and(names))
    assert legend(stacked)[0] == "22 others"
    total = sum(patch.get_height() for patch in stacked.axes[0].patches)
    assert total == sum(range(30 * len(TIMES)))
    largest = plot(by_bin_and(names, additive=False))
    assert titles(largest) == ["n by key   (the 8 largest of 30)"]
    assert legend(largest) == [f"host-{i}" for i in range(29, 21, -1)]
    assert len(lines(largest.axes[0])) == 8


def test_events_are_counted_over_time():
    df = frame(**{"@timestamp": [i * 1000 for i in range(500)], "@message": ["x"] * 500})
    figure = plot(result(df))
    assert titles(figure) == ["500 events by 10 seconds"]
    assert heights(figure.axes[0]) == [[10] * 50]
    draws(figure)


def test_hostile_labels_are_drawn():
    df = frame(key=["$x^{$", "\x1b[31m", "\u202eb", "日本語", "a\nb" * 40], n=[1, 2, 3, 4, 5])
    figure = plot(result(df, ["count(*) as n"], ["key"]))
    assert [patch.get_width() for patch in figure.axes[0].patches] == [1, 2, 3, 4, 5]
    *short, cut = ticks(figure.axes[0].yaxis)
    assert short == [r"\$x^{\$", "⟨ESC⟩[31m", "⟨U+202E⟩b", "日本語"]
    assert cut == "a↵b" * 14 + "a…"
    draws(figure)


@pytest.mark.parametrize("groups", [True, False], ids=["of groups", "of measures"])
def test_every_kind_draws_two_series(groups):
    if groups:
        r, panels = by_bin_and(["a", "b"]), [[[2 * i + n for i in range(11)] for n in (0, 1)]]
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
        assert legend(figure) == (names[::-1] if kind == "stacked" else names)
        return [what(axes) for axes in figure.axes]

    names = ["a", "b"] if groups else ["n", "m"]
    gaps = [[[*s[:6], None, *s[6:]] for s in series] for series in panels]
    assert shown("line", lines) == gaps
    assert shown("bar", heights) == panels
    assert shown("stacked", heights) == panels
    # Bars begin at zero; a stack's second series begins where the first ends.
    assert {y for series in shown("bar", bars)[0] for y, _ in series} == {0}
    ((lower, upper),) = shown("stacked", bars)
    assert [y for y, _ in upper] == [height for _, height in lower]


CANNOT = [
    (result(frame(n=[1]), ["count(*) as n"]), "auto", "cannot draw a single number"),
    (result(frame(n=[1]).head(0), ["count(*) as n"], ["n"]), "auto", "without rows"),
    (result(frame(k=["a"], s=["b"]), ["latest(x) as s"], ["k"]), "auto", "without a column of num"),
    (result(frame(k=["a"], n=[1]), ["count(*) as n"], ["k"]), "line", "without a time"),
    (result(frame(m=["a"])), "auto", "without @timestamp"),
    (result(frame(m=["a"])), "pie", "unknown kind of chart 'pie'"),
    (result(frame(m=["a"])), "lines", "did you mean 'line'"),
]


@pytest.mark.parametrize(("r", "kind", "said"), CANNOT)
def test_what_cannot_be_drawn_says_why(r, kind, said):
    with pytest.raises(InvalidParameter, match=said):
        plot(r, kind)


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
