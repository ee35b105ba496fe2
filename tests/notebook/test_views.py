"""The view of an answer: what its questions and gestures do, without a browser."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

import cwnb
from cwnb.errors import InvalidParameter, QueryCancelled, QueryUnfinished
from cwnb.insights import Progress
from cwnb.notebook.exploration import Exploration
from cwnb.notebook.widgets.answer import AnswerView
from cwnb.notebook.widgets.latest_run import LatestRun
from cwnb.times import Clock

from .conftest import NOW_MS

# What a test waits for at most, in seconds.
PATIENCE = 30


class Browser:
    """Stands for the browser: it asks a view, and hears the replies."""

    def __init__(self, view: AnswerView) -> None:
        self.view = view
        self.told: list[dict] = []
        self.buffers: list[bytes] = []
        self._ended = threading.Event()
        view.send = self._hear

    def _hear(self, content, buffers=()) -> None:
        if content.get("heard"):
            return
        self.told.append(content)
        self.buffers += buffers
        if content.get("last"):
            self._ended.set()

    def ask(self, what: str, **data) -> list[dict]:
        """Ask, wait for the last reply, and give all of them; an error raises."""
        self.told.clear()
        self.buffers.clear()
        self._ended.clear()
        self.view._receive(self.view, {"ask": what, "number": 1, **data}, [])
        assert self._ended.wait(PATIENCE)
        if error := self.told[-1].get("error"):
            raise InvalidParameter(error)
        return self.told[:-1]

    def gesture(self, do: str, **data) -> None:
        """Do a gesture on the answer that is shown, and wait for the next one."""
        before = self.view.answer["number"]
        changed = threading.Event()
        self.view.observe(lambda _: changed.set(), ["answer", "error"])
        self.ask("gesture", do=do, of=before, **data)
        assert changed.wait(PATIENCE)


@pytest.fixture
def view(logs):
    result = logs.query("fields level, status, @message", ["/shop/app"])
    return AnswerView(result, Exploration.of(result), in_cell=True)


def test_a_gesture_in_a_cell_asks_again_and_can_be_undone(view):
    browser = Browser(view)
    names = [column["name"] for column in view.answer["columns"]]
    browser.gesture("keep_only", row=0, column=names.index("level"))
    assert view.answer["rows"] == 20
    assert view.about["query"] == (
        "%%insights -g /shop/app --start all\n"
        'fields level, status, @message\n| filter level = "ERROR"'
    )
    browser.gesture("undo")
    assert view.answer["rows"] == 60
    assert "query" not in view.about


def test_a_view_in_a_cell_says_why_there_are_no_rows(logs):
    result = logs.query("filter status * 1 = 700", ["/shop/app"])
    view = AnswerView(result, in_cell=True)
    (reason,) = view.about["reasons"]
    assert reason.startswith("no rows: all 60 rows that came to it were dropped by: filter status")
    assert "reasons" not in AnswerView(result).about


def test_a_row_of_an_answer_that_is_gone_is_refused(view):
    browser = Browser(view)
    before = view.answer["number"]
    browser.gesture("keep_only", row=0, column=0)
    with pytest.raises(InvalidParameter, match="the rows have changed meanwhile"):
        browser.ask("gesture", do="keep_only", of=before, row=0, column=0)


def test_what_shows_an_answer_may_ask_the_next_one(logs):
    class Shows:
        answers: ClassVar[list[int]] = []

        def show_result(self, result):
            self.answers.append(len(result))
            if len(self.answers) == 1:
                run.begin(lambda: logs.start("limit 2", "/shop/app"))
            else:
                ended.set()

    ended = threading.Event()
    run = LatestRun(Shows())
    run.begin(lambda: logs.start("limit 1", "/shop/app"))
    assert ended.wait(PATIENCE)
    assert Shows.answers == [1, 2]


def test_who_is_told_of_changes_runs_them(logs):
    result = logs.query("fields level", ["/shop/app"])
    view = AnswerView(result, Exploration.of(result))
    told = []
    view.on_change(told.append)
    Browser(view).ask("gesture", do="count_by", of=1, row=0, field="level")
    assert told == [view.exploration]
    assert view.answer["number"] == 1
    view.mark_stale()
    assert view.is_stale
    view.show_result(view.exploration.run())
    assert (view.answer["rows"], view.is_stale) == (2, False)
    view.show_error("no such group")
    assert (view.error, view.is_stale) == ("no such group", True)


def fields(replies: list[dict]) -> dict[str, str]:
    return {field["title"]: field["text"] for field in replies[0]["fields"]}


def test_a_row_opens_to_all_fields_of_its_event(view):
    browser = Browser(view)
    view._shown.result.tz = "Europe/Vienna"
    opened = browser.ask("event", of=1, row=0)
    found = fields(opened)
    assert found["@timestamp (Europe/Vienna)"] == "2026-11-20 11:59:00.000"
    assert (found["level"], found["ms"], found["@logStream"]) == ("ERROR", "88.5", "i-1")
    # The message comes last, and JSON is indented.
    assert list(found)[-1] == "@message"
    assert found["@message"] == '{\n  "level": "ERROR",\n  "status": 500,\n  "ms": 88.5\n}'
    assert opened[0]["pointer"] == view._shown.result.pointers[0]


def test_what_the_query_made_is_shown_and_kept_as_a_column(logs):
    result = logs.query("fields ms * 2 as twice, level | limit 5", ["/shop/app"])
    view = AnswerView(result, Exploration.of(result), in_cell=True)
    browser = Browser(view)
    (made,) = [f for f in browser.ask("event", of=1, row=2)[0]["fields"] if f["name"] == "twice"]
    assert (made["text"], made["column"]) == ("171", 0)
    browser.gesture("keep_only", row=2, column=made["column"])
    assert view.answer["rows"] == 1
    assert "fields ms * 2 as twice, level | filter twice = 171\n| limit 5" in view.about["query"]


def test_a_neighbour_opens_and_its_values_can_be_asked(view):
    browser = Browser(view)
    pointer = browser.ask("event", of=1, row=10)[0]["pointer"]
    events = browser.ask("around", of=1, pointer=pointer, before=2, after=3)[0]["events"]
    assert [event["offset"] for event in events] == [-2, -1, 0, 1, 2, 3]
    assert events[1]["time"] == "2026-11-20 10:48:00.000"
    assert fields(browser.ask("event", of=1, pointer=events[1]["pointer"]))["ms"] == "72"
    browser.gesture("keep_only", pointer=events[1]["pointer"], field="ms")
    assert view.answer["rows"] == 1


def test_a_group_opens_to_its_row_and_leads_to_its_events(logs):
    result = logs.query("stats count(*) as n, avg(ms) as mean by level | sort n", ["/shop/app"])
    view = AnswerView(result, Exploration.of(result), in_cell=True)
    browser = Browser(view)
    opened = browser.ask("event", of=1, row=0)
    assert fields(opened) == {"level": "ERROR", "n": "20", "mean": "45.75"}
    assert opened[0]["pointer"] is None
    browser.gesture("drill_down", row=0)
    assert view.answer["rows"] == 20
    assert view.answer["kind"] == "events"


def test_a_long_value_comes_whole_when_asked(tmp_path):
    text = "x" * 5_000_000
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as logs:
        logs.put("/long", "s", [(NOW_MS - 1000, text[:1_000_000])])
        result = logs.query("fields @message", ["/long"])
        view = AnswerView(result, Exploration.of(result), in_cell=True)
        browser = Browser(view)
        (message,) = [
            f for f in browser.ask("event", of=1, row=0)[0]["fields"] if f["name"] == "@message"
        ]
        assert (len(message["text"]), message["characters"]) == (10_000, 1_000_000)
        browser.ask("whole", of=1, row=0, field="@message")
        assert b"".join(browser.buffers) == text[:1_000_000].encode()
        with pytest.raises(InvalidParameter, match="10,000 is the most"):
            browser.ask("gesture", do="keep_only", of=1, row=0, field="@message")
    frame_view = AnswerView(cwnb.query("fields m", [{"@timestamp": NOW_MS, "m": text}]))
    browser = Browser(frame_view)
    browser.ask("whole", of=1, row=0, field="m")
    assert len(browser.buffers) == 2
    assert b"".join(browser.buffers) == text.encode()


def test_rows_of_a_frame_open_but_cannot_be_asked(logs):
    rows = [{"@timestamp": NOW_MS, "level": "ERROR"}]
    view = AnswerView(cwnb.query("fields level", rows))
    browser = Browser(view)
    assert not view.answer["has_gestures"]
    opened = browser.ask("event", of=1, row=0)
    assert fields(opened)["level"] == "ERROR"
    assert opened[0]["pointer"] is None
    with pytest.raises(InvalidParameter, match="are of a table and not of a store"):
        browser.ask("gesture", do="keep_only", of=1, row=0, column=0)


REFUSED = [
    ({"do": "burn"}, "unknown gesture 'burn'"),
    ({"do": "undo"}, "nothing to undo"),
    ({"do": "drill_down", "of": 1, "row": 0}, "no groups of 'stats'"),
    ({"do": "keep_only", "of": 1, "row": 0, "field": "nowhere"}, "no field 'nowhere'"),
    ({"do": "narrow", "start_ms": 5, "end_ms": 5}, "outside the window"),
]


@pytest.mark.parametrize(("question", "said"), REFUSED)
def test_a_gesture_that_cannot_be_done_is_a_sentence(view, question, said):
    before = view.exploration.text
    with pytest.raises(InvalidParameter, match=said):
        Browser(view).ask("gesture", **question)
    assert view.exploration.text == before
    assert view.answer["number"] == 1


def remove_store(logs):
    shutil.rmtree(logs.store.path)


def remove_segments(logs):
    shutil.rmtree(Path(logs.store.path) / "segments")


def delete_group(logs):
    logs.delete_group("/shop/app")


LOST = [
    (remove_store, "is gone: it has been moved or removed", "is gone"),
    (remove_segments, "is missing; put it back from a backup", "is missing"),
    (delete_group, "no event has the @ptr", "no log group is named '/shop/app'"),
]


@pytest.mark.parametrize(("lose", "said_of_event", "said_of_query"), LOST)
def test_a_store_that_is_lost_under_a_view_is_a_sentence(logs, lose, said_of_event, said_of_query):
    logs.flush()
    result = logs.query("fields level, status", ["/shop/app"])
    view = AnswerView(result, Exploration.of(result), in_cell=True)
    browser = Browser(view)
    pointer = result.pointers[0]
    lose(logs)
    with pytest.raises(InvalidParameter, match=said_of_event):
        browser.ask("around", of=1, pointer=pointer, before=1, after=1)
    browser.gesture("keep_only", row=0, column=0)
    assert said_of_query in view.error
    assert (view.is_stale, view.answer["number"]) == (True, 1)
    assert view.about["query"]


def test_of_several_gestures_the_newest_is_shown(view, monkeypatch):
    held = threading.Event()
    begin = Exploration.begin

    def slow(exploration):
        running = begin(exploration)
        if "ERROR" in exploration.text and "INFO" not in exploration.text:
            held.wait(PATIENCE)
        return running

    monkeypatch.setattr(Exploration, "begin", slow)
    browser = Browser(view)
    browser.ask("gesture", do="keep_only", of=1, row=0, column=0)
    browser.ask("gesture", do="leave_out", of=1, row=1, column=0)
    shown = threading.Event()
    view.observe(lambda _: shown.set(), "answer")
    assert shown.wait(PATIENCE) or view.answer["number"] == 2
    newest = view.answer
    held.set()
    view.run.wait(PATIENCE)
    assert view.answer == newest
    assert view.about["query"].endswith('| filter level = "ERROR"\n| filter level != "INFO"')


def test_a_stopped_query_shows_its_rows_so_far(view, monkeypatch):
    stopped = threading.Event()

    class Slow:
        progress = Progress(5, 60, 1, 2, 0.5)

        def result(self, timeout):
            if stopped.wait(timeout):
                raise QueryCancelled("the query was stopped")
            raise QueryUnfinished("still running")

        def partial(self):
            return view.exploration.logs.query("fields level | limit 5", ["/shop/app"])

        def stop(self):
            stopped.set()

    monkeypatch.setattr(Exploration, "begin", lambda _: Slow())
    browser = Browser(view)
    going_on = threading.Event()
    view.observe(lambda change: change["new"] and going_on.set(), "progress")
    browser.ask("gesture", do="keep_only", of=1, row=0, column=0)
    assert going_on.wait(PATIENCE)
    assert view.progress["text"].startswith("5 of 60 records")
    browser.ask("stop")
    view.run.wait(PATIENCE)
    assert (view.answer["rows"], view.progress) == (5, {})


def test_rows_of_a_stopped_query_have_no_histogram(logs):
    result = replace(logs.query("fields level", "/shop/app"), is_partial=True)
    (reply,) = Browser(AnswerView(result)).ask("histogram", of=1)
    assert reply["reason"] == "the query was stopped"


def test_a_question_is_heard_before_it_is_answered(view):
    told = []
    ended = threading.Event()
    view.send = lambda content, _=(): (told.append(content), content.get("last") and ended.set())
    view._receive(view, {"ask": "histogram", "number": 7, "of": 1}, [])
    assert told[0] == {"to": 7, "heard": True}
    assert ended.wait(PATIENCE)
