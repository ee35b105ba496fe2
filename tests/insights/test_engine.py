"""What the engine promises beside the right answer: what it reads, where it runs, how it stops."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import cwnb
from cwnb.errors import QueryTooLarge, SnapshotExpired
from cwnb.events import ALL_TIME, MESSAGE, Scan, Window
from cwnb.insights import frames
from cwnb.insights.context import QueryContext
from cwnb.insights.engine import run_query, schedule
from cwnb.insights.frame_columns import columns_of_frame
from cwnb.insights.frames import FrameSource, FrameSources
from cwnb.insights.functions import FUNCTIONS
from cwnb.insights.ql import dialect
from cwnb.insights.resolve.check import check
from cwnb.insights.resolve.complete import complete
from cwnb.store.maintenance import background

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

START_MS = 1_795_593_600_000
# What the machine may be slower by while other things run on it.
GUARD = 10


@pytest.fixture
def logs(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give a store in which nothing happens by itself."""
    monkeypatch.setattr(background, "_TICK_S", 1e6)
    with cwnb.open(tmp_path / "store") as held:
        yield held


def frame_of(rows: int, **columns: Any) -> pd.DataFrame:
    """Give events a second apart; `n` counts them."""
    held = {
        "@timestamp": np.arange(rows) * 1000 + START_MS,
        "@message": [f"line {n}" for n in range(rows)],
        "n": np.arange(rows),
        **columns,
    }
    frame = pd.DataFrame(held)
    return frame.astype({"@timestamp": "datetime64[ms]"})


@dataclass
class Seen:
    """What has been read of a source."""

    scanned: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    opened: int = 0


class Watched(FrameSource):
    """A frame in small tasks that tells what is read of it, and may be slow."""

    def __init__(self, frame: pd.DataFrame, *, pause_s: float = 0.0) -> None:
        columns = columns_of_frame(frame)
        super().__init__(columns)
        self.seen = Seen()
        self.pause_s = pause_s

    def scan(self, columns: Sequence[str], window: Window, conditions: Sequence[Any]) -> Scan:
        scan = super().scan(columns, window, conditions)
        self.seen.scanned = list(columns)
        tasks = tuple(WatchedTask(task, self.seen, self.pause_s) for task in scan.tasks)
        return replace(scan, tasks=tasks)


class WatchedTask:
    def __init__(self, task: Any, seen: Seen, pause_s: float) -> None:
        self._task, self._seen, self._pause_s = task, seen, pause_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    def open(self) -> WatchedReader:
        self._seen.opened += 1
        time.sleep(self._pause_s)
        return WatchedReader(self._task.open(), self._seen)


class WatchedReader:
    def __init__(self, reader: Any, seen: Seen) -> None:
        self._reader, self._seen = reader, seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def columns(self, names: Sequence[str]) -> dict[str, Any]:
        self._seen.names += names
        return self._reader.columns(names)

    def take(self, names: Sequence[str], rows: Any) -> dict[str, Any]:
        self._seen.names += names
        return self._reader.take(names, rows)

    def message_slices(self, wanted: Any = None) -> Any:
        self._seen.names.append(MESSAGE)
        return self._reader.message_slices(wanted)


def ask(text: str, source: Any, **options: Any) -> Any:
    sources = FrameSources(source)
    checked, _ = check(dialect.parse_query(text), sources, strict=False)
    limit = options.pop("limit", None)
    return run_query(
        complete(checked, sources, limit=limit), QueryContext(sources, START_MS, **options)
    )


def rows_of(outcome: Any) -> dict[str, list[Any]]:
    return {name: array.to_pylist() for name, array in outcome.columns.items()}


@pytest.fixture
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(frames, "TASK_ROWS", 50)
    return 50


@pytest.fixture
def one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no task be begun before the one before it is done."""
    monkeypatch.setattr(schedule, "worker_count", lambda: 1)


# ---------------------------------------------------------------- where tasks run

QUERIES = [
    "filter n % 3 = 0 | fields n | sort n desc | limit 7",
    "stats count(*) as c, sum(n), pct(n, 90), count_distinct(level) by level | sort level",
    "parse @message 'line *' as word | filter word like /7/ | limit 5",
]


def level_of(rows: int) -> list[str]:
    return [("ERROR", "WARN", "INFO")[n % 3] for n in range(rows)]


@pytest.mark.usefixtures("small_tasks")
def test_processes_answer_as_threads(logs: Any) -> None:
    frame = frame_of(220, level=level_of(220))
    for start in range(0, 200, 50):
        logs.load(frame[start : start + 50], group="/g")
    logs.load(frame[200:], group="/g")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        for query in QUERIES:
            there = cwnb.query(query, frame, executor=executor)
            here = cwnb.query(query, frame)
            pd.testing.assert_frame_equal(there.df, here.df)
            assert len(here) > 2
            stored = logs.query(query, "/g", executor=executor)
            pd.testing.assert_frame_equal(stored.df, logs.query(query, "/g").df)
            assert stored.statistics.keys() == here.statistics.keys()


@pytest.mark.usefixtures("small_tasks")
def test_any_executor_will_do() -> None:
    frame = frame_of(220, level=level_of(220))
    with ThreadPoolExecutor(3) as executor:
        for query in QUERIES:
            there = cwnb.query(query, frame, executor=executor)
            pd.testing.assert_frame_equal(there.df, cwnb.query(query, frame).df)


@pytest.mark.usefixtures("small_tasks")
def test_an_error_in_a_task_is_the_query_s() -> None:
    class Broken(Watched):
        def scan(self, *arguments: Any) -> Scan:
            scan = super().scan(*arguments)
            scan.tasks[2]._task = None
            return scan

    with pytest.raises(AttributeError):
        ask("stats count(*)", Broken(frame_of(500)))
    assert rows_of(ask("stats count(*) as c", Watched(frame_of(500)))) == {"c": [500]}


# ---------------------------------------------------------------- stopping


@pytest.mark.usefixtures("small_tasks")
@pytest.mark.parametrize("on", ["own threads", "an executor"])
def test_interrupt_gives_the_prompt_back(on: str) -> None:
    source = Watched(frame_of(20_000), pause_s=0.05)
    sent: list[float] = []

    def interrupt() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.3, interrupt)
    executor = ThreadPoolExecutor(2) if on == "an executor" else None
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        ask("stats count(*) by n % 7", source, executor=executor)
    back_s = time.perf_counter() - sent[0]
    assert back_s < 0.3 * GUARD
    # The threads are done with the query: each takes a new call.
    pool = executor or schedule._Threads.get()
    calls = [pool.submit(time.sleep, 0) for _ in range(2 * schedule.worker_count())]
    for call in calls:
        call.result(timeout=2 * GUARD)
    opened = source.seen.opened
    assert opened < 400
    source.pause_s = 0.0
    assert rows_of(ask("stats count(*) as c", source, executor=executor)) == {"c": [20_000]}
    if executor:
        executor.shutdown()


def test_budget_of_memory_is_named() -> None:
    frame = frame_of(30_000)
    with pytest.raises(QueryTooLarge, match="budget of 1 MB"):
        cwnb.query("stats count(*) by @message, n", frame, memory_budget=1 << 20)
    assert len(cwnb.query("stats count(*) by n % 5", frame, memory_budget=1 << 20)) == 5


@pytest.mark.usefixtures("small_tasks", "one_worker")
def test_limit_reads_no_more_tasks_than_it_needs() -> None:
    source = Watched(frame_of(1000))
    outcome = ask("fields n | limit 25", source)
    assert rows_of(outcome)["n"] == list(range(999, 974, -1))
    # Once to find the rows, once to read what is shown of them.
    assert source.seen.opened == 2
    assert outcome.statistics["recordsScanned"] == 50
    assert outcome.statistics["estimatedRecordsSkipped"] == 950


@pytest.mark.usefixtures("small_tasks", "one_worker")
def test_limit_any_takes_what_comes_first() -> None:
    # All at one time, so that `limit` has to look at every task.
    frame = frame_of(1000, **{"@timestamp": np.full(1000, START_MS)})
    source = Watched(frame)
    outcome = ask("fields n | limit any 25", source)
    assert outcome.rows == 25
    assert source.seen.opened == 2
    assert ask("fields n | sort n | limit 25", source).statistics["recordsScanned"] == 1000


# ---------------------------------------------------------------- reading little


@pytest.mark.usefixtures("small_tasks")
def test_only_the_columns_of_the_query_are_read() -> None:
    source = Watched(frame_of(200, level=level_of(200), other=np.arange(200)))
    outcome = ask("filter level = 'ERROR' | stats sum(n) as s by level", source)
    assert rows_of(outcome) == {"level": ["ERROR"], "s": [sum(range(0, 200, 3))]}
    assert source.seen.scanned == ["level", "n"]
    assert set(source.seen.names) == {"level", "n"}


@pytest.mark.usefixtures("small_tasks")
def test_messages_are_read_for_the_rows_that_are_shown() -> None:
    source = Watched(frame_of(200))
    ask("filter n > 1000", source)
    assert MESSAGE not in source.seen.names
    found = ask("sort n desc | limit 2", source)
    assert rows_of(found)[MESSAGE] == ["line 199", "line 198"]
    assert source.seen.names.count(MESSAGE) == 1


def test_top_rows_of_a_store_read_few_messages(logs: Any) -> None:
    rng = np.random.default_rng(1)
    words = ["".join(map(chr, rng.integers(97, 123, 240))) for _ in range(20_000)]
    frame = frame_of(
        20_000, **{"@message": [f'{{"n":{i},"w":"{w}"}}' for i, w in enumerate(words)]}
    )
    logs.load(frame[["@timestamp", "@message"]], group="/g")
    everything = logs.query("filter @message like 'zzzz' | stats count(*)", "/g").statistics
    few = logs.query("fields @message | sort n desc | limit 5", "/g")
    assert few.df["@message"].iloc[0].startswith('{"n":19999,')
    none = logs.query("filter n > 19990 | stats count(*)", "/g").statistics
    assert few.statistics["bytesRead"] < everything["bytesRead"] / 2
    assert none["bytesRead"] < everything["bytesRead"] / 10
    assert everything["bytesScanned"] == none["bytesScanned"] > 20_000 * 240


def test_segments_outside_the_window_are_left_out(logs: Any) -> None:
    for hour in range(3):
        start = START_MS + hour * 3_600_000
        logs.put("/g", "s", [(start + n, f'{{"status": {hour * 100 + n}}}') for n in range(10)])
        logs.flush()
    everything = logs.query("stats count(*) as c", "/g")
    assert everything.statistics["estimatedRecordsSkipped"] == 0
    assert everything.df["c"].tolist() == [30]
    last = logs.query("stats count(*) as c", "/g", START_MS + 7_200_000)
    assert last.df["c"].tolist() == [10]
    assert last.statistics["recordsScanned"] == 10
    assert last.statistics["estimatedRecordsSkipped"] == 20
    assert last.statistics["estimatedBytesSkipped"] > 0


@pytest.mark.parametrize(
    ("condition", "scanned", "matched"),
    [
        ("status = 105", 10, 1),
        ("status in [3, 205]", 20, 2),
        ("status >= 200", 10, 10),
        ("status < 5", 10, 5),
        ("status = '0105'", 10, 1),
        ("ispresent(only.here)", 10, 1),
        ("only.here = 'x' and status < 50", 0, 0),
        ("@logStream = 's1'", 10, 10),
        ("status != 105", 30, 29),
        ("not status = 105", 30, 29),
        ("status = 105 or status = 3", 30, 2),
    ],
)
def test_segments_that_cannot_match_are_left_out(
    logs: Any, condition: str, scanned: int, matched: int
) -> None:
    for hour in range(3):
        start = START_MS + hour * 3_600_000
        events = [(start + n, f'{{"status": {hour * 100 + n}}}') for n in range(10)]
        if hour == 2:
            events[0] = (start, '{"status": 200, "only": {"here": "x"}}')
        logs.put("/g", f"s{hour}", events)
        logs.flush()
    statistics = logs.query(f"filter {condition} | stats count(*)", "/g").statistics
    assert statistics["recordsScanned"] == scanned
    assert statistics["recordsMatched"] == matched
    assert statistics["estimatedRecordsSkipped"] == 30 - scanned


def test_a_dictionary_is_worked_on_once_per_value(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    upper = FUNCTIONS["toupper"]

    def counted(text: Any) -> Any:
        lengths.append(len(text))
        return upper.evaluate(text)

    monkeypatch.setitem(FUNCTIONS, "toupper", replace(upper, evaluate=counted))
    columns = columns_of_frame(frame_of(3000, level=level_of(3000)))
    columns["level"] = columns["level"].dictionary_encode()
    source = FrameSource(columns)
    outcome = ask("filter toUpper(level) = 'WARN' | stats count(*) as c", source)
    assert rows_of(outcome) == {"c": [1000]}
    # Missing is a value too.
    assert lengths == [4]


def test_a_dictionary_knows_the_time_of_the_query() -> None:
    columns = columns_of_frame(frame_of(3000, level=level_of(3000)))
    columns["level"] = columns["level"].dictionary_encode()
    for function, expected in (
        ("now()", START_MS // 1000),
        ("queryStartTime()", START_MS),
        ("queryTimeRange()", 2_999_001),
    ):
        query = f"stats count(*) as c by if(level = 'WARN', {function}, 0) as x | sort x"
        outcome = ask(query, FrameSource(columns))
        assert rows_of(outcome) == {"x": [0, expected], "c": [2000, 1000]}


# ---------------------------------------------------------------- one moment


class Meanwhile:
    """A source during whose query something happens."""

    def __init__(self, source: Any, what: Any) -> None:
        self._source, self._what = source, what

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def scan(self, *arguments: Any) -> Scan:
        scan = self._source.scan(*arguments)
        self._what()
        return scan


@pytest.mark.parametrize("query", ["stats count(*) as c, max(n) as m", "fields n | limit 100"])
def test_a_query_sees_one_moment(logs: Any, query: str) -> None:
    def put(first: int) -> None:
        logs.put("/g", "s", [(START_MS + n, f'{{"n": {n}}}') for n in range(first, first + 10)])

    for first in (0, 10):
        put(first)
        logs.flush()
    put(20)
    expected = rows_of(ask(query, logs.store.snapshot(["/g"])))

    def everything_at_once() -> None:
        put(30)
        logs.flush()
        logs.compact()
        logs.sweep()
        put(40)

    source = Meanwhile(logs.store.snapshot(["/g"]), everything_at_once)
    assert rows_of(ask(query, source)) == expected
    assert logs.query("stats count(*) as c", "/g").df["c"].tolist() == [50]


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_an_expired_snapshot_is_taken_again(
    logs: Any, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    logs.put("/g", "s", [(START_MS, "x")])
    real, taken = logs.store.snapshot, []

    def expire() -> None:
        if len(taken) <= failures:
            raise SnapshotExpired("a file is gone")

    def snapshot(names: list[str], *_: Any) -> Any:
        taken.append(names)
        return Meanwhile(real(names), expire)

    monkeypatch.setattr(logs.store, "snapshot", snapshot)
    if failures == 3:
        with pytest.raises(SnapshotExpired):
            logs.query("stats count(*) as c", "/g")
    else:
        assert logs.query("stats count(*) as c", "/g").df["c"].tolist() == [1]
    assert len(taken) == min(failures + 1, 3)


# ---------------------------------------------------------------- what is said


def test_statistics_have_the_service_s_names() -> None:
    result = cwnb.query("filter n >= 5 | fields n", frame_of(20))
    assert set(result.statistics) == {
        *("recordsMatched", "recordsScanned", "bytesScanned", "estimatedRecordsSkipped"),
        *("estimatedBytesSkipped", "logGroupsScanned", "resultCount", "bytesRead", "elapsedMs"),
    }
    found = result.statistics
    assert (found["recordsMatched"], found["recordsScanned"], found["resultCount"]) == (15, 20, 15)
    assert found["bytesScanned"] == sum(len(f"line {n}") for n in range(20))
    assert found["logGroupsScanned"] == 1


def said(result: Any, words: str) -> list[str]:
    """Give the warnings with these words, which are shown with the answer too."""
    found = [warning for warning in result.warnings if words in warning]
    for warning in found:
        assert warning in repr(result)
    return found


def test_a_lowered_bin_is_said() -> None:
    result = cwnb.query("stats count(*) by bin(300s)", frame_of(500))
    assert result.warnings == [
        "bin(300s) runs as bin(60s), as in the service: s counts to 60; write 5m"
    ]
    assert said(result, "bin(300s)")


def test_mixed_types_are_said() -> None:
    frame = frame_of(4, status=pd.Series([200, "200", "ok", None], dtype=object))
    (warning,) = said(cwnb.query("stats count(*) by status", frame), "several types")
    assert "'status'" in warning
    assert said(cwnb.query("fields n", frame), "several types") == []


def test_types_that_differ_between_segments_are_said(logs: Any) -> None:
    logs.put("/g", "s", [(START_MS, '{"status": 200}')])
    logs.flush()
    logs.put("/g", "s", [(START_MS + 1, '{"status": "ok"}')])
    result = logs.query("fields status", "/g")
    assert result.df["status"].tolist() == ["ok", "200"]
    assert len(said(result, "several types")) == 1


@pytest.mark.parametrize(
    ("query", "warnings"),
    [
        ("fields leval", ["no event has the field 'leval'; did you mean 'level'?"]),
        ("filter zzz = 1 or zzz = 2 | fields zzz", ["no event has the field 'zzz'"]),
        ("stats count(*) by lvl", ["no event has the field 'lvl'; did you mean 'level'?"]),
        ("fields @mesage", ["no event has the field '@mesage'; did you mean '@message'?"]),
        ("fields n as m | filter m > 1", []),
        ("parse @message 'line *' as word | filter word > 1 | stats max(word) as w | sort w", []),
        ("fields jsonParse(@message) as j | filter j.a.b = 1", []),
        ("fields @ptr, @sequence | sort @ingestionTime", []),
        ("stats sum(n) as s, s / 2 as half", []),
    ],
)
def test_a_field_that_no_event_has_is_said_once(query: str, warnings: list[str]) -> None:
    result = cwnb.query(query, frame_of(3, level=level_of(3)))
    assert result.warnings == warnings
    assert said(result, "no event") == warnings


def test_the_default_limit_is_said() -> None:
    frame = frame_of(10_001)
    result = cwnb.query("fields n", frame)
    assert len(result) == 10_000
    assert len(said(result, "default limit of 10,000 rows")) == 1
    assert cwnb.query("fields n | limit 10000", frame).warnings == []
    assert cwnb.query("fields n", frame[:10_000], limit=10_000).warnings == []
    assert len(said(cwnb.query("stats count(*) by n", frame), "default limit")) == 1
    assert len(said(cwnb.query("fields n | sort n", frame), "default limit")) == 1


def test_one_millisecond_over_several_row_groups(logs: Any) -> None:
    rows = 250_000
    frame = pd.DataFrame(
        {
            "@timestamp": np.full(rows, START_MS, dtype="datetime64[ms]"),
            "@message": pd.Series(np.arange(rows)).astype(pd.ArrowDtype(pa.string())),
        }
    )
    logs.load(frame, group="/g")
    assert len(logs.store.snapshot(["/g"]).groups[0].segments[0].row_groups) > 1
    newest = logs.query("fields @message | limit 2", "/g").df
    assert newest["@message"].tolist() == ["249999", "249998"]
    oldest = logs.query("fields @message | sort @timestamp | limit 2", "/g").df
    assert oldest["@message"].tolist() == ["0", "1"]


@pytest.mark.usefixtures("small_tasks")
def test_nothing_left_is_no_error_in_any_later_command() -> None:
    frame = frame_of(100, level=level_of(100), flag=[True, False] * 50)
    for query in (
        "filter level = 'none' | stats avg(n) by flag | filter flag = 5 | stats count(*) by flag",
        "filter level = 'none' | stats count(*) as c by level, flag | sort c | limit 3",
        "filter level = 'none' | fields n / 2 as h | filter h > flag | dedup level",
    ):
        assert len(cwnb.query(query, frame)) == 0


@pytest.mark.usefixtures("small_tasks")
def test_fractions_add_up_also_after_a_task_without_numbers() -> None:
    half = pd.Series([0.5] * 100 + [None] * 100)
    result = cwnb.query(
        "stats sum(half) as s, avg(half) as a, count(half) as c", frame_of(200, half=half)
    )
    assert result.df.to_dict("records") == [{"s": 50.0, "a": 0.5, "c": 100}]


def test_no_events_at_all() -> None:
    empty = frame_of(0)
    assert cwnb.query("stats count(*) as c", empty).df["c"].tolist() in ([], [0])
    assert cwnb.query("fields n | sort n | limit 3", empty).df.shape == (0, 1)
    assert ALL_TIME.intersects(0, 0)
