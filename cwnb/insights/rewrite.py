"""Rules from a pipeline to one that gives the same answer and reads less.

Each rule is a function from the list of commands to another; it looks at the facts that command
classes state about themselves. What comes out prints as Insights text at every step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from cwnb.insights.commands import (
    COMPARISONS,
    Call,
    Command,
    Field,
    In,
    Like,
    Pipeline,
    ScanEvents,
    fields_read,
    is_literal,
    literal_value,
)
from cwnb.insights.facts import Names, Needs, Order, Rows, Shows
from cwnb.insights.pruning import condition

if TYPE_CHECKING:
    from cwnb.events import Condition


def rewrite(pipeline: Pipeline) -> Pipeline:
    """Give the pipeline that is run for one that `complete` has been through."""
    commands = [command.copy() for command in pipeline.commands]
    for rule in (raise_filters, raise_limits, join_sort_and_limit):
        commands = rule(commands)
    scan = explicit_scan(commands, pipeline.outputs)
    return Pipeline(commands=[scan, *commands], input=pipeline.input, outputs=pipeline.outputs)


def touches(reads: set[str], writes: set[str]) -> bool:
    """Tell whether a name that is read is written, or is a key of a structure that is."""
    return any(r == w or r.startswith(f"{w}.") for r in reads for w in writes)


def raise_filters(commands: list[Command]) -> list[Command]:
    """Move each filter before the commands that change nothing which it reads."""
    result: list[Command] = []
    for command in commands:
        place = len(result)
        if only_filters(command):
            while place and filter_may_pass(command, result[place - 1]):
                place -= 1
        result.insert(place, command)
    return result


def only_filters(command: Command) -> bool:
    """Tell whether a command only keeps or drops rows, each by what that row holds."""
    return (
        command.rows is Rows.FEWER
        and command.order is Order.KEEPS
        and command.needs is Needs.ROW
        and command.shows is Shows.SAME
        and command.names is Names.SAME
    )


def filter_may_pass(filter: Command, before: Command) -> bool:
    """Tell whether a filter may move before the command that stands before it.

    It may if each row after that command comes from one row alone, or if that command only orders
    rows, and if it writes nothing that the filter reads. Filters keep their order among themselves.
    """
    row_by_row = before.needs is Needs.ROW and before.rows in (Rows.SAME, Rows.MORE)
    only_orders = before.rows is Rows.SAME and before.order is Order.SETS and not before.writes()
    return (
        (row_by_row or only_orders)
        # What these names meant before that command, a filter of its rows cannot know.
        and before.names is not Names.REPLACES
        and not touches(filter.reads(), before.writes())
    )


def raise_limits(commands: list[Command]) -> list[Command]:
    """Move each limit before commands that work row by row, so that it meets its sort."""
    result: list[Command] = []
    for command in commands:
        place = len(result)
        if only_limits(command):
            while place and limit_may_pass(result[place - 1]):
                place -= 1
        result.insert(place, command)
    return result


def only_limits(command: Command) -> bool:
    """Tell whether a command only keeps some rows from the start, whatever they hold."""
    return (
        command.row_cap() is not None
        and command.rows is Rows.FEWER
        and command.order is Order.KEEPS
        and command.needs is Needs.ROWS_BEFORE
        and command.shows is Shows.SAME
        and command.names is Names.SAME
    )


def limit_may_pass(before: Command) -> bool:
    """Tell whether a limit may move before this command.

    It may if there is one row for each row, in the same order, and no later row is needed.
    """
    return (
        before.rows is Rows.SAME
        and before.order is Order.KEEPS
        and before.needs in (Needs.ROW, Needs.ROWS_BEFORE)
    )


def join_sort_and_limit(commands: list[Command]) -> list[Command]:
    """Make `sort … | limit n` one step, which holds n rows at a time."""
    result: list[Command] = []
    for command in commands:
        before = result[-1] if result else None
        count = command.first_rows()
        joined = before.with_first_rows(count) if before and count is not None else None
        if before is None or joined is None:
            result.append(command)
            continue
        joined.meta.update((command if before.row_cap() is None else before).meta)
        result[-1] = joined
    return result


def explicit_scan(commands: list[Command], outputs: list[str]) -> ScanEvents:
    """Give the read that comes first: its columns, and conditions that can leave out segments."""
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
        # A row that these conditions drop must not be one that decides about others.
        may_prune = may_prune and command.needs is Needs.ROW and command.rows is not Rows.NEW
        written |= command.writes()
        if command.names is Names.REPLACES:
            break
    else:
        columns |= {name for name in outputs if name not in written}
    return ScanEvents(columns=sorted(columns), conditions=[part.copy() for part in conditions])


_MIRROR = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def as_condition(part: exp.Expression) -> Condition | None:
    """Give the conjunct in the words that a source understands, or None."""
    # What is unequal can be anywhere, so `!=` leaves nothing out.
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
