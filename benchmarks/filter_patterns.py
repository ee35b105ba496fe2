"""`python -m benchmarks filter-patterns`: events a second that a filter pattern looks through.

Over the store of the other benchmarks, on two processors: terms, a regex, JSON selectors and fields
that few or all events have.
"""

from __future__ import annotations

import argparse
import statistics
import time

from benchmarks.data import shop as data
from benchmarks.measure import cpu_s
from benchmarks.ours import ACCESS, APP, Ours
from benchmarks.threads import hold_to_two

# Name, log group, pattern.
PATTERNS = [
    ("a term", APP, "TimeoutException"),
    ("a term that all have", APP, "order"),
    ("terms, one excluded", APP, "ERROR acquirer -DELETE"),
    ("optional terms", APP, "?TimeoutException ?NullPointerException ?reset"),
    ("a regex", APP, r"%took [0-9]{3}\.%"),
    ("JSON: a text", APP, '{ $.level = "ERROR" }'),
    ("JSON: a number", APP, "{ $.status >= 500 }"),
    ("JSON: number that most have", APP, "{ $.latencyMs > 20 }"),
    ("JSON: a glob below", APP, '{ $.host.region = "eu-*" && $.status != 200 }'),
    ("JSON: not exists", APP, "{ $.absent NOT EXISTS }"),
    ("fields: a number", ACCESS, "[ip, id, user, ts, request, status = 5*, size, ...]"),
    ("fields: a text", ACCESS, '[ip, id, user, ts, request = "POST *", ...]'),
]


def main(argv: list[str]) -> int:
    """Print a line for each pattern, and last the median and the slowest of each kind."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks filter-patterns")
    parser.add_argument("--events", type=int, default=1_000_000, help="JSON events; default 1M")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken")
    options = parser.parse_args(argv)
    hold_to_two()
    logs = data.make(options.events)
    ours = Ours(logs.folder)
    ours.load(logs)
    rates: dict[str, list[float]] = {}
    for name, group, pattern in PATTERNS:
        count = logs.events if group == APP else logs.access_events
        seconds, processor, found = [], [], 0
        for _ in range(options.runs):
            ours.prepare()
            begun, used = time.perf_counter(), cpu_s()
            found = sum(len(page) for page in ours.logs.filter_events(group, pattern))
            seconds.append(time.perf_counter() - begun)
            processor.append(cpu_s() - used)
        rate = count / statistics.median(seconds)
        each = f"{1e6 * statistics.median(processor) / count:.2f} µs of a processor each"
        kind = (
            "json" if name.startswith("JSON") else "fields" if name.startswith("fields") else "term"
        )
        rates.setdefault(kind, []).append(rate)
        print(
            f"{name:28} {rate:>12,.0f} events/s  {each}, {found:,} found",
            flush=True,
        )
    for kind, found_rates in rates.items():
        print(
            f"{kind}={statistics.median(found_rates):,.0f} slowest={min(found_rates):,.0f} events/s"
        )
    return 0
