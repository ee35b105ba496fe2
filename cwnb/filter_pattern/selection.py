"""Selection criteria: which log groups, accounts or regions a policy or filter is about.

    criteria  := "*" | or
    or        := and ("OR" and)*
    and       := primary ("AND" primary)*
    primary   := "(" or ")" | name ("=" | "!=" | ["NOT"] "LIKE") text | name ["NOT"] "IN" list
    list      := "[" text ("," text)* "]"

It is a language of its own, which has several forms: each place of the service takes some names and
some operators. A text stands in double quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cwnb.errors import InvalidParameter, MalformedPattern
from cwnb.filter_pattern.conditions import WORDS, decide, leaves, read_conditions
from cwnb.filter_pattern.scanner import Scanner
from cwnb.nearest import suggestion, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cwnb.filter_pattern.conditions import Mask, Rows

_NAME = re.compile(r"@?[A-Za-z][\w.]*")
_OPERATOR = re.compile(r"!=|=|NOT\s+IN\b|NOT\s+LIKE\b|IN\b|LIKE\b")
_EVERYTHING = "*"
_PREFIX = "LogGroupNamePrefix"
_GROUP = "LogGroupName"
_LISTS = frozenset({"IN", "NOT IN"})
_EQUALS = frozenset({"=", "!="})
_LIKES = frozenset({"LIKE", "NOT LIKE"})


@dataclass(frozen=True)
class Form:
    """What one place of the service takes.

    `sets` are names that stand together, and with no others; `most_values` is the length of a list.
    """

    sets: tuple[frozenset[str], ...]
    operators: frozenset[str]
    joins: frozenset[str] = frozenset()
    everything: bool = False
    most_bytes: int | None = None
    most_values: int | None = None

    @property
    def names(self) -> list[str]:
        """Give all names that it takes."""
        return sorted(frozenset().union(*self.sets))


# Sources: API_PutAccountPolicy (selectionCriteria), API_PutMetricFilter (fieldSelectionCriteria),
# API_CentralizationRuleSource. Which operators a prefix takes is not documented.
FORMS = {
    "subscription policy": Form(
        (frozenset({_GROUP}),), frozenset({"NOT IN"}), most_bytes=25 * 1_024
    ),
    "transformer policy": Form((frozenset({_PREFIX}),), frozenset({"=", "IN"})),
    "retention policy": Form((frozenset({_PREFIX}),), frozenset({"=", "IN"})),
    "index policy": Form(
        (frozenset({_PREFIX}), frozenset({"DataSourceName", "DataSourceType"})),
        frozenset({"=", "IN"}),
        frozenset({"AND"}),
    ),
    "metric extraction policy": Form(
        (frozenset({_GROUP}), frozenset({_PREFIX})), _LISTS, most_values=50
    ),
    "fields": Form(
        (frozenset({"@aws.account", "@aws.region", "@source.log"}),),
        _EQUALS | _LISTS,
        frozenset({"AND", "OR"}),
        most_bytes=2_000,
    ),
    "centralization source": Form(
        (frozenset({"OrganizationId", "OrganizationUnitId", "AccountId"}),),
        frozenset({"=", "IN"}),
        frozenset({"OR"}),
        everything=True,
    ),
    "centralization groups": Form(
        (frozenset({_GROUP}),),
        _EQUALS | _LISTS | _LIKES,
        frozenset({"AND", "OR"}),
        everything=True,
    ),
}


@dataclass(frozen=True)
class Criterion:
    """One comparison of a name; `values` are the texts behind its operator."""

    name: str
    operator: str
    values: tuple[str, ...]
    start: int

    def holds(self, values: Mapping[str, str]) -> bool:
        """Tell whether it is true of these values; a prefix is one of the group's name."""
        if self.name == _PREFIX:
            group = values.get(_GROUP, "")
            return any(map(group.startswith, self.values)) != self.operator.startswith("NOT")
        value = values.get(self.name)
        if self.operator in _LIKES:
            found = value is not None and any(_like(value, form) for form in self.values)
        else:
            found = value in self.values
        return found != (self.operator in {"!=", "NOT IN", "NOT LIKE"})


@dataclass(frozen=True)
class SelectionCriteria:
    """Criteria that were read.

    >>> criteria = SelectionCriteria.parse('LogGroupName NOT IN ["/a"]', "subscription policy")
    >>> criteria.select({"LogGroupName": "/b"})
    True
    """

    text: str
    form: str
    conditions: Any  # None selects everything

    @classmethod
    def parse(cls, text: str, form: str) -> SelectionCriteria:
        """Read criteria of one of the `FORMS`; raises MalformedPattern and InvalidParameter.

        An empty text selects everything.
        """
        if form not in FORMS:
            raise InvalidParameter(unknown("form of selection criteria", form, FORMS))
        if not isinstance(text, str):
            raise InvalidParameter(f"selection criteria are a text, not {text!r:.80}")
        rules, size = FORMS[form], len(text.encode("utf-8", "replace"))
        if rules.most_bytes is not None and size > rules.most_bytes:
            raise MalformedPattern(
                f"selection criteria have at most {rules.most_bytes:,} bytes, not {size:,}"
            )
        scanner = Scanner(text, 0, len(text))
        if scanner.at_end():
            return cls(text, form, None)
        if rules.everything and text.strip() == _EVERYTHING:
            return cls(text, form, None)
        conditions = read_conditions(
            scanner, lambda: _criterion(scanner, rules, form), parentheses=True, joins=WORDS
        )
        _check(scanner, list(leaves(conditions)), rules, form)
        return cls(text, form, conditions)

    @property
    def values(self) -> list[str]:
        """Give the texts that names are compared with."""
        criteria = [] if self.conditions is None else leaves(self.conditions)
        return [value for one in criteria for value in one.values]

    def select(self, values: Mapping[str, str]) -> bool:
        """Tell whether they select what has these values by name."""
        if self.conditions is None:
            return True

        def test(one: Criterion, rows: Rows) -> Mask:
            return np.full(len(rows), one.holds(values))

        return bool(decide(self.conditions, np.zeros(1, np.int64), test)[0])


def _criterion(scanner: Scanner, rules: Form, form: str) -> Criterion:
    scanner.skip_space()
    start = scanner.place
    name = scanner.take(_NAME)
    if name is None or name[0] not in rules.names:
        scanner.place = start
        known = f"a {form} has {', '.join(rules.names)}"
        word = scanner.word()
        near = suggestion(word, rules.names, otherwise=known)
        raise scanner.fault(
            f"unknown name {word!r}{near}" if word else f"a name is missing; {known}"
        )
    scanner.skip_space()
    place = scanner.place
    found = scanner.take(_OPERATOR)
    operator = "" if found is None else " ".join(found[0].split())
    if found is None or operator not in rules.operators:
        allowed = ", ".join(sorted(rules.operators))
        scanner.place = place
        raise scanner.fault(f"behind {name[0]} of a {form} stands {allowed}")
    values = _list(scanner, rules) if operator in _LISTS else (_text(scanner),)
    return Criterion(name[0], operator, values, start)


def _list(scanner: Scanner, rules: Form) -> tuple[str, ...]:
    scanner.skip_space()
    start = scanner.place
    if not scanner.take_text("["):
        raise scanner.fault('a list stands in brackets: ["a", "b"]')
    values = [_text(scanner)]
    while not scanner.at_end() and scanner.take_text(","):
        values.append(_text(scanner))
    if not scanner.take_text("]"):
        raise scanner.fault("expected a comma, or ] at the end of the list")
    if rules.most_values is not None and len(values) > rules.most_values:
        raise scanner.fault(
            f"a list has at most {rules.most_values} values, not {len(values)}",
            start,
            scanner.place,
        )
    return tuple(values)


def _text(scanner: Scanner) -> str:
    scanner.skip_space()
    if not scanner.at('"'):
        raise scanner.fault("a text stands in double quotes")
    return scanner.quoted()


def _check(scanner: Scanner, criteria: list[Criterion], rules: Form, form: str) -> None:
    """Raise MalformedPattern for criteria that may not stand together."""
    names = {one.name for one in criteria}
    if not any(names <= together for together in rules.sets):
        other = criteria[-1]
        raise scanner.fault(
            f"a {form} has either " + ", or ".join(" and ".join(sorted(one)) for one in rules.sets),
            other.start,
            other.start + len(other.name),
        )
    for word in WORDS:
        place = _join_at(scanner.text, word)
        if place is not None and word not in rules.joins:
            raise scanner.fault(f"a {form} has no {word}", place, place + len(word))


def _join_at(text: str, word: str) -> int | None:
    """Give where criteria are joined by this word, outside of quotes."""
    blank = re.sub(r'"(?:\\.|[^"\\])*"', lambda match: "_" * len(match[0]), text)
    found = re.search(rf"\b{word}\b", blank)
    return None if found is None else found.start()


def _like(value: str, form: str) -> bool:
    """Tell whether a text has a form, in which % stands for anything and _ for one character."""
    pieces = {"%": ".*", "_": "."}
    pattern = "".join(pieces.get(one) or re.escape(one) for one in form)
    return re.fullmatch(pattern, value, re.DOTALL) is not None
