"""The table of an answer in JupyterLab: what depends on a kernel, on the page, on the clipboard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import cwnb
from cwnb.times import Clock

from .conftest import NOW_MS
from .lab import Looker, opened, server, write_notebook

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 1_500
# The kernel is busy with this cell until the test makes the file.
BUSY = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.02)"
CELLS = [
    "%load_ext cwnb",
    "%%insights -g /shop/app --start all\nfields n, level, @message | sort n | limit 2000",
    BUSY,
    "%%insights -g /shop/app --start all\nstats count(*) by level",
    *["print('line\\n' * 30)"] * 12,
]
SCROLL_TO = "index => jupyterapp.shell.currentWidget.content.scrollToItem(index)"
COUNT = "jupyterapp.shell.currentWidget.content.model.cells.length"


class Lab(NamedTuple):
    """A notebook in JupyterLab; `folder` is that of the kernel, `cells` those in the page."""

    looker: Looker
    page: Any
    folder: Path
    cells: Any


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Open a notebook that has not run yet; the tests use it one after another."""
    tmp_path = tmp_path_factory.mktemp("table")
    folder = tmp_path / "notebooks"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CWNB_CONFIG_DIR", str(tmp_path / "keys"))
        with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as logs:
            lines = [{"n": n, "level": ("INFO", "ERROR")[n % 2]} for n in range(ROWS)]
            events = [(NOW_MS - n * 1_000, json.dumps(line)) for n, line in enumerate(lines)]
            logs.put("/shop/app", "i-1", events)
    write_notebook(folder / "table.ipynb", CELLS)
    settings = {"CWNB_STORE": str(tmp_path / "store"), "CWNB_CONFIG_DIR": str(tmp_path / "keys")}
    with (
        server(folder, tmp_path / "jupyter", **settings) as address,
        opened(address, "table.ipynb", tmp_path / "profile") as looker,
    ):
        page = looker.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        yield Lab(looker, page, folder, page.locator(".jp-CodeCell"))
        assert looker.left == []
        assert looker.errors == []


@pytest.fixture
def table(lab):
    """Give the table of the first answer, after all cells have run."""
    (lab.folder / "go").touch()
    if lab.page.locator(".cwnb-table").count() == 0:
        lab.looker.run_all()
    first = lab.cells.nth(1).locator(".cwnb-table")
    expect(first.locator(".cwnb-status")).to_contain_text(f"{ROWS:,} rows", timeout=60_000)
    first.scroll_into_view_if_needed()
    return first


def numbers(table):
    return [int(text) for text in table.locator(".cwnb-body .cwnb-gutter").all_inner_texts()]


@pytest.mark.timeout(180)
def test_the_first_rows_paint_and_sort_while_a_later_cell_runs(lab):
    lab.looker.run_all()
    table = lab.cells.nth(1).locator(".cwnb-table")
    status = table.locator(".cwnb-status")
    expect(status).to_have_text("500 of 1,500 rows; more are coming", timeout=60_000)
    head = table.get_by_role("columnheader", name="n", exact=True)
    head.click()
    head.click()
    assert numbers(table)[:3] == [499, 498, 497]
    (lab.folder / "go").touch()
    expect(status).to_have_text("1,500 rows", timeout=60_000)
    assert numbers(table)[:3] == [1_499, 1_498, 1_497]
    head.click()
    assert numbers(table)[:3] == [0, 1, 2]


def test_keys_in_the_table_are_no_shortcuts_of_the_notebook(lab, table):
    assert lab.page.evaluate(COUNT) == len(CELLS)
    table.locator(".cwnb-cell").nth(8).click()
    for key in "ddxaabcvmyz":
        lab.page.keyboard.press(key)
    assert lab.page.evaluate(COUNT) == len(CELLS)
    expect(table.get_by_role("grid")).to_be_focused()


def test_find_steps_by_enter(lab, table):
    box, found = table.get_by_label("Find"), table.locator(".cwnb-controls [role=status]")
    box.fill("error")
    expect(found).to_have_text("1 of 750 rows")
    box.press("Enter")
    expect(found).to_have_text("2 of 750 rows")
    box.press("Escape")
    expect(found).to_have_text("")
    box.press("Escape")
    expect(table.get_by_role("grid")).to_be_focused()


def test_cells_are_copied_to_the_clipboard(lab, table):
    table.get_by_role("grid").focus()
    for key in ["ArrowDown", "Home", "Shift+End", "Control+c"]:
        lab.page.keyboard.press(key)
    expect(table.locator(".cwnb-status")).to_contain_text("copied 1,500 rows of 1 column as text")
    copied = lab.page.evaluate("() => navigator.clipboard.readText()")
    assert len(copied.splitlines()) == ROWS


def test_a_table_that_was_out_of_sight_is_where_it_was(lab, table):
    scroller = table.get_by_role("grid")
    scroller.evaluate("element => { element.scrollTop = 22 * 700 }")
    expect(table.get_by_role("rowheader", name="700", exact=True)).to_be_visible()
    lab.page.evaluate(SCROLL_TO, len(CELLS) - 1)
    expect(table).not_to_be_in_viewport()
    lab.page.evaluate(SCROLL_TO, 1)
    expect(table).to_be_in_viewport()
    expect(table.get_by_role("rowheader", name="700", exact=True)).to_be_visible()
    assert scroller.evaluate("element => element.scrollTop") == 22 * 700


def test_columns_are_as_they_were_when_the_cell_runs_again(lab, table):
    table.locator("summary").click()
    table.get_by_label("level").uncheck()
    titles = table.locator(".cwnb-title")
    assert titles.all_inner_texts() == ["n", "@message"]
    lab.cells.nth(1).locator(".jp-InputArea").click()
    lab.page.evaluate("() => { jupyterapp.commands.execute('notebook:run-cell') }")
    again = lab.cells.nth(1).locator(".cwnb-table")
    expect(again.locator("summary")).to_have_text("Columns (1 hidden)", timeout=30_000)
    expect(again.locator(".cwnb-status")).to_contain_text("1,500 rows")
    assert again.locator(".cwnb-title").all_inner_texts() == ["n", "@message"]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_nothing_serious_stands_in_the_way_of_anyone(lab, table, theme):
    lab.page.evaluate(
        "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
    )
    is_light = str(theme.endswith("Light")).lower()
    lab.page.wait_for_selector(f"body[data-jp-theme-light={is_light}]", state="attached")
    table.locator(".cwnb-body .cwnb-cell").nth(8).click()
    table.get_by_label("Find").fill("ERROR")
    expect(table.locator("mark").first).to_be_visible()
    table.locator("summary").click()
    found = Axe().run(lab.page, context=".cwnb-table").response["violations"]
    serious = [
        (one["id"], node["html"], node.get("any"))
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]
    assert serious == []
    table.locator("summary").click()
    table.get_by_label("Find").fill("")
