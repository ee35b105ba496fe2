"""A Lambda function's lines: START, what the function wrote, END and REPORT of each request.

They come in small puts: each has some requests of one execution environment, whose log
stream it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.data.columns import (
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
from benchmarks.data.log_set import LogSet

if TYPE_CHECKING:
    from benchmarks.data.log_set import Piece

STREAMS = 2_000
# Of each million events so many puts, with about twenty events each at a million.
PUTS = 50_000
_SKUS = 20_000
_STEPS = [
    "validated cart", "reserved stock", "charged card", "wrote order", "published event",
    "loaded profile", "computed tax",
]  # fmt: skip
# Python's traces come with spaces that do not break, as the service has recorded them.
_TRACE = (
    "[ERROR] {what}\nTraceback (most recent call last):\n"
    '\u00a0\u00a0File "/var/task/app.py", line {line}, in handler\n'
    "\u00a0\u00a0\u00a0\u00a0charge(event)\n"
)
_FAULTS = {
    "ConditionalCheckFailedException: The conditional request failed": 0.4,
    "KeyError: 'sku'": 0.3,
    "ReadTimeoutError: AWSHTTPSConnectionPool(host='acquirer.example', port=443)": 0.3,
}


def put_events(events: int) -> int:
    """Give how many events a put has: twenty, or more where there are more than a million."""
    return max(20, events // PUTS)


def make(piece: Piece) -> pa.Table:
    """Give the events of a piece: blocks of one stream each, requests one after another."""
    random, rows = piece.random, piece.rows
    block = np.arange(rows) // put_events(piece.total)
    number = (piece.first // put_events(piece.total)) + block
    # The events of a put are of one moment; one put in fifty comes late.
    starts = np.unique(block, return_index=True)[1]
    when = piece.times()[starts][block] + (np.arange(rows) - starts[block]) * 7
    streams = _streams()
    # An environment lives for some hours, and a dozen or more are at work at any time.
    per_block = random.integers(0, 60, int(block.max()) + 1)[block]
    stream = (
        number * STREAMS // max(piece.total // put_events(piece.total), 1) + per_block
    ) % STREAMS
    step, request, length = _requests(random, block, rows)
    kinds = _kinds(random, step, length)
    ids = uuids(random, int(request.max()) + 1).take(pa.array(request))
    requests = _measures(random, int(request.max()) + 1)
    at = {name: values.take(pa.array(request)) for name, values in requests.items()}
    documents = _documents(random, int((kinds == 4).sum()))
    lines = _lines(random, kinds, iso(when), ids, at | {"document": objects(documents)})
    is_report, is_document = pa.array(kinds == 2), np.flatnonzero(kinds == 4)
    named = ["START", "END", "REPORT", None, None, None, None, None]
    # A trace says nothing of its request.
    known = pa.array(kinds != 6)
    columns = {
        "log_stream": streams.take(pa.array(stream)),
        "type": pick(named, kinds),
        "requestId": pc.if_else(known, ids, None),
    }
    for name, values in at.items():
        columns[name] = pc.if_else(is_report, values, None)
    place = np.full(rows, -1)
    place[is_document] = np.arange(len(is_document))
    for name, values in documents.items():
        columns[name] = values.take(pa.array(place, mask=place < 0))
    return pa.table({"time": pa.array(when, pa.timestamp("ms")), "line": lines, **columns})


def _requests(
    random: np.random.Generator, block: np.ndarray, rows: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut the rows into requests of 4 to 13 lines: the place in it, its number, its length."""
    lengths = random.integers(4, 14, rows // 4 + 2)
    ends = np.cumsum(lengths)
    # A request is of one put: where a put ends, its last request ends too.
    borders = np.union1d(ends[ends < rows], np.flatnonzero(np.diff(block)) + 1)
    starts = np.concatenate([[0], borders]).astype(np.int64)
    request = np.searchsorted(starts, np.arange(rows), side="right") - 1
    sizes = np.diff(np.concatenate([starts, [rows]]))
    return np.arange(rows) - starts[request], request, sizes[request]


def _kinds(random: np.random.Generator, step: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Tell START 0, END 1, REPORT 2, text 3, JSON 4, a warning 5, a trace 6, a time-out 7."""
    kinds = codes_of(random, len(step), [0.6, 0.33, 0.05, 0.015, 0.005]) + 3
    kinds[step == length - 1] = 2
    kinds[step == length - 2] = 1
    kinds[(step == 0) & (length > 2)] = 0
    return kinds


def _measures(random: np.random.Generator, requests: int) -> dict[str, pa.Array]:
    duration = np.round(random.lognormal(4, 1, requests), 2)
    memory = codes_of(random, requests, [0.8, 0.2])
    size = np.array([512, 1024])[memory]
    used = (size * (0.2 + 0.5 * random.random(requests))).astype(np.int64)
    cold = random.random(requests) < 0.04
    return {
        "duration": pa.array(duration),
        "billedDuration": pa.array(np.ceil(duration).astype(np.int64)),
        "memorySize": pa.array(size * 1_000_000),
        "maxMemoryUsed": pa.array(used * 1_000_000),
        "initDuration": pa.array(np.round(random.lognormal(5.6, 0.3, requests), 2), mask=~cold),
    }


def _lines(
    random: np.random.Generator,
    kinds: np.ndarray,
    times: pa.Array,
    ids: pa.Array,
    at: dict[str, pa.Array],
) -> pa.Array:
    """Write the lines; `at` has the measures of each row's request, and the documents."""
    places = [pa.array(np.flatnonzero(kinds == kind)) for kind in range(8)]
    counts = [len(place) for place in places]
    id_of = [ids.take(place) for place in places]
    time_of = [times.take(place) for place in places]
    report = {name: at[name].take(places[2]) for name in at if name != "document"}
    mega = {
        name: text(report[name].to_numpy() // 1_000_000) for name in ("memorySize", "maxMemoryUsed")
    }
    init = pc.fill_null(
        join("Init Duration: ", report["initDuration"].cast(pa.string()), " ms\t"), ""
    )
    trace_head, trace_tail = _TRACE.split("{what}")
    before, after = trace_tail.split("{line}")
    written = [
        join("START RequestId: ", id_of[0], " Version: $LATEST\n"),
        join("END RequestId: ", id_of[1], "\n"),
        join("REPORT RequestId: ", id_of[2], "\tDuration: ", report["duration"].cast(pa.string()),
             " ms\tBilled Duration: ", report["billedDuration"].cast(pa.string()),
             " ms\tMemory Size: ", mega["memorySize"], " MB\tMax Memory Used: ", mega["maxMemoryUsed"],
             " MB\t", init, "\n"),
        join(time_of[3], "\t", id_of[3], "\tINFO\t", pick(_STEPS, skewed(random, counts[3], len(_STEPS), 0.5)),
             " order=", text(random.integers(1, 10**6, counts[3])), " sku=S",
             text(skewed(random, counts[3], _SKUS, 0.8)), " in ",
             text(np.round(random.exponential(20, counts[3]), 1)), " ms\n"),
        join(time_of[4], "\t", id_of[4], "\tINFO\t", at["document"], "\n"),
        join(time_of[5], "\t", id_of[5], "\tWARN\tretry ", text(random.integers(1, 5, counts[5])),
             " of upstream ", chosen(random, counts[5], {"stock": 0.5, "tax": 0.3, "mail": 0.2}), "\n"),
        join(trace_head, chosen(random, counts[6], _FAULTS), before, text(random.integers(5, 90, counts[6])), after),
        join(time_of[7], " ", id_of[7], " Task timed out after 3.00 seconds\n"),
    ]  # fmt: skip
    return mixed(len(kinds), kinds, written)


def _documents(random: np.random.Generator, rows: int) -> dict[str, pa.Array]:
    return {
        "event": chosen(random, rows, {"order.paid": 0.6, "order.refused": 0.1, "stock": 0.3}),
        "sku": join("S", text(skewed(random, rows, _SKUS, 0.8))),
        "amount": pa.array(np.round(random.lognormal(3, 1, rows), 2)),
        "currency": chosen(random, rows, {"EUR": 0.7, "USD": 0.2, "JPY": 0.1}),
    }


def _streams() -> pa.Array:
    return join("2026/10/01/[$LATEST]", hexes(np.random.default_rng(16), STREAMS, 32))


LAMBDA = LogSet("lambda", "/aws/lambda/bench", 16, make, arrives="puts")
