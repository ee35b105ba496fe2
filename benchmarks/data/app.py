"""JSON application logs of many services, all fields on one level, about 400 bytes an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.data.columns import (
    addresses,
    chosen,
    codes_of,
    hexes,
    iso,
    join,
    mixed,
    padded,
    pick,
    skewed,
    some,
    text,
)
from benchmarks.data.json_text import objects
from benchmarks.data.log_set import LogSet

if TYPE_CHECKING:
    from benchmarks.data.log_set import Piece

TENANTS = 20_000
_SERVICES = (
    "gateway catalog search cart checkout payment session inventory pricing shipping invoice "
    "notifier recommender profile review media loyalty fraud returns ledger export scheduler "
    "webhook audit"
).split()
_AREAS = "items carts orders users search offers invoices stock reviews media sessions".split()
_METHODS = {"GET": 0.72, "POST": 0.19, "PUT": 0.05, "PATCH": 0.02, "DELETE": 0.02}
_STATUSES = {
    200: 0.80, 201: 0.05, 204: 0.03, 301: 0.01, 304: 0.03, 400: 0.02,
    401: 0.01, 404: 0.025, 409: 0.004, 429: 0.006, 500: 0.008, 502: 0.004, 503: 0.003,
}  # fmt: skip
_REGIONS = {"eu-west-1": 0.5, "eu-central-1": 0.25, "us-east-1": 0.2, "ap-northeast-1": 0.05}
_VERSIONS = ["4.18.0", "4.18.1", "4.18.2", "4.19.0-rc1", "4.19.0"]
_UPSTREAMS = ["inventory", "tax-engine", "geo", "acquirer-a", "acquirer-b", "mailer"]
_FAULTS = [
    "java.net.SocketTimeoutException: Read timed out",
    "connection refused by upstream",
    "deadlock detected while updating stock",
    "payment declined: insufficient funds (code 51)",
    "invalid token: signature does not match",
    "NullPointerException in PriceTable.lookup",
]

COLUMNS = (
    "level service host region version tenant user_id trace_id method path status duration_ms "
    "bytes client_ip msg error retry"
).split()


def make(piece: Piece) -> pa.Table:
    """Give the events of a piece."""
    random, rows, when = piece.random, piece.rows, piece.times()
    status = pc.cast(chosen(random, rows, _STATUSES), pa.int64())
    failed = pc.greater_equal(status, 500)
    service = skewed(random, rows, len(_SERVICES), 0.8)
    duration = np.round(random.lognormal(3.2, 1.1, rows) * (1 + 4 * failed.to_numpy(False)), 2)
    area = random.integers(0, len(_AREAS), rows)
    route = join("/api/v2/", pick(_AREAS, area), "/", text(skewed(random, rows, 4_000, 0.9)))
    user = (random.random(rows) ** 2 * max(piece.total / 5, 10)).astype(np.int64)
    usual = chosen(random, rows, {"INFO": 0.8, "DEBUG": 0.16, "WARN": 0.04})
    columns = {
        "level": pc.if_else(failed, "ERROR", usual),
        "service": pick(_SERVICES, service),
        "host": join("ip-10-4-", text(service), "-", text(random.integers(2, 40, rows))),
        "region": chosen(random, rows, _REGIONS),
        "version": pick(_VERSIONS, codes_of(random, rows, [5, 20, 60, 1, 14])),
        "tenant": padded("t", skewed(random, rows, TENANTS, 0.9), 5),
        "user_id": padded("u", user, 8),
        "trace_id": hexes(random, rows, 32),
        "method": chosen(random, rows, _METHODS),
        "path": route,
        "status": status,
        "duration_ms": pa.array(duration),
        "bytes": pa.array((random.pareto(1.3, rows) * 700 + 90).astype(np.int64)),
        "client_ip": addresses("", *random.integers(1, 255, (4, rows))),
    }
    columns["error"] = pc.if_else(
        failed, pick(_FAULTS, skewed(random, rows, len(_FAULTS), 0.7)), None
    )
    columns["retry"] = some(random, pa.array(random.integers(1, 5, rows)), 0.015)
    columns["msg"] = _messages(random, columns, text(duration))
    members = {"time": iso(when), **{name: columns[name] for name in COLUMNS}}
    table = {"time": pa.array(when, pa.timestamp("ms")), "line": objects(members)}
    return pa.table({**table, **{name: columns[name] for name in COLUMNS}})


def _messages(
    random: np.random.Generator, columns: dict[str, pa.Array], took: pa.Array
) -> pa.Array:
    rows = len(took)
    kinds = codes_of(random, rows, [60, 14, 8, 8, 6, 4])
    kinds[columns["error"].is_valid().to_numpy(False)] = 6
    places = [np.flatnonzero(kinds == kind) for kind in range(7)]

    def of(kind: int, name: str) -> pa.Array:
        return columns[name].take(pa.array(places[kind]))

    def numbers(kind: int, most: int) -> pa.Array:
        return text(random.integers(1, most, len(places[kind])))

    def some_of(kind: int, names: list[str]) -> pa.Array:
        return pick(names, random.integers(0, len(names), len(places[kind])))

    def taken(kind: int) -> pa.Array:
        return took.take(pa.array(places[kind]))

    written = [
        join(of(0, "method"), " ", of(0, "path"), " completed in ", taken(0), " ms with status ",
             of(0, "status").cast(pa.string())),
        join("cache miss for key ", of(1, "service"), ":", numbers(1, 10**6), ", loading"),
        join("user ", of(2, "user_id"), " signed in from ", of(2, "client_ip")),
        join("published event order.", some_of(3, ["created", "paid", "sent"]), " id=",
             numbers(3, 10**7), " partition=", numbers(3, 24), " offset=", numbers(3, 10**8)),
        join("retrying upstream ", some_of(4, _UPSTREAMS), " after ", numbers(4, 900),
             " ms (attempt ", numbers(4, 4), ")"),
        join("slow query: select * from ", some_of(5, _AREAS), ' where id = "', numbers(5, 10**6),
             '" took ', taken(5), " ms"),
        join("request failed after ", taken(6), " ms: ", of(6, "error")),
    ]  # fmt: skip
    return mixed(rows, kinds, written)


APP = LogSet("app", "/bench/app", 11, make, paths={"time": "time"} | {n: n for n in COLUMNS})
