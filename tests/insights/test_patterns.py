"""Patterns of lines: by table, against a plain reading, on loghub's sets, and at their limits."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pandas as pd
import plain_patterns
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.patterns import accuracy, grouping_accuracy, many_distinct
from cwnb.errors import InvalidParameter, QueryTooLarge
from cwnb.insights import patterns
from cwnb.insights.patterns import drain, mask, mining, reduce

TABLE = Path(__file__).parents[1] / "fixtures" / "patterns" / "lines.txt"
LOGHUB = [parent / "shared" / "data" / "loghub" for parent in Path(__file__).resolve().parents]
ID = "12345678-90ab-cdef-1234-567890abcdef"


def cases() -> list[tuple[str, list[str], list[str]]]:
    found = []
    for block in re.split(r"^# ", TABLE.read_text("utf-8"), flags=re.MULTILINE)[2:]:
        title, _, body = block.partition("\n")
        lines, _, table = body.strip("\n").partition("\n---\n")
        found.append((title, lines.split("\n"), table.split("\n")))
    return found


def told(templates: patterns.Templates) -> list[str]:
    table = templates.table
    return [f"{n} {text}" for text, n in zip(table["@pattern"], table["@sampleCount"], strict=True)]


@pytest.mark.parametrize(("title", "lines", "expected"), cases(), ids=[c[0] for c in cases()])
def test_lines_have_these_patterns(title: str, lines: list[str], expected: list[str]) -> None:
    assert told(patterns.mine(lines)) == expected
    assert [f"{n} {text}" for text, n in plain_patterns.mine(lines)] == expected


pieces = st.sampled_from(
    [
        *'0123456789abfgxzXF-_.:/ =",{}[]é\n\x00',
        *(ID, ID.upper(), ID[:-1], "0x", "deadbeef1", "00", "12", "1e5", "ssh2", "+", "Z"),
        *("2026-11-20", "08:00:00", " Jul 9 ", "10.0.0.1", "user=", '"key":', "/var/log"),
        *("\ue000", "\ue005"),
    ]
)
rough = st.lists(pieces, max_size=12).map("".join)
words = st.sampled_from(
    'open close info ERROR user=ann user=bob /a/b /c 12 x9 0x1f {} [1] a, "k":1 "k":x fine'.split(
        " "
    )
)
lines = rough | st.lists(words, max_size=7).map(" ".join)


@given(st.lists(rough, min_size=1, max_size=30), st.sampled_from([1, 40, 200, 262_144]))
@settings(max_examples=300, deadline=None)
def test_reduced_as_plainly(texts: list[str], chunk_bytes: int) -> None:
    before, reduce.CHUNK_BYTES = reduce.CHUNK_BYTES, chunk_bytes
    try:
        found = reduce.without_end(reduce.reduced(pa.array(texts))).to_pylist()
    finally:
        reduce.CHUNK_BYTES = before
    assert found == [plain_patterns.reduce(text) for text in texts]


@given(rough)
@settings(max_examples=300, deadline=None)
def test_masked_as_plainly(text: str) -> None:
    counted, _ = mask.reduced_counts(pa.array([text]))
    assert mask.masked(counted)[0].texts.to_pylist() == [plain_patterns.mask(text)]


@given(st.lists(lines | st.none(), max_size=40))
@settings(max_examples=300, deadline=None)
def test_mined_as_plainly(texts: list[str | None]) -> None:
    templates = patterns.mine(texts)
    assert told(templates) == [f"{n} {text}" for text, n in plain_patterns.mine(texts)]
    present = [text for text in texts if text is not None]
    assert templates.table["@sampleCount"].sum() == len(present)
    assert templates.table["@ratio"].sum() == pytest.approx(1.0 if present else 0.0)
    assert [row == -1 for row in templates.rows] == [text is None for text in texts]
    counts = pd.Series(templates.rows[templates.rows >= 0]).value_counts().sort_index()
    assert counts.tolist() == templates.table["@sampleCount"].tolist()


@given(st.lists(lines, max_size=40), st.randoms())
@settings(max_examples=100, deadline=None)
def test_the_order_of_lines_does_not_matter(texts: list[str], shuffle: random.Random) -> None:
    expected = told(patterns.mine(texts))
    shuffle.shuffle(texts)
    assert told(patterns.mine(texts)) == expected


def test_full_nodes_and_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """With few branches and templates, texts share them as the plain reading says."""
    monkeypatch.setattr(drain, "MAXIMUM_BRANCHES", 3)
    monkeypatch.setattr(drain, "MAXIMUM_TEMPLATES", 2)
    chosen = random.Random(4)
    texts = sorted({" ".join(chosen.choices("abcdefgh", k=5)) for _ in range(300)})
    made = plain_patterns.templates_of(texts, branches=3, most=2)
    counts = np.ones(len(texts), np.int64)
    found, _ = mining.group(mask.TextCounts(pa.array(texts, pa.large_string()), counts))
    assert len(made) < len(texts) / 4
    assert set(found.texts) == {plain_patterns.written(template) for template in made}


def test_many_slices_give_one_answer() -> None:
    lines = many_distinct(120_000).to_pylist()
    templates = patterns.mine(lines)
    assert len(templates.rows) == 120_000
    assert told(templates) == told(patterns.mine(lines[::-1]))


def test_a_long_line_and_an_empty_one() -> None:
    long = "word 17 " * 100_000
    templates = patterns.mine([long, "", None, long])
    assert templates.rows.tolist() == [0, 1, -1, 0]
    assert templates.table["@pattern"][1] == ""


def test_no_lines() -> None:
    for nothing in ([], [None], pd.Series([], dtype=object)):
        templates = patterns.mine(nothing)
        assert len(templates) == 0
        assert list(templates.table) == ["@pattern", "@sampleCount", "@ratio", "@severityLabel"]


def test_numbers_are_read_as_text() -> None:
    assert told(patterns.mine(pd.Series([1, 2, 30]))) == ["3 <Number-1>"]


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="texts"):
        patterns.mine([{"a": 1}])


def test_distinct_texts_have_a_budget() -> None:
    with pytest.raises(
        QueryTooLarge, match=r"distinct texts need .* more than the budget of 1,000"
    ):
        patterns.mine([f"{'x' * (n % 50)} y" for n in range(1_000)], memory_budget=1_000)
    same = ["a line of 7 words, again and again"] * 100_000
    assert told(patterns.mine(same, memory_budget=1_000)) == [
        "100000 a line of <Number-1> words, again and again"
    ]


def test_severity_is_read_from_the_pattern() -> None:
    lines = ["an Error in 1", "ERRORS ahead", "a Warning", "fine", "a warning of errors"]
    table = patterns.mine(lines).table.set_index("@pattern")["@severityLabel"]
    assert table.to_dict() == {
        "an Error in <Number-1>": "ERROR",
        "ERRORS ahead": "ERROR",
        "a Warning": "WARN",
        "fine": "INFO",
        "a warning of errors": "ERROR",
    }


def test_grouping_accuracy_counts_whole_groups() -> None:
    truth = pd.Series(["a", "a", "b", "c", "c"])
    assert grouping_accuracy(truth, pd.Series([0, 0, 1, 2, 2]).to_numpy()) == 1.0
    assert grouping_accuracy(truth, pd.Series([0, 0, 1, 2, 3]).to_numpy()) == 0.6
    assert grouping_accuracy(truth, pd.Series([0, 0, 0, 2, 2]).to_numpy()) == 0.4


@pytest.mark.skipif(not any(map(Path.exists, LOGHUB)), reason="shared data absent")
def test_accuracy_on_real_logs() -> None:
    assert accuracy(next(filter(Path.exists, LOGHUB))) >= 0.80
