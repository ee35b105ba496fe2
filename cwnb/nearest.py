"""The known name that is nearest to one that is not known, for the messages of errors."""

from __future__ import annotations

import difflib
import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# difflib takes milliseconds for two names of 500 characters, so it compares at most this many.
_COMPARED_NAMES = 30
DID_YOU_MEAN = "did you mean"


def nearest(name: str, known: Collection[str], *, cutoff: float = 0.6) -> str | None:
    """Give the known name that is most like this one, or None if none is alike.

    `cutoff`: from 0 to 1, how much alike it must be, as `difflib` measures it. Of many names only
    those are measured that share most pairs of characters with `name`.
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


def suggestion(name: str, known: Iterable[str], *, cutoff: float = 0.6, otherwise: str = "") -> str:
    """Give `; did you mean 'x'?` with the nearest known name, whatever its case.

    If none is near, `otherwise` follows the semicolon; without that, the suggestion is empty.
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    near = nearest(name.lower(), list(by_lower), cutoff=cutoff)
    if near:
        return f"; {DID_YOU_MEAN} {by_lower[near]!r}?"
    return f"; {otherwise}" if otherwise else ""


def unknown(what: str, name: object, known: Collection[str]) -> str:
    """Word the error for a name that is none of a few: with the nearest one, or else all of them.

    Such as "unknown view 'log'; did you mean 'logs'?".
    """
    otherwise = f"it is one of {', '.join(known)}"
    return f"unknown {what} {name!r}{suggestion(str(name), known, otherwise=otherwise)}"


def _pairs(name: str) -> set[str]:
    framed = f" {name} "
    return {framed[place : place + 2] for place in range(len(framed) - 1)}
