"""Errors that are found while a query runs, with the place of what is wrong in its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb.errors import MalformedQuery, QueryTooLarge
from cwnb.insights import values
from cwnb.insights.ql.writer import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp

    from cwnb.insights.tree import Command


def fault_at(node: exp.Expression, message: str) -> MalformedQuery:
    """Make an error that points to a node."""
    return pointed(MalformedQuery(message), node)


def refuse_structures(value: Any, node: exp.Expression, message: str) -> None:
    """Raise MalformedQuery, with the place of `node`, if a list or map is among its values."""
    if values.structures_in(value) is not None:
        raise fault_at(node, message)


def pointed(error: MalformedQuery, node: exp.Expression) -> MalformedQuery:
    """Let an error that has no place yet point to a node; the innermost node comes first."""
    if error.start is None:
        error.start, error.end = node.meta.get("start"), node.meta.get("end")
    return error


def too_large(commands: Sequence[Command], budget: int) -> QueryTooLarge:
    """Make the error of commands that would hold more bytes than the query's budget."""
    text = " | ".join(map(to_text, commands))
    return QueryTooLarge(
        f"{text!r} would hold more than the query's budget of {budget / 2**20:.4g} MB; "
        "narrow the time range, filter first, ask for fewer rows, columns or groups, "
        "or raise 'memory_budget'"
    )
