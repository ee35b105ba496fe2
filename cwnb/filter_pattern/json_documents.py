"""Messages that are JSON, read once for all conditions of a pattern."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from cwnb.filter_pattern.conditions import Rows

MISSING = object()
# orjson gives a double for an integer beyond 64 bits.
_FIRST_INEXACT = 2.0**63


class WrittenNumber(float):
    """A number that is no integer, with its text as the message has it."""

    def __init__(self, text: str) -> None:
        self.text = text


class Documents:
    """The documents of some messages, by the number of the message."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._documents = [_read(text) for text in texts]
        self._exact: set[int] = set()

    def __getitem__(self, row: int) -> Any:
        return self._documents[row]

    def there(self) -> Rows:
        """Give the numbers of the messages that are an object or an array."""
        kinds = [is_document(one) for one in self._documents]
        return np.flatnonzero(np.array(kinds, bool))

    def inexact(self, values: list[Any], *, as_texts: bool) -> Rows:
        """Give the places of values that another reading would give with more digits.

        `as_texts`: a number is compared by its text as well.
        """
        if as_texts:
            found = [n for n, one in enumerate(values) if type(one) is float]
        else:
            found = [
                n
                for n, one in enumerate(values)
                if type(one) is float and abs(one) >= _FIRST_INEXACT
            ]
        return np.array(found, np.int64)

    def read_exactly(self, row: int) -> None:
        """Read a document anew, with all digits of its numbers."""
        if row in self._exact:
            return
        self._exact.add(row)
        # orjson has found it right, so this fails only for one that is too deep.
        with suppress(RecursionError, ValueError):
            self._documents[row] = json.loads(self._texts[row], parse_float=WrittenNumber)


def is_document(value: Any) -> bool:
    """Tell whether a value is an object or an array."""
    return type(value) is dict or type(value) is list


def number_text(value: Any) -> str:
    """Give the text of a number as the message has it; a text stays as it is."""
    if isinstance(value, WrittenNumber):
        return value.text
    return value if isinstance(value, str) else str(value)


def _read(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
