"""Conditions joined by && and ||: how they are read, and how they are decided for many events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cwnb.errors import MalformedPattern
    from cwnb.filter_pattern.scanner import Scanner

    Mask = np.ndarray[Any, np.dtype[np.bool_]]
    Rows = np.ndarray[Any, np.dtype[np.int64]]

_JOINED_BY_WORDS = re.compile(r"(AND|OR)\b|[&|]", re.IGNORECASE)
_MEANT = {"and": "&&", "or": "||", "&": "&&", "|": "||"}
_BINDS = {"(": 0, "||": 1, "OR": 1, "&&": 2, "AND": 2}


@dataclass(frozen=True)
class Every:
    """Conditions that must all hold."""

    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Either:
    """Conditions of which one must hold."""

    parts: tuple[Any, ...]


Joins = dict[str, type[Every] | type[Either]]
SIGNS: Joins = {"&&": Every, "||": Either}
WORDS: Joins = {"AND": Every, "OR": Either}


def read_conditions(
    scanner: Scanner,
    read_one: Callable[[], Any],
    *,
    parentheses: bool,
    stop: str = "",
    joins: Joins = SIGNS,
) -> Any:
    """Read conditions up to the end, or up to the character `stop`; && binds tighter than ||.

    A stack in the place of a call for each parenthesis, so that depth has no limit.
    """
    found: list[Any] = []
    waiting: list[tuple[str, int]] = []  # joins and opening parentheses, each with its place

    def join(at_least: int) -> None:
        while waiting and _BINDS[waiting[-1][0]] >= at_least:
            kind = joins[waiting.pop()[0]]
            right, left = found.pop(), found.pop()
            found.append(kind((*_parts(left, kind), *_parts(right, kind))))

    while True:
        scanner.skip_space()
        start = scanner.place
        if parentheses and scanner.take_text("("):
            waiting.append(("(", start))
            continue
        found.append(read_one())
        while not scanner.at_end() and scanner.at(")") and parentheses:
            join(1)
            if not waiting:
                raise scanner.fault(
                    "this parenthesis closes none", scanner.place, scanner.place + 1
                )
            waiting.pop()
            scanner.place += 1
        start = scanner.place
        if scanner.at_end() or (stop and scanner.at(stop)):
            join(1)
            if waiting:
                raise scanner.fault(
                    "this parenthesis is not closed", waiting[-1][1], waiting[-1][1] + 1
                )
            return found[0]
        operator = next((sign for sign in joins if scanner.take_text(sign)), None)
        if operator is None:
            raise _wrong_join(scanner, joins)
        join(_BINDS[str(operator)])
        waiting.append((str(operator), start))


def _wrong_join(scanner: Scanner, joins: Joins) -> MalformedPattern:
    if joins is WORDS:
        return scanner.fault("expected AND or OR between two criteria")
    if (wrong := _JOINED_BY_WORDS.match(scanner.text, scanner.place, scanner.end)) is not None:
        return scanner.fault(
            f"conditions are joined by && and ||; write {_MEANT[wrong[0].lower()]!r} "
            f"for {wrong[0]!r}",
            wrong.start(),
            wrong.end(),
        )
    return scanner.fault("expected && or || between two conditions")


def _parts(node: Any, kind: type[Every | Either]) -> tuple[Any, ...]:
    return node.parts if isinstance(node, kind) else (node,)


def leaves(node: Any) -> Iterator[Any]:
    """Give the single conditions, in the order in which they are written."""
    if isinstance(node, Every | Either):
        for part in node.parts:
            yield from leaves(part)
    else:
        yield node


def decide(node: Any, rows: Rows, test: Callable[[Any, Rows], Mask]) -> Mask:
    """Tell for which rows the conditions hold; `test` tells it of a single condition.

    Each condition is tested only for the rows that the ones before it leave open.
    """
    if not isinstance(node, Every | Either):
        return test(node, rows)
    settles = isinstance(node, Either)
    mask = np.full(len(rows), not settles)
    for part in node.parts:
        still = np.flatnonzero(mask != settles)
        if not len(still):
            break
        mask[still] = decide(part, rows[still], test)
    return mask
