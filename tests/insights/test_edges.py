"""Values at the ends of their types: no errors of libraries, and no warnings of numpy."""

from __future__ import annotations

import time
import warnings
from typing import Any

import pandas as pd
import pytest

import cwnb
from cwnb.errors import MalformedQuery
from cwnb.insights.ql.dialect import parse_query

INT64_MAX, INT64_MIN = 2**63 - 1, -(2**63)
DOUBLES = [float("inf"), float("-inf"), 1.5, None, 1e308, -1e308, 5e-324, 0.0, -0.0]


def frame_of(**columns: list[Any]) -> list[dict[str, Any]]:
    times = pd.date_range("2026-11-26T08:00", periods=len(next(iter(columns.values()))), tz="UTC")
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [{"@timestamp": time, **row} for time, row in zip(times, rows, strict=True)]


@pytest.mark.parametrize("edge", [INT64_MAX, INT64_MIN])
def test_groups_of_the_last_integers_beside_a_missing_one(edge: int) -> None:
    near = edge - 1 if edge > 0 else edge + 1
    rows = frame_of(n=[edge, None, near, edge, None])
    found = cwnb.query("stats count(*) as k by n", rows).outcome.columns
    pairs = zip(found["n"].to_pylist(), found["k"].to_pylist(), strict=True)
    assert dict(pairs) == {edge: 2, None: 2, near: 1}
    kept = cwnb.query("fields n | dedup n", rows).outcome.columns["n"].to_pylist()
    assert kept == [None, edge, near, None]


@pytest.mark.parametrize("text", ["x", "3", ""])
def test_a_structure_that_is_none_is_missing_in_every_row(text: str) -> None:
    found = cwnb.query(f'fields jsonParse("{text}") as j, j.a as a', frame_of(n=[1, 2]))
    assert found.df.isna().all(axis=None)
    assert len(found) == 2


QUERIES = [
    "stats sum(x), avg(x), variance(x), stddev(x), pct(x, 50), values(x)",
    "stats sum(x) as a, avg(x) as b, variance(x) as c, stddev(x) as d, max(x) as e by g",
    "fields x + 1 as a, x - x as b, x * 0 as c, x / x as d, x % 2 as e, x ^ 2 as f, 2 ^ x as h",
    "fields x * n as a, x + n as b, n - x as c, -x as d, 2 % x as e",
    "fields abs(x) as a, ceil(x) as b, floor(x) as c, sqrt(x) as d, log(x) as e, round(x, 2) as f",
    "fields round(x, 2) as a, round(x * 1e-2, 1) as b, round(x, -2) as c, round(x, 21) as d",
    "fields toInt(x) as a, toLong(x) as b, decToHex(x) as c, fromMillis(x) as d, strlen(x) as e",
    "fields greatest(x, n) as a, least(x, n) as b, haversine(x, 1, 2, 3) as c, substr(g, x) as d",
    "fields formatDate(x, '%Y') as a, datefloor(x, 1h) as b, round(1.5, x) as c, round(n, x) as d",
    "filter x > 1e400 or x = 1e400 or x in [1e400, 1] | sort x",
    "stats count(*) by x",
    "fields x | sort x desc | dedup x",
]


@pytest.mark.parametrize("query", QUERIES)
def test_infinite_values_are_computed_with_in_silence(query: str) -> None:
    ends = [INT64_MAX, INT64_MIN, None] * 3
    rows = frame_of(x=DOUBLES, n=ends, g=["a", "b", "c"] * 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(cwnb.query(query, rows)) > 0


def test_a_sum_of_both_infinities_is_missing() -> None:
    rows = frame_of(x=[float("inf"), float("-inf"), 2**60 + 1], g=["a", "a", "b"])
    found = cwnb.query("stats sum(x) as s, avg(x) as m by g", rows).outcome.columns
    assert found["s"].to_pylist()[1:] == [None]
    assert found["m"].to_pylist() == [float(2**60), None]


@pytest.mark.parametrize("text", ["parse / \ud800(a)/ as b", 'filter level = "\udfff"', "\ud83d"])
def test_half_a_character_is_refused(text):
    with pytest.raises(MalformedQuery, match="half of a character") as caught:
        parse_query(text)
    str(caught.value).encode()


def test_a_number_that_no_double_holds_is_refused():
    with pytest.raises(MalformedQuery, match="whole number from 1 to"):
        parse_query(f"stats histogram(ms, {'9' * 400})")


@pytest.mark.parametrize("word", ["structuredData" * 130, '"' + "10.20." * 300 + '"'])
def test_a_long_word_is_checked_quickly(word: str) -> None:
    query = f"filter nosuch = 1 and none = 2 | fields a, b, c, d, e, concat({word}, f) as g"
    rows = frame_of(n=[1])
    cwnb.query("fields n", rows)
    started = time.process_time()
    cwnb.query(query, rows)
    # It takes some 10 ms; it took 1 s where each letter of the word began a search.
    assert time.process_time() - started < 0.5
