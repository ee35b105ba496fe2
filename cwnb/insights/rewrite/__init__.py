"""From a completed pipeline to one that gives the same answer and reads less.

What comes out prints as Insights text.
"""

from __future__ import annotations

from cwnb.insights.rewrite.rules import (
    join_sort_and_limit,
    only_filters,
    raise_filters,
    raise_limits,
)
from cwnb.insights.rewrite.scan import as_condition, explicit_scan
from cwnb.insights.tree import Pipeline

__all__ = ["as_condition", "only_filters", "rewrite"]


def rewrite(pipeline: Pipeline) -> Pipeline:
    """Give the pipeline that is run for one that `complete` has been through."""
    commands = [command.copy() for command in pipeline.commands]
    for rule in (raise_filters, raise_limits, join_sort_and_limit):
        commands = rule(commands)
    scan = explicit_scan(commands, pipeline.outputs)
    return Pipeline(commands=[scan, *commands], input=pipeline.input, outputs=pipeline.outputs)
