"""The spellings of units of time in a query, and the largest count of each in the service.

Source: CWL_QuerySyntax-Stats, CWL_QuerySyntax-operations-functions.
"""

from __future__ import annotations

# The unit as a Period has it, its spellings, and its cap in `bin`, `datefloor` and `dateceil`.
UNITS: dict[str, tuple[tuple[str, ...], int | None]] = {
    "ms": (("ms", "msec", "millisecond"), 1000),
    "s": (("s", "sec", "second"), 60),
    "m": (("m", "min", "minute"), 60),
    "h": (("h", "hr", "hour"), 24),
    "d": (("d", "day"), None),
    "w": (("w", "week"), None),
    "mo": (("mo", "mon", "month"), None),
    "q": (("q", "qtr", "quarter"), None),
    "y": (("y", "yr", "year"), None),
}
_BY_SPELLING = {
    spelling: unit
    for unit, (spellings, _) in UNITS.items()
    for short in spellings
    for spelling in ((short, short + "s") if len(short) > 1 else (short,))
}


def spellings() -> list[str]:
    """Give every spelling of a unit, plurals too, in alphabetical order."""
    return sorted(_BY_SPELLING)


def unit_named(spelling: str) -> str | None:
    """Give the unit of a spelling in any case, with or without a plural `s`, or None."""
    return _BY_SPELLING.get(spelling.lower())


def capped(count: int, unit: str) -> int:
    """Lower a count to the cap of its unit, as the service does: `bin(300s)` runs as `bin(60s)`."""
    cap = UNITS[unit][1]
    return count if cap is None else min(count, cap)
