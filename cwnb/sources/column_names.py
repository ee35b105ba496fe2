"""Make the names of columns unique: a column with the name of another gets a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cwnb.sources.report import FileReport


def unique_names(names: list[str], report: FileReport) -> list[str]:
    """Give each column a name of its own; the report says which names were changed."""
    found = made_unique(names)
    pairs = zip(names, found, strict=True)
    changed = [f"{name!r} became {new!r}" for name, new in pairs if name and name != new]
    if changed:
        more = f" and {len(changed) - 3:,} more" if len(changed) > 3 else ""
        report.notes.append(f"columns of one name: {', '.join(changed[:3])}{more}")
    return found


def made_unique(names: list[str]) -> list[str]:
    """Give each name of its own: the second `a` is `a_2`, an empty one is named by its place."""
    given, used = set(names), set()
    numbers: dict[str, int] = {}
    found = []
    for place, given_name in enumerate(names, 1):
        free = name = given_name or f"column{place}"
        number = numbers.get(name, 2)
        while free in used or (free != name and free in given):
            free = f"{name}_{number}"
            number += 1
        numbers[name] = number
        used.add(free)
        found.append(free)
    return found
