"""Make the scan that begins a rewritten pipeline: its columns, and the conditions to prune by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from cwnb.insights.rewrite.pruning import condition
from cwnb.insights.tree import (
    COMPARISONS,
    Call,
    Command,
    Field,
    In,
    Like,
    Names,
    Needs,
    Rows,
    ScanEvents,
    fields_read,
    is_literal,
    literal_value,
    touches,
)

if TYPE_CHECKING:
    from cwnb.events import Condition


def explicit_scan(commands: list[Command], outputs: list[str]) -> ScanEvents:
    """Make the scan: the columns to read, and the conditions by which to leave out segments."""
    columns: set[str] = set()
    written: set[str] = set()
    conditions: list[exp.Expression] = []
    may_prune = True
    for command in commands:
        columns |= {name for name in command.reads() if name not in written}
        if may_prune:
            conditions += [
                part
                for part in command.conditions()
                if as_condition(part) is not None and not touches(fields_read(part), written)
            ]
        # Conditions after a command that needs other rows may not prune: the rows that they drop
        # could decide about rows that stay.
        may_prune = may_prune and command.needs is Needs.ROW and command.rows is not Rows.NEW
        written |= command.writes()
        if command.names is Names.REPLACES:
            break
    else:
        columns |= {name for name in outputs if name not in written}
    return ScanEvents(columns=sorted(columns), conditions=[part.copy() for part in conditions])


_MIRROR = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def as_condition(part: exp.Expression) -> Condition | None:
    """Translate a conjunct into a Condition, which sources understand; None if it has none."""
    # Values that satisfy `!=` lie on both sides of the bound, so it can leave out nothing.
    if type(part) in COMPARISONS and not isinstance(part, exp.NEQ):
        left, right = part.this, part.expression
        operator = COMPARISONS[type(part)]
        if is_literal(left) and isinstance(right, Field):
            left, right, operator = right, left, _MIRROR[operator]
        if isinstance(left, Field) and is_literal(right):
            return condition(left.name, operator, (literal_value(right),))
    if isinstance(part, In) and isinstance(part.args["value"], Field):
        options = tuple(literal_value(option) for option in part.args["options"])
        return condition(part.args["value"].name, "in", options)
    if isinstance(part, Like) and isinstance(part.args["value"], Field):
        return condition(part.args["value"].name, "present")
    if isinstance(part, Call) and part.entry.true_only_if_present:
        subject = part.arguments[0]
        return condition(subject.name, "present") if isinstance(subject, Field) else None
    return None
