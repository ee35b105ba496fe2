"""What the times come to: a line for each question, and the means of a set and of all."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.broad.runs import Measured

PEERS = ("duckdb", "polars", "chdb")


def head() -> str:
    """Give the names of the columns of `line`."""
    names = "".join(f"{name:>9}" for name in ("cwnb", "again", "edited", *PEERS))
    return f"{'set':11}{'question, times in ms':40}{names}{'/duckdb':>9}{'/best':>8}{'/cpu':>8}"


def line(measured: Measured) -> str:
    """Give the times of a question, or what was wrong with its answer."""
    start = f"{measured.set_name:11}{measured.question[:39]:40}"
    if measured.wrong:
        return f"{start}  WRONG: {'; '.join(measured.wrong)[:400]}"
    ms = measured.ms
    ours = "".join(f"{value:>9.1f}" for value in (ms["cwnb"], measured.again, measured.edited))
    theirs = "".join(f"{ms[peer]:>9.1f}" if peer in ms else f"{'-':>9}" for peer in PEERS)
    ratios = f"{measured.to_duckdb:>9.2f}{measured.to_best:>8.2f}{measured.work:>8.2f}"
    return f"{start}{ours}{theirs}{ratios}"


def summary(name: str, all_measured: Sequence[Measured]) -> str:
    """Give the figures of some questions; those with a wrong answer are counted and left out."""
    measured = [each for each in all_measured if not each.wrong]
    wrong = len(all_measured) - len(measured)
    if not measured:
        return f"{name}: questions=0 wrong={wrong}"
    worst = max(measured, key=lambda each: each.noticed)
    peak = max(each.peak_bytes for each in measured)
    return (
        f"{name}: questions={len(measured)} wrong={wrong}"
        f" geomean_duckdb={_mean(each.to_duckdb for each in measured):.2f}"
        f" geomean_best={_mean(each.to_best for each in measured):.2f}"
        f" worst={worst.noticed:.2f} ({worst.question})"
        f" again={_mean(each.repeated(each.again) for each in measured):.2f}"
        f" edited={_mean(each.repeated(each.edited) for each in measured):.2f}"
        f" cpu={_mean(each.work for each in measured):.2f} peak_mb={peak / 1e6:.0f}"
    )


def markdown(sets: dict[str, list[Measured]]) -> str:
    """Give the table of docs/performance.md: a row for each set, and one for all."""
    rows = [
        "| set | questions | first ask / DuckDB | / best of three | worst | asked again | edited |",
        "| --- | ---: | ---: | ---: | --- | ---: | ---: |",
    ]
    everything = [each for measured in sets.values() for each in measured]
    for name, measured in [*sets.items(), ("all", everything)]:
        right = [each for each in measured if not each.wrong]
        if not right:
            continue
        worst = max(right, key=lambda each: each.noticed)
        rows.append(
            f"| {name} | {len(right)} | {_mean(each.to_duckdb for each in right):.2f}"
            f" | {_mean(each.to_best for each in right):.2f}"
            f" | {worst.noticed:.2f} ({worst.question})"
            f" | {_mean(each.repeated(each.again) for each in right):.2f}"
            f" | {_mean(each.repeated(each.edited) for each in right):.2f} |"
        )
    return "\n".join(rows)


def _mean(ratios: object) -> float:
    return statistics.geometric_mean(ratios)  # type: ignore[arg-type]
