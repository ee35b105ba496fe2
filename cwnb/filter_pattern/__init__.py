"""Filter patterns: the language of metric filters, subscriptions, live tail and FilterLogEvents.

It is not the language of queries. `FilterPattern.parse` reads a pattern, whose first character says
which of four grammars it is written in: JSON selectors `{…}`, fields of a line `[…]`, a regex
`%…%`, or terms. This is the room's only door.
"""

from __future__ import annotations

from cwnb.filter_pattern.explanation import PatternExplanation, explain_pattern
from cwnb.filter_pattern.metric_test import test_metric_filter
from cwnb.filter_pattern.pattern import FilterPattern
from cwnb.filter_pattern.references import Reference, number_of
from cwnb.filter_pattern.selection import SelectionCriteria

__all__ = [
    "FilterPattern",
    "PatternExplanation",
    "Reference",
    "SelectionCriteria",
    "explain_pattern",
    "number_of",
    "test_metric_filter",
]
