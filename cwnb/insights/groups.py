"""Which groups of a regex may take no part in a match, read from its text."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from cwnb.insights.regex import pieces


@dataclass
class Group:
    """A group of a pattern, or (the outermost) the whole of it.

    `optional`: a match need not go through it, because of `?`, `*`, `{0,…}` or `|`.
    """

    name: str | None = None
    start: int = 0
    parent: Group | None = None
    repeats: bool = False
    alternates: bool = False
    body: str = field(default="")

    @property
    def optional(self) -> bool:
        """Tell whether a match may leave the group out."""
        group: Group | None = self
        while group is not None and group.parent is not None:
            if group.repeats or group.parent.alternates:
                return True
            group = group.parent
        return False

    @property
    def can_be_empty(self) -> bool:
        """Tell whether the group can match the empty text."""
        return _matches_nothing(self.body)


@functools.lru_cache(maxsize=256)
def _matches_nothing(body: str) -> bool:
    found = pc.match_substring_regex(pa.array([""]), rf"\A(?:{body})\z")
    return bool(found[0].as_py())


def groups(pattern: str) -> list[Group]:
    """List the named groups of an RE2 pattern, in order."""
    whole = Group(body=pattern)
    here, found = whole, []
    parts = pieces(pattern)
    for i, (start, piece) in enumerate(parts):
        if piece.startswith("("):
            here = Group(start=start, parent=here)
            opener = next((o for o in ("(?P<", "(?<") if pattern.startswith(o, start)), None)
            if opener is not None:
                here.name = pattern[start + len(opener) : pattern.index(">", start)]
                found.append(here)
        elif piece == "|":
            here.alternates = True
        elif piece == ")" and here.parent is not None:
            behind = pattern[parts[i + 1][0] :] if i + 1 < len(parts) else ""
            here.repeats = behind.startswith(("?", "*", "{0"))
            inside = here.start + 1 if here.name is None else pattern.index(">", here.start) + 1
            here.body = pattern[inside:start]
            here = here.parent
    return found
