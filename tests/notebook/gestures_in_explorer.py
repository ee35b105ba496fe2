"""What a person does in the explorer and sees then: one function for each gesture of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from .desk import Gestures, clipboard

if TYPE_CHECKING:
    from .desk import Desk

FIELDS = "fields level, status, ms"
IN_EXPLORER = Gestures()
gesture = IN_EXPLORER.enter


def press(box: Any, name: str) -> None:
    box.get_by_role("button", name=name, exact=True).click()


def part(box: Any, title: str) -> None:
    """Open a part of the left side."""
    box.locator(".cwnb-left .jupyter-widget-Collapse-header", has_text=title).click()


def query(box: Any) -> Any:
    return box.get_by_label("Query", exact=True)


def expect_status(box: Any, text: str) -> None:
    expect(box.locator(".cwnb-run-line .cwnb-lines")).to_contain_text(text)


def tab(box: Any, name: str) -> None:
    box.locator(".cwnb-tabs > .lm-TabBar .lm-TabBar-tab", has_text=name).click()


# ------------------------------------------------------------ what is asked


@gesture("choose log groups")
def choose_log_groups(desk: Desk) -> None:
    box = desk.explorer()
    box.get_by_role("option", name="/shop/web").click()
    expect(box.get_by_role("option", name="/shop/web")).to_have_attribute("aria-selected", "true")
    press(box, "Run")
    expect_status(box, "62 of 62 records matched")


@gesture("search in a list")
def search_in_a_list(desk: Desk) -> None:
    box = desk.explorer()
    box.get_by_label("search in Log groups").fill("lo")
    found = box.get_by_role("listbox", name="Log groups").get_by_role("option")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("/shop/long")


@gesture("choose log streams")
def choose_log_streams(desk: Desk) -> None:
    box = desk.explorer("fields @message", "/shop/long")
    part(box, "Log streams")
    box.get_by_role("option", name="s-2").click()
    press(box, "Run")
    expect_status(box, "1 of 2 records matched")


@gesture("see the values of a field")
def see_the_values_of_a_field(desk: Desk) -> None:
    box = desk.explorer()
    part(box, "Fields")
    box.locator(".cwnb-field", has_text="level").click()
    expect(box.locator(".cwnb-field-value")).to_have_count(2)
    expect(box.locator(".cwnb-field-value").first).to_contain_text("INFO")


def field_button(box: Any, label: str) -> Any:
    part(box, "Fields")
    box.locator(".cwnb-field", has_text="level").click()
    return box.get_by_role("button", name=label)


@gesture("keep only a value of a field")
def keep_only_a_value_of_a_field(desk: Desk) -> None:
    box = desk.explorer()
    field_button(box, "keep only events whose level is ERROR").click()
    expect_status(box, "20 of 60 records matched")
    expect(query(box)).to_have_value(f'{FIELDS}\n| filter level = "ERROR"')


@gesture("leave out a value of a field")
def leave_out_a_value_of_a_field(desk: Desk) -> None:
    box = desk.explorer()
    field_button(box, "leave out events whose level is ERROR").click()
    expect_status(box, "40 of 60 records matched")


@gesture("count by a field of the list")
def count_by_a_field_of_the_list(desk: Desk) -> None:
    box = desk.explorer()
    field_button(box, "count by it").click()
    expect_status(box, "2 rows")


@gesture("choose a period")
def choose_a_period(desk: Desk) -> None:
    box = desk.explorer()
    press(box, "30m")
    press(box, "Run")
    expect_status(box, "30 of 30 records matched")
    press(box, "All")
    press(box, "Run")
    expect_status(box, "60 of 60 records matched")


@gesture("write or pick the times")
def write_or_pick_the_times(desk: Desk) -> None:
    box = desk.explorer()
    press(box, "Custom")
    for label, time in (("From", "2026-11-20 10:00"), ("To", "2026-11-20 10:10")):
        box.get_by_label(label, exact=True).fill(time)
        box.get_by_label(label, exact=True).press("Enter")
    expect(box.get_by_text("from 2026-11-20 10:00:00 to 2026-11-20 10:10:00 UTC")).to_be_visible()
    press(box, "Run")
    expect_status(box, "10 of 10 records matched")


@gesture("go to the newest event")
def go_to_the_newest_event(desk: Desk) -> None:
    box = desk.explorer(group="/shop/web")
    press(box, "1h")
    press(box, "To the newest event")
    expect(box.get_by_text("to 2026-11-20 10:01:00")).to_be_visible()


@gesture("compare with the period before")
def compare_with_the_period_before(desk: Desk) -> None:
    box = desk.explorer()
    press(box, "30m")
    box.get_by_label("Compare with the period before").check()
    press(box, "Run")
    expect(box.locator(".cwnb-sides .cwnb-side")).to_have_count(2)
    expect(box.get_by_text("The period before", exact=True)).to_be_visible()


@gesture("choose the zone")
def choose_the_zone(desk: Desk) -> None:
    desk.kernel("%config Cwnb.tz = 'Asia/Seoul'")
    box = desk.explorer()
    query(box).fill("fields @timestamp")
    wait_for_text(desk, "fields @timestamp")
    press(box, "Run")
    title = box.locator(".cwnb-tabs .cwnb-title").first
    expect(title).to_have_text("@timestamp (Asia/Seoul)")
    desk.begin()
    box.get_by_label("Zone").select_option(index=0)
    expect(title).to_have_text("@timestamp (UTC)")
    desk.kernel("%config Cwnb.tz = 'UTC'")


@gesture("write the query")
def write_the_query(desk: Desk) -> None:
    box = desk.explorer()
    query(box).fill("")
    query(box).focus()
    desk.page.keyboard.type("filter status = 500")
    assert query(box).input_value() == "filter status = 500"
    wait_for_text(desk, "filter status = 500")


def wait_for_text(desk: Desk, text: str) -> None:
    """Wait until the kernel knows what was written."""
    for _ in range(50):
        if desk.kernel("print(explorer.exploration.text)").strip() == text:
            return
        desk.page.wait_for_timeout(100)
    raise AssertionError(text)


@gesture("complete a word")
def complete_a_word(desk: Desk) -> None:
    box = desk.explorer("filter lev")
    offers = desk.page.locator(".cwnb-offers:popover-open")
    query(box).focus()
    desk.page.keyboard.press("Control+End")
    desk.page.keyboard.press("Control+Space")
    offers.wait_for()
    desk.page.keyboard.press("Escape")
    expect(offers).to_have_count(0)
    desk.page.keyboard.press("Control+Space")
    offers.wait_for()
    desk.page.keyboard.press("Tab")
    assert query(box).input_value().startswith("filter level")
    wait_for_text(desk, query(box).input_value().strip())


@gesture("fill in a `{{name}}`")
def fill_in_a_name(desk: Desk) -> None:
    box = desk.explorer("filter level = {{wanted}}")
    box.get_by_label("wanted").fill("ERROR")
    box.get_by_label("wanted").press("Enter")
    press(box, "Run")
    expect_status(box, "20 of 60 records matched")


# ------------------------------------------------------------ answers


@gesture("run")
def run(desk: Desk) -> None:
    box = desk.explorer()
    press(box, "Run")
    expect_status(box, "60 of 60 records matched")
    query(box).fill("filter status = 500")
    query(box).press("Control+Enter")
    expect_status(box, "20 of 60 records matched")


@gesture("stop the query")
def stop_the_query(desk: Desk) -> None:
    box = desk.explorer()
    desk.hold()
    press(box, "Run")
    expect_status(box, "running")
    press(box, "Stop")
    expect_status(box, "stopped after")


@gesture("show the chart")
def show_the_chart(desk: Desk) -> None:
    box = desk.explorer("stats count(*) by level")
    press(box, "Run")
    expect_status(box, "2 rows")
    tab(box, "Chart")
    expect(box.get_by_alt_text("chart of the answer")).to_be_visible()


@gesture("choose the kind of chart")
def choose_the_kind_of_chart(desk: Desk) -> None:
    box = desk.explorer("stats count(*) by level")
    press(box, "Run")
    expect_status(box, "2 rows")
    tab(box, "Chart")
    picture = box.get_by_alt_text("chart of the answer")
    expect(picture).to_be_visible()
    before = picture.get_attribute("src")
    desk.begin()
    box.get_by_label("Kind").select_option("barh")
    expect(picture).not_to_have_attribute("src", before)


@gesture("see how it was found")
def see_how_it_was_found(desk: Desk) -> None:
    box = desk.explorer()
    press(box, "Run")
    expect_status(box, "60 of 60 records matched")
    tab(box, "Explain")
    expect(box.locator(".cwnb-steps tbody tr").first).to_be_visible()


# ------------------------------------------------------------ queries that are kept


def save(box: Any, name: str) -> None:
    part(box, "Saved")
    box.get_by_label("Name", exact=True).fill(name)
    press(box, "Save")
    expect(box.get_by_text(f"saved {name}").first).to_be_visible()


@gesture("save the query")
def save_the_query(desk: Desk) -> None:
    box = desk.explorer("filter status = 500")
    save(box, "errors/all")
    expect(box.get_by_role("option", name="errors/all")).to_be_visible()


@gesture("load a saved query")
def load_a_saved_query(desk: Desk) -> None:
    box = desk.explorer("filter status = 500")
    save(box, "errors/loaded")
    query(box).fill("fields ms")
    box.get_by_role("option", name="errors/loaded").click()
    press(box, "Load")
    expect(query(box)).to_have_value("filter status = 500")


@gesture("delete a saved query")
def delete_a_saved_query(desk: Desk) -> None:
    box = desk.explorer("filter status = 500")
    save(box, "errors/old")
    box.get_by_role("option", name="errors/old").click()
    press(box, "Delete")
    expect(box.get_by_role("option", name="errors/old")).to_have_count(0)


@gesture("take a query of the history")
def take_a_query_of_the_history(desk: Desk) -> None:
    box = desk.explorer("filter status = 500 | limit 7")
    press(box, "Run")
    expect_status(box, "7 rows")
    query(box).fill("fields ms")
    part(box, "History")
    box.get_by_role("option", name="limit 7").first.click()
    expect(query(box)).to_have_value("filter status = 500 | limit 7")


@gesture("take a sample")
def take_a_sample(desk: Desk) -> None:
    box = desk.explorer()
    part(box, "Samples")
    box.get_by_role("listbox", name="Sample queries").get_by_role("option").first.click()
    expect(query(box)).not_to_have_value(FIELDS)


@gesture("look again what is there")
def look_again_what_is_there(desk: Desk) -> None:
    box = desk.explorer()
    desk.kernel("logs.put('/shop/new', 's', [(1_795_172_300_000, 'hello')])")
    press(box, "Refresh")
    expect(box.get_by_role("option", name="/shop/new")).to_be_visible()
    desk.kernel("logs.delete_group('/shop/new')")


@gesture("undo in the explorer")
def undo_in_the_explorer(desk: Desk) -> None:
    box = desk.explorer()
    field_button(box, "keep only events whose level is ERROR").click()
    expect_status(box, "20 of 60 records matched")
    press(box, "Undo")
    expect_status(box, "60 of 60 records matched")
    expect(query(box)).to_have_value(FIELDS)


@gesture("copy as a cell")
def copy_as_a_cell(desk: Desk) -> None:
    box = desk.explorer()
    press(box, "Copy as cell")
    expect(box.get_by_text("copied:")).to_be_visible()
    assert clipboard(desk.page) == f"%%insights -g /shop/app --start all\n{FIELDS}"
