"""Warnings about what a query has read, and about the columns of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.events import ALL_TIME
from cwnb.insights import (
    Groups,
    extent_of_answer,
    fields_asked_for_text,
    open_input,
    to_text,
    window_of,
    write_name,
)
from cwnb.nearest import DID_YOU_MEAN
from cwnb.window import window_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.events import Extent
    from cwnb.insights import Input, Outcome, Query, QueryContext


def warn_of_types(query: Query, outcome: Outcome) -> list[str]:
    """Give a warning for each field whose values the query may not mean to read as it does."""
    return [
        *_of_mixed(outcome),
        *_of_ordered_texts(outcome),
        *_of_truths(outcome),
        *_of_structures(query, outcome),
        *_of_keys(outcome),
    ]


def _of_truths(outcome: Outcome) -> Iterator[str]:
    for name in outcome.truths_beside_numbers:
        yield (
            f'some values of {name!r} are the texts "true" or "false", which are no numbers; '
            f"write such as {write_name(name)} = true"
        )
    for name in outcome.capital_truths:
        yield (
            f"some values of {name!r} are true or false in capital letters, and a comparison with "
            f'true finds "true" alone; write tolower({write_name(name)}) = "true"'
        )


def _of_keys(outcome: Outcome) -> list[str]:
    """Warn of a part of a map that is in no map where another key has nearly its name."""
    return [
        f"no value of {name!r} was found{said}"
        for name, said in outcome.keys_beside.items()
        if DID_YOU_MEAN in said
    ]


def _of_ordered_texts(outcome: Outcome) -> list[str]:
    return [
        f"some values of {name!r} are no numbers, and were compared with a number as texts; "
        f"'isNumeric({write_name(name)})' leaves them out"
        for name in outcome.texts_ordered
    ]


def _of_structures(query: Query, outcome: Outcome) -> list[str]:
    """Warn where a list or map is asked for a text: nothing that is asked of it is true."""
    asked: set[str] = set()
    for pipeline in query.pipelines:
        made: set[str] = set()
        for command in pipeline.commands:
            asked |= fields_asked_for_text(command) - made
            made |= command.writes()
    return [
        f"{name!r} holds lists or maps, which no text equals or is part of; "
        f"'jsonArrayContains({write_name(name)}, …)' looks into a list, 'unnest' gives a row for "
        "each item, and a part has a name with a dot"
        for name in outcome.structures
        if name in asked
    ]


def _of_mixed(outcome: Outcome) -> list[str]:
    return [
        f"field {name!r} holds values of several types, and the column shows their text; two are "
        "compared as numbers where both are numbers, else as texts"
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
    return [f"there are no events {_where(query.answer.input, extent, context)}"]


def warn_of_empty_inputs(query: Query, context: QueryContext, outcome: Outcome) -> list[str]:
    """Say which log groups that subqueries and sides of joins name had no event to read."""
    told = []
    read = {step.pipeline for step in outcome.steps if step.rows_out}
    for place, pipeline in enumerate(query.pipelines):
        if pipeline is query.answer or place in read or not isinstance(pipeline.input, Groups):
            continue
        named = " ".join(to_text(pipeline.input).split())
        window = window_of(pipeline.input, context)
        extent = open_input(pipeline.input, context.sources, ()).extent(window)
        if extent is None:
            told.append(f"{named} has no events")
        elif not extent.in_window:
            told.append(f"{named} has no events {_where(pipeline.input, extent, context)}")
    return told


def _where(input: Input, extent: Extent, context: QueryContext) -> str:
    """Write the times that were asked about, and those in which the events lie."""
    lie = window_text(ALL_TIME, extent).removeprefix("all events, ")
    return f"{window_text(window_of(input, context), None)}; they lie {lie}"
