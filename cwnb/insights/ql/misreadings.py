"""Valid text that may not mean what its writer had in mind: the notes and hints about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from cwnb.insights import tree
from cwnb.insights.ql import foreign
from cwnb.insights.ql.tokens import quote
from cwnb.insights.ql.writer import to_text
from cwnb.insights.text.regex import InvalidRegex, checked
from cwnb.insights.values.periods import unit_named
from cwnb.regex import escape, write_regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot.tokenizer_core import Token

_DATE = re.compile(r"(?:19|20)\d\d-[01]?\d-[0-3]?\d")
_NUMERIC = re.compile(r"\s*[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?\s*")
# Rows of stars, and stars beside a blank, are decoration of a text more often than wildcards.
_STARS_AT_ENDS = re.compile(r"(\*?)((?![*\s])[^*]*(?<![*\s]))(\*?)")
# In a text that is compared a bar or a dollar sign seldom is one of a regex.
_SURE_SIGNS_OF_REGEX = re.compile(r"\.[*+]|\A\^\w|\\[dws][+*]", re.DOTALL)
_SIGNS_OF_REGEX = re.compile(r"\A\^.|.\$\Z|\.\*|\w\|\w", re.DOTALL)
# `{x}`, `<x>` and `%{WORD:x}`, which other languages have for the parts to name.
_PLACES = re.compile(r"%\{\w+:(\w+)(?::\w+)?\}|\{([A-Za-z_]\w*)\}|<([A-Za-z_]\w*)>")
# What follows an opening tag is a value of XML, whatever the name.
_TAG = re.compile(r"<\w+>")
_COMMENT_OF_SQL = re.compile(r"--\s+\S+\s+\Z")
_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def of_wildcards(text: str) -> str | None:
    """Say that `%` is no wildcard, for a text behind `like` that is written as in SQL."""
    after_number = text.endswith("%") and text[-2:-1].isdigit()  # "50%" means just that
    starts, ends = not text.startswith("%"), not text.endswith("%") or after_number
    if len(text) < 2 or (starts and ends):
        return None
    core = text.strip("%")
    if starts or ends:
        meant = "/" + "^" * starts + re.escape(core).replace("/", "\\/") + "$" * ends + "/"
    else:
        meant = quote(core)
    return (
        f"like finds a text anywhere, and % is a character like any other in {quote(text)}; "
        f"for any characters there write like {meant}"
    )


def of_dashes(first: Token, second: Token) -> str | None:
    """Say that `--` begins no comment, for two adjacent minus signs."""
    adjacent = second.start == first.end + 1
    return f"-- is two minus signs; {foreign.COMMENT}" if adjacent else None


def of_sum(node: exp.Expression, query: str) -> str | None:
    """Say how a sum is read that looks like a date, or like texts that are to be joined."""
    written = query[node.meta["start"] : node.meta["end"]]
    if isinstance(node, exp.Sub) and _DATE.fullmatch(written):
        return (
            f"{written} is read as two subtractions; a time is written "
            f'parseDate("{written}", "yyyy-MM-dd"), in milliseconds'
        )
    texts = [side for side in (node.this, node.expression) if side.is_string]
    if isinstance(node, exp.Add) and any(not _NUMERIC.fullmatch(str(text.this)) for text in texts):
        return f"+ adds numbers; write concat(…, …) to join texts in {written}"
    return None


def of_period(count: str, unit: str) -> str:
    """Say where a period such as `15m` may stand, and what it is as a number."""
    message = "a period is an argument of bin, datefloor, dateceil or offset only"
    factor = _UNITS_MS.get(unit_named(unit) or "")
    if factor is None or not count.isdigit():
        return message
    return f"{message}; times are in milliseconds: write {int(count) * factor} for {count}{unit}"


def of_compared(comparison: exp.Expression) -> str | None:
    """Say that `*` is no wildcard, for `route = "/pay*"`, and that `"/pay.*"` is no regex."""
    if not isinstance(comparison, exp.EQ | exp.NEQ) or not comparison.expression.is_string:
        return None
    negated = "not " if isinstance(comparison, exp.NEQ) else ""
    return _of_text_as_it_is(str(comparison.expression.this), "a comparison", f"{negated}like")


def of_listed(values: tree.In, *, negated: bool) -> str | None:
    """Say of the first text in a list that is written as a glob or a regex that it is neither."""
    field = to_text(values.args["value"])
    operator = f"{field} not like" if negated else f"{field} like"
    texts = [str(option.this) for option in values.args["options"] if option.is_string]
    said = (_of_text_as_it_is(text, "'in'", operator) for text in texts)
    return next(filter(None, said), None)


def _of_text_as_it_is(text: str, what: str, operator: str) -> str | None:
    """Say that `what` takes a glob or a regex as it is, and what to write with an operator."""
    taken = f"{what} takes {quote(text)} as it is"
    if _SURE_SIGNS_OF_REGEX.search(text):
        meant = write_regex(text) if _is_regex(text) else "/…/"
        return f"{taken}; for a regex write {operator} {meant}"
    without = _without_stars(text)
    if without is None:
        return None
    return (
        f"{taken}, and * is a character like any other in it; for any characters there write "
        f"{operator} {without}"
    )


def of_regex_signs(text: str) -> str | None:
    """Say that a text behind `like` is searched as it is, if it is written as a glob or a regex."""
    if _SIGNS_OF_REGEX.search(text):
        meant = write_regex(text) if _is_regex(text) else "/…/"
        return f"like searches the text {quote(text)} as it is; for a regex write like {meant}"
    without = _without_stars(text)
    if without is None:
        return None
    return (
        f"like finds a text anywhere, and * is a character like any other in {quote(text)}; "
        f"for any characters there write like {without}"
    )


def _without_stars(text: str) -> str | None:
    """Give what stands behind `like` for a text with `*` at its ends; None for any other text."""
    match = _STARS_AT_ENDS.fullmatch(text)
    if match is None or not (match[1] or match[3]):
        return None
    if match[1] and match[3]:
        return quote(match[2])
    pattern = escape(match[2])
    return write_regex(f"{pattern}$" if match[1] else f"^{pattern}")


def _is_regex(text: str) -> bool:
    try:
        checked(text)
    except InvalidRegex:
        return False
    return True


def of_minus(command: str, item: tree.Item) -> str | None:
    """Say that `-` takes no field away, and is no direction, before the name of a field."""
    value = item.value
    if item.args.get("alias") or not (
        isinstance(value, exp.Neg) and isinstance(value.this, tree.Field)
    ):
        return None
    name = to_text(value.this)
    if command == "sort":
        return (
            f"-{name} is the number with the other sign, and texts have none; "
            f"write sort {name} desc"
        )
    return (
        f"-{name} is {name} with the other sign; {command} lists the fields to show, and takes "
        "none away"
    )


def of_attached_minus(command: str, item: tree.Item, query: str) -> str | None:
    """Say how `level -ms` is read, which takes a field away in other languages."""
    value = item.value
    if item.args.get("alias") or not isinstance(value, exp.Sub):
        return None
    left, right = value.this, value.expression
    if not (isinstance(left, tree.Field) and isinstance(right, tree.Field)):
        return None
    if not re.fullmatch(r"\s+-", query[left.meta["end"] : right.meta["start"]]):
        return None
    one, other = to_text(left), to_text(right)
    return (
        f"{one} -{other} is {one} minus {other}; {command} lists the fields to show, joined by "
        "commas, and takes none away"
    )


def of_glob(glob: str, names: Sequence[str]) -> str | None:
    """Say what a glob without `*` does, if it has names in another way, or no names."""
    found = [next(filter(None, match.groups())) for match in _PLACES.finditer(glob)]
    if "*" in glob or (names and (found != list(names) or _TAG.fullmatch(glob))):
        return None
    does = f"{', '.join(names)} is all that follows it" if names else "it names nothing"
    said = f"the glob {quote(glob)} has no *, so {does}"
    if not found:
        return f"{said}; write * for each part to name, and the names after 'as'"
    meant = quote(_PLACES.sub("*", glob))
    between = [escape(part) for part in _PLACES.split(glob)[:: _PLACES.groups + 1]]
    groups = [*(rf"(?P<{name}>\S+)" for name in found), ""]
    regex = write_regex("".join(map("".join, zip(between, groups, strict=True))))
    return f"{said}; write {meant} as {', '.join(found)}, or {regex}"


def begins_comment(query: str, position: int) -> bool:
    """Tell whether `--` stands before the place, on the same line and a word before it."""
    return _COMMENT_OF_SQL.search(query[:position]) is not None
