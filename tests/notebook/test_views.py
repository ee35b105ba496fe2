"""The view of an answer: what its questions and gestures do, without a browser."""

from __future__ import annotations

import threading

import pytest

from cwnb.errors import InvalidParameter
from cwnb.notebook.exploration import Exploration
from cwnb.notebook.widgets.answer import AnswerView

# What a test waits for at most, in seconds.
PATIENCE = 30


class Browser:
    """Stands for the browser: it asks a view, and hears the replies."""

    def __init__(self, view: AnswerView) -> None:
        self.view = view
        self.told: list[dict] = []
        self._ended = threading.Event()
        view.send = self._hear

    def _hear(self, content, buffers=()) -> None:
        self.told.append(content)
        if content.get("last"):
            self._ended.set()

    def ask(self, what: str, **data) -> list[dict]:
        """Ask, wait for the last reply, and give all of them; an error raises."""
        self.told.clear()
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
    assert browser.ask("cell") == [{"to": 1, "text": view.about["query"]}]
    browser.gesture("undo")
    assert view.answer["rows"] == 60
    assert "query" not in view.about


def test_a_row_of_an_answer_that_is_gone_is_refused(view):
    browser = Browser(view)
    before = view.answer["number"]
    browser.gesture("keep_only", row=0, column=0)
    with pytest.raises(InvalidParameter, match="the rows have changed meanwhile"):
        browser.ask("gesture", do="keep_only", of=before, row=0, column=0)


def test_who_is_told_of_changes_runs_them(logs):
    result = logs.query("fields level", ["/shop/app"])
    view = AnswerView(result, Exploration.of(result))
    told = []
    view.on_change(told.append)
    Browser(view).ask("gesture", do="count_by", field="level")
    assert told == [view.exploration]
    assert view.answer["number"] == 1
    view.mark_stale()
    assert view.is_stale
    view.show_result(view.exploration.run())
    assert (view.answer["rows"], view.is_stale) == (2, False)
    view.show_error("no such group")
    assert (view.error, view.is_stale) == ("no such group", True)
