"""VPC flow lines in the default format: who talks to whom, one line a minute and connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.data.columns import addresses, chosen, floored, hexes, join, skewed
from benchmarks.data.log_set import LogSet

if TYPE_CHECKING:
    from benchmarks.data.log_set import Piece

HOSTS = 6_000
INTERFACES = 800
PEERS = 250_000
_PORTS = {443: 0.5, 80: 0.1, 53: 0.12, 5432: 0.07, 6379: 0.05, 22: 0.04, 3306: 0.03, 8080: 0.04,
          9092: 0.03, 25: 0.02}  # fmt: skip
COLUMNS = (
    "version accountId interfaceId srcAddr dstAddr srcPort dstPort protocol packets bytes "
    "startTime endTime action logStatus"
).split()


def make(piece: Piece) -> pa.Table:
    """Give the events of a piece."""
    random, rows = piece.random, piece.rows
    start = floored(piece.times(), 1_000)
    end = start + random.integers(10, 61, rows) * 1_000
    inside = _inside(skewed(random, rows, HOSTS, 0.8))
    outside = _outside(skewed(random, rows, PEERS, 0.6))
    other = pc.if_else(
        pa.array(random.random(rows) < 0.55), _inside(random.integers(0, HOSTS, rows)), outside
    )
    incoming = pa.array(random.random(rows) < 0.5)
    service = pc.cast(chosen(random, rows, _PORTS), pa.int64())
    high = pa.array(random.integers(1_024, 65_536, rows))
    packets = (random.pareto(0.9, rows) * 4 + 1).clip(max=4_000_000).astype(np.int64)
    size = packets * random.integers(40, 1_460, rows)
    scanned = random.random(rows) < 0.03
    rejected = pa.array(scanned | (random.random(rows) < 0.02))
    seen = pa.array(random.random(rows) >= 0.01)
    account = chosen(random, rows, {"111122223333": 0.7, "444455556666": 0.2, "777788889999": 0.1})
    to_port = pc.if_else(pa.array(scanned), pa.array(random.integers(1, 65_536, rows)), service)
    columns = {
        "version": pa.array(np.full(rows, 2)),
        "accountId": account,
        "interfaceId": _interfaces().take(pa.array(skewed(random, rows, INTERFACES, 0.7))),
        "srcAddr": pc.if_else(incoming, other, inside),
        "dstAddr": pc.if_else(incoming, inside, other),
        "srcPort": pc.if_else(incoming, high, to_port),
        "dstPort": pc.if_else(incoming, to_port, high),
        "protocol": pc.cast(chosen(random, rows, {6: 0.82, 17: 0.16, 1: 0.02}), pa.int64()),
        "packets": pa.array(packets),
        "bytes": pa.array(size),
        "startTime": pa.array(start // 1_000),
        "endTime": pa.array(end // 1_000),
        "action": pc.if_else(rejected, "REJECT", "ACCEPT"),
        "logStatus": pc.if_else(seen, "OK", pa.array(["NODATA"])[0]),
    }
    for name in "srcAddr dstAddr srcPort dstPort protocol packets bytes action".split():
        columns[name] = pc.if_else(seen, columns[name], None)
    written = [pc.fill_null(columns[name].cast(pa.string()), "-") for name in COLUMNS]
    line = pc.binary_join_element_wise(*written, " ")
    return pa.table({"time": pa.array(start, pa.timestamp("ms")), "line": line, **columns})


def _inside(host: np.ndarray) -> pa.Array:
    return addresses("10", host % 23, host // 23 % 250, host * 7 % 253 + 1)


def _outside(peer: np.ndarray) -> pa.Array:
    spread = (peer.astype(np.uint64) * 2_654_435_761) % (1 << 32)
    first = (spread >> 24) % 190 + 20
    return addresses("", first, spread >> 16 & 255, spread >> 8 & 255, spread % 254 + 1)


def _interfaces() -> pa.Array:
    return join("eni-0", hexes(np.random.default_rng(15), INTERFACES, 16))


FLOW = LogSet("flow", "/bench/flow", 15, make)
