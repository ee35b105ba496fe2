"""Account policies: one subscription for all log groups, also for those that are made later."""

from __future__ import annotations

import json

import pytest

import cwnb
from cwnb.delivery.subscriptions import account_policies
from cwnb.errors import InvalidParameter, MalformedPattern, ResourceNotFound

from .conftest import GROUP, Target

WEB = "/shop/web"
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:alert"
OTHERS = 'LogGroupName NOT IN ["/shop/web"]'


def put_policy(logs, target, pattern="", name="all", criteria=""):
    document = {"DestinationArn": target, "FilterPattern": pattern}
    logs.put_account_policy(name, document, selection_criteria=criteria)


def deliver(logs):
    with logs.deliver() as worker:
        assert worker.wait(20)


def sent(target):
    return [(one["logGroup"], e["message"]) for one in target.messages for e in one["logEvents"]]


def rows(logs):
    found = logs.subscriptions().to_dict("records")
    return {row["group"]: (row["name"], row["level"], row["delivered"]) for row in found}


def test_all_groups_are_sent_and_new_ones_from_their_first_event(logs, put, target):
    put("before")
    put_policy(logs, target, "keep")
    put("keep 1", "other")
    put("keep 2", group=WEB)
    deliver(logs)
    logs.create_group("/new")
    put("keep 3", group="/new")
    deliver(logs)
    assert sorted(sent(target)) == [("/new", "keep 3"), (GROUP, "keep 1"), (WEB, "keep 2")]
    (message, *_) = target.messages
    assert (message["policyLevel"], message["subscriptionFilters"]) == (
        "ACCOUNT_LEVEL_POLICY",
        ["all"],
    )
    assert rows(logs) == dict.fromkeys((GROUP, WEB, "/new"), ("all", "account", 1))


def test_it_adds_to_the_two_subscriptions_of_a_group(logs, put, target):
    own = Target()
    put_policy(logs, target)
    logs.subscribe(GROUP, own.take, name="a")
    logs.subscribe(GROUP, print, "never", name="b")
    put("one")
    deliver(logs)
    assert target.texts == own.texts == ["one"]
    assert "policyLevel" not in own.messages[0]


def test_groups_that_the_criteria_leave_out_are_not_sent(logs, put, target):
    put_policy(logs, target, criteria=OTHERS)
    put("one")
    put("two", group=WEB)
    deliver(logs)
    assert sent(target) == [(GROUP, "one")]
    assert list(rows(logs)) == [GROUP]


def test_a_group_that_is_covered_again_begins_there(logs, put, target):
    put_policy(logs, target)
    put("w1", group=WEB)
    put("a1")
    deliver(logs)
    put("a2")
    put_policy(logs, target, criteria=OTHERS)
    put("w2", group=WEB)
    put_policy(logs, target)
    put("w3", group=WEB)
    deliver(logs)
    assert sorted(target.texts) == ["a1", "a2", "w1", "w3"]


def test_events_before_any_worker_are_sent_though_the_criteria_change(logs, put, target):
    put_policy(logs, target)
    put("a1")
    put_policy(logs, target, criteria=OTHERS)
    put("a2")
    deliver(logs)
    assert target.texts == ["a1", "a2"]


def test_one_of_its_name_replaces_it_and_groups_go_on(logs, put, target):
    put_policy(logs, print, "keep")
    logs.pause(GROUP, "all")
    put("keep 1", "more 1")
    put_policy(logs, target, "more")
    deliver(logs)
    put("more 2")
    deliver(logs)
    assert target.texts == ["more 1", "more 2"]
    with pytest.raises(InvalidParameter, match=r"there is a subscription policy .* already, 'all'"):
        put_policy(logs, target, name="second")


def test_it_can_be_paused_for_a_group(logs, put, target):
    put_policy(logs, target)
    logs.pause(GROUP, "all")
    put("one")
    put("two", group=WEB)
    deliver(logs)
    assert target.texts == ["two"]
    logs.resume(GROUP, "all")
    deliver(logs)
    assert target.texts == ["two", "one"]


def test_a_running_worker_sees_groups_with_events_and_lets_quiet_ones_go(logs, put, target):
    with logs.deliver() as worker:
        put_policy(logs, target)
        for number in range(3):
            put(f"m{number}")
            assert worker.wait(20)
            assert target.texts[-1] == f"m{number}"
    assert len(target.texts) == 3


def test_a_later_process_attaches_a_function_by_putting_it_again(logs, put, target, tmp_path):
    put_policy(logs, print)
    put("one")
    with cwnb.open(tmp_path / "s", clock=logs.clock) as other:
        assert set(other.subscriptions()["state"]) == {"waiting for its function"}
        put_policy(other, target)
        deliver(other)
    assert target.texts == ["one"]


def test_it_is_listed_and_deleted(logs, put, target):
    logs.put_account_policy(
        "all",
        json.dumps({"DestinationArn": "json:loads", "FilterPattern": "x"}),
        selection_criteria=OTHERS,
    )
    (found,) = logs.account_policies().to_dict("records")
    assert (found["name"], found["type"]) == ("all", "SUBSCRIPTION_FILTER_POLICY")
    assert (found["target"], found["pattern"]) == ("json:loads", "x")
    assert found["selection_criteria"] == OTHERS
    with pytest.raises(InvalidParameter, match="'all' is an account policy"):
        logs.unsubscribe(GROUP, "all")
    with pytest.raises(ResourceNotFound, match="no account policy 'al'; did you mean 'all'"):
        logs.delete_account_policy("al")
    with pytest.raises(ResourceNotFound, match=r"no account policy \['all'\]"):
        logs.delete_account_policy(["all"])
    logs.delete_account_policy("all")
    assert len(logs.account_policies()) == len(logs.subscriptions()) == 0
    put("before")
    put_policy(logs, target)
    put("after")
    deliver(logs)
    assert target.texts == ["after"]


def test_two_processes_cannot_make_two_of_them(logs, target, monkeypatch):
    put_policy(logs, target)
    # As if the other process had made its one between the look and the transaction.
    monkeypatch.setattr(account_policies.AccountPolicies, "all_of", lambda _: [])
    with pytest.raises(InvalidParameter, match="one is the most"):
        put_policy(logs, target, name="second")


def test_names_of_policies_and_of_subscriptions_are_not_the_same(logs, target):
    logs.subscribe(GROUP, print, name="bus")
    with pytest.raises(InvalidParameter, match="a subscription of a log group has the name 'bus'"):
        put_policy(logs, target, name="bus")
    put_policy(logs, target)
    with pytest.raises(InvalidParameter, match="an account policy has the name 'all'"):
        logs.subscribe(GROUP, print, name="all")


def test_what_became_of_an_event_is_explained(logs, put, target):
    put("before")
    put_policy(logs, target, "keep", criteria=OTHERS)
    put("keep", "other")
    put("keep", group=WEB)

    def said(group, text):
        events = logs.query("fields @message, @ptr", groups=group).df
        (pointer,) = events[events["@message"] == text]["@ptr"]
        return repr(logs.explain_delivery(group, "all", pointer))

    assert said(GROUP, "before").startswith("not delivered: it was there before the account policy")
    assert said(GROUP, "keep").startswith("not yet delivered: no worker")
    assert said(WEB, "keep") == (
        "not delivered: the account policy 'all' does not send it: its criteria leave the log "
        f"group out: {OTHERS}"
    )
    deliver(logs)
    assert said(GROUP, "keep") == "delivered: the subscription 'all' has sent it"
    assert said(GROUP, "other").startswith("not delivered: its message does not match")


def test_the_group_of_the_function_itself_is_left_out(logs, monkeypatch):
    monkeypatch.setattr("cwnb.delivery.subscriptions.aws.check_reachable", lambda *_: None)
    logs.create_group("/aws/lambda/alert")
    put_policy(logs, f"{LAMBDA}:live")
    assert "/aws/lambda/alert" not in rows(logs)
    assert GROUP in rows(logs)


@pytest.mark.parametrize(
    ("bad", "error", "said"),
    [
        ({"document": 3}, InvalidParameter, "a dict or JSON text of one, not 3"),
        ({"document": "{"}, InvalidParameter, "the policy document is not JSON: '{'"),
        ({"document": "[]"}, InvalidParameter, "a dict or JSON text of one"),
        ({"document": {}}, InvalidParameter, "has no DestinationArn"),
        (
            {"document": {"DestinationArn": print, "Filter": ""}},
            InvalidParameter,
            "unknown member of the policy document 'Filter'; did you mean 'FilterPattern'",
        ),
        (
            {"document": {"DestinationArn": print, "FilterPattern": "{ $.a ="}},
            MalformedPattern,
            "it must end with",
        ),
        (
            {"document": {"DestinationArn": print, "FilterPattern": 3}},
            InvalidParameter,
            "a filter pattern is a text, not 3",
        ),
        (
            {"document": {"DestinationArn": print, "Distribution": "Random"}},
            InvalidParameter,
            "'Random' is for a Kinesis stream",
        ),
        (
            {"document": {"DestinationArn": cwnb.LogGroup(WEB)}},
            InvalidParameter,
            "an account policy does not send to a log group",
        ),
        (
            {"selection_criteria": 'LogGroupNamePrefix NOT IN ["/a"]'},
            MalformedPattern,
            "LogGroupName",
        ),
        ({"selection_criteria": 'LogGroupName IN ["/a"]'}, MalformedPattern, "stands NOT IN"),
        (
            {"selection_criteria": 'LogGroupName NOT IN ["/a", "/audit/*"]'},
            InvalidParameter,
            r"name whole log groups, and none has a '\*' in its name: '/audit/\*'",
        ),
        ({"selection_criteria": 3}, InvalidParameter, "selection criteria are a text, not 3"),
        ({"policy_type": "TRANSFORMER_POLICY"}, InvalidParameter, "are not there; 'SUBSCR"),
        ({"policy_type": "SUBSCRIPTION_POLICY"}, InvalidParameter, "did you mean 'SUBSCRIPTION_F"),
        ({"name": "a:b"}, InvalidParameter, "of an account policy .* without ':' and '\\*'"),
    ],
)
def test_what_is_no_policy_is_one_sentence(logs, bad, error, said):
    with pytest.raises(error, match=said):
        logs.put_account_policy(
            **{"name": "all", "document": {"DestinationArn": print}, **bad},
        )
    assert len(logs.account_policies()) == 0
