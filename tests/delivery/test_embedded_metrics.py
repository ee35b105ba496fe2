"""Metrics that messages carry in the embedded metric format."""

from __future__ import annotations

import json
import threading
import warnings

import pytest

import cwnb
from cwnb.delivery.metrics.emf import Malformed, read_document
from cwnb.errors import ResourceNotFound

from .conftest import GROUP, NOW_MS
from .test_metric_filters import FIRST, MINUTE, put, rows


def document(minute=0, *, about=None, directive=None, metric=None, **members):
    """Write a document of one metric `took` by `op`; None takes a member out."""
    metrics = [{"Name": "took", "Unit": "Milliseconds", **(metric or {})}]
    one = {"Namespace": "Shop", "Dimensions": [["op"]], "Metrics": metrics, **(directive or {})}
    held = {"Timestamp": FIRST + minute * MINUTE + 7, "CloudWatchMetrics": [one], **(about or {})}
    root = {"_aws": _there(held), "op": "pay", "took": 3, **members}
    return json.dumps(_there(root))


def _there(members):
    return {name: value for name, value in members.items() if value is not None}


def test_values_units_and_dimensions_of_messages_are_metrics(logs):
    logs.put_embedded_metrics(GROUP)
    put(logs, 0, document(), document(took=[1, 2.5]), document(op="list"), "plain", '{"took": 9}')
    put(logs, 5, document(-2, took=-1))
    columns = ("namespace", "metric", "dimensions", "unit", "sum", "count", "min", "max")
    assert rows(logs, *columns) == [
        (-2, "Shop", "took", "op=pay", "Milliseconds", -1.0, 1, -1.0, -1.0),
        (0, "Shop", "took", "op=list", "Milliseconds", 3.0, 1, 3.0, 3.0),
        (0, "Shop", "took", "op=pay", "Milliseconds", 6.5, 3, 1.0, 3.0),
    ]
    (found,) = logs.embedded_metrics().to_dict("records")
    assert (found["group"], found["documents"], found["malformed"]) == (GROUP, 4, 0)


def test_each_set_of_dimensions_and_each_directive_makes_metrics(logs):
    logs.put_embedded_metrics(GROUP)
    sets = [[], ["op"], ["op", "A.a"]]
    more = {"Namespace": "Other", "Dimensions": [[]], "Metrics": [{"Name": "n"}]}
    text = document(directive={"Dimensions": sets}, **{"A.a": "x", "A": {"a": "no"}, "n": 1})
    root = json.loads(text)
    root["_aws"]["CloudWatchMetrics"].append(more)
    put(logs, 0, json.dumps(root))
    assert sorted(rows(logs, "namespace", "metric", "dimensions", "unit")) == [
        (0, "Other", "n", "", "None"),
        (0, "Shop", "took", "", "Milliseconds"),
        (0, "Shop", "took", "A.a=x, op=pay", "Milliseconds"),
        (0, "Shop", "took", "op=pay", "Milliseconds"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("note " + document(), "not one JSON object and nothing else"),
        (document() + "\n" + document(), "not one JSON object"),
        (document(about={"Timestamp": None}), "_aws.Timestamp is a number of .*, not None"),
        (document(about={"Timestamp": "now"}), "_aws.Timestamp .*, not 'now'"),
        (document(about={"Timestamp": -1}), "_aws.Timestamp"),
        (document(about={"Timestamp": 1.5}), "_aws.Timestamp"),
        (document(about={"Timestamp": 10**18}), "_aws.Timestamp"),
        (document(about={"CloudWatchMetrics": {}}), "CloudWatchMetrics is an array, not {}"),
        (document(about={"CloudWatchMetrics": [3]}), "is an object, not 3"),
        (document(directive={"Namespace": ""}), "Namespace has 1 to 255 characters, not ''"),
        (document(directive={"Namespace": 3}), "Namespace has"),
        (document(directive={"Dimensions": []}), "Dimensions is an array of arrays, not \\[\\]"),
        (document(directive={"Dimensions": ["op"]}), "a set of dimensions is an array .* 'op'"),
        (document(directive={"Dimensions": [["op"] * 31]}), "at most 30 names"),
        (document(directive={"Dimensions": [[3]]}), "the name of a dimension has 1 to 255"),
        (document(op=None), "no member 'op', which is a dimension"),
        (document(op=3), "the dimension 'op' is a text, not 3"),
        (document(directive={"Metrics": {}}), "Metrics is an array of at most 100"),
        (document(directive={"Metrics": [{"Name": "took"}] * 101}), "at most 100 objects"),
        (document(directive={"Metrics": ["took"]}), "a member of Metrics is an object"),
        (document(metric={"Name": ""}), "the Name of a metric has 1 to 255"),
        (document(metric={"Unit": "ms"}), "there is no unit 'ms'"),
        (document(metric={"Unit": "Second"}), "no unit 'Second'; did you mean 'Seconds'"),
        (document(took=None), "no member 'took', which is a metric"),
        (document(took="3"), "the metric 'took' is a number, not '3'"),
        (document(took=True), "the metric 'took' is a number, not True"),
        (document(took=[1, None]), "the metric 'took' is a number, not None"),
        (document(took=[1] * 101), "the metric 'took' has 101 values, over 100"),
        (document(took={"a": 1}), "the metric 'took' is a number"),
    ],
)
def test_a_message_that_breaks_a_rule_gives_nothing_and_says_which(logs, text, said):
    with pytest.raises(Malformed, match=said):
        read_document(text)


@pytest.mark.parametrize(
    "text",
    ["", "CloudWatchMetrics", '{"_aws": {}}', '{"_aws": 3, "b": "CloudWatchMetrics"}', "[]", "{"],
)
def test_other_messages_are_none_of_the_format(text):
    assert read_document(text) is None


def test_a_time_with_an_exponent_is_a_number_too():
    text = document(about={"Timestamp": 1.795e12})
    assert [one.time_ms for one in read_document(text)] == [1_795_000_000_000]


def test_names_with_escapes_are_read():
    text = document().replace("CloudWatchMetrics", "\\u0043loudWatchMetrics")
    (found,) = read_document(text)
    assert (found.metric, found.values) == ("took", [3.0])


def test_malformed_messages_are_counted_and_warned_of_once(logs):
    logs.put_embedded_metrics(GROUP)
    put(logs, 0, document(), document(took="x"), document(op=None))
    with pytest.warns(
        UserWarning, match="2 messages of log group '/shop/app' break a rule .* 'op'"
    ):
        assert rows(logs, "sum") == [(0, 3.0)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rows(logs, "sum") == [(0, 3.0)]
    (found,) = logs.embedded_metrics().to_dict("records")
    assert (found["documents"], found["malformed"]) == (3, 2)
    assert found["last_malformed"] == "the message has no member 'op', which is a dimension"


def test_only_what_comes_counts_and_replay_counts_all_anew(logs):
    put(logs, 0, document())
    logs.put_embedded_metrics(GROUP)
    put(logs, 0, document())
    assert rows(logs, "sum") == [(0, 3.0)]
    logs.put_embedded_metrics(GROUP)
    assert rows(logs, "sum") == [(0, 3.0)]
    logs.put_metric_filter(GROUP, "f", "{ $.took = * }", metric="F", replay=True)
    logs.put_embedded_metrics(GROUP, replay=True)
    assert rows(logs, "metric", "sum") == [(0, "took", 6.0), (0, "F", 2.0)]
    assert logs.embedded_metrics()["documents"][0] == 2


def test_it_can_be_switched_off_and_the_points_stay(logs):
    with pytest.raises(ResourceNotFound, match="are not read; put_embedded_metrics"):
        logs.delete_embedded_metrics(GROUP)
    logs.put_embedded_metrics(GROUP)
    put(logs, 0, document())
    logs.metrics()
    logs.delete_embedded_metrics(GROUP)
    put(logs, 0, document())
    assert rows(logs, "sum") == [(0, 3.0)]
    assert len(logs.embedded_metrics()) == 0
    with pytest.raises(ResourceNotFound):
        logs.put_embedded_metrics("/no")


def test_nothing_counts_twice_whoever_catches_up(logs, tmp_path):
    logs.put_embedded_metrics(GROUP)
    with cwnb.open(tmp_path / "s", clock=logs.clock) as other:
        stop = threading.Event()

        def count():
            while not stop.is_set():
                other.metrics()

        thread = threading.Thread(target=count)
        thread.start()
        try:
            for _ in range(20):
                put(logs, 0, document(), document())
                logs.metrics()
        finally:
            stop.set()
            thread.join()
    assert rows(logs, "sum", "count") == [(0, 120.0, 40)]
    assert logs.embedded_metrics()["documents"][0] == 40


def test_nothing_of_them_can_be_read_without_the_key(logs, tmp_path):
    logs.put_embedded_metrics(GROUP)
    put(logs, 0, document(op="secret-op"), document(took="secret-value"))
    with pytest.warns(UserWarning, match="breaks a rule"):
        logs.metrics()
    logs.flush()
    held = b"".join(path.read_bytes() for path in (tmp_path / "s").glob("catalog*"))
    assert b"secret" not in held
    assert logs.clock.now_ms() == NOW_MS
