"""Pieces of a pattern as they are explained: what each says of one message, and why."""

from __future__ import annotations

from dataclasses import dataclass

_SHOWN = 60


@dataclass(frozen=True)
class Piece:
    """A part of a pattern with what became of it.

    `holds` is None for what decides nothing: a field without a condition, an ignored term.
    """

    text: str
    holds: bool | None
    reason: str


def shown(value: object) -> str:
    """Write a value for a reason, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 2]}…{text[-1]}"
