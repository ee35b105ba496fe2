"""Values of the messages that a pattern matches, as metric filters name them: `$.took`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from cwnb.errors import InvalidParameter
from cwnb.filter_pattern.fields import FieldsPattern
from cwnb.filter_pattern.json_conditions import MISSING, Selector
from cwnb.filter_pattern.json_grammar import read_selector
from cwnb.filter_pattern.scanner import Scanner
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cwnb.filter_pattern.pattern import FilterPattern

_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", re.ASCII)
_FIELD = re.compile(r"\$(?P<name>\w+)")


@dataclass(frozen=True)
class Reference:
    """A value of each message: `$.path` of a JSON pattern, `$name` or `$3` of one of fields."""

    text: str
    pattern: FilterPattern
    selector: Selector | None = None

    @classmethod
    def parse(cls, text: str, pattern: FilterPattern) -> Reference:
        """Read a reference into what a pattern matches; raises MalformedPattern, InvalidParameter.

        Only patterns of JSON and of fields have values to refer to.
        """
        if pattern.kind == "json":
            scanner = Scanner(text, 0, len(text))
            selector = read_selector(scanner)
            if not scanner.at_end():
                raise scanner.fault("a reference is one selector, such as $.took")
            if selector.has_wildcard:
                raise InvalidParameter(f"{text!r} can select several values, where one is needed")
            return cls(text, pattern, selector)
        if not isinstance(pattern.grammar, FieldsPattern):
            raise InvalidParameter(
                f"{text!r} refers to a value, and only patterns of JSON {{…}} and of fields […] "
                "have values"
            )
        match = _FIELD.fullmatch(text)
        names = [item.name for item in pattern.grammar.items if item.name]
        if match is None or not (match["name"].isdigit() or match["name"] in names):
            near = suggestion(text.lstrip("$"), names, otherwise=f"it has {', '.join(names)}")
            raise InvalidParameter(f"the pattern has no field {text!r}{near}")
        # A field that has a name can be named by its place too.
        place = int(match["name"]) - 1 if match["name"].isdigit() else -1
        if 0 <= place < len(pattern.grammar.before) and pattern.grammar.before[place].name:
            text = f"${pattern.grammar.before[place].name}"
        return cls(text, pattern)

    def values(self, texts: Iterable[str]) -> list[Any]:
        """Give the value in each message: a text, a number or a Boolean; None where it has none."""
        if self.selector is None:
            return [self.pattern.grammar.extract(text).get(self.text) for text in texts]
        read = self.selector.read
        found = [read(orjson.loads(text)) for text in texts]
        return [
            None if value is MISSING or isinstance(value, dict | list) else value for value in found
        ]


def number_of(value: Any) -> float | None:
    """Give the number that a value is, or that its text writes; None for any other value."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
