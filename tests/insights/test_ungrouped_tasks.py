"""A task whose keys are mostly distinct does not group its rows: the answer is the same."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cwnb
from cwnb.insights import frames
from cwnb.insights.engine.commands import grouping, stats

START = pd.Timestamp("2026-11-20T08:00:00Z")
KEYS = st.sampled_from(["a", "b", "1", "1.0", "x", None])
NUMBERS = st.one_of(
    st.none(), st.integers(-3, 3), st.sampled_from([2**62, -(2**62), 2**53 + 1, 10**15 + 7])
)
ROWS = st.lists(st.tuples(KEYS, NUMBERS, st.sampled_from(["p", "q", None])), max_size=30)
QUERIES = [
    "stats count(*), count(v), sum(v), avg(v), variance(v), stddev(v) by k",
    "stats min(v), max(v), pct(v, 50), count_distinct(v), earliest(t), latest(t) by k",
    "stats values(t), count(*) by k | limit 2",
    "stats sum(v) as s by k, t | sort s desc | limit 3",
    "stats count(*) as n by k | stats sum(n), max(n)",
    "stats rate(v, 1m), sortsFirst(t), sortsLast(t) by k",
    "countFrequent k, t",
]


def asked(query: str, frame: pd.DataFrame, *, grouped: bool) -> list[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stats, "mostly_distinct", lambda keys, rows: not grouped and bool(keys))
        patch.setattr(frames, "TASK_ROWS", 8)
        found = cwnb.query(query, frame).df
    rows = [[None if v is pd.NA else v for v in row] for row in found.to_numpy().tolist()]
    return [[pytest.approx(v) if isinstance(v, float) else v for v in row] for row in rows]


def frame_of(rows: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "@timestamp": [START + pd.Timedelta(seconds=n) for n in range(len(rows))],
            "k": pd.Series([row[0] for row in rows], dtype="string[pyarrow]"),
            "v": pd.Series([row[1] for row in rows], dtype="int64[pyarrow]"),
            "t": pd.Series([row[2] for row in rows], dtype="string[pyarrow]"),
        }
    ).astype({"@timestamp": "datetime64[ms, UTC]"})


@pytest.mark.parametrize("query", QUERIES)
@settings(deadline=None, max_examples=30)
@given(rows=ROWS)
def test_tasks_that_do_not_group_their_rows_answer_alike(query: str, rows: list[Any]) -> None:
    frame = frame_of(rows)
    assert asked(query, frame, grouped=False) == asked(query, frame, grouped=True)


def test_integers_whose_difference_overflows_are_told_apart() -> None:
    ids = [8 * 10**18, -7 * 10**18, 10**18, 8 * 10**18]
    frame = pd.DataFrame({"@timestamp": pd.date_range(START, periods=4, freq="s"), "id": ids})
    counts = cwnb.query("stats count(*) as c by id", frame).df
    assert dict(zip(counts["id"], counts["c"], strict=True)) == {ids[0]: 2, ids[1]: 1, ids[2]: 1}
    assert len(cwnb.query("fields id | dedup id", frame).df) == 3


@pytest.mark.parametrize("query", QUERIES)
@settings(deadline=None, max_examples=20)
@given(rows=ROWS)
def test_keys_in_dictionaries_answer_as_texts_do(query: str, rows: list[Any]) -> None:
    frame = frame_of(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "_ROWS_TO_ENCODE", 0)
        encoded = [asked(query, frame, grouped=grouped) for grouped in (True, False)]
    expected = asked(query, frame, grouped=True)
    assert encoded == [expected, expected]
