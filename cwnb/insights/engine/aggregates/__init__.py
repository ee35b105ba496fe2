"""The aggregations of `stats`, one decorated class each.

Importing this room enters them in the function table.
"""

from __future__ import annotations

from cwnb.insights.engine.aggregates import (  # noqa: F401
    buckets,
    distinct,
    extremes,
    over_time,
    percentile,
    sums,
    value_lists,
)
from cwnb.insights.engine.aggregates.aggregation import Aggregation

__all__ = ["Aggregation"]
