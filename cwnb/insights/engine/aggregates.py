"""The table of aggregations: from a function's name to how it is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb.insights.engine.distinct import CountDistinct
from cwnb.insights.engine.percentile import Percentile
from cwnb.insights.engine.picks import Edge, Extreme, TopK, Values
from cwnb.insights.engine.sums import Average, Count, Deviation, Sum, Variance

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

    from cwnb.insights.engine.aggregation import Aggregation

# By canonical name; a maker takes the constant arguments.
AGGREGATIONS: dict[str, Callable[[list[Any]], Aggregation]] = {
    "count": lambda _: Count(),
    "countdistinct": lambda _: CountDistinct(),
    "sum": lambda _: Sum(),
    "avg": lambda _: Average(),
    "min": lambda _: Extreme(largest=False),
    "max": lambda _: Extreme(largest=True),
    "sortsfirst": lambda _: Extreme(largest=False),
    "sortslast": lambda _: Extreme(largest=True),
    "pct": lambda literals: Percentile(float(literals[0])),
    "stddev": lambda _: Deviation(),
    "variance": lambda _: Variance(),
    "values": lambda _: Values(),
    "topk": lambda literals: TopK(int(literals[0])),
    "earliest": lambda _: Edge(latest=False),
    "latest": lambda _: Edge(latest=True),
}


def value_argument(arguments: list[exp.Expression], name: str) -> exp.Expression:
    """Give the argument that is evaluated for each row."""
    return arguments[1] if name == "topk" else arguments[0]
