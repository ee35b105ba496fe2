"""The object behind the explorer: each gesture changes text, groups or window as a person would."""

from __future__ import annotations

import json

import pytest

from cwnb.errors import CwnbError, InvalidParameter, MalformedQuery, ResourceNotFound
from cwnb.notebook.exploration import FIRST_TEXT, Exploration
from cwnb.notebook.placeholders import fill_query
from cwnb.results.over_time import CountOverTime

from .conftest import NOW_MS

KEPT = [
    ("fields @message", 'fields @message\n| filter level = "ERROR"'),
    ("fields @message # note", 'fields @message # note\n| filter level = "ERROR"'),
    ("stats count(*) by level", 'filter level = "ERROR"\n| stats count(*) by level'),
    (
        "fields ms * 2 as m\n| # note\n sort m desc | limit 3",
        'fields ms * 2 as m\n| # note\n filter level = "ERROR"\n| sort m desc | limit 3',
    ),
    (
        "stats latest(level) as level by status",
        'stats latest(level) as level by status\n| filter level = "ERROR"',
    ),
    (
        'parse @message "level=*," as level | limit 5',
        'parse @message "level=*," as level | filter level = "ERROR"\n| limit 5',
    ),
]


@pytest.mark.parametrize(("text", "expected"), KEPT)
def test_a_value_is_added_where_it_belongs(logs, text, expected):
    exploration = Exploration(logs, ["/shop/app"], text=text)
    exploration.keep_only("level", "ERROR")
    assert exploration.text == expected
    exploration.run()


def test_a_field_of_the_events_is_not_that_of_the_query(logs):
    exploration = Exploration(logs, ["/shop/app"], text="stats count(*) as level by status")
    exploration.keep_only("level", "ERROR", of_event=True)
    assert exploration.run().df["level"].tolist() == [20]
    exploration.text = "fields 'x' as level"
    for gesture in (exploration.keep_only, exploration.leave_out):
        with pytest.raises(MalformedQuery, match="'level' is a field that the query makes"):
            gesture("level", "ERROR", of_event=True)
    with pytest.raises(MalformedQuery, match="'level' is a field that the query makes"):
        exploration.count_by("level", of_event=True)


COUNTED = [
    ("stats count(*) as n by level", "level", "stats count(*) as events by level"),
    ("filter ms > 2 | stats avg(ms) by bin(5m) as t", "t", "by bin(5m) as t"),
    ("fields ms * 2 as m | sort m", "m", "fields ms * 2 as m | stats count(*) as events by m"),
]


@pytest.mark.parametrize(("text", "field", "expected"), COUNTED)
def test_events_are_counted_by_what_each_of_them_has(logs, text, field, expected):
    exploration = Exploration(logs, ["/shop/app"], text=text)
    exploration.count_by(field)
    assert expected in exploration.text
    assert exploration.run().df["events"].sum() in {60, 58}


def test_a_number_of_a_group_cannot_be_counted_by(logs):
    exploration = Exploration(logs, ["/shop/app"], text="stats count(*) as n by level")
    with pytest.raises(MalformedQuery, match="makes 'n' of several events"):
        exploration.count_by("n")


def test_a_key_that_is_no_key_of_the_last_groups_leads_nowhere(logs):
    text = "stats count(*) as n by level, status | stats sum(n) as m by level"
    exploration = Exploration(logs, ["/shop/app"], text=text)
    with pytest.raises(InvalidParameter, match="no groups of 'stats'"):
        exploration.drill_down(next(iter(exploration.run())))


def test_undo_takes_back_one_gesture_after_another(logs):
    exploration = Exploration(logs, ["/shop/app"], start="-1h")
    first = (exploration.text, exploration.start, exploration.end)
    exploration.keep_only("level", "ERROR")
    exploration.narrow(NOW_MS - 600_000, NOW_MS + 600_000)
    assert exploration.to_cells()[0].startswith(
        "%%insights -g /shop/app --start 2026-11-20T10:50:00.000Z --end "
    )
    exploration.undo()
    assert exploration.start == "-1h"
    exploration.undo()
    assert (exploration.text, exploration.start, exploration.end) == first
    assert not exploration.can_undo


HELD = [
    # The query, the conditions that its events have to fulfil after the drill down.
    ('filter level = "ERROR" | stats count(*) by level', 'filter level = "ERROR" | fields'),
    ("where status>400 and level='ERROR' | stats count(*) by level", "level='ERROR' | fields"),
    ('filterIndex level = "ERROR" | stats count(*) by level', 'level = "ERROR" | fields'),
    (
        'filter level = "INFO" or ms > 9 | stats count(*) by level',
        'ms > 9 | filter level = "ERROR"',
    ),
    ("filter status = 500 | stats count(*) by level", 'status = 500 | filter level = "ERROR"'),
    (
        'filter level = "ERROR" | stats count(*) by level, status',
        'filter level = "ERROR" | filter status = 500',
    ),
]


@pytest.mark.parametrize(("text", "shown"), HELD)
def test_a_drill_down_adds_no_condition_that_is_there(logs, text, shown):
    exploration = Exploration(logs, ["/shop/app"], text=text)
    asked = exploration.run()
    row = next(row for row in asked if row["level"] == "ERROR")
    exploration.drill_down(row)
    assert shown in exploration.text.replace("\n", " ")
    assert len(exploration.run()) == row["count(*)"]


def test_a_value_that_is_kept_already_is_not_kept_twice(logs):
    exploration = Exploration(logs, ["/shop/app"], text="limit 9")
    exploration.keep_only("level", "ERROR")
    once = exploration.text
    exploration.keep_only("level", "ERROR")
    assert exploration.text == once
    exploration.undo()
    assert not exploration.can_undo
    # A field of the same name that is made after the condition is another one.
    exploration.write_text('filter x = "ERROR" | parse @message "*" as x')
    exploration.keep_only("x", "ERROR")
    assert exploration.text.count("filter") == 2
    # Behind `stats` it is about the columns of the groups.
    exploration.write_text("stats count(*) as n by level | filter n > 5")
    for _ in "12":
        exploration.keep_only("n", 20)
    assert exploration.text == "stats count(*) as n by level | filter n > 5\n| filter n = 20"


def test_undo_takes_back_what_is_typed_and_chosen_between_gestures(logs):
    exploration = Exploration(logs, ["/shop/app"])
    exploration.keep_only("level", "ERROR")
    gesture = exploration.text
    for typed in ("\n| s", "\n| sort", "\n| sort @timestamp"):
        exploration.write_text(gesture + typed)
    exploration.choose_groups(["/shop/web"])
    exploration.undo()
    assert exploration.text == f"{gesture}\n| sort @timestamp"
    assert exploration.groups == ["/shop/app"]
    exploration.undo()
    assert exploration.text == gesture
    exploration.undo()
    assert exploration.text == FIRST_TEXT
    assert not exploration.can_undo


def test_the_first_choice_of_groups_is_not_taken_back(logs):
    exploration = Exploration(logs)
    exploration.write_text("limit 1")
    exploration.choose_groups(["/shop/app"])
    exploration.undo()
    assert (exploration.text, exploration.groups) == (FIRST_TEXT, ["/shop/app"])
    assert not exploration.can_undo


def test_a_query_is_loaded_as_one_change(logs):
    exploration = Exploration(logs, ["/shop/app"], start="-1h", limit=5)
    exploration.choose_streams(["i-1"])
    before = exploration.to_cells()
    exploration.load(
        "limit {{n}}", {"n": 3}, groups=["/shop/web"], end="-1m", limit=None, strict=True
    )
    assert exploration.to_cells() == [
        "n = 3",
        "%%insights -g /shop/web --start -1h --end -1m --strict\nlimit {{n}}",
    ]
    exploration.undo()
    assert exploration.to_cells() == before
    for wrong in ({"groups": ["/nope"]}, {"start": "soon"}, {"language": "sqll"}):
        with pytest.raises(CwnbError):
            exploration.load("limit 1", **wrong)
    assert exploration.to_cells() == before


def test_braces_in_names_are_kept_in_cells(logs):
    logs.put(
        "/braces",
        "s{{x}}",
        [(logs.clock.now_ms() - n, json.dumps({"a{{b}}": n})) for n in range(3)],
    )
    exploration = Exploration(logs, ["/braces"])
    exploration.choose_streams(["s{{x}}"])
    exploration.keep_only("a{{b}}", 1)
    values, cell = exploration.to_cells()
    variables: dict[str, str] = {}
    exec(values, variables)
    line, _, text = cell.partition("\n")
    assert line.startswith("%%insights -g /braces")
    result = logs.query(fill_query(text, variables), "/braces")
    assert len(result) == len(exploration.run()) == 1


def test_values_of_every_kind_are_kept_and_left_out(logs):
    exploration = Exploration(logs, ["/shop/app"])
    exploration.keep_only("status", 500)
    exploration.leave_out("level", "INFO")
    exploration.leave_out("odd name", None)
    assert exploration.text == (
        'fields @timestamp, @message\n| filter status = 500\n| filter level != "INFO"'
        "\n| filter ispresent(`odd name`)"
    )
    exploration.text = "fields @timestamp"
    exploration.keep_only("odd name", None)
    assert len(exploration.run()) == 60
    first = next(iter(exploration.run()))
    exploration.keep_only("@timestamp", first["@timestamp"])
    assert len(exploration.run()) == 1


def test_counting_and_drilling_down_lead_to_the_events(logs):
    exploration = Exploration(logs, ["/shop/app"], start="-1h")
    exploration.keep_only("status", 500)
    exploration.count_by("level")
    assert list(exploration.run()) == [{"level": "ERROR", "events": 20}]
    exploration.drill_down({"level": "ERROR", "events": 20})
    assert exploration.text.endswith('| filter level = "ERROR"')
    assert len(exploration.run()) == 20
    exploration.text = "stats count(*) as n by bin(5m) as t, level | sort t, level"
    row = next(iter(exploration.run()))
    exploration.drill_down(row)
    assert len(exploration.run()) == row["n"]
    assert (exploration.end - exploration.start).total_seconds() == 300
    # A bin that begins before the window is not asked whole.
    exploration.text = "stats count(*) as n by bin(1mo)"
    row, window = next(iter(exploration.run())), (exploration.start, exploration.end)
    exploration.drill_down(row)
    assert (exploration.start, exploration.end) == window
    assert len(exploration.run()) == row["n"]
    exploration.choose_window()
    exploration.text = "stats count(*) as n by bin(1mo)"
    exploration.drill_down(next(iter(exploration.run())))
    assert exploration.start.isoformat() == "2026-11-01T00:00:00+00:00"
    assert exploration.end.isoformat() == "2026-12-01T00:00:00+00:00"
    assert exploration.text == "fields @timestamp, @message"


def test_the_same_can_be_written_as_a_cell(logs, run):
    exploration = Exploration(logs, ["/shop/app", "/shop/w*"], text="stats count(*) as n")
    exploration.choose_window("2026-11-20 10:00", None)
    assert exploration.to_cells() == [
        "%%insights -g /shop/app -g /shop/w* --start '2026-11-20 10:00'\nstats count(*) as n"
    ]
    exploration.choose_view("explain")
    exploration.text = "stats count(*) as n by bin(5m)"
    exploration.drill_down(next(iter(exploration.run())))
    (cell,) = exploration.to_cells()
    assert "--end 2026-11-20T11:00:00.000Z --explain" in cell
    assert run(cell).result.df.equals(exploration.run().df)
    assert exploration.begin().result(20).df.equals(exploration.run().df)


def test_code_that_no_cell_can_hold_says_why(logs):
    name = "/it's {odd}\""
    exploration = Exploration(logs, [name], text="limit 1")
    assert exploration.code == (
        f"# {name!r} cannot be written in the first line of a cell\n\nlimit 1"
    )
    exploration.groups = ["/shop/app"]
    assert exploration.code == exploration.to_cells()[0]


REFUSED = [
    (lambda e: e.choose_groups(["/nowhere"]), ResourceNotFound, "/nowhere"),
    (lambda e: e.choose_view("picture"), InvalidParameter, "one of logs, chart, explain"),
    (lambda e: e.choose_chart("lime"), InvalidParameter, "did you mean 'line'"),
    (lambda e: e.choose_language("sqll"), InvalidParameter, "did you mean 'ql'"),
    (lambda e: e.choose_window("-1h", "-2h"), InvalidParameter, "ends .* before it starts"),
    (lambda e: e.choose_window("soon"), InvalidParameter, "cannot read 'soon' as a time"),
    (lambda e: e.drill_down({"level": "ERROR"}), InvalidParameter, "no groups of 'stats'"),
    (lambda e: e.keep_only("level", {1}), InvalidParameter, "cannot write"),
    (lambda e: e.narrow(0, 1), InvalidParameter, "outside the window"),
    (lambda e: e.undo(), InvalidParameter, "nothing to undo"),
    (lambda e: e.keep_only("@message", "x" * 10_000), MalformedQuery, "10,000 is the most"),
]


@pytest.mark.parametrize(("gesture", "kind", "said"), REFUSED)
def test_a_gesture_that_cannot_be_done_changes_nothing(logs, gesture, kind, said):
    exploration = Exploration(logs, ["/shop/app"], start="-1h")
    before = vars(exploration).copy()
    with pytest.raises(kind, match=said):
        gesture(exploration)
    assert vars(exploration) == before
    exploration.text = "stat count(*)"
    with pytest.raises(MalformedQuery, match="did you mean 'stats'"):
        exploration.keep_only("level", "ERROR")
    assert exploration.text == "stat count(*)"


def test_streams_are_asked_alone(logs):
    logs.put("/shop/app", "i-2", [(NOW_MS - 1, '{"level": "ERROR", "from": "two"}')])
    exploration = Exploration(logs, ["/shop/*"])
    with pytest.raises(ResourceNotFound, match="did you mean 'i-2'"):
        exploration.choose_streams(["i-22"])
    exploration.choose_streams(["i-2"])
    assert len(exploration.run()) == 1
    assert exploration.frequent_values("level") == [("ERROR", 1)]
    exploration.text = "# how many\nstats count(*) as n by `from`"
    assert list(exploration.run()) == [{"from": "two", "n": 1}]
    (cell,) = exploration.to_cells()
    assert cell.endswith(
        '\nfilter @logStream in ["i-2"]\n| # how many\nstats count(*) as n by `from`'
    )
    exploration.text = "stats count(*) by nope(level)"
    with pytest.raises(MalformedQuery) as caught:
        exploration.run()
    fault = exploration.fault_in_text(caught.value)
    assert fault.text == exploration.text
    place = exploration.question.index("nope")
    shown = exploration.fault_in_text(MalformedQuery("no", exploration.question, place, place + 4))
    assert (shown.text, shown.start, shown.end) == (exploration.text, 18, 22)


def test_parameters_have_values(logs, run):
    exploration = Exploration(logs, ["/shop/app"], text="filter level = {{which}} | limit {{most}}")
    with pytest.raises(MalformedQuery, match="has no value"):
        exploration.run()
    exploration.parameters = {"which": "ERROR", "most": 3}
    assert len(exploration.run()) == 3
    values, cell = exploration.to_cells()
    assert values == "which = 'ERROR'\nmost = 3"
    run(values)
    assert run(cell).result.df.equals(exploration.run().df)
    exploration.keep_only("status", 500)
    assert exploration.text == 'filter level = "ERROR" | filter status = 500\n| limit 3'
    assert exploration.parameters == {}


def test_the_period_before_is_as_long_as_the_window(logs):
    exploration = Exploration(logs, ["/shop/web"], text="stats count(*) as n")
    with pytest.raises(InvalidParameter, match="choose a start"):
        exploration.choose_comparison(True)
    exploration.choose_window("-2h")
    exploration.choose_comparison(True)
    before = exploration.period_before()
    assert (f"{before.start:%H:%M}", f"{before.end:%H:%M}") == ("07:00", "09:00")
    assert [list(one.run()) for one in (exploration, before)] == [[{"n": 1}], [{"n": 1}]]
    now, earlier = exploration.to_cells()
    assert "--start -2h" in now
    assert "--start 2026-11-20T07:00:00.000Z --end 2026-11-20T09:00:00.000Z" in earlier


def test_the_window_ends_at_the_newest_event(logs):
    exploration = Exploration(logs, ["/shop/web"], start="2030-01-01", end="2030-01-01T01:00")
    exploration.end_at_newest()
    assert (exploration.end - exploration.start).total_seconds() == 3600
    assert len(exploration.run()) == 1
    exploration.choose_window()
    with pytest.raises(InvalidParameter, match="in it already"):
        exploration.end_at_newest()


def test_the_most_frequent_values_are_those_of_the_window(logs):
    exploration = Exploration(logs, ["/shop/app"], start="-6m")
    assert exploration.frequent_values("status") == [(200, 4), (500, 2)]
    assert exploration.frequent_values("nothing has it") == []
    for value, count in exploration.frequent_values("ms"):
        kept = Exploration(logs, ["/shop/app"], start="-6m")
        kept.keep_only("ms", value)
        assert len(kept.run()) == count


@pytest.fixture
def lists(logs) -> Exploration:
    """Give an exploration of ten events: lists in `tags`, a list among texts in `mix` and `level`."""
    events = [
        {
            "i": i,
            "tags": ["a", "b"] if i % 2 else ["c"],
            "mix": ["a"] if i == 5 else "x",
            "level": ["x"] if i == 3 else "INFO",
        }
        for i in range(10)
    ]
    logs.put("/lists", "s", [(NOW_MS - i, json.dumps(event)) for i, event in enumerate(events)])
    return Exploration(logs, ["/lists"], text="fields i, tags, mix")


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("mix", ["a"], 1),
        ("mix", "x", 9),
        ("tags", ["a", "b"], 5),
        ("tags", '["a","b"]', 5),  # as a DataFrame shows it
    ],
)
def test_a_list_is_kept_or_left_out_as_any_value(lists, name, value, kept):
    lists.keep_only(name, value)
    assert len(lists.run()) == kept
    lists.undo()
    lists.leave_out(name, value)
    assert len(lists.run()) == 10 - kept


def test_fields_that_hold_lists_are_counted(lists):
    assert lists.frequent_values("mix") == [("x", 9), ('["a"]', 1)]
    assert sorted(lists.frequent_values("tags")) == [('["a","b"]', 5), ('["c"]', 5)]
    lists.count_by("mix")
    assert list(lists.run()) == [{"mix": "x", "events": 9}, {"mix": '["a"]', "events": 1}]
    lists.drill_down({"mix": '["a"]', "events": 1})
    assert [row["i"] for row in lists.run()] == [5]


def test_a_field_that_the_query_makes_is_counted_as_it_is(lists):
    lists.text = 'parse @message "*" as mix'
    lists.count_by("mix")
    assert "stats count(*) as events by mix\n" in lists.text


def test_events_are_counted_over_time_where_a_level_is_a_list(lists):
    counted = CountOverTime(lists.run()).begin().result()
    assert counted.total == 10
    assert counted.levels == ["events"]


def test_a_text_that_names_its_groups_needs_none(logs):
    exploration = Exploration(logs, [], text="SOURCE '/shop/app' | stats count(*) as n by level")
    assert exploration.names_groups
    assert sorted(row["n"] for row in exploration.run()) == [20, 40]
    exploration.keep_only("level", "ERROR")
    assert exploration.text == (
        "SOURCE '/shop/app' | filter level = \"ERROR\"\n| stats count(*) as n by level"
    )
    assert list(exploration.run()) == [{"level": "ERROR", "n": 20}]
    exploration.streams = ["nothing"]
    assert exploration.question.startswith("SOURCE '/shop/app' | filter @logStream in [")
    assert len(exploration.run()) == 0
    exploration.streams = []
    assert exploration.frequent_values("level") == [("INFO", 40), ("ERROR", 20)]
    exploration.groups = ["/shop/web"]
    (cell,) = exploration.to_cells()
    assert "-g" not in cell.partition("\n")[0]
