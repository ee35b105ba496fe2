"""Find the fields of one JSON text; `orjson` defines what is JSON and what it means."""

from __future__ import annotations

import re
import secrets
from typing import Any

import orjson

from cwnb.events import FIELDS_PER_EVENT

_WHITE = " \t\r\n"
_MANY_DIGITS = re.compile(r"[0-9]{19}")
_STRING_OR_NUMBER = re.compile(
    r'"(?:[^"\\]|\\.)*"|(?P<integer>-?[0-9]{19,})(?![0-9.eE])|-?[0-9][0-9.eE+-]*', re.DOTALL
)
# Marks a text as the digits of an integer that orjson would round; random, so no log contains it.
_MARK = f"\ue000{secrets.token_hex(8)}:"


class Digits(str):
    """An integer beyond 64 bits, as its digits."""

    __slots__ = ()


def parse(text: str) -> Any:
    """Give what the JSON text says, or None if it is no object, no array or not valid.

    Integers beyond 64 bits come as `Digits`.
    """
    start = text.lstrip(_WHITE)[:1]
    if start not in {"{", "["}:
        return None
    try:
        found = orjson.loads(text)
        if _MANY_DIGITS.search(text):
            found = orjson.loads(_STRING_OR_NUMBER.sub(_mark, text))
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
    return found


def _mark(match: re.Match[str]) -> str:
    digits = match["integer"]
    if digits is None or -(2**63) <= (number := _small(digits)) < 2**63:
        return match[0]
    del number
    return f'"{_MARK}{digits}"'


def _small(digits: str) -> int:
    # int() refuses thousands of digits; any number beyond 64 bits will do for them.
    return int(digits) if len(digits) < 40 else 2**64


def flatten(document: Any, fields: dict[str, Any]) -> bool:
    """Add the fields of an object or array to `fields` in document order; True if some did not fit.

    Names join keys and indexes by dots. null, `{}` and `[]` give no field. A dotted key and a
    nested path of the same name are one field: the last in the document wins.
    """
    stack: list[tuple[str, Any]] = [("", _items(document))]
    while stack:
        prefix, items = stack[-1]
        for key, value in items:
            kind = type(value)
            name = prefix + key
            if kind is dict or kind is list:
                stack.append((_own_name(name, prefix) + ".", _items(value)))
                break
            if value is None:
                continue
            name = _own_name(name, prefix)
            if len(fields) >= FIELDS_PER_EVENT and name not in fields:
                return True
            if kind is str and value.startswith(_MARK):
                value = Digits(value[len(_MARK) :])  # noqa: PLW2901
            fields[name] = value
        else:
            stack.pop()
    return False


def _own_name(name: str, prefix: str) -> str:
    # System fields begin with one @, so a log's own key that does gets a second one.
    return "@" + name if not prefix and name.startswith("@") else name


def _items(container: Any) -> Any:
    if type(container) is dict:
        return iter(container.items())
    return iter([(str(index), value) for index, value in enumerate(container)])
