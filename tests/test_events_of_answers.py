"""From a row of an answer, or an `@ptr`, to the event with all its fields, and those around it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import cwnb
from cwnb.errors import InvalidParameter, ResourceNotFound, SnapshotExpired
from cwnb.insights import frames
from cwnb.insights.context import QueryContext
from cwnb.insights.engine.run import Run
from cwnb.insights.engine.tasks import run_task
from cwnb.insights.ql import dialect
from cwnb.insights.resolve.complete import complete
from cwnb.query_sources import StoreSources
from cwnb.results.event import Event, event_at, read_pointer
from cwnb.store import claims
from cwnb.store.maintenance import background
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW_MS = 1_795_593_600_000
WEB, APP = "/shop/web", "/shop/app"
STEP_MS = 1_000
COUNT = 60


def message_of(n: int) -> str:
    """Give the nth event: JSON with a nested field, one in thirty with a field of its own."""
    fields: dict[str, Any] = {"n": n, "level": ("ERROR", "INFO")[n % 2], "user": {"id": n % 7}}
    if n % 30 == 11:
        fields[f"only{n}"] = [n, "x"]
    return json.dumps(fields, separators=(",", ":"))


def time_of(n: int) -> int:
    """Give the time of the nth event; three in a row share one."""
    return NOW_MS - (COUNT - n // 3 * 3) * STEP_MS


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give a store whose events lie in segments and in recent batches, in two streams."""
    monkeypatch.setattr(background, "_TICK_S", 1e6)
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as held:
        for n in range(COUNT):
            held.put(WEB, f"w-{n % 2}", [(time_of(n), message_of(n))])
            if n in {20, 40}:
                held.flush()
        held.put(APP, "a", [("-1h", "plain text"), ("-30m", "REPORT level=WARN")])
        yield held


def whole(n: int) -> dict[str, Any]:
    """Give the fields that the nth event has."""
    fields = {"n": n, "level": ("ERROR", "INFO")[n % 2], "user.id": n % 7}
    if n % 30 == 11:
        fields |= {f"only{n}.0": n, f"only{n}.1": "x"}
    return fields


def check(event: Event, n: int) -> None:
    assert event["@message"] == message_of(n)
    assert event["@timestamp"] == pd.Timestamp(time_of(n), unit="ms", tz="UTC")
    assert event["@logStream"] == f"w-{n % 2}"
    assert event["@log"] == f"000000000000:{WEB}"
    assert event["@ingestionTime"] == pd.Timestamp(NOW_MS, unit="ms", tz="UTC")
    own = {name: value for name, value in event.items() if not name.startswith("@")}
    assert own == whole(n)


# ---------------------------------------------------------------- rows of an answer

QUERIES = [
    "fields n",
    "fields n | limit 7",
    "filter level = 'ERROR' | fields n, strlen(level) as l",
    "fields n | sort n desc | limit 12",
    "fields n | sort user.id, n",
    "fields n | sort @timestamp",
    "fields n | dedup user.id",
    "fields n | sort level | dedup user.id | limit 5",
    "fields n | limit 40 | filter n % 3 = 0 | sort n",
    "fields n | sort n | limit 30 | filter user.id > 2 | fields n * 2 as twice",
    "parse @message /(?<digits>[0-9])/ multi | display n, digits",
    "parse @message /(?<digits>[0-9])/ multi | display n, digits | sort digits, n | limit 50",
    "fields n | limit 20 | parse @message /(?<digits>[0-9])/ multi",
]


@pytest.mark.parametrize("query", QUERIES)
def test_each_row_has_its_event(logs: Any, query: str) -> None:
    result = logs.query(query, WEB)
    rows = result.df["n"].tolist()
    assert len(rows) >= 5
    assert len(result.pointers) == len(rows)
    for row in {*range(0, len(rows), 5), len(rows) - 1}:
        check(result.event(row), rows[row])
        check(logs.event(result.pointers[row]), rows[row])
    check(result.event(-1), rows[-1])
    assert result.raw == [message_of(n).encode() for n in rows]


@pytest.mark.parametrize("query", QUERIES)
def test_each_row_of_a_frame_has_its_event(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "TASK_ROWS", 9)
    frame = pd.DataFrame(
        {
            "@timestamp": pd.to_datetime([time_of(n) for n in range(COUNT)], unit="ms"),
            "@message": [message_of(n) for n in range(COUNT)],
            "own": [f"row {n}" for n in range(COUNT)],
        }
    )
    result = cwnb.query(query, frame)
    rows = result.df["n"].tolist()
    for row in range(0, len(rows), 5):
        event = result.event(row)
        n = rows[row]
        assert event["@message"] == message_of(n)
        assert event["own"] == f"row {n}"
        assert event["@ptr"] == result.pointers[row] == str(n)
        own = {k: v for k, v in event.items() if not k.startswith("@") and k != "own"}
        assert own == whole(n)


def test_an_answer_over_several_groups_knows_where_each_row_is_from(logs: Any) -> None:
    result = logs.query("fields @log, @message | sort @timestamp desc", "/shop/*")
    assert len(result) == COUNT + 2
    for row, log in enumerate(result.df["@log"]):
        event = result.event(row)
        assert (event["@log"], event["@message"]) == (log, result.df["@message"].iloc[row])
    plain = logs.query("filter @message like /plain/", APP).event(0)
    assert dict(plain).keys() == {
        *("@timestamp", "@message", "@logStream", "@log", "@ingestionTime", "@ptr")
    }


@pytest.mark.parametrize(
    "query", ["stats count(*) by level", "stats max(n) as m by user.id | limit 3"]
)
def test_rows_of_stats_are_no_events(logs: Any, query: str) -> None:
    result = logs.query(query, WEB)
    for ask in (lambda: result.event(0), lambda: result.pointers, lambda: result.raw):
        with pytest.raises(InvalidParameter, match=r"rows are not events \(those of 'stats'"):
            ask()


def test_a_row_that_is_not_there_is_said(logs: Any) -> None:
    result = logs.query("fields n | limit 3", WEB)
    for row in (3, -4):
        with pytest.raises(InvalidParameter, match=f"no row {row} in an answer of 3 rows"):
            result.event(row)
    empty = logs.query("filter n > 1000", WEB)
    assert empty.pointers == []
    assert empty.raw == []
    with pytest.raises(InvalidParameter, match="no row 0 in an answer of 0 rows"):
        empty.event(0)


def test_rows_so_far_have_their_events(logs: Any) -> None:
    context = QueryContext(StoreSources(logs.store, [WEB]), NOW_MS)
    run = Run(complete(dialect.parse_query("fields n"), context.sources).answer, context)
    for task in run._scan.tasks[:1]:
        run._partials.add(run_task(task, run._task_plan, 0, 0).partial)
    outcome = run.rows_so_far()
    rows = outcome.columns["n"].to_pylist()
    assert 0 < len(rows) < COUNT
    for row in (0, len(rows) - 1):
        reader, place = outcome.places.open(row)
        check(event_at(reader, place), rows[row])


def move_everything(logs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put all events of the group into one new segment and remove the files of the old ones."""
    monkeypatch.setattr(claims, "GRACE_S", -10.0)
    logs.flush(WEB)
    logs.compact(WEB)
    logs.sweep(WEB)


def test_events_are_found_after_they_have_been_moved(
    logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = logs.query("fields n | sort n", WEB)
    unseen = logs.query("fields n | sort n", WEB)
    check(seen.event(3), 3)
    move_everything(logs, monkeypatch)
    check(seen.event(5), 5)
    check(logs.event(seen.pointers[50]), 50)
    with pytest.raises(SnapshotExpired):
        unseen.event(5)
    logs.set_retention(WEB, 1)
    monkeypatch.setattr(type(logs), "clock", Clock(NOW_MS))
    with cwnb.open(logs.store.path, clock=Clock(NOW_MS + 3 * 86_400_000)) as later:
        with pytest.raises(ResourceNotFound, match="has expired by its retention"):
            later.event(seen.pointers[5])
        with pytest.raises(ResourceNotFound, match="has expired"):
            later.around(seen.pointers[5])


# ---------------------------------------------------------------- by pointer


@pytest.mark.parametrize(
    "pointer",
    ["", "x", "1-2", "1-2-3-4", "-1-2-3", "1-2-3 ", "1-٣-3", "1-" + "9" * 30 + "-3", 7, None],
)
def test_what_is_no_pointer_is_said(logs: Any, pointer: Any) -> None:
    for ask in (logs.event, logs.around):
        with pytest.raises(InvalidParameter, match="is no @ptr; 'fields @ptr' shows"):
            ask(pointer)


def test_an_event_that_is_gone_is_said(logs: Any) -> None:
    (pointer,) = logs.query("filter n = 13 | fields @ptr", WEB).df["@ptr"]
    group, time, sequence = read_pointer(pointer)
    for wrong in (
        f"{group + 70}-{time}-{sequence}",
        f"{group}-{time + 1}-{sequence}",
        f"{group}-{time}-{sequence + 1000}",
        f"{group}-0-{sequence}",
    ):
        with pytest.raises(ResourceNotFound, match=f"no event has the @ptr '{wrong}'"):
            logs.event(wrong)
    check(logs.event(pointer), 13)
    logs.delete_group(WEB)
    for ask in (logs.event, logs.around):
        with pytest.raises(ResourceNotFound, match="it has been deleted, or has expired"):
            ask(pointer)


# ---------------------------------------------------------------- around an event


@pytest.mark.parametrize("n", [0, 1, 2, 10, 19, 20, 21, 40, 41, 42, COUNT - 1])
@pytest.mark.parametrize(("before", "after"), [(3, 2), (0, 0), (0, 4), (5, 0), (100, 100)])
def test_events_around_one_are_its_neighbours_in_the_stream(
    logs: Any, n: int, before: int, after: int
) -> None:
    (pointer,) = logs.query(f"filter n = {n} | fields @ptr", WEB).df["@ptr"]
    found = logs.around(pointer, before=before, after=after)
    stream = list(range(n % 2, COUNT, 2))
    place = stream.index(n)
    expected = stream[max(0, place - before) : place + after + 1]
    assert found["@message"].tolist() == [message_of(m) for m in expected]
    assert found.index.tolist() == [stream.index(m) - place for m in expected]
    assert list(found.columns) == ["@timestamp", "@message", "@ptr"]
    assert found.loc[0, "@ptr"] == pointer
    assert found["@timestamp"].is_monotonic_increasing


def test_around_takes_ten_on_each_side(logs: Any) -> None:
    (pointer,) = logs.query("filter n = 30 | fields @ptr", WEB).df["@ptr"]
    found = logs.around(pointer)
    assert (found.index[0], found.index[-1]) == (-10, 10)
    check(logs.event(found.loc[-10, "@ptr"]), 10)
    with pytest.raises(InvalidParameter, match="numbers of events, from 0"):
        logs.around(pointer, before=-1)


# ---------------------------------------------------------------- how an event looks


def test_an_event_shows_its_fields(logs: Any) -> None:
    logs.put(APP, "a", [("now", '{"a": 1, "b": "<b>\\u001b[31m", "t": true, "f": 0.5}')])
    event = logs.query("limit 1", APP).event(0)
    assert list(event) == [
        *("@timestamp", "@message", "@logStream", "@log", "@ingestionTime", "@ptr"),
        *("a", "b", "f", "t"),
    ]
    assert (event["a"], event["t"], event["f"]) == (1, True, 0.5)
    assert "nosuch" not in event
    with pytest.raises(KeyError):
        _ = event["nosuch"]
    text = repr(event)
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == ["field", "value"]
    assert ["a", "1"] in lines
    assert ["t", "true"] in lines
    shown = event._repr_mimebundle_()
    assert shown["text/plain"] == text
    body = shown["text/html"].split("</style>")[1]
    assert "&lt;b&gt;" in body
    assert "<b>" not in body
    assert "\x1b" not in text + shown["text/html"]
