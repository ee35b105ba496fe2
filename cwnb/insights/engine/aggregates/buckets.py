"""`histogram(f, n)`: how many numbers lie in each of n ranges of equal width.

Outside the list of `stats` the name means a function of each row (`functions/numeric.py`), as the
service has it. Source: CWL_QuerySyntax-timeseries-functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.insights import values
from cwnb.insights.control import with_checkpoints
from cwnb.insights.engine.aggregates.percentile import Percentile
from cwnb.insights.functions import aggregation
from cwnb.insights.values import structures

if TYPE_CHECKING:
    from cwnb.insights.engine.aggregates.aggregation import Array

# Borders inside are shown with so many decimals, as the service shows numbers.
_DECIMALS = 4


@aggregation("histogram(number field, literal_integer n from 1 to 1000) -> structure")
class Histogram(Percentile):
    """Count the numbers in n ranges of equal width, from the least to the greatest.

    Gives a map from `low-high` to a count. A number on a border counts above it, the greatest
    number in the last range. After `by`, `histogram(field, width)` is the lower border of a range.
    """

    def final(self, state: Any, count: int) -> Any:
        """Give the maps as structures; missing for a group without numbers."""
        ((data, bounds),) = state
        groups = (data[bounds[i] : bounds[i + 1]] for i in range(count))
        return structures.structure_array([self._counted(g) for g in with_checkpoints(groups)])

    def _counted(self, numbers: Array) -> dict[str, int] | None:
        (parts,) = self.literals
        numbers = numbers.astype(np.float64)
        numbers = numbers[np.isfinite(numbers)]
        if not len(numbers):
            return None
        borders = _borders(float(numbers.min()), float(numbers.max()), parts)
        places = np.searchsorted(borders, numbers, side="right") - 1
        counts = np.bincount(np.clip(places, 0, len(borders) - 2), minlength=len(borders) - 1)
        texts = values.to_text(pa.array(borders)).to_pylist()
        ranges = zip(texts[:-1], texts[1:], counts.tolist(), strict=True)
        return {f"{low}-{high}": n for low, high, n in ranges}


def _borders(least: float, greatest: float, parts: int) -> Array:
    """Give the borders of the ranges; of one range where they would not differ."""
    if least == greatest:
        return np.array([least, greatest])
    exact = np.linspace(least, greatest, parts + 1)
    for borders in (np.round(exact, _DECIMALS), exact):
        borders[0], borders[-1] = least, greatest
        if (np.diff(borders) > 0).all():
            return borders
    return np.array([least, greatest])
