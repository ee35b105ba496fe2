"""Numbers and lists of things as text: "1 event", "2,000 events", "a, b and c"."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def counted(count: int, noun: str) -> str:
    """Write a number and a noun, with an s for all numbers but 1."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def listed(parts: Sequence[str]) -> str:
    """Join parts of a sentence, the last two by `and`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
