"""The inputs of pipelines: log groups, tables, and the answers of earlier pipelines."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import InvalidParameter, MalformedQuery, ResourceNotFound
from cwnb.events import MESSAGE, SEQUENCE, Condition, Extent, Scan, Window
from cwnb.insights import frame_columns, frames, tree
from cwnb.insights.ql.tokens import unquote
from cwnb.window import read_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cwnb.events import Source, Sources
    from cwnb.insights.context import QueryContext


_QUOTED = re.compile(r""" "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' """, re.VERBOSE | re.DOTALL)


class RowsSource:
    """Rows in memory that keep their order, whatever times they hold: a table, or an answer.

    `columns` are Arrow arrays of `rows` values each. A query without `sort` gives the rows in this
    order, and no window leaves any of them out.
    """

    def __init__(self, columns: dict[str, Any], rows: int, *, name: str) -> None:
        self._name = name
        self._rows = rows
        # The engine shows the last row of a task first, so a task holds its rows in reverse.
        back = pa.array(np.arange(rows - 1, -1, -1))
        self._columns = {name: array.take(back) for name, array in columns.items()}
        self._columns[SEQUENCE] = pa.array(np.arange(rows, dtype=np.int64))

    def scan(
        self,
        columns: Sequence[str],  # noqa: ARG002
        window: Window,  # noqa: ARG002
        conditions: Sequence[Condition],  # noqa: ARG002
    ) -> Scan:
        """Hand out tasks of consecutive rows, the first rows in the first task."""
        tasks = []
        for start in range(0, self._rows, frames.TASK_ROWS):
            rows = min(frames.TASK_ROWS, self._rows - start)
            held = {name: array.slice(start, rows) for name, array in self._columns.items()}
            message = held.get(MESSAGE)
            size = int(message.nbytes) if message is not None else 0
            tasks.append(frames.FrameTask(held, self._name, 0, 0, rows, size, self._name))
        return Scan(tuple(reversed(tasks)), are_events=False)

    def field_names(self) -> set[str]:
        """Name the columns."""
        return set(self._columns) - {SEQUENCE}

    def has_field(self, name: str) -> bool:
        """Tell whether there is this column, or one that can hold a structure with this key."""
        return has_column(self._columns, name)

    def has_children(self, name: str) -> bool:  # noqa: ARG002
        """Say no: a column is no part of another value."""
        return False

    def cut_events(self, name: str) -> int:  # noqa: ARG002
        """Give 0: a column holds what it holds."""
        return 0

    def extent(self, window: Window) -> None:
        """Give None: rows that are no events have no times of their own."""


def has_column(columns: Sequence[str] | dict[str, Any] | set[str], name: str) -> bool:
    """Tell whether a name is a column, or may be a key of a structure in one (`a.b` of `a`)."""
    parts = name.split(".")
    return any(".".join(parts[:length]) in columns for length in range(1, len(parts) + 1))


def columns_of_input(
    input: tree.Input, sources: Sources, earlier: Sequence[tree.Pipeline]
) -> list[str] | None:
    """Name the columns of an input whose rows are no events; None for events.

    `earlier` are the completed pipelines before this one.
    """
    if type(input) is tree.Answer:
        return earlier[input.place].outputs
    if type(input) is tree.Table:
        return list(sources.table(input.args["name"]).column_names)
    return None


def fields_of_input(input: tree.Input, sources: Sources, earlier: Sequence[tree.Pipeline]) -> Any:
    """Give an object that knows the fields of an input, by its `field_names` and `has_field`.

    For events it is their source. Raises ResourceNotFound for a group or table that is not there.
    """
    names = columns_of_input(input, sources, earlier)
    if names is None:
        return open_input(input, sources, ())
    return RowsSource({name: pa.nulls(0) for name in names}, 0, name="answer")


def open_input(input: tree.Input, sources: Sources, answers: Sequence[Any]) -> Source:
    """Open what a pipeline reads; `answers` are the Outcomes of the pipelines before it."""
    opener = _OPENERS.get(type(input))
    if opener is None:
        raise MalformedQuery(f"cannot read the input {type(input).__name__!r}")
    return opener(input, sources, answers)


def open_inputs(query: tree.Query, sources: Sources) -> None:
    """Open all that the pipelines of a query read; raises ResourceNotFound for what is missing."""
    for pipeline in query.pipelines:
        if not isinstance(pipeline.input, tree.Answer):
            open_input(pipeline.input, sources, ())


@contextmanager
def pointing_at_missing(query: tree.Query) -> Iterator[None]:
    """Let a ResourceNotFound say where the query names the group or table, if it does."""
    try:
        yield
    except ResourceNotFound as error:
        for pipeline in query.pipelines:
            for name, start, end in _names_of_input(pipeline):
                if error.start is None and repr(name) in error.message:
                    text = pipeline.meta.get("text")
                    raise ResourceNotFound(error.message, text, start, end) from None
        raise


def _names_of_input(pipeline: tree.Pipeline) -> Iterator[tuple[str, int, int]]:
    """Give the names of groups or of a table that a pipeline begins with, each with its place."""
    input, text = pipeline.input, pipeline.meta.get("text") or ""
    start, end = input.meta.get("start", 0), input.meta.get("end", 0)
    if type(input) is tree.Table:
        yield input.args["name"], start, end
    elif type(input) is tree.Groups:
        for word in _QUOTED.finditer(text, start, end):
            yield unquote(word[0]), *word.span()


def events_of_answer(query: tree.Query, sources: Sources) -> Source:
    """Open the events that the rows of a query's answer are made of.

    What subqueries and the sides of joins read besides is not there.
    """
    return open_input(query.answer.input, sources, ())


def events_read(query: tree.Query, context: QueryContext) -> list[tuple[Source, Window]]:
    """Give the events of all log groups that a query reads, each with the times that it reads."""
    return [
        (open_input(pipeline.input, context.sources, ()), window_of(pipeline.input, context))
        for pipeline in query.pipelines
        if isinstance(pipeline.input, tree.CallersGroups | tree.Groups)
    ]


def window_of(input: tree.Input, context: QueryContext) -> Window:
    """Give the times in which an input is read: the query's, or those that its SOURCE says.

    Raises InvalidParameter for a window that ends before it starts.
    """
    start, end = input.args.get("start"), input.args.get("end")
    if start is None and end is None:
        return context.window
    said = read_window(start, end, context.now_ms)
    first = context.window.start_ms if start is None else said.start_ms
    last = context.window.end_ms if end is None else said.end_ms
    if last < first:
        raise InvalidParameter(f"SOURCE {_times(start, end)} leaves no time of the query's window")
    return Window(first, last)


def _times(start: str | None, end: str | None) -> str:
    said = {"start": start, "end": end}
    return " ".join(f"{word}={text}" for word, text in said.items() if text is not None)


def extent_of_answer(query: tree.Query, context: QueryContext) -> Extent | None:
    """Give the times of all events that the answer may be made of; None if there are none."""
    window = window_of(query.answer.input, context)
    return events_of_answer(query, context.sources).extent(window)


def _answer(input: tree.Answer, _: Sources, answers: Sequence[Any]) -> Source:
    outcome = answers[input.place]
    return RowsSource(outcome.columns, outcome.rows, name=f"answer {input.place}")


def _table(input: tree.Table, sources: Sources, _: Sequence[Any]) -> Source:
    name = str(input.args["name"])
    table = sources.table(name).combine_chunks()
    # Its types may be plain ones, where the caller hands it in.
    columns = {
        label: frame_columns.engine_type(_whole(table.column(label)), label)
        for label in table.column_names
    }
    return RowsSource(columns, table.num_rows, name=name)


def _whole(column: Any) -> Any:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


_OPENERS: dict[type[tree.Input], Callable[[Any, Sources, Sequence[Any]], Source]] = {
    tree.CallersGroups: lambda _, sources, __: sources.open(),
    tree.Groups: lambda groups, sources, _: sources.open(groups.selectors),
    tree.Table: _table,
    tree.Answer: _answer,
}
