"""The inputs of pipelines: log groups, tables, and the answers of earlier pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.errors import MalformedQuery
from cwnb.events import MESSAGE, SEQUENCE, Condition, Extent, Scan, Window
from cwnb.insights import frame_columns, frames, tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cwnb.events import Source, Sources


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


class _AnswerFields:
    """The names of the columns of an input whose rows are no events."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def field_names(self) -> set[str]:
        return set(self._names)

    def has_field(self, name: str) -> bool:
        return has_column(self._names, name)

    def has_children(self, _: str) -> bool:
        return False

    def cut_events(self, _: str) -> int:
        return 0


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
    return open_input(input, sources, ()) if names is None else _AnswerFields(names)


def open_input(input: tree.Input, sources: Sources, answers: Sequence[Any]) -> Source:
    """Open what a pipeline reads; `answers` are the Outcomes of the pipelines before it."""
    opener = _OPENERS.get(type(input))
    if opener is None:
        raise MalformedQuery(f"cannot read the input {type(input).__name__!r}")
    return opener(input, sources, answers)


def extent_of_inputs(query: tree.Query, sources: Sources, window: Window) -> Extent | None:
    """Give the times of all events of the groups that a query names; None if there are none."""
    found: Extent | None = None
    for pipeline in query.pipelines:
        input = pipeline.input
        if isinstance(input, tree.CallersGroups | tree.Groups):
            extent = open_input(input, sources, ()).extent(window)
            found = found if extent is None else extent | found
    return found


def _answer(input: tree.Answer, _: Sources, answers: Sequence[Any]) -> Source:
    outcome = answers[input.place]
    return RowsSource(outcome.columns, outcome.rows, name=f"answer {input.place}")


def _table(input: tree.Table, sources: Sources, _: Sequence[Any]) -> Source:
    name = str(input.args["name"])
    table = sources.table(name).combine_chunks()
    columns = {
        label: frame_columns.engine_type(_whole(table.column(label)), label)
        for label in table.column_names
    }
    return RowsSource(columns, table.num_rows, name=name)


def _whole(column: Any) -> Any:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


_OPENERS: dict[type[tree.Input], Callable[[Any, Sources, Sequence[Any]], Source]] = {
    tree.CallersGroups: lambda _, sources, __: sources.open(),
    tree.Groups: lambda groups, sources, _: sources.open(groups.args["selectors"]),
    tree.Table: _table,
    tree.Answer: _answer,
}
