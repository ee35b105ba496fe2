"""The known name that is nearest to one that is not known, for the messages of errors."""

from __future__ import annotations

import difflib
import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

# difflib takes milliseconds to compare two names of 500 letters, so it compares this many at most.
_COMPARED_NAMES = 30


def nearest(name: str, known: Collection[str], *, cutoff: float = 0.6) -> str | None:
    """Give the known name that is most like this one, or None if none is alike.

    `cutoff`: from 0 to 1, how much alike it must be, as `difflib` measures it. Of many names only
    those are measured that share most pairs of letters with `name`.
    """
    candidates: Collection[str] = known
    if len(known) > _COMPARED_NAMES:
        pairs = _pairs(name)

        def shared(candidate: str) -> float:
            others = _pairs(candidate)
            return len(pairs & others) / (len(pairs) + len(others))

        candidates = heapq.nlargest(_COMPARED_NAMES, known, key=shared)
    near = difflib.get_close_matches(name, candidates, n=1, cutoff=cutoff)
    return near[0] if near else None


def _pairs(name: str) -> set[str]:
    framed = f" {name} "
    return {framed[place : place + 2] for place in range(len(framed) - 1)}
