"""`pattern` and the commands that compare, against a plain reading, over tasks, segments and groups."""

from __future__ import annotations

import math
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import plain_patterns
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cwnb
from cwnb.errors import InvalidParameter, MalformedQuery, QueryTooLarge
from cwnb.insights import frames
from cwnb.times import Clock, months_before, to_ms

START_MS = 1_795_161_600_000  # 2026-11-20 08:00 UTC
MINUTE_MS = 60_000
words = st.sampled_from("open shut info user=ann user=bob 12 x9 0x1f /a/b /c [1] fine".split())
lines = st.lists(words, max_size=5).map(" ".join)
events = st.lists(st.tuples(st.integers(0, 19), lines | st.none()), min_size=1, max_size=30)


def frame_of(rows: list[tuple[int, str | None]]) -> pd.DataFrame:
    times = np.array([START_MS + minute * MINUTE_MS for minute, _ in rows], "datetime64[ms]")
    texts = pd.array([text for _, text in rows], pd.ArrowDtype(pa.string()))
    return pd.DataFrame({"@timestamp": times, "@message": texts, "n": range(len(rows))})


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "TASK_ROWS", 4)


@given(events)
@settings(max_examples=150, deadline=None)
def test_pattern_is_mined_plainly(rows: list[tuple[int, str | None]]) -> None:
    df = cwnb.query("filter n >= 2 | pattern @message", frame_of(rows)).df
    expected = plain_patterns.mine([text for _, text in rows[2:]])
    assert list(zip(df["@pattern"], df["@sampleCount"], strict=True)) == expected
    total = sum(count for _, count in expected)
    assert df["@ratio"].tolist() == pytest.approx([count / total for _, count in expected])


@given(events, st.integers(1, 19), st.integers(1, 10))
@settings(max_examples=150, deadline=None)
def test_diff_is_mined_plainly(rows: list[tuple[int, str | None]], start: int, length: int) -> None:
    window = [START_MS + minute * MINUTE_MS for minute in (start, start + length)]
    df = cwnb.query("pattern @message | diff", frame_of(rows), start=window[0], end=window[1]).df
    assert rows_of(df) == compared(rows, start, length, length)


@given(events, st.integers(1, 19), st.integers(1, 10), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_logcompare_is_mined_plainly(
    rows: list[tuple[int, str | None]], start: int, length: int, shift: int
) -> None:
    window = [START_MS + minute * MINUTE_MS for minute in (start, start + length)]
    text = f"logcompare timeshift {shift}m"
    df = cwnb.query(text, frame_of(rows), start=window[0], end=window[1]).df
    assert rows_of(df) == compared(rows, start, length, shift)


@given(events, st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_anomalies_are_scored_plainly(rows: list[tuple[int, str | None]], repeated: int) -> None:
    """The window has 24 minutes, so the number of the minute is that of the slot."""
    last = [(m, text) for m, text in rows for _ in range(repeated * 4 if m == 19 else 1)]
    codes = [(m, "GET status=503") for m, _ in rows if m > 15]
    rows = [*last, *codes, *((m, "GET status=200") for m in range(18))]
    window = [START_MS, START_MS + 24 * MINUTE_MS]
    text = "pattern @message | anomaly"
    df = cwnb.query(text, frame_of(rows), start=window[0], end=window[1]).df
    present = [(m, text) for m, text in rows if text is not None]
    patterns = plain_patterns.pattern_of_each([text for _, text in present])
    expected = []
    for pattern in sorted(set(patterns)):
        own = [row for row, its in zip(present, patterns, strict=True) if its == pattern]
        if (found := anomaly_of(own)) is not None:
            expected.append((pattern, len(own), *found))
    expected.sort(key=lambda row: (-row[3], row[0]))
    assert df["@pattern"].tolist() == [row[0] for row in expected]
    assert df["@sampleCount"].tolist() == [row[1] for row in expected]
    assert df["@anomaly"].tolist() == [row[2] for row in expected]
    assert df["@anomalyScore"].tolist() == pytest.approx([row[3] for row in expected])


def anomaly_of(own: list[tuple[int, str]]) -> tuple[str, float] | None:
    """Score as the guide of the command says; events are known in the first 18 minutes."""
    before, recent = [m for m, _ in own if m < 18], [m for m, _ in own if m >= 18]
    found = []
    bad = [m for m, text in own if "status=503" in text]
    q, p = sum(m < 18 for m in bad), sum(m >= 18 for m in bad)
    if before and p >= 5:
        share = len(bad) / len(own)
        spread = math.sqrt(share * (1 - share) * (1 / len(recent) + 1 / len(before)))
        rise = p / len(recent) - q / len(before)
        if rise > 0 and rise >= 4 * spread:
            found.append(("http", rise / spread / (rise / spread + 4)))
    if recent and not before:
        found.append(("new", len(recent) / (len(recent) + 1)))
    if before:
        counts = [before.count(m) for m in range(18)]
        mean = sum(counts) / 18
        deviation = math.sqrt(sum((c - mean) ** 2 for c in counts) / 18)
        deviation = max(deviation, math.sqrt(mean), 1)
        z = max(abs(recent.count(m) - mean) / deviation for m in range(18, 24))
        if z >= 4:
            found.append(("frequency", z / (z + 4)))
    return max(found, key=lambda pair: pair[1], default=None)


values_of_fields = st.one_of(
    st.sampled_from(["a", "b", "c", None]), st.integers(0, 40), st.sampled_from([0.5, 1e9])
)


@given(st.lists(st.tuples(st.booleans(), values_of_fields), min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_relevance_is_computed_plainly(rows: list[tuple[bool, Any]]) -> None:
    frame = pd.DataFrame(
        {
            "@timestamp": pd.to_datetime([START_MS + i for i in range(len(rows))], unit="ms"),
            "@message": "x",
            "flag": [flag for flag, _ in rows],
            "value": pd.Series([value for _, value in rows], dtype=object),
        }
    )
    df = cwnb.query("relevantfields value where flag = true", frame).df
    holds = [value for flag, value in rows if flag]
    others = [value for flag, value in rows if not flag]
    score = distance(*binned(holds, others)) if holds and others else 0.0
    assert df["@fieldName"].tolist() == ["value"]
    assert df["@relevanceScore"].tolist() == pytest.approx([score], abs=1e-9)


def binned(holds: list[Any], others: list[Any]) -> tuple[list[Any], list[Any]]:
    """Put numbers into 16 ranges if there are more, and take what occurs once together."""
    every = [value for value in holds + others if value is not None]
    if any(isinstance(value, str) for value in every):
        once = [value for value, count in Counter(map(str, every)).items() if count == 1]
        return tuple(
            [None if v is None else "once" if str(v) in once else str(v) for v in side]
            for side in (holds, others)
        )
    if len(set(every)) <= 16:
        return holds, others
    bins = {}
    for value in set(every):
        middle = sum(other < value for other in every) + every.count(value) / 2
        bins[value] = min(15, int(16 * middle / len(every)))
    return tuple([None if v is None else bins[v] for v in side] for side in (holds, others))


def distance(a: list[Any], b: list[Any]) -> float:
    total = 0.0
    for value in {*a, *b}:
        p, q = a.count(value) / len(a), b.count(value) / len(b)
        total += sum(x / 2 * math.log2(2 * x / (p + q)) for x in (p, q) if x)
    return math.sqrt(max(0.0, total))


def rows_of(df: pd.DataFrame) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in df.drop(columns="@severityLabel").itertuples(index=False)]


def compared(
    rows: list[tuple[int, str | None]], start: int, length: int, shift: int
) -> list[tuple[Any, ...]]:
    """Count the patterns of both windows, whose events are mined together."""
    now = [text for m, text in rows if text is not None and start <= m < start + length]
    before = [
        text for m, text in rows if text is not None and start - shift <= m < start - shift + length
    ]
    patterns = plain_patterns.pattern_of_each(now + before)
    counts = Counter(patterns[: len(now)]), Counter(patterns[len(now) :])
    found = [(text, counts[0][text], counts[1][text]) for text in set(patterns)]
    found.sort(key=lambda row: (-abs(row[1] - row[2]), row[0]))
    return [(text, a, b, a - b, word_for(a, b)) for text, a, b in found]


def word_for(now: int, before: int) -> str:
    if now == before:
        return "Same"
    if 0 in {now, before}:
        return "New" if now else "Gone"
    return "More" if now > before else "Fewer"


@pytest.fixture
def logs(tmp_path: Any) -> Any:
    clock = Clock(START_MS + 60 * MINUTE_MS)
    with cwnb.open(tmp_path / "store", clock=clock) as opened:
        for group in ("/a", "/b"):
            for stream in ("s", "t"):
                rows = [
                    (START_MS + i * MINUTE_MS, f"{group} user {i} by {stream}") for i in range(20)
                ]
                opened.put(group, stream, rows)
                if stream == "s":
                    opened.flush(group)
        yield opened


def test_groups_and_streams_are_mined_together(logs: Any) -> None:
    df = logs.query("pattern @message", ["/a", "/b"]).df
    assert df["@pattern"].tolist() == [
        "/a user <Number-1> by <Token-2>",
        "/b user <Number-1> by <Token-2>",
    ]
    assert df["@sampleCount"].tolist() == [40, 40]
    alone = logs.query('filter @logStream = "t" | pattern @message', ["/a", "/b"]).df
    assert alone["@pattern"].tolist() == ["/a user <Number-1> by t", "/b user <Number-1> by t"]


def test_the_patterns_of_a_group(logs: Any) -> None:
    df = logs.patterns("/a")
    assert df["@pattern"].tolist() == ["/a user <Number-1> by <Token-2>"]
    assert df["@ratio"].tolist() == [1.0]
    assert logs.patterns("/a", "2026-11-20T08:19Z")["@sampleCount"].tolist() == [2]


def test_a_window_without_an_end_ends_now(logs: Any) -> None:
    """60 minutes from 08:00 to now, and the 60 before."""
    df = logs.query("pattern @message | diff", "/a", "2026-11-20T08:00Z").df
    assert df["@sampleCount"].tolist() == [40]
    assert df["@previousSampleCount"].tolist() == [0]
    df = logs.query("pattern @message | diff", "/a", "2026-11-20T08:35Z").df
    assert df["@previousSampleCount"].tolist() == [20]


def test_both_windows_are_scanned(logs: Any) -> None:
    text = "pattern @message | diff"
    result = logs.query(text, "/a", "2026-11-20T08:10Z", "2026-11-20T08:20Z")
    assert result.statistics["recordsMatched"] == 40
    assert text in str(result.explain())


def test_the_events_of_two_windows_are_not_exported(logs: Any, tmp_path: Any) -> None:
    """One file with the events of one window would say less than was read."""
    result = logs.query("pattern @message | diff", "/a", "2026-11-20T08:10Z", "2026-11-20T08:20Z")
    with pytest.raises(InvalidParameter, match="diff read the events of two windows"):
        result.export_events(tmp_path / "events.parquet")
    assert not (tmp_path / "events.parquet").exists()
    alone = logs.query("pattern @message", "/a", "2026-11-20T08:10Z", "2026-11-20T08:20Z")
    assert alone.export_events(tmp_path / "events.parquet") == 20


def test_processes_count_as_threads_do(logs: Any) -> None:
    texts = ["pattern @message", "pattern @message | diff", "pattern @message | anomaly"]
    texts.append("relevantfields @logStream where @message like /user 1/")
    with ProcessPoolExecutor(1) as executor:
        for text in texts:
            window = "2026-11-20T08:10Z", "2026-11-20T08:20Z"
            expected = logs.query(text, "/a", *window).df
            found = logs.query(text, "/a", *window, executor=executor).df
            pd.testing.assert_frame_equal(found, expected)


def test_a_window_without_a_start_is_refused_in_its_place(logs: Any) -> None:
    with pytest.raises(MalformedQuery, match="diff compares") as caught:
        logs.query("pattern @message | diff", "/a", None, "2026-11-20T08:20Z")
    assert "~~~^" in str(caught.value)


def test_distinct_texts_have_the_budget_of_the_query() -> None:
    rows = [(i % 20, f"{'y' * (i % 97)} {'z' * (i // 97)}") for i in range(2_000)]
    with pytest.raises(QueryTooLarge, match=r"pattern @message' would hold more than .* budget"):
        cwnb.query("pattern @message", frame_of(rows), memory_budget=20_000)


def test_months_are_those_of_the_calendar() -> None:
    assert months_before(to_ms("2026-03-31T12:00Z", 0), 1) == to_ms("2026-02-28T12:00Z", 0)
    assert months_before(to_ms("2024-03-29T00:00:00.007Z", 0), 1) == to_ms("2024-02-29", 0) + 7
    with pytest.raises(cwnb.errors.InvalidParameter, match="before the year 1"):
        months_before(START_MS, 12 * 3000)
