"""The times of rows, whose values are Python's: in which column they are, and how to read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from cwnb.sources.field_times import read_field_times, time_columns
from cwnb.sources.json_rows import is_missing

if TYPE_CHECKING:
    from cwnb.sources.clocks import Reading


def row_times(rows: Sequence[Mapping[str, Any]], reading: Reading) -> tuple[Any, Any]:
    """Give the times of rows in milliseconds, and a mask of the rows that have one."""
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(name for name in row if isinstance(name, str)))

    def column(name: str) -> pa.Array:
        return as_times([row.get(name) for row in rows])

    def is_dated(name: str) -> bool:
        first = next((row[name] for row in rows if not is_missing(row.get(name))), None)
        return isinstance(first, datetime)

    def inside(path: str) -> pa.Array:
        return as_times([value_inside(row, path) for row in rows])

    return times_by_name(names, len(rows), reading, Getters(column, is_dated, inside))


class Getters(NamedTuple):
    """What `times_by_name` asks of rows.

    `column`: the values of a name, `inside`: those at a path, as columns that times can be read
    from. `is_dated`: whether the first value of a name is a datetime.
    """

    column: Callable[[str], pa.Array]
    is_dated: Callable[[str], bool]
    inside: Callable[[str], pa.Array]


def times_by_name(
    names: Iterable[str], count: int, reading: Reading, get: Getters
) -> tuple[Any, Any]:
    """Give the times of rows that have these names, and a mask as `row_times` does."""
    names = list(names)
    columns = {name: get.column(name) for name in time_columns(names, reading.field)}
    if reading.field is None and not columns:
        dated = [name for name in names if get.is_dated(name)]
        if len(dated) == 1:
            columns = {dated[0]: get.column(dated[0])}
            reading = replace(reading, field=dated[0])
    elif not columns and "." in str(reading.field):
        columns = {str(reading.field): get.inside(str(reading.field))}
    return read_field_times(columns, count, reading)


def value_inside(row: Any, path: str) -> Any:
    """Give the value at a path of keys; None where there is none."""
    for name in path.split("."):
        row = row.get(name) if isinstance(row, Mapping) else None
    return row


def as_times(values: list[Any]) -> pa.Array:
    """Give values as a column that times can be read from: numbers, or texts."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} or kinds <= {float}:
        try:
            return pa.array(
                values, pa.int64() if kinds == {int} else pa.float64(), from_pandas=True
            )
        except (pa.ArrowInvalid, OverflowError):
            pass
    return pa.array([_time_text(value) for value in values], pa.string())


def _time_text(value: Any) -> str | None:
    if value is None or value != value:  # noqa: PLR0124  # NaN and NaT
        return None
    return value.isoformat() if isinstance(value, (datetime, date)) else str(value)
