"""What a person does to an answer and sees then: one function for each gesture of the table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .desk import LONG, Gestures, clipboard

if TYPE_CHECKING:
    from .desk import Answer, Desk

FIELDS = "fields level, status, ms"
ON_ANSWERS = Gestures()
gesture = ON_ANSWERS.enter


def values(answer: Answer, name: str, rows: int = 6) -> list[str]:
    """Give the values of a column in the first rows in the page."""
    return [answer.cell(row, name).inner_text() for row in answer.rows()[:rows]]


# ------------------------------------------------------------ the page itself


@gesture("sort by a column")
def sort_by_a_column(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.head("ms").click()
    assert values(answer, "ms", 3) == ["0", "1.5", "3"]
    answer.press("Home", "ArrowUp", "ArrowRight", "ArrowRight", "Enter")
    assert values(answer, "ms", 3) == ["88.5", "87", "85.5"]
    answer.head("ms").click()
    assert answer.rows()[:3] == [0, 1, 2]


@gesture("sort by several columns")
def sort_by_several_columns(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.head("level").click()
    for _ in range(2):
        answer.head("ms").click(modifiers=["Shift"])
    assert values(answer, "level", 2) == ["ERROR", "ERROR"]
    assert values(answer, "ms", 2) == ["88.5", "84"]


@gesture("filter the rows that are here")
def filter_the_rows_that_are_here(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.filter_box.fill("error")
    expect(answer.status).to_have_text("20 of the 60 rows here have it")
    assert set(values(answer, "level")) == {"ERROR"}


@gesture("find a text")
def find_a_text(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.press("ArrowDown", "Control+f")
    desk.page.keyboard.type("88.5")
    found = answer.element.locator(".cwnb-controls [role=status]")
    expect(found).to_have_text("1 of 1 row")
    expect(answer.element.locator(".cwnb-body mark")).to_have_text("88.5")
    answer.find_box.fill("ERROR")
    expect(found).to_contain_text("of 20 rows")
    before = found.inner_text()
    answer.find_box.press("Enter")
    expect(found).not_to_have_text(before)
    answer.button("the row before that has it").click()
    expect(found).to_have_text(before)


@gesture("move the cursor")
def move_the_cursor(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    first = values(answer, "level", 1)
    answer.press("Control+Home")
    assert [answer.cursor()] == first
    answer.press("Control+End")
    assert answer.cursor() == "0"
    assert 59 in answer.rows()


@gesture("select cells or rows")
def select_cells_or_rows(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    selected = answer.element.locator(".cwnb-body [aria-selected=true]")
    answer.drag(answer.cell(1, "level"), answer.cell(2, "status"))
    expect(selected).to_have_count(4)
    answer.cell(1, "level").click()
    answer.cell(3, "level").click(modifiers=["Shift"])
    expect(selected).to_have_count(3)
    answer.press("Shift+ArrowRight")
    expect(selected).to_have_count(6)
    answer.cell(5, "level").click()
    answer.press(" ")
    expect(selected).to_have_count(3)


@gesture("hide a column")
def hide_a_column(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.element.locator("summary").click()
    answer.element.get_by_label("status").uncheck()
    assert answer.names() == ["level", "ms"]
    answer.element.get_by_label("ms").uncheck()
    assert answer.names() == ["level"]
    answer.button("As the answer has them").click()
    assert answer.names() == ["level", "status", "ms"]


@gesture("move a column")
def move_a_column(desk: Desk) -> None:
    answer = desk.answer("fields ms, level")
    answer.drag(answer.head("ms"), answer.head("level"))
    assert answer.names() == ["level", "ms"]
    answer.press("ArrowUp", "Home", "ArrowUp", "Alt+ArrowRight")
    assert answer.names() == ["ms", "level"]


@gesture("size a column")
def size_a_column(desk: Desk) -> None:
    answer = desk.answer("fields status, ms")
    width = answer.head("status").bounding_box()["width"]
    grip = answer.head("status").locator(".cwnb-grip").bounding_box()
    desk.page.mouse.move(grip["x"] + 3, grip["y"] + 5)
    desk.page.mouse.down()
    desk.page.mouse.move(grip["x"] + 63, grip["y"] + 5, steps=3)
    desk.page.mouse.up()
    assert abs(answer.head("status").bounding_box()["width"] - width - 60) <= 1
    answer.press("Control+Home", "ArrowUp", "Alt+Shift+ArrowRight")
    assert abs(answer.head("status").bounding_box()["width"] - width - 80) <= 1


@gesture("wrap long values")
def wrap_long_values(desk: Desk) -> None:
    answer = desk.answer("fields @message", "-g /shop/long")
    height = answer.cell(0, "@message").bounding_box()["height"]
    answer.button("Wrap").click()
    assert answer.cell(0, "@message").bounding_box()["height"] > 2 * height
    answer.button("Wrap").click()


@gesture("reach the buttons of a value")
def reach_the_buttons_of_a_value(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.press("Control+Home", "F2")
    focused = desk.page.locator(":focus")
    expect(focused).to_have_attribute("aria-label", "keep only rows with this value")
    desk.page.keyboard.press("Tab")
    expect(focused).to_have_attribute("aria-label", "leave out rows with this value")
    desk.page.keyboard.press("Escape")
    expect(focused).to_have_attribute("role", "grid")


@gesture("point at a time")
def point_at_a_time(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    about = answer.element.locator(".cwnb-histogram-about")
    expect(about).to_contain_text("60 events")
    answer.element.locator(".cwnb-bars").focus()
    desk.page.keyboard.press("Home")
    expect(about).to_contain_text(" to ")
    expect(about).not_to_contain_text("60 events")


# ------------------------------------------------------------ copies and events


@gesture("copy a value")
def copy_a_value(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.cell(2, "ms").click()
    answer.press("Control+c")
    expect(answer.status).to_contain_text("copied the value as text")
    assert [clipboard(desk.page)] == values(answer, "ms", 3)[2:]
    answer.tool(3, "status", "copy").click()
    desk.page.wait_for_function("async () => await navigator.clipboard.readText() === '500'")


@gesture("copy what is selected")
def copy_what_is_selected(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.cell(0, "level").click()
    answer.press("Control+a")
    answer.button("JSON").click()
    expect(answer.status).to_contain_text("copied 60 rows of 3 columns as JSON")
    copied = json.loads(clipboard(desk.page))
    assert (len(copied), copied[0]) == (60, {"level": "ERROR", "status": 500, "ms": 88.5})
    answer.press("Control+Home", "Shift+ArrowRight")
    answer.button("CSV").click()
    expect(answer.status).to_contain_text("as CSV")
    assert clipboard(desk.page) == "level,status\nERROR,500\n"


@gesture("show a whole value")
def show_a_whole_value(desk: Desk) -> None:
    answer = desk.answer("fields @message", "-g /shop/long")
    answer.tool(0, "@message", "whole").click()
    expect(answer.element.locator(".cwnb-whole")).to_have_text(LONG)


@gesture("open a row")
def open_a_row(desk: Desk) -> None:
    answer = desk.answer("fields ms")
    answer.button("all of row 1").click()
    opened = answer.element.locator(".cwnb-event-fields").first
    for name in ("@timestamp", "@message", "@logStream", "level", "status"):
        expect(opened.get_by_role("rowheader", name=name).first).to_be_visible()
    answer.button("all of row 1").click()
    expect(answer.element.locator(".cwnb-event-fields")).to_have_count(0)
    answer.press("Control+Home", "Enter")
    expect(answer.element.locator(".cwnb-event-fields")).to_have_count(1)


@gesture("see the events around it")
def see_the_events_around_it(desk: Desk) -> None:
    answer = desk.answer("fields ms")
    answer.button("all of row 5").click()
    around = answer.element.locator(".cwnb-around")
    expect(around.locator(".cwnb-neighbour")).to_have_count(11)
    around.get_by_role("button", name="Earlier").click()
    expect(around.locator(".cwnb-neighbour")).to_have_count(31)
    expect(around.locator("[aria-current=true]")).to_contain_text('"ms": 81')


@gesture("open an event around it")
def open_an_event_around_it(desk: Desk) -> None:
    answer = desk.answer("fields ms")
    answer.button("all of row 5").click()
    neighbour = answer.element.locator("button.cwnb-neighbour").last
    neighbour.click()
    expect(answer.element.locator(".cwnb-around .cwnb-event-fields")).to_contain_text("88.5")


# ------------------------------------------------------------ asks again


def expect_query(answer: Answer, *lines: str) -> None:
    expect(answer.query).to_have_text("\n".join(["%%insights -g /shop/app --start all", *lines]))


@gesture("keep only a value")
def keep_only_a_value(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.tool(0, "level", "keep only").click()
    expect_query(answer, FIELDS, '| filter level = "ERROR"')
    expect(answer.status).to_have_text("20 rows")


@gesture("leave out a value")
def leave_out_a_value(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.press("Control+Home", "F2", "Tab", "Enter")
    expect_query(answer, FIELDS, '| filter level != "ERROR"')
    expect(answer.status).to_have_text("40 rows")


@gesture("count by a field")
def count_by_a_field(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.tool(0, "level", "count the events by this field").click()
    expect(answer.query).to_contain_text("by level")
    expect(answer.status).to_have_text("2 rows")


@gesture("keep only a value of an opened row")
def keep_only_a_value_of_an_opened_row(desk: Desk) -> None:
    answer = desk.answer("fields ms")
    answer.button("all of row 0").click()
    field = answer.element.locator(".cwnb-event-fields tr", has=desk.page.get_by_text("status"))
    field.get_by_role("button", name="keep only").first.click()
    expect(answer.query).to_contain_text("filter status = 500")
    expect(answer.status).to_have_text("20 rows")


@gesture("see the events behind a row of `stats`")
def see_the_events_behind_a_row_of_stats(desk: Desk) -> None:
    answer = desk.answer("stats count(*) as n by level | sort level")
    answer.button("all of row 0").click()
    answer.button("Events behind this row").click()
    expect_query(answer, 'filter level = "ERROR"')
    expect(answer.status).to_have_text("20 rows")


@gesture("narrow the window")
def narrow_the_window(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    bars = answer.element.locator(".cwnb-bars")
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    about = answer.element.locator(".cwnb-histogram-about")
    desk.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 30, steps=3)
    expect(about).to_contain_text("narrow: ")
    count = about.inner_text().rpartition(": ")[2].partition(" ")[0]
    desk.page.mouse.up()
    expect(answer.query).to_contain_text("--start 2026-11-20T10:")
    expect(answer.status).to_have_text(f"{count} rows")


@gesture("undo")
def undo(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.tool(0, "level", "keep only").click()
    expect(answer.status).to_have_text("20 rows")
    answer.button("Undo").click()
    expect(answer.status).to_have_text("60 rows")
    expect(answer.query).to_have_count(0)


@gesture("copy the query as a cell")
def copy_the_query_as_a_cell(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    answer.tool(0, "level", "keep only").click()
    answer.button("Copy as cell").click()
    expect(answer.element.get_by_text("copied; paste it into a cell")).to_be_visible()
    assert clipboard(desk.page) == answer.query.inner_text()


@gesture("stop what a gesture asked")
def stop_what_a_gesture_asked(desk: Desk) -> None:
    answer = desk.answer(FIELDS)
    desk.hold()
    answer.tool(0, "level", "keep only").click()
    answer.button("Stop").click()
    expect(answer.element.get_by_role("alert")).to_contain_text("these are the rows so far")
    expect(answer.button("Stop")).to_have_count(0)
