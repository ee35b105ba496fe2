"""Compare the patterns of two windows of time."""

from __future__ import annotations

from typing import Any

import numpy as np

from cwnb.insights.patterns.mask import TextCounts, merged
from cwnb.insights.patterns.mining import Patterns, mine_reduced


def differences(now: TextCounts, before: TextCounts) -> tuple[Patterns, Any, Any]:
    """Give the patterns of distinct reduced texts of two windows, and their counts in each.

    Both are mined together, so that a pattern is the same in both. The largest difference, up or
    down, comes first; patterns of one difference come in the order of their texts.
    """
    together, numbers = merged([now, before])
    patterns, of_texts = mine_reduced(together)
    count = len(patterns.texts)
    counts = [
        np.bincount(of_texts[number], weights=window.counts, minlength=count).astype(np.int64)
        for number, window in zip(numbers, (now, before), strict=True)
    ]
    change = np.abs(counts[0] - counts[1])
    order = np.array(
        sorted(range(count), key=lambda at: (-change[at], patterns.texts[at])), dtype=np.int64
    )
    ordered = Patterns([patterns.texts[at] for at in order], patterns.counts[order])
    return ordered, counts[0][order], counts[1][order]
