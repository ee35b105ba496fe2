"""The colours of levels, such that errors look like errors whatever other levels there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.results.levels import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Each has a contrast of at least 3 to white and to #111, as WCAG measures it.
BLUE, ORANGE, GREEN, PURPLE = "#2f7edc", "#ee5a0e", "#109f43", "#af45a4"
TEAL, BROWN, LILAC, VIOLET = "#167260", "#a04d12", "#a884b8", "#5443fa"
AMBER = "#b7860b"
OTHER = "#8b9099"
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
