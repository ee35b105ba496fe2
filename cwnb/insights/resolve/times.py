"""Find what times cannot be compared with: quoted text, and numbers of seconds.

A time is a number of milliseconds since 1970. Compared with it, the text of a date is smaller or
greater than all times, and so is a number of seconds, whatever the moment that is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from cwnb.events import INGESTION_TIME, TIMESTAMP
from cwnb.insights import tree
from cwnb.insights.ql.writer import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

# The years 2001 to 5138 in seconds.
_SECONDS_FROM, _SECONDS_TO = 10**9, 10**11


def is_time(node: exp.Expression, made: Mapping[str, bool]) -> bool:
    """Tell whether the values of an expression are times, some of them at least.

    `made`: the names that the query has defined, and for each whether its values are times.
    """
    if isinstance(node, tree.Field):
        return made.get(node.name, node.name in (TIMESTAMP, INGESTION_TIME))
    if not isinstance(node, tree.Call):
        return False
    given = node.arguments
    return node.entry.result == "time" or any(is_time(given[i], made) for i in _passed_on(node))


def _passed_on(call: tree.Call) -> list[int]:
    """Give the places of the arguments of which a function gives one as it is, as `max` does."""
    entry, count = call.entry, len(call.arguments)
    if entry.result != "any":
        return []
    if entry.most_branches is not None:
        # Conditions and values in turn, and perhaps one value more.
        return [i for i in range(count) if i % 2 or i == count - 1]
    return [i for i in range(count) if entry.parameter(i).kind == "any"]


def text_beside_time(time: exp.Expression) -> str:
    """Say why a time cannot be compared with a text that is no number, and what to write."""
    return (
        f"a time cannot be compared with text; compare toMillis({to_text(time)}) with numbers, "
        'such as parseDate("2026-11-20", "yyyy-MM-dd")'
    )


def seconds_beside_millis(node: exp.Expression, made: Mapping[str, bool]) -> str | None:
    """Say what to write where `now()` meets a time in a comparison, a sum or a difference.

    None where nothing is wrong. `made` is as for `is_time`.
    """
    sides = [_terms(node.this), _terms(node.expression)]
    units = [[_epoch_unit(term, made) for term in side] for side in sides]
    for other, side in ((0, 1), (1, 0)):
        if "s" in units[side] and "ms" in units[other] + units[side]:
            seconds = sides[side][units[side].index("s")]
            at = other if "ms" in units[other] else side
            millis = sides[at][units[at].index("ms")]
            whole = seconds if "ms" in units[side] else (node.this, node.expression)[side]
            return _in_millis(seconds, whole, to_text(millis))
    if isinstance(node, tuple(tree.COMPARISONS)):
        for time, number in ((node.this, node.expression), (node.expression, node.this)):
            if _epoch_unit(time, made) == "ms" and _counts_seconds(number):
                return _in_millis(number, number, to_text(time))
    return None


def seconds_as_time(call: tree.Call, made: Mapping[str, bool]) -> str | None:
    """Say what to write for `fromMillis(now())` and the like: a time is in milliseconds."""
    entry = call.entry
    for place, argument in enumerate(call.arguments):
        kind = entry.parameter(place).kind
        if kind == "time" or (kind == "number" and entry.result == "time"):
            terms = _terms(argument)
            units = [_epoch_unit(term, made) for term in terms]
            if "s" in units and "ms" not in units:
                return _in_millis(terms[units.index("s")], argument, f"{entry.name} takes")
    return None


def _in_millis(seconds: exp.Expression, whole: exp.Expression, other: str) -> str:
    meant = exp.Mul(this=whole.copy(), expression=exp.Literal.number(1000))
    return f"{to_text(seconds)} counts seconds and {other} milliseconds; write {to_text(meant)}"


def _counts_seconds(node: exp.Expression) -> bool:
    """Tell whether a number, as a time, is of the last decades in seconds only.

    As milliseconds these numbers are from 12 January 1970 to 3 March 1973.
    """
    if not isinstance(node, exp.Literal) or node.is_string:
        return False
    return bool(_SECONDS_FROM <= tree.literal_value(node) < _SECONDS_TO)


def _terms(node: exp.Expression) -> list[exp.Expression]:
    """Give what an expression adds up and subtracts."""
    if isinstance(node, exp.Add | exp.Sub):
        return [*_terms(node.this), *_terms(node.expression)]
    return [node]


def _epoch_unit(node: exp.Expression, made: Mapping[str, bool]) -> str | None:
    if is_time(node, made):
        return "ms"
    return node.entry.epoch_unit if isinstance(node, tree.Call) else None
