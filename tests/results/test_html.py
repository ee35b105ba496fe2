from __future__ import annotations

import html.parser
import json

import pandas as pd
import pytest

from cwnb.results.html import explanation_html, line_html, result_html, summary

from .standin import frame, result


class Reader(html.parser.HTMLParser):
    """Collect tags, text and attributes, as a browser would see them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if "style" not in self.open:
            self.texts.append(text)

    @property
    def text(self):
        return "".join(self.texts)


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></table><h1>",
    "&lt;b&gt; & \"quotes' ",
    "<!-- comment",
    "$HOME and $PATH",
    "\x1b]0;title\x07",
    "\u202eevil",
]
ALLOWED = {
    "div", "style", "b", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "bdi", "span",
    "details", "summary", "code",
}  # fmt: skip


@pytest.mark.parametrize("line", HOSTILE)
@pytest.mark.parametrize("repeated", [1, 60])
def test_hostile_lines_stay_text(line, repeated):
    df = frame(**{"@message": [line * repeated], line: [1]})
    reader = Reader(result_html(result(df, warnings=[f"about {line}"])))
    assert not reader.open
    assert set(reader.tags) <= ALLOWED
    assert {name for name, _ in reader.attributes} <= {"class", "title", "align", "role", "style"}
    odd = not line.isprintable()
    if not odd:
        # In the column's name, in the cell, and in the warning.
        assert reader.text.count(line) >= 3
    assert not any(ord(c) < 32 and c not in "\n\t" for c in reader.text)
    assert "\u202e" not in reader.text


def test_summary_line_says_what_was_scanned():
    r = result(frame(n=[1]), estimatedRecordsSkipped=1_000_000)
    assert summary(len(r.df), r.statistics, r.window) == [
        "1 row",
        "1,234 of 200,001 records matched",
        "56.7 MB scanned",
        "1,000,000 records skipped",
        "45 ms",
        "from 2026-01-01 00:00 UTC",
    ]


def test_numbers_stand_right_and_text_left():
    html_text = result_html(result(frame(n=[12000], s=["12"])))
    assert (
        '<td class="cwnb-number" align="right"><span class="cwnb-plain">12000</span>' in html_text
    )
    assert (
        '<td style="text-align:left"><bdi class="cwnb-text cwnb-short">12</bdi></td>' in html_text
    )


def test_missing_is_empty_and_no_rows_is_said():
    assert '<td style="text-align:left"></td>' in result_html(result(frame(s=[None, "x"])))
    assert "no rows" in result_html(result(frame(s=["x"]).head(0)))
    assert "no rows" in result_html(result(pd.DataFrame()))


def test_rows_and_columns_past_the_shown_are_counted():
    many = pd.concat([frame(**{f"c{i}": list(range(73))}) for i in range(64)], axis=1)
    text = Reader(result_html(result(many))).text
    assert "… 23 more rows and 4 more columns in .df" in text


def test_rows_are_kept_out_where_a_notebook_shall_hold_none():
    r = result(frame(s=["secret"] * 3), warnings=["told"])
    text = result_html(r, rows=0)
    assert "secret" not in text
    assert "3 rows in .df; %config Cwnb.save_rows = 0 keeps them out of the notebook" in text
    assert "told" in text
    assert "2 more rows" in Reader(result_html(r, rows=1)).text
    assert "no rows" in result_html(result(frame(s=["x"]).head(0)), rows=0)


def test_a_short_line_stands_whole_and_others_are_folded_with_their_whole_text():
    assert "<details>" not in result_html(result(frame(m=["x" * 100])))
    lines = "first line\nsecond line\nlast line"
    for text in ("y" * 101, lines):
        shown = result_html(result(frame(m=[text])))
        assert shown.count("<details>") == 1
        assert text in shown
    begin = result_html(result(frame(m=[lines]))).partition("</summary>")[0]
    assert "second line…" in begin
    assert "last line" not in begin


def test_long_json_opens_indented_with_its_own_digits():
    text = (
        '{"a":1e400,"b":[1,{}],"big":12345678901234567890.10,"s":"{,}","pad":"' + "x" * 300 + '"}'
    )
    shown = Reader(result_html(result(frame(m=[text])))).text
    assert '{\n  "a": 1e400,\n  "b": [\n    1,\n    {}\n  ],\n' in shown
    assert '"big": 12345678901234567890.10,\n  "s": "{,}"' in shown


def test_a_huge_message_is_cut_and_counted():
    text = result_html(result(frame(m=["y" * 1_000_000])))
    assert len(text) < 20_000
    assert "… 995,000 more characters" in text


def test_deeply_nested_json_is_shown_as_it_is():
    assert "[" * 300 in result_html(result(frame(m=["[" * 4000])))


def test_warnings_stand_in_a_box():
    shown = Reader(result_html(result(frame(n=[1]), warnings=["bin(90m) counts as bin(60m)"])))
    assert ("class", "cwnb-warnings") in shown.attributes
    assert "bin(90m) counts as bin(60m)" in shown.text
    assert ("class", "cwnb-warnings") not in Reader(result_html(result(frame(n=[1])))).attributes


def test_explanation_has_a_row_a_step():
    steps = [
        {"text": "scan @message", "rows_in": 10, "rows_out": 10, "ms": 1.26, "bytes": 2048},
        {"text": 'filter a like "<b>"', "rows_in": 10, "rows_out": 3, "ms": 0.04, "bytes": None},
    ]
    reader = Reader(explanation_html(steps))
    assert reader.tags.count("tr") == 3
    assert 'filter a like "<b>"' in reader.text
    assert "2.0 kB" in reader.text


def test_one_line_is_escaped():
    assert "<script>" not in line_html("<script>")
    assert json.dumps(line_html("a")).isascii()
