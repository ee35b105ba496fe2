"""The colours of levels read on white and on black, and errors are always red-orange."""

from __future__ import annotations

import pytest

from cwnb.results.level_colours import BLUE, ORANGE, OTHER, level_colours
from cwnb.results.levels import MISSING, SEVERITIES, in_order, severity


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def colours(*names: str) -> dict[str, str]:
    levels = in_order(names)
    found = level_colours(levels, [severity(name) for name in levels])
    return dict(zip(levels, found, strict=True))


LEVELS = [
    ("ERROR", "INFO"),
    ("FATAL", "ERROR", "WARN", "NOTICE", "INFO", "DEBUG", "TRACE", MISSING),
    ("ERROR", "FAILURE", "WARN", "WARNING"),
    ("10", "20", "30", "40"),
    tuple(f"level {i}" for i in range(12)),
    ("events",),
]


@pytest.mark.parametrize("levels", LEVELS, ids=lambda levels: levels[0])
def test_levels_can_be_seen_and_told_apart(levels):
    found = colours(*levels)
    for colour in found.values():
        assert contrast(colour, "#ffffff") >= 3
        assert contrast(colour, "#111111") >= 3
    coloured = [colour for colour in found.values() if colour != OTHER]
    assert len(set(coloured)) == len(coloured)
    assert len(coloured) >= min(len(levels) - (MISSING in levels), 7)


def test_a_severity_keeps_its_colour():
    assert colours("ERROR")["ERROR"] == colours("error", "INFO", "10")["error"] == ORANGE
    assert colours("ERROR", "FAILURE")["ERROR"] == ORANGE
    assert colours("info", MISSING) == {"info": BLUE, MISSING: OTHER}
    assert colours("events") == {"events": BLUE}
    assert len({colours(name)[name] for name in SEVERITIES}) == len(SEVERITIES)
