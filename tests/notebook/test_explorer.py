"""The explorer without a browser: what its controls do to the exploration, and what they show."""

from __future__ import annotations

import json

import pytest

import cwnb
from cwnb.errors import InvalidParameter, MalformedQuery, ResourceNotFound

from .conftest import NOW_MS

WAIT_S = 30


@pytest.fixture
def explorer(logs):
    opened = logs.explore("/shop/app")
    opened.wait(WAIT_S)
    return opened


def ran(explorer) -> str:
    """Press Run, wait for the end, and give what the state says."""
    explorer.controls.run.click()
    explorer.controls.wait_for_end(WAIT_S)
    return explorer.controls.status.text


def names(view) -> list[str]:
    return [item["name"] for item in view.items]


def test_it_opens_on_all_that_the_groups_have(explorer):
    assert names(explorer.names.groups) == ["/shop/app", "/shop/web"]
    assert explorer.names.groups.items[0]["texts"] == [
        "60",
        "2.7 kB",
        "2026-11-20 10:59",
        "ever",
    ]
    assert explorer.names.groups.chosen == ["/shop/app"]
    assert names(explorer.names.streams) == ["i-1"]
    assert names(explorer.names.fields)[:4] == ["@message", "@logStream", "@log", "level"]
    assert explorer.names.fields.items[3] == {
        "name": "level", "share": 1.0, "types": ["text"], "has_conflict": False,
    }  # fmt: skip
    said = "all events, 2026-11-20 10:00 to 2026-11-20 10:59 UTC"
    assert explorer.time.says.text == said
    assert explorer.controls.status.text == "not run yet"
    assert explorer.answer.says.text == "press Run, or Ctrl-Enter in the query"
    assert explorer.result is None


def test_run_shows_rows_state_price_and_steps(explorer):
    said = ran(explorer)
    assert said.startswith("60 rows · 60 of 60 records matched · 2.7 kB scanned · ")
    assert said.endswith("less than $0.000001 at the service (us-east-1, $0.005 per GB)")
    assert len(explorer.result) == 60
    assert explorer.answer.rows.answer["rows"] == 60
    assert [step["command"] for step in explorer.answer.steps.steps] == [
        "# scan @message, @timestamp",
        "| limit 10000",
        "| fields @timestamp, @message",
    ]


def test_python_drives_it_too(logs):
    explorer = logs.explore(groups="/shop/*", text="stats count(*) as n", start="-1h")
    assert list(explorer.run()) == [{"n": 61}]
    assert explorer.run() is explorer.result
    explorer.exploration.choose_groups(["/shop/web"])
    explorer.exploration.choose_window()
    explorer.show()
    assert explorer.names.groups.chosen == ["/shop/web"]
    assert explorer.time.period.value == "all"
    assert list(explorer.begin().result(WAIT_S)) == [{"n": 2}]
    explorer.editor.text = "stat count(*)"
    with pytest.raises(MalformedQuery):
        explorer.run()
    explorer.exploration.groups = []
    with pytest.raises(InvalidParameter, match="choose one or more log groups"):
        explorer.run()


REFUSED = [
    ({"groups": "/shop/nope"}, ResourceNotFound, "no log group is named '/shop/nope'"),
    ({"start": "-1h", "end": "-2h"}, InvalidParameter, "ends .* before it starts"),
    ({"start": "soon"}, InvalidParameter, "cannot read 'soon' as a time"),
    ({"language": "sql"}, InvalidParameter, "unknown language 'sql'"),
    ({"limit": 0}, InvalidParameter, "limit is a whole number"),
    ({"group": "/shop/app"}, InvalidParameter, "did you mean 'groups'"),
]


@pytest.mark.parametrize(("options", "kind", "said"), REFUSED)
def test_it_does_not_open_on_what_is_not_there(logs, options, kind, said):
    with pytest.raises(kind, match=said):
        logs.explore(**options)


def test_groups_and_streams_are_chosen(logs, explorer):
    logs.put("/shop/web", "i-9", [(NOW_MS - 1, "late")])
    explorer.names.groups.chosen = ["/shop/app", "/shop/web"]
    explorer.wait(WAIT_S)
    assert names(explorer.names.streams) == ["i-1", "i-9"]
    explorer.names.streams.chosen = ["i-9"]
    assert ran(explorer).startswith("1 row · ")
    assert explorer.exploration.streams == ["i-9"]
    explorer.names.groups.chosen = []
    explorer.wait(WAIT_S)
    assert explorer.names.streams.empty == "choose a log group"
    assert ran(explorer) == "not answered"
    assert explorer.answer.says.text.startswith("choose one or more log groups first")


def test_a_store_without_groups_says_what_to_do(tmp_path):
    with cwnb.open(tmp_path / "empty") as logs:
        explorer = logs.explore()
        explorer.wait(WAIT_S)
        assert "logs.load('access.log', group='/my/logs')" in explorer.names.groups.empty
        logs.put("/my/logs", "s", [("2026-11-20", "one")])
        explorer.look_again.click()
        explorer.wait(WAIT_S)
        # The only group of a store is chosen by itself.
        assert explorer.exploration.groups == ["/my/logs"]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("2026-11-20 10:10", "before it starts"),
        ("yesterdy 15:00", "cannot read 'yesterdy 15:00' as a time"),
        ("2026-11-20 10:30", "the window is empty"),
    ],
)
def test_times_that_cannot_be_asked_are_not_run(explorer, end, said):
    explorer.time.period.value = "custom"
    explorer.time.start.value = "2026-11-20 10:30"
    explorer.time.end.value = end
    assert said in explorer.time.says.text
    assert ran(explorer) == "not answered"
    assert explorer.answer.says.text == explorer.time.says.text
    with pytest.raises(InvalidParameter):
        explorer.run()
    # Names that are found meanwhile leave what is written there.
    explorer.refresh()
    explorer.wait(WAIT_S)
    assert explorer.time.end.value == end
    explorer.time.end.value = "2026-11-20 10:40"
    assert ran(explorer).startswith("10 rows")
    # Another window is chosen in place of the wrong one.
    explorer.time.end.value = end
    explorer.time.period.value = "30m"
    assert ran(explorer).startswith("30 rows")
    explorer.time.period.value = "custom"
    explorer.time.end.value = "soon"
    explorer.show()
    assert explorer.time.end.value == ""
    assert ran(explorer).startswith("30 rows")


def test_any_zone_can_be_chosen(explorer):
    time = explorer.time
    assert time.zone.options[0] == ("UTC", "UTC")
    time.zone.value = "Asia/Kathmandu"
    assert time.says.text == ("all events, 2026-11-20 15:45 to 2026-11-20 16:44 Asia/Kathmandu")
    explorer.frame.zone = "America/Lima"
    assert time.zone.options[2] == ("America/Lima (local)", "America/Lima")
    assert time.tz == "Asia/Kathmandu"


def test_fields_that_every_event_has_show_their_values(explorer):
    fields = explorer.names.fields
    values = fields.asked["values"](fields, name="@logStream").content["values"]
    assert [(value["text"], value["count"]) for value in values] == [("i-1", 60)]
    fields.asked["gesture"](fields, do="keep_only", field="@logStream", place=0)
    explorer.controls.wait_for_end(WAIT_S)
    assert explorer.exploration.text.endswith('| filter @logStream = "i-1"')


def test_an_empty_answer_says_why(explorer):
    explorer.editor.text = "filter status = 700"
    assert ran(explorer).startswith("0 rows · ")
    reason = "all 60 rows that came to it were dropped by: filter status = 700"
    assert explorer.answer.says.text == reason
    assert explorer.answer.reasons.text == reason


def test_an_error_in_the_text_is_shown_where_it_is(explorer):
    explorer.editor.text = "fields @message | stat x"
    assert ran(explorer) == "not answered"
    assert explorer.editor.error == {
        "message": "unknown command 'stat'; did you mean 'stats'?", "from": 18, "to": 22,
    }  # fmt: skip
    explorer.editor.text = "fields @message"
    assert ran(explorer).startswith("60 rows")
    assert explorer.editor.error == {}
    assert explorer.answer.says.text == ""


def test_gestures_on_fields_change_the_query_and_run_it(explorer):
    fields = explorer.names.fields
    values = fields.asked["values"](fields, name="level").content["values"]
    assert [(value["text"], value["count"]) for value in values] == [("INFO", 40), ("ERROR", 20)]
    fields.asked["gesture"](fields, do="keep_only", field="level", place=1)
    explorer.controls.wait_for_end(WAIT_S)
    assert explorer.editor.text == 'fields @timestamp, @message\n| filter level = "ERROR"'
    assert len(explorer.result) == 20
    assert not explorer.undo.disabled
    fields.asked["gesture"](fields, do="count_by", field="status")
    explorer.controls.wait_for_end(WAIT_S)
    assert list(explorer.result) == [{"status": 500, "events": 20}]
    explorer.undo.click()
    explorer.undo.click()
    explorer.controls.wait_for_end(WAIT_S)
    assert explorer.editor.text == "fields @timestamp, @message"
    assert explorer.undo.disabled


def test_undo_brings_back_what_was_typed_and_chosen(explorer):
    first = explorer.editor.text
    fields = explorer.names.fields
    fields.asked["gesture"](fields, do="count_by", field="status")
    counted = explorer.editor.text
    explorer.editor.text += "\n| sort"
    explorer.editor.text += " status"
    explorer.names.groups.chosen = ["/shop/web"]
    explorer.undo.click()
    assert (explorer.editor.text, explorer.names.groups.chosen) == (
        f"{counted}\n| sort status",
        ["/shop/app"],
    )
    explorer.undo.click()
    assert explorer.editor.text == counted
    explorer.undo.click()
    assert explorer.editor.text == first
    assert explorer.undo.disabled


def test_a_group_that_is_gone_cannot_be_chosen(logs, explorer):
    logs.put("/gone", "s", [(NOW_MS - 1, "late")])
    explorer.refresh()
    explorer.wait(WAIT_S)
    logs.delete_group("/gone")
    explorer.names.groups.chosen = ["/gone"]
    assert "no log group is named '/gone'" in explorer.answer.says.text
    assert explorer.names.groups.chosen == explorer.exploration.groups == ["/shop/app"]


def test_the_history_loads_what_was_asked(run, shell, logs):
    run("%config Cwnb.limit = 7")
    run("top = 3\nsince = '-30m'")
    run(
        "%%insights -g /shop/app --start {{since}} --end 2030-01-01 --strict --limit 2\n"
        "fields @message"
    )
    run("%%insights -g /shop/web\nfields @message | sort @timestamp")
    explorer = run("%insights_explore -g /shop/app").result
    explorer.wait(WAIT_S)
    later, earlier = names(explorer.history)
    assert [item["details"] for item in explorer.history.items] == [
        ["/shop/web · all events"],
        ["/shop/app · from -30m to 2030-01-01"],
    ]
    explorer.history.chosen = [earlier]
    assert explorer.to_cells() == [
        "%%insights -g /shop/app --start -30m --end 2030-01-01 --limit 2 --strict\nfields @message"
    ]
    run("%config Cwnb.limit = 9")
    explorer.history.chosen = [later]
    assert explorer.to_cells() == [
        "%%insights -g /shop/web --start all --limit 7\nfields @message | sort @timestamp"
    ]
    # What the explorer has asked is in it too, with the streams as a part of the text.
    explorer.exploration.choose_window("-2h", "-1h")
    explorer.run()
    explorer.refresh()
    explorer.wait(WAIT_S)
    asked = explorer.to_cells()
    explorer.exploration.load("limit 1", groups=["/shop/app"], start=None, end=None, limit=None)
    explorer.history.chosen = names(explorer.history)[:1]
    assert explorer.to_cells() == asked


def test_the_history_says_what_failed_and_which_times_were_asked(run, logs):
    run("%%insights -g /shop/app\nstat count(*)")
    explorer = logs.explore("/shop/app", start="2026-11-20 10:30", end="2026-11-20T10:31:02.500Z")
    explorer.exploration.narrow(NOW_MS - 1_800_000, NOW_MS - 1_739_500)
    explorer.run()
    explorer.refresh()
    explorer.wait(WAIT_S)
    asked, failed = explorer.history.items
    said = "unknown command 'stat'; did you mean 'stats'?"
    assert (failed["texts"][0], failed["details"][-1]) == ("failed", said)
    assert said in failed["hint"]
    where = "/shop/app · from 2026-11-20 10:30:00 UTC to 2026-11-20 10:31:00.500 UTC"
    assert asked["details"] == [where]


def test_an_entry_that_cannot_be_loaded_says_why(logs, explorer):
    record = {
        "asked_ms": 0,
        "line": "-g /shop/app --limit 5",
        "cell": "limit 2",
        "query": "limit 2",
    }
    logs.store.add_to_history(json.dumps(record).encode())
    explorer.refresh()
    explorer.wait(WAIT_S)
    text = explorer.editor.text
    explorer.history.chosen = names(explorer.history)
    assert "times and options of this question were not noted" in explorer.answer.says.text
    assert explorer.editor.text == text


def test_parameters_have_fields(explorer):
    explorer.editor.text = "filter level = {{which}} | limit {{most}}"
    assert list(explorer.parameters.fields) == ["which", "most"]
    assert ran(explorer) == "not answered"
    assert "placeholder {{which}} has no value" in explorer.answer.says.text
    explorer.parameters.fields["which"].value = "ERROR"
    explorer.parameters.fields["most"].value = "3"
    assert ran(explorer).startswith("3 rows")
    assert explorer.exploration.parameters == {"which": "ERROR", "most": 3}
    assert explorer.to_cells()[0] == "which = 'ERROR'\nmost = 3"
    explorer.editor.text = "limit {{most}}"
    assert list(explorer.parameters.fields) == ["most"]
    assert explorer.exploration.parameters == {"most": 3}


def test_tabs_and_kinds_of_chart_are_those_of_the_cell(explorer):
    explorer.editor.text = "stats count(*) as n by bin(5m)"
    ran(explorer)
    explorer.answer.selected_index = 1
    explorer.answer.chart.wait(WAIT_S)
    assert bytes(explorer.answer.chart.picture.value).startswith(b"\x89PNG")
    explorer.answer.chart.kind.value = "bar"
    assert explorer.to_cells()[0].splitlines()[0].endswith("--plot bar")
    explorer.editor.text = "fields level | filter level = 'nothing'"
    ran(explorer)
    explorer.answer.chart.wait(WAIT_S)
    assert explorer.answer.chart.says.text == "no chart: cannot draw a result without rows"
    explorer.answer.selected_index = 2
    assert "--explain" in explorer.to_cells()[0]


def test_the_chart_is_drawn_for_the_room_that_it_has(explorer):
    explorer.editor.text = "stats count(*) as n by bin(5m)"
    ran(explorer)
    explorer.answer.selected_index = 1
    chart = explorer.answer.chart
    for room, width, points in [
        (None, 864, 1_296),
        ({"width": 454, "pixels": 1}, 454, 454),
        ({"width": 454, "pixels": 2}, 454, 908),
        ({"width": 100, "pixels": 1}, 336, 336),  # the narrowest that can be read
        ({"width": 5_000, "pixels": 1}, 1_296, 1_296),
    ]:
        if room:
            explorer.frame.room = room
        chart.wait(WAIT_S)
        header = bytes(chart.picture.value)[16:20]
        assert (chart.picture.width, int.from_bytes(header)) == (str(width), points)
    # Places in a chart of another width are found too.
    explorer.frame.asked["pointed"](explorer.frame, x=0.5, y=0.8)
    explorer.controls.wait_for_end(WAIT_S)
    assert explorer.exploration.start is not None


def test_a_bar_opens_the_events_behind_it(explorer):
    explorer.editor.text = "stats count(*) as n by level | sort n"
    ran(explorer)
    explorer.answer.selected_index = 1
    explorer.answer.chart.kind.value = "bar"
    explorer.answer.chart.wait(WAIT_S)
    explorer.answer.chart.drill_down(0.99, 0.01)
    assert explorer.exploration.text == "stats count(*) as n by level | sort n"
    # The left of two bars is that of the first row.
    explorer.frame.asked["pointed"](explorer.frame, x=0.3, y=0.8)
    explorer.controls.wait_for_end(WAIT_S)
    assert explorer.editor.text == 'filter level = "ERROR"'
    assert len(explorer.result) == 20
    assert explorer.answer.selected_index == 0
    explorer.undo.click()
    explorer.controls.wait_for_end(WAIT_S)
    assert explorer.editor.text == "stats count(*) as n by level | sort n"


def test_compared_answers_are_shown_in_the_views_of_those_before(explorer):
    answer = explorer.answer
    explorer.time.period.value = "30m"
    explorer.time.compares.value = True
    explorer.editor.text = "stats count(*) as n by level"
    ran(explorer)
    beside = [box.children[1] for box in (*answer._sides.children, *answer._above.children)]
    assert [view.answer["rows"] for view in beside] == [2, 2, 2]
    explorer.editor.text = "filter level = 'INFO' | stats count(*) as n by level"
    ran(explorer)
    shown = [box.children[1] for box in (*answer._sides.children, *answer._above.children)]
    assert shown == beside
    assert [view.answer["rows"] for view in shown] == [1, 1, 1]
    explorer.editor.text = "fields level"
    assert all(view.is_stale for view in beside)
    ran(explorer)
    assert "the query has none" in answer._above.children[0].text
    explorer.time.compares.value = False
    ran(explorer)
    assert not answer._above.children
    assert [box.children[1] for box in answer._sides.children] == beside[:1]


def test_copy_shows_the_cell(explorer):
    explorer.copy.click()
    assert explorer.cells.code == "\n\n".join(explorer.to_cells())


CHANGES = {
    "query": lambda explorer: setattr(explorer.editor, "text", "limit 1"),
    "window": lambda explorer: setattr(explorer.time.period, "value", "1h"),
    "groups": lambda explorer: setattr(explorer.names.groups, "chosen", ["/shop/web"]),
    "view": lambda explorer: setattr(explorer.answer, "selected_index", 2),
    "run": ran,
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_copied_goes_when_it_is_not_that_any_more(explorer, change):
    explorer.copy.click()
    copied = explorer.frame.asked["copied"]
    copied(explorer.frame)
    assert explorer.cells.text == "copied:"
    CHANGES[change](explorer)
    copied(explorer.frame)  # a browser may tell it late
    assert (explorer.cells.text, explorer.cells.code) == ("", "")


def test_two_explorers_on_one_store_do_not_meet(logs):
    one, other = logs.explore("/shop/app"), logs.explore("/shop/web")
    one.editor.text = "stats count(*) as n"
    assert list(one.run()) == [{"n": 60}]
    assert other.result is None
    assert len(other.run()) == 2
    assert list(one.result) == [{"n": 60}]


def test_the_magic_opens_it_with_its_options(run, shell):
    done = run("e = %insights_explore -g /shop/app --start -30m --plot bar stats count(*) by level")
    assert done.success, done.stdout
    explorer = shell.user_ns["e"]
    assert explorer.exploration.groups == ["/shop/app"]
    assert explorer.time.period.value == "30m"
    assert explorer.editor.text == "stats count(*) by level"
    assert (explorer.answer.selected_index, explorer.answer.chart.kind.value) == (1, "bar")
    explorer = run("%insights_explore -g /shop/app --plot none limit 3").result
    assert (explorer.answer.selected_index, explorer.answer.chart.kind.value) == (0, "auto")
    # It takes the settings of the cells, and both write one history.
    run("%config Cwnb.tz = 'Asia/Tokyo'\n%config Cwnb.groups = ['/shop/web']")
    run("%config Cwnb.start = '-3h'\n%config Cwnb.price_per_gb = 1000")
    explorer = run("%insights_explore").result
    assert explorer.exploration.groups == ["/shop/web"]
    assert explorer.time.period.value == "3h"
    assert explorer.time.says.text == "from 2026-11-20 17:00:00 Asia/Tokyo"
    assert "$1000 per GB" in ran(explorer)
    run("%insights -g /shop/app limit 3")
    explorer.refresh()
    explorer.wait(WAIT_S)
    assert [item["texts"][0] for item in explorer.history.items] == ["3", "2"]


WRONG_LINES = [
    ("%insights_explore -g /shop/nope", "no log group is named '/shop/nope'"),
    ("%insights_explore --into df", "does not take --into"),
    ("%insights_explore --start -1h --end -2h", "before it starts"),
    ("%insights_explore --store nowhere", "there is no store at 'nowhere'"),
]


@pytest.mark.parametrize(("line", "said"), WRONG_LINES)
def test_the_magic_refuses_in_words(run, line, said):
    done = run(line)
    assert said in done.stdout
    assert "Traceback" not in done.stdout


def test_a_cell_keeps_its_code_where_no_browser_is(run, monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    done = run("%insights_explore -g /shop/app --start -1h filter level = '</pre><b>'")
    (shown,) = done.shown
    assert set(shown.data) == {"text/plain", "text/html"}
    assert "%%insights -g /shop/app --start -1h" in shown.data["text/plain"]
    assert "&lt;/pre&gt;&lt;b&gt;" in shown.data["text/html"]


def test_a_store_is_shown_with_its_groups(logs):
    html = logs._repr_html_()
    for text in ("2 log groups", "62 events", "/shop/app", "2026-11-20 10:59", "logs.explore()"):
        assert text in html
    logs.delete_group("/shop/app")
    logs.delete_group("/shop/web")
    assert "logs.load(" in logs._repr_html_()
    for number in range(40):
        logs.create_group(f"/many/{number}")
    assert "… 10 more in <code>logs.groups()</code>" in logs._repr_html_()
