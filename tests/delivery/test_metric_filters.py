"""Metric filters: their rules, and points by the minute that count nothing twice."""

from __future__ import annotations

import threading

import pandas as pd
import pytest

import cwnb
from cwnb.errors import InvalidParameter, MalformedPattern, ResourceNotFound

from .conftest import GROUP, NOW_MS

MINUTE = 60_000
FIRST = NOW_MS // MINUTE * MINUTE


def put(logs, minute, *messages):
    logs.put(GROUP, "s", [(FIRST + minute * MINUTE, message) for message in messages])


def rows(logs, *columns, **options):
    """Give columns of the points, with minutes in place of times."""
    found = logs.metrics(**options)
    minutes = (found["time"] - pd.Timestamp(FIRST, unit="ms", tz="UTC")) // pd.Timedelta("1min")
    found["minute"] = minutes.astype(int)
    return [tuple(row) for row in found[["minute", *columns]].itertuples(index=False)]


def test_events_that_match_are_counted_by_their_minutes(logs):
    put(logs, 0, "ERROR before")
    logs.put_metric_filter(GROUP, "errors", "ERROR", metric="Errors", namespace="Shop")
    put(logs, 0, "ERROR 1", "fine", "ERROR 2")
    put(logs, -3, "ERROR of an earlier minute")
    assert rows(logs, "namespace", "metric", "sum", "count") == [
        (-3, "Shop", "Errors", 1.0, 1),
        (0, "Shop", "Errors", 2.0, 2),
    ]
    put(logs, 0, "ERROR 3")
    logs.flush()
    for _ in range(2):
        assert rows(logs, "sum")[-1] == (0, 3.0)


def test_values_of_json_are_added_up_and_what_is_no_number_counts_nothing(logs):
    logs.put_metric_filter(
        GROUP, "slow", "{ $.took >= 0 || $.took = * }", metric="Took", value="$.took"
    )
    put(logs, 0, '{"took": 3.5}', '{"took": "12"}', '{"took": "soon"}', '{"took": true}', "x")
    put(logs, 0, '{"took": -1}', '{"took": 4}')
    assert rows(logs, "sum", "count", "min", "max") == [(0, 18.5, 4, -1.0, 12.0)]


def test_values_of_fields_are_added_up_by_name_and_number(logs):
    logs.put_metric_filter(GROUP, "a", "[ip, status, bytes]", metric="Bytes", value="$bytes")
    logs.put_metric_filter(GROUP, "b", "[ip, status, bytes]", metric="Status", value="$2")
    put(logs, 0, "1.1.1.1 200 10", "1.1.1.1 404 32", "1.1.1.1 404 -")
    assert rows(logs, "metric", "sum", "count") == [
        (0, "Bytes", 42.0, 2),
        (0, "Status", 1008.0, 3),
    ]


def test_dimensions_make_points_of_their_own_and_need_their_values(logs):
    logs.put_metric_filter(
        GROUP,
        "by",
        "{ $.n = * }",
        metric="N",
        value="$.n",
        dimensions={"path": "$.path", "status": "$.status"},
    )
    put(logs, 0, '{"n": 1, "path": "/a", "status": 200}', '{"n": 2, "path": "/a", "status": 200}')
    put(logs, 0, '{"n": 4, "path": "/b", "status": 200}', '{"n": 8, "path": "/b"}')
    put(logs, 0, '{"n": 16, "path": "/b", "status": null}', '{"n": 32, "path": [], "status": 1}')
    assert rows(logs, "dimensions", "sum") == [
        (0, "path=/a, status=200", 3.0),
        (0, "path=/b, status=200", 4.0),
    ]


def test_emitted_system_fields_are_dimensions(logs):
    logs.put_metric_filter(GROUP, "e", "ERROR", metric="E", emit_system_fields=["@aws.region"])
    put(logs, 0, "ERROR 1", "ERROR 2")
    assert rows(logs, "dimensions", "sum") == [(0, "@aws.region=us-east-1", 2.0)]


def test_the_default_is_the_value_of_minutes_in_which_none_matched(logs):
    logs.put_metric_filter(GROUP, "errors", "ERROR", metric="Errors", default=0)
    put(logs, 0, "fine", "fine")
    put(logs, 2, "fine", "ERROR")
    assert rows(logs, "sum", "count", "min") == [(0, 0.0, 1, 0.0), (2, 1.0, 1, 1.0)]
    put(logs, 0, "ERROR late")
    assert rows(logs, "sum", "count") == [(0, 1.0, 1), (2, 1.0, 1)]


def test_replay_counts_all_that_ever_became_visible(logs):
    put(logs, 0, "ERROR 1")
    put(logs, 1, "ERROR 2")
    logs.put_metric_filter(GROUP, "errors", "ERROR", metric="Errors", replay=True)
    assert rows(logs, "sum") == [(0, 1.0), (1, 1.0)]


def test_replay_of_the_same_filter_counts_in_place_of_what_it_counted(logs):
    put(logs, 0, "ERROR 1", "ERROR 2")
    for _ in range(3):
        logs.put_metric_filter(GROUP, "errors", "ERROR", metric="Errors", replay=True)
        assert rows(logs, "sum") == [(0, 2.0)]
    logs.put_metric_filter(GROUP, "again", "ERROR", metric="Errors", replay=True)
    assert rows(logs, "sum", "count") == [(0, 4.0, 4)]


def test_a_filter_that_is_replaced_goes_on_where_it_was(logs):
    logs.put_metric_filter(GROUP, "f", "ERROR", metric="Errors")
    put(logs, 0, "ERROR", "WARN")
    assert rows(logs, "metric", "sum") == [(0, "Errors", 1.0)]
    logs.put_metric_filter(GROUP, "f", "WARN", metric="Warnings", value=5)
    put(logs, 0, "ERROR", "WARN")
    assert rows(logs, "metric", "sum") == [(0, "Errors", 1.0), (0, "Warnings", 5.0)]
    assert list(logs.metric_filters()["metric"]) == ["Warnings"]
    logs.delete_metric_filter(GROUP, "f")
    assert len(logs.metric_filters()) == 0
    assert rows(logs, "metric") == [(0, "Errors"), (0, "Warnings")]


def test_points_are_chosen_by_group_metric_and_time(logs):
    logs.put_metric_filter(GROUP, "a", "", metric="A")
    logs.put_metric_filter("/shop/web", "b", "", metric="B")
    put(logs, 0, "x")
    put(logs, 5, "x")
    logs.put("/shop/web", "s", [(FIRST, "x")])
    assert rows(logs, "group", "metric") == [
        (0, GROUP, "A"),
        (5, GROUP, "A"),
        (0, "/shop/web", "B"),
    ]
    assert rows(logs, "metric", group="/shop/web") == [(0, "B")]
    assert rows(logs, "metric", metric="A", start=FIRST + MINUTE) == [(5, "A")]
    with pytest.raises(ResourceNotFound, match="no metric is named 'AA'; did you mean 'A'"):
        logs.metrics(metric="AA")


def test_points_go_with_their_group(logs):
    logs.put_metric_filter(GROUP, "a", "", metric="A")
    put(logs, 0, "x")
    assert len(logs.metrics()) == 1
    logs.delete_group(GROUP)
    put(logs, 0, "x")
    with pytest.raises(ResourceNotFound, match="the store has no metric filters; "):
        logs.metrics()
    assert len(logs.metric_filters()) == 0


def test_a_group_without_metric_filters_is_no_empty_answer(logs):
    logs.put_metric_filter("/shop/web", "b", "", metric="B")
    with pytest.raises(ResourceNotFound, match="log group '/shop/app' has no metric filters"):
        logs.metrics(GROUP)
    assert len(logs.metrics("/shop/web")) == 0  # there is one, and nothing has come yet
    with pytest.raises(ResourceNotFound, match="no metric is named 'C'"):
        logs.metrics("/shop/web", "C")


def test_what_matched_and_gave_no_value_is_counted(logs):
    def put_filter(value="$.took", **options):
        logs.put_metric_filter(
            GROUP, "slow", "{ $.a = 1 }", metric="Took", value=value,
            dimensions={"path": "$.path"}, **options,
        )  # fmt: skip

    def counts():
        (row,) = logs.metric_filters().to_dict("records")
        return row["matched"], row["without_number"], row["without_dimension"]

    put(logs, 0, '{"a": 1, "took": 1, "path": "/"}')
    put_filter()
    assert counts() == (0, 0, 0)
    put(logs, 0, '{"a": 1, "took": 3, "path": "/"}', '{"a": 1, "took": "soon"}', '{"a": 1}')
    put(logs, 1, '{"a": 1, "took": 3}', '{"a": 2}', "no JSON")
    assert counts() == (4, 2, 1)
    assert rows(logs, "sum") == [(0, 3.0)]
    assert counts() == (4, 2, 1)
    put_filter()
    assert counts() == (4, 2, 1)
    put_filter(replay=True)
    assert counts() == (5, 2, 1)
    put_filter(emit_system_fields=["@aws.region"])  # another filter of the same name
    assert counts() == (0, 0, 0)
    put(logs, 2, '{"a": 1}')
    put_filter(value="$.tok")
    assert counts() == (1, 1, 0)


@pytest.mark.parametrize("swept", [False, True])
def test_events_that_expired_before_they_were_counted_are_said(logs, swept):
    logs.put_metric_filter(GROUP, "n", "", metric="N")
    logs.put_embedded_metrics(GROUP)
    logs.set_retention(GROUP, 1)
    put(logs, 0, "one", "two")
    logs.clock.advance(2 * 86_400)
    if swept:
        logs.sweep()

    def expired():
        assert logs.metrics() is not None
        return list(logs.metric_filters()["expired"]), list(logs.embedded_metrics()["expired"])

    assert expired() == ([2], [2])
    assert expired() == ([2], [2])
    put(logs, 2 * 1440, "three")
    assert expired() == ([2], [2])
    assert rows(logs, "sum") == [(2 * 1440, 1.0)]
    logs.put_metric_filter(GROUP, "n", "", metric="N", replay=True)
    assert expired() == ([2], [2])


def test_nothing_counts_twice_whoever_catches_up(logs, tmp_path):
    logs.put_metric_filter(GROUP, "n", "", metric="N")
    others = [cwnb.open(tmp_path / "s", clock=logs.clock) for _ in range(3)]

    def write():
        for n in range(40):
            put(logs, n % 3, *(f"{n} {i}" for i in range(5)))

    def read(other):
        for _ in range(15):
            other.metrics()

    threads = [threading.Thread(target=write)]
    threads += [threading.Thread(target=read, args=(other,)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert logs.metrics()["count"].sum() == 200


def test_nothing_of_patterns_and_dimensions_can_be_read_without_the_key(logs, tmp_path):
    logs.put_metric_filter(
        GROUP, "n", "{ $.secretname = * }", metric="N", dimensions={"d": "$.secretname"}
    )
    put(logs, 0, '{"secretname": "secretvalue"}')
    assert len(logs.metrics()) == 1
    logs.close()
    for path in (tmp_path / "s").rglob("*"):
        if path.is_file():
            assert b"secret" not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("bad", "error", "said"),
    [
        ({"group": "/no"}, ResourceNotFound, "no log group is named '/no'"),
        ({"name": "a:b"}, InvalidParameter, "without ':' and '\\*', and is not 'a:b'"),
        ({"metric": ""}, InvalidParameter, "the name of a metric has 1 to 255"),
        ({"metric": "a$"}, InvalidParameter, "the name of a metric"),
        ({"namespace": "a*"}, InvalidParameter, "the name of a namespace"),
        ({"pattern": "{ $.a"}, MalformedPattern, "must end with '}'"),
        ({"pattern": 3}, InvalidParameter, "a filter pattern is a text"),
        ({"value": "much"}, InvalidParameter, "a metric value is a number or a reference"),
        ({"value": "nan"}, InvalidParameter, "a metric value is a number"),
        ({"value": "$.x", "pattern": "ERROR"}, InvalidParameter, "only patterns of JSON"),
        ({"value": "$x"}, MalformedPattern, "a name is missing|a selector"),
        ({"value": "$.a.*"}, InvalidParameter, "can select several values"),
        ({"value": "$.a > 3"}, MalformedPattern, "one selector"),
        ({"value": "$byts", "pattern": "[bytes]"}, InvalidParameter, "did you mean 'bytes'"),
        ({"unit": "Second"}, InvalidParameter, "no unit 'Second'; did you mean 'Seconds'"),
        ({"default": "x"}, InvalidParameter, "the default value is a number, not 'x'"),
        ({"default": 1, "dimensions": {"a": "$.a"}}, InvalidParameter, "has no default value"),
        (
            {"dimensions": dict.fromkeys("abcd", "$.a")},
            InvalidParameter,
            "at most 3 dimensions, not 4",
        ),
        (
            {"dimensions": {"a": "$.a"}, "pattern": "ERROR"},
            InvalidParameter,
            "The specified filter pattern does not support dimensions",
        ),
        ({"dimensions": {"a": 3}}, InvalidParameter, "dimensions are a dict of references"),
        (
            {"default": 1, "emit_system_fields": ["@aws.region"]},
            InvalidParameter,
            "has no default value",
        ),
        ({"emit_system_fields": ["@source.log"]}, InvalidParameter, "it is one of @aws.account"),
        (
            {
                "dimensions": dict.fromkeys("abc", "$.a"),
                "emit_system_fields": ["@aws.region"],
            },
            InvalidParameter,
            "at most 3 dimensions, not 4, system fields included",
        ),
        (
            {"dimensions": {"@aws.region": "$.a"}, "emit_system_fields": ["@aws.region"]},
            InvalidParameter,
            "the dimension '@aws.region' is emitted as a system field too",
        ),
        ({"unitt": "x"}, InvalidParameter, "did you mean 'unit'"),
        ({"unit": None}, InvalidParameter, "there is no unit None"),
        ({"dimensions": ["a"]}, InvalidParameter, "dimensions are a dict of references"),
        ({"metric": "m\ud800"}, InvalidParameter, "the name of a metric"),
        ({"value": "1_000"}, InvalidParameter, "a metric value is a number or a reference"),
    ],
)
def test_what_is_no_metric_filter_is_one_sentence(logs, bad, error, said):
    given = {"group": GROUP, "name": "f", "pattern": "{ $.a = * }", "metric": "M", **bad}
    with pytest.raises(error, match=said):
        logs.put_metric_filter(**given)
    assert len(logs.metric_filters()) == 0


def test_what_is_not_there_cannot_be_deleted(logs):
    logs.put_metric_filter(GROUP, "errors", "", metric="E")
    with pytest.raises(ResourceNotFound, match="did you mean 'errors'"):
        logs.delete_metric_filter(GROUP, "error")


def test_a_yes_or_no_is_true_or_false(logs):
    for call in (
        lambda: logs.put_metric_filter(GROUP, "f", "ERROR", metric="E", namespace="N", replay="no"),
        lambda: logs.put_embedded_metrics(GROUP, replay=1),
        lambda: logs.tail(GROUP, follow=None),
    ):
        with pytest.raises(InvalidParameter, match="is True or False, not"):
            call()
