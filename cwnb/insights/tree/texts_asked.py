"""Which fields a command asks for texts, for a warning where these hold lists or maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.insights.tree.expressions import COMPARISONS, Call, Field, In, Like, is_literal
from cwnb.insights.tree.extraction_commands import Parse
from cwnb.insights.tree.walks import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot import exp

    from cwnb.insights.tree.command import Command

# They look for their second argument in the text of the first.
_SEARCHES = frozenset({"strcontains", "startswith", "endswith"})


def fields_asked_for_text(command: Command) -> set[str]:
    """Name the fields that are compared with a literal, searched, or cut by `parse`."""
    return {node.name for node in _asked(command) if isinstance(node, Field)}


def _asked(command: Command) -> Iterator[exp.Expr]:
    if isinstance(command, Parse):
        yield command.args["value"]
    for node in find(command, Like, In):
        yield node.args["value"]
    for call in find(command, Call):
        if call.name in _SEARCHES:
            yield call.arguments[0]
    for comparison in find(command, *COMPARISONS):
        left, right = comparison.this, comparison.expression
        if is_literal(right):
            yield left
        if is_literal(left):
            yield right
