"""The object behind the explorer: each gesture changes text, groups or window as a person would."""

from __future__ import annotations

import pytest

from cwnb.errors import InvalidParameter, MalformedQuery, ResourceNotFound
from cwnb.notebook.exploration import Exploration

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


REFUSED = [
    (lambda e: e.choose_groups(["/nowhere"]), ResourceNotFound, "/nowhere"),
    (lambda e: e.choose_view("picture"), InvalidParameter, "one of logs, chart, explain"),
    (lambda e: e.choose_language("sqll"), InvalidParameter, "one of ql"),
    (lambda e: e.choose_window("-1h", "-2h"), InvalidParameter, "ends .* before it starts"),
    (lambda e: e.choose_window("soon"), InvalidParameter, "cannot read 'soon' as a time"),
    (lambda e: e.drill_down({"level": "ERROR"}), InvalidParameter, "nothing is behind them"),
    (lambda e: e.keep_only("level", {"a": 1}), InvalidParameter, "cannot write"),
]


@pytest.mark.parametrize(("gesture", "kind", "said"), REFUSED)
def test_a_gesture_that_cannot_be_done_changes_nothing(logs, gesture, kind, said):
    exploration = Exploration(logs, ["/shop/app"])
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
    with pytest.raises(MalformedQuery, match="no variable 'which'"):
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
    before = exploration.before()
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
