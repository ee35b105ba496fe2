"""Comparisons of values, as JSON selectors and fields have them: operators and operands."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb import regex
from cwnb.filter_pattern.conditions import Either, Every
from cwnb.filter_pattern.regexes import MOST_REGEXES, read_regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cwnb.filter_pattern.conditions import Mask
    from cwnb.filter_pattern.scanner import Scanner

EQUAL, UNEQUAL = "=", "!="
NUMPY_OPERATORS = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_OPERATOR = re.compile(r"!=|<=|>=|=|<|>")
_WORD = re.compile(r'[^\s&|(),"%]+')
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
# Python reads no integer with more digits.
_MOST_DIGITS = 4_300
_WRONG_OPERATORS = {"==": "=", "<>": "!=", "=~": "= %…%", "=<": "<=", "=>": ">="}


@dataclass(frozen=True)
class Number:
    """A number; `written` is its text in the pattern."""

    value: float
    written: str


@dataclass(frozen=True)
class Text:
    """A text that a value must be, as a whole."""

    text: str


@dataclass(frozen=True)
class Form:
    """A glob or a regex; `re2` is its form for RE2.

    `must_have` is a pattern of RE2 that has a match in any text with this value in it; `begins` is
    the text before the first `*` of a glob.
    """

    re2: str
    must_have: str | None
    begins: str = ""


Operand = Number | Text | Form


def number_of(text: str) -> float | None:
    """Give the number that a text is, integers with all their digits; None if it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= _MOST_DIGITS else None
    number = float(text)
    return number if math.isfinite(number) else None


def read_operator(scanner: Scanner) -> str:
    """Read one of the six operators; raises MalformedPattern."""
    scanner.skip_space()
    for wrong, right in _WRONG_OPERATORS.items():
        if scanner.at(wrong):
            place = scanner.place
            raise scanner.fault(
                f"unknown operator {wrong!r}; write {right!r}", place, place + len(wrong)
            )
    found = scanner.take(_OPERATOR)
    if found is None:
        raise scanner.fault("expected an operator: =, !=, <, <=, > or >=")
    return found[0]


def read_operand(scanner: Scanner, operator: str) -> Operand:
    """Read the value behind an operator; raises MalformedPattern."""
    scanner.skip_space()
    start = scanner.place
    operand = _operand(scanner, operator)
    if operator not in {EQUAL, UNEQUAL} and not isinstance(operand, Number):
        written = scanner.text[start : scanner.place]
        raise scanner.fault(
            f"{operator!r} compares numbers, and {written} is none", start, scanner.place
        )
    return operand


def _operand(scanner: Scanner, operator: str) -> Operand:
    start = scanner.place
    if scanner.at('"'):
        return _text(scanner.quoted())
    if scanner.at("%"):
        re2 = read_regex(scanner)
        # An anchor is of the value and not of the message.
        return Form(re2, None if "$" in re2 or "^" in re2 else re2)
    found = scanner.take(_WORD)
    if found is None:
        raise scanner.fault(f"the condition is incomplete: a value is missing after {operator!r}")
    word = found[0]
    number = number_of(word)
    if number is not None:
        return Number(number, word)
    if all(one.isalnum() or one in "_.*" for one in word):
        return _text(word)
    remedy = f'write it in double quotes: "{word}"'
    if word.startswith("'"):
        remedy = "a text stands in double quotes"
    raise scanner.invalid_term(word, remedy, start, scanner.place)


def _text(text: str) -> Operand:
    if "*" not in text:
        return Text(text)
    pieces = re.split(r"\*+", text)
    longest = max(pieces, key=len)
    re2 = ".*".join(map(regex.escape, pieces))
    return Form(rf"(?s)\A{re2}\z", regex.escape(longest) if longest else None, pieces[0])


def matches_texts(operand: Text | Form, texts: Sequence[str]) -> Mask:
    """Tell which texts are the text, or have the form."""
    if isinstance(operand, Text):
        return np.fromiter((one == operand.text for one in texts), bool, len(texts))
    return np.asarray(regex.matches(pa.array(texts, pa.string()), operand.re2))


def stands(number: float, operator: str, other: float) -> bool:
    """Tell whether a comparison of two numbers holds."""
    if operator == EQUAL:
        return number == other
    if operator == UNEQUAL:
        return number != other
    if operator == "<":
        return number < other
    if operator == "<=":
        return number <= other
    return number > other if operator == ">" else number >= other


def necessary(node: Any, of_one: Callable[[Any], str | None]) -> list[str]:
    """Give RE2 patterns that every message has for which the conditions hold.

    `of_one` gives that of a single condition, or None where there is none.
    """
    if isinstance(node, Every):
        return [found for part in node.parts for found in necessary(part, of_one)]
    if isinstance(node, Either):
        options = [necessary(part, of_one) for part in node.parts]
        return ["|".join(max(one, key=len) for one in options)] if all(options) else []
    found = of_one(node)
    return [] if found is None else [found]


def check_number_of_regexes(scanner: Scanner, conditions: Iterable[Any]) -> None:
    """Raise MalformedPattern where a pattern has more regexes than the service allows."""
    starts = [one.start for one in conditions if one.is_regex]
    if len(starts) > MOST_REGEXES:
        place = starts[MOST_REGEXES]
        raise scanner.fault(
            f"a pattern has at most {MOST_REGEXES} regexes, and this is number {MOST_REGEXES + 1}",
            place,
            place + 1,
        )
