"""The colours of charts. The ground is transparent, so all of them read on white and on black."""

from __future__ import annotations

# Each has a contrast of at least 3 to white and to #111, as WCAG measures it, so that none can be
# very light or very dark. They were chosen so that colour-blind readers tell them apart.
BLUE, ORANGE, GREEN, PURPLE = "#2f7edc", "#ee5a0e", "#109f43", "#af45a4"
TEAL, BROWN, LILAC, VIOLET = "#167260", "#a04d12", "#a884b8", "#5443fa"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, TEAL, BROWN, LILAC, VIOLET)
OTHER = "#8b9099"
# Text has a contrast of at least 4 to both.
INK = "#757b84"
# Lines that only help the eye are faint: colour and opacity.
GRID = ("#808080", 0.22)
EDGE = ("#808080", 0.6)


def colours(count: int) -> list[str]:
    """Give the colours of so many series, in order; past the palette all are grey."""
    return [PALETTE[i] if i < len(PALETTE) else OTHER for i in range(count)]
