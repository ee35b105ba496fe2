"""Valid text that may not mean what its writer had in mind: the notes and hints about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from cwnb.insights.ql import foreign
from cwnb.insights.ql.tokens import quote
from cwnb.insights.values.periods import unit_named

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_DATE = re.compile(r"(?:19|20)\d\d-[01]?\d-[0-3]?\d")
_NUMERIC = re.compile(r"\s*[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?\s*")
_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


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
