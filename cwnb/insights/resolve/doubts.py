"""Find valid expressions that seldom mean what they say, and say what to write: warnings only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from cwnb.events import MESSAGE
from cwnb.insights import tree
from cwnb.insights.ql import foreign
from cwnb.insights.ql.tokens import quote
from cwnb.insights.ql.writer import to_text

if TYPE_CHECKING:
    from collections.abc import Callable

# The words of other languages for no value.
_NO_VALUE = frozenset({"null", "none", "nil", "undefined"})
_LENGTHS = frozenset({"length", "len", "size", "count"})
_CONDITIONS = (*tree.COMPARISONS, tree.Like, tree.In, tree.InSubquery, exp.And, exp.Or, exp.Not)


def doubt_about(call: tree.Call) -> str | None:
    """Say what is odd about an aggregation: `count` of a condition, or a percentile of 0.95."""
    if call.name == "count" and _is_condition(call.arguments[0]):
        condition = to_text(call.arguments[0])
        return (
            f"{to_text(call)} counts the rows in which the condition is true or false; write "
            f"sum({condition}) to count those in which it is true"
        )
    if call.name == "pct":
        percent = tree.literal_value(call.arguments[1])
        if 0 < percent < 1:
            meant = f"{percent * 100:.10g}"
            field = to_text(call.arguments[0])
            return f"percentiles go from 0 to 100; write pct({field}, {meant}) if that is meant"
    return None


def _is_condition(node: exp.Expression) -> bool:
    is_test = isinstance(node, tree.Call) and node.entry.result == "boolean"
    return is_test or isinstance(node, _CONDITIONS)


def instead_of_unknown(name: tree.Field, known: Callable[[str], bool]) -> str | None:
    """Say what to write for a name that no event has, if it is one of other languages."""
    parts = [*name.parts]
    if len(parts) > 1 and parts[0] == MESSAGE:
        inside = ".".join(parts[1:])
        if known(inside):
            return f"the fields of JSON messages have names of their own: write {inside}"
    if len(parts) > 1 and parts[-1].lower() in _LENGTHS and known(".".join(parts[:-1])):
        return f"write jsonArraySize({'.'.join(parts[:-1])})"
    meant = foreign.FIELDS.get(name.name.lower())
    return None if meant is None else f"did you mean {meant!r}?"


def word_as_condition(name: tree.Field) -> str:
    """Say how to look for a word, for `filter timeout`; empty for a name in another place."""
    if isinstance(name.parent, tree.Filter | exp.And | exp.Or | exp.Not):
        return f"; to look for a text write @message like {quote(name.name)}"
    return ""


def beside_no_value(name: tree.Field) -> str | None:
    """Say how to find missing values, for `null` in `level = null` or `level != null`."""
    comparison = name.parent
    if name.name.lower() not in _NO_VALUE or not isinstance(comparison, exp.EQ | exp.NEQ):
        return None
    if comparison.expression is not name or not isinstance(comparison.this, tree.Field):
        return None
    field = to_text(comparison.this)
    negated = "not " if isinstance(comparison, exp.EQ) else ""
    return f"write {negated}ispresent({field}), or a text in quotes"
