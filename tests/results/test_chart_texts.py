"""No text of a chart overlaps another, and none is cut by the edge of the figure."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import cwnb
from cwnb.errors import InvalidParameter
from cwnb.results import fonts
from cwnb.results.charts import KINDS, plot
from cwnb.results.fonts import Fonts
from cwnb.results.inks import PALETTE

from .drawn import boxes, check_texts, ticks
from .standin import frame, result

DAY_S = 86_400
NAMES = {
    "short": ["a", "b", "c"],
    "twenty": [f"host-{i}" for i in range(20)],
    "hundreds": [f"ip-10-0-{i % 7}-{i}.eu-west-1.compute.internal" for i in range(300)],
    "long": [f"/api/v1/customers/{i}/orders/{i * 7}/items/with/a/tail-{i}" for i in range(14)],
    "wide": ["W" * 70, "W" * 12, "M" * 200, "W"],
    "CJK": ["日本語のサービス名と長い説明の文字列です" * 3, "결제", "支付服务"],
    "hostile": ["$x^{$", "a\nb" * 30, "\u202eb", "_x", "\x1b[31m", ""],
}


def events(span_s: float, names: list[str], count: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(1)
    times = pd.Timestamp("2026-11-20T08:00") + pd.to_timedelta(
        np.sort(random.uniform(0, span_s, count)), unit="s"
    )
    return pd.DataFrame(
        {
            "@timestamp": times.astype("datetime64[ms]"),
            "k": random.choice(names, count),
            "ms": random.lognormal(4, 2, count) * 1000,
        }
    )


def check(answer, kind, **options):
    try:
        figure = answer.plot(kind, **options)
    except InvalidParameter:
        return
    assert check_texts(figure) >= 3


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("stats count(*) as n by k", ("auto", "bar", "barh")),
        ("stats count(*) as n, max(ms) * 1000 as `the slowest of all` by k", ("auto", "bar")),
        ("stats count(*) as n by bin(4h), k", ("auto", "line", "barh")),
        ("stats avg(ms) as a, count(*) as n by bin(8h), k", ("auto", "bar", "barh")),
    ],
)
def test_texts_of_groups_have_room(query, kinds, names):
    answer = cwnb.query(query, events(DAY_S, NAMES[names]))
    for kind in kinds:
        check(answer, kind)


def test_texts_have_room_in_the_pixels_of_a_notebook():
    answer = cwnb.query("stats count(*) as n by bin(4h), k", events(DAY_S, NAMES["long"]))
    for kind in KINDS:
        check_texts(answer.plot(kind), 144)


SPANS = {
    "20 ms": (0.02, "1ms"),
    "half a second": (0.5, "20ms"),
    "20 seconds": (20, "1s"),
    "10 minutes": (600, "10s"),
    "6 hours": (6 * 3600, "5m"),
    "two days": (2 * DAY_S, "1h"),
    "40 days": (40 * DAY_S, "1d"),
    "10 months": (300 * DAY_S, "1w"),
    "two years": (700 * DAY_S, "1mo"),
    "9 years": (9 * 365 * DAY_S, "1q"),
    "a lifetime": (90 * 365 * DAY_S, "1y"),
}


@pytest.mark.parametrize("zone", ["UTC", "America/Argentina/ComodRivadavia", "Asia/Kolkata"])
@pytest.mark.parametrize("span", SPANS)
def test_texts_of_time_have_room(span, zone):
    seconds, period = SPANS[span]
    answer = cwnb.query(f"stats count(*) as n by bin({period})", events(seconds, ["a"]))
    for kind in ("auto", "bar", "barh") if zone == "UTC" else ("auto",):
        figure = answer.plot(kind, tz=zone)
        check_texts(figure)
        if kind == "auto":
            assert 3 <= len(ticks(figure.axes[0].xaxis)) <= 13


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1, 1e6, 1e14, 1e200])
@pytest.mark.parametrize("offset", [0, 1_000_000])
@pytest.mark.parametrize("kind", ["bar", "barh", "hist"])
def test_texts_of_numbers_have_room_and_differ(scale, offset, kind):
    values = [(i + offset * 9.0) * scale for i in (1, 2.5, 3, 4)]
    df = frame(k=[f"group {i}" for i in range(4)], n=values)
    figure = plot(result(df, ["max(x) as n"], ["k"]), kind)
    check_texts(figure)
    axes = figure.axes[0]
    for axis in (axes.xaxis, axes.yaxis):
        shown = [text for text in ticks(axis) if text]
        assert len(set(shown)) == len(shown), shown
    written = [text.get_text() for text in axes.texts]
    assert len(set(written)) == len(written), written


def test_a_narrow_figure_has_fewer_ticks():
    answer = cwnb.query("stats count(*) as n by bin(1h)", events(DAY_S, ["a"]))
    wide, narrow = answer.plot(), answer.plot()
    narrow.set_size_inches(3, 2)
    check_texts(narrow)
    check_texts(wide)
    assert len(ticks(narrow.axes[0].xaxis)) < len(ticks(wide.axes[0].xaxis))


def test_letters_that_no_font_has_are_said():
    names = ["\U000bd4e0", "a"]
    figure = plot(result(frame(k=names, n=[1, 2]), ["count(*) as n"], ["k"]))
    assert "boxes: no installed font has these letters" in figure.axes[0].get_title(loc="left")
    assert check_texts(figure) >= 3
    plain = plot(result(frame(k=["a"], n=[1]), ["count(*) as n"], ["k"]))
    assert plain.axes[0].get_title(loc="left") == "n by k"


@pytest.mark.parametrize("dpi", [100, 144, 300])
def test_text_is_not_wider_than_was_measured(dpi):
    names = ["/api/v1/customers", "WWWW", "iiii", "20 Nov 2026", "AVAVAV", "ÄÖé", "日本"]
    df = frame(k=names, n=range(7))
    figure = plot(result(df, ["count(*) as n"], ["k"]), "barh")
    fonts = Fonts(names)
    for (text, _), box in boxes(figure, dpi).items():
        if text in names and text != "日本":
            assert box.width * 72 / dpi <= fonts.width_pt(text, 8.5) * 1.01 + 1


def test_the_palette_is_used_once_in_a_legend():
    df = frame(time=[i * 300_000 for i in range(9)], **{f"m{i}": [10.0**i] * 9 for i in range(8)})
    df = df.rename(columns={"time": "t"})
    figure = plot(result(df, [f"avg(x) as m{i}" for i in range(8)], ["bin(5m) as t"]))
    found = [line.get_color() for axes in figure.axes for line in axes.lines]
    assert sorted(found) == sorted(PALETTE)


def test_threads_may_draw_at_once():
    """A font that two threads read at once ends the process, or has no such letter."""
    firsts = (0x41, 0xC0, 0x100, 0x180, 0x391, 0x410, 0x450, 0x4A0)
    names = ["".join(map(chr, range(first, first + 60))) for first in firsts]
    answer = result(frame(k=names, n=range(8)), ["count(*) as n"], ["k"])
    labels = ticks(plot(answer, "bar").axes[0].xaxis)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(5):
            # So that all letters are read from the file of the font again.
            for cache in (fonts._letters, fonts._measured, fonts._width_em):
                cache.cache_clear()
            with ThreadPoolExecutor(4) as pool:
                drawn = list(pool.map(lambda _: plot(answer, "bar"), range(4)))
            assert [ticks(figure.axes[0].xaxis) for figure in drawn] == [labels] * 4
    finally:
        sys.setswitchinterval(before)
