"""The table of an answer, in a browser: what each click, key and drag shows and copies."""

from __future__ import annotations

import json
from itertools import pairwise

import pandas as pd
import pytest
from playwright.sync_api import expect

import cwnb
from cwnb.notebook.widgets.answer import AnswerView
from cwnb.results import held
from cwnb.results.visible import visible

from .bare_page import bare_page
from .table_driver import Table

LEVELS = ["INFO", "ERROR", "WARN", None]
COUNTS = ["9", "10", "x", "9007199254740993", "9007199254740992"]


def frame(**columns):
    """Make a frame whose rows an answer has in this order: it begins with the last one."""
    return pd.DataFrame(columns)[::-1].reset_index(drop=True)


ROWS = frame(
    n=range(60),
    level=[LEVELS[n % 4] for n in range(60)],
    count=[COUNTS[n % 5] for n in range(60)],
    ms=[n * 7 % 60 + 0.125 for n in range(60)],
    note=[f"note {n} " + "word " * n for n in range(60)],
)
NOTES = ROWS["note"].tolist()[::-1]
MS = ROWS["ms"].tolist()[::-1]
ALL = "fields level, count, ms, note | limit 100000"
COLUMNS = ["level", "count", "ms", "note"]


@pytest.fixture(scope="module")
def bare():
    with bare_page(width=1_000, height=800) as page:
        yield page
        assert page.errors == []
        assert page.page.evaluate("() => window.ran") is None


@pytest.fixture
def show(bare):
    """Show an answer about a frame in a table."""
    shown = []
    bare.page.evaluate(
        """() => {
            if (document.querySelector("#pasted")) return;
            const area = document.createElement("textarea");
            area.id = "pasted";
            document.body.append(area);
        }"""
    )

    def show(frame=ROWS, text=ALL, width=900, *, is_known=False) -> Table:
        if not is_known:
            bare.page.evaluate("() => globalThis[Symbol.for('cwnb.columns')].clear()")
        view = AnswerView(cwnb.query(text, frame))
        element = bare.show(f"view{len(bare.views)}", view, f"width: {width}px")
        shown.append(element)
        expect(element.locator(".cwnb-title, .cwnb-empty").first).to_be_visible()
        return Table(bare.page, element)

    yield show
    for element in shown:
        element.evaluate("element => element.remove()")


def in_order(*by: str) -> list[int]:
    """Give the rows as the language sorts them."""
    text = f"fields level, count, ms, note, n | sort {', '.join(by)} | limit 1000"
    return cwnb.query(text, ROWS).df["n"].tolist()


SORTS = [
    # the heads that are clicked (+ with Shift), the order that it makes, the marks
    (["level"], ["level asc"], {"level": "▲"}),
    (["count"], ["count asc"], {"count": "▲"}),
    (["count", "count"], ["count desc"], {"count": "▼"}),
    (["count", "count", "count"], [], {}),
    (["level", "+count", "+count"], ["level asc", "count desc"], {"level": "▲1", "count": "▼2"}),
    (["level", "+level", "+ms"], ["level desc", "ms asc"], {"level": "▼1", "ms": "▲2"}),
    (["level", "+count", "+level", "+level"], ["count asc"], {"count": "▲"}),
    (["level", "+count", "ms"], ["ms asc"], {"ms": "▲"}),
]


@pytest.mark.parametrize("way", ["pointer", "keys"])
@pytest.mark.parametrize(("pressed", "by", "marks"), SORTS)
def test_heads_sort_as_the_language_does(show, pressed, by, marks, way):
    table = show()
    for press in pressed:
        is_added, name = press.startswith("+"), press.lstrip("+")
        if way == "pointer":
            table.head(name).click(modifiers=["Shift"] if is_added else [])
        else:
            rights = ["ArrowRight"] * COLUMNS.index(name)
            table.press("Home", "ArrowUp", "Home", *rights)
            table.press("Shift+Enter" if is_added else "Enter")
    wanted = in_order(*by) if by else list(range(60))
    rows = table.rows()
    assert len(rows) > 15
    assert rows == wanted[: len(rows)]
    shown = {name: table.head(name).locator(".cwnb-sorted").inner_text() for name in COLUMNS}
    assert {name: mark for name, mark in shown.items() if mark} == marks
    for name in COLUMNS:
        way_said = {"▲": "ascending", "▼": "descending", "": "none"}[marks.get(name, "")[:1]]
        assert table.head(name).get_attribute("aria-sort") == way_said


def test_keys_move_the_cursor_and_the_table_scrolls_after_it(show):
    table = show()
    table.press("ArrowDown")
    assert table.cursor() == "INFO"
    for keys, text in [
        (["ArrowRight"], "9"),
        (["End"], "9007199254740992"),
        (["ArrowRight"], "53.125"),
        (["Control+Home"], "INFO"),
        (["Control+End"], NOTES[59]),
        (["Home", "ArrowUp"], "note"),
        (["Home"], "level"),
        (["End"], "note"),
        (["PageDown", "ArrowUp"], NOTES[17]),
    ]:
        table.press(*keys)
        assert table.cursor() == text.strip() or table.cursor().startswith(text[:30])
        assert table.element.locator(".cwnb-cursor").count() == 1
    # The cursor stays with its row when the order changes; a sort shows its beginning.
    table.filter_box.fill("note 17")
    expect(table.status).to_contain_text("1 of the 60 rows")
    assert table.cursor().startswith("note 17")
    table.filter_box.fill("")
    expect(table.status).to_have_text("60 rows")
    expect(table.element.locator(".cwnb-current")).to_be_in_viewport()
    table.head("ms").click()
    assert table.rows()[0] == 0
    table.press("ArrowUp", "ArrowDown")
    assert table.cursor().startswith("note 17")
    expect(table.element.locator(".cwnb-current")).to_be_in_viewport()


def test_keys_change_the_height(show):
    table = show()
    height = table.scroller.bounding_box()["height"]
    table.press("ArrowDown", "Alt+ArrowUp")
    assert table.scroller.bounding_box()["height"] == height - 44
    table.head("ms").click()
    assert table.scroller.bounding_box()["height"] == height - 44


def test_the_filter_shows_the_rows_that_have_it_and_says_of_how_many(show):
    table = show()
    table.filter_box.fill("error")
    expect(table.status).to_have_text("15 of the 60 rows here have it")
    assert table.rows() == list(range(1, 60, 4))
    table.head("ms").click(click_count=1)
    assert table.rows() == [n for n in in_order("ms asc") if n % 4 == 1]
    assert table.scroller.get_attribute("aria-rowcount") == "16"
    # What is hidden is not looked at, and signs are no patterns.
    table.filter_box.fill("53.125")
    expect(table.status).to_have_text("1 of the 60 rows here have it")
    table.filter_box.fill("53.1.5")
    expect(table.status).to_have_text("0 of the 60 rows here have it")
    table.filter_box.fill("")
    expect(table.status).to_have_text("60 rows")


def test_find_marks_what_it_finds_and_steps_from_row_to_row(show):
    table = show()
    table.find_box.fill("NOTE 3")
    found = table.element.locator(".cwnb-controls [role=status]")
    expect(found).to_have_text("1 of 11 rows")
    assert table.cursor().startswith("note 3 ")
    for key, said in [("Enter", "2 of 11 rows"), ("Shift+Enter", "1 of 11 rows")]:
        table.find_box.press(key)
        expect(found).to_have_text(said)
    table.button("the row before that has it").click()
    expect(found).to_have_text("11 of 11 rows")
    assert table.cursor().startswith("note 39")
    marks = table.element.locator(".cwnb-body mark")
    assert set(marks.all_inner_texts()) == {"note 3"}
    table.find_box.fill("nowhere")
    expect(found).to_have_text("0 rows")
    assert marks.count() == 0


def test_what_is_found_far_in_a_long_value_is_brought_into_sight(show):
    table = show(frame(text=["x" * 900 + " needle " + "y" * 900]), "fields text")
    table.find_box.fill("needle")
    mark = table.element.locator("mark")
    expect(mark).to_be_visible()
    cell = table.cell(0, "text").bounding_box()
    assert mark.bounding_box()["x"] + 40 < cell["x"] + cell["width"]
    assert table.cell(0, "text").inner_text().startswith("…")


def test_columns_are_hidden_moved_and_sized_and_remembered(show):
    table = show()
    width = table.head("count").bounding_box()["width"]
    grip = table.head("count").locator(".cwnb-grip").bounding_box()
    table.page.mouse.move(grip["x"] + 3, grip["y"] + 5)
    table.page.mouse.down()
    table.page.mouse.move(grip["x"] + 73, grip["y"] + 5, steps=3)
    table.page.mouse.up()
    assert table.head("count").bounding_box()["width"] == pytest.approx(width + 70, abs=1)
    assert table.rows() == list(range(len(table.rows())))  # it was no click
    table.drag(table.head("level"), table.head("ms"))
    assert table.names() == ["count", "ms", "level", "note"]
    table.drag(table.head("note"), table.head("count"))
    assert table.names() == ["note", "count", "ms", "level"]
    menu = table.element.get_by_text("Columns", exact=True)
    menu.click()
    table.element.get_by_label("ms").uncheck()
    assert table.names() == ["note", "count", "level"]
    expect(table.element.locator("summary")).to_have_text("Columns (1 hidden)")
    again = show(is_known=True)
    assert again.names() == ["note", "count", "level"]
    assert again.head("count").bounding_box()["width"] == pytest.approx(width + 70, abs=1)
    other = show(ROWS, "fields level, ms", is_known=True)
    assert other.names() == ["level", "ms"]
    again.element.locator("summary").click()
    again.button("As the answer has them").click()
    assert again.names() == COLUMNS


def test_columns_that_do_not_fit_are_wide_enough_to_read(show):
    wide = frame(**{f"group{i}": ["000000000000:/shop/app"] for i in range(8)}, text=["word " * 99])
    table = show(
        wide, "fields text, group0, group1, group2, group3, group4, group5, group6, group7"
    )
    cell = table.cell(0, "group0")
    assert cell.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert table.head("text").bounding_box()["width"] <= 450  # half of the table


def test_short_texts_stay_whole_beside_a_long_one(show):
    names = {"ip": ["153.158.161.196"], "event": ["AssumeRoleWithWebIdentity"]}
    table = show(frame(**names, message=["word " * 99]), "fields ip, event, message", width=560)
    for name in names:
        assert table.cell(0, name).evaluate("node => node.scrollWidth <= node.clientWidth")
    assert table.head("message").bounding_box()["width"] >= 240


def test_find_brings_what_it_found_into_sight_where_the_page_is_short(show, bare):
    table = show()
    bare.page.set_viewport_size({"width": 1_000, "height": 300})
    try:
        table.button("all of row 2").click()
        table.find_box.fill("note 16 ")
        table.find_box.press("Enter")
        expect(table.cell(16, "note")).to_be_in_viewport(ratio=1)
    finally:
        bare.page.set_viewport_size({"width": 1_000, "height": 800})


def test_keys_move_and_size_columns(show):
    table = show()
    width = table.head("level").bounding_box()["width"]
    table.press("Alt+ArrowRight", "Alt+Shift+ArrowRight")
    assert table.names() == ["count", "level", "ms", "note"]
    assert table.head("level").bounding_box()["width"] == pytest.approx(width + 20, abs=1)
    assert table.cursor().startswith("level")


def test_the_last_column_cannot_be_hidden(show):
    table = show(ROWS, "fields level, ms")
    table.element.locator("summary").click()
    table.element.get_by_label("ms").uncheck()
    expect(table.element.get_by_label("level")).to_be_disabled()


def test_a_cell_a_row_and_a_selection_are_copied_with_every_digit(show):
    table = show()
    table.cell(3, "count").click()
    table.press("Control+c")
    assert table.copied("copied the value as text") == "9007199254740993"
    table.cell(2, "level").locator("xpath=..").locator(".cwnb-gutter").click(
        position={"x": 45, "y": 9}
    )
    table.button("JSON").click()
    assert json.loads(table.copied("copied 1 row of 4 columns as JSON")) == [
        {"level": "WARN", "count": "x", "ms": 14.125, "note": "note 2 word word "}
    ]
    table.drag(table.cell(3, "count"), table.cell(5, "ms"))
    table.button("CSV").click()
    assert table.copied("copied 3 rows of 2 columns as CSV") == (
        "count,ms\n9007199254740993,21.125\n9007199254740992,28.125\n9,35.125\n"
    )
    table.press("Control+c")
    assert table.copied("copied 3 rows of 2 columns as text") == (
        "9007199254740993\t21.125\n9007199254740992\t28.125\n9\t35.125\n"
    )
    table.cell(0, "level").click()
    table.cell(1, "count").click(modifiers=["Shift"])
    table.press("Control+c")
    assert table.copied("copied 2 rows of 2 columns as text") == "INFO\t9\nERROR\t10\n"
    table.cell(0, "level").click()
    table.press("Shift+ArrowDown", "Shift+ArrowDown", "Control+c")
    assert table.copied("copied 3 rows of 1 column as text") == "INFO\nERROR\nWARN\n"
    table.press(" ", "Control+c")
    assert table.copied("copied 1 row of 4 columns as text").startswith("WARN\tx\t14.125\t")


def test_a_copy_has_rows_and_columns_as_they_are_shown(show):
    table = show()
    table.head("ms").click()
    table.head("ms").click()
    table.drag(table.head("ms"), table.head("level"))
    table.filter_box.fill("warn")
    expect(table.status).to_contain_text("15 of the 60 rows")
    table.press("Control+a")
    table.button("CSV").click()
    lines = table.copied("copied 15 rows of 4 columns as CSV").splitlines()
    assert lines[0] == "ms,level,count,note"
    wanted = [n for n in in_order("ms desc") if n % 4 == 2]
    assert [line.split(",")[0] for line in lines[1:]] == [str(MS[n]) for n in wanted]


def test_all_rows_are_copied_where_nothing_is_chosen(show):
    table = show()
    table.element.get_by_label("Filter rows").fill("note 2")
    expect(table.status).to_contain_text("of the 60 rows here have it")
    shown = int(table.status.inner_text().split(" of ")[0])
    table.button("CSV").click()
    lines = table.copied(f"copied all {shown} rows of 4 columns as CSV").splitlines()
    assert len(lines) == shown + 1


def test_keys_copy_nothing_where_nothing_is_chosen(show):
    table = show()
    table.press("Control+c")
    expect(table.status).to_contain_text("choose cells or rows first")


def test_the_numbers_of_rows_say_how_they_are_counted(show):
    corner = show().element.locator(".cwnb-head .cwnb-gutter")
    assert "from 0" in corner.get_attribute("title")


def test_wrapped_rows_show_their_whole_values_and_the_last_row_is_reached(show):
    table = show()
    table.button("Wrap").click()
    expect(table.button("Wrap")).to_have_attribute("aria-pressed", "true")
    table.press("ArrowDown", "End")
    cell = table.cell(59, "note")
    assert cell.bounding_box()["height"] > 30
    box, frame = cell.bounding_box(), table.scroller.bounding_box()
    assert box["y"] + box["height"] <= frame["y"] + frame["height"] + 1
    tops = table.element.locator(".cwnb-body .cwnb-row").evaluate_all(
        "rows => rows.map(row => row.getBoundingClientRect()).map(({top, bottom}) => [top, bottom])"
    )
    assert all(below[0] == pytest.approx(above[1], abs=1) for above, below in pairwise(tops))
    assert show(is_known=True).button("Wrap").get_attribute("aria-pressed") == "true"


def test_a_row_opens_under_it_and_closes(show):
    table = show()
    opener = table.button("all of row 2")
    opener.click()
    assert opener.get_attribute("aria-expanded") == "true"
    inset = table.element.locator(".cwnb-inset")
    expect(inset).to_be_visible()
    row, below = table.cell(2, "level").bounding_box(), table.cell(3, "level").bounding_box()
    assert inset.bounding_box()["y"] >= row["y"] + row["height"] - 1
    assert below["y"] >= inset.bounding_box()["y"] + inset.bounding_box()["height"] - 1
    table.head("ms").click()
    expect(inset).to_have_count(1)
    table.press("Enter")
    table.head("ms").click()
    table.element.get_by_label("Filter rows").fill("note 2 ")
    expect(table.status).to_contain_text("1 of the 60 rows")
    table.press("ArrowDown", "Enter")
    expect(inset.locator("visible=true")).to_have_count(0)


def test_a_value_of_1_mb_is_shown_and_copied_whole(show):
    text = "begin " + "x" * 1_000_000 + " end"
    table = show(frame(text=[text, "short"]), "fields text")
    table.filter_box.fill("end")
    expect(table.status).to_have_text(
        "0 of the 2 rows here have it; of long values the first 2,000 characters are looked at"
    )
    table.filter_box.fill("")
    table.cell(0, "text").click()
    table.button("whole").click()
    whole = table.element.locator(".cwnb-whole")
    expect(whole).to_have_text(text)
    assert whole.bounding_box()["height"] <= 300
    table.button("copy").click()
    assert table.copied("copied the value as text") == text
    table.button("Close").click()
    expect(whole).to_have_count(0)


def test_100_000_rows_are_held_and_the_last_is_reached_in_every_way(show):
    many = frame(n=range(100_000), text=[f"line {n}" for n in range(100_000)])
    table = show(many, "fields n, text | limit 100000")
    expect(table.status).to_have_text("100,000 rows", timeout=30_000)
    assert table.page.locator("*").count() < 1_000
    table.press("ArrowDown", "End")
    assert table.rows()[-1] == 99_999
    assert table.cursor() == "99999"
    table.press("Home")
    assert table.rows()[0] == 0
    table.scroller.evaluate("element => { element.scrollTop = 1e9 }")
    expect(table.element.get_by_role("rowheader", name="99999", exact=True)).to_be_visible()
    table.scroller.evaluate("element => { element.scrollTop = 0 }")
    table.find_box.fill("line 99999")
    expect(table.element.locator(".cwnb-controls [role=status]")).to_have_text("1 of 1 row")
    assert table.cursor() == "line 99999"
    table.find_box.fill("")
    table.head("n").click()
    table.head("n").click()
    table.press("Home")
    assert table.rows()[0] == 99_999


def test_rows_that_are_not_held_are_said(show, monkeypatch):
    monkeypatch.setattr(held, "MOST_BYTES", 1_000_000)
    table = show(frame(text=["é" * 500] * 2_000), "fields text | limit 2000")
    expect(table.status).to_contain_text("sort, filter and find see only these, .df has all")
    shown = int(table.status.inner_text().split()[0].replace(",", ""))
    assert 900 < shown < 1_000
    expect(table.status).to_contain_text(f"{shown} of 2,000 rows")


def test_0_rows_are_a_sentence(show):
    table = show(ROWS, "fields level | filter level = 'NONE'")
    expect(table.element.locator(".cwnb-empty")).to_have_text("no rows")


WIDE = f"fields {', '.join(f'c{i}' for i in range(1_200))}"  # a query has 10,000 characters


def test_many_columns_are_counted_and_few_are_in_the_page(show):
    table = show(frame(**{f"c{i}": [i] for i in range(1_200)}), WIDE)
    expect(table.status).to_have_text("1 row; 1,000 more columns in .df")
    assert table.page.locator("*").count() < 1_000
    table.press("ArrowDown", "Control+End")
    assert table.cursor() == "199"


ODD = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x3000 * 0x10), 0xE0001, 0xE007F, 0x10FFFF]))


def test_the_page_marks_the_characters_that_the_library_marks(bare):
    shown = bare.page.evaluate(
        "text => visibleNodes(text, { lines: true })"
        ".map((node) => node.textContent ?? node).join('')",
        ODD,
    )
    assert shown == visible(ODD.replace("\r\n", "\n"), keep="\n\t")


HOSTILE = [
    "<img src=x onerror='window.ran=1'>",
    "<script>window.ran=1</script></style>",
    "\x1b[31mred\x1b[0m",
    "a\u202egnp.exe",
    r"$\frac{1}{2}$ **bold** [x](javascript:window.ran=1)",
    "two\nlines",
]


def test_hostile_values_and_names_are_text(show):
    table = show(frame(**{HOSTILE[0]: HOSTILE}), f"fields `{HOSTILE[0]}`")
    assert table.names() == [HOSTILE[0]]
    cells = table.element.locator(".cwnb-body .cwnb-cell")
    assert cells.all_inner_texts() == [visible(text).replace("⟨LF⟩", "↵") for text in HOSTILE]
    assert table.element.locator("img, script, b, strong, a").count() == 0
    table.find_box.fill("<SCRIPT>")
    expect(table.element.locator("mark")).to_have_text("<script>")


def test_the_buttons_of_a_value_hide_no_other_value(show):
    table = show()
    bar = table.element.locator(".cwnb-bar")
    for name in COLUMNS:
        cell = table.cell(3, name)
        cell.hover()
        expect(bar).to_be_visible()
        inside, over = cell.bounding_box(), bar.bounding_box()
        assert over["x"] >= inside["x"] - 1, name
        assert over["x"] + over["width"] <= inside["x"] + inside["width"] + 1, name
    # What a narrow cell has no room for comes when it is asked for, and goes with the pointer.
    table.tool(3, "count", "copy").click()
    assert table.copied("copied the value as text") == table.cell(3, "count").inner_text()
    table.cell(5, "level").click()
    expect(bar).to_have_text("⋯")
    table.press("F2")
    expect(table.page.locator(":focus")).to_have_text("copy")
    table.page.keyboard.press("Escape")
    expect(bar).to_have_text("⋯")


def test_another_answer_of_the_same_columns_keeps_the_order_and_the_boxes(show, bare):
    table = show()
    table.head("ms").click()
    table.head("ms").click()
    table.filter_box.fill("note 1")
    expect(table.status).to_contain_text("of the 60 rows here have it")
    name, view = list(bare.views.items())[-1]
    view.show_result(cwnb.query(ALL + " | filter level = 'ERROR'", ROWS))
    bare.refresh(name)
    expect(table.status).to_contain_text("of the 15 rows here have it")
    assert table.head("ms").get_attribute("aria-sort") == "descending"
    # The box that was typed into goes on.
    table.page.keyboard.type("1")
    expect(table.filter_box).to_have_value("note 11")
    view.show_result(cwnb.query("fields level, count", ROWS))
    bare.refresh(name)
    expect(table.filter_box).to_have_value("")
