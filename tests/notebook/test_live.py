"""What a cell shows of an answer: HTML alone, or HTML and its live view."""

from __future__ import annotations

import re

import pytest

import cwnb
from cwnb.notebook import live
from cwnb.notebook.live import shows_views
from cwnb.times import Clock

from .conftest import NOW_MS, fill

WIDGET = "application/vnd.jupyter.widget-view+json"
CELL = "%%insights -g /shop/app\nfields level, @message"
HERE = [
    ({}, False),
    ({"JPY_SESSION_NAME": "x.ipynb"}, True),
    ({"VSCODE_PID": "1"}, True),
    ({"SERVER_SOFTWARE": "voila/0.5.13"}, True),
    ({"SERVER_SOFTWARE": "nginx"}, False),
    ({"JPY_SESSION_NAME": "x.ipynb", "CWNB_VIEW": "static"}, False),
    ({"CWNB_VIEW": "widget"}, True),
]


@pytest.fixture(autouse=True)
def no_front_end(monkeypatch):
    for name in ("JPY_SESSION_NAME", "VSCODE_PID", "SERVER_SOFTWARE", "CWNB_VIEW"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("variables", "expected"), HERE)
def test_views_are_shown_where_a_browser_is(monkeypatch, variables, expected):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert shows_views() is expected


def test_without_a_browser_a_cell_gives_html_alone(run):
    run(CELL)
    (shown,) = run("display(_)").shown
    assert set(shown.data) == {"text/plain", "text/html"}
    assert "cwnb-view" not in shown.data["text/html"]


def test_with_a_browser_the_view_follows_its_html(run, shell, monkeypatch):
    monkeypatch.setenv("CWNB_VIEW", "widget")
    done = run(CELL)
    assert done.result is shell.user_ns["_"]
    html, view = (shown.data for shown in done.shown)
    assert html["text/html"].startswith('<div id="cwnb-')
    assert html["text/plain"].startswith("60 rows")
    # Where nothing can show the view, nothing stands for it.
    assert view["text/plain"] == ""
    assert re.fullmatch("[0-9a-f]{32}", view[WIDGET]["model_id"])
    several = run("display(_, _)")
    assert [WIDGET in shown.data for shown in several.shown] == [False, True, False, True]


def test_rows_that_are_not_saved_are_in_the_view_alone(run, monkeypatch):
    monkeypatch.setenv("CWNB_VIEW", "widget")
    run("%config Cwnb.save_rows = 0")
    html, view = (shown.data for shown in run(CELL).shown)
    assert "ERROR" not in html["text/html"] + html["text/plain"]
    assert "keeps them out of the notebook" in html["text/html"]
    assert WIDGET in view


def test_a_wrong_setting_is_a_sentence(run, shell, monkeypatch):
    result = shell.user_ns["result"] = run(CELL).result
    monkeypatch.setenv("CWNB_VIEW", "both")
    said = "unknown CWNB_VIEW 'both'; it is one of static, widget"
    assert said in str(run(CELL).error_in_exec)
    line, html = (shown.data["text/plain"] for shown in run("display(result)").shown)
    assert line == f"warning: {said}"
    assert html.startswith(f"{len(result)} rows")


def test_the_newest_views_are_kept(run, monkeypatch):
    monkeypatch.setenv("CWNB_VIEW", "widget")
    monkeypatch.setattr(live, "_VIEWS_KEPT", 2)
    closed = []
    monkeypatch.setattr(live_view_class(), "close", lambda view: closed.append(view.static))
    names = []
    for _ in range(4):
        html, _ = (shown.data for shown in run(CELL).shown)
        names.append(re.search('id="(cwnb-[0-9a-f]+)"', html["text/html"])[1])
    assert closed == names[:2]


def live_view_class():
    from cwnb.notebook.widgets.answer import AnswerView

    return AnswerView


def test_the_cell_of_a_view_names_its_store(run, shell, tmp_path, monkeypatch):
    monkeypatch.setenv("CWNB_VIEW", "widget")
    magics = shell.magics_manager.registry["Cwnb"]
    with cwnb.open(tmp_path / "other store", clock=Clock(NOW_MS)) as other:
        fill(other)
        run(CELL)
        assert magics.live.newest.exploration.cell_options == ()
        result = other.query("fields level", "/shop/app")
        shell.user_ns["result"] = result
        run("result")
        cells = magics.live.newest.exploration.to_cells()
        path = tmp_path / "other store"
        assert cells == [f"%%insights -g /shop/app --start all --store '{path}'\nfields level"]
        shell.user_ns["other"] = other
        run("result")
        assert "--logs other\n" in magics.live.newest.exploration.to_cells()[0]
        assert len(run(magics.live.newest.exploration.to_cells()[0]).result) == 60
