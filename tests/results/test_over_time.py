"""The histogram above an answer counts all events that pass the row-wise beginning of its query."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import cwnb
from cwnb.errors import QueryCancelled, SnapshotExpired
from cwnb.insights import frames
from cwnb.results.levels import MISSING, in_order, level_field, severity
from cwnb.results.over_time import CountOverTime, OverTime
from cwnb.results.periods import MOST_BINS, period_for
from cwnb.store import claims
from cwnb.store.maintenance import background
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW_MS = 1_795_593_600_000
WEB, APP = "/shop/web", "/shop/app"
HOUR_MS = 3_600_000
COUNT = 900
LEVELS = ("ERROR", "INFO", "info", "debug", None)


def events() -> pd.DataFrame:
    """Give random events of ten hours; a row each: time_ms, level (or None), n, message."""
    random = np.random.default_rng(7)
    made = pd.DataFrame(
        {
            "time_ms": NOW_MS - random.integers(0, 10 * HOUR_MS, COUNT),
            "level": [LEVELS[i] for i in random.choice(5, COUNT, p=[0.1, 0.4, 0.1, 0.2, 0.2])],
            "n": random.integers(0, 50, COUNT),
        }
    )
    rows = made.to_dict("records")
    made["message"] = [
        json.dumps({k: r[k] for k in ("level", "n") if isinstance(r[k], str | int)}) for r in rows
    ]
    return made


EVENTS = events()


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give a store of these events, in two groups, in segments and in recent batches."""
    monkeypatch.setattr(background, "_TICK_S", 1e6)
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as held:
        for part, frame in EVENTS.groupby(np.arange(COUNT) // 300):
            for group, rows in frame.groupby(frame["n"] % 2):
                pairs = [(int(t), m) for t, m in zip(rows["time_ms"], rows["message"], strict=True)]
                held.put((WEB, APP)[group], f"s-{part}", pairs)
            if part < 2:
                held.flush()
        yield held


def counted(result: Any) -> OverTime:
    counting = CountOverTime(result).begin()
    found = counting.result(60)
    assert found is not None, counting.reason
    assert counting.done
    return found


def expected(passing: pd.DataFrame, found: OverTime) -> list[list[int]]:
    """Count events with pandas, in the bins and by the levels of a histogram."""
    place = (passing["time_ms"] - found.starts_ms[0]) // found.period_ms
    names = passing["level"].str.upper().fillna(MISSING)
    return [
        [int(((place == i) & (names == level.upper())).sum()) for i in range(len(found.starts_ms))]
        if level != MISSING
        else [int(((place == i) & (names == MISSING)).sum()) for i in range(len(found.starts_ms))]
        for level in found.levels
    ]


ALL = np.full(COUNT, fill_value=True)
LARGE = EVENTS["n"] > 30
QUERIES = [
    ("fields @message", ALL),
    ("fields @message | limit 3", ALL),
    ("filter n > 30", LARGE),
    ("filter n > 30 | limit 3 | filter level = 'ERROR'", LARGE),
    ("filter n > 30 # not | filter n < 0\n", LARGE),
    ("limit 5 | filter n > 30", ALL),
    ("filter n > 30 | dedup n", LARGE),
    ("dedup level | limit 1", ALL),
    ("filter n > 30 | stats count(*) by bin(1h), level | sort level", LARGE),
    ("filter n > 30 | stats max(n) as m | filter m > 1000", LARGE),
    ("sort n | limit 1", ALL),
    ("fields n * 2 as m | filter m > 60 | display m | limit 2", LARGE),
    ('parse @message "*: *}" as a, digits | filter n > 30 | stats count(*)', LARGE),
    ("parse @message /(?<d>[0-9])/ multi | limit 1", ALL),
    ("parse @message /(?<d>[0-9])/ multi | filter d = 4 | stats count(*) by d", "has 4"),
    ("filter level = 'ERROR' or not ispresent(level)", EVENTS["level"].isin([None, "ERROR"])),
]
WINDOWS = [(None, None), ("-4h", None), (None, "-4h"), ("-8h", "-2h"), ("-20h", "now")]


@pytest.mark.parametrize(("query", "passes"), QUERIES)
def test_counts_are_those_of_all_events_that_pass(logs: Any, query: str, passes: Any) -> None:
    passes = EVENTS["n"].astype(str).str.contains("4") if isinstance(passes, str) else passes
    result = logs.query(query, "/shop/*")
    before = result.df.copy()
    found = counted(result)
    passing = EVENTS[passes]
    assert found.counts == expected(passing, found)
    assert found.total == len(passing) == sum(map(sum, found.counts))
    assert found.untimed == 0
    assert found.field == "level"
    assert found.levels == [
        level
        for level in ("ERROR", "INFO", "debug", MISSING)
        if level.upper() in set(passing["level"].str.upper().fillna(MISSING.upper()))
    ]
    assert found.severities == [severity(level) for level in found.levels]
    assert result.df.equals(before)
    frame = pd.DataFrame({"@timestamp": pd.to_datetime(EVENTS["time_ms"], unit="ms")})
    frame["@message"] = EVENTS["message"]
    assert counted(cwnb.query(query, frame)) == found


@pytest.mark.parametrize(("start", "end"), WINDOWS)
def test_the_bins_fill_the_window(logs: Any, start: str | None, end: str | None) -> None:
    result = logs.query("filter n > 30 | limit 1", "/shop/*", start, end)
    found = counted(result)
    times = EVENTS["time_ms"]
    hours = {None: None, "now": 0}
    first = times.min() if start is None else NOW_MS - int(start[1:-1]) * HOUR_MS
    last = times.max() if end is None else NOW_MS - hours.get(end, 2 if "2" in end else 4) * HOUR_MS
    assert found.starts_ms[0] <= first < found.starts_ms[0] + found.period_ms
    inside = last if end is None else last - 1
    assert found.starts_ms[-1] <= inside < found.starts_ms[-1] + found.period_ms
    assert set(np.diff(found.starts_ms)) == {found.period_ms}
    assert MOST_BINS / 3 - 1 <= len(found.starts_ms) <= MOST_BINS
    passing = EVENTS[LARGE & (times >= first) & (times < (last + (end is None)))]
    assert found.counts == expected(passing, found)
    assert found.total == len(passing) > 0


def test_what_comes_after_the_answer_is_not_counted(logs: Any) -> None:
    result = logs.query("stats count(*) as n", "/shop/*")
    logs.put(WEB, "late", [(NOW_MS - 1000, '{"level": "ERROR"}')])
    assert counted(result).total == COUNT == result.df["n"].iloc[0]


def test_a_moved_snapshot_is_said(logs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = logs.query("fields n | limit 1", WEB)
    monkeypatch.setattr(claims, "GRACE_S", -10.0)
    for work in (logs.flush, logs.compact, logs.sweep):
        work(WEB)
    with pytest.raises(SnapshotExpired, match="moved since; ask it again"):
        counted(result)


def frame_of(levels: list[Any], **columns: Any) -> pd.DataFrame:
    times = pd.to_datetime(np.arange(len(levels)) * 1000, unit="ms")
    return pd.DataFrame({"@timestamp": times, "level": levels, **columns})


def levels_of(frame: pd.DataFrame, query: str = "limit 1") -> dict[str, int]:
    found = counted(cwnb.query(query, frame))
    return {
        level: sum(counts) for level, counts in zip(found.levels, found.counts, strict=True)
    } | {"field": found.field}


def test_a_field_with_many_values_is_no_level(monkeypatch: pytest.MonkeyPatch) -> None:
    twelve = levels_of(frame_of([f"v{i % 12}" for i in range(24)]))
    assert twelve == {**{f"v{i}": 2 for i in sorted(range(12), key=str)}, "field": "level"}
    for many in (range(13), range(5000), ["x" * 41, "y"], [None, None]):
        frame = frame_of([None if v is None else str(v) for v in many])
        assert levels_of(frame) == {"events": len(frame), "field": ""}
    # Not even where the groups would need more memory than the query may hold.
    result = cwnb.query("limit 1", frame_of([str(i) for i in range(20_000)]))
    result.events.context = replace(result.events.context, memory_budget=100_000)
    assert counted(result).total == 20_000


def test_levels_are_of_any_type_and_name(logs: Any) -> None:
    assert levels_of(frame_of([50, 10, 30, 30])) == {"50": 1, "30": 2, "10": 1, "field": "level"}
    assert levels_of(frame_of([6, 3, 3])) == {"3": 2, "6": 1, "field": "level"}
    both = frame_of(["warn", None, None], Severity=["x", "ERR", None])
    assert levels_of(both) == {
        "ERR": 1,
        "warn": 1,
        MISSING: 1,
        "field": "coalesce(level, Severity)",
    }
    text = pd.DataFrame({"@timestamp": frame_of([1, 2])["@timestamp"], "@message": ["E a", "I b"]})
    made = 'parse @message "* *" as lvl, rest'
    assert levels_of(text, made) == {"E": 1, "I": 1, "field": "lvl"}
    # An event that has two levels by `multi` is one event.
    multi = "parse @message /(?<lvl>[A-Za-z])/ multi"
    assert levels_of(text, multi) == {"events": 2, "field": ""}


NAMED = [
    (["Level", "message"], "Level"),
    (["user.level", "levels", "priority"], ""),
    (["log.level"], "log.level"),
    (["SeverityText", "severity"], "coalesce(severity, SeverityText)"),
    (["log-level", "a"], "`log-level`"),
    (["log_level", "LVL", "level"], "coalesce(level, log_level, LVL)"),
]


@pytest.mark.parametrize(("names", "expected"), NAMED)
def test_the_field_of_the_level_is_found_by_its_name(names: list[str], expected: str) -> None:
    assert level_field(names) == expected


def test_the_most_severe_level_comes_first() -> None:
    mixed = ["x", MISSING, "info", "3", "WARNING", "Critical", "trace", "2", "error", "debug", "a"]
    assert in_order(mixed) == [
        *("Critical", "error", "WARNING", "info", "debug", "trace"),
        *("2", "3", "a", "x", MISSING),
    ]


def test_what_cannot_be_counted_is_said(logs: Any) -> None:
    logs.create_group("/empty")
    long = f"fields n # {'x' * 9980}"
    asked = [
        (logs.query(long, WEB), "counted over time: the query has 10,0"),
        (logs.query("limit 1", "/empty"), "no events with a time"),
        (cwnb.query("limit 1", pd.DataFrame({"a": [1]})), "no events with a time"),
        (
            logs.query("fields n as @timestamp", WEB),
            "@timestamp that is not the time of its events",
        ),
    ]
    for result, said in asked:
        counting = CountOverTime(result).begin()
        assert counting.result(60) is None
        assert said in counting.reason


def test_events_without_a_time_are_counted_apart() -> None:
    frame = frame_of(["ERROR", "INFO", "INFO"])
    frame.loc[1, "@timestamp"] = pd.NaT
    found = counted(cwnb.query("limit 1", frame))
    assert (found.total, found.untimed) == (3, 1)
    assert [sum(counts) for counts in found.counts] == [1, 1]


def test_a_window_without_events_has_empty_bins(logs: Any) -> None:
    for start, end, bins in [("+1d", "+2d", 48), ("2020-01-01", "2020-01-01T01:00", 60)]:
        found = counted(logs.query("fields n", WEB, start, end))
        assert found.counts == [[0] * bins]
        assert (found.levels, found.total) == (["events"], 0)
    for start, end in [("+1d", None), (None, "2020-01-01"), ("2020-01-01", "2020-01-01")]:
        assert counted(logs.query("fields n", WEB, start, end)).counts == [[0]]


def test_a_count_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, go_on = threading.Event(), threading.Event()
    result = cwnb.query("limit 1", frame_of(["a"] * 10))
    open_task = frames.FrameTask.open

    def wait(task: Any) -> Any:
        opened.set()
        assert go_on.wait(60)
        return open_task(task)

    monkeypatch.setattr(frames.FrameTask, "open", wait)
    counting = CountOverTime(result).begin()
    assert opened.wait(60)
    assert not counting.done
    # The thread that counts may be ahead of the one that began it.
    end = time.monotonic() + 60
    while counting.progress.of_records != 10:
        assert time.monotonic() < end
    counting.stop()
    with pytest.raises(QueryCancelled, match="count of events over time was stopped"):
        counting.result(60)
    go_on.set()
    counting.stop()


def test_a_count_that_fails_raises_its_error(logs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = cwnb.query("limit 1", frame_of(["a"] * 10))

    def fail(_: Any) -> None:
        raise SnapshotExpired("gone")

    monkeypatch.setattr(frames.FrameTask, "open", fail)
    with pytest.raises(SnapshotExpired):
        counted(result)


SPANS = [
    (0, "1 ms", 1),
    (59, "1 ms", 60),
    (60, "2 ms", 31),
    (60_000, "2 seconds", 31),
    (HOUR_MS - 1, "minute", 60),
    (24 * HOUR_MS - 1, "30 minutes", 48),
    (7 * 24 * HOUR_MS - 1, "3 hours", 56),
    (365 * 24 * HOUR_MS - 1, "week", 53),
    (100 * 365 * 24 * HOUR_MS, "104 weeks", 51),
    (9000 * 365 * 24 * HOUR_MS, None, None),
]


@pytest.mark.parametrize(("span", "name", "bins"), SPANS)
def test_a_period_is_the_shortest_with_sixty_bins(span: int, name: Any, bins: Any) -> None:
    first = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1000  # a Monday
    for shift in (0, 1, 777, -1, 12 * HOUR_MS + 5):
        period = period_for(first + shift, first + shift + span)
        starts = period.starts(first + shift, first + shift + span)
        assert 1 <= len(starts) <= MOST_BINS
        assert starts[0] <= first + shift < starts[0] + period.ms
        if name is not None and shift == 0:
            assert (period.name, len(starts)) == (name, bins)
        if period.unit == "w":
            assert datetime.fromtimestamp(starts[0] // 1000, UTC).weekday() == 0
