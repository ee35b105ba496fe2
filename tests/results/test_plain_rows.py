"""Rows as text for programs."""

from __future__ import annotations

import pyarrow as pa
import pytest

from cwnb.results.plain_rows import csv_text, json_text, tabbed_text

TABLE = pa.table(
    {
        "when": pa.array([1_795_172_400_123, None], pa.timestamp("ms", "UTC")),
        "n": pa.array([2**53 + 1, None], pa.int64()),
        "share": pa.array([0.1 + 0.2, float("inf")]),
        "text": pa.array(['say "a\tb"', "two\nlines"]),
        "good": pa.array([True, None]),
    }
)


@pytest.mark.parametrize(
    ("write", "columns", "text"),
    [
        (
            csv_text,
            ["when", "n", "share", "text", "good"],
            (
                "when,n,share,text,good\n"
                '2026-11-20T11:00:00.123Z,9007199254740993,0.30000000000000004,"say ""a\tb""",true\n'
                ',,Infinity,"two\nlines",\n'
            ),
        ),
        (
            json_text,
            ["n", "text", "good"],
            (
                '[{"n": 9007199254740993, "text": "say \\"a\\tb\\"", "good": true},\n'
                ' {"n": null, "text": "two\\nlines", "good": null}]\n'
            ),
        ),
        (tabbed_text, ["n", "text"], '9007199254740993\t"say ""a\tb"""\n\t"two\nlines"\n'),
        (tabbed_text, ["text"], 'say "a\tb"\ntwo\nlines\n'),
        (tabbed_text, ["n"], "9007199254740993\n\n"),
        (tabbed_text, ["when"], "2026-11-20T11:00:00.123Z\n\n"),
        (tabbed_text, ["good"], "true\n\n"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_rows_are_written_with_every_digit(write, columns, text):
    assert "".join(write(TABLE.select(columns))) == text


@pytest.mark.parametrize(
    ("write", "text"), [(csv_text, "n\n"), (json_text, "[]\n"), (tabbed_text, "")]
)
def test_no_rows(write, text):
    assert "".join(write(TABLE.select(["n"]).slice(0, 0))) == text
