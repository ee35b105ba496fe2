"""The colours of levels, such that errors look like errors whatever other levels there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.results.inks import BLUE, BROWN, GREEN, LILAC, ORANGE, OTHER, PURPLE, TEAL, VIOLET
from cwnb.results.levels import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

# A warning is yellow, as far as the contrast allows that all these colours have (see `inks`).
AMBER = "#b7860b"
_COLOURS = {
    "fatal": PURPLE,
    "error": ORANGE,
    "warning": AMBER,
    "notice": TEAL,
    "info": BLUE,
    "debug": GREEN,
    "trace": LILAC,
}


def level_colours(names: Sequence[str], severities: Sequence[str]) -> list[str]:
    """Give a colour for each level; `severities` are those of `levels.severity`.

    A second level of the same severity, and one that has none, gets a colour that is left. Events
    without a level are grey, and so are levels for which no colour is left.
    """
    if len(names) == 1 and severities[0] == "other":
        return [BLUE]
    taken: set[str] = set()
    chosen: list[str | None] = []
    for severity in severities:
        colour = _COLOURS.get(severity)
        chosen.append(None if colour in taken else colour)
        taken.add(colour or "")
    left = [
        colour
        for colour in (VIOLET, BROWN, TEAL, LILAC, GREEN, PURPLE, AMBER)
        if colour not in taken
    ]
    return [
        colour or (left.pop(0) if left and name != MISSING else OTHER)
        for name, colour in zip(names, chosen, strict=True)
    ]
