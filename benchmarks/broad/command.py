"""Seven sets of logs, 146 questions, three peers: `python -m benchmarks [part of a name]`.

Every engine answers every question in a process of its own, in turns; figures are medians. A line
of a set, and the last line of all, give

    geomean_duckdb  the geometric mean of our first ask divided by DuckDB's over Parquet
    geomean_best    the same by the fastest of the peers that can say the question
    worst           the largest of the first; what DuckDB does in less than 20 ms counts as 20
    again, edited   the mean of the same question asked again in the same process, and with its
                    last command changed; what takes 5 ms or less counts as 0.2 or less
    cpu             the mean of the time of processors divided by DuckDB's, which other programs
                    on the machine change little
    peak_mb         the most memory that a process with a question had

A wrong answer, an error and a question without an answer are said, counted, and give the exit
status 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.broad import report
from benchmarks.broad.files import SetFiles
from benchmarks.broad.runs import Measured, measure
from benchmarks.broad.worker import WARM_EVENTS
from benchmarks.data import SETS
from benchmarks.peers.over_parquet import installed
from benchmarks.questions import QUESTIONS


def names_in(text: str, known: list[str], what: str) -> list[str]:
    """Read a list of names such as `flow,lambda`; raises SystemExit for an unknown one."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise SystemExit(f"no {what} {name!r}; there are {', '.join(known)}")
    return names


def prepare(names: list[str], events: int) -> dict[str, SetFiles]:
    """Make the files and stores of these sets, and the small ones of the warm-up."""
    made = {}
    for name in names:
        for size in (WARM_EVENTS, events):
            files = SetFiles(SETS[name], size)
            print(f"{name}: {size:,} events are made and loaded, or there", file=sys.stderr)
            files.make()
            files.load()
        made[name] = files
    return made


def run(names: list[str], events: int, runs: int, peers: list[str], only: str) -> list[Measured]:
    """Measure the questions with `only` in their names; print a line each and one a set."""
    everything: list[Measured] = []
    print(report.head(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            asked = [n for n, question in enumerate(QUESTIONS[name]) if only in question.name]
            if not asked:
                continue
            files = prepare([name], events)[name]
            of_set = []
            for number in asked:
                of_set.append(measure(files, number, runs, peers, Path(folder)))
                print(report.line(of_set[-1]), flush=True)
            print(report.summary(name, of_set), flush=True)
            everything += of_set
    return everything


def main(argv: list[str]) -> int:
    """Read the options and run; 1 if an answer is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    have = list(installed())
    parser.add_argument(
        "name", nargs="?", default="", help="only questions with this in their name"
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="of each set; default 1M")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken")
    parser.add_argument("--sets", default=",".join(SETS), help="such as flow,lambda; default all")
    parser.add_argument("--peers", default=",".join(have), help="such as duckdb; default all")
    parser.add_argument("--markdown", action="store_true", help="print the table of the docs too")
    options = parser.parse_args(argv)
    peers = names_in(options.peers, have, "installed peer")
    if "duckdb" not in peers:
        raise SystemExit("the figures are ratios to duckdb: name it among --peers")
    measured = run(
        names_in(options.sets, list(SETS), "set"),
        options.events,
        options.runs,
        peers,
        options.name,
    )
    if options.markdown:
        by_set: dict[str, list[Measured]] = {}
        for each in measured:
            by_set.setdefault(each.set_name, []).append(each)
        print(report.markdown(by_set))
    print(report.summary("all", measured))
    return int(any(each.wrong for each in measured))
