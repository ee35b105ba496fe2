"""What `explain_delivery` says of each event agrees with what its target has got, whatever happened."""

from __future__ import annotations

import random

import pytest

from cwnb.delivery import explain
from cwnb.delivery.subscriptions import runner as runners
from cwnb.delivery.subscriptions import targets
from cwnb.delivery.subscriptions.runner import DISABLED_MS, GIVE_UP_MS
from cwnb.delivery.subscriptions.target import Refused, Sent
from cwnb.store import Position

from .conftest import GROUP, drain

STATES = 50  # of each of ten stores


@pytest.fixture
def refusing(monkeypatch):
    """Let functions refuse messages too."""

    def send_one(self, payload):
        self.function(payload.message())
        return Sent()

    monkeypatch.setattr(targets.CallableTarget, "send_one", send_one)
    monkeypatch.setattr(runners, "CHUNK_EVENTS", 5)


def events_of(logs):
    """Give position, stream and message of all events of the group that have not expired."""
    page = logs.store.read_after(Position(0, 0), [GROUP])
    rows = zip(
        *(page.events[name].to_pylist() for name in ("@commit", "@sequence")),
        *(page.events[name].to_pylist() for name in ("@logStream", "@message")),
        strict=True,
    )
    return [(Position(commit, sequence), stream, text) for commit, sequence, stream, text in rows]


@pytest.mark.usefixtures("refusing")
@pytest.mark.parametrize("seed", range(10))
def test_it_agrees_with_what_the_target_has_got(run, put, target, deliveries, seed):
    chosen = random.Random(seed)
    put("keep before")
    runner = run("keep")
    clock, logs, said = runner._clock, deliveries, {True: 0, False: 0, None: 0}
    for state in range(STATES):
        act = chosen.randrange(8)
        if act < 4:
            for n in range(chosen.randrange(1, 4)):
                word = chosen.choice(["keep", "leave"])
                put(f"{word} {state} {n}", stream=f"i-{chosen.randrange(3)}")
        elif act == 4:
            deliveries.set_paused(GROUP, "bus", paused=chosen.random() < 0.2)
        elif act == 5:
            target.faults = [chosen.choice([None, ValueError("no"), Refused("denied")])]
        elif act == 6:
            clock.advance(chosen.choice([1, 60, DISABLED_MS / 1000 + 1]))
        else:
            target.faults = [ValueError("no")] * 3
            drain(runner)
            clock.advance(GIVE_UP_MS / 1000 + 60)
        if chosen.random() < 0.7:
            drain(runner)
        now = runner.records.read()
        got = set(target.texts)
        for position, stream, text in events_of(logs):
            found = explain(now, deliveries.state(now), position, stream, text)
            said[found.delivered] += 1
            if position <= now.begin or text.startswith("leave"):
                assert found.delivered is False, (text, found)
            elif position > now.position:
                # Of a chunk that is not done with, some payloads may have been sent.
                assert found.delivered is None, (text, found)
            else:
                assert found.delivered is (text in got), (text, found)
    assert said[True] > 20
    assert said[False] > 20
