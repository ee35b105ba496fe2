"""The path of the command `json`: keys with dots between them, `[n]` for an item of a list."""

from __future__ import annotations

import re

from cwnb.errors import MalformedQuery

_STEP = re.compile(
    r"""
    \[ (?: (?P<index> \d+ ) | '(?P<single> [^']+ )' | "(?P<double> [^"]+ )" ) \]
  | (?P<dot> \.? ) (?: `(?P<quoted> [^`]+ )` | (?P<plain> [^.`\[\]"']+ ) )
    """,
    re.VERBOSE,
)


def json_path(written: str) -> list[str]:
    """Read a path as keys and indexes, all as texts; raises MalformedQuery for what is none."""
    path: list[str] = []
    place = 0
    while place < len(written):
        match = _STEP.match(written, place)
        # The first step has no dot before it, and every other key has one.
        if match is None or (match["dot"] is not None and bool(match["dot"]) is (place == 0)):
            raise _no_path(written)
        path.append(next(filter(None, match.group("index", "single", "double", "quoted", "plain"))))
        place = match.end()
    if not path or path[0] == "$":
        raise _no_path(written)
    return path


def _no_path(written: str) -> MalformedQuery:
    return MalformedQuery(
        f"{written!r} is no path; write keys and indexes such as 'order.items[0].sku'"
    )
