"""/shop/vpc: flow logs, version 2, default format, one stream a network interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cwnb.demo import incident
from cwnb.demo.shop import (
    ACCOUNT,
    APP_HOSTS,
    CATALOG_DATABASE,
    MINUTE_MS,
    MINUTES,
    NOW_MS,
    PAYMENTS_DATABASE,
    PAYMENTS_HOSTS,
    START_MS,
    WEB_HOSTS,
    arrivals,
)

if TYPE_CHECKING:
    from cwnb.demo.shop import Array

TCP = 6  # the protocol number of IANA
SCANNED_PORTS = (22, 23, 445, 1433, 3389, 5432, 6379, 8081)


class _Flows:
    """Collects records: times, streams and lines."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.times: list[Array] = []
        self.streams: list[str] = []
        self.messages: list[str] = []

    def add(
        self,
        times: Array,
        interface: str,
        source: list[str],
        target: str,
        port: int | list[int],
        *,
        packets: float,
        action: str = "ACCEPT",
    ) -> None:
        """Add a record a time; `packets` is the mean, 1 for packets that never got an answer."""
        count = len(times)
        rng = self.rng
        ports = [port] * count if isinstance(port, int) else port
        number = 1 + rng.poisson(packets - 1, count)
        size = np.where(number < 4, 60, rng.integers(70, 900, count)) * number
        start = times // 1000
        self.times.append(times)
        self.streams += [f"{interface}-all"] * count
        self.messages.extend(
            f"2 {ACCOUNT} {interface} {address} {target} {own} {other} {TCP} {many} {octets} "
            f"{first} {first + 59} {action} OK"
            for address, own, other, many, octets, first in zip(
                source,
                rng.integers(32_768, 61_000, count).tolist(),
                ports,
                number.tolist(),
                size.tolist(),
                start.tolist(),
                strict=True,
            )
        )


def lines(rng: np.random.Generator) -> tuple[Array, list[str], list[str]]:
    """Give times, streams and messages; what the databases refuse stands at their interfaces."""
    flows = _Flows(rng)
    for _, address, interface in WEB_HOSTS:
        times = arrivals(rng, 2_900)
        flows.add(times, interface, _outside(rng, len(times)), address, 443, packets=40)
        scans = np.sort(rng.integers(START_MS, NOW_MS, 700))
        ports = rng.choice(SCANNED_PORTS, len(scans)).tolist()
        outside = _outside(rng, len(scans))
        flows.add(scans, interface, outside, address, ports, packets=1, action="REJECT")
    for n, (_, address, interface) in enumerate(APP_HOSTS):
        times = arrivals(rng, 2_100)
        web = [WEB_HOSTS[k % len(WEB_HOSTS)][1] for k in range(len(times))]
        flows.add(times, interface, web, address, 8080, packets=60)
        times = _each_minute(rng, 0.75)
        target, database = CATALOG_DATABASE[1:]
        flows.add(times, database, [address] * len(times), target, 5432, packets=90 + 20 * n)
    _payments(rng, flows)
    return np.concatenate(flows.times), flows.streams, flows.messages


def _payments(rng: np.random.Generator, flows: _Flows) -> None:
    """Add the flows between payments and its database, and how they end for a while."""
    target, database = PAYMENTS_DATABASE[1:]
    for _, address, interface in PAYMENTS_HOSTS:
        times = arrivals(rng, 1_100)
        flows.add(times, interface, [APP_HOSTS[0][1]] * len(times), address, 8080, packets=20)
        times = _each_minute(rng, 0.92)
        # What flows is what the pool still holds.
        times = times[rng.random(len(times)) < incident.pool_share(times)]
        flows.add(times, database, [address] * len(times), target, 5432, packets=120)
        refused = np.arange(incident.REVOKED_MS + MINUTE_MS, incident.RESTORED_MS, 9_000)
        refused = refused + rng.integers(0, 8_000, len(refused))
        source = [address] * len(refused)
        flows.add(refused, database, source, target, 5432, packets=2, action="REJECT")


def _each_minute(rng: np.random.Generator, chance: float) -> Array:
    minutes = np.flatnonzero(rng.random(MINUTES) < chance)
    return START_MS + minutes * MINUTE_MS + rng.integers(0, 900, len(minutes))


def _outside(rng: np.random.Generator, count: int) -> list[str]:
    ranges = ("192.0.2", "198.51.100", "203.0.113")
    drawn = zip(
        rng.integers(0, 3, count).tolist(), rng.integers(1, 255, count).tolist(), strict=True
    )
    return [f"{ranges[r]}.{n}" for r, n in drawn]
