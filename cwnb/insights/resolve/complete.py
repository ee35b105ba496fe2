"""Write out the defaults of a query: how many rows, in which order, which columns.

`complete` stands between the checks and running. The engine and the pandas writer read its output
alike, so that a default is decided in one place.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from sqlglot import exp

from cwnb.events import SEQUENCE, TIMESTAMP
from cwnb.insights.inputs import columns_of_input
from cwnb.insights.tree import (
    Field,
    Fields,
    Item,
    Limit,
    Names,
    Order,
    Pipeline,
    Query,
    Shown,
    SortKey,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.events import Sources
    from cwnb.insights.tree import Command

# Rows of an answer without `limit`, and the most that `limit` may ask for. Source:
# CWL_QuerySyntax-Limit.
DEFAULT_LIMIT = 10_000
MAXIMUM_LIMIT = 100_000
EVENTS = Shown()


def complete(query: Query, sources: Sources, *, limit: int | None = None) -> Query:
    """Give a query with every default written out; the argument is not changed.

    `limit` limits the rows of the answer, as the `limit` of StartQuery does. Only the last pipeline
    gets a default limit, because an answer that another pipeline reads must be whole.
    """
    pipelines: list[Pipeline] = []
    for pipeline in query.pipelines:
        columns = columns_of_input(pipeline.input, sources, pipelines)
        shown = EVENTS if columns is None else Shown(tuple(columns), defaults=False)
        is_answer = pipeline is query.answer
        pipelines.append(complete_pipeline(pipeline, shown, is_answer=is_answer, limit=limit))
    completed = Query(pipelines=pipelines, language=query.language)
    completed.meta.update(query.meta)
    return completed


def complete_pipeline(
    pipeline: Pipeline,
    shown: Shown = EVENTS,
    *,
    is_answer: bool = True,
    limit: int | None = None,
) -> Pipeline:
    """Give one pipeline with its defaults written out.

    `shown` are the columns that its input shows. Only the answer has a limit by default.
    """
    # Only those that sort are changed.
    commands = [c.copy() if c.sort_keys() else c for c in pipeline.commands]
    commands = explicit_sort(commands)
    if is_answer:
        commands = explicit_limit(commands, limit)
    outputs = output_names(commands, shown)
    completed = Pipeline(commands=commands, input=pipeline.input, outputs=outputs)
    completed.meta.update(pipeline.meta)
    return completed


def explicit_limit(commands: list[Command], limit: int | None = None) -> list[Command]:
    """Add `limit` as a command; without one, add the default where the query states no limit."""
    own = any(command.row_cap() is not None for command in after_names_replaced(commands))
    if limit is None and own:
        return commands
    count = DEFAULT_LIMIT if limit is None else limit
    added = Limit(count=exp.Literal.number(count))
    added.meta["implicit"] = limit is None
    return [*commands, added]


def after_names_replaced(commands: Sequence[Command]) -> Sequence[Command]:
    """Give the commands after the last one that replaces all names, such as `stats`."""
    places = [i for i, command in enumerate(commands) if command.names is Names.REPLACES]
    return commands[places[-1] + 1 :] if places else commands


def explicit_sort(commands: list[Command]) -> list[Command]:
    """Give the commands with every sort written out.

    `sort f(x) as y` becomes `fields f(x) as y | sort y`. Events that all keys leave equal follow
    their order of arrival in the direction of `@timestamp`, where it is sorted by.
    """
    result: list[Command] = []
    events, ordered = True, False
    for command in commands:
        keys = command.sort_keys()
        named = [key.args["item"] for key in keys if key.args["item"].args.get("alias")]
        if named:
            result.append(Fields(items=[item.copy() for item in named]))
        for item in named:
            item.set("value", Field(parts=[item.args["alias"]]))
        # Rows come in newest first, so the first sort that is stable needs no further key to put
        # times in descending order.
        timed = [key for key in keys if _is_time(key)]
        descending = bool(timed and timed[0].args["descending"])
        if timed and events and (ordered or not descending):
            arrival = Item(value=Field(parts=[SEQUENCE]), text=SEQUENCE)
            keys.append(SortKey(item=arrival, descending=descending))
        ordered = ordered or command.order is not Order.KEEPS
        events = events and command.names is not Names.REPLACES
        result.append(command)
    return result


def _is_time(key: SortKey) -> bool:
    value = key.args["item"].value
    return isinstance(value, Field) and value.name == TIMESTAMP


def output_names(commands: Sequence[Command], shown: Shown = EVENTS) -> list[str]:
    """Name the columns of the answer, in order.

    Those of the last `display`; else those of the last `stats` and of later commands; else those of
    all commands. `@timestamp` and `@message` come first where no command lists columns.
    """
    return shown_after(commands, shown).columns()


def shown_after(commands: Sequence[Command], shown: Shown = EVENTS) -> Shown:
    """Give the columns that are shown after these commands."""
    return reduce(lambda before, command: command.outputs(before), commands, shown)
