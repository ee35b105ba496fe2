"""`python -m benchmarks patterns`: how well and how fast lines are grouped into patterns.

Accuracy is grouping accuracy, as loghub's authors use it: the share of lines whose group has
exactly the lines that it should. The hand-checked sets are not ours to hand out: `--loghub` names
the folder that has them (github.com/logpai/loghub), and without it only speed is measured.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks import measure
from benchmarks.data import shop as data

if TYPE_CHECKING:
    from collections.abc import Callable

DISTINCT = 100_000


def main(argv: list[str]) -> int:
    """Print the accuracy of each set, then the lines a second of both kinds of lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks patterns", description=__doc__)
    parser.add_argument("--loghub", type=Path, help="folder with *_2k.log_structured.csv")
    parser.add_argument("--events", type=int, default=1_000_000, help="lines; default 1M")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken")
    options = parser.parse_args(argv)
    measure.hold_to_two()
    if options.loghub:
        accuracy(options.loghub)
    few = time_lines("shop", shop_lines(options.events), options.runs)
    many = time_lines("many distinct", many_distinct(options.events), options.runs)
    stored = time_store(options.events, options.runs)
    print(f"{few:,.0f}, {many:,.0f} and {stored:,.0f} lines/s")
    return 0


def accuracy(folder: Path) -> float:
    """Print the grouping accuracy of each set and the mean, which it gives."""
    from cwnb.insights import patterns

    found = {}
    for path in sorted(folder.glob("*_2k.log_structured.csv")):
        lines = pd.read_csv(path, usecols=["Content", "EventId"])
        templates = patterns.mine(lines["Content"].astype(str))
        name = path.name.removesuffix("_2k.log_structured.csv")
        found[name] = grouping_accuracy(lines["EventId"], templates.rows)
        print(f"{name:12} {found[name]:.3f}  {len(templates)} patterns")
    if not found:
        sys.exit(f"no *_2k.log_structured.csv in {folder}")
    mean = sum(found.values()) / len(found)
    print(f"{'mean':12} {mean:.3f}  {len(found)} sets")
    return mean


def grouping_accuracy(truth: pd.Series, groups: np.ndarray) -> float:
    """Give the share of lines whose group has exactly the lines of their true group."""
    pairs = pd.DataFrame({"true": pd.factorize(truth)[0], "found": pd.factorize(groups)[0]})
    both = pairs.groupby(["true", "found"])["true"].transform("size")
    true = pairs.groupby("true")["true"].transform("size")
    found = pairs.groupby("found")["found"].transform("size")
    return float(((both == true) & (both == found)).mean())


def shop_lines(count: int) -> pa.ChunkedArray:
    """Give the JSON events of the other benchmarks, about 340 bytes each."""
    steps = range(0, count, data.CHUNK)
    return pa.chunked_array(
        [data.app_lines(first, min(first + data.CHUNK, count), count) for first in steps]
    )


def many_distinct(count: int) -> pa.Array:
    """Give lines of which 100,000 are distinct once their numbers are masked."""
    random = np.random.default_rng(3)
    words = pa.array([f"{a}{b}{c}" for a in "bdfklmnprst" for b in "aeiou" for c in _ENDS])
    picked = random.integers(0, len(words), (3, DISTINCT))
    verbs = pa.array("opens closes reads writes moves drops checks sends".split())
    verb = verbs.take(pa.array(random.integers(0, len(verbs), DISTINCT)))
    parts = [words.take(pa.array(column)) for column in picked]
    unique = pa.array([_letters(number) for number in range(DISTINCT)])
    texts = pc.binary_join_element_wise(
        "worker", parts[0], verb, parts[1], "for", unique, "of", parts[2], "after", " "
    )
    which = pa.array(np.resize(random.permutation(DISTINCT), count))
    numbers = pa.array(random.integers(0, 10**6, count)).cast(pa.string())
    return pc.binary_join_element_wise(texts.take(which), numbers, "ms", " ")


_ENDS = [f"{a}{b}{c}" for a in "bdgklmnrst" for b in "aeiou" for c in ("", "n", "r", "s")]


def _letters(number: int) -> str:
    """Write a number with letters, so that it is masked by nothing."""
    text = ""
    for _ in range(4):
        number, digit = divmod(number, 20)
        text = "ghijklmnopqrstuvwxyz"[digit] + text
    return text


def time_lines(name: str, lines: pa.ChunkedArray | pa.Array, runs: int) -> float:
    """Give the lines a second of `mine`, by the median of so many runs."""
    from cwnb.insights import patterns

    return _rate(name, len(lines), runs, lambda: len(patterns.mine(lines)))


def time_store(events: int, runs: int) -> float:
    """Give the lines a second of `pattern @message` over the store of the other benchmarks."""
    from benchmarks.ours import APP, Ours

    logs = data.make(events)
    ours = Ours(logs.folder)
    ours.load(logs)
    ours.prepare()
    return _rate("store", events, runs, lambda: len(ours.logs.query("pattern @message", APP).df))


def _rate(name: str, lines: int, runs: int, mine: Callable[[], int]) -> float:
    seconds, processor, found = [], [], 0
    for _ in range(runs):
        begun, used = time.perf_counter(), time.process_time()
        found = mine()
        seconds.append(time.perf_counter() - begun)
        processor.append(time.process_time() - used)
    rate = lines / float(np.median(seconds))
    # Processor time hardly changes on a busy machine.
    each = 1e6 * float(np.median(processor)) / lines
    print(f"{name:14} {rate:>12,.0f} lines/s  {each:.2f} µs of a processor each, {found} patterns")
    return rate
