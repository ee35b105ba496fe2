"""Views for everybody: by keyboard alone, with a screen reader, in a light and in a dark theme."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from . import desk as desks

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
CHANGE_THEME = """theme =>
    window.jupyterapp.commands.execute("apputils:change-theme", { theme })"""
CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell =>
    [cell.model.type, cell.model.sharedModel.source])"""
# The controls of a view that can be seen and used. Rows, options and tabs are gone to by arrows,
# and the buttons of a value by F2.
CONTROLS = """root => {
    const all = [...root.querySelectorAll("button, input, select, textarea, summary, [tabindex]")];
    const isOne = node => node.checkVisibility({ visibilityProperty: true }) && !node.disabled
        && node.offsetWidth > 0 && !node.closest("[role=grid] > *, .cwnb-bar, [role=option]")
        && node.getAttribute("role") !== "tab" && !node.matches("[tabindex='-1']:not(button)");
    const controls = all.filter(isOne);
    controls.forEach((node, number) => { node.dataset.number = number; });
    return controls.map(node => node.ariaLabel || node.innerText || node.outerHTML.slice(0, 120));
}"""
FOCUSED = """root => root.contains(document.activeElement)
    ? Number(document.activeElement.dataset.number ?? -1) : null"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with desks.desk(tmp_path_factory.mktemp("access"), "lab", []) as opened:
        yield opened


@pytest.fixture(params=THEMES)
def theme(desk, request):
    desk.page.evaluate(CHANGE_THEME, THEMES[request.param])
    is_light = str(request.param == "light").lower()
    desk.page.wait_for_selector(f"body[data-jp-theme-light={is_light}]", state="attached")


def changed_answer(desk):
    """Show an answer that has all there is to it: a changed query, an opened row, a menu."""
    answer = desk.answer("fields @timestamp, level, status, ms, @message")
    answer.tool(0, "level", "keep only").click()
    expect(answer.status).to_have_text("20 rows")
    answer.button("all of row 1").click()
    answer.element.locator(".cwnb-neighbour").first.wait_for()
    answer.element.locator("button.cwnb-neighbour").first.click()
    answer.element.locator(".cwnb-around .cwnb-event-fields").wait_for()
    return answer


def faults(page, context: str) -> list[str]:
    """Name what axe-core calls serious or critical, with the element where it is."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        f"{found['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for found in Axe().run(page, context=context).response["violations"]
        if found["impact"] in {"serious", "critical"}
        for node in found["nodes"]
    ]


@pytest.mark.timeout(300)
def test_an_answer_has_no_serious_fault_in_either_theme(desk, theme):
    answer = changed_answer(desk)
    answer.element.locator("summary").click()
    answer.find_box.fill("ERROR")
    answer.cell(2, "level").click()
    expect(answer.element.locator(".cwnb-body mark").first).to_be_visible()
    assert faults(desk.page, ".cwnb-answer") == []
    desk.answer("fields nosuch")
    assert faults(desk.page, ".cwnb-answer") == []


@pytest.mark.timeout(300)
def test_an_explorer_has_no_serious_fault_in_either_theme(desk, theme):
    box = desk.explorer("stats count(*) as n by level")
    assert faults(desk.page, ".cwnb-explorer") == []
    box.get_by_role("button", name="Run", exact=True).click()
    expect(box.locator(".cwnb-run-line")).to_contain_text("2 rows")
    for name in ("Fields", "Saved", "History", "Samples"):
        box.locator(".cwnb-left .jupyter-widget-Collapse-header", has_text=name).click()
        assert faults(desk.page, ".cwnb-explorer") == []


def unreached(desk, root) -> list[str]:
    """Press Tab from the first control of a view to its last, and name those that were left out."""
    names = root.evaluate(CONTROLS)
    reached = set()
    root.locator("[data-number='0']").focus()
    for _ in range(2 * len(names) + 60):
        number = root.evaluate(FOCUSED)
        if number is None:
            break
        reached.add(number)
        desk.page.keyboard.press("Tab")
    return [name for number, name in enumerate(names) if number not in reached]


@pytest.mark.timeout(300)
def test_the_keyboard_reaches_every_control(desk):
    assert unreached(desk, changed_answer(desk).element) == []
    box = desk.explorer("stats count(*) as n by level")
    for name in ("Fields", "Saved", "Samples"):
        box.locator(".cwnb-left .jupyter-widget-Collapse-header", has_text=name).click()
        assert unreached(desk, box) == []
    box.get_by_role("button", name="Custom", exact=True).click()
    box.get_by_role("button", name="Run", exact=True).click()
    expect(box.locator(".cwnb-run-line")).to_contain_text("2 rows")
    assert unreached(desk, box) == []


@pytest.mark.timeout(300)
def test_keys_pressed_in_a_view_leave_the_cells_unchanged(desk):
    answer = changed_answer(desk)
    before = desk.page.evaluate(CELLS)
    for place in (
        answer.scroller,
        answer.button("Undo"),
        answer.button("Wrap"),
        answer.element.locator(".cwnb-bars"),
        answer.element.locator(".cwnb-event-fields button").first,
        answer.element.locator("button.cwnb-neighbour").first,
        answer.element.locator("summary"),
        answer.filter_box,
    ):
        place.focus()
        for key in "ddxabzm":
            desk.page.keyboard.press(key)
    assert desk.page.evaluate(CELLS) == before
    assert answer.element.is_visible()
