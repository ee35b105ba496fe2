"""JSON selectors and the conditions on what they select.

Only texts and numbers compare; a missing field, null, true, false, a list and a map satisfy no
comparison, `!=` neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cwnb import regex
from cwnb.events import EXACT_DOUBLE
from cwnb.filter_pattern.comparing import (
    EQUAL,
    NUMPY_OPERATORS,
    UNEQUAL,
    Form,
    Number,
    Operand,
    matches_texts,
    stands,
)
from cwnb.filter_pattern.json_documents import number_text
from cwnb.memo import memo

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.filter_pattern.conditions import Mask

# Characters that JSON writes in one way only, but for escapes by their number.
_PLAIN = re.compile(r'[^\x00-\x1f"\\/]*')


class _Missing(Enum):
    MISSING = "missing"


MISSING = _Missing.MISSING


class Wildcard(Enum):
    """A step to any field of a map, or to any element of a list."""

    FIELD = ".*"
    ELEMENT = "[*]"


Step = str | int | Wildcard


@dataclass(frozen=True)
class Selector:
    """A path into a document, as steps."""

    steps: tuple[Step, ...]
    written: str

    @memo
    def has_wildcard(self) -> bool:
        """Tell whether it can select several values."""
        return any(isinstance(step, Wildcard) for step in self.steps)

    @memo
    def read(self) -> Callable[[Any], Any]:
        """Give what selects in a document: the value, or MISSING; with a wildcard the values."""
        if self.has_wildcard:
            return self._values
        if len(self.steps) == 1 and isinstance(self.steps[0], str):
            return partial(_of_key, self.steps[0])
        return self._value

    def _value(self, document: Any) -> Any:
        for step in self.steps:
            if type(document) is dict:
                document = document.get(step, MISSING)
            elif type(document) is list and type(step) is int and step < len(document):
                document = document[step]
            else:
                return MISSING
        return document

    def _values(self, document: Any) -> list[Any]:
        values = [document]
        for step in self.steps:
            if isinstance(step, str):
                values = [one[step] for one in values if type(one) is dict and step in one]
            elif isinstance(step, int):
                values = [one[step] for one in values if type(one) is list and step < len(one)]
            elif step is Wildcard.FIELD:
                values = [v for one in values if type(one) is dict for v in one.values()]
            else:
                values = [v for one in values if type(one) is list for v in one]
        return values


def _of_key(key: str, document: Any) -> Any:
    return document.get(key, MISSING) if type(document) is dict else MISSING


@dataclass(frozen=True)
class Compared:
    """`$.a = "x"`: a comparison of what is selected."""

    selector: Selector
    operator: str
    operand: Operand
    is_regex: bool
    written: str
    start: int

    def holds(self, values: list[Any]) -> Mask:
        """Tell of which values the comparison is true."""
        if isinstance(self.operand, Number):
            return np.fromiter(map(self._of_number, values), bool, len(values))
        scalar = np.fromiter((_is_scalar(one) for one in values), bool, len(values))
        texts = [number_text(values[row]) for row in np.flatnonzero(scalar).tolist()]
        found = matches_texts(self.operand, texts)
        scalar[scalar] = ~found if self.operator == UNEQUAL else found
        return scalar

    def holds_of_numbers(self, values: list[Any]) -> Mask | None:
        """Compare numbers that doubles hold exactly, all at once; None if there are any others."""
        if not isinstance(self.operand, Number) or not {*map(type, values)} <= {int, float}:
            return None
        try:
            numbers = np.array(values, np.float64)
        except OverflowError:
            return None
        greatest = max(abs(self.operand.value), float(np.abs(numbers).max(initial=0)))
        if greatest > EXACT_DOUBLE:
            return None
        return cast("Mask", NUMPY_OPERATORS[self.operator](numbers, self.operand.value))

    def _of_number(self, value: Any) -> bool:
        number = cast("Number", self.operand)
        kind = type(value)
        if kind is int or isinstance(value, float):
            return stands(value, self.operator, number.value)
        if kind is str and self.operator in {EQUAL, UNEQUAL}:
            return bool((value == number.written) == (self.operator == EQUAL))
        return False

    def needs(self) -> str | None:
        """Give what the JSON text of a value must begin with, as a pattern of RE2."""
        if self.operator not in {EQUAL, UNEQUAL}:
            return "[0-9-]"
        if self.operator == UNEQUAL or isinstance(self.operand, Number):
            return '["0-9-]'
        if isinstance(self.operand, Form):
            return f'"?-?{regex.escape(_plain_start(self.operand.begins))}'
        plain = regex.escape(_plain_start(self.operand.text))
        return f'"{plain}' if plain != regex.escape(self.operand.text) else f'"?-?{plain}'


@dataclass(frozen=True)
class Is:
    """`$.a IS NULL`, `IS TRUE`, `IS FALSE`."""

    selector: Selector
    value: bool | None
    written: str
    start: int
    is_regex = False

    def holds(self, values: list[Any]) -> Mask:
        """Tell which values it is."""
        return np.fromiter((one is self.value for one in values), bool, len(values))

    def needs(self) -> str | None:
        """Give what the JSON text of a value must begin with."""
        return "null" if self.value is None else str(self.value).lower()


@dataclass(frozen=True)
class Absent:
    """`$.a NOT EXISTS`: nothing is selected; a null field exists."""

    selector: Selector
    written: str
    start: int
    is_regex = False


Condition = Compared | Is | Absent


def _is_scalar(value: Any) -> bool:
    kind = type(value)
    return kind is str or kind is int or isinstance(value, float)


def _plain_start(text: str) -> str:
    """Give the beginning of a text up to a character that JSON writes in several ways."""
    plain = _PLAIN.match(text)
    return plain[0] if plain else ""


def needed(one: Condition) -> str | None:
    """Give what a message must have so that a condition can hold, as a pattern of RE2."""
    if isinstance(one, Absent):
        return None
    steps = one.selector.steps
    last = max((n for n, step in enumerate(steps) if isinstance(step, str)), default=None)
    if last is None:
        return None
    name = str(steps[last])
    if _plain_start(name) != name or not name:
        return None
    value = one.needs()
    if last + 1 < len(steps):
        value = r"\{" if steps[last + 1] is Wildcard.FIELD else r"\["
    # Without the quote before it: a search is faster from a character that is rare.
    return rf'{regex.escape(name)}"[ \t\r\n]*:[ \t\r\n]*{value}'
