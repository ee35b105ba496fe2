"""Rows as text with every digit: CSV, JSON and lines with tabs, with times in UTC."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

from cwnb.events import EXACT_DOUBLE
from cwnb.results.rendering import render

if TYPE_CHECKING:
    from collections.abc import Iterator

# Rows that are turned into text or Python objects at once.
ROWS_AT_ONCE = 8_192


def csv_text(table: Any) -> Iterator[str]:
    """Write an Arrow table as CSV with a line of names, some thousands of rows at a time."""
    names, rows = _plain_rows(table)
    yield _delimited([names], ",")
    for some in rows:
        yield _delimited(some, ",")


def tabbed_text(table: Any) -> Iterator[str]:
    """Write an Arrow table as lines of values with tabs between, as spreadsheets take them.

    There is no line of names. Values with a tab, quote or line end are quoted, but for those of a
    single column, which stand as they are.
    """
    for some in _plain_rows(table)[1]:
        if table.num_columns == 1:
            yield "".join(f"{'' if value is None else _cell(value)}\n" for (value,) in some)
        else:
            yield _delimited(some, "\t")


def json_text(table: Any) -> Iterator[str]:
    """Write an Arrow table as a JSON array with one row per line, so that `grep` finds rows."""
    before = "["
    for lines in json_lines(table):
        yield before + ",\n ".join(lines)
        before = ",\n "
    yield "[]\n" if before == "[" else "]\n"


def json_lines(table: Any) -> Iterator[list[str]]:
    """Write each row of an Arrow table as a JSON object, some thousands of rows at a time."""
    names, rows = _plain_rows(table)
    for some in rows:
        yield [
            json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False)
            for row in some
        ]


def plain_values(array: Any) -> list[Any]:
    """Convert an Arrow array to what JSON can hold, with all digits; missing is None.

    A time becomes ISO text that ends in `Z`. JSON has no infinity, so it becomes the text that
    `float` and JavaScript's `Number` read.
    """
    import pyarrow as pa

    if pa.types.is_timestamp(array.type):
        return _iso_times(array)
    values: list[Any] = array.to_pylist()
    if pa.types.is_floating(array.type):
        return [None if value is None else _exact(value) for value in values]
    plain = (bool, int, str, list, dict)
    return [v if v is None or isinstance(v, plain) else render(v) or None for v in values]


def _plain_rows(table: Any) -> tuple[list[str], Iterator[list[tuple[Any, ...]]]]:
    """Give the names of the columns, and the rows as plain values, some thousands at a time."""

    def rows() -> Iterator[list[tuple[Any, ...]]]:
        for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
            yield list(zip(*map(plain_values, batch.columns), strict=True))

    return list(map(str, table.column_names)), rows()


def _delimited(rows: list[Any], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerows(map(_cell, row) for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    # Booleans as the service spells them.
    return json.dumps(value) if isinstance(value, bool) else value


def _exact(value: float) -> Any:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value.is_integer() and abs(value) < EXACT_DOUBLE else value


def _iso_times(array: Any) -> list[Any]:
    import pyarrow as pa

    # Without its zone, which is UTC: Arrow would look for a database of time zones.
    times = array.cast(pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64())
    texts = times.cast(pa.timestamp("ms")).cast(pa.string())
    return [None if text is None else f"{text.replace(' ', 'T')}Z" for text in texts.to_pylist()]
