"""What a row opens to in a browser, the gestures there, and hostile text: all of it is text."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

import cwnb
from cwnb.notebook.exploration import Exploration
from cwnb.notebook.widgets.answer import AnswerView
from cwnb.results.visible import visible
from cwnb.times import Clock

from .bare_page import bare_page
from .conftest import NOW_MS
from .table_driver import Table


@pytest.fixture(scope="module")
def bare():
    with bare_page(width=1_000, height=1_200) as page:
        yield page
        assert page.errors == []


class Cell:
    """The view of an answer in the page, as a cell shows it."""

    def __init__(self, bare, name: str, result) -> None:
        self.bare, self.name = bare, name
        self.view = AnswerView(result, Exploration.of(result), in_cell=True)
        self.element = bare.show(name, self.view)

    def open(self, row: int):
        """Open a row, and give what is under it."""
        gutter = self.element.get_by_role("rowheader", name=str(row), exact=True)
        gutter.locator(".cwnb-open").click()
        return self.element.locator(".cwnb-inside").last

    def field(self, name: str, inside=None):
        """Give the line of a field in what is open."""
        heads = (inside or self.element).locator("tr")
        return heads.filter(has=self.bare.page.get_by_role("rowheader", name=name, exact=True))

    def click(self, button) -> None:
        """Click a gesture, and wait for the answer to the changed query."""
        button.click()
        self.bare.settle()
        self.view.run.wait(30)
        self.bare.refresh(self.name)

    @property
    def query(self):
        return self.element.locator(".cwnb-changed pre")


@pytest.fixture
def show(bare):
    shown: list[Cell] = []

    def show_answer(result) -> Cell:
        shown.append(Cell(bare, f"answer{len(bare.views)}", result))
        return shown[-1]

    yield show_answer
    for cell in shown:
        cell.element.evaluate("element => element.remove()")


def test_a_row_opens_to_its_event_and_the_events_around_it(show, logs):
    cell = show(logs.query("fields status | limit 20", "/shop/app"))
    inside = cell.open(3)
    expect(cell.field("ms").locator("td").last).to_have_text("84")
    expect(cell.field("@message").locator(".cwnb-event-value")).to_have_text(
        '{\n  "level": "ERROR",\n  "status": 500,\n  "ms": 84.0\n}'
    )
    around = inside.locator(".cwnb-neighbour")
    expect(around).to_have_count(9)  # five earlier, itself, and the three later
    expect(inside.locator("[aria-current]")).to_contain_text("10:56:00.000")
    assert not inside.get_by_role("button", name="Later").count()
    inside.get_by_role("button", name="Earlier").click()
    expect(around).to_have_count(29)
    around.nth(24).click()
    expect(around.nth(24)).to_have_attribute("aria-expanded", "true")
    neighbour = around.nth(24).locator("xpath=following-sibling::div")
    expect(cell.field("ms", neighbour).locator("td").last).to_have_text("82.5")
    around.nth(24).click()
    expect(neighbour).to_be_empty()


def test_gestures_change_the_query_in_place(show, logs, bare):
    cell = show(logs.query("fields status | limit 50", "/shop/app"))
    assert not cell.query.count()
    cell.open(0)
    cell.click(cell.field("level").get_by_role("button", name="keep only"))
    expect(cell.query).to_have_text(
        '%%insights -g /shop/app --start all\nfields status | filter level = "ERROR"\n| limit 50'
    )
    expect(cell.element.locator(".cwnb-summary")).to_contain_text("20 rows")
    cell.element.get_by_role("button", name="Copy as cell").click()
    expect(cell.element.locator(".cwnb-changed")).to_contain_text("copied; paste it into a cell")
    # The buttons for the value with the cursor are those of the table.
    cell.element.get_by_role("gridcell", name="500").first.click()
    Table(bare.page, cell.element).show_tools()
    tools = cell.element.get_by_role("toolbar")
    cell.click(tools.get_by_role("button", name="count the events by this field"))
    expect(cell.query).to_contain_text("| stats count(*) as events by status")
    expect(cell.element.locator(".cwnb-summary")).to_contain_text("1 row ")
    cell.open(0)
    cell.click(cell.element.get_by_role("button", name="Events behind this row"))
    expect(cell.element.locator(".cwnb-summary")).to_contain_text("20 rows")
    for _ in range(3):
        cell.click(cell.element.get_by_role("button", name="Undo"))
    assert not cell.query.count()
    expect(cell.element.locator(".cwnb-summary")).to_contain_text("50 rows")


def test_what_cannot_be_done_is_a_sentence_above_the_rows(show, logs):
    cell = show(logs.query("stats count(*) as n by level", "/shop/app"))
    cell.open(0)
    cell.click(cell.field("n").get_by_role("button", name="count the events"))
    notes = cell.element.locator(".cwnb-notes")
    expect(notes).to_have_text(
        "the query makes 'n' of several events; choose a field that each has"
    )
    logs.delete_group("/shop/app")
    cell.click(cell.field("level").get_by_role("button", name="keep only"))
    expect(notes).to_contain_text("no log group is named '/shop/app'; did you mean '/shop/web'?")
    expect(notes).to_contain_text("the rows below are those of the query before it")
    assert cell.element.locator(".cwnb-body .cwnb-row").count() == 2
    assert cell.query.count()


def test_values_of_an_open_row_have_the_width_where_that_is_little(show, logs):
    cell = show(logs.query("limit 1", "/shop/app"))
    cell.element.evaluate("element => { element.style.width = '480px'; }")
    cell.open(0)
    line = cell.field("@message")
    tool = line.get_by_role("button", name="keep only").bounding_box()
    value = line.locator(".cwnb-event-value").bounding_box()
    assert value["width"] > 400
    assert value["y"] >= tool["y"] + tool["height"] - 1


def test_warnings_of_old_rows_stand_below_what_says_that_they_are_old(show, logs):
    cell = show(logs.query('filter levl = "ERROR"', "/shop/app"))
    notes = cell.element.locator(".cwnb-notes > *")
    assert [text.split(":")[0] for text in notes.all_inner_texts()] == ["warning", "no rows"]
    cell.view.show_error("it went wrong")
    cell.bare.refresh(cell.name)
    said = notes.all_inner_texts()
    assert said[:2] == ["it went wrong", "the rows below are those of the query before it"]
    assert said[2].startswith("warning: ")


HOSTILE = [
    "<img src=x onerror='window.ran=1'>",
    "<script>window.ran=1</script></style><style>*{display:none}</style>",
    "\x1b[31mred\x1b[0m \x07",
    "a\u202egnp.exe\u2066 \u200b",
    r"$\frac{1}{2}$ **bold** [x](javascript:window.ran=1) `code`",
    "two\nlines",
    "</pre></td></table><iframe src=javascript:window.ran=1>",
]


def test_hostile_text_is_text_wherever_it_stands(show, tmp_path, bare):
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as logs:
        events = [
            (NOW_MS - 1000 * i, json.dumps({HOSTILE[0]: text, "level": text, "n": i}))
            for i, text in enumerate(HOSTILE, 1)
        ]
        logs.put("/odd", "<b>stream</b>", [*events, *((t, HOSTILE[1]) for t, _ in events)])
        cell = show(logs.query("fields level, n | sort n desc", "/odd"))
        for row, text in enumerate(reversed(HOSTILE)):
            inside = cell.open(row)
            shown = visible(text, keep="\n")
            expect(cell.field("level", inside).locator("td").last).to_have_text(
                re.compile(re.escape(shown))
            )
            expect(cell.field(HOSTILE[0], inside)).to_have_count(1)
            expect(cell.field("@logStream", inside)).to_contain_text("<b>stream</b>")
            expect(inside.locator(".cwnb-neighbour").first).to_be_visible()
            cell.click(cell.field("level", inside).get_by_role("button", name="keep only"))
            expect(cell.query).to_contain_text("filter level = ")
            expect(cell.element.locator(".cwnb-summary")).to_contain_text("1 row ")
            cell.click(cell.element.get_by_role("button", name="Undo"))
        cell.view.show_error(HOSTILE[0])
        bare.refresh(cell.name)
        expect(cell.element.locator(".cwnb-notes")).to_contain_text(HOSTILE[0])
        # The bars come last: until then a legend of the query before has its numbers in `b`.
        expect(cell.element.locator(".cwnb-histogram-about")).to_contain_text("14 events")
        made = cell.element.locator("img, script, style, iframe, b, a, code").evaluate_all(
            "nodes => nodes.map(node => node.outerHTML)"
        )
        assert made == []
        assert bare.page.evaluate("() => window.ran") is None
        expect(cell.element).to_be_visible()


def test_a_message_of_1_mb_is_cut_and_comes_whole(show, tmp_path):
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as logs:
        logs.put("/long", "s", [(NOW_MS - 1000, "x" * 1_000_000)])
        cell = show(logs.query("fields @message", "/long"))
        cell.open(0)
        value = cell.field("@message").locator(".cwnb-event-value")
        expect(value).to_have_text("x" * 10_000)
        cell.element.get_by_role("button", name="Show all of 1,000,000 characters").click()
        expect(value).to_have_text("x" * 1_000_000)
        box = value.bounding_box()
        assert box["width"] < 1_000
        assert box["height"] <= 340


def test_a_value_with_emojis_is_whole(show):
    message = "🙂" * 5_100  # JavaScript counts 10,200
    text = "🙂" * 1_500 + "…"
    cell = show(cwnb.query("fields text", [{"@message": message, "text": text}]))
    inside = cell.open(0)
    expect(cell.field("text", inside).locator(".cwnb-event-value")).to_be_visible()
    assert cell.element.get_by_role("button", name="Show all").count() == 0
    assert cell.field("text", inside).locator(".cwnb-event-value").inner_text() == text
    cell.element.get_by_label("Filter rows").fill("🙂")
    expect(cell.element.locator(".cwnb-table")).to_contain_text("1 of the 1 rows here have it")
    expect(cell.element.locator(".cwnb-table")).not_to_contain_text("of long values")


def test_rows_of_a_frame_have_no_gestures(show):
    cell = show(cwnb.query("fields level", [{"@timestamp": NOW_MS, "level": "ERROR"}]))
    inside = cell.open(0)
    buttons = cell.field("level", inside).get_by_role("button")
    assert buttons.all_inner_texts() == ["copy"]
    buttons.click()
    expect(buttons).to_have_text("copied")
    assert not cell.element.locator(".cwnb-around").count()
