"""JSON selectors: what they select in a message, and what is decided by it.

The message decides. It is read when nothing excludes it: a message that matches has certain texts
in it, which a search finds first. Only texts and numbers compare; a missing field, null, true,
false, a list and a map satisfy no comparison, `!=` neither. With a wildcard one of the values
suffices.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cwnb import regex
from cwnb.filter_pattern.comparing import (
    EQUAL,
    UNEQUAL,
    Form,
    Number,
    Operand,
    matches_texts,
    necessary,
    stands,
)
from cwnb.filter_pattern.conditions import decide, leaves
from cwnb.filter_pattern.json_documents import Documents, is_document, is_inexact, number_text
from cwnb.filter_pattern.pieces import Piece, shown
from cwnb.filter_pattern.terms import taken
from cwnb.memo import memo

if TYPE_CHECKING:
    import pyarrow as pa

    from cwnb.filter_pattern.conditions import Mask, Rows


# Characters that JSON writes in one way only, but for escapes by their number.
_PLAIN = re.compile(r'[^\x00-\x1f"\\/]*')


MISSING = object()
_VALUES_SHOWN = 3


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

    def __call__(self, document: Any) -> Any:
        """Give what it selects: the value, or MISSING; with a wildcard a list of values."""
        if self.has_wildcard:
            return self._values(document)
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


@dataclass(frozen=True)
class JsonPattern:
    """A pattern of JSON selectors."""

    conditions: Any

    kind = "json"

    def mask(self, texts: pa.Array) -> Mask:
        """Tell which messages match."""
        mask = np.zeros(len(texts), dtype=bool)
        rows = self._candidates(texts)
        if not len(rows):
            return mask
        documents = Documents(taken(texts, rows).to_pylist(), self._selectors)
        mask[rows[documents.rows]] = self._holds(documents)
        return mask

    @memo
    def _selectors(self) -> list[Selector]:
        """Give the selectors of all conditions, each once."""
        return list(dict.fromkeys(one.selector for one in leaves(self.conditions)))

    def _holds(self, documents: Documents) -> Mask:
        places = np.arange(len(documents.rows))
        return decide(self.conditions, places, lambda one, some: self._test(one, documents, some))

    def _test(self, one: Condition, documents: Documents, places: Rows) -> Mask:
        """Tell for which documents a single condition holds."""
        selector = one.selector
        number = self._selectors.index(selector)
        owners, values = _selected(selector, documents.column(number), places)
        if isinstance(one, Absent):
            if not selector.has_wildcard:
                return np.fromiter((value is MISSING for value in values), bool, len(values))
            return cast("Mask", np.bincount(owners, minlength=len(places)) == 0)
        if isinstance(one, Compared):
            as_text = not isinstance(one.operand, Number)
            inexact = [
                owner
                for owner, value in zip(owners.tolist(), values, strict=True)
                if is_inexact(value, as_text=as_text)
            ]
            if inexact:
                for place in places[inexact].tolist():
                    documents.read_exactly(place)
                owners, values = _selected(selector, documents.column(number), places)
        holds = one.holds(values)
        if not selector.has_wildcard:
            return holds
        mask = np.zeros(len(places), dtype=bool)
        mask[owners[holds]] = True
        return mask

    def _candidates(self, texts: pa.Array) -> Rows:
        """Leave out the messages that lack what a message must have that matches."""
        rows: Rows = np.arange(len(texts))
        needed = necessary(self.conditions, _needed)
        # Any character can be written as an escape, and then no search finds it.
        escaped = np.asarray(regex.contains(texts, "\\u")) if needed else None
        for pattern in needed:
            found = np.asarray(regex.matches(taken(texts, rows), pattern))
            rows = rows[found | escaped[rows]] if escaped is not None else rows[found]
            if not len(rows):
                return rows
        begins = np.asarray(regex.matches(taken(texts, rows), r"\A[ \t\r\n]*[\[{]"))
        return cast("Rows", rows[begins])

    def extract(self, text: str) -> dict[str, str]:
        """Give nothing: only fields have values."""
        del text
        return {}

    def explain(self, text: str) -> list[Piece]:
        """Say of each condition what it found in the message."""
        documents = Documents([text], self._selectors)
        if not documents.rows:
            reason = "the message is not a JSON object or array on its own"
            return [Piece("{ … }", holds=False, reason=reason)]
        documents.read_exactly(0)
        place = np.zeros(1, np.int64)
        pieces = []
        for one in leaves(self.conditions):
            found = documents.column(self._selectors.index(one.selector))[0]
            holds = bool(self._test(one, documents, place)[0])
            pieces.append(Piece(one.written, holds, _reason(one.selector, found)))
        return pieces


def _selected(selector: Selector, column: list[Any], places: Rows) -> tuple[Rows, list[Any]]:
    """Give the values that are selected, and of each the number of its document."""
    found = column if len(places) == len(column) else [column[place] for place in places.tolist()]
    if not selector.has_wildcard:
        return np.arange(len(found)), found
    owners = np.repeat(np.arange(len(found)), [len(values) for values in found])
    return owners, [value for values in found for value in values]


def _is_scalar(value: Any) -> bool:
    kind = type(value)
    return kind is str or kind is int or isinstance(value, float)


def _plain_start(text: str) -> str:
    """Give the beginning of a text up to a character that JSON writes in several ways."""
    plain = _PLAIN.match(text)
    return plain[0] if plain else ""


def _needed(one: Condition) -> str | None:
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


def _reason(selector: Selector, found: Any) -> str:
    values = found if selector.has_wildcard else [found]
    if not values or values == [MISSING]:
        return f"{selector.written} is not in the message"
    said = ", ".join(_value_text(value) for value in values[:_VALUES_SHOWN])
    return f"{selector.written} is {said}" + ", …" * (len(values) > _VALUES_SHOWN)


def _value_text(value: Any) -> str:
    if is_document(value):
        return "a map" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return shown(value) if isinstance(value, str) else number_text(value)
