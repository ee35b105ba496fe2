"""Messages that are JSON: what some selectors select in each, read once for all conditions."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# orjson gives a double for an integer beyond 64 bits.
_FIRST_INEXACT = 2.0**63


class WrittenNumber(float):
    """A number that is no integer, with its text as the message has it."""

    def __init__(self, text: str) -> None:
        self.text = text


class Documents:
    """What selectors give for each of the messages that are a JSON object or array.

    `rows` are the numbers of these messages. A document is let go as soon as it was read: thousands
    of them in memory would be slow to collect.
    """

    def __init__(self, texts: Sequence[str], selectors: Sequence[Callable[[Any], Any]]) -> None:
        self.rows: list[int] = []
        self._texts = texts
        self._selectors = selectors
        self._columns: list[list[Any]] = [[] for _ in selectors]
        self._exact: set[int] = set()
        self._read()

    def _read(self) -> None:
        load, broken = orjson.loads, orjson.JSONDecodeError
        found = [
            (select, column.append)
            for select, column in zip(self._selectors, self._columns, strict=True)
        ]
        for row, text in enumerate(self._texts):
            try:
                document = load(text)
            except broken:
                continue
            kind = type(document)
            if kind is not dict and kind is not list:
                continue
            self.rows.append(row)
            for select, append in found:
                append(select(document))

    def column(self, number: int) -> list[Any]:
        """Give what a selector gave for each of the `rows`."""
        return self._columns[number]

    def read_exactly(self, place: int) -> None:
        """Read one of the `rows` anew, with all digits of its numbers."""
        if place in self._exact:
            return
        self._exact.add(place)
        # orjson has read it, so this fails only for one that is too deep for the other reader.
        with suppress(RecursionError, ValueError):
            document = json.loads(self._texts[self.rows[place]], parse_float=WrittenNumber)
            for select, column in zip(self._selectors, self._columns, strict=True):
                column[place] = select(document)


def is_document(value: Any) -> bool:
    """Tell whether a value is an object or an array."""
    kind = type(value)
    return kind is dict or kind is list


def inexact(values: list[Any], *, as_texts: bool) -> list[int]:
    """Give the places of numbers of which another reading would give more digits.

    `as_texts`: they are compared as the texts that the message has.
    """
    if float not in {*map(type, values)}:
        return []
    floats = [place for place, value in enumerate(values) if type(value) is float]
    if as_texts:
        return floats
    return [place for place in floats if abs(values[place]) >= _FIRST_INEXACT]


def number_text(value: Any) -> str:
    """Give the text of a number as the message has it; a text stays as it is."""
    if isinstance(value, WrittenNumber):
        return value.text
    return value if isinstance(value, str) else str(value)
