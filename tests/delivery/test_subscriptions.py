"""Subscriptions as `Logs` makes, changes and lists them, and the worker with its threads."""

from __future__ import annotations

import base64
import gzip
import json
import threading
import time
from contextlib import suppress

import pytest

import cwnb
from cwnb.errors import (
    InvalidParameter,
    MalformedPattern,
    ResourceNotFound,
    StoreFull,
)

from .conftest import GROUP, NOW_MS, Target


def act(message):
    """Do nothing; the target `module:function` of tests."""


ACT = f"{__name__}:act"
SQS = "arn:aws:sqs:us-east-1:000000000000"
KINESIS = "arn:aws:kinesis:us-east-1:000000000000"
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:f"


def until(condition, seconds=30):
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def row(logs, name="bus"):
    """Give the row of a subscription in the listing, as a dict."""
    found = logs.subscriptions()
    (row,) = found[found["name"] == name].to_dict("records")
    return row


@pytest.mark.parametrize(
    ("bad", "error", "said"),
    [
        ({"group": "/shop/ap"}, ResourceNotFound, "did you mean '/shop/app'"),
        ({"group": 3}, InvalidParameter, "a log group is named by a text, not 3"),
        ({"target": 3}, InvalidParameter, "a target is a function, .*, not 3"),
        ({"target": None}, InvalidParameter, "a target is a function"),
        ({"target": "alerts"}, InvalidParameter, "'alerts' is not 'module:function'"),
        ({"target": "no_such_module:f"}, InvalidParameter, "No module named 'no_such_module'"),
        ({"target": "json:loadss"}, InvalidParameter, "no 'loadss'; did you mean 'loads'"),
        ({"target": "json:__name__"}, InvalidParameter, "is not a function"),
        ({"target": "arn:aws:sqs:r:1:q"}, InvalidParameter, "'arn:aws:sqs:r:1:q' is no ARN"),
        ({"target": f"{SQS}:q"}, InvalidParameter, "cannot work with .* for vendor sqs; there are"),
        ({"target": f"{KINESIS}:q"}, InvalidParameter, "names no kinesis: .* is stream/NAME"),
        ({"target": KINESIS.replace("us-east-1", "") + ":stream/a"}, InvalidParameter, "no Region"),
        ({"target": f"{KINESIS}:stream/a", "role_arn": "x"}, InvalidParameter, "no ARN of a role"),
        (
            {"target": f"{KINESIS}:stream/a", "distribution": "random"},
            InvalidParameter,
            "unknown distribution 'random'; did you mean 'Random'",
        ),
        (
            {"emit_system_fields": ["@aws.acount"]},
            InvalidParameter,
            "unknown system field '@aws.acount'; did you mean '@aws.account'",
        ),
        ({"emit_system_fields": "@aws.account"}, InvalidParameter, "system fields are a list"),
        ({"distribution": "Shard"}, InvalidParameter, "it is one of ByLogStream, Random"),
        ({"distribution": 3}, InvalidParameter, "unknown distribution 3; it is one of"),
        ({"distribution": "Random"}, InvalidParameter, "'Random' is for a Kinesis stream"),
        (
            {"target": LAMBDA, "distribution": "Random"},
            InvalidParameter,
            "'Random' is for a Kinesis stream",
        ),
        ({"role_arn": "arn:aws:iam::1:role/x"}, InvalidParameter, "role_arn is for a target"),
        (
            {"target": cwnb.LogGroup("/no")},
            ResourceNotFound,
            "'/no', does not exist; logs.create_group",
        ),
        ({"target": cwnb.LogGroup(3)}, InvalidParameter, "a target is a function"),
        ({"target": cwnb.LogGroup(GROUP)}, InvalidParameter, "its events would come back"),
        ({"target": cwnb.LambdaHandler("json:no")}, InvalidParameter, "there is no 'no'"),
        ({"target": cwnb.LambdaHandler(3)}, InvalidParameter, "a target is a function"),
        ({"pattern": "{ $.a = "}, MalformedPattern, "it must end with '}'"),
        ({"pattern": None}, InvalidParameter, "a filter pattern is a text, not None"),
        ({"name": "a:b"}, InvalidParameter, "without ':' and '\\*', not 'a:b'"),
        ({"name": ""}, InvalidParameter, "1 to 512 characters"),
        ({"name": 3}, InvalidParameter, "1 to 512 characters"),
        ({"nmae": "x"}, InvalidParameter, "did you mean 'name'"),
        ({"name": "n\ud800"}, InvalidParameter, "1 to 512 characters"),
        ({"group": "n\ud800"}, InvalidParameter, "is not Unicode text"),
        ({"per_group": "3"}, InvalidParameter, "per_group is a number from 1 on, not '3'"),
    ],
)
def test_what_cannot_be_subscribed_is_one_sentence(logs, bad, error, said):
    with pytest.raises(error, match=said):
        logs.subscribe(**{"group": GROUP, "target": print, **bad})
    assert len(logs.subscriptions()) == 0


def test_a_group_has_two_of_them_and_more_if_that_is_said(logs):
    logs.subscribe(GROUP, print, name="a")
    logs.subscribe(GROUP, ACT, name="b")
    with pytest.raises(
        InvalidParameter, match=r"has 2 subscriptions .* already \(a, b\), and 2 is"
    ):
        logs.subscribe(GROUP, print, name="c")
    logs.subscribe(GROUP, print, name="a", pattern="x")
    logs.subscribe(GROUP, print, name="c", per_group=3)
    logs.subscribe("/shop/web", print, name="a")
    assert list(logs.subscriptions()["name"]) == ["a", "b", "c", "a"]


def test_cycles_of_groups_are_refused(logs):
    logs.create_group("/c")
    logs.subscribe(GROUP, cwnb.LogGroup("/shop/web"), name="1")
    logs.subscribe("/shop/web", cwnb.LogGroup("/c"), name="2")
    with pytest.raises(InvalidParameter, match="from '/c' to '/shop/app' to '/shop/web' to '/c'"):
        logs.subscribe("/c", cwnb.LogGroup(GROUP), name="3")
    logs.unsubscribe("/shop/web", "2")
    logs.subscribe("/c", cwnb.LogGroup(GROUP), name="3")


def test_what_is_not_there_cannot_be_changed(logs):
    logs.subscribe(GROUP, print, name="to-bus")
    for change in (logs.unsubscribe, logs.pause, logs.resume, logs.replay):
        with pytest.raises(ResourceNotFound, match="did you mean 'to-bus'"):
            change(GROUP, "to-buss")
        with pytest.raises(ResourceNotFound, match="it has 'to-bus'"):
            change(GROUP, "zzz")
        with pytest.raises(ResourceNotFound, match="it has none"):
            change("/shop/web", "zzz")


def test_the_listing_says_what_became_of_events(logs, put, target):
    logs.subscribe(GROUP, target, "keep", name="bus")
    put("keep 1", "other")
    assert row(logs)["lag"] == 2
    with logs.deliver() as worker:
        assert worker.wait(20)
    found = row(logs)
    assert (found["state"], found["lag"], found["delivered"]) == ("active", 0, 1)
    assert (found["target"], found["pattern"]) == ("a function", "keep")
    logs.pause(GROUP, "bus")
    assert row(logs)["state"] == "paused"
    logs.resume(GROUP, "bus")
    assert row(logs)["state"] == "active"
    logs.unsubscribe(GROUP, "bus")
    assert len(logs.subscriptions()) == 0


@pytest.mark.parametrize(
    ("pattern", "extracted"),
    [
        ("", {"@aws.account": "000000000000", "@aws.region": "us-east-1"}),
        (
            "[a, b]",
            {"a": "x", "b": "y", "@aws.account": "000000000000", "@aws.region": "us-east-1"},
        ),
    ],
)
def test_emitted_system_fields_stand_beside_extracted_ones(logs, put, target, pattern, extracted):
    fields = ["@aws.region", "@aws.account"]
    logs.subscribe(GROUP, target, pattern, name="bus", emit_system_fields=fields)
    put("x y")
    with logs.deliver() as worker:
        assert worker.wait(20)
        (event,) = target.messages[0]["logEvents"]
        assert event["extractedFields"] == extracted
        logs.subscribe(GROUP, target, name="bus", emit_system_fields=["@source.log"])
        put("z")
        assert worker.wait(20)
        logs.subscribe(GROUP, target, name="bus")
        put("none")
        assert worker.wait(20)
    assert target.messages[1]["logEvents"][0]["extractedFields"] == {"@source.log": GROUP}
    assert "extractedFields" not in target.messages[2]["logEvents"][0]


def test_a_function_without_a_name_ends_with_the_process(logs, tmp_path, put):
    got = []
    logs.subscribe(GROUP, got.append)
    assert list(logs.subscriptions()["name"]) == ["append"]
    with cwnb.open(tmp_path / "s") as other:
        assert len(other.subscriptions()) == 0
    put("one")
    with logs.deliver() as worker:
        assert worker.wait(20)
    assert len(got) == 1
    logs.unsubscribe(GROUP, "append")
    assert len(logs.subscriptions()) == 0


def test_a_function_with_a_name_waits_until_a_process_attaches_it(logs, tmp_path, put, target):
    logs.subscribe(GROUP, print, name="bus")
    put("one")
    with cwnb.open(tmp_path / "s", clock=logs.clock) as other:
        assert row(other)["state"] == "waiting for its function"
        with other.deliver() as worker:
            assert worker.wait(20)
            assert row(other)["lag"] == 1
            with pytest.raises(InvalidParameter, match="no function is attached"):
                other.replay(GROUP, "bus")
            other.subscribe(GROUP, target, name="bus")
            assert worker.wait(20)
        assert target.texts == ["one"]


def test_a_module_and_function_need_no_attaching(logs, tmp_path, put):
    logs.subscribe(GROUP, ACT)
    put("one")
    with cwnb.open(tmp_path / "s", clock=logs.clock) as other:
        with other.deliver() as worker:
            assert worker.wait(20)
        (found,) = other.subscriptions().to_dict("records")
    assert (found["delivered"], found["state"], found["target"]) == (1, "active", ACT)


def test_a_target_that_hangs_or_fails_holds_up_no_other_one(logs, put, target):
    may_end, hangs = threading.Event(), threading.Event()

    def hang(message):
        hangs.set()
        may_end.wait(30)

    failing = Target()
    failing.faults = [ValueError()] * 1_000
    logs.subscribe(GROUP, hang, name="hangs")
    logs.subscribe(GROUP, failing, name="fails")
    logs.subscribe("/shop/web", target, name="works")
    with logs.deliver() as worker:
        put("one")
        assert hangs.wait(20)
        put("two", group="/shop/web")
        until(lambda: target.texts == ["two"])
        until(lambda: row(logs, "fails")["state"] == "retrying")
        logs.subscribe("/shop/web", target, name="rests")
        logs.pause("/shop/web", "rests")
        put("three", group="/shop/web")
        until(lambda: target.texts == ["two", "three"])
        found = worker.wait(0.2)
        assert not found
        assert sorted(found.held_up) == [
            "fails of /shop/app: retrying after ValueError (conftest.py:52); 1 event to look at",
            "hangs of /shop/app: it is sending; 1 event to look at",
        ]
        assert found.left == ("rests of /shop/web: paused; 1 event to look at",)
        assert repr(found).splitlines()[0] == "not all has been sent"
        assert row(logs, "fails")["last_error"] == "ValueError (conftest.py:52)"
        logs.unsubscribe(GROUP, "fails")
        may_end.set()
        found = worker.wait(20)
        assert found
        assert repr(found).splitlines()[0] == "all has been sent that can be"
        logs.resume("/shop/web", "rests")
        assert repr(worker.wait(20)) == "all has been sent"
    assert row(logs, "hangs")["delivered"] == 1


def test_subscriptions_that_are_made_and_ended_meanwhile_are_seen(logs, put, target):
    with logs.deliver() as worker:
        logs.subscribe(GROUP, target, name="bus")
        put("one")
        assert worker.wait(20)
        logs.unsubscribe(GROUP, "bus")
        put("two")
        time.sleep(0.3)
        logs.subscribe(GROUP, target, name="bus")
        put("three")
        assert worker.wait(20)
    assert target.texts == ["one", "three"]


def test_what_the_store_raises_reaches_the_one_who_waits(logs, put, target, monkeypatch):
    logs.subscribe(GROUP, target, name="bus")
    read = logs.store.kept_record
    full = [True]

    def fails(*given):
        if full:
            raise StoreFull("no space left on the device")
        return read(*given)

    with logs.deliver() as worker:
        assert worker.wait(20)
        monkeypatch.setattr(logs.store, "kept_record", fails)
        put("one")
        with pytest.raises(StoreFull):
            worker.wait(20)
        full.clear()
        end = time.monotonic() + 20
        while time.monotonic() < end:
            # Until the thread has tried again, what it met may be raised once more.
            with suppress(StoreFull):
                assert worker.wait(20)
                break
    assert target.texts == ["one"]


def test_the_end_of_the_store_stops_its_workers(tmp_path, target):
    logs = cwnb.open(tmp_path / "other")
    logs.create_group(GROUP)
    logs.subscribe(GROUP, target, name="bus")
    worker = logs.deliver().start()
    logs.put(GROUP, "s", [("now", "one")])
    assert worker.wait(20)
    logs.close()
    assert not worker.running
    assert [thread.name for thread in threading.enumerate() if "deliver" in thread.name] == []
    worker.stop()


def test_a_target_may_end_its_subscription_its_worker_and_the_store(tmp_path):
    logs = cwnb.open(tmp_path / "other")
    logs.create_group(GROUP)
    ended = threading.Event()

    def end(message):
        logs.unsubscribe(GROUP, "bus")
        logs.close()
        ended.set()

    logs.subscribe(GROUP, end, name="bus")
    worker = logs.deliver().start()
    logs.put(GROUP, "s", [("now", "one")])
    assert ended.wait(20)
    assert not worker.running


def test_a_worker_without_the_function_leaves_the_subscription_to_others(
    logs, tmp_path, put, target
):
    with cwnb.open(tmp_path / "s", clock=logs.clock) as other:
        logs.subscribe(GROUP, target, name="bus")
        with other.deliver() as beside:
            put("one")
            assert beside.wait(20)
            with logs.deliver() as worker:
                assert worker.wait(20)
                assert target.texts == ["one"]


def test_a_function_that_gets_a_name_is_not_called_for_both(logs, put, target):
    with logs.deliver() as worker:
        logs.subscribe(GROUP, target.take)
        put("one")
        assert worker.wait(20)
        logs.subscribe(GROUP, target.take, name="take")
        put("two")
        assert worker.wait(20)
        time.sleep(0.3)
    assert target.texts == ["one", "two"]
    assert row(logs, "take")["delivered"] == 1
    logs.subscribe(GROUP, ACT, name="take")
    with logs.deliver() as worker:
        put("three")
        assert worker.wait(20)
    assert row(logs, "take")["delivered"] == 2


def test_one_that_ends_with_the_process_and_one_that_stays_are_counted_together(logs, target):
    logs.subscribe(GROUP, target.take)
    logs.subscribe(GROUP, target, name="stays")
    with pytest.raises(InvalidParameter, match=r"already \(stays, take\), and 2 is the most"):
        logs.subscribe(GROUP, ACT)
    with pytest.raises(InvalidParameter, match=r"already \(stays, take\), and 2 is the most"):
        logs.subscribe(GROUP, print)


def test_functions_without_any_name_do_not_take_each_others_place(logs, put):
    first, second = [], []
    logs.subscribe(GROUP, lambda message: first.append(message))  # noqa: PLW0108
    logs.subscribe(GROUP, lambda message: second.append(message))  # noqa: PLW0108
    put("one")
    with logs.deliver() as worker:
        assert worker.wait(20)
    assert (len(first), len(second)) == (1, 1)


@pytest.mark.parametrize("fault", [SystemExit(3), KeyboardInterrupt(), RecursionError()])
def test_whatever_a_target_raises_holds_up_no_other_one(logs, put, target, fault):
    def fails(message):
        raise fault

    logs.subscribe(GROUP, fails, name="fails")
    logs.subscribe("/shop/web", target, name="works")
    put("one")
    put("two", group="/shop/web")
    with logs.deliver() as worker:
        until(lambda: row(logs, "fails")["state"] == "retrying")
        until(lambda: target.texts == ["two"])
        assert not worker.wait(0.2)
        assert worker.running
    assert type(fault).__name__ in row(logs, "fails")["last_error"]


def test_a_module_may_fail_as_it_likes_when_it_is_imported(logs, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name, text in {"bad_value": "1 / 0", "bad_exit": "exit(3)", "bad_syntax": "def"}.items():
        (tmp_path / f"{name}.py").write_text(text)
        with pytest.raises(InvalidParameter, match=f"'{name}:f' cannot be imported: "):
            logs.subscribe(GROUP, f"{name}:f")
    for name in ("..x:y", ".:y"):
        with pytest.raises(InvalidParameter, match="cannot be imported"):
            logs.subscribe(GROUP, name)


def test_a_worker_can_be_started_again_and_not_be_waited_for_before(logs, put, target):
    logs.subscribe(GROUP, target, name="bus")
    worker = logs.deliver()
    with pytest.raises(InvalidParameter, match="has not been started"):
        worker.wait(1)
    for text in ("one", "two"):
        with worker:
            put(text)
            assert worker.wait(20)
        assert not worker.running
    assert target.texts == ["one", "two"]
    for timeout in ("x", float("nan")):
        with pytest.raises(InvalidParameter, match="a timeout is a number"):
            worker.wait(timeout)


def test_waiting_names_what_an_error_has_disabled(logs, put):
    logs.create_group("/t")
    logs.subscribe(GROUP, cwnb.LogGroup("/t"), name="copies")
    logs.delete_group("/t")
    put("one")
    with logs.deliver() as worker:
        assert repr(worker.wait(20)) == (
            "all has been sent that can be\n"
            "  copies of /shop/app: disabled after log group '/t' does not exist; "
            "1 event passed over, 0 events to look at"
        )


def test_a_worker_beside_one_that_sends_waits_for_events_alone(logs, tmp_path, put, target):
    logs.subscribe(GROUP, ACT, name="bus")
    with cwnb.open(tmp_path / "s", clock=logs.clock) as other, logs.deliver() as worker:
        put("one")
        assert worker.wait(20)
        with other.deliver() as beside:
            put("elsewhere", group="/shop/web")
            assert beside.wait(20)


def test_subscriptions_that_are_made_at_once_keep_the_rules(logs, tmp_path):
    others = [cwnb.open(tmp_path / "s", clock=logs.clock) for _ in range(4)]
    together, refused = threading.Barrier(4), []

    def subscribe(other, group, target, name):
        together.wait()
        try:
            other.subscribe(group, target, name=name)
        except InvalidParameter as error:
            refused.append(str(error))

    def at_once(*given):
        threads = [
            threading.Thread(target=subscribe, args=(other, *each))
            for other, each in zip(others, given, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    at_once(*((GROUP, ACT, f"n{n}") for n in range(4)))
    assert len(logs.subscriptions()) == 2
    logs.create_group("/c")
    there = cwnb.LogGroup("/c"), cwnb.LogGroup("/shop/web")
    at_once(*(("/shop/web", there[0], "x"), ("/c", there[1], "y")) * 2)
    found = logs.subscriptions()
    assert len(found[found["group"] != GROUP]) == 1
    for other in others:
        other.close()


def test_of_what_another_pattern_judged_nothing_is_claimed(logs, put, target):
    logs.subscribe(GROUP, target, "AAA", name="bus")
    put("BBB one")
    with logs.deliver() as worker:
        assert worker.wait(20)
        logs.subscribe(GROUP, target, "BBB", name="bus")
        put("BBB two")
        assert worker.wait(20)
    there = pointers(logs)
    assert "had another pattern" in repr(logs.explain_delivery(GROUP, "bus", there["BBB one"]))
    assert logs.explain_delivery(GROUP, "bus", there["BBB one"]).delivered is None
    assert logs.explain_delivery(GROUP, "bus", there["BBB two"]).delivered is True
    assert target.texts == ["BBB two"]


def test_events_of_several_writers_are_all_sent_in_their_order(logs, target):
    logs.subscribe(GROUP, target, name="bus")

    def write(stream):
        for n in range(30):
            logs.put(GROUP, stream, [(NOW_MS, f"{stream} {n}")])

    threads = [threading.Thread(target=write, args=(f"s{n}",)) for n in range(3)]
    with logs.deliver() as worker:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        logs.flush()
        logs.compact()
        assert worker.wait(30)
    for n in range(3):
        mine = [text for text in target.texts if text.startswith(f"s{n} ")]
        assert mine == [f"s{n} {i}" for i in range(30)]
    assert len(target.texts) == 90


# Explaining, replaying, events for tests


def pointers(logs):
    found = logs.query("fields @message, @ptr", GROUP).df
    return dict(zip(found["@message"], found["@ptr"], strict=True))


def test_why_an_event_was_sent_or_not(logs, put, target):
    put("keep before")
    logs.load([{"time": NOW_MS, "m": "keep"}], group=GROUP, time_field="time", deliver=False)
    logs.subscribe(GROUP, target, "keep", name="bus")
    put("keep 1", "other")
    there = pointers(logs)

    def why(message):
        found = logs.explain_delivery(GROUP, "bus", there[message])
        return found.delivered, found.reason

    assert why("keep 1")[0] is None
    assert "no worker has come to it yet" in why("keep 1")[1]
    logs.pause(GROUP, "bus")
    assert why("keep 1") == (None, "not yet delivered: the subscription is paused")
    logs.resume(GROUP, "bus")
    with logs.deliver() as worker:
        assert worker.wait(20)
    assert why("keep 1") == (True, "the subscription 'bus' has sent it")
    delivered, reason = why("other")
    assert delivered is False
    assert "not in the message" in reason
    assert "was there before" in why("keep before")[1]
    (loaded,) = [message for message in there if "time" in message]
    assert "loaded with deliver=False" in why(loaded)[1]
    event = logs.event(there["keep 1"])
    assert logs.explain_delivery(GROUP, "bus", event).delivered is True
    assert repr(logs.explain_delivery(GROUP, "bus", event)).startswith("delivered: ")
    logs.subscribe("/shop/web", print, name="bus")
    with pytest.raises(InvalidParameter, match="the event is none of log group '/shop/web'"):
        logs.explain_delivery("/shop/web", "bus", event)


def test_stored_events_are_sent_again_and_marked(logs, put, clock, target):
    put("keep 1", "other")
    clock.advance(60)
    put("keep 2", stream="i-2")
    logs.flush()
    logs.subscribe(GROUP, target, "keep", name="bus")
    assert logs.replay(GROUP, "bus") == 2
    assert target.texts == ["keep 1", "keep 2"]
    assert {message["replay"] for message in target.messages} == {True}
    assert logs.replay(GROUP, "bus", NOW_MS, NOW_MS + 1) == 1
    assert row(logs)["delivered"] == 0
    target.faults = [ValueError("no")]
    with pytest.raises(ValueError, match="no"):
        logs.replay(GROUP, "bus")


def test_a_handler_can_be_tested_with_the_event_that_it_will_get(logs, put):
    put("keep 1", "other", "keep 2")
    put("keep 3", stream="i-2")
    event = logs.lambda_event(GROUP, "keep", name="to-handler")
    assert list(event) == ["awslogs"]
    message = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    assert message == cwnb.decode_subscription(event)
    assert [each["message"] for each in message["logEvents"]] == ["keep 1", "keep 2"]
    assert message["subscriptionFilters"] == ["to-handler"]
    assert "replay" not in message
    with pytest.raises(InvalidParameter, match="no event of log group"):
        logs.lambda_event(GROUP, "nothing has this")


MESSAGE = {"messageType": "DATA_MESSAGE", "logEvents": []}
PACKED = gzip.compress(json.dumps(MESSAGE).encode(), mtime=0)
TEXT = base64.b64encode(PACKED).decode()


@pytest.mark.parametrize(
    "event",
    [
        MESSAGE,
        PACKED,
        TEXT,
        {"awslogs": {"data": TEXT}},
        {"Data": PACKED},
        {"kinesis": {"data": TEXT}},
        {"data": TEXT},
    ],
)
def test_what_a_subscription_has_sent_is_decoded(event):
    assert cwnb.decode_subscription(event) == MESSAGE


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, "it has no logEvents"),
        (3, "it has no logEvents"),
        ("not base64!", "its data is not base64"),
        (b"not gzip", "its data is not one gzip file"),
        (PACKED[:20], "its data is not one gzip file"),
        (gzip.compress(b"no json", mtime=0), "what it holds is not JSON"),
        (gzip.compress(b"\xff", mtime=0), "what it holds is not JSON"),
        ({"awslogs": {}}, "it has no logEvents"),
        ({"awslogs": {"data": 3}}, "it has no logEvents"),
        ({"awslogs": "x"}, "its data is not base64"),
        (gzip.compress(b"[]", mtime=0), "it has no logEvents"),
    ],
)
def test_what_is_no_message_is_said(event, said):
    with pytest.raises(InvalidParameter, match=said):
        cwnb.decode_subscription(event)
