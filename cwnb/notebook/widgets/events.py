"""What the view of an answer asks about one of its rows, and the gestures on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.errors import InvalidParameter
from cwnb.insights import values_to_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.notebook.exploration import Exploration
    from cwnb.notebook.widgets.answer import AnswerView
    from cwnb.results.result import QueryResult


def gesture(view: AnswerView, do: str, of: int | None = None, **what: Any) -> None:
    """Do one of GESTURES on a row of the answer `of` this number, and ask the query again.

    `row` and `column` are numbers of a cell, `field` is a name. Raises InvalidParameter.
    """
    exploration = view.exploration
    if exploration is None:
        raise InvalidParameter("an answer about a DataFrame has no gestures; ask cwnb.query again")
    if do not in GESTURES:
        raise InvalidParameter(f"unknown gesture {do!r}; it is one of {', '.join(GESTURES)}")
    result = None if of is None else view.shown(of).result
    with view.gesturing:
        GESTURES[do](exploration, result, **what)
        view.changed()


def _chosen(result: QueryResult | None, row: int, column: int) -> tuple[str, Any]:
    """Give the name and the value of a cell."""
    if result is None:
        raise InvalidParameter("say which answer the row is of")
    names = list(result.outcome.columns)
    return names[column], values_of(result, row)[names[column]]


def values_of(result: QueryResult, row: int) -> dict[str, Any]:
    """Give the values of a row by column, as Python values with their own types."""
    return {name: _value(array, row) for name, array in result.outcome.columns.items()}


def _value(array: Any, row: int) -> Any:
    one = array.slice(row, 1)
    return (one.to_pylist() if pa.types.is_timestamp(one.type) else values_to_python(one))[0]


def _keep_only(exploration: Exploration, result: QueryResult | None, row: int, column: int) -> None:
    exploration.keep_only(*_chosen(result, row, column))


def _leave_out(exploration: Exploration, result: QueryResult | None, row: int, column: int) -> None:
    exploration.leave_out(*_chosen(result, row, column))


def _count_by(
    exploration: Exploration,
    result: QueryResult | None,
    column: int | None = None,
    field: str | None = None,
) -> None:
    if field is None:
        field, _ = _chosen(result, 0, column or 0)
    exploration.count_by(field)


def _drill_down(exploration: Exploration, result: QueryResult | None, row: int) -> None:
    if result is None:
        raise InvalidParameter("say which answer the row is of")
    exploration.drill_down(values_of(result, row))


def _narrow(exploration: Exploration, _: QueryResult | None, start_ms: int, end_ms: int) -> None:
    exploration.narrow(start_ms, end_ms)


def _undo(exploration: Exploration, _: QueryResult | None) -> None:
    exploration.undo()


GESTURES: dict[str, Callable[..., None]] = {
    "keep_only": _keep_only,
    "leave_out": _leave_out,
    "count_by": _count_by,
    "drill_down": _drill_down,
    "narrow": _narrow,
    "undo": _undo,
}
