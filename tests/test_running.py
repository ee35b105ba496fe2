"""A running query: how far it is, its rows so far, stopping it, and Ctrl-C at any moment."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import cwnb
from cwnb import query_sources
from cwnb.errors import (
    InvalidParameter,
    MalformedQuery,
    QueryCancelled,
    QueryTooLarge,
    QueryUnfinished,
    ResourceNotFound,
)
from cwnb.insights import control, frames
from cwnb.insights.context import QueryContext
from cwnb.insights.engine import schedule
from cwnb.insights.engine.commands import steps
from cwnb.insights.engine.commands.stats import StatsPlan
from cwnb.insights.frame_columns import columns_of_frame
from cwnb.insights.frames import FrameSource, FrameSources
from cwnb.insights.ql import dialect
from cwnb.results import terminal_progress
from cwnb.results.running import RunningQuery
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cwnb.events import Scan

START_MS = 1_795_593_600_000
TASK_ROWS = 50
ROWS = 400
PATIENCE_S = 30.0
# What the machine may be slower by while other things run on it.
GUARD = 10
BACK_S = 0.3 * GUARD


def frame_of(rows: int = ROWS) -> pd.DataFrame:
    """Give events a second apart; `n` counts them, and its order is not that of time."""
    shuffled = np.random.default_rng(1).permutation(rows)
    frame = pd.DataFrame(
        {
            "@timestamp": np.arange(rows) * 1000 + START_MS,
            "@message": [f"line {n} a=1 b=2" for n in range(rows)],
            "n": shuffled,
            "level": [("ERROR", "WARN", "INFO", None)[n % 4] for n in range(rows)],
        }
    )
    return frame.astype({"@timestamp": "datetime64[ms]"})


class Gated(FrameSource):
    """A frame of which each task opens when the test lets it."""

    def __init__(self, frame: pd.DataFrame) -> None:
        super().__init__(columns_of_frame(frame))
        self.gate = threading.Semaphore(0)
        self.threads: list[str] = []

    def scan(self, *arguments: Any) -> Scan:
        scan = super().scan(*arguments)
        return replace(scan, tasks=tuple(GatedTask(task, self) for task in scan.tasks))


class GatedTask:
    def __init__(self, task: Any, source: Gated) -> None:
        self._task, self._source, self.visited = task, source, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    def open(self) -> Any:
        # A second visit reads the columns of rows that were picked.
        if not self.visited:
            assert self._source.gate.acquire(timeout=PATIENCE_S)
            self.visited = True
            self._source.threads.append(threading.current_thread().name)
        return self._task.open()


def begin(text: str, source: FrameSource, **options: Any) -> RunningQuery:
    context = QueryContext(FrameSources(source), START_MS, **options)
    return RunningQuery(text, dialect.parse_query(text), context).begin()


def wait_until(condition: Any) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "TASK_ROWS", TASK_ROWS)


@pytest.fixture
def one_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let tasks be read one after another, newest first."""
    # One that waits at a gate keeps a thread of the pool to itself.
    with ThreadPoolExecutor(4) as pool:
        monkeypatch.setattr(schedule._Threads, "pool", pool)
        monkeypatch.setattr(schedule._Threads, "owner", os.getpid())
        monkeypatch.setattr(schedule, "worker_count", lambda: 1)
        yield


QUERIES = [
    "fields n, level",
    "filter level = 'ERROR' | fields n | limit 1000",
    "fields n | limit 220",
    "fields n | limit any 220",
    "stats count(*) as c, sum(n) as s, pct(n, 90) as p, values(level) as v by n % 3 as k",
    "stats count(*) as c by level | sort c desc, level | fields c * 2 as twice",
    "fields n | sort n | limit 7",
    "fields n | sort level desc, n",
    "fields n, level | dedup level",
    "parse @message /(?<key>\\w)=(?<value>\\d)/ multi | display key, n",
    "stats count_distinct(n) as c by bin(1m) as t | stats max(c) as m",
]


# ---------------------------------------------------------------- progress and rows so far


@pytest.mark.usefixtures("one_worker")
@pytest.mark.parametrize("query", QUERIES)
def test_rows_so_far_are_the_answer_to_what_has_been_scanned(query: str) -> None:
    frame, source = frame_of(), Gated(frame_of())
    asked = begin(query, source)
    nothing = asked.partial()
    assert len(nothing) == 0
    assert list(nothing.df.columns) == list(cwnb.query(query, frame).df.columns)
    for tasks in (1, 3):
        source.gate.release(tasks - len(source.threads))
        wait_until(lambda tasks=tasks: asked.progress.records == tasks * TASK_ROWS)
        found = asked.partial()
        newest = frame[ROWS - tasks * TASK_ROWS :]
        pd.testing.assert_frame_equal(found.df, cwnb.query(query, newest).df)
        assert found.warnings[0] == (
            f"these are the rows so far: {tasks * TASK_ROWS} of {ROWS} records have been scanned"
        )
        assert found.statistics["recordsScanned"] == tasks * TASK_ROWS
        assert asked.state == "running"
    source.gate.release(ROWS)
    whole = asked.result(timeout=PATIENCE_S)
    pd.testing.assert_frame_equal(whole.df, cwnb.query(query, frame).df)
    assert not any("so far" in warning for warning in whole.warnings)
    assert asked.partial() is whole


def test_asking_for_rows_so_far_does_not_change_the_answer() -> None:
    frame = frame_of(3000)
    # Which rows `limit any` gives is left to chance.
    for query in [query for query in QUERIES if "limit any" not in query]:
        source = Gated(frame)
        with begin(query, source) as asked:
            for _ in range(60):
                source.gate.release()
                assert len(asked.partial()) >= 0
            found = asked.result(timeout=PATIENCE_S)
        pd.testing.assert_frame_equal(found.df, cwnb.query(query, frame).df)


@pytest.mark.usefixtures("one_worker")
def test_progress_counts_records_bytes_and_seconds() -> None:
    source = Gated(frame_of())
    asked = begin("stats count(*) as c", source)
    wait_until(lambda: asked.progress.of_records == ROWS)
    sizes = [len(f"line {n} a=1 b=2") for n in range(ROWS)]
    first = asked.progress
    assert (first.records, first.bytes, first.of_bytes) == (0, 0, sum(sizes))
    assert first.share == 0.0
    source.gate.release(2)
    wait_until(lambda: asked.progress.records == 2 * TASK_ROWS)
    second = asked.progress
    assert second.share == 2 * TASK_ROWS / ROWS
    assert second.bytes == sum(sizes[-2 * TASK_ROWS :])
    assert second.seconds > first.seconds
    text = f"{2 * TASK_ROWS} of {ROWS} records, 0.0 of 0.0 MB, "
    assert str(second).startswith(text)
    assert repr(asked).startswith(f"<RunningQuery 'stats count(*) as c', running: {text}")
    source.gate.release(ROWS)
    assert asked.result().df["c"].tolist() == [ROWS]
    last = asked.progress
    assert last.records == last.of_records == ROWS
    assert asked.progress.seconds == last.seconds
    assert ", done: " in repr(asked)


@pytest.mark.usefixtures("one_worker")
def test_a_limit_ends_before_all_has_been_scanned() -> None:
    source = Gated(frame_of())
    asked = begin("fields n | limit 70", source)
    for tasks in (1, 2):
        source.gate.release()
        wait_until(lambda tasks=tasks: asked.progress.records == tasks * TASK_ROWS)
    # The worker waits at the gate of the third task, and nobody waits for the worker.
    assert len(asked.result(timeout=PATIENCE_S)) == 70
    assert asked.progress.records == 2 * TASK_ROWS
    assert asked.progress.of_records == ROWS
    source.gate.release(ROWS)
    pool_is_free()


# ---------------------------------------------------------------- answers and errors


def test_a_store_is_asked_in_the_same_way(tmp_path: Path) -> None:
    with cwnb.open(tmp_path / "store", clock=Clock(START_MS), encryption="none") as logs:
        logs.put("/g", "s", [("-2h", '{"n": 1}'), ("-1h", '{"n": 2}')])
        asked = logs.start("fields n | sort n", "/g", "-90m", limit=5)
        assert asked.result(timeout=PATIENCE_S).df["n"].tolist() == [2]
        assert asked.done
        assert asked.state == "done"
        asked.stop()
        assert asked.result().df["n"].tolist() == [2]
        with pytest.raises(MalformedQuery, match="unknown command 'filtr'"):
            logs.start("filtr n = 1", "/g")
        with pytest.raises(ResourceNotFound, match="'/h'"):
            logs.start("fields n", "/h")
        with pytest.raises(InvalidParameter, match="limit is a whole number"):
            logs.start("fields n", "/g", limit=0)
        with pytest.raises(InvalidParameter, match="no argument 'wait'"):
            logs.start("fields n", "/g", wait=True)
        wrong = logs.start("stats count(*) as c | filter d = 1", "/g")
        for _ in range(2):
            with pytest.raises(MalformedQuery, match="'d' is no output of the stats") as caught:
                wrong.result(timeout=PATIENCE_S)
        assert caught.value.text == wrong.text
        assert wrong.state == "failed"
        with pytest.raises(MalformedQuery, match="'d' is no output"):
            wrong.partial()


def test_an_error_in_a_task_is_the_result_s() -> None:
    source = Gated(frame_of())
    source.gate = None  # type: ignore[assignment]
    asked = begin("stats count(*)", source)
    with pytest.raises(AttributeError):
        asked.result(timeout=PATIENCE_S)
    assert asked.state == "failed"
    assert len(asked.partial()) == 0


def test_waiting_has_an_end() -> None:
    source = Gated(frame_of())
    asked = begin("stats count(*) as c", source)
    with pytest.raises(QueryUnfinished, match=r"still runs after 0\.05 s: 0 of 400 records"):
        asked.result(timeout=0.05)
    with pytest.raises(TimeoutError):
        asked.result(timeout=0)
    source.gate.release(ROWS)
    assert asked.result(timeout=PATIENCE_S).df["c"].tolist() == [ROWS]


# ---------------------------------------------------------------- stopping


def pool_is_free() -> None:
    """Check that no thread of the pool works any more."""
    calls = [schedule._Threads.get().submit(time.sleep, 0) for _ in range(8)]
    for call in calls:
        call.result(timeout=PATIENCE_S)


def test_stop_returns_at_once_and_keeps_the_rows_so_far() -> None:
    frame, source = frame_of(5000), Gated(frame_of(5000))
    asked = begin("fields n", source)
    source.gate.release(3)
    wait_until(lambda: asked.progress.records == 3 * TASK_ROWS)
    began = time.perf_counter()
    asked.stop()
    assert asked.done
    with pytest.raises(QueryCancelled, match="the query was stopped"):
        asked.result()
    assert time.perf_counter() - began < BACK_S
    assert asked.state == "stopped"
    # What waits at the gate goes through it, and no task is begun after it.
    source.gate.release(5000)
    pool_is_free()
    assert len(source.threads) <= 3 + schedule.worker_count() + 1
    assert len(asked.partial()) >= 3 * TASK_ROWS
    assert asked.progress.records == 3 * TASK_ROWS
    asked.stop()
    assert asked.state == "stopped"
    assert len(cwnb.query("fields n", frame)) == 5000


def test_leaving_the_block_stops() -> None:
    source = Gated(frame_of())
    with begin("fields n", source) as asked:
        assert not asked.done
    assert asked.state == "stopped"
    source.gate.release(ROWS)
    pool_is_free()


def test_stop_before_anything_is_known_of_the_query() -> None:
    class Slow(FrameSources):
        def open(self, selector: Any = None) -> Any:
            time.sleep(0.2)
            return super().open(selector)

    text = "fields n"
    context = QueryContext(Slow(Gated(frame_of())), START_MS)
    asked = RunningQuery(text, dialect.parse_query(text), context).begin()
    asked.stop()
    with pytest.raises(QueryCancelled):
        asked.partial()
    with pytest.raises(QueryCancelled):
        asked.result()


def test_long_loops_in_python_end_at_a_checkpoint() -> None:
    stopped = threading.Event()
    seen = []

    def loop() -> None:
        with control.working_for(stopped.is_set):
            for i in control.with_checkpoints(range(10**9)):
                seen.append(i)
                if i == 2500:
                    stopped.set()

    with pytest.raises(QueryCancelled):
        loop()
    assert 2500 < len(seen) <= 4000
    control.checkpoint()
    assert list(control.with_checkpoints(range(2345))) == list(range(2345))


def test_a_query_that_waits_for_its_turn_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long query does not keep the threads to itself."""
    monkeypatch.setattr(schedule, "worker_count", lambda: 2)
    monkeypatch.setattr(schedule, "_WORK_S", 0.0)
    long = Gated(frame_of(50_000))
    asked = begin("stats count(*) as c", long)
    feeding = threading.Event()

    def feed() -> None:
        while not feeding.wait(0.002):
            long.gate.release()

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        for _ in range(3):
            assert cwnb.query("stats count(*) as c", frame_of()).df["c"].tolist() == [ROWS]
        assert not asked.done
    finally:
        asked.stop()
        feeding.set()
        feeder.join()
        long.gate.release(50_000)
    pool_is_free()


# ---------------------------------------------------------------- Ctrl-C


@contextmanager
def ctrl_c(event: threading.Event) -> Iterator[None]:
    """Send SIGINT once the event has come, and expect control back soon after it."""
    sent: list[float] = []

    def send() -> None:
        assert event.wait(PATIENCE_S)
        time.sleep(0.05)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    with pytest.raises(KeyboardInterrupt):
        yield
    assert time.perf_counter() - sent[0] < BACK_S
    sender.join()


@pytest.fixture
def all_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every step that is not row by row count as one that may take long."""
    monkeypatch.setattr(schedule, "_LARGE_ROWS", 2)


class LongKernel:
    """Stands for a kernel call that takes long and hears no word to stop."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()
        self.thread: threading.Thread | None = None

    def __call__(self) -> None:
        self.thread = threading.current_thread()
        self.begun.set()
        assert self.release.wait(PATIENCE_S)


@pytest.mark.usefixtures("all_is_large")
@pytest.mark.parametrize("where", ["merge", "finish", "tail", "answer"])
def test_ctrl_c_does_not_wait_for_a_kernel(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = LongKernel()
    after: list[str] = []
    query = "stats count(*) as c by n | sort c, n | fields n + 1 as m"

    def slow(patch: Any, owner: Any, name: Any) -> None:
        real = owner[name] if isinstance(owner, dict) else getattr(owner, name)

        def instead(*arguments: Any) -> Any:
            kernel()
            answer = real(*arguments)
            control.checkpoint()
            after.append(where)
            return answer

        if isinstance(owner, dict):
            patch.setitem(owner, name, instead)
        else:
            patch.setattr(owner, name, instead)

    from cwnb.insights import tree
    from cwnb.insights.engine import run

    with monkeypatch.context() as patch:
        targets = {
            "merge": (StatsPlan, "merge"),
            "finish": (StatsPlan, "finish"),
            "tail": (steps.STEPS, tree.TopRows),
            "answer": (run, "evaluate_named"),
        }
        slow(patch, *targets[where])
        with ctrl_c(kernel.begun):
            cwnb.query(query, frame_of())
        assert kernel.thread is not threading.main_thread()
        kernel.release.set()
        kernel.thread.join(timeout=PATIENCE_S)
        # The thread has ended at its next checkpoint.
        assert after == []
    assert len(cwnb.query(query, frame_of())) == ROWS


def test_ctrl_c_comes_through_while_a_large_frame_is_made_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = LongKernel()
    monkeypatch.setattr(schedule, "_LARGE_ROWS", 100)
    with monkeypatch.context() as patch:
        patch.setattr(query_sources, "columns_of_frame", lambda _, **__: kernel())
        with ctrl_c(kernel.begun):
            cwnb.query("fields n", frame_of())
        kernel.release.set()
    assert len(cwnb.query("fields n", frame_of())) == ROWS


def test_the_main_thread_works_on_few_rows_and_for_a_short_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Gated(frame_of())
    source.gate.release(ROWS)
    text = "stats count(*) as c"

    def ask() -> set[str]:
        source.threads.clear()
        context = QueryContext(FrameSources(source), START_MS)
        found = RunningQuery(text, dialect.parse_query(text), context).run()
        assert found.df["c"].tolist() == [ROWS]
        source.gate.release(ROWS)
        return set(source.threads)

    main = threading.main_thread().name
    monkeypatch.setattr(schedule, "worker_count", lambda: 1)
    assert ask() == {main}
    monkeypatch.setattr(schedule, "_WORK_ROWS", TASK_ROWS - 1)
    assert main not in ask()
    monkeypatch.setattr(schedule, "_WORK_ROWS", TASK_ROWS)
    monkeypatch.setattr(schedule, "_WORK_S", -1.0)
    assert main not in ask()
    # Nobody presses Ctrl-C on another thread.
    threads: list[set[str]] = []
    other = threading.Thread(target=lambda: threads.append(ask()), name="other")
    other.start()
    other.join()
    assert threads == [{"other"}]


# ---------------------------------------------------------------- the budget of memory


def test_the_budget_counts_fetched_columns_and_names_the_command() -> None:
    frame = frame_of(20_000)
    frame["@message"] = frame["@message"] + " " * 500
    few = "fields n | limit 20000"
    assert len(cwnb.query(few, frame, memory_budget=4 << 20)) == 20_000
    with pytest.raises(QueryTooLarge) as caught:
        cwnb.query("fields @message | limit 20000", frame, memory_budget=4 << 20)
    assert str(caught.value) == (
        "'limit 20000' would hold more than the query's budget of 4 MB; narrow the time range, "
        "filter first, ask for fewer rows, columns or groups, or raise 'memory_budget'"
    )
    assert len(cwnb.query("fields @message | limit 20000", frame, memory_budget=40 << 20)) == 20_000


@pytest.mark.parametrize(
    ("query", "command"),
    [
        ("stats count(*) by @message", "stats count(*) by @message"),
        ("sort @message | limit 20000", "sort @message asc | limit 20000"),
        ("dedup @message", "dedup @message | limit 10000"),
        (
            "stats count(*) as c by n | fields concat('{}', n) as long | dedup long",
            "dedup long",
        ),
        (
            "stats count(*) as c by n | fields concat('{}', n) as long",
            'fields concat("{}", n) as long',
        ),
    ],
)
def test_the_budget_counts_what_is_merged_and_what_comes_after(query: str, command: str) -> None:
    frame = frame_of(10_000)
    frame["@message"] = frame["@message"] + " " * 200
    query = query.format("x" * 200)
    with pytest.raises(QueryTooLarge, match="budget of 1 MB") as caught:
        cwnb.query(query, frame, memory_budget=1 << 20)
    named = str(caught.value).split(" would hold")[0].replace("x" * 200, "{}")
    assert named == repr(command)
    assert len(cwnb.query(query, frame, memory_budget=20 << 20)) == 10_000


# ---------------------------------------------------------------- the bar on a terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "setting", "show_after_s", "shown"),
    [
        (True, None, 0.0, True),
        (True, None, 100.0, False),
        (True, "none", 0.0, False),
        (False, None, 0.0, False),
    ],
)
def test_a_bar_shows_on_a_terminal(
    terminal: bool,
    setting: str | None,
    show_after_s: float,
    shown: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(terminal_progress, "_SHOW_AFTER_S", show_after_s)
    monkeypatch.setattr(schedule, "_POLL_S", 0.01)
    monkeypatch.setattr(schedule, "_WORK_S", -1.0)
    monkeypatch.delenv("CWNB_PROGRESS", raising=False)
    if setting is not None:
        monkeypatch.setenv("CWNB_PROGRESS", setting)
    source = Gated(frame_of())
    timer = threading.Timer(0.2, lambda: source.gate.release(ROWS))
    timer.start()
    context = QueryContext(FrameSources(source), START_MS)
    text = "stats count(*) as c"
    found = RunningQuery(text, dialect.parse_query(text), context).run()
    assert found.df["c"].tolist() == [ROWS]
    assert (" records" in stream.getvalue()) == shown
    if not shown:
        assert stream.getvalue() == ""
    # Nobody waits for a query that has a thread of its own.
    stream.truncate(0)
    begin(text, source).result(timeout=PATIENCE_S)
    assert stream.getvalue() == ""
