"""Rewrite a completed pipeline into one that gives the same answer and reads less."""

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
    """Give the pipeline to run for a completed one: it begins with a scan, filters come early."""
    commands = [command.copy() for command in pipeline.commands]
    for rule in (raise_filters, raise_limits, join_sort_and_limit):
        commands = rule(commands)
    scan = explicit_scan(commands, pipeline.outputs)
    return Pipeline(commands=[scan, *commands], input=pipeline.input, outputs=pipeline.outputs)
