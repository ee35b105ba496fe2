"""Warnings about the columns of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cwnb.insights import Outcome


def warn_of_types(outcome: Outcome) -> list[str]:
    """Give a warning for each field that was read and has values of several types."""
    return [
        f"field {name!r} holds values of several types; each is compared by its own type, and the "
        "column shows their text"
        for name in outcome.mixed
    ]
