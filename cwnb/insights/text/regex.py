"""The regular expressions of queries: what RE2 does not take is an error with its reason."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import pyarrow as pa

from cwnb import regex
from cwnb.errors import MalformedQuery
from cwnb.insights.text.regex_faults import Place, explained
from cwnb.regex import Token, plain_names, tokens

if TYPE_CHECKING:
    from cwnb.insights.values.value_types import Value


class InvalidRegex(MalformedQuery):
    """A pattern that RE2 refuses, with its reason.

    `place`: the first character of the pattern that is wrong, and the one after the last; None
    where that is not known.
    """

    place: Place | None = None


@functools.lru_cache(maxsize=1024)
def to_re2(pattern: str) -> str:
    """Give the pattern as RE2 takes it; its groups may have other names. Raises InvalidRegex."""
    return plain_names(checked(pattern))


@functools.lru_cache(maxsize=1024)
def checked(pattern: str) -> str:
    """Give the pattern with `(?<name>` as `(?P<name>`; raises InvalidRegex if RE2 refuses it."""
    out: list[str] = []
    for token in tokens(pattern):
        text = token.text
        if token.kind == "open":
            _refuse_look_around(pattern, token)
            text = re.sub(r"^\(\?<", "(?P<", text)
        elif token.kind == "escape" and _is_back_reference(text):
            raise _invalid(
                f"back-reference '{text}' in a regex is not supported by RE2; "
                "parse both and compare them",
                (token.start, token.end),
            )
        out.append(text)
    translated = "".join(out)
    said = regex.reason_of_refusal(plain_names(translated))
    if said is not None:
        reason, place = explained(pattern, said)
        raise _invalid(f"RE2 does not take this regex: {reason}", place)
    return translated


def _invalid(message: str, place: Place | None) -> InvalidRegex:
    error = InvalidRegex(message)
    error.place = place
    return error


def _refuse_look_around(pattern: str, opening: Token) -> None:
    start, place = opening.start, (opening.start, opening.end)
    for opener, name in (
        ("(?=", "ahead"),
        ("(?!", "ahead"),
        ("(?<=", "behind"),
        ("(?<!", "behind"),
    ):
        if pattern.startswith(opener, start):
            raise _invalid(
                f"look-{name} {opener + '…)'!r} in a regex is not supported by RE2; "
                "filter in two steps, or with 'not like'",
                place,
            )
    if pattern.startswith("(?P=", start):
        raise _invalid("back-reference '(?P=…)' in a regex is not supported by RE2", place)


def _is_back_reference(text: str) -> bool:
    return text[1:2] in tuple("123456789k")


def matches(text: Value, pattern: str) -> Value:
    """Tell which texts have a match of an RE2 pattern; missing stays missing."""
    if not isinstance(text, pa.Array):
        return matches(_one(text), pattern)[0]
    return regex.matches(text, to_re2(pattern))


def contains(text: Value, literal: str, *, ignore_case: bool = False) -> Value:
    """Tell which texts contain the literal; missing stays missing."""
    if not isinstance(text, pa.Array):
        return contains(_one(text), literal, ignore_case=ignore_case)[0]
    return regex.contains(text, literal, ignore_case=ignore_case)


def _one(text: pa.Scalar) -> pa.Array:
    return pa.array([text.as_py()], pa.string())
