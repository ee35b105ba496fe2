"""What a user should know about the columns of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cwnb.insights import Outcome


def warn_of_types(outcome: Outcome) -> list[str]:
    """Name the fields that were read and have values of several types."""
    return [
        f"field {name!r} holds values of several types; each is compared as what it is, and the "
        "column shows their text"
        for name in outcome.mixed
    ]
