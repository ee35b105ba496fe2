from __future__ import annotations

import warnings

import pytest

from cwnb.errors import InvalidParameter
from cwnb.results.charts import plot, text_bars

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


def draws(figure):
    """Draw for real, with every complaint of the library an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png, size = figure._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert size["width"] <= 900


def test_one_bin_is_a_line_with_gaps_where_nothing_was():
    figure = plot(result(by_bin(n=range(11)), ["count(*) as n"], ["bin(5m)"]))
    (line,) = figure.axes[0].lines
    assert len(line.get_ydata()) == 12
    assert str(line.get_ydata()[6]) == "nan"
    assert titles(figure) == ["n"]
    assert figure.axes[0].get_xlabel() == "time (UTC)"
    draws(figure)


def test_text_that_is_numbers_is_drawn():
    df = by_bin(n=[*map(str, range(10)), None], word=["1", "x"] * 5 + ["2"])
    r = result(df, ["max(x) as n", "max(y) as word"], ["bin(5m)"])
    assert titles(plot(r)) == ["n"]
    assert text_bars(df, 60, value="n").splitlines()[2].startswith("2026-01-01 00:10 · 1  2 █")


def test_a_point_between_gaps_is_seen():
    times = [i * 2 * MINUTE for i in range(60)]
    df = frame(time=times, n=[1] * 60).rename(columns={"time": "t"})
    figure = plot(result(df, ["count(*) as n"], ["bin(1m) as t"]))
    assert any(line.get_marker() == "o" for line in figure.axes[0].lines)


def test_counts_and_durations_get_axes_of_their_own():
    df = by_bin(n=range(11), p50=[1.5] * 11, p99=[9.5] * 11)
    r = result(df, ["count(*) as n", "pct(x) as p50", "pct(x) as p99"], ["bin(5m)"])
    figure = plot(r)
    assert titles(figure) == ["n", "p50, p99"]
    draws(figure)


def test_groups_are_bars_in_the_order_of_the_rows():
    df = frame(status=[500, 200, None], n=[7, 12000, 1])
    figure = plot(result(df, ["count(*) as n"], ["status"]))
    assert [patch.get_height() for patch in figure.axes[0].patches] == [7, 12000, 1]
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["500", "200", "(missing)"]
    assert titles(figure) == ["n by status"]
    draws(figure)


def test_long_labels_lie_down_and_a_hundred_bars_are_the_most():
    df = frame(path=[f"/product/{i:04d}/reviews" for i in range(140)], n=list(range(140)))
    figure = plot(result(df, ["count(*) as n"], ["path"]))
    assert len(figure.axes[0].patches) == 100
    assert titles(figure) == ["n by path   (the first 100 of 140 groups)"]
    assert figure.axes[0].yaxis_inverted()


def test_counts_by_bin_and_group_are_stacked():
    figure = plot(by_bin_and(["500", "200", "_x", "$a $b"]))
    assert len(figure.axes[0].patches) == 4 * len(TIMES)
    assert legend(figure) == ["_x", r"\$a \$b", "500", "200"]
    draws(figure)


def test_other_aggregates_by_bin_and_group_are_lines():
    figure = plot(by_bin_and(["a", "b"], additive=False))
    assert len(figure.axes[0].lines) == 2
    assert legend(figure) == ["a", "b"]


def test_many_groups_are_added_up_or_left_out_and_that_is_said():
    names = [f"host-{i}" for i in range(30)]
    stacked = plot(by_bin_and(names))
    assert legend(stacked)[0] == "22 others"
    total = sum(patch.get_height() for patch in stacked.axes[0].patches)
    assert total == sum(range(30 * len(TIMES)))
    lines = plot(by_bin_and(names, additive=False))
    assert titles(lines) == ["n by key   (the 8 largest of 30)"]


def test_events_are_counted_over_time():
    df = frame(**{"@timestamp": [i * 1000 for i in range(500)], "@message": ["x"] * 500})
    figure = plot(result(df))
    assert titles(figure) == ["500 events by 15 seconds"]
    assert sum(patch.get_height() for patch in figure.axes[0].patches) == 500


def test_hostile_labels_are_drawn():
    df = frame(key=["$x^{$", "\x1b[31m", "\u202eb", "日本語", "a\nb" * 40], n=[1, 2, 3, 4, 5])
    figure = plot(result(df, ["count(*) as n"], ["key"]))
    draws(figure)


@pytest.mark.parametrize("kind", ["line", "bar", "stacked"])
def test_every_kind_draws_a_series(kind):
    draws(plot(by_bin_and(["a", "b"]), kind))
    df = by_bin(n=range(11), m=range(11))
    draws(plot(result(df, ["count(*) as n", "sum(x) as m"], ["bin(5m)"]), kind))


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
