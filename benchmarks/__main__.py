"""`python -m benchmarks` asks seven sets of logs and three peers; `--help` says more.

`python -m benchmarks NAME` measures something else; NAME is ingest, queries, ingest-shop, puts,
exports, interrupts, memory, once, notebook, patterns, filter-patterns, deliveries, compare,
record, fuzz, or random-queries.
"""

from __future__ import annotations

import argparse
import sys

NAMES = (
    "ingest queries ingest-shop puts exports interrupts memory once notebook patterns "
    "filter-patterns deliveries compare record fuzz random-queries"
).split()


def main(argv: list[str]) -> int:
    """Run one benchmark; the last line is the figure."""
    if not argv or argv[0] not in NAMES:
        from benchmarks.broad import command

        return command.main(argv)
    if argv[:1] == ["ingest"]:
        from benchmarks.broad import ingest

        return ingest.main(argv[1:])
    if argv[:1] == ["puts"]:
        from benchmarks import puts

        return puts.main(argv[1:]) or 0
    if argv[:1] == ["deliveries"]:
        from benchmarks import deliveries

        return deliveries.main(argv[1:])
    if argv[:1] == ["exports"]:
        from benchmarks import exports

        return exports.main(argv[1:]) or 0
    if argv[:1] == ["compare"]:
        from benchmarks import compare

        return compare.main(argv[1:])
    if argv[:1] == ["record"]:
        from benchmarks import recorder

        return recorder.main(argv[1:])
    if argv[:1] == ["fuzz"]:
        from benchmarks import fuzz

        return fuzz.main(argv[1:])
    if argv[:1] == ["random-queries"]:
        from benchmarks import random_queries

        return random_queries.main(argv[1:])
    if argv[:1] == ["notebook"]:
        from benchmarks import notebook

        return notebook.main(argv[1:])
    if argv[:1] == ["patterns"]:
        from benchmarks import patterns

        return patterns.main(argv[1:])
    if argv[:1] == ["filter-patterns"]:
        from benchmarks import filter_patterns

        return filter_patterns.main(argv[1:])
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", choices=["queries", "ingest-shop", "interrupts", "memory", "once"])
    parser.add_argument("name", nargs="?", help="queries: only those with this in their name")
    parser.add_argument("--events", type=int, default=1_000_000, help="JSON events; default 1M")
    parser.add_argument("--runs", type=int, default=5, help="of which the median is taken")
    parser.add_argument("--peer", default="duckdb")
    options = parser.parse_args(argv)
    if options.what == "interrupts":
        from benchmarks.interrupts import interrupts

        return interrupts(options.events, options.runs, options.name)
    from benchmarks import measure

    if options.what == "queries":
        return measure.queries(options.events, options.runs, options.peer, options.name)
    if options.what == "ingest-shop":
        return measure.ingest(options.events, options.runs, options.peer)
    if options.what == "memory":
        return measure.memory(options.name, options.events)
    return measure.once(options.name, options.events)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
