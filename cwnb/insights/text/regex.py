"""The regular expressions of queries: what RE2 does not take is an error with its reason."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import pyarrow as pa

from cwnb import regex
from cwnb.errors import MalformedQuery
from cwnb.regex import plain_names, tokens

if TYPE_CHECKING:
    from cwnb.insights.values.value_types import Value


class InvalidRegex(MalformedQuery):
    """A pattern that RE2 refuses, with its reason."""


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
            _refuse_look_around(pattern, token.start)
            text = re.sub(r"^\(\?<", "(?P<", text)
        elif token.kind == "escape" and _is_back_reference(text):
            raise InvalidRegex(
                f"back-reference {text!r} in a regex is not supported by RE2; "
                "parse both and compare them"
            )
        out.append(text)
    translated = "".join(out)
    reason = regex.reason_of_refusal(plain_names(translated))
    if reason is not None:
        raise InvalidRegex(f"RE2 does not take the regex {pattern!r}: {reason}")
    return translated


def _refuse_look_around(pattern: str, start: int) -> None:
    for opener, name in (
        ("(?=", "ahead"),
        ("(?!", "ahead"),
        ("(?<=", "behind"),
        ("(?<!", "behind"),
    ):
        if pattern.startswith(opener, start):
            raise InvalidRegex(
                f"look-{name} {opener + '…)'!r} in a regex is not supported by RE2; "
                "filter in two steps, or with 'not like'"
            )
    if pattern.startswith("(?P=", start):
        raise InvalidRegex("back-reference '(?P=…)' in a regex is not supported by RE2")


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
