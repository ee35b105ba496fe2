"""The capturing groups of a regular expression, read from its text by RE2's syntax."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PIECE = re.compile(
    r"""
    \\Q.*?(?:\\E|\Z)                                  # quoted text
  | \\.                                               # an escaped character
  | \[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]           # a class
  | \((?:\?P?<(?P<name>[^>=!]*)>|(?P<other>\?))?      # a group: named, special, or plain
  | .
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Capture:
    """A capturing group: where its `(` stands, and its name if it has one."""

    start: int
    end: int
    name: str | None


def captures(pattern: str) -> list[Capture]:
    """List the capturing groups in order."""
    return [
        Capture(piece.start(), piece.end(), piece["name"])
        for piece in _PIECE.finditer(pattern)
        if piece[0].startswith("(") and piece["other"] is None
    ]


def name_only(pattern: str) -> str:
    """Keep named groups as the only ones that capture, if there are any."""
    groups = captures(pattern)
    if not any(group.name for group in groups):
        return pattern
    for group in reversed(groups):
        if group.name is None:
            pattern = f"{pattern[: group.start]}(?:{pattern[group.end :]}"
    return pattern


def write_regex(pattern: str) -> str:
    """Write a pattern between slashes, as a query has it: `(?<name>…)`, its slashes escaped."""
    pieces = []
    for piece in _PIECE.finditer(pattern):
        text = piece[0]
        if text.startswith("(?P<"):
            text = "(?<" + text[4:]
        elif not text.startswith("\\"):
            text = re.sub(r"(\\.)|/", lambda m: m[1] or "\\/", text, flags=re.DOTALL)
        elif text.startswith("\\Q"):
            text = text.replace("/", "\\E\\/\\Q")
        pieces.append(text.replace("\n", "\\n"))
    return "/" + "".join(pieces) + "/"
