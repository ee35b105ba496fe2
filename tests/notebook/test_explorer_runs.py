"""Runs of the explorer: progress, rows so far, Stop, a newer run in place of an older one."""

from __future__ import annotations

import threading
import time

import pytest

from cwnb.errors import QueryCancelled, QueryTooLarge, QueryUnfinished
from cwnb.insights import Progress
from cwnb.notebook.exploration import Exploration

WAIT_S = 30
# Stop is promised within 0.3 s; a test fails only where it takes ten times that.
STOPPED_WITHIN_S = 3.0


class SlowQuery:
    """Stands for a running query: it ends when the test says so, with an answer or an error."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self.error: Exception | None = None
        self.ended = threading.Event()
        self.progress = Progress(1_000, 4_000, 10, 40, 0.5)

    def result(self, timeout=None):
        if not self.ended.wait(timeout):
            raise QueryUnfinished("it still runs")
        if self.error is not None:
            raise self.error
        return self.answer

    def partial(self):
        return self.answer

    def stop(self) -> None:
        if not self.ended.is_set():
            self.end(QueryCancelled("the query was stopped"))

    def end(self, error: Exception | None = None) -> None:
        self.error = error
        self.ended.set()


@pytest.fixture
def slow(logs, monkeypatch):
    """Let every query be slow, and give them in their order."""
    begun: list[SlowQuery] = []
    quick = Exploration.begin

    def begin(exploration):
        begun.append(SlowQuery(quick(exploration).result(WAIT_S)))
        return begun[-1]

    monkeypatch.setattr(Exploration, "begin", begin)
    return begun


@pytest.fixture
def explorer(logs, slow):
    return logs.explore("/shop/app")


def eventually(is_true) -> None:
    deadline = time.monotonic() + WAIT_S
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_progress_and_rows_so_far_are_shown(explorer, slow):
    controls = explorer.controls
    explorer.begin()
    assert (controls.stop_button.disabled, controls.bar.layout.display) == (False, "")
    eventually(lambda: controls.status.text.startswith("running: 1,000 of 4,000 records"))
    assert controls.bar.value == controls.bar.max // 4
    eventually(lambda: explorer.answer.rows.answer.get("rows") == 60)
    assert explorer.result is None
    slow[0].end()
    controls.wait_for_end(WAIT_S)
    assert controls.status.text.startswith("60 rows")
    assert (controls.stop_button.disabled, controls.bar.layout.display) == (True, "none")


def test_stop_shows_the_rows_so_far(explorer, slow):
    controls = explorer.controls
    explorer.begin()
    began = time.monotonic()
    controls.stop_button.click()
    eventually(lambda: controls.status.text.startswith("stopped after"))
    assert time.monotonic() - began < STOPPED_WITHIN_S
    controls.wait_for_end(WAIT_S)
    assert controls.status.text == "stopped after 0.5 s: 1,000 of 4,000 records scanned"
    assert explorer.answer.rows.answer["rows"] == 60
    explorer.history.wait(WAIT_S)
    assert explorer.history.items[0]["texts"][0] == "interrupted"


def test_a_newer_run_mutes_the_older_one(explorer, slow):
    explorer.begin()
    explorer.editor.text = "limit 7"
    explorer.begin()
    eventually(slow[0].ended.is_set)
    slow[1].end()
    explorer.controls.wait_for_end(WAIT_S)
    assert explorer.controls.status.text.startswith("7 rows")
    assert explorer.answer.rows.answer["rows"] == 7


CHANGES = {
    "text": lambda explorer: setattr(explorer.editor, "text", "limit 7"),
    "window": lambda explorer: setattr(explorer.time.period, "value", "1h"),
    "groups": lambda explorer: setattr(explorer.names.groups, "chosen", ["/shop/web"]),
    "nothing": lambda explorer: None,
    "view": lambda explorer: setattr(explorer.answer, "selected_index", 2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_answer_to_what_is_not_asked_any_more_is_marked(explorer, slow, change):
    is_other = change in {"text", "window", "groups"}
    explorer.begin()
    CHANGES[change](explorer)
    eventually(lambda: explorer.answer.rows.answer.get("rows") == 60)  # the rows so far
    eventually(lambda: explorer.answer.rows.is_stale == is_other)
    slow[0].end()
    explorer.controls.wait_for_end(WAIT_S)
    assert explorer.controls.status.text.startswith("60 rows")
    assert explorer.answer.rows.is_stale == is_other
    # To show its times in another zone does not make it newer.
    explorer.controls.show_in("Asia/Seoul")
    assert explorer.answer.rows.is_stale == is_other


def test_an_error_while_it_runs_is_shown_and_raised(explorer, slow):
    explorer.begin()
    slow[0].end(QueryTooLarge("it would hold too much"))
    with pytest.raises(QueryTooLarge):
        explorer.controls.wait()
    assert explorer.controls.status.text == "not answered"
    assert explorer.answer.says.text == "it would hold too much"


def test_python_waits_and_an_interrupt_stops(explorer, slow, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(explorer.controls, "wait_for_end", interrupt)
    with pytest.raises(KeyboardInterrupt):
        explorer.run()
    assert isinstance(slow[0].error, QueryCancelled)


def test_both_periods_are_stopped(explorer, slow):
    explorer.time.period.value = "30m"
    explorer.time.compares.value = True
    explorer.begin()
    eventually(lambda: "2,000 of 8,000 records" in explorer.controls.status.text)
    explorer.stop()
    explorer.controls.wait_for_end(WAIT_S)
    assert [type(query.error) for query in slow] == [QueryCancelled] * 2
