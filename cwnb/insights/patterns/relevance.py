"""How well a field tells the rows of a condition from the others.

The score is the Jensen-Shannon distance (to base 2, from 0 to 1) between the distribution of the
field's values where the condition holds and where it does not. A missing value is a value. Numbers
are put into BINS bins of about as many rows each, if there are more different ones. Of other
values, those that occur once are taken together, because ids would be most relevant else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

BINS = 16
CONTRIBUTORS = 5
ONCE = "(values that occur once)"


@dataclass(frozen=True)
class Relevance:
    """What is said of one field.

    `contributors`: the values, or ranges of numbers, in which the distributions differ most, with
    their shares, as JSON. The medians are those of numbers, by nearest rank; None for others.
    """

    score: float
    contributors: str
    conditional_median: float | None
    baseline_median: float | None


def relevance(texts: list[str | None], numbers: Any | None, counts: Any) -> Relevance:
    """Compare the counts of each distinct value where the condition holds and where it does not.

    `counts` has a row per value: where it does not hold, and where it does. `numbers` has the
    values as doubles, NaN for the missing one, if all are numbers, else None. Where the condition
    holds for all rows or for none, there is nothing to compare and the score is 0.
    """
    names, grouped = (
        _binned(texts, numbers, counts) if numbers is not None else _named(texts, counts)
    )
    totals = grouped.sum(axis=0)
    medians = [_median(numbers, counts[:, side]) for side in (1, 0)]
    if not totals.all():
        return Relevance(0.0, "[]", *medians)
    baseline, conditional = (grouped / totals).T
    parts = _divergence(conditional, baseline)
    order = sorted(range(len(names)), key=lambda at: (-parts[at], names[at] or ""))[:CONTRIBUTORS]
    contributors = [
        {
            "value": names[at],
            "conditional": round(float(conditional[at]), 4),
            "baseline": round(float(baseline[at]), 4),
        }
        for at in order
        if parts[at] > 0
    ]
    score = float(np.sqrt(min(1.0, max(0.0, parts.sum()))))
    return Relevance(score, json.dumps(contributors, ensure_ascii=False), *medians)


def _divergence(a: Any, b: Any) -> Any:
    """Give what each value adds to the Jensen-Shannon divergence."""
    middle = (a + b) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        of_a = np.where(a > 0, a * np.log2(a / middle), 0.0)
        of_b = np.where(b > 0, b * np.log2(b / middle), 0.0)
    return (of_a + of_b) / 2


def _named(texts: list[str | None], counts: Any) -> tuple[list[str | None], Any]:
    total = counts.sum(axis=1)
    once = np.array([text is not None for text in texts], bool) & (total == 1)
    if not once.any():
        return texts, counts
    names: list[str | None] = [text for text, rare in zip(texts, once, strict=True) if not rare]
    return [*names, ONCE], np.vstack([counts[~once], counts[once].sum(axis=0)])


def _binned(texts: list[str | None], numbers: Any, counts: Any) -> tuple[list[str | None], Any]:
    order = np.argsort(numbers, kind="stable")  # NaN, the missing value, comes last
    order = order[~np.isnan(numbers[order])]
    if len(order) <= BINS:
        return texts, counts
    total = counts[order].sum(axis=1)
    middle = np.cumsum(total) - total / 2
    bins = np.minimum(BINS - 1, (BINS * middle / total.sum()).astype(np.int64))
    names: list[str | None] = []
    rows = []
    for number in np.unique(bins):
        members = order[bins == number]
        first, last = texts[members[0]], texts[members[-1]]
        names.append(first if first == last else f"{first} to {last}")
        rows.append(counts[members].sum(axis=0))
    for at in np.flatnonzero(np.isnan(numbers)):
        names.append(None)
        rows.append(counts[at])
    return names, np.array(rows)


def _median(numbers: Any | None, counts: Any) -> float | None:
    if numbers is None:
        return None
    known = ~np.isnan(numbers)
    order = np.argsort(numbers[known], kind="stable")
    running = np.cumsum(counts[known][order])
    if not len(running) or not running[-1]:
        return None
    return float(numbers[known][order][np.searchsorted(running, running[-1] / 2)])
