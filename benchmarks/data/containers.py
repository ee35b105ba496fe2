"""Logs of a cluster's containers, as a collector sends them: JSON around the text of the program.

The text in `log` is logfmt, JSON or plain; one event in twenty has several kilobytes. Pods come
and go, tens of thousands of names a day, and hundreds of labels are each on a few events only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    pick,
    skewed,
    text,
    uuids,
)
from benchmarks.data.json_text import objects
from benchmarks.data.log_set import DAY_MS, START_MS, LogSet

if TYPE_CHECKING:
    from benchmarks.data.log_set import Piece

PODS = 30_000
LONG_SHARE = 0.05
RARE_LABELS = 300
_APPS = (
    "frontend checkout cart catalog payments ledger shipping search-api search-indexer recommender "
    "auth session mailer image-resizer thumbnailer webhook-relay scheduler reporting exporter "
    "prometheus grafana loki ingress-nginx cert-manager coredns kube-proxy node-exporter "
    "istio-proxy redis rabbitmq"
).split()
_NAMESPACES = ["shop", "shop-canary", "platform", "observability", "kube-system", "data", "ml"]
_CALLERS = ["server.go:218", "handler.go:77", "pool.go:401", "retry.go:59", "cache.go:133"]
_MESSAGES = [
    "request served", "connection acquired", "cache refreshed", "flushing buffer", "lease renewed",
    "backing off", "upstream timeout, retrying", "context deadline exceeded",
]  # fmt: skip
_EVENTS = ["order.created", "order.paid", "cart.updated", "mail.sent", "stock.low", "index.rebuilt"]
_WORDS = (
    "at com shop service handler invoke reflect proxy filter chain request response buffer stream "
    "socket channel pool worker thread queue java util concurrent spring framework web servlet "
    "jdbc connection statement execute native method unknown source netty epoll loop event"
).split()
_TEAMS = "atlas borealis comet delta ember falcon gamma helix iris juno".split()
LABELS = [
    f"{_TEAMS[number % len(_TEAMS)]}_{kind}_{number // 30}"
    for number, kind in zip(
        range(RARE_LABELS), ["tier", "owner", "rollout"] * (RARE_LABELS // 3), strict=True
    )
]
LEVELS = {"info": 0.72, "debug": 0.18, "warn": 0.07, "error": 0.03}
_MEMBERS = {
    "stream": "stream", "log": "log", "namespace": "kubernetes.namespace_name",
    "pod": "kubernetes.pod_name", "container": "kubernetes.container_name",
    "host": "kubernetes.host", "docker_id": "kubernetes.docker_id",
    "app": "kubernetes.labels.app", "release": "kubernetes.labels.release",
}  # fmt: skip
PATHS = {
    "time": "time",
    **_MEMBERS,
    **{f"label_{name}": f"kubernetes.labels.{name}" for name in LABELS},
}


def make(piece: Piece) -> pa.Table:
    """Give the events of a piece."""
    random, rows, when = piece.random, piece.rows, piece.times()
    app = skewed(random, rows, len(_APPS), 0.9)
    # A pod lives for some hours: its number moves on with the time of day.
    hour = ((when - START_MS) * 24 // DAY_MS).clip(0, 23)
    pod = (hour * (PODS // 26) + skewed(random, rows, PODS // 13, 0.5)) % PODS
    names, ids = _pod_names()
    pod_app = pod % len(_APPS)
    app = np.where(random.random(rows) < 0.7, pod_app, app)
    log = _texts(random, rows, when)
    columns: dict[str, Any] = {
        "stream": chosen(random, rows, {"stdout": 0.82, "stderr": 0.18}),
        "log": log,
        "namespace": pick(_NAMESPACES, pod % 97 % len(_NAMESPACES)),
        "pod": names.take(pa.array(pod)),
        "container": pick(_APPS, app),
        "host": join("ip-10-2-", text(pod % 61), "-", text(pod % 7 + 10), ".ec2.internal"),
        "docker_id": ids.take(pa.array(pod)),
        "app": pick(_APPS, app),
        "release": pc.if_else(pa.array(random.random(rows) < 0.6), join("r", text(pod % 40)), None),
    }
    label = np.where(random.random(rows) < 0.08, skewed(random, rows, RARE_LABELS, 0.5), -1)
    values = join("v", text(random.integers(0, 9, rows)))
    has = pa.array(label >= 0)
    rare = join('"', pick(LABELS, np.maximum(label, 0)), '":"', values, '"')
    members = objects({"app": columns["app"], "release": columns["release"]})
    inside = pc.utf8_slice_codeunits(members, 1, -1)
    labels = pc.if_else(has, join("{", inside, ",", rare, "}"), members)
    line = objects(
        {
            "time": iso(when),
            "stream": columns["stream"],
            "log": log,
            "kubernetes": {
                **{
                    path.removeprefix("kubernetes."): columns[name]
                    for name, path in _MEMBERS.items()
                    if path.startswith("kubernetes.") and "labels" not in path
                },
                # Objects already: Arrow's large texts are written as they are.
                "labels": labels.cast(pa.large_string()),
            },
        }
    )
    for number, name in enumerate(LABELS):
        here = np.flatnonzero(label == number)
        place = np.full(rows, -1)
        place[here] = here
        columns[f"label_{name}"] = (
            values.take(pa.array(place, mask=place < 0))
            if len(here)
            else pa.nulls(rows, pa.string())
        )
    return pa.table({"time": pa.array(when, pa.timestamp("ms")), "line": line, **columns})


def _pod_names() -> tuple[pa.Array, pa.Array]:
    """Give the names and container ids of all pods."""
    random = np.random.default_rng(13)
    app = pick(_APPS, np.arange(PODS) % len(_APPS))
    names = join(app, "-", hexes(random, PODS, 10), "-", hexes(random, PODS, 5))
    return names, hexes(random, PODS, 64)


def _texts(random: np.random.Generator, rows: int, when: np.ndarray) -> pa.Array:
    """Give what the programs wrote."""
    kinds = codes_of(random, rows, [0.45, 0.25, 0.25, LONG_SHARE])
    counts = [int((kinds == kind).sum()) for kind in range(4)]
    times = [when[kinds == kind] for kind in range(4)]
    return mixed(
        rows,
        kinds,
        [write(random, count, at) for write, count, at in
         zip((_logfmt, _json, _plain, _long), counts, times, strict=True)],
    )  # fmt: skip


def _logfmt(random: np.random.Generator, rows: int, when: np.ndarray) -> pa.Array:
    took = np.round(random.lognormal(2.5, 1.2, rows), 3)
    return join(
        "ts=", iso(when), " level=", chosen(random, rows, LEVELS),
        " caller=", pick(_CALLERS, random.integers(0, len(_CALLERS), rows)),
        ' msg="', pick(_MESSAGES, skewed(random, rows, len(_MESSAGES), 0.6)), '" duration_ms=',
        text(took), " attempt=", text(random.integers(1, 4, rows)), " request_id=",
        hexes(random, rows, 16),
    )  # fmt: skip


def _json(random: np.random.Generator, rows: int, _: np.ndarray) -> pa.Array:
    return objects(
        {
            "level": chosen(random, rows, LEVELS),
            "event": pick(_EVENTS, skewed(random, rows, len(_EVENTS), 0.8)),
            "order": {
                "id": pa.array(random.integers(10**5, 10**7, rows)),
                "total": pa.array(np.round(random.lognormal(3.5, 1, rows), 2)),
                "items": pa.array(random.integers(1, 9, rows)),
            },
            "customer": join("c-", text(skewed(random, rows, 20_000, 0.8))),
            "took": pa.array(np.round(random.exponential(40, rows), 1)),
        }
    )


def _plain(random: np.random.Generator, rows: int, when: np.ndarray) -> pa.Array:
    times = pc.strftime(pa.array(when // 1000, pa.timestamp("s")), "%d/%b/%Y:%H:%M:%S +0000")
    access = join(
        addresses("10", *random.integers(0, 255, (3, rows))), " - - [", times, '] "',
        chosen(random, rows, {"GET": 0.8, "POST": 0.2}), " /api/",
        pick(_APPS, skewed(random, rows, len(_APPS), 0.7)), "/", text(random.integers(0, 900, rows)),
        ' HTTP/1.1" ', chosen(random, rows, {"200": 0.9, "302": 0.03, "404": 0.04, "500": 0.03}),
        " ", text((random.pareto(1.4, rows) * 800 + 100).astype(np.int64)), " ",
        text(np.round(random.exponential(0.08, rows), 3)),
    )  # fmt: skip
    klog = join(
        chosen(random, rows, {"I": 0.8, "W": 0.15, "E": 0.05}), "1001 ",
        pc.strftime(pa.array(when, pa.timestamp("ms")), "%H:%M:%S"), "       1 ",
        pick(["reconciler", "controller", "leaderelection", "reflector"],
             random.integers(0, 4, rows)),
        ".go:", text(random.integers(20, 900, rows)), '] "Reconciled" object="shop/',
        pick(_APPS, random.integers(0, len(_APPS), rows)), '" generation=',
        text(random.integers(1, 400, rows)),
    )  # fmt: skip
    return pc.if_else(pa.array(random.random(rows) < 0.65), access, klog)


def _long(random: np.random.Generator, rows: int, _: np.ndarray) -> pa.Array:
    """Give texts of 2 to 8 kB: dumps of requests and of stacks."""
    bodies = []
    for length in random.integers(250, 1_000, 64):
        words = np.array(_WORDS)[random.integers(0, len(_WORDS), length)]
        numbers = random.integers(1, 999, length).astype(str)
        bodies.append(".".join(np.where(random.random(length) < 0.2, numbers, words)))
    start = chosen(random, rows, {"DUMP request": 0.6, "goroutine trace": 0.3, "heap profile": 0.1})
    return join(
        start, " id=", uuids(random, rows), "\n", pick(bodies, random.integers(0, 64, rows))
    )


CONTAINERS = LogSet("containers", "/bench/containers", 13, make, paths=PATHS)
