from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from cwnb.results.rendering import render, rendered, text_table
from cwnb.results.visible import columns_wide, cut, one_line, visible

from .standin import frame

RENDERED = [
    (None, ""),
    (pd.NA, ""),
    (pd.NaT, ""),
    (float("nan"), ""),
    ("", ""),
    ("as it is ", "as it is "),
    (True, "true"),
    (False, "false"),
    (0, "0"),
    (-12, "-12"),
    (2**70, "1180591620717411303424"),
    (1.0, "1"),
    (122.07034, "122.0703"),
    (2 / 3, "0.6667"),
    (0.5, "0.5"),
    (100.0, "100"),
    (-0.00001, "0"),
    (1e15, "1000000000000000"),
    (1e20, "1e+20"),
    (float("inf"), "inf"),
    (np.float64(1.25), "1.25"),
    (np.int64(7), "7"),
    (np.bool_(True), "true"),
    (datetime(2026, 11, 20, 11, 2, 37, 123456, tzinfo=UTC), "2026-11-20 11:02:37.123"),
    (pd.Timestamp(1_700_000_000_999, unit="ms", tz="UTC"), "2023-11-14 22:13:20.999"),
    (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "2026-01-01 00:00:00.000"),
    ({"a": [1, None, "é"]}, '{"a":[1,null,"é"]}'),
    (b"caf\xc3\xa9 \xff", "café �"),
]


@pytest.mark.parametrize(("value", "text"), RENDERED)
def test_values_are_rendered_as_the_service_does(value, text):
    assert render(value) == text


def test_a_column_is_rendered_value_by_value():
    df = frame(time=[0, None], n=[1, None], x=[0.1 + 0.2, 3.0], ok=[True, None], s=["a", None])
    assert [rendered(df[name]) for name in df] == [
        ["2026-01-01 00:00:00.000", ""],
        ["1", ""],
        ["0.3", "3"],
        ["true", ""],
        ["a", ""],
    ]


TABLE = """\
service    n  message
────────  ──  ─────────────────────
checkout   3  no answer↵within 10 s
cart      12
… 1 more row"""


def test_text_table_aligns_numbers_right_and_counts_what_is_left_out():
    df = frame(
        service=["checkout", "cart", "orders"],
        n=[3, 12, 5],
        message=["no answer\nwithin 10 s", None, "x"],
    )
    assert text_table(df, 80, max_rows=2) == TABLE


WIDTHS = {
    20: """\
a                  n
────────────  ──────
xxxxxxxxxxx…  123456
… 2 more columns: 日本, b""",
    40: """\
a                  n  日本         b
────────────  ──────  ───────────  ─────
xxxxxxxxxxx…  123456  日本語日本…  short""",
    61: """\
a                            n  日本                    b
──────────────────────  ──────  ──────────────────────  ─────
xxxxxxxxxxxxxxxxxxxxx…  123456  日本語日本語日本語日…   short""",
}


@pytest.mark.parametrize(("width", "table"), WIDTHS.items())
def test_text_table_keeps_to_its_width(width, table):
    df = frame(a=["x" * 200], n=[123456], 日本=["日本語" * 30], b=["short"])
    assert text_table(df, width) == table
    assert max(map(columns_wide, table.splitlines()[:3])) <= width


def test_text_table_of_nothing():
    assert text_table(pd.DataFrame()) == "(no columns)"
    assert text_table(frame(n=[1]).head(0)) == "n\n─"


HOSTILE = [
    ("\x1b[31mred", "⟨ESC⟩[31mred"),
    ("a\x00b", "a⟨NUL⟩b"),
    ("\u202etxt.exe", "⟨U+202E⟩txt.exe"),
    ("zero\u200bwidth\ufeff", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
    ("\x9b31m", "⟨U+009B⟩31m"),
    ("\ud800", "⟨U+D800⟩"),
    ("line\u2028end", "line⟨U+2028⟩end"),
    ("\U000e0041", "⟨U+E0041⟩"),
    ("a\nb\tc\r\nd\re", "a↵b c↵d⟨CR⟩e"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_what_hides_or_commands_becomes_visible(text, shown):
    assert one_line(text) == shown


def test_ordinary_letters_of_any_script_stay():
    text = "Grüße, שלום, 日本語, किताब, 🙂"
    assert visible(text) == text


def test_cut_counts_terminal_columns():
    assert cut("日本語", 6) == "日本語"
    assert cut("日本語", 5) == "日本…"
    assert cut("e\u0301clair", 6) == "e\u0301clair"


def test_half_a_time_or_number_is_shown_only_where_nothing_else_can_be_cut():
    df = frame(time=[0], n=[123456789012], message=["x" * 200], who=["somebody.or.other"])
    for width in (60, 80, 100):
        lines = text_table(df, width).splitlines()
        assert max(map(columns_wide, lines)) <= width
        assert lines[2].startswith("2026-01-01 00:00:00.000  123456789012  x")
    assert max(map(columns_wide, text_table(df, 40).splitlines())) <= 40


def test_the_line_under_the_names_is_short_where_nothing_is_cut():
    lines = text_table(frame(n=[1], message=["x" * 500]), 100_000).splitlines()
    assert lines[1] == "─  " + "─" * 60
    assert lines[2] == "1  " + "x" * 500


def test_a_listing_leaves_columns_out_before_it_cuts_a_text():
    df = frame(name=["/a/rather/long/name"], n=[123], last=["2026-11-20 08:00"])
    assert text_table(df, 30, whole=True).splitlines()[2:] == [
        "/a/rather/long/name  123",
        "… 1 more column: last",
    ]
    assert text_table(df, 10, whole=True).splitlines()[2:] == [
        "/a/rather…",
        "… 2 more columns: n, last",
    ]
