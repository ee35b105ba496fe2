"""`{{name}}` in a query: the value of a variable, quoted so that it cannot become part of it."""

from __future__ import annotations

import itertools
import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidParameter, MalformedQuery
from cwnb.nearest import suggestion
from cwnb.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PLACEHOLDER = re.compile(r"\{\{(?P<inside>.*?)\}\}", re.DOTALL)
_INSIDE = re.compile(r"\s*(?P<name>[^\W\d]\w*)\s*(?:\|\s*(?P<how>\w+)\s*)?")


def fill_query(text: str, variables: Mapping[str, Any]) -> str:
    """Replace each `{{name}}` in a query by the value of the variable.

    Text is quoted and escaped, numbers and booleans are written as they are, lists as `[…]`, times
    as epoch milliseconds. `{{name|raw}}` is replaced by the value's text without quotes, for parts
    of queries; braces in that text stand for themselves. Raises MalformedQuery for a `{{name}}`
    inside a string, a regex or a name, because the quotes of the value could end the string.
    """
    text, raw = _with_raw(text, variables)
    found = [
        match
        for match in _PLACEHOLDER.finditer(text)
        if not any(match.start() < end and start < match.end() for start, end in raw)
    ]
    if not found:
        return text
    words = _word_spans(text, found)
    pieces, done = [], 0
    for match in found:
        span = match.span()
        covering = [word for word in words if word[0] < span[1] and span[0] < word[1]]
        pieces.append(text[done : span[0]])
        done = span[1]
        if not covering:  # in a comment
            pieces.append(match[0])
        elif covering == [span]:
            pieces.append(literal(_value(match, text, variables), _name_and_mode(match, text)[0]))
        else:
            raise MalformedQuery(
                f"{match[0]} brings its own quotes and must stand alone, "
                "not inside a text, a regex or a name",
                text,
                *span,
            )
    return "".join([*pieces, text[done:]])


def without_braces(text: str, taken: Iterable[str] = ()) -> tuple[str, dict[str, str]]:
    """Write a query so that the braces in its texts, regexes and names stand for themselves.

    Gives the query with `{{braces|raw}}` in their places, and the values of these variables, none
    of which has a name that is taken. What cannot be read as a query stays as it is.
    """
    found = [match for match in _PLACEHOLDER.finditer(text) if not _is_raw(match)]
    try:
        words = _word_spans(text, found) if found else []
    except MalformedQuery:
        return text, {}
    values: dict[str, str] = {}
    pieces, done = [], 0
    for match in found:
        start, end = match.span()
        covering = [word for word in words if word[0] < end and start < word[1]]
        if covering in ([], [match.span()]):  # in a comment, or a placeholder
            continue
        name = next((name for name, value in values.items() if value == match[0]), None)
        if name is None:
            name = _free_name({*taken, *values})
            values[name] = match[0]
        pieces += [text[done:start], f"{{{{{name}|raw}}}}"]
        done = end
    return "".join([*pieces, text[done:]]), values


def _free_name(taken: set[str]) -> str:
    names = (f"braces_{number}" if number > 1 else "braces" for number in itertools.count(1))
    return next(name for name in names if name not in taken)


def _is_raw(match: re.Match[str]) -> bool:
    inside = _INSIDE.fullmatch(match["inside"])
    return inside is not None and inside["how"] == "raw"


def names_in(text: str) -> list[str]:
    """Name the variables that stand as `{{name}}` in a query, in the order of their first use."""
    found = (_INSIDE.fullmatch(match["inside"]) for match in _PLACEHOLDER.finditer(text))
    return list(dict.fromkeys(inside["name"] for inside in found if inside is not None))


def fill_word(word: str, variables: Mapping[str, Any]) -> list[str]:
    """Replace each `{{name}}` in a word of the magic's line; a list gives one word per item."""
    match = _PLACEHOLDER.fullmatch(word)
    if match:
        value = _value(match, word, variables)
        if isinstance(value, list | tuple | set):
            return [_unquoted(item) for item in value]
    return [_PLACEHOLDER.sub(lambda found: _unquoted(_value(found, word, variables)), word)]


def literal(value: Any, name: str = "value") -> str:
    """Write a Python value as the query language does."""
    from cwnb.insights import quote

    value = _to_python(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, datetime) and type(value).__name__ != "NaTType":
        return str(to_ms(value, 0))
    if isinstance(value, list) and value and not any(isinstance(v, list) for v in value):
        return f"[{', '.join(literal(item, name) for item in value)}]"
    what = "an empty list" if value == [] else f"a {type(value).__name__}"
    missing = value is None or type(value).__name__ in {"NAType", "NaTType"}
    if missing or (isinstance(value, float) and math.isnan(value)):
        what = "a missing value"
    raise InvalidParameter(f"cannot write {name!r}, {what}, as a literal of the query")


def _to_python(value: Any) -> Any:
    """Convert numpy scalars and arrays, Series and other collections to plain Python values."""
    if isinstance(value, str | datetime):
        return value
    if isinstance(value, set | frozenset):
        return sorted(map(_to_python, value), key=lambda item: (type(item).__name__, item))
    if isinstance(value, tuple | list):
        return [_to_python(item) for item in value]
    if type(value).__name__ == "datetime64":
        import pandas as pd

        return pd.Timestamp(value)
    if hasattr(value, "tolist"):
        unwrapped = value.tolist()
        return (
            [_to_python(item) for item in unwrapped] if isinstance(unwrapped, list) else unwrapped
        )
    return value


def _unquoted(value: Any) -> str:
    value = _to_python(value)
    return value if isinstance(value, str) else literal(value)


def _with_raw(text: str, variables: Mapping[str, Any]) -> tuple[str, list[tuple[int, int]]]:
    """Replace each `{{name|raw}}`; gives the text and where what was filled in stands."""
    pieces: list[str] = []
    spans, done, length = [], 0, 0
    for match in _PLACEHOLDER.finditer(text):
        name, how = _name_and_mode(match, text)
        if how is None:
            continue
        if how != "raw":
            raise MalformedQuery(f"unknown {how!r} after {name!r}; write |raw", text, *match.span())
        value = str(_value(match, text, variables))
        pieces += [text[done : match.start()], value]
        length += match.start() - done
        spans.append((length, length + len(value)))
        length += len(value)
        done = match.end()
    return "".join([*pieces, text[done:]]), spans


def _name_and_mode(match: re.Match[str], text: str) -> tuple[str, str | None]:
    inside = _INSIDE.fullmatch(match["inside"])
    if inside is None:
        raise MalformedQuery(
            f"{match[0]} is not the name of a variable; assign it to one first",
            text,
            *match.span(),
        )
    return inside["name"], inside["how"]


def _value(match: re.Match[str], text: str, variables: Mapping[str, Any]) -> Any:
    name, _ = _name_and_mode(match, text)
    if name not in variables:
        near = suggestion(name, (n for n in variables if not n.startswith("_")))
        raise MalformedQuery(f"no variable {name!r}{near}", text, *match.span())
    return variables[name]


def _word_spans(text: str, found: list[re.Match[str]]) -> list[tuple[int, int]]:
    """Give the slice of each token, where each placeholder counts as a name.

    That name has the length of the placeholder, so the positions in the text stay the same.
    """
    from cwnb.insights import token_spans

    named = list(text)
    for match in found:
        named[match.start() : match.end()] = "x" * len(match[0])
    try:
        return token_spans("".join(named))
    except MalformedQuery as error:
        raise MalformedQuery(error.message, text, error.start, error.end) from None
