"""A live tail in a cell: what it shows and counts, what its buttons do, and how it ends."""

from __future__ import annotations

import time

import pytest

import cwnb
from cwnb.errors import MalformedPattern, ResourceNotFound
from cwnb.notebook.widgets import tail as tails

GROUP = "/shop/app"
PATIENCE = 30


@pytest.fixture
def logs(tmp_path):
    with cwnb.open(tmp_path / "store") as logs:
        logs.create_group(GROUP)
        yield logs


@pytest.fixture
def view(logs):
    made = logs.live_tail(GROUP)
    yield made
    made.close()


def put(logs, *messages, group=GROUP):
    logs.put(group, "i-1", [("now", message) for message in messages])


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def texts(view):
    return [line["text"] for line in view.lines]


def test_what_comes_is_shown_while_the_kernel_is_free(logs, view):
    put(logs, "one", "two")
    until(lambda: view.events == 2)
    put(logs, "three")
    until(lambda: view.events == 3)
    assert texts(view) == ["one", "two", "three"]
    assert view.lines[0]["place"] == "/shop/app i-1"
    assert repr(view) == "<TailView follows /shop/app: 3 events>"


def test_of_a_second_500_are_shown_and_the_others_are_counted(logs, view):
    put(logs, *map(str, range(2_000)))
    until(lambda: view.events == 2_000)
    assert (view.left_out, len(view.lines)) == (1_500, 500)
    assert texts(view)[-1] == "1999"


def test_while_it_is_paused_nothing_is_read_and_nothing_is_lost(logs, view):
    view.pause()
    time.sleep(2 * tails._LOOK_EVERY_S)  # a look that has begun ends
    put(logs, "one")
    time.sleep(2 * tails._LOOK_EVERY_S)
    assert view.events == 0
    view.go_on()
    until(lambda: texts(view) == ["one"])


def test_another_pattern_is_for_what_comes(logs, view):
    put(logs, "one")
    until(lambda: view.events == 1)
    with pytest.raises(MalformedPattern):
        view.search("{ $.a = ")
    assert view.pattern == ""
    view.search("keep")
    put(logs, "other", "keep 1")
    until(lambda: texts(view) == ["one", "keep 1"])
    assert view.pattern == "keep"


def test_since_begins_with_what_is_there(logs):
    put(logs, "one", "other")
    view = logs.live_tail("/shop/*", "one", since="10m")
    until(lambda: texts(view) == ["one"])
    view.close()


@pytest.mark.parametrize("end", ["close", "stop", "unseen", "store"])
def test_it_ends(logs, view, monkeypatch, end):
    monkeypatch.setattr(tails, "_UNSEEN_S", 0.1)
    if end == "unseen":
        view._appeared()
        view._went()
    elif end == "store":
        logs.close()
    else:
        getattr(view, end)()
    view._thread.join(PATIENCE)
    assert not view._thread.is_alive()
    assert view.ended


def test_a_view_that_is_shown_again_goes_on(logs, view, monkeypatch):
    monkeypatch.setattr(tails, "_UNSEEN_S", 0.1)
    view._appeared()
    view._appeared()
    view._went()
    time.sleep(3 * tails._LOOK_EVERY_S)
    assert not view.ended


def test_what_the_tail_says_is_a_note(logs, view):
    logs.delete_group(GROUP)
    until(lambda: view.notes == ["log group '/shop/app' has been deleted"])


def test_long_and_hostile_lines_are_cut_and_made_visible(logs, view):
    put(logs, "x" * 600, "\x1b[31mred")
    until(lambda: view.events == 2)
    assert texts(view)[0] == "x" * 500 + "…"


def test_what_cannot_be_followed_is_an_error_at_once(logs):
    with pytest.raises(ResourceNotFound):
        logs.live_tail("/no")
    with pytest.raises(MalformedPattern):
        logs.live_tail(GROUP, "{ $.a = ")


def test_an_interrupt_of_the_kernel_leaves_it_running(logs, view):
    import _thread

    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - it comes while the main thread waits
        _thread.interrupt_main()
        time.sleep(PATIENCE)
    put(logs, "one")
    until(lambda: texts(view) == ["one"])


def test_the_page_shows_lines_and_its_buttons_act(logs, view):
    from playwright.sync_api import expect

    from .bare_page import bare_page

    put(logs, "plain", '<b>bold</b> {"level": "ERROR"}')
    until(lambda: view.events == 2)
    with bare_page() as bare:
        shown = bare.show("tail", view)
        rows = shown.locator("tbody tr")
        expect(rows).to_have_count(2)
        expect(rows.nth(1)).to_contain_text('<b>bold</b> {"level": "ERROR"}')
        expect(shown.get_by_role("status")).to_have_text(
            "follows /shop/app · 2 events · times in UTC"
        )
        shown.get_by_role("button", name="Pause").click()
        bare.settle()
        bare.refresh("tail")
        assert view.paused
        expect(shown.get_by_role("status")).to_have_text(
            "paused /shop/app · 2 events · times in UTC"
        )
        shown.get_by_role("button", name="Go on").click()
        box = shown.get_by_label("filter pattern")
        box.fill("{ $.a = ")
        box.press("Enter")
        bare.settle()
        expect(shown.get_by_role("alert").first).to_contain_text("it must end with '}'")
        box.fill("keep")
        box.press("Enter")
        bare.settle()
        put(logs, "other", "keep 1")
        until(lambda: view.events == 3)
        bare.refresh("tail")
        expect(rows).to_have_count(3)
        expect(rows.nth(2)).to_contain_text("keep 1")
        put(logs, *(f"keep {n}" for n in range(2_000)))
        until(lambda: view.events == 2_003)
        bare.refresh("tail")
        expect(rows).to_have_count(500)
        expect(shown.get_by_role("status")).to_contain_text("are not shown")
        expect(rows.last).to_be_in_viewport()
        shown.get_by_role("button", name="Stop").click()
        bare.settle()
        bare.refresh("tail")
        expect(shown.get_by_role("status")).to_contain_text("ended /shop/app")
        expect(shown.get_by_role("button", name="Stop")).to_be_disabled()
        assert bare.errors == []
