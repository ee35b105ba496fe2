"""An empty answer says why it is empty, whether the events are recent or in segments."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

import cwnb
from cwnb.results.emptiness import reasons_for_no_rows
from cwnb.times import Clock

NOW_MS = 1_795_172_400_000  # 2026-11-20 11:00 UTC
DAY_MS = 86_400_000


@pytest.fixture(params=["recent", "in segments"])
def logs(tmp_path, request):
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as opened:
        levels = ["INFO", "ERROR", "INFO"]
        opened.put(
            "/a",
            "s",
            [
                (NOW_MS - 60_000 * (i + 1), json.dumps({"level": levels[i % 3], "ms": i}))
                for i in range(60)
            ],
        )
        opened.put(
            "/b", "s", [(NOW_MS - i, json.dumps({"ms": 1000 + i, "ok": "yes"})) for i in range(9)]
        )
        opened.put("/old", "s", [(NOW_MS - 9 * DAY_MS, json.dumps({"ms": 1}))])
        opened.put("/lists", "s", [(NOW_MS - 1, '{"a": ["x"], "b": 1}'), (NOW_MS, '{"a": []}')])
        opened.put_lookup("owners", pd.DataFrame({"level": ["FATAL"], "owner": ["ops"]}))
        opened.put_lookup("nets", pd.DataFrame({"cidr": ["10.0.0.0/8"], "zone": ["a"]}))
        opened.create_group("/none")
        if request.param == "in segments":
            opened.flush()
        yield opened


# Query, options, what the reasons say, whatever the state of the events.
EMPTY = [
    ("filter @message like /zz/", {}, "all 60 rows .* dropped by: filter @message like /zz/"),
    ("filter level = 'ERROR' | filter ms + 0 > 99", {}, "all 20 rows .*: filter ms [+] 0 > 99"),
    ("stats count(*) as n by level | filter n > 99", {}, "all 2 rows .*: filter n > 99"),
    ("stats count(*) as n | filter n > 99", {}, "the one row .*: filter n > 99"),
    ("filter ms = 700", {}, "(all 60 rows|none of the 60 events).*ms = 700"),
    ("filter nosuch = 1", {}, "no event has the field 'nosuch'"),
    (
        "fields @message",
        {"start": "2020-01-01", "end": "2020-01-02"},
        "no events from 2020.*they lie from 2026-11-20 10:00",
    ),
    (
        "filter level = 'INFO'",
        {"start": "2026-11-20T10:00:01Z", "end": "2026-11-20T10:00:02Z"},
        "no events from .* they lie",
    ),
    ("fields @message", {"groups": "/none"}, "there are no events to read"),
]


@pytest.mark.parametrize(("text", "options", "said"), EMPTY)
def test_an_empty_answer_says_why(logs, text, options, said):
    result = logs.query(text, **{"groups": "/a"} | options)
    reasons = reasons_for_no_rows(result)
    assert re.search(said, "\n".join(reasons)), reasons
    assert len(reasons) <= 2


# Query and what the reasons say besides "all … rows that came to it were dropped by: <command>", of
# which the first text is the beginning. Each has a command that the answer is empty because of.
BY_COMMANDS = [
    (
        "join left=a right=b where a.ms = b.ms (SOURCE '/b')",
        "join .*no row has the keys of a row of the right side",
        ["answer 1 has 9 rows"],
    ),
    (
        "join left=a right=b where a.ms = b.ms (SOURCE '/b' | filter ok = 'no')",
        "join ",
        ["a whole query", "answer 1 has no rows", 'in answer 1, all 9 rows .*: filter ok = "no"'],
    ),
    (
        "join left=a right=b where a.ms = b.ms (SOURCE '/none')",
        "join ",
        ["right side .* field 'ms'", 'SOURCE "/none" has no events', "answer 1 has no rows"],
    ),
    (
        "join type=left left=a right=b where a.ms = b.ms (SOURCE '/b') | filter b.ok = 'yes'",
        "filter b.ok",
        ["no.* value of 'b.ok', which this would make: join type=left", "answer 1 has 9 rows"],
    ),
    ("filter ms in (SOURCE '/b' | fields ms)", "filter ms in", ["answer 1 has 9 rows"]),
    (
        "filter ms in (SOURCE '/b' | filter ok = 'no' | fields ms)",
        "filter ms in",
        ["answer 1 has no rows", "in answer 1, all 9 rows .*: filter ok"],
    ),
    ("filter ms not in (fields ms)", "filter ms not in", ["answer 1 has 60 rows"]),
    # The inner query has no rows, which is no reason: `not in` lets all pass.
    ("filter ms not in (filter ms < 0 | fields ms) | filter ms * 2 > 999", "filter ms [*] 2", []),
    ("lookup owners level OUTPUT owner | filter owner = 'ops'", "filter owner",
        ["'owner', which this would make: lookup owners level", "answer 1 has 1 row"]),
    ("cidrlookup nets level OUTPUT zone | filter ispresent(zone)", "filter ispresent",
        ["'zone', which this would make: cidrlookup", "answer 1 has 1 row"]),
    ("appendcols (SOURCE '/b' | fields ok | limit 3) | filter ok = 'no'", "filter ok", []),
    ("parse @message 'zz*' as x | filter x = 1", "filter x",
        ["'x', which this would make: parse @message \"zz[*]\" as x"]),
    ("parse @message /zz(?<x>.*)/ multi | filter x = 1", "filter x", ["'x', which .*: parse"]),
    ("parse @message logfmt as m | filter m.k = 'a'", "filter m.k", ["'m.k', which .*: parse"]),
    ("parse @message csv as a, b, c, d | filter d = 1", "filter d", ["'d', which .*: parse"]),
    ("parse @message xml '/a/b' as x | filter x = 1", "filter x", ["'x', which .*: parse"]),
    ("json 'a.b' as x | filter ispresent(x)", "filter ispresent", ["'x', which .*: json"]),
    ("fields jsonParse(level) as j | filter j.k = 1", "filter j.k", ["'j.k', which .*: fields"]),
    ("filterIndex ms = 5.5", "filterIndex ms", ["no log group has an index"]),
    ("unnest nosuch into x | filter x = 1", "filter x",
        ["no event has the field 'nosuch'", "'x', which .*: unnest nosuch into x"]),
    ("sessionize nosuch as sid | filter ispresent(sid)", "filter ispresent",
        ["no event has the field 'nosuch'", "'sid', which .*: sessionize"]),
    ("accum level as t | filter t > 0", "filter t", ["'t', which .*: accum level"]),
    ("autoregress ms as q p=100 | filter ispresent(q)", "filter ispresent", ["'q', which .*: auto"]),
    ("fields nosuch | filldown nosuch | filter nosuch = 1", "filter nosuch",
        ["no event has the field 'nosuch'", "'nosuch', which .*: filldown"]),
    ("addtotals level | filter Total > 0", "filter Total", ["'Total', which .*: addtotals"]),
    ("fields ms | outlier action=remove ms | filter ms * 2 > 999", "filter ms", []),
    ("tail 5 | filter level = 'NO'", "filter level", []),
    ("countFrequent level | filter _approxcount > 99", "filter _approxcount", []),
    ("stats count(*) as n by bin(5m) | fillmissing with 0 for n | filter n > 99", "filter n", []),
    ("stats sum(level) as n | filter n > 0", "filter n", ["'n', which .*: stats"]),
    ("parse @message 'zz*' as x | pattern x", "pattern x [(]no row has a text[)]",
        ["'x', which .*: parse"]),
    ("pattern @message | anomaly", "pattern .*anomaly [(]no pattern behaves unusually[)]", []),
    ("pattern @message | filter @sampleCount > 999", "filter @sampleCount", []),
    ("sort ms | filter ms * 2 > 999 | dedup level", "filter ms", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "dropped_by", "others"), BY_COMMANDS)
def test_the_command_that_left_no_row_is_named(logs, text, dropped_by, others):
    result = logs.query(text, "/a")
    reasons = reasons_for_no_rows(result)
    assert len(result) == 0
    dropped = [r for r in reasons if re.search(f"^(all .* rows|the one row) .*: {dropped_by}", r)]
    rest = [reason for reason in reasons if reason not in dropped]
    assert len(dropped) == 1, reasons
    for reason, other in zip(rest, others, strict=True):
        assert re.search(other, reason), reasons


# Query, and what the reason says of the parts of the condition.
PARTS = [
    ("filter level = 'INFO' and ms = 1", 'level = "INFO" keeps 40 and ms = 1 keeps 1'),
    ("filter level = 'INFO' and ms + 0 > 99", 'level = "INFO" keeps 40 and ms + 0 > 99 keeps none'),
    ("filter ms < 30 | filter level = 'INFO' and ms % 3 = 1",
        'level = "INFO" keeps 20 and ms % 3 = 1 keeps 10'),
    ("filter @message like /INFO/ and @message like /ERROR/",
        "@message like /INFO/ keeps 40 and @message like /ERROR/ keeps 20"),
    ("parse @message /: (?<x>[0-9]+)/ | filter x > 50 and level = 'INFO' and x % 3 = 1",
        'x > 50 keeps 9, level = "INFO" keeps 40 and x % 3 = 1 keeps 20'),
    ("stats count(*) as n by level | filter level = 'INFO' and n < 30",
        'level = "INFO" keeps 1 and n < 30 keeps 1'),
    ("filter level = 'INFO' and ms = 1 and ms + 0 < 9 and ms + 0 < 8 and ms + 0 < 7 and ms < 6",
        "ms = 1 keeps 1, ms + 0 < 9 keeps 9, ms + 0 < 8 keeps 8, ms + 0 < 7 keeps 7 and ms < 6 keeps 6"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), PARTS)
def test_the_part_of_a_condition_that_drops_rows_is_named(logs, text, said):
    (reason,) = reasons_for_no_rows(logs.query(text, "/a"))
    assert reason.startswith("all ")
    assert reason.endswith(f" (alone, {said})")


def test_one_condition_and_two_that_are_joined_by_or_have_no_parts(logs):
    for text in ("filter ms + 0 > 99", "filter ms + 0 > 99 or level = 'x'"):
        (reason,) = reasons_for_no_rows(logs.query(text, "/a"))
        assert "alone" not in reason


def test_parts_are_counted_on_the_newest_events(logs, monkeypatch):
    monkeypatch.setattr("cwnb.insights.engine.clues._EVENTS", 10)
    (reason,) = reasons_for_no_rows(logs.query("filter level = 'INFO' and ms + 0 > 99", "/a"))
    said = 'alone, of the newest 10 level = "INFO" keeps 7 and ms + 0 > 99 keeps none'
    assert reason.endswith(f" ({said})")


def test_the_condition_that_leaves_out_all_events_is_named(logs):
    (reason,) = reasons_for_no_rows(logs.query("filter level = 'INFO' and ms = 700", "/a"))
    assert "(ms = 700 alone leaves out all)" in reason or "ms = 700 keeps none" in reason


# Query, and what the reason says that the events have instead.
NEAR = [
    ("filter level = 'error'", 'level has the value "ERROR"'),
    ("filter level in ['x', ' info ']", 'level has the value "INFO"'),
    ("filter level = 'Info' and ms = 1", 'level has the value "INFO"'),
    ("filter level like 'err'", "in another case it is found: write level like /(?i)err/"),
    ("filter @message like '\"Level\"'",
        'in another case it is found: write @message like /(?i)"Level"/'),
    ("filter level", "level holds texts, and a text is no condition: write ispresent(level)"),
    ("stats count(*) as n by level | filter level = 'error'", 'level has the value "ERROR"'),
    ("fields jsonParse(@message) as m | filter m.level = 'error'", 'm.level has the value "ERROR"'),
    ("stats values(level) as v | filter v = 'INFO'",
        "v holds lists or maps: write jsonArrayContains(v, …)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), NEAR)
def test_a_value_that_is_written_almost_so_is_named(logs, text, said):
    (reason,) = reasons_for_no_rows(logs.query(text, "/a"))
    assert reason.endswith(f"; {said}")
    (other,) = reasons_for_no_rows(logs.query("filter level = 'FATAL' or ms < 0", "/a"))
    assert ";" not in other


# Query and what is said of a part of a map that is in none.
KEYS = [
    ("fields jsonParse(@message) as m | filter m.levl = 'x'", "did you mean 'm.level'?"),
    ("fields jsonParse(@message) as m, m.LEVEL as l | limit 3", "did you mean 'm.level'?"),
    ("fields jsonParse(@message) as m | stats count(*) by m.levl", "did you mean 'm.level'?"),
    ("fields jsonParse(@message) as m | sort ms | limit 3 | filter m.levl = 'x'",
        "did you mean 'm.level'?"),
    ("fields jsonParse(concat('{\"in\":', @message, '}')) as m | filter m.in.mss = 1",
        "did you mean 'm.in.ms'?"),
    ("fields 'colour=red size=4' as t | parse t logfmt as m | filter m.color = 'red'",
        "did you mean 'm.colour'?"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), KEYS)
def test_a_key_that_no_map_has_is_noticed(logs, text, said):
    warnings = logs.query(text, "/a").warnings
    assert [w for w in warnings if w.startswith("no value of ") and w.endswith(said)] == warnings
    assert len(warnings) == 1


def test_the_keys_of_maps_are_told_where_none_is_near(logs):
    result = logs.query("fields jsonParse(@message) as m | filter m.route = 'x'", "/a")
    assert result.warnings == []
    assert reasons_for_no_rows(result)[1].endswith("jsonParse(@message) as m; 'm' has level, ms")
    for text in ("m.level", "m.ms"):
        named = logs.query(f"fields jsonParse(@message) as m | display {text} as x", "/a")
        assert named.warnings == []
    # What only some maps have is there.
    both = "fields jsonParse(@message) as m | filter ispresent(m.ok)"
    assert logs.query(both, ["/a", "/b"]).warnings == []


@pytest.mark.parametrize("command", ["unnest a into x", "expand a"])
def test_empty_lists_give_no_row(logs, command):
    reasons = reasons_for_no_rows(logs.query(f"filter not ispresent(b) | {command}", "/lists"))
    assert reasons == [
        f"the one row that came to it was dropped by: {command} (each list is empty)"
    ]


def test_a_source_that_names_nothing_in_the_window_is_named(logs):
    told = r'SOURCE "/old" has no events from 2026-11-19 11:00.*; they lie from 2026-11-11 11:00'
    for text in (
        "filter ms in (SOURCE '/old' | filter ms = 1 | fields ms)",
        "join left=a right=b where a.ms = b.ms (SOURCE '/old')",
    ):
        *_, where, dropped, rows = reasons_for_no_rows(logs.query(text, "/a", start="-1d"))
        assert re.match(told, where)
        assert "all 60 rows" in dropped
        assert rows == "answer 1 has no rows"
    left = "join type=left left=a right=b where a.ms = b.ms (SOURCE '/old')"
    result = logs.query(left, "/a", start="-1d")
    assert len(result) == 60
    assert any(re.match(told, warning) for warning in result.warnings)


def test_groups_without_events_are_told_also_where_a_subquery_reads_some(logs):
    result = logs.query("SOURCE '/none' | filter ms in (SOURCE '/b' | fields ms)")
    assert "there are no events to read" in reasons_for_no_rows(result)
    text = "SOURCE '/old' start=-1d | filter ms in (SOURCE '/b' | fields ms)"
    (reason,) = reasons_for_no_rows(logs.query(text))
    assert reason.startswith("there are no events from 2026-11-19")


def test_explain_says_why_there_are_no_rows(logs):
    text = str(logs.query("filter ms in (SOURCE '/b' | fields ms)", "/a").explain())
    assert " answer 1: # scan ms\n" in text
    assert text.endswith(
        "\nno rows: all 60 rows that came to it were dropped by: filter ms in (answer 1)\n"
        "no rows: answer 1 has 9 rows"
    )
    shown = logs.query("filter ms = 7.5", "/a").explain()._repr_mimebundle_()["text/html"]
    assert "no rows: " in shown
    assert "no rows" not in str(logs.query("filter ms = 7", "/a").explain())


def test_the_text_of_an_answer_says_once_why_there_are_no_rows(logs):
    dropped = "no rows: all 60 rows that came to it were dropped by: filter"
    for text in ("filter @message like /zz/", "filter ms in (SOURCE '/b' | fields ms)"):
        result = logs.query(text, "/a")
        shown = result._repr_mimebundle_()["text/plain"]
        assert str(result) == shown
        assert shown.splitlines()[1].startswith(dropped)
        assert shown.count("no rows: ") == 1
        page = result._repr_mimebundle_()["text/html"]
        assert page.count("no rows") == page.count("no rows: all 60 rows that came to it") == 1
    shown = str(logs.query("fields @message", "/none"))
    assert "warning: there are no events to read" in shown
    assert "no rows: " not in shown
    assert "no rows: " not in str(logs.query("limit 1", "/a"))


def test_an_answer_with_rows_needs_no_reason(logs):
    assert reasons_for_no_rows(logs.query("filter nosuch = 1 or ms = 1", "/a")) == []
