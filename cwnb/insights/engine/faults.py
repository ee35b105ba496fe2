"""Errors that are found while a query runs, with the place of what is wrong in its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.errors import MalformedQuery

if TYPE_CHECKING:
    from sqlglot import exp


def fault_at(node: exp.Expression, message: str) -> MalformedQuery:
    """Make an error that points to a node."""
    return pointed(MalformedQuery(message), node)


def pointed(error: MalformedQuery, node: exp.Expression) -> MalformedQuery:
    """Let an error that has no place yet point to a node; the innermost node comes first."""
    if error.start is None:
        error.start, error.end = node.meta.get("start"), node.meta.get("end")
    return error
