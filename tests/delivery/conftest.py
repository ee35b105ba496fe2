"""A store with two log groups, a clock that stands still, and a runner that is stepped by hand."""

from __future__ import annotations

from functools import partial

import pytest

import cwnb
from cwnb.delivery import Deliveries, Limits
from cwnb.delivery.subscriptions.record import KeptRecord
from cwnb.delivery.subscriptions.runner import Runner
from cwnb.times import Clock

NOW_MS = 1_795_000_000_000
GROUP = "/shop/app"


@pytest.fixture
def clock():
    return Clock(NOW_MS)


@pytest.fixture
def logs(tmp_path, clock):
    with cwnb.open(tmp_path / "s", clock=clock) as logs:
        logs.create_group(GROUP)
        logs.create_group("/shop/web")
        yield logs


@pytest.fixture
def put(logs, clock):
    """Give a function that puts messages, and says nothing."""

    def put(*messages, stream="i-1", group=GROUP):
        logs.put(group, stream, [(clock.now_ms(), message) for message in messages])

    return put


class Target:
    """Takes messages, or fails as it was told: by an exception for each call, None to take it."""

    def __init__(self):
        self.messages = []
        self.faults = []

    def __call__(self, message):
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        self.messages.append(message)

    def take(self, message):
        self(message)

    @property
    def texts(self):
        return [event["message"] for one in self.messages for event in one["logEvents"]]


@pytest.fixture
def target():
    return Target()


@pytest.fixture
def deliveries(logs):
    return Deliveries(logs.store)


@pytest.fixture
def run(logs, deliveries, target, clock):
    """Give a function that subscribes the target and gives the runner of the subscription."""

    def run(pattern="", name="bus", to=None, owner="worker"):
        made = deliveries.subscribe(GROUP, to or target, pattern, name)
        records = KeptRecord(logs.store, name, made.group_id)
        function = deliveries.function_of
        attached = partial(function, made.group_id, name)
        return Runner(logs.store, records, owner, attached, clock=clock, limits=Limits())

    return run


def drain(runner, most=100):
    """Step a runner until two steps have had nothing more to do."""
    idle = 0
    for _ in range(most):
        idle = 0 if runner.step() else idle + 1
        if idle == 2:
            return runner.records.read()
    raise AssertionError("it does not end")
