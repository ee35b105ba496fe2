"""Walks over a command or an expression; none goes into another pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlglot import exp

from cwnb.events import TIMESTAMP
from cwnb.insights.tree.expressions import LEAVES, Call, Field
from cwnb.insights.tree.query import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

Found = TypeVar("Found", bound=exp.Expression)


def find(node: exp.Expr, *kinds: type[Found]) -> Iterator[Found]:
    """Give the nodes of these classes in a command or an expression, itself included, by level.

    Stops at the border of a pipeline: what another pipeline names is no name of this one.
    """
    waiting = [node]
    for part in waiting:  # it grows meanwhile
        if isinstance(part, kinds):
            yield part
        if type(part) in LEAVES:
            continue
        for value in part.args.values():
            if isinstance(value, exp.Expr):
                if not isinstance(value, Pipeline):
                    waiting.append(value)
            elif type(value) is list:
                waiting += [
                    child
                    for child in value
                    if isinstance(child, exp.Expr) and not isinstance(child, Pipeline)
                ]


def field_names(node: exp.Expr) -> set[str]:
    """Name the fields in a command or an expression."""
    return {field.name for field in find(node, Field)}


def fields_read(node: exp.Expr) -> set[str]:
    """Name the fields that a tree reads: those in it, and `@timestamp` if `bin` is."""
    names: set[str] = set()
    for part in find(node, exp.Expression):
        if isinstance(part, Field):
            names.add(part.name)
        elif isinstance(part, Call) and part.entry.reads_event_time:
            names.add(TIMESTAMP)
    return names


def reads_event_time(node: exp.Expr) -> bool:
    """Tell whether a function in the tree reads the time of the event without naming it."""
    return any(call.entry.reads_event_time for call in find(node, Call))


def touches(reads: set[str], writes: set[str]) -> bool:
    """Tell whether one of the names in `reads` is in `writes`, or leads into a structure there."""
    return any(r == w or r.startswith(f"{w}.") for r in reads for w in writes)
