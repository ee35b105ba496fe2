"""Warnings about what a query has read, and about the columns of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.events import ALL_TIME
from cwnb.insights import extent_of_answer, window_of
from cwnb.window import window_text

if TYPE_CHECKING:
    from cwnb.insights import Outcome, Query, QueryContext


def warn_of_types(outcome: Outcome) -> list[str]:
    """Give a warning for each field that was read and has values of several types."""
    return [
        f"field {name!r} holds values of several types; each is compared by its own type, and the "
        "column shows their text"
        for name in outcome.mixed
    ]


def warn_of_no_events(query: Query, context: QueryContext, *, opened: bool) -> list[str]:
    """Say where the events lie, after a query that has read none.

    `opened`: whether something was opened to look for them. If not, and the window may have some,
    they were left out because none can pass the filters.
    """
    extent = extent_of_answer(query, context)
    if extent is None:
        return ["there are no events to read"]
    if extent.in_window and not opened:
        return []
    lie = window_text(ALL_TIME, extent).removeprefix("all events, ")
    window = window_of(query.answer.input, context)
    return [f"there are no events {window_text(window, None)}; they lie {lie}"]
