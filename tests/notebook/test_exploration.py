"""The object behind the explorer: each gesture changes text, groups or window as a person would."""

from __future__ import annotations

import pytest

from cwnb.errors import InvalidParameter, MalformedQuery, ResourceNotFound
from cwnb.notebook.exploration import Exploration

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
    exploration.text = "stats count(*) as n by bin(1mo)"
    row = next(iter(exploration.run()))
    exploration.drill_down(row)
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
