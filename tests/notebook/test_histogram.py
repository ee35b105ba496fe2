"""The histogram above an answer, in a browser."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

import cwnb
from cwnb.errors import QueryTooLarge
from cwnb.insights import Progress
from cwnb.notebook.exploration import Exploration
from cwnb.notebook.widgets.answer import AnswerView
from cwnb.results.over_time import CountOverTime
from cwnb.times import Clock

from .bare_page import bare_page
from .conftest import NOW_MS

APP, PLAIN = "/shop/app", "/shop/plain"
LEVELS = ("INFO", "INFO", "ERROR")
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    with cwnb.open(folder / "store", clock=Clock(NOW_MS), encryption="none") as opened:
        times = [NOW_MS - (60 - i) * MINUTE_MS for i in range(60)]
        levels = [json.dumps({"level": LEVELS[i % 3]}) for i in range(60)]
        opened.put(APP, "i-1", list(zip(times, levels, strict=True)))
        opened.put(PLAIN, "i-1", [(times[0], "text"), (times[-1] + 1, "text")])
        yield opened


@pytest.fixture(scope="module")
def bare():
    with bare_page(width=800) as page:
        yield page
        assert page.errors == []


@pytest.fixture
def show(bare, logs):
    """Ask a query and show its answer; gives the view and the element of its histogram."""
    shown = []

    def show(text="fields @message | limit 5", group=APP, start="-1h", end=None, tz="UTC"):
        result = replace(logs.query(text, [group], start, end), tz=tz)
        view = AnswerView(result, Exploration(logs, [group], start=start, text=text))
        # In a cell the answer would be asked again.
        return view, shown_answer(view)

    def shown_answer(view):
        name = f"answer{len(bare.views)}"
        element = bare.show(name, view)
        view.refresh = lambda: bare.refresh(name)
        shown.append(element)
        return element.locator(".cwnb-histogram")

    show.answer = shown_answer
    yield show
    for element in shown:
        element.evaluate("element => element.remove()")


def says(element):
    return element.locator(".cwnb-histogram-about").inner_text()


def legend(element):
    return element.locator(".cwnb-histogram-legend").inner_text().split("\n")


def wait(element):
    element.locator("svg").wait_for()
    return element.locator(".cwnb-bars")


def at(bars, share):
    """Give the place on the page at a share of the bars' width."""
    box = bars.bounding_box()
    left = box["x"] + 52
    return left + share * (box["x"] + box["width"] - left), box["y"] + 40


def test_all_events_are_counted_whatever_the_limit(show):
    _, element = show()
    wait(element)
    assert says(element) == "60 events · a bar is 1 minute · times in UTC"
    assert legend(element) == ["ERROR 20", "INFO 40"]
    assert element.locator("svg rect").count() == 60
    assert "20 Nov 2026" in element.locator("svg").text_content()


def test_events_without_levels_have_one_colour_and_no_legend(show):
    _, element = show(group=PLAIN)
    wait(element)
    assert legend(element) == [""]
    assert element.locator("svg rect").count() == 2


def test_the_pointer_says_what_is_there(bare, show):
    _, element = show()
    bars = wait(element)
    bare.page.mouse.move(*at(bars, 0.01))
    assert says(element) == "2026-11-20 10:00 to 10:01: 1 event"
    assert legend(element) == ["ERROR 0", "INFO 1"]
    bare.page.mouse.move(*at(bars, 0.999))
    assert says(element) == "2026-11-20 10:59 to 11:00: 1 event"
    bare.page.mouse.move(0, 0)
    assert says(element).startswith("60 events")


def test_a_drag_narrows_the_window_and_says_the_times(bare, show):
    view, element = show()
    bars = wait(element)
    bare.page.mouse.move(*at(bars, 0.251))
    bare.page.mouse.down()
    bare.page.mouse.move(*at(bars, 0.40))
    bare.page.mouse.move(*at(bars, 0.499))
    assert says(element) == "narrow: 2026-11-20 10:15 to 10:30: 15 events"
    assert legend(element) == ["ERROR 5", "INFO 10"]
    bare.page.mouse.up()
    bare.settle()
    exploration = view.exploration
    assert f"{exploration.start:%H:%M}-{exploration.end:%H:%M}" == "10:15-10:30"


@pytest.mark.parametrize(
    ("moves", "is_narrowed"),
    [([0.5], False), ([0.5, 0.501], False), ([0.5, 0.3], True), ([0.5, -3], True)],
    ids=["a click", "a trembling click", "to the left", "out of the bars"],
)
def test_only_a_drag_narrows(bare, show, moves, is_narrowed):
    view, element = show()
    bars = wait(element)
    bare.page.mouse.move(*at(bars, moves[0]))
    bare.page.mouse.down()
    for share in moves[1:]:
        bare.page.mouse.move(*at(bars, share))
    bare.page.mouse.up()
    bare.settle()
    assert view.exploration.can_undo is is_narrowed


def test_escape_cancels_a_drag(bare, show):
    view, element = show()
    bars = wait(element)
    bare.page.mouse.move(*at(bars, 0.2))
    bare.page.mouse.down()
    bare.page.mouse.move(*at(bars, 0.6))
    bare.page.keyboard.press("Escape")
    assert says(element).startswith("60 events")
    bare.page.mouse.up()
    bare.settle()
    assert not view.exploration.can_undo


@pytest.mark.parametrize(
    ("keys", "said", "window"),
    [
        ("ArrowRight", "2026-11-20 10:00 to 10:01: 1 event", None),
        ("ArrowLeft", "2026-11-20 10:59 to 11:00: 1 event", None),
        ("Home ArrowRight ArrowRight", "2026-11-20 10:02 to 10:03: 1 event", None),
        ("End Shift+ArrowLeft Shift+ArrowLeft", "2026-11-20 10:57 to 11:00: 3 events", None),
        ("Home Shift+End Escape", "60 events · a bar is 1 minute · times in UTC", None),
        ("ArrowRight PageUp Shift+PageUp Enter", None, "10:10-10:21"),
        ("Enter", "60 events · a bar is 1 minute · times in UTC", None),
    ],
)
def test_keys_choose_and_narrow(bare, show, keys, said, window):
    view, element = show()
    bars = wait(element)
    bars.focus()
    for key in keys.split():
        bare.page.keyboard.press(key)
    bare.settle()
    exploration = view.exploration
    if said is not None:
        assert says(element) == said
        assert bars.get_attribute("aria-valuetext").startswith(said)
    assert exploration.can_undo is (window is not None)
    if window is not None:
        assert f"{exploration.start:%H:%M}-{exploration.end:%H:%M}" == window


def test_a_window_cuts_the_first_and_the_last_bar(bare, show):
    _, element = show(start=NOW_MS - 90 * 1000, end=NOW_MS - 31 * 1000)
    bars = wait(element)
    bars.focus()
    bare.page.keyboard.press("Home")
    bare.page.keyboard.press("Shift+End")
    assert says(element) == "2026-11-20 10:58:30 to 10:59:29: 1 event"


def test_times_are_those_of_the_display_zone(bare, show):
    _, element = show(tz="Europe/Vienna")
    bars = wait(element)
    bars.focus()
    bare.page.keyboard.press("Home")
    assert says(element) == "2026-11-20 11:00 to 11:01: 1 event"
    assert "12:00" in element.locator("svg").text_content()


def test_what_has_no_times_says_so_and_takes_no_room(show):
    element = show.answer(AnswerView(cwnb.query("fields a", pd.DataFrame({"a": [1, 2]}))))
    element.get_by_text("no histogram: there are no events with a time to count").wait_for()
    assert not element.locator(".cwnb-bars").is_visible()
    assert element.bounding_box()["height"] < 40


def test_without_events_it_takes_no_room(show):
    _, element = show('filter level = "nothing"')
    element.get_by_text("no histogram: no event matched the query").wait_for()
    assert not element.locator(".cwnb-bars").is_visible()


def test_a_frame_with_times_has_a_histogram_that_does_not_narrow(bare, show):
    times = pd.to_datetime([NOW_MS - i * MINUTE_MS for i in range(5)], unit="ms", utc=True)
    frame = pd.DataFrame({"@timestamp": times, "@message": ["a"] * 5})
    element = show.answer(AnswerView(cwnb.query("fields @message", frame)))
    bars = wait(element)
    assert says(element).startswith("5 events")
    bare.page.mouse.move(*at(bars, 0.1))
    bare.page.mouse.down()
    bare.page.mouse.move(*at(bars, 0.9))
    bare.page.mouse.up()
    bars.focus()
    bare.page.keyboard.press("ArrowRight")
    bare.page.keyboard.press("Enter")
    assert says(element).startswith("2026-11-20 10:5")
    assert element.page.locator("[role=alert]").all_inner_texts() == [""]


def test_it_follows_the_answer_and_is_grey_while_that_is_stale(show, logs):
    view, element = show()
    wait(element)
    view.mark_stale()
    view.refresh()
    assert "grayscale" in element.locator(".cwnb-bars").evaluate("e => getComputedStyle(e).filter")
    assert says(element).startswith("60 events")
    view.show_result(logs.query('filter level = "ERROR" | stats count(*)', [APP], "-1h"))
    view.refresh()
    element.get_by_text("20 events").wait_for()
    assert element.locator(".cwnb-bars").evaluate("e => getComputedStyle(e).filter") == "none"
    assert legend(element) == ["ERROR 20"]


def test_one_count_serves_all_who_ask(show, monkeypatch):
    begun = []
    begin = CountOverTime.begin
    monkeypatch.setattr(CountOverTime, "begin", lambda self: begun.append(1) or begin(self))
    view, element = show()
    wait(element)
    wait(show.answer(view))
    assert len(begun) == 1


def test_an_answer_that_grows_is_counted_when_it_is_whole(show, logs, monkeypatch):
    begun = []
    begin = CountOverTime.begin
    monkeypatch.setattr(CountOverTime, "begin", lambda self: begun.append(1) or begin(self))
    view, element = show()
    wait(element)
    for _ in range(3):
        view.show_partial(view._shown.result, Progress())
        view.refresh()
    view.show_result(logs.query("fields @message", [APP], "-30m"))
    view.refresh()
    element.get_by_text("30 events").wait_for()
    assert len(begun) == 2


def test_a_count_that_fails_is_a_sentence(show, monkeypatch):
    def fail(self):
        raise QueryTooLarge("it would hold more than 1 GB")

    monkeypatch.setattr(CountOverTime, "_counted", fail)
    _, element = show()
    element.get_by_text("no histogram: it would hold more than 1 GB").wait_for()


def test_names_of_levels_are_text(bare, logs, show):
    hostile = "<img src=x onerror=window.ran=1>\x1b"
    logs.put("/hostile", "i-1", [(NOW_MS - 5, json.dumps({"level": hostile}))])
    _, element = show(group="/hostile")
    wait(element)
    assert legend(element) == ["<img src=x onerror=window.ran=1>⟨ESC⟩ 1"]
    assert element.locator("img").count() == 0
    assert bare.page.evaluate("() => window.ran") is None
