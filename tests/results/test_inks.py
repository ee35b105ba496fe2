"""Charts have a transparent ground, so their colours read on white and on almost black."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from cwnb.results.charts import plot
from cwnb.results.inks import INK, OTHER, PALETTE, colours

from .standin import frame, result

GROUNDS = ("#ffffff", "#111111")


def luminance(colour) -> float:
    """Give the relative luminance; source: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance ."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgba(colour)[:3]
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other) -> float:
    """Give the contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_is_that_of_the_standard():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("ground", GROUNDS)
def test_text_and_marks_read_on_both_grounds(ground):
    assert contrast(INK, ground) >= 4
    for colour in (*PALETTE, OTHER):
        assert contrast(colour, ground) >= 3, colour
    assert len(set(PALETTE)) == 8
    assert colours(9) == [*PALETTE, OTHER]


def rows(keys: int):
    df = frame(
        time=[i * 300_000 for i in range(12) for _ in range(keys)],
        key=[f"k{k}" for _ in range(12) for k in range(keys)],
        n=[i % 7 + 1 for i in range(12 * keys)],
        a=[i % 5 - 1.5 for i in range(12 * keys)],
    )
    return df.rename(columns={"time": "t"})


BY_BIN = result(rows(11), ["count(*) as n", "avg(x) as a"], ["bin(5m) as t", "key"])
GROUPS = result(rows(5).drop(columns="t").head(5), ["count(*) as n", "avg(x) as a"], ["key"])


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize(
    ("r", "kind"),
    [
        *((BY_BIN, kind) for kind in ("auto", "line", "area", "bar", "barh", "stacked", "hist")),
        *((GROUPS, kind) for kind in ("auto", "bar", "barh", "hist")),
    ],
)
def test_every_text_and_mark_of_a_chart_reads(r, kind, ground):
    figure = plot(r, kind)
    figure.canvas.draw()
    assert to_rgba(figure.get_facecolor())[3] == 0
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible():
            assert contrast(text.get_color(), ground) >= 4, text.get_text()
    for axes in figure.axes:
        assert to_rgba(axes.get_facecolor())[3] == 0
        marks = [line.get_color() for line in axes.lines if line.get_xdata()[0] is not None]
        marks += [patch.get_facecolor() for patch in axes.patches]
        marks += [colour for part in axes.collections for colour in part.get_facecolor()]
        # The fill below a line is faint, and the line has to be seen.
        solid = [mark for mark in marks if to_rgba(mark)[3] == 1]
        assert solid
        assert all(contrast(mark, ground) >= 3 for mark in solid)
