"""Reads the grammar of JSON selectors.

pattern   := "{" or "}"
or        := and ("||" and)*
and       := primary ("&&" primary)*
primary   := "(" or ")" | selector operator value
           | selector "IS" ("NULL" | "TRUE" | "FALSE") | selector "NOT" "EXISTS"
selector  := "$" ("." name | "." "*" | "[" digits "]" | "[" "*" "]" | ["."] "['" any "']")+
value     := word | "quoted" | number | %regex%
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cwnb.filter_pattern.comparing import (
    check_number_of_regexes,
    read_operand,
    read_operator,
)
from cwnb.filter_pattern.conditions import leaves, read_conditions
from cwnb.filter_pattern.json_conditions import Absent, Compared, Is, Selector, Wildcard
from cwnb.filter_pattern.json_pattern import JsonPattern

if TYPE_CHECKING:
    from cwnb.errors import MalformedPattern
    from cwnb.filter_pattern.json_conditions import Step
    from cwnb.filter_pattern.scanner import Scanner

# Selectors with a wildcard in one pattern. Source: FilterAndPatternSyntax, JSON log events.
MOST_WILDCARDS = 3
_NAME = re.compile(r"[\w-]+")
_INDEX = re.compile(r"\[\s*([0-9]+)\s*\]")
_ELEMENT = re.compile(r"\[\s*\*\s*\]")
_KEY = re.compile(r"\.?\['(.*?)'\]", re.DOTALL)
_KEYWORD = re.compile(r"[A-Za-z]+")
_VALUES = {"NULL": None, "TRUE": True, "FALSE": False}


def read_selectors(scanner: Scanner) -> JsonPattern:
    """Read what stands between the braces; raises MalformedPattern."""
    if scanner.at_end():
        raise scanner.fault("the braces are empty; leave the whole pattern empty for all events")
    conditions = read_conditions(scanner, lambda: _condition(scanner), parentheses=True)
    single = list(leaves(conditions))
    check_number_of_regexes(scanner, single)
    wild = [one for one in single if one.selector.has_wildcard]
    if len(wild) > MOST_WILDCARDS:
        over = wild[MOST_WILDCARDS]
        raise scanner.fault(
            f"a pattern has at most {MOST_WILDCARDS} selectors with a wildcard",
            over.start,
            over.start + len(over.selector.written),
        )
    return JsonPattern(conditions)


def _condition(scanner: Scanner) -> Compared | Is | Absent:
    scanner.skip_space()
    start = scanner.place
    selector = read_selector(scanner)
    scanner.skip_space()
    place = scanner.place
    keyword = scanner.take(_KEYWORD)
    if keyword is None:
        operator = read_operator(scanner)
        scanner.skip_space()
        is_regex = scanner.at("%")
        operand = read_operand(scanner, operator)
        return Compared(
            selector, operator, operand, is_regex, scanner.text[start : scanner.place], start
        )
    scanner.place = place
    if keyword[0] == "IS":
        scanner.place += len("IS")
        value = _word(scanner, _VALUES, "after IS stands NULL, TRUE or FALSE")
        return Is(selector, _VALUES[value], scanner.text[start : scanner.place], start)
    if keyword[0] == "NOT":
        scanner.place += len("NOT")
        _word(scanner, {"EXISTS": None}, "after NOT stands EXISTS")
        return Absent(selector, scanner.text[start : scanner.place], start)
    raise _wrong_keyword(scanner, keyword[0], selector)


def _word(scanner: Scanner, known: dict[str, bool | None], message: str) -> str:
    scanner.skip_space()
    place = scanner.place
    found = scanner.take(_KEYWORD)
    if found is None or found[0] not in known:
        scanner.place = place
        capitals = found is not None and found[0].upper() in known
        raise scanner.fault(f"{message}, in capitals" if capitals else message)
    return found[0]


def _wrong_keyword(scanner: Scanner, word: str, selector: Selector) -> MalformedPattern:
    if word == "EXISTS":
        return scanner.fault(
            f"there is no EXISTS; {selector.written} = * is true of a field with a text or number"
        )
    if word.upper() in {"IS", "NOT"}:
        return scanner.fault(f"{word.upper()} is written in capitals")
    return scanner.fault("expected an operator (=, !=, <, <=, >, >=), IS or NOT EXISTS")


def read_selector(scanner: Scanner) -> Selector:
    """Read a selector, such as `$.status`; raises MalformedPattern."""
    start = scanner.place
    if not scanner.take_text("$"):
        raise scanner.fault("a condition begins with a selector, such as $.status")
    steps: list[Step] = []
    while scanner.place < scanner.end:
        place = scanner.place
        if key := scanner.take(_KEY):
            steps.append(key[1])
        elif index := scanner.take(_INDEX):
            steps.append(int(index[1]))
        elif scanner.take(_ELEMENT):
            steps.append(Wildcard.ELEMENT)
        elif scanner.take_text("."):
            if scanner.take_text("*"):
                steps.append(Wildcard.FIELD)
            elif name := scanner.take(_NAME):
                steps.append(name[0])
            else:
                raise scanner.fault("a name is missing after the '.'", place, place + 1)
        else:
            break
        if sum(isinstance(step, Wildcard) for step in steps) > 1:
            raise scanner.fault("a selector has at most one wildcard", place, scanner.place)
    if scanner.at("["):
        raise scanner.fault(
            "in brackets stands a number, * or a key in single quotes: [0], [*], ['a.b']",
            scanner.place,
            scanner.place + 1,
        )
    if not steps:
        raise scanner.fault("a selector names a field, as $.status does", start, scanner.place)
    written = scanner.text[start : scanner.place]
    if scanner.place < scanner.end and not re.match(r"[\s=!<>&|)]", scanner.rest):
        raise scanner.fault(
            f"{scanner.rest[0]!r} cannot stand in a name; write the key in brackets, as ['a.b']",
            scanner.place,
            scanner.place + 1,
        )
    return Selector(tuple(steps), written)
