"""What the view of an answer asks about one row or event, and the gestures on their values."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.errors import InvalidParameter
from cwnb.events import EXACT_DOUBLE, MESSAGE
from cwnb.insights import names_made, values_to_python
from cwnb.nearest import unknown
from cwnb.notebook.widgets.gestures import ON_VALUES, Chosen, change_by_value
from cwnb.notebook.widgets.view import Reply
from cwnb.results.held import PART_BYTES
from cwnb.results.html import indented
from cwnb.results.rendering import render
from cwnb.results.zones import display_zone, is_moment, titled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cwnb.logs import Logs
    from cwnb.notebook.exploration import Exploration
    from cwnb.notebook.widgets.answer import AnswerView
    from cwnb.results.result import QueryResult

# Characters of a value, and of the message of a neighbour; the view asks for the whole of a value.
_SHOWN = 10_000
_NEIGHBOUR_SHOWN = 300


def event(view: AnswerView, of: int, row: int | None = None, pointer: str | None = None) -> Reply:
    """Give all fields of a row's event, or of the one that an `@ptr` names; of a group, its row.

    Each has its `name`, a `title` that names the zone of times, its `text`, whether that `is_cut`,
    and how many `characters` the whole has. A field that the query has made has the number of its
    `column`.
    """
    result = view.shown(of).result
    fields, made = _fields(view, result, row, pointer), {}
    if row is not None and result.outcome.places is not None:
        made = _made_columns(result, row)
    described = [
        *({**_described(*found, result.tz), "column": column} for column, found in made.items()),
        *(_described(name, value, result.tz) for name, value in fields.items()),
    ]
    # The message is the longest, so it stands below what is soon read.
    described.sort(key=lambda field: field["name"] == MESSAGE)
    if pointer is None and row is not None and view.exploration is not None:
        pointer = None if result.outcome.places is None else result.pointers[row]
    return Reply({"fields": described, "pointer": pointer})


def around(view: AnswerView, of: int, pointer: str, before: int, after: int) -> Reply:
    """Give the events before and after one in its stream, oldest first, with their `@ptr`."""
    result = view.shown(of).result
    frame = _logs(view).around(pointer, before, after)
    times, messages, pointers = (frame.iloc[:, place].tolist() for place in range(3))
    return Reply(
        {
            "events": [
                {
                    "offset": int(offset),
                    "time": _text(time, result.tz),
                    "text": str(message)[:_NEIGHBOUR_SHOWN],
                    "pointer": found,
                }
                for offset, time, message, found in zip(
                    frame.index.tolist(), times, messages, pointers, strict=True
                )
            ]
        }
    )


def whole(view: AnswerView, of: int, **at: Any) -> Iterator[Reply]:
    """Give the whole text of a value, as it was logged, in parts of at most 4 MB."""
    result = view.shown(of).result
    name, value, _ = _chosen(view, result, **at)
    text = _described(name, value, result.tz, shown=None)["text"]
    written = text.encode("utf-8", "replace")
    for begin in range(0, len(written), PART_BYTES):
        yield Reply({}, [written[begin : begin + PART_BYTES]])


def gesture(view: AnswerView, do: str, of: int | None = None, **what: Any) -> None:
    """Do one of `_GESTURES`, on a row of the answer of this number, and ask the query again.

    `row` with `column`, or with the name of a `field`, say which value; so does a `pointer` with a
    `field`. `start_ms` and `end_ms` are the times of `narrow`. Raises InvalidParameter.
    """
    exploration = view.exploration
    if exploration is None:
        raise InvalidParameter("these rows are of a table and not of a store, so none can be asked")
    if do not in _GESTURES:
        raise InvalidParameter(unknown("gesture", do, _GESTURES))
    with view.gesturing:
        _GESTURES[do](view, exploration, of or 0, **what)
        view.changed()


def _change_by_value(
    do: str, view: AnswerView, exploration: Exploration, of: int, **at: Any
) -> None:
    change_by_value(exploration, do, _chosen(view, view.shown(of).result, **at))


_GESTURES: dict[str, Callable[..., None]] = {
    **{do: partial(_change_by_value, do) for do in ON_VALUES},
    "drill_down": lambda view, exploration, of, row: exploration.drill_down(
        values_of(view.shown(of).result, row)
    ),
    "narrow": lambda _view, exploration, _of, start_ms, end_ms: exploration.narrow(
        start_ms, end_ms
    ),
    "undo": lambda _view, exploration, _of: exploration.undo(),
}


def values_of(result: QueryResult, row: int) -> dict[str, Any]:
    """Give the values of a row by column, as Python values with their own types."""
    return {name: _value(array, row) for name, array in result.outcome.columns.items()}


def _value(array: Any, row: int) -> Any:
    one = array.slice(row, 1)
    is_plain = pa.types.is_timestamp(one.type) or pa.types.is_floating(one.type)
    return (one.to_pylist() if is_plain else values_to_python(one))[0]


def _chosen(
    view: AnswerView,
    result: QueryResult,
    *,
    row: int | None = None,
    column: int | None = None,
    field: str | None = None,
    pointer: str | None = None,
) -> Chosen:
    if row is not None and column is not None:
        name = list(result.outcome.columns)[column]
        return Chosen(name, _value(result.outcome.columns[name], row), of_event=False)
    fields = _fields(view, result, row, pointer)
    if field is None or field not in fields:
        raise InvalidParameter(f"the event has no field {field!r}")
    return Chosen(field, fields[field], of_event=result.outcome.places is not None)


def _fields(
    view: AnswerView, result: QueryResult, row: int | None, pointer: str | None
) -> Mapping[str, Any]:
    if pointer is not None:
        return _logs(view).event(pointer)
    if row is None:
        raise InvalidParameter("say which row, or which event by its @ptr")
    return values_of(result, row) if result.outcome.places is None else result.event(row)


def _made_columns(result: QueryResult, row: int) -> dict[int, tuple[str, Any]]:
    """Give the values of a row that its event does not have, by the number of their column."""
    made = names_made(result.text)
    values = values_of(result, row)
    return {
        column: (name, value)
        for column, (name, value) in enumerate(values.items())
        if name in made and value is not None
    }


def _logs(view: AnswerView) -> Logs:
    if view.exploration is None:
        raise InvalidParameter("these rows are of a table, so no other events are around them")
    return view.exploration.logs


def _described(name: str, value: Any, tz: str, *, shown: int | None = _SHOWN) -> dict[str, Any]:
    text = _text(value, tz)
    pretty = indented(text) if name == MESSAGE and shown is not None else text
    return {
        "name": name,
        "title": titled(name, tz) if is_moment(value) else name,
        "text": pretty[:shown],
        "is_cut": shown is not None and len(pretty) > shown,
        "characters": len(pretty),
        "is_missing": value is None,
    }


def _text(value: Any, tz: str) -> str:
    """Write a value with every digit, and times in the zone."""
    if is_moment(value):
        value = value.astimezone(display_zone(tz)).replace(tzinfo=None)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < EXACT_DOUBLE else repr(value)
    return render(value)


EVENTS: dict[str, Callable[..., Any]] = {
    "event": event,
    "around": around,
    "whole": whole,
    "gesture": gesture,
}
