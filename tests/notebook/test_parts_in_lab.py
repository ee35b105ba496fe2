"""The editor, the lists and the histogram in JupyterLab, with a kernel behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import cwnb
from cwnb.times import Clock

from .conftest import NOW_MS, fill
from .lab import KERNEL_IDLE, opened, server, write_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lab import Looker

CELLS = [
    """\
%load_ext cwnb
import os
import cwnb
from IPython.display import display
from cwnb.notebook.exploration import Exploration
from cwnb.notebook.known import vocabulary_of
from cwnb.notebook.widgets.choices import FieldsView, ListView
from cwnb.notebook.widgets.editor import EditorView
from cwnb.notebook.widgets.vocabulary import words_of
logs = cwnb.open(os.environ["CWNB_STORE"])
exploration = Exploration(logs, ["/shop/app"])
""",
    """\
editor = EditorView(text=exploration.text, vocabulary=words_of(vocabulary_of(logs, ["/shop/app"])))
groups = ListView(
    title="Log groups",
    heads=["events"],
    items=[{"name": info.name, "texts": [f"{info.events:,}"]} for info in logs.store.groups()],
)

def act(do, field, value):
    getattr(exploration, do)(*([field, value] if do != "count_by" else [field]))
    editor.text = exploration.text

fields = FieldsView(
    exploration.frequent_values,
    act,
    items=[
        {"name": i.name, "share": i.share, "types": list(i.types), "has_conflict": i.conflicts}
        for i in logs.store.field_statistics("/shop/app")
    ],
)

def ask():
    exploration.text = editor.text
    groups.title = ""
    groups.items = [{"name": f"{len(exploration.run())} rows", "texts": [""]}]

editor.on_run(ask)
groups.observe(lambda change: setattr(editor, "text", f"# {change['new'][0]}"), "chosen")
display(editor, groups, fields)
""",
    "%%insights -g /shop/app --start 2026-11-01\nfields level, ms | limit 5",
    "import time; time.sleep(60)",
]
RUN_ABOVE_THE_LAST = """count => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = count - 1;
    window.jupyterapp.commands.execute("notebook:run-all-above");
}"""
RUN_ACTIVE = "() => { window.jupyterapp.commands.execute('notebook:run-cell'); }"
INTERRUPT = "() => { window.jupyterapp.commands.execute('notebook:interrupt-kernel'); }"
KERNEL_BUSY = """() =>
    window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === "busy"
"""
DARK = (
    "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
)
CELL_TEXTS = """() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell =>
    [cell.model.type, cell.model.sharedModel.source])"""


@pytest.fixture(scope="module")
def looker(tmp_path_factory) -> Iterator[Looker]:
    """Open the notebook, and run all cells but the last."""
    folder = tmp_path_factory.mktemp("parts")
    (folder / "notebooks").mkdir()
    with cwnb.open(folder / "store", clock=Clock(NOW_MS), encryption="none") as logs:
        fill(logs)
    write_notebook(folder / "notebooks" / "look.ipynb", CELLS)
    settings = {"CWNB_STORE": str(folder / "store"), "CWNB_VIEW": "widget"}
    with (
        server(folder / "notebooks", folder / "jupyter", **settings) as address,
        opened(address, "look.ipynb", folder / "profile", width=1000) as looker,
    ):
        looker.page.evaluate(RUN_ABOVE_THE_LAST, len(CELLS))
        looker.page.locator(".cwnb-bars svg").wait_for(timeout=60_000)
        yield looker
        assert looker.left == []
        assert looker.errors == []


def test_it_completes_while_the_kernel_is_busy_and_says_that_it_is(looker):
    # Once a question was answered, some kernels answer the next ones beside a cell that runs. So this
    # is the first question.
    page, field = looker.page, looker.page.locator(".cwnb-editor-field")
    page.evaluate(RUN_ACTIVE)
    page.wait_for_function(KERNEL_BUSY)
    field.fill("")
    field.focus()
    page.keyboard.type("sta")
    page.keyboard.press("Tab")
    assert field.input_value() == "stats"
    page.keyboard.press("Control+Enter")
    note = page.locator(".cwnb-editor .cwnb-note")
    page.wait_for_function(
        "() => document.querySelector('.cwnb-editor .cwnb-note').innerText !== ''"
    )
    assert note.inner_text() == "the kernel is busy with a cell; interrupt it"
    page.evaluate(INTERRUPT)
    page.wait_for_function(KERNEL_IDLE)
    page.wait_for_function(
        "() => document.querySelector('.cwnb-editor .cwnb-note').innerText === ''"
    )


def test_the_text_is_written_completed_and_run(looker):
    page, field = looker.page, looker.page.locator(".cwnb-editor-field")
    before = page.evaluate(CELL_TEXTS)
    field.focus()
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    page.keyboard.type("ddxa")
    assert field.input_value().endswith("\nddxa")
    page.keyboard.press("Control+z")
    assert not field.input_value().endswith("ddxa")
    page.keyboard.press("Control+Shift+z")
    assert field.input_value().endswith("\nddxa")
    page.keyboard.press("Control+a")
    page.keyboard.type("filter lev")
    page.keyboard.press("Tab")
    page.keyboard.type(" = e")
    page.keyboard.press("Tab")
    assert field.input_value() == 'filter level = "ERROR"'
    page.keyboard.press("Control+Enter")
    page.get_by_role("option", name="20 rows").wait_for()
    assert page.evaluate(CELL_TEXTS) == before
    # Tab leaves the field.
    field.focus()
    page.keyboard.press("Tab")
    assert not field.evaluate("field => field === document.activeElement")


@pytest.mark.parametrize(
    "focused",
    [
        ".cwnb-editor",
        ".cwnb-editor-field",
        ".cwnb-list [role=listbox]",
        ".cwnb-field",
        ".cwnb-bars",
        ".cwnb-answer [role=grid]",
    ],
)
def test_no_key_is_a_shortcut_of_the_notebook(looker, focused):
    page = looker.page
    before = page.evaluate(CELL_TEXTS)
    page.locator(focused).first.focus()
    for key in "ddxaybmz1":
        page.keyboard.press(key)
        page.locator(focused).first.focus()
    assert page.evaluate(CELL_TEXTS) == before


def test_a_name_that_is_chosen_reaches_the_kernel(looker):
    page = looker.page
    page.locator("[role=listbox] .cwnb-list-row").first.click()
    page.wait_for_function(
        "() => document.querySelector('.cwnb-editor-field').value.startsWith('# ')"
    )


def test_a_value_of_a_field_is_clicked_into_the_query(looker):
    page = looker.page
    page.locator(".cwnb-field", has_text="status").click()
    page.get_by_role("button", name="leave out events whose status is 500").click()
    page.wait_for_function(
        "() => document.querySelector('.cwnb-editor-field').value.endsWith('filter status != 500')"
    )


def test_a_drag_over_the_bars_asks_again(looker):
    page = looker.page
    bars = page.locator(".cwnb-bars")
    bars.scroll_into_view_if_needed()
    about = page.locator(".cwnb-histogram-about")
    assert about.inner_text().startswith("60 events")
    box = bars.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 30, steps=3)
    assert about.inner_text().endswith(": 60 events")
    page.mouse.up()
    # A bar of the shorter window is shorter.
    page.locator(".cwnb-histogram-about", has_text="a bar is 1 hour").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_hard_to_reach_or_to_read(looker, theme):
    from axe_playwright_python.sync_playwright import Axe

    page = looker.page
    if theme == "dark":
        page.evaluate(DARK)
        page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")
    field = page.locator(".cwnb-editor-field")
    field.fill('# why\nfilter level = "a" and ms > 5 | stats count(*) by bin(5m) as t')
    field.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" | so")
    page.locator(".cwnb-offers:popover-open").wait_for()
    found = Axe().run(page, context=".cwnb-view").response["violations"]
    told = [
        (one["id"], node["target"], node["failureSummary"])
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]
    assert told == []
