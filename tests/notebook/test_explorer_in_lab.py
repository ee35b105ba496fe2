"""The explorer as a person sees it, in JupyterLab."""

from __future__ import annotations

import json
import re

import nbformat
import pytest

import cwnb
from cwnb.times import Clock

from . import gestures_in_explorer
from .conftest import NOW_MS, fill
from .lab import opened, server, write_notebook

CELLS = [
    "import os, time, cwnb\nlogs = cwnb.open(os.environ['CWNB_STORE'])",
    "explorer = logs.explore('/shop/app')\nexplorer",
    "time.sleep(float(open('seconds').read()))",
]
HOSTILE = "<img src=x onerror='window.ran=1'> $x^2$ \x1b[31m \u202e"
RUN_CELL = """async index => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.activeCellIndex = index;
    await window.jupyterapp.commands.execute('notebook:run-cell');
}"""
INTERRUPT = "() => { window.jupyterapp.commands.execute('notebook:interrupt-kernel'); }"
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
DARK = """() => window.jupyterapp.commands.execute(
    'apputils:change-theme', { theme: 'JupyterLab Dark' })"""
COUNT = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"


@pytest.fixture(scope="module")
def looker(tmp_path_factory):
    """Give JupyterLab with a notebook whose second cell shows an explorer."""
    folder = tmp_path_factory.mktemp("explorer")
    (folder / "notebooks").mkdir()
    keys = {"CWNB_CONFIG_DIR": str(folder / "keys")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*next(iter(keys.items())))
        with cwnb.open(folder / "store", clock=Clock(NOW_MS)) as logs:
            fill(logs)
            logs.store.set_now(NOW_MS)
            logs.put("/shop/odd", "s", [(NOW_MS - 1, json.dumps({HOSTILE: HOSTILE}))])
    write_notebook(folder / "notebooks" / "look.ipynb", CELLS)
    (folder / "notebooks" / "seconds").write_text("0")
    variables = {"CWNB_STORE": str(folder / "store"), **keys}
    with (
        server(folder / "notebooks", folder / "jupyter", **variables) as address,
        opened(address, "look.ipynb", folder / "profile") as found,
    ):
        found.folder = folder / "notebooks"
        found.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        found.page.evaluate(RUN_CELL, 0)
        yield found
        assert found.left == []
        assert found.errors == []
        assert found.page.evaluate("() => window.ran") is None


@pytest.fixture
def page(looker):
    """Show a new explorer, and give the page."""
    looker.page.evaluate(RUN_CELL, 1)
    box = looker.page.locator(".cwnb-explorer")
    box.get_by_role("option", name="/shop/app").wait_for()
    return looker.page


def box(page):
    return page.locator(".cwnb-explorer")


def press(page, name):
    gestures_in_explorer.press(box(page), name)


def write(page, text):
    box(page).get_by_label("Query", exact=True).fill(text)


def expect_status(page, text):
    gestures_in_explorer.expect_status(box(page), text)


def rows(page):
    return box(page).locator(".cwnb-tabs .cwnb-answer [role=row]")


@pytest.mark.timeout(300)
def test_choose_run_and_look(page):
    from playwright.sync_api import expect

    press(page, "Run")
    expect_status(page, "60 of 60 records matched")
    expect_status(page, "at the service (us-east-1, $0.005 per GB)")
    expect(box(page).locator(".cwnb-answer")).to_contain_text('"level": "ERROR"')
    # Another group, a narrower time: the rows are marked until Run is pressed again.
    box(page).get_by_role("option", name="/shop/web").click()
    press(page, "1h")
    expect(box(page).locator(".cwnb-answer")).to_contain_text("those of the query before it")
    press(page, "Run")
    expect_status(page, "61 of 61 records matched")
    expect(box(page).locator(".cwnb-answer")).not_to_contain_text("the query before it")
    # By the keyboard.
    write(page, "stats count(*) as n by level | sort n")
    page.keyboard.press("Control+Enter")
    expect_status(page, "3 rows")
    box(page).locator(".lm-TabBar-tab", has_text="Chart").click()
    picture = box(page).get_by_alt_text("chart of the answer")
    expect(picture).to_be_visible()
    box(page).locator(".lm-TabBar-tab", has_text="Explain").click()
    expect(box(page).locator(".cwnb-steps tbody tr")).to_have_count(3)
    write(page, "fields level | stat x")
    page.keyboard.press("Control+Enter")
    expect(box(page).locator(".cwnb-editor")).to_contain_text("did you mean 'stats'?")
    expect_status(page, "not answered")


@pytest.mark.timeout(300)
def test_the_periods_stand_on_one_line(page):
    buttons = box(page).locator(".cwnb-periods .widget-toggle-buttons button").all()
    assert len(buttons) == 11
    assert len({round(button.bounding_box()["y"]) for button in buttons}) == 1


@pytest.mark.timeout(300)
def test_a_click_on_a_bar_of_the_chart_opens_the_events_behind_it(page):
    from playwright.sync_api import expect

    write(page, "stats count(*) as n by level | sort n")
    press(page, "Run")
    expect_status(page, "2 rows")
    box(page).locator(".cwnb-tabs .lm-TabBar-tab", has_text="Chart").click()
    picture = box(page).get_by_alt_text("chart of the answer")
    expect(box(page).get_by_text("a click on a bar or point shows the events")).to_be_visible()
    size = picture.bounding_box()
    # The left of two bars is that of the first row.
    picture.click(position={"x": 0.3 * size["width"], "y": 0.8 * size["height"]})
    expect(box(page).get_by_label("Query", exact=True)).to_have_value('filter level = "ERROR"')
    expect_status(page, "20 rows")
    expect(box(page).locator(".cwnb-answer .cwnb-status")).to_have_text("20 rows")


@pytest.mark.timeout(300)
def test_log_text_is_text(page):
    from playwright.sync_api import expect

    box(page).get_by_role("option", name="/shop/odd").click()
    write(page, f"filter @message like {json.dumps(HOSTILE[:20])}")
    press(page, "Run")
    expect_status(page, "1 row")
    box(page).locator(".cwnb-left").get_by_role("button", name="Fields").click()
    field = box(page).locator(".cwnb-field", has_text="onerror").first
    expect(field).to_be_visible()
    field.click()
    expect(box(page).get_by_role("button", name=re.compile("^keep only.*onerror"))).to_be_visible()
    write(page, f"filter nosuch = {json.dumps(HOSTILE[:40])}")
    press(page, "Run")
    expect(box(page).locator(".cwnb-tabs .cwnb-lines").first).to_contain_text("onerror")
    assert box(page).locator("img[src=x], .MathJax, mjx-container").count() == 0


@pytest.mark.timeout(300)
def test_keys_in_it_are_no_shortcuts_of_the_notebook(page):
    before = page.evaluate(COUNT)
    for place in (
        box(page).get_by_role("button", name="Run", exact=True),
        box(page).get_by_role("button", name="1h", exact=True),
        box(page).get_by_role("option").first,
        box(page).get_by_role("checkbox"),
    ):
        place.focus() if place.get_attribute("role") != "option" else place.click()
        for key in "ddxabzm":
            page.keyboard.press(key)
    assert page.evaluate(COUNT) == before
    assert box(page).is_visible()


@pytest.mark.timeout(300)
def test_a_busy_kernel_is_told(page, looker):
    from playwright.sync_api import expect

    (looker.folder / "seconds").write_text("600")
    page.evaluate(f"index => {{ ({RUN_CELL})(index); }}", 2)
    busy = box(page).get_by_text("the kernel is busy with a cell; interrupt it")
    press(page, "Run")
    expect(busy.first).to_be_visible()
    (looker.folder / "seconds").write_text("0")
    page.evaluate(INTERRUPT)
    expect(busy).to_have_count(0)
    expect_status(page, "60 of 60 records matched")


@pytest.mark.timeout(300)
def test_run_asks_what_is_seen_though_the_kernel_was_busy_meanwhile(page, looker):
    from playwright.sync_api import expect

    (looker.folder / "seconds").write_text("3")
    page.evaluate(f"index => {{ window.cell = ({RUN_CELL})(index); }}", 2)
    for name in ("/shop/web", "/shop/odd"):
        box(page).get_by_role("option", name=name).click()
        page.wait_for_timeout(50)
    for period in ("12h", "1d", "3d"):
        press(page, period)
    write(page, "stats count(*) as n")
    page.wait_for_timeout(400)  # so long that this text is sent, and the rest is written after it
    write(page, "stats count(*) as n by @log | sort n")
    press(page, "Run")
    page.evaluate("() => window.cell")
    expect_status(page, "3 rows")
    expect(box(page).locator(".cwnb-answer")).not_to_contain_text("the query before it")
    (looker.folder / "seconds").write_text("0")


@pytest.mark.timeout(300)
def test_the_cell_is_copied_and_kept_by_the_notebook(page, looker):
    from playwright.sync_api import expect

    write(page, "stats count(*) as n by level")
    press(page, "3h")
    press(page, "Run")
    expect_status(page, "2 rows")
    press(page, "Copy as cell")
    code = "%%insights -g /shop/app --start -3h\nstats count(*) as n by level"
    expect(box(page).locator(".cwnb-code")).to_have_text(code)
    expect(box(page).get_by_text("copied:")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == code
    page.evaluate(SAVE)
    saved = nbformat.read(looker.folder / "look.ipynb", 4)
    outputs = saved.cells[1].outputs
    html = "".join("".join(o.data.get("text/html", "")) for o in outputs if "data" in o)
    assert "stats count(*) as n by level" in html
    # What has no view any more is not named as one.
    assert not any("VBox" in str(o.get("data", {}).get("text/plain")) for o in outputs)


@pytest.mark.timeout(300)
def test_two_periods_stand_beside_each_other(page):
    from playwright.sync_api import expect

    write(page, "stats count(*) as n by level")
    press(page, "30m")
    box(page).get_by_label("Compare with the period before").check()
    press(page, "Run")
    expect(box(page).get_by_text("The difference")).to_be_visible()
    sides = box(page).locator(".cwnb-sides .cwnb-side")
    expect(sides).to_have_count(2)
    now, before = (sides.nth(i).bounding_box() for i in range(2))
    assert abs(now["y"] - before["y"]) < 2
    assert before["x"] >= now["x"] + now["width"]
    expect(sides.nth(1)).to_contain_text("from 2026-11-20 10:00 to 2026-11-20 10:30 UTC")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("is_dark", [False, True])
def test_screen_readers_and_weak_eyes_are_served(page, is_dark):
    from axe_playwright_python.sync_playwright import Axe

    if is_dark:
        page.evaluate(DARK)
    press(page, "Custom")
    press(page, "Run")
    expect_status(page, "60 of 60 records matched")
    press(page, "Copy as cell")
    found = []
    parts = ("Log streams", "Fields", "Saved", "History", "Samples", "Log groups")
    tabs = ("Logs", "Chart", "Explain")
    for part in parts:
        box(page).locator(".cwnb-left").get_by_role("button", name=part).click()
        found += serious(Axe().run(page, context=".cwnb-explorer").response["violations"])
    for tab in tabs:
        box(page).locator(".cwnb-tabs .lm-TabBar-tab", has_text=tab).click()
        found += serious(Axe().run(page, context=".cwnb-explorer").response["violations"])
    assert found == []


def serious(violations) -> list[str]:
    """Name what axe-core calls serious or critical, with the element where it is."""
    return [
        f"{violation['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


@pytest.mark.timeout(300)
def test_a_kernel_that_is_restarted_is_told(page):  # the last one, for the explorer is gone then
    from playwright.sync_api import expect

    press(page, "Run")
    expect_status(page, "60 of 60 records matched")
    expect(box(page).locator(".cwnb-tabs .cwnb-row").first).to_be_visible()
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    gone = "the kernel has been restarted or shut down; run the cell again"
    expect(box(page).locator(".cwnb-frame-says")).to_have_text(gone, timeout=60_000)
    run = box(page).locator(".cwnb-run-line .jupyter-button").first  # it has a sign in its name now
    expect(run).to_have_css("pointer-events", "none")
    # What it showed is still there.
    expect(box(page).locator(".cwnb-tabs .cwnb-row").first).to_be_visible()
    box(page).locator(".cwnb-left").get_by_role("button", name="Fields").click()
    box(page).locator(".cwnb-field", has_text="level").click()
    field = box(page).locator(".cwnb-fields > li", has_text="level")
    expect(field.locator(".cwnb-field-values")).to_have_text(gone)
