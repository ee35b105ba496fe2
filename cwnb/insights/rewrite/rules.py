"""The rewrite rules: each is a function that takes a list of commands and gives another.

They read the facts that command classes state about themselves, and name no class.
"""

from __future__ import annotations

from cwnb.insights.tree import Command, Names, Needs, Order, Rows, Shows, touches


def raise_filters(commands: list[Command]) -> list[Command]:
    """Move each filter to the front, as far as the commands before it allow (`filter_may_pass`)."""
    result: list[Command] = []
    for command in commands:
        place = len(result)
        if only_filters(command):
            reads = command.reads()
            while place and filter_may_pass(reads, result[place - 1]):
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


def filter_may_pass(reads: set[str], before: Command) -> bool:
    """Tell whether a filter that reads these fields may move before the command before it.

    It may if each row after that command comes from one row alone, or if that command only orders
    rows, and if it writes nothing that the filter reads. Filters keep their order among themselves.
    """
    row_by_row = before.needs is Needs.ROW and before.rows in (Rows.SAME, Rows.MORE)
    only_orders = before.rows is Rows.SAME and before.order is Order.SETS and not before.writes()
    return (
        (row_by_row or only_orders)
        # After such a command the same name may stand for another value.
        and before.names is not Names.REPLACES
        and not touches(reads, before.writes())
    )


def raise_limits(commands: list[Command]) -> list[Command]:
    """Move each limit before commands that work row by row, so that it follows its sort."""
    result: list[Command] = []
    for command in commands:
        place = len(result)
        if only_limits(command):
            while place and limit_may_pass(result[place - 1]):
                place -= 1
        result.insert(place, command)
    return result


def only_limits(command: Command) -> bool:
    """Tell whether a command only keeps a number of rows from the start, whatever their values."""
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
    """Make `sort … | limit n` one command, which keeps n rows while it sorts."""
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
