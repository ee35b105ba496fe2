"""One subscription at work: what is sent, tried again, dropped, passed over and counted."""

from __future__ import annotations

import dataclasses
import random
import re
from functools import partial

import pytest

from cwnb.delivery import LambdaContext, LambdaHandler, Limits, LogGroup, decode_subscription
from cwnb.delivery.subscriptions import runner as runners
from cwnb.delivery.subscriptions import targets
from cwnb.delivery.subscriptions.runner import Ended, Runner
from cwnb.delivery.subscriptions.target import Refused, Sent
from cwnb.errors import StoreFull
from cwnb.store import LoadRecord, event_batch

from .conftest import GROUP, NOW_MS, drain


def counts(subscription):
    """Give the counts that are not 0."""
    found = dataclasses.asdict(subscription.counts)
    return {name: count for name, count in found.items() if count}


def test_what_becomes_visible_after_it_was_made_is_sent_once(run, put, target, logs):
    put("before")
    runner = run()
    put("one", "two")
    put("other", stream="i-2")
    put("elsewhere", group="/shop/web")
    found = drain(runner)
    assert target.texts == ["one", "two", "other"]
    assert [message["logStream"] for message in target.messages] == ["i-1", "i-2"]
    assert counts(found) == {"delivered": 3, "payloads": 2}
    drain(runner)
    logs.flush()
    put("three")
    drain(runner)
    assert target.texts == ["one", "two", "other", "three"]


def test_a_message_has_the_shape_of_the_services(run, put, target):
    runner = run("ERROR")
    put("ERROR one")
    drain(runner)
    (message,) = target.messages
    (event,) = message.pop("logEvents")
    assert message == {
        "messageType": "DATA_MESSAGE",
        "owner": "000000000000",
        "logGroup": GROUP,
        "logStream": "i-1",
        "subscriptionFilters": ["bus"],
    }
    assert event == {"id": event["id"], "timestamp": NOW_MS, "message": "ERROR one"}
    assert len(event["id"]) == 56
    assert event["id"].isdigit()


def test_ids_sort_with_time(run, put, target, clock):
    runner = run()
    for n in range(12):
        put(f"{n}")
        clock.advance(1)
    drain(runner)
    ids = [event["id"] for message in target.messages for event in message["logEvents"]]
    assert ids == sorted(ids)
    assert len(set(ids)) == 12


def test_a_load_that_began_before_and_publishes_after_is_sent(run, target, logs):
    with logs.store.loading(GROUP) as loading:
        loading.add(event_batch([NOW_MS - 90_000_000], ["old event"], "file"))
        runner = run()
        logs.put(GROUP, "i-1", [(NOW_MS, "put between")])
        drain(runner)
        loading.commit(LoadRecord("f", "a.log", "file", 9, 1, 1, "{}", 1))
    with logs.store.loading(GROUP, deliver=False) as loading:
        loading.add(event_batch([NOW_MS], ["not delivered"], "file"))
        loading.commit(LoadRecord("g", "b.log", "file", 9, 1, 1, "{}", 1))
    drain(runner)
    assert target.texts == ["put between", "old event"]


def test_only_what_matches_is_sent(run, put, target):
    runner = run('{ $.status >= 500 && $.path = "/pay*" }')
    put('{"status": 500, "path": "/pay/1"}', '{"status": 200, "path": "/pay/1"}', "plain", "{}")
    found = drain(runner)
    assert target.texts == ['{"status": 500, "path": "/pay/1"}']
    assert counts(found) == {"delivered": 1, "payloads": 1}


def test_what_a_space_delimited_pattern_names_stands_beside_the_message(run, put, target):
    runner = run("[ip, user, status = 4*, ...]")
    put("10.0.0.1 anna 404 x y", "10.0.0.1 anna 200 x y")
    drain(runner)
    (event,) = target.messages[0]["logEvents"]
    assert event["extractedFields"]["status"] == "404"
    assert event["extractedFields"]["ip"] == "10.0.0.1"


def test_an_exception_is_tried_again_after_longer_and_longer_times(run, put, target, clock):
    runner = run()
    target.faults = [ValueError("no")] * 3
    put("one")
    waits = []
    while not target.messages:
        found = drain(runner)
        assert found.position < runner._store.position() or target.messages
        if target.messages:
            break
        waited = 0.0
        while not runner.step() and not target.messages:
            if runner.records.read().attempts > len(waits) + 1:
                break
            clock.advance(0.25)
            waited += 0.25
        waits.append(waited)
    found = drain(runner)
    assert target.texts == ["one"]
    assert counts(found) == {"delivered": 1, "payloads": 1, "retries": 3}
    assert waits == [0.5, 1.0, 2.0]
    assert (found.attempts, found.failing_ms) == (0, 0)
    assert re.fullmatch(r"ValueError: no \(conftest\.py:\d+\)", found.last_error)


def test_a_payload_that_was_taken_is_not_sent_again_where_a_later_one_fails(
    run, put, target, clock
):
    runner = run()
    put("one")
    put("two", stream="i-2")
    put("three", stream="i-3")
    target.faults = [None, ValueError()]
    drain(runner)
    assert target.texts == ["one"]
    clock.advance(60)
    drain(runner)
    assert target.texts == ["one", "two", "three"]


def fail_for(runner, target, clock, seconds, step_s=60):
    """Let all attempts fail for so long."""
    end = clock.now_ms() + seconds * 1000
    while clock.now_ms() < end:
        target.faults = [ConnectionError("gone")] * 5
        drain(runner)
        clock.advance(step_s)
    target.faults = []


def test_a_target_that_is_gone_for_a_virtual_day_loses_nothing(run, put, target, clock):
    runner = run()
    put("one", "two")
    fail_for(runner, target, clock, 23.9 * 3600)
    put("three")
    found = drain(runner)
    assert target.texts == ["one", "two", "three"]
    assert counts(found)["delivered"] == 3
    assert "dropped" not in counts(found)


def test_after_25_hours_what_failed_longer_than_a_day_is_dropped_and_counted(
    run, put, target, clock
):
    runner = run()
    put("one", "two")
    fail_for(runner, target, clock, 25 * 3600)
    put("three")
    clock.advance(60)
    found = drain(runner)
    assert target.texts == ["three"]
    assert (found.counts.delivered, found.counts.dropped) == (1, 2)
    assert [skip.why for skip in found.skips] == ["dropped"]


def test_time_without_a_worker_and_clocks_that_are_set_back_do_not_count(
    run, put, target, logs, deliveries
):
    runner = run()
    clock = logs.clock
    put("one")
    target.faults = [ValueError()]
    drain(runner)
    clock.advance(30 * 3600)  # nobody works
    function = deliveries.function_of
    group_id = logs.store.group_id(GROUP)
    later = Runner(
        logs.store,
        runner.records,
        "worker",
        partial(function, group_id, "bus"),
        clock=clock,
        limits=Limits(),
    )
    target.faults = [ValueError()]
    found = drain(later)
    assert found.counts.dropped == 0
    clock.advance(-100 * 3600)
    target.faults = [ValueError()]
    later._not_before_ms = 0
    drain(later)
    assert later.records.read().failing_ms == 0
    later._not_before_ms = 0
    drain(later)
    assert target.texts == ["one"]


def refuse(target, monkeypatch):
    """Let the target refuse messages once."""

    def send_one(self, payload):
        if target.faults:
            raise target.faults.pop(0)
        self.function(payload.message())
        return Sent()

    monkeypatch.setattr(targets.CallableTarget, "send_one", send_one)
    target.faults = [Refused("access denied")]


def test_a_refusal_disables_it_for_ten_minutes_whose_events_are_passed_over(
    run, put, target, clock, monkeypatch
):
    runner = run("keep")
    refuse(target, monkeypatch)
    put("keep 1")
    put("keep 2", stream="i-2")
    found = drain(runner)
    assert counts(found) == {"passed_over": 2}
    assert found.last_error == "access denied"
    for minute in range(9):
        clock.advance(60)
        put(f"keep {minute} minutes later", "other")
        drain(runner)
    clock.advance(61)
    put("keep after it")
    found = drain(runner)
    assert target.texts == ["keep after it"]
    assert counts(found) == {"passed_over": 11, "delivered": 1, "payloads": 1}
    assert found.disabled_until_ms == 0


def test_what_comes_after_the_ten_minutes_is_sent_even_if_no_worker_was_there(
    run, put, target, clock, monkeypatch
):
    runner = run()
    refuse(target, monkeypatch)
    put("refused")
    drain(runner)
    clock.advance(300)
    put("meanwhile")
    clock.advance(400)
    put("later")
    clock.advance(5 * 3600)
    put("much later")
    found = drain(runner)
    assert target.texts == ["later", "much later"]
    assert found.counts.passed_over == 2


def test_events_that_expired_meanwhile_are_counted_once(run, put, target, logs, monkeypatch):
    runner = run()
    refuse(target, monkeypatch)
    put("refused")
    drain(runner)
    logs.clock.advance(700)
    put("expires")
    logs.set_retention(GROUP, 1)
    logs.clock.advance(2 * 86_400)
    put("later")
    found = drain(runner)
    assert target.texts == ["later"]
    assert counts(found) == {"passed_over": 1, "expired": 1, "delivered": 1, "payloads": 1}


def test_a_paused_one_keeps_its_place(run, put, target, deliveries):
    runner = run()
    put("one")
    drain(runner)
    deliveries.set_paused(GROUP, "bus", paused=True)
    put("two")
    drain(runner)
    assert target.texts == ["one"]
    deliveries.set_paused(GROUP, "bus", paused=False)
    drain(runner)
    assert target.texts == ["one", "two"]


def test_the_same_name_goes_on_where_it_was_with_another_pattern(run, put, target, deliveries):
    runner = run("a")
    put("a 1", "b 1")
    drain(runner)
    put("a 2", "b 2")
    target.faults = [ValueError()]
    drain(runner)
    deliveries.set_paused(GROUP, "bus", paused=True)
    again = run("b")
    found = runner.records.read()
    assert (found.paused, found.attempts) == (False, 0)
    drain(again)
    assert target.texts == ["a 1", "b 2"]


def test_what_failed_by_another_pattern_is_chosen_anew(run, put, target, deliveries):
    runner = run("a")
    put("a 1", "b 1")
    target.faults = [ValueError()]
    drain(runner)
    deliveries.subscribe(GROUP, target, "b", "bus")
    drain(runner)
    assert target.texts == ["b 1"]


def test_a_pause_amid_a_chunk_sends_nothing_twice(run, put, target, deliveries):
    def pause(message):
        target(message)
        deliveries.set_paused(GROUP, "bus", paused=True)

    runner = run()
    put("one")
    put("two", stream="i-2")
    deliveries._functions[runner.records.group_id, "bus"] = pause
    target.faults = [None, ValueError()]
    drain(runner)
    deliveries.set_paused(GROUP, "bus", paused=False)
    runner._clock.advance(60)
    drain(runner)
    assert target.texts == ["one", "two"]


def test_a_group_that_is_deleted_ends_it_and_one_made_again_has_none(
    run, put, target, logs, deliveries
):
    runner = run()
    logs.delete_group(GROUP)
    put("new")
    with pytest.raises(Ended):
        drain(runner)
    assert deliveries.all_of() == []
    assert target.texts == []


def test_events_that_expired_are_counted(run, put, target, logs, clock):
    runner = run()
    put("one", "two")
    logs.set_retention(GROUP, 1)
    clock.advance(2 * 86_400)
    put("three")
    found = drain(runner)
    assert target.texts == ["three"]
    assert counts(found) == {"expired": 2, "delivered": 1, "payloads": 1}
    logs.flush()
    put("four")
    logs.flush()
    clock.advance(2 * 86_400)
    assert drain(runner).counts.expired == 3


@pytest.mark.parametrize("flushed", [False, True])
def test_events_that_were_swept_are_counted(run, put, target, logs, flushed):
    runner = run()
    logs.set_retention(GROUP, 1)
    put("one", "two")
    if flushed:
        logs.flush()
    logs.clock.advance(2 * 86_400)
    logs.sweep()
    put("three")
    found = drain(runner)
    assert target.texts == ["three"]
    assert counts(found) == {"expired": 2, "delivered": 1, "payloads": 1}


def test_of_two_workers_one_sends(run, put, target, logs, deliveries):
    first = run(owner="first")
    clock = logs.clock
    function = deliveries.function_of
    group_id = logs.store.group_id(GROUP)
    second = Runner(
        logs.store,
        first.records,
        "second",
        partial(function, group_id, "bus"),
        clock=clock,
        limits=Limits(),
    )
    put("one")
    drain(first)
    put("two")
    drain(second)
    assert target.texts == ["one"]
    first.release()
    drain(second)
    assert target.texts == ["one", "two"]


def test_a_worker_that_lost_its_lease_does_not_move_the_position(
    run, put, target, deliveries, monkeypatch
):
    runner = run(owner="first")
    store = deliveries.store
    put("one")
    now = [1_000.0]
    monkeypatch.setattr(runners.time, "time", lambda: now[0])
    function = deliveries.function_of
    group_id = store.group_id(GROUP)
    attached = partial(function, group_id, "bus")
    other = Runner(store, runner.records, "other", attached, clock=store.clock, limits=Limits())
    moved = []

    def stopped(message):
        if not moved:
            now[0] += 100
            moved.append(True)
            put("two")
            drain(other)  # takes the lease, and sends both
            moved.append(runner.records.read().position)
        target(message)

    deliveries._functions[group_id, "bus"] = stopped
    runner.step()
    assert runner.records.read().position == moved[1]
    assert sorted(target.texts) == ["one", "one", "two"]
    assert runner.records.read().lease.owner == "other"
    assert runner.records.read().counts.delivered == 2


def test_a_lease_from_before_the_clock_was_set_back_is_free(run, put, target, logs, clock):
    runner = run(owner="first")

    def far(old, _):
        old.lease.owner, old.lease.until = "dead", 1e12
        return old

    runner.records.change(far)
    put("one")
    drain(runner)
    assert target.texts == ["one"]


def test_what_was_sent_is_not_sent_again_where_the_catalog_does_not_take_the_position(
    run, put, target, monkeypatch
):
    runner = run()
    put("one")
    change = runner.records.change
    full = [True, True]

    def fails(act, **how):
        if runner._chunk is not None and full:
            full.pop()
            raise StoreFull("no space left")
        return change(act, **how)

    monkeypatch.setattr(runner.records, "change", fails)
    for _ in range(2):
        with pytest.raises(StoreFull):
            drain(runner)
    assert drain(runner).counts.delivered == 1
    assert target.texts == ["one"]


def test_a_module_that_is_gone_is_tried_again_and_nothing_is_dropped(
    run, put, logs, tmp_path, monkeypatch
):
    (tmp_path / "gone_later.py").write_text("def act(message): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    runner = run(to="gone_later:act")
    runner.records.change(
        lambda old, _: dataclasses.replace(old, target={"kind": "function", "name": "nowhere:f"})
    )
    put("one")
    found = drain(runner)
    assert found.attempts == 1
    assert "cannot be imported" in found.last_error
    logs.clock.advance(30 * 3600)
    assert drain(runner).counts.dropped == 0
    runner.records.change(
        lambda old, _: dataclasses.replace(
            old, target={"kind": "function", "name": "gone_later:act"}
        )
    )
    logs.clock.advance(60)
    assert drain(runner).counts.delivered == 1


def test_a_handler_gets_the_event_of_lambda_in_parts_that_fit(run, put):
    got = []

    def handler(event, context):
        assert context.function_name == "handler"
        assert context.get_remaining_time_in_millis() > 890_000
        assert len(event["awslogs"]["data"]) <= 4_000
        got.append(decode_subscription(event))

    runner = run(to=LambdaHandler(handler))
    runner._limits = Limits(lambda_bytes=4_000)
    random.seed(1)
    texts = [f"{n} {random.randbytes(200).hex()}" for n in range(60)]
    huge = f"huge {random.randbytes(5_000).hex()}"
    put(*texts[:30], huge, *texts[30:])
    found = drain(runner)
    assert [event["message"] for one in got for event in one["logEvents"]] == texts
    assert len(got) > 3
    assert (found.counts.delivered, found.counts.too_large) == (60, 1)
    assert found.counts.bytes > 0
    (skip,) = found.skips
    assert (skip.why, skip.first) == ("too_large", skip.last)


def test_another_group_gets_the_events_as_they_are(run, put, logs):
    runner = run("keep", to=LogGroup("/shop/web"))
    put("keep 1", b"keep \xff\xfe", "other", stream="i-7")
    found = drain(runner)
    there = logs.query("fields @message, @logStream", "/shop/web")
    assert sorted(there.df["@message"]) == ["keep 1", "keep \ufffd\ufffd"]
    assert set(there.df["@logStream"]) == {"i-7"}
    assert counts(found) == {"delivered": 2, "payloads": 1}


def test_events_that_the_other_group_refuses_are_counted(run, put, logs, clock):
    runner = run(to=LogGroup("/shop/web"))
    logs.set_retention("/shop/web", 1)
    put("old")
    clock.advance(2 * 86_400)
    put("new")
    found = drain(runner)
    assert list(logs.query("fields @message", "/shop/web").df["@message"]) == ["new"]
    assert (found.counts.delivered, found.counts.dropped) == (1, 1)


def test_another_group_that_is_deleted_is_a_refusal(run, put, logs):
    runner = run(to=LogGroup("/shop/web"))
    logs.delete_group("/shop/web")
    put("one")
    found = drain(runner)
    assert found.last_error == "log group '/shop/web' does not exist"
    assert counts(found) == {"passed_over": 1}
    assert not logs.store.has_group("/shop/web")


def test_large_groups_go_in_chunks_each_moving_the_position(run, put, target, monkeypatch):
    monkeypatch.setattr(runners, "CHUNK_EVENTS", 7)
    runner = run()
    texts = [f"m{n}" for n in range(50)]
    for at in range(0, 50, 5):
        put(*texts[at : at + 5])
    assert runner.step()
    assert runner.records.read().counts.delivered == 7
    drain(runner)
    assert target.texts == texts


def test_a_failing_function_is_logged_once_with_its_own_frames(run, put, clock, caplog):
    def inner(n):
        return {}[n % 2]

    runner = run(to=lambda message: inner(clock.now_ms() // 1000))
    put("one")
    for _ in range(4):
        drain(runner)
        clock.advance(61)
    errors = [record for record in caplog.records if record.name == "cwnb"]
    said = f"test_runner.py:{inner.__code__.co_firstlineno + 1}"
    assert sorted(record.getMessage().partition("failed: ")[2] for record in errors) == [
        f"KeyError: 0 ({said})",
        f"KeyError: 1 ({said})",
    ]
    assert (
        errors[0]
        .getMessage()
        .startswith("the target of subscription 'bus' of log group '/shop/app' has failed: ")
    )
    text = caplog.text
    assert "return {}[n % 2]" in text
    assert "targets.py" not in text  # how cwnb calls the function says nothing of its error
    assert said in runner.records.read().last_error


class Untold(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Untold(), "Untold: its text cannot be made"),
        (ValueError("half \ud800"), "ValueError: half \\ud800"),
    ],
)
def test_an_error_whose_text_is_odd_is_tried_again_listed_and_logged(logs, error, said, caplog):
    def raises(_):
        raise error

    logs.subscribe(GROUP, raises, name="odd")
    logs.put(GROUP, "i-1", [(NOW_MS, "one")])
    with logs.deliver() as worker:
        assert not worker.wait(0.3)
    (row,) = logs.subscriptions().to_dict("records")
    assert (row["state"], row["lag"]) == ("retrying", 1)
    assert row["last_error"].startswith(f"{said} (test_runner.py:")
    assert said in caplog.text.encode().decode()


def test_what_refuses_is_logged_without_a_traceback(run, put, logs, caplog):
    runner = run(to=LogGroup("/shop/web"))
    logs.delete_group("/shop/web")
    put("one")
    drain(runner)
    (record,) = [record for record in caplog.records if record.name == "cwnb"]
    assert record.getMessage().endswith("has failed: log group '/shop/web' does not exist")
    assert record.exc_info is None


def test_a_context_has_what_lambda_documents():
    context = LambdaContext("alerts")
    assert context.function_name == "alerts"
    assert context.function_version == "$LATEST"
    assert context.invoked_function_arn == ("arn:aws:lambda:us-east-1:000000000000:function:alerts")
    assert context.memory_limit_in_mb == "128"
    assert len(context.aws_request_id) == 36
    assert context.log_group_name == "/aws/lambda/alerts"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", context.log_stream_name)
    assert (context.identity, context.client_context) == (None, None)
    assert 899_000 < context.get_remaining_time_in_millis() <= 900_000
    assert LambdaContext(timeout_ms=0).get_remaining_time_in_millis() == 0
    assert context.aws_request_id != LambdaContext("alerts").aws_request_id
