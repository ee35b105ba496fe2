"""Levels of log events: which field has them, and in which order they are shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cwnb.insights import write_name

if TYPE_CHECKING:
    from collections.abc import Iterable

# What stands for the level of an event that has none.
MISSING = "(missing)"
# The most severe first, each with the words that loggers write for it, in lower case.
_WORDS = {
    "fatal": "fatal emerg emergency panic alert crit critical severe f",
    "error": "error err eror fail failure e",
    "warning": "warning warn w",
    "notice": "notice n",
    "info": "info information informational ok i",
    "debug": "debug dbg config d",
    "trace": "trace verbose fine finer finest silly t v",
}
SEVERITIES = tuple(_WORDS)
_SEVERITY = {word: severity for severity, words in _WORDS.items() for word in words.split()}
# Names of fields, the likeliest first, in lower case and without what divides their words.
_FIELDS = (
    *("level", "loglevel", "levelname", "lvl", "severity", "severitytext", "severitylevel", "sev"),
    *("log.level", "record.level.name", "log.severity"),
)
# Loggers of Python and of Node number their levels 10, 20, …, 60, the most severe last; those of
# syslog are 0 to 7, the most severe first.
_LEAST_OF_TENS = 10


def level_field(names: Iterable[str]) -> str:
    """Give an expression of the language for the level of an event; empty where no field has it.

    Events of different loggers may have it under different names: of each, the likeliest counts.
    """
    found = sorted((_FIELDS.index(plain), name) for name in names if (plain := _plain(name)))
    fields = [write_name(name) for _, name in found]
    return f"coalesce({', '.join(fields)})" if len(fields) > 1 else "".join(fields)


def _plain(name: str) -> str:
    """Give a name as `_FIELDS` has it, empty if it is not there."""
    plain = re.sub("[-_ ]", "", name).lower()
    return plain if plain in _FIELDS else ""


def severity(level: str) -> str:
    """Give one of SEVERITIES for the name of a level, or "other"."""
    return _SEVERITY.get(level.strip().lower(), "other")


def in_order(levels: Iterable[str]) -> list[str]:
    """Sort names of levels: the most severe first, then numbers and other names, MISSING last."""
    names = list(levels)
    numbers = {name: float(name) for name in names if re.fullmatch(r"\d{1,15}", name, re.ASCII)}
    direction = -1 if min(numbers.values(), default=0) >= _LEAST_OF_TENS else 1

    def place(name: str) -> tuple[int, float, str]:
        if name == MISSING:
            return len(SEVERITIES) + 2, 0, ""
        if (found := severity(name)) in SEVERITIES:
            return SEVERITIES.index(found), 0, name.lower()
        if name in numbers:
            return len(SEVERITIES), direction * numbers[name], ""
        return len(SEVERITIES) + 1, 0, name

    return sorted(names, key=place)
