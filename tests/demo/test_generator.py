from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections import Counter

import pytest

from cwnb.demo import incident, shop
from cwnb.demo.generator import batches


def fingerprint(batch) -> str:
    digest = hashlib.sha256(batch.time_ms.tobytes())
    digest.update("\n".join(batch.stream.to_pylist()).encode())
    digest.update("\n".join(batch.message.to_pylist()).encode())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def made():
    return dict(batches())


def test_six_groups_of_about_200_000_events(made):
    assert tuple(made) == shop.GROUPS
    assert 190_000 <= sum(map(len, made.values())) <= 210_000
    assert min(map(len, made.values())) >= 4_000


def test_same_seed_same_events(made):
    again = {group: fingerprint(batch) for group, batch in batches()}
    assert again == {group: fingerprint(batch) for group, batch in made.items()}


def test_other_seed_other_events(made):
    group, batch = next(batches(seed=8))
    assert fingerprint(batch) != fingerprint(made[group])


def test_times_lie_in_the_three_days_and_ascend(made):
    for batch in made.values():
        assert batch.time_ms.min() >= shop.START_MS - 1000
        assert batch.time_ms.max() < shop.NOW_MS
        assert (batch.time_ms[1:] >= batch.time_ms[:-1]).all()


def test_every_group_but_the_trail_has_several_streams(made):
    streams = {group: len(set(batch.stream.to_pylist())) for group, batch in made.items()}
    assert streams.pop(shop.CLOUDTRAIL) == 1
    assert min(streams.values()) >= 2


def test_the_night_is_quiet(made):
    hours = Counter(int(t) for t in made[shop.WEB].time_ms // shop.HOUR_MS % 24)
    assert hours[20] > 4 * hours[4]


def test_json_lines_are_json(made):
    for group in (shop.APP, shop.CLOUDTRAIL):
        assert all(isinstance(json.loads(m), dict) for m in made[group].message.to_pylist())


def test_a_stack_trace_is_one_event(made):
    traces = [m for m in made[shop.PAYMENTS].message.to_pylist() if "SocketTimeout" in m]
    assert len(traces) > 50
    assert all(m.count("\n") >= 15 for m in traces)


def test_a_request_can_be_followed_by_its_id(made):
    ids = {
        group: set(re.findall(r"\b[0-9a-f]{16}\b", "\n".join(made[group].message.to_pylist())))
        for group in (shop.WEB, shop.APP, shop.PAYMENTS)
    }
    paid = ids[shop.PAYMENTS]
    assert len(paid) > 4_000
    # A line of the last seconds can lie past the end of the data in one group and not in another.
    assert len(paid - ids[shop.APP]) < 5
    assert len(ids[shop.APP] - ids[shop.WEB]) == 0


def test_addresses_are_private_or_for_documentation(made):
    documentation = [
        ipaddress.ip_network(n)
        for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8")
    ]
    found = set()
    for batch in made.values():
        text = "\n".join(batch.message.to_pylist())
        found.update(re.findall(r"(?<![\d./])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", text))
    browsers = {"142.0.0.0"}  # a version of Chrome that looks like an address
    for address in found - browsers:
        assert any(ipaddress.ip_address(address) in n for n in documentation), address


def test_nobody_fails_while_the_pool_is_full():
    import numpy as np

    times = np.array([incident.REVOKED_MS - 1, incident.RESTORED_MS - 1, shop.NOW_MS])
    assert incident.failure_chance(times).tolist() == [0, 1, 0]
