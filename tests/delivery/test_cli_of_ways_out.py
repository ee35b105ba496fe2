"""The commands for metric filters and log groups, and those that explain."""

from __future__ import annotations

import io
import json
import sys

import pytest

from cwnb.cli import main

from .conftest import GROUP, NOW_MS


@pytest.fixture
def run(logs, capsys, monkeypatch):
    def command(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        store = [] if arguments[0] == "explain-pattern" else ["--store", str(logs.store.path)]
        with pytest.raises(SystemExit) as ended:
            main([*store_last(arguments, store)])
        found = capsys.readouterr()
        return ended.value.code, found.out, found.err

    return command


def store_last(arguments, store):
    """Put the store before what stands behind --."""
    place = arguments.index("--") if "--" in arguments else len(arguments)
    return [*arguments[:place], *store, *arguments[place:]]


def put_slow(run, *options):
    return run(
        *("metric-filter", "put", GROUP, "slow", "-p", "{ $.took >= 3 || $.took = * }"),
        *("--metric", "Slow", "--namespace", "Shop", "--value", "$.took"),
        *("--unit", "Milliseconds", *options),
    )


def test_a_metric_filter_is_made_shown_and_deleted(run, logs):
    lines = ['{"took": 4, "path": "/a"}', '{"took": 8, "path": "/a"}', '{"took": "x"}']
    logs.put(GROUP, "s", [(NOW_MS, line) for line in lines])
    code, out, err = put_slow(run, "--dimension", "path=$.path", "--replay")
    assert (code, err) == (0, "")
    assert out == "slow counts all events of /shop/app; 'cwnb metrics /shop/app' shows the values\n"
    code, out, _ = run("metric-filter", "list")
    assert code == 0
    header, _, row = out.splitlines()
    assert header.split()[:5] == ["group", "name", "pattern", "namespace", "metric"]
    for said in (GROUP, "slow", "Shop", "$.took", "Milliseconds", "path=$.path", "3 "):
        assert said in row
    code, out, _ = run("metrics", GROUP, "--metric", "Slow", "-o", "json")
    (point,) = json.loads(out)
    assert (point["sum"], point["count"], point["min"], point["max"]) == (12, 2, 4, 8)
    assert (point["dimensions"], point["unit"]) == ("path=/a", "Milliseconds")
    assert "Slow" in run("metrics")[1]
    code, out, err = run("metrics", "--end", str(NOW_MS - 3_600_000))
    assert (code, err) == (
        0,
        "no values; 'cwnb metric-filter list' says how many events have matched\n",
    )
    assert run("metric-filter", "delete", GROUP, "slow")[:2] == (
        0,
        "deleted slow of /shop/app; its values stay\n",
    )
    assert "cwnb metric-filter put" in run("metric-filter", "list")[2]
    assert "Slow" in run("metrics")[1]


def test_values_go_to_a_file(run, logs, tmp_path):
    put_slow(run, "--default", "0")
    logs.put(GROUP, "s", [(NOW_MS, "fine")])
    assert run("metrics", "--to", str(tmp_path / "m.csv"))[0] == 0
    header, row = (tmp_path / "m.csv").read_text().splitlines()
    assert header.startswith("time,group,namespace,metric,")
    assert row.split(",")[1:4] == [GROUP, "Shop", "Slow"]
    assert row.split(",")[-4:-2] == ["0", "1"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["metric-filter", "put", GROUP, "a"], "--metric is missing; see 'cwnb metric-filter put"),
        (["metric-filter", "put", "/no", "a", "--metric", "A"], "no log group is named '/no'"),
        (
            ["metric-filter", "put", GROUP, "a", "--metric", "A", "--default", "x"],
            "the default value is a number, not 'x'",
        ),
        (
            ["metric-filter", "put", GROUP, "a", "--metric", "A", "--unit", "Second"],
            "there is no unit 'Second'; did you mean 'Seconds'?",
        ),
        (
            ["metric-filter", "put", GROUP, "a", "--metric", "A", "--dimension", "path"],
            "a dimension is NAME=VALUE, such as path=$.path, not 'path'",
        ),
        (
            "metric-filter put /a a --metric A --dimension p=$.a --dimension p=$.b".split(),
            "the dimension 'p' is given twice, and not with the same value",
        ),
        (["metric-filter", "delete", GROUP, "a"], "log group '/shop/app' has no metric filter 'a'"),
        (["metric-filter", "lst"], "no command 'lst'; did you mean 'list'?"),
        (["metrics", GROUP], "log group '/shop/app' has no metric filters; 'cwnb metric-filter"),
        (["create-group", GROUP], "log group '/shop/app' exists already"),
        (["create-group", "/a", "--retention", "soon"], "'soon' is no number of days"),
        (["create-group", "/a", "--tag", "team"], "a tag is KEY=VALUE, such as team=shop"),
        (
            ["create-group", "/a", "--tag", "team=a", "--tag", "team=b"],
            "the tag 'team' is given twice, and not with the same value",
        ),
        (["explain-delivery", GROUP, "n", "x"], "'x' is no @ptr"),
        (
            ["subscribe", GROUP, "/no", "--log-group"],
            "the target, log group '/no', does not exist; 'cwnb create-group' makes it",
        ),
    ],
)
def test_errors_are_one_sentence(run, arguments, error):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"cwnb: {error}")
    assert err.count("\n") == 1


def test_a_group_is_made(run, logs, tmp_path):
    made = ("create-group", "/new", "--retention", "30", "--tag", "team=shop", "--log-type", "json")
    assert run(*made) == (0, "made /new\n", "")
    (row,) = [row for row in logs.groups().to_dict("records") if row["name"] == "/new"]
    assert (row["retention_days"], row["tags"], row["log_type"]) == (30, "team=shop", "json")
    with pytest.raises(SystemExit):  # as `load` makes one
        main(["create-group", "/first", "--store", str(tmp_path / "fresh")])
    assert "/first" in run("groups", "--store", str(tmp_path / "fresh"))[1]


def test_a_pattern_is_explained(run):
    code, out, _ = run("explain-pattern", "ERROR -timeout", "ERROR: timeout")
    assert code == 0
    assert out.splitlines()[0] == "does not match: ERROR -timeout"
    assert run("explain-pattern", "{ $.a = 1 }", stdin=b'{"a": 1}\n')[1].startswith("matches: ")
    assert run("explain-pattern", "--", "-x", "y")[1].startswith("matches: -x")
    assert run("explain-pattern", '"b\ufffd"', stdin=b"b\xff")[1].startswith("matches: ")
    code, _, err = run("explain-pattern", "{ $.a = }", "x")
    assert code == 2
    assert "^" in err


def test_a_delivery_is_explained(run, logs, put):
    put("before")
    logs.subscribe(GROUP, "json:dumps", name="bus")
    put("after")
    pointers = logs.query("fields @ptr | sort @ptr", GROUP).df["@ptr"]
    said = [run("explain-delivery", GROUP, "bus", pointer)[1] for pointer in pointers]
    assert said[0].startswith("not delivered: it was there before the subscription 'bus'")
    assert said[1].startswith("not yet delivered: no worker has come to it yet")
