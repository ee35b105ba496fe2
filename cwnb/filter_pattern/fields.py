"""Space-delimited patterns: fields of a line by position, with names and conditions.

    pattern := "[" [item ("," item)*] "]"
    item    := name | condition (("&&" | "||") condition)* | "..." | nothing
    condition := name operator value        - always of the item's own name

A field is a run of characters without space, what stands between `[` and `]`, or between two double
quotes; the last two are given without the marks. They begin where a field begins, so that
`key="a b"` is two fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb import regex
from cwnb.filter_pattern.comparing import (
    EQUAL,
    UNEQUAL,
    Number,
    Operand,
    Text,
    check_number_of_regexes,
    matches_texts,
    necessary,
    number_of,
    read_operand,
    read_operator,
    stands,
)
from cwnb.filter_pattern.conditions import decide, leaves, read_conditions
from cwnb.filter_pattern.pieces import Piece, shown
from cwnb.filter_pattern.terms import taken
from cwnb.plurals import counted

if TYPE_CHECKING:
    from cwnb.filter_pattern.conditions import Mask, Rows
    from cwnb.filter_pattern.scanner import Scanner

_FIELD = re.compile(r'\[[^\]]*\]|"[^"]*"|[^ \t\r\n]+')
_MARKS = {"[]", '""'}
_SPACES = " \t\r\n"
_MOST_COUNTED = 30  # of more fields the regex is too large for RE2
# The field behind so many others, for RE2, which tries the parts of `_FIELD` in their order too.
_NTH_FIELD = (
    r'\A[ \t\r\n]*(?:(?:\[[^\]]*\]|"[^"]*"|[^ \t\r\n]+)[ \t\r\n]*){COUNT}'
    r'(?:\[(?P<group>[^\]]*)\]|"(?P<quoted>[^"]*)"|(?P<plain>[^ \t\r\n]+))'
)
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_ELLIPSIS = "..."


@dataclass(frozen=True)
class FieldCondition:
    """`status >= 400`: a comparison of a field, which is a text that may be a number."""

    name: str
    operator: str
    operand: Operand
    is_regex: bool
    written: str
    start: int

    def holds(self, texts: list[str]) -> Mask:
        """Tell for which texts of the field it holds."""
        if isinstance(self.operand, Number):
            return np.fromiter(map(self._of_number, texts), bool, len(texts))
        found = matches_texts(self.operand, texts)
        return ~found if self.operator == UNEQUAL else found

    def _of_number(self, text: str) -> bool:
        number, other = number_of(text), self.operand
        if number is None or not isinstance(other, Number):
            return self.operator == UNEQUAL
        return stands(number, self.operator, other.value)

    def needs(self) -> str | None:
        """Give what a line must have so that this can hold, as a pattern of RE2."""
        if self.operator != EQUAL or isinstance(self.operand, Number):
            return None
        if isinstance(self.operand, Text):
            return regex.escape(self.operand.text) or None
        return self.operand.must_have


@dataclass(frozen=True)
class Item:
    """One field of a pattern; `name` is None for one without a name."""

    name: str | None = None
    conditions: Any = None
    written: str = ""


@dataclass(frozen=True)
class FieldsPattern:
    """A pattern of fields: those before an ellipsis, and those after it (None without one)."""

    before: tuple[Item, ...]
    after: tuple[Item, ...] | None = None

    kind = "fields"

    @property
    def items(self) -> tuple[Item, ...]:
        """Give the fields without the ellipsis."""
        return (*self.before, *(self.after or ()))

    def mask(self, texts: pa.Array) -> Mask:
        """Tell which lines match."""
        mask = np.ones(len(texts), dtype=bool)
        if not self.items:
            return mask
        rows = np.arange(len(texts))
        for item in self.items:
            needed = [] if item.conditions is None else necessary(item.conditions, _needed)
            for pattern in needed:
                rows = rows[np.asarray(regex.matches(taken(texts, rows), pattern))]
        rows = self._by_early_fields(texts, rows)
        lines = taken(texts, rows).to_pylist()
        fields = [split(text) for text in lines]
        whole = np.flatnonzero(np.array([len(one) >= len(self.items) for one in fields], bool))
        for place, item in enumerate(self.items):
            if item.conditions is None:
                continue
            values = [self._value(place, lines[row], fields[row]) for row in whole.tolist()]
            whole = whole[_hold(item.conditions, values)]
        mask[:] = False
        mask[rows[whole]] = True
        return mask

    def _by_early_fields(self, texts: pa.Array, rows: Rows) -> Rows:
        """Leave out lines by the fields that are counted from the beginning, which RE2 finds.

        A line that has such a field has it here too. One that has fewer may be split otherwise.
        """
        counted_items = self.before if self.after is not None else self.before[:-1]
        for place, item in enumerate(counted_items):
            if item.conditions is not None and len(rows) and place <= _MOST_COUNTED:
                pattern = _NTH_FIELD.replace("COUNT", str(place))
                found = pc.extract_regex(taken(texts, rows), pattern)
                there = np.flatnonzero(np.asarray(found.is_valid()))
                parts = found.take(pa.array(there)).flatten()
                values = pc.binary_join_element_wise(*parts, "").to_pylist()
                rows = rows[there[_hold(item.conditions, values)]]
        return rows

    def _value(self, place: int, text: str, fields: list[str]) -> str:
        """Give the text of the field of an item of this place; there are enough fields."""
        count = len(self.items)
        if place < len(self.before):
            # Without an ellipsis the last one takes the rest of the line as it stands.
            takes_rest = self.after is None and place == count - 1 < len(fields) - 1
            return _rest(text, count) if takes_rest else fields[place]
        return fields[place - count]

    def _aligned(self, text: str, fields: list[str]) -> dict[int, str] | None:
        """Give the fields of the items by their number in the line, from 1; None of too few."""
        count, there = len(self.items), len(fields)
        if count > there:
            return None
        numbers = [
            place if place < len(self.before) else there - count + place for place in range(count)
        ]
        return {
            number + 1: self._value(place, text, fields) for place, number in enumerate(numbers)
        }

    def extract(self, text: str) -> dict[str, str]:
        """Give the text of each field: by name, or by position where it has none."""
        fields = split(text)
        aligned = self._aligned(text, fields) or {}
        values = dict(enumerate(fields, 1))
        if self.after is None and self.items:
            values = aligned
        names = dict(zip(aligned, (item.name for item in self.items), strict=True))
        return {
            f"${names.get(number) or number}": aligned.get(number, value)
            for number, value in values.items()
        }

    def explain(self, text: str) -> list[Piece]:
        """Say which field of the line each item is, and of each condition whether it holds."""
        fields = split(text)
        aligned = self._aligned(text, fields)
        has = f"the line has {counted(len(fields), 'field')}"
        if not self.items:
            return [Piece("[]", holds=True, reason=f"no field is asked for; {has}")]
        if aligned is None:
            wanted = counted(len(self.items), "field")
            return [Piece("[…]", holds=False, reason=f"the pattern has {wanted}, and {has}")]
        pieces = []
        for (number, value), item in zip(aligned.items(), self.items, strict=True):
            said = f"field {number} is {shown(value)}"
            if item.conditions is None:
                pieces.append(Piece(item.written or "(no name)", None, said))
            else:
                pieces += [
                    Piece(one.written, bool(one.holds([value])[0]), said)
                    for one in leaves(item.conditions)
                ]
        return pieces


def _hold(conditions: Any, values: list[str]) -> Mask:
    """Tell for which texts of a field its conditions hold."""

    def test(one: FieldCondition, rows: Rows) -> Mask:
        return one.holds([values[row] for row in rows.tolist()])

    return decide(conditions, np.arange(len(values)), test)


def split(text: str) -> list[str]:
    """Give the fields of a line."""
    # What begins with a mark and ends with its counterpart is a group: a word with a mark that is
    # not closed has no counterpart behind it.
    return [
        one[1:-1] if one[0] in '"[' and len(one) > 1 and one[0] + one[-1] in _MARKS else one
        for one in _FIELD.findall(text)
    ]


def _rest(text: str, number: int) -> str:
    """Give the line from the field of this number on, counted from 1."""
    field = next(islice(_FIELD.finditer(text), number - 1, None))
    return text[field.start() :].rstrip(_SPACES)


def _needed(one: FieldCondition) -> str | None:
    return one.needs()


def read_fields(scanner: Scanner) -> FieldsPattern:
    """Read what stands between the brackets; raises MalformedPattern."""
    before: list[Item] = []
    after: list[Item] | None = None
    names: set[str] = set()
    if scanner.at_end():
        return FieldsPattern(())
    while True:
        scanner.skip_space()
        start = scanner.place
        if scanner.take_text(_ELLIPSIS):
            if after is not None:
                raise scanner.fault("a pattern has at most one '...'", start, scanner.place)
            after = []
        else:
            item = _item(scanner)
            if item.name is not None and item.name in names:
                end = start + len(item.name)
                raise scanner.fault(f"two fields have the name {item.name!r}", start, end)
            names |= {item.name} if item.name is not None else set()
            (before if after is None else after).append(item)
        if scanner.at_end():
            break
        if not scanner.take_text(","):
            raise scanner.fault("expected a comma between two fields")
    items = [*before, *(after or ())]
    conditions = [one for item in items if item.conditions for one in leaves(item.conditions)]
    check_number_of_regexes(scanner, conditions)
    return FieldsPattern(tuple(before), None if after is None else tuple(after))


def _item(scanner: Scanner) -> Item:
    if scanner.at_end() or scanner.at(","):
        return Item()
    start = scanner.place
    found = scanner.take(_NAME)
    if found is None:
        raise scanner.fault("a field is a name, a condition such as status = 404, '...' or nothing")
    name = found[0]
    if scanner.at_end() or scanner.at(","):
        return Item(name, None, name)
    scanner.place = start
    conditions = read_conditions(
        scanner, lambda: _condition(scanner, name), parentheses=False, stop=","
    )
    return Item(name, conditions, scanner.text[start : scanner.place].rstrip())


def _condition(scanner: Scanner, name: str) -> FieldCondition:
    start = scanner.place
    found = scanner.take(_NAME)
    if found is None:
        raise scanner.fault(f"expected a condition of the field, such as {name} = 404")
    # An example of the documentation writes the second name with other capitals.
    if found[0].lower() != name.lower():
        raise scanner.fault(
            f"the conditions of a field are all of {name!r}, and this is {found[0]!r}; "
            "put a comma between two fields",
            start,
            scanner.place,
        )
    operator = read_operator(scanner)
    scanner.skip_space()
    is_regex = scanner.at("%")
    operand = read_operand(scanner, operator)
    return FieldCondition(
        name, operator, operand, is_regex, scanner.text[start : scanner.place], start
    )
