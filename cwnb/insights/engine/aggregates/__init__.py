"""The aggregations of `stats`, a decorated class each; importing this enters them in the table."""

from __future__ import annotations

from cwnb.insights.engine.aggregates import (  # noqa: F401
    distinct,
    extremes,
    percentile,
    sums,
    value_lists,
)
from cwnb.insights.engine.aggregates.aggregation import Aggregation

__all__ = ["Aggregation"]
