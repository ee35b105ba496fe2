"""A key for commands and plans: where two keys are equal, both do the same with the same events."""

from __future__ import annotations

import dataclasses
import re
from enum import Enum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cwnb.insights.engine.aggregates import Aggregation
from cwnb.insights.functions import Reads
from cwnb.insights.tree import Answer, Call

if TYPE_CHECKING:
    from collections.abc import Hashable

    from cwnb.insights.context import QueryValues

_PLAIN = (str, bytes, int, float, bool, type(None))


class NoFingerprintError(Exception):
    """Something has no key, so that nothing that is made with it may be kept."""


def fingerprint(*things: Any, given: QueryValues, reads_query: bool = False) -> bytes:
    """Give a key of commands, expressions, barriers, or containers of these.

    It has all that they hold, and of `given` what they read: earlier answers of the query, by what
    these were made of, and its time and window where a function asks for them, or `reads_query`
    says so. Where a command is written in the text is no part of it. Raises NoFingerprintError.
    """
    walk = _Walk()
    walk.reads_query = reads_query
    try:
        found: list[Hashable] = [walk.of(thing) for thing in things]
    except RecursionError:
        raise NoFingerprintError from None
    if walk.reads_answers:
        found.append(tuple(answer.made_of for answer in given.answers))
        if any(answer.made_of is None for answer in given.answers):
            raise NoFingerprintError
    if walk.reads_query:
        found.append((given.now_ms, given.window, given.asked))
    # Of these types `repr` tells apart all that differs, such as 1, 1.0, True and "1".
    return blake2b(repr(found).encode("utf-8", "surrogatepass"), digest_size=32).digest()


class _Walk:
    """Turns things into tuples of plain values, and notes what they read besides events."""

    def __init__(self) -> None:
        self.reads_answers = self.reads_query = False

    def of(self, thing: Any) -> Any:
        if type(thing) in _PLAIN:
            return thing
        if isinstance(thing, exp.Expression):
            return self._of_node(thing)
        if isinstance(thing, list | tuple):
            return (type(thing).__name__, *map(self.of, thing))
        if isinstance(thing, set | frozenset):
            return ("set", *sorted(map(self.of, thing), key=repr))
        if isinstance(thing, dict):
            return ("dict", *((self.of(key), self.of(value)) for key, value in thing.items()))
        if isinstance(thing, Enum):
            return _name(type(thing)), thing.name
        if isinstance(thing, re.Pattern):
            return "pattern", thing.pattern, thing.flags
        if isinstance(thing, type):
            return _name(thing)
        if dataclasses.is_dataclass(thing):
            held = {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
            return _name(type(thing)), self.of(held)
        if isinstance(thing, Aggregation):
            self.reads_query = self.reads_query or thing.function.reads is Reads.QUERY
            return _name(type(thing)), self.of(thing.literals)
        raise NoFingerprintError(type(thing))

    def _of_node(self, node: exp.Expression) -> Any:
        if isinstance(node, Answer):
            self.reads_answers = True
        if isinstance(node, Call) and node.entry.reads is Reads.QUERY:
            self.reads_query = True
        parts = [
            (name, self.of(value)) for name, value in node.args.items() if value not in (None, [])
        ]
        return _name(type(node)), *sorted(parts)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
