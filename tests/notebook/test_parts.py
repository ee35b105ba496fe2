"""The editor and the lists of the notebook, without a browser."""

from __future__ import annotations

import threading

import pytest

from cwnb.errors import MalformedQuery
from cwnb.notebook.widgets.choices import FieldsView, ListView
from cwnb.notebook.widgets.editor import EditorView

VALUES = [("ERROR", 20), (10**20, 3), (None, 1)]


def told(view, question: dict) -> list[dict]:
    """Ask as a browser does, and give the replies without their numbers."""
    replies, ended = [], threading.Event()

    def send(content, buffers=None):
        if not content.get("heard"):
            replies.append(content)
        if content.get("last"):
            ended.set()

    view.send = send
    view._handle_custom_msg({"number": "1", **question}, [])
    assert ended.wait(10)
    return [{name: value for name, value in reply.items() if name != "to"} for reply in replies]


def test_the_text_of_an_editor_has_line_feeds_alone():
    assert EditorView(text="a\r\nb\rc\n").text == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("text", "error", "shown"),
    [
        ("stat", MalformedQuery("no", "stat", 0, 4), {"message": "no", "from": 0, "to": 4}),
        ("stat", MalformedQuery("no", "stat", 4, 4), {"message": "no", "from": 4, "to": 5}),
        ("{{a}}", MalformedQuery("no", "stat", 0, 4), {"message": "no"}),
        ("stat", MalformedQuery("no"), {"message": "no"}),
    ],
    ids=["a place", "the end", "another text", "no place"],
)
def test_an_error_is_underlined_where_its_place_is_known(text, error, shown):
    editor = EditorView(text=text)
    editor.show_error(error)
    assert editor.error == shown


def test_an_editor_runs_what_was_asked_for():
    editor, ran = EditorView(text="fields a"), []
    editor.on_run(lambda: ran.append(editor.text))
    assert told(editor, {"ask": "run"}) == [{"last": True}]
    assert ran == ["fields a"]


def test_a_list_has_what_its_browser_needs():
    view = ListView(title="Log groups", items=[{"name": "/a", "texts": ["1"], "hint": ""}])
    state = view.get_state()
    assert (state["kind"], state["multiple"], state["chosen"]) == ("list", True, [])


def test_fields_give_their_values_and_take_gestures_by_place():
    done = []
    fields = FieldsView(lambda name: VALUES, lambda *gesture: done.append(gesture))
    assert told(fields, {"ask": "values", "name": "level"}) == [
        {
            "values": [
                {"text": "ERROR", "count": 20},
                {"text": "100000000000000000000", "count": 3},
                {"text": "", "count": 1, "is_missing": True},
            ]
        },
        {"last": True},
    ]
    told(fields, {"ask": "gesture", "do": "keep_only", "field": "level", "place": 1})
    told(fields, {"ask": "gesture", "do": "count_by", "field": "level"})
    assert done == [("keep_only", "level", 10**20), ("count_by", "level", None)]


def test_an_error_of_a_field_is_a_sentence():
    def fail(name):
        raise MalformedQuery("the query has no end")

    fields = FieldsView(fail, lambda *gesture: None)
    assert told(fields, {"ask": "values", "name": "a"}) == [
        {"last": True, "error": "the query has no end"}
    ]
