"""Write answers to a terminal, a pipe or a file: as a table, JSON, JSON lines, CSV or Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import sys
import textwrap
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from cwnb.errors import InvalidParameter
from cwnb.results.files import writing
from cwnb.results.html import summary
from cwnb.results.rendering import is_time, render, text_table
from cwnb.results.zones import UTC_NAME, titled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pandas import DataFrame

_BY_SUFFIX = {
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".parquet": "parquet",
    ".txt": "table",
}
# More than this scrolls away unread; a pipe or a file gets every row.
_ROWS_ON_TERMINAL = 200
_WIDE = 100_000
# Rows that are turned into text at once.
_ROWS_AT_ONCE = 8_192


def chosen_output(output: str | None, to: str | None) -> str:
    """Give the output format: the one named, or that of the file's suffix, or "table"."""
    if output is None and to is not None:
        output = _BY_SUFFIX.get(Path(to).suffix.lower())
        if output is None:
            raise InvalidParameter(
                f"cannot tell from {to!r} what to write; "
                "add --output table, json, ndjson, csv or parquet"
            )
    if output == "parquet" and to is None and sys.stdout.isatty():
        raise InvalidParameter("Parquet is not for a terminal; add --to FILE")
    return output or "table"


def write(result: Any, output: str, to: str | None) -> None:
    """Write an answer as a table, JSON, JSON lines, CSV, or Parquet with its types.

    Tables are for the eye and rounded to four decimals; the others have every digit.
    """
    if output == "table" and to is None:
        show(result.df, result.tz)
        # Where there is nothing to see, a pipe too is told how much was looked at.
        if sys.stdout.isatty() or not len(result):
            parts = summary(len(result), result.statistics, result.window)
            click.secho(measures(parts, _terminal_width()), dim=True, err=True)
        return
    if to is None:
        _WRITERS[output](result, sys.stdout.buffer)
        return
    with writing(to), Path(to).open("wb") as file:
        _WRITERS[output](result, file)


def show(df: DataFrame, tz: str = UTC_NAME) -> None:
    """Print a frame as a table; on a terminal cut to its width and to 200 rows, else whole."""
    if sys.stdout.isatty():
        click.echo(text_table(df, _terminal_width(), _ROWS_ON_TERMINAL, tz=tz))
    else:
        click.echo(_whole_table(df, tz), nl=False)


def show_listing(df: DataFrame, nothing: str, *, whole: bool = True) -> None:
    """Print a listing, or say that it has nothing; a terminal gets times to the minute.

    `whole`: on a narrow terminal leave out the last columns instead of cutting the texts.
    """
    if not len(df):
        click.echo(nothing, err=True)
    if not sys.stdout.isatty():
        show(df)
    elif len(df):
        times = [name for name in df.columns if is_time(df[name])]
        short = df.assign(**{name: df[name].dt.strftime("%Y-%m-%d %H:%M") for name in times})
        short = short.rename(columns={name: titled(name, UTC_NAME) for name in times})
        click.echo(text_table(short, _terminal_width(), None, whole=whole))


def measures(parts: list[str], width: int) -> str:
    """Join what was measured to lines, which are broken between two measures and not within one."""
    held = " · ".join(part.replace(" ", "\xa0") for part in parts)
    return textwrap.fill(held, width).replace("\xa0", " ")


def _terminal_width() -> int:
    return shutil.get_terminal_size((100, 40)).columns


def _whole_table(df: DataFrame, tz: str) -> str:
    return text_table(df, _WIDE, None, tz=tz) + "\n"


def _table(result: Any, sink: IO[bytes]) -> None:
    sink.write(_whole_table(result.df, result.tz).encode("utf-8", errors="surrogatepass"))


def _csv(result: Any, sink: IO[bytes]) -> None:
    names, rows = _plain_rows(result)
    for part in (iter([[names]]), rows):
        for some in part:
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(map(_csv_cell, row) for row in some)
            sink.write(text.getvalue().encode())


def _csv_cell(value: Any) -> Any:
    # Booleans as the service spells them.
    return json.dumps(value) if isinstance(value, bool) else value


def _json(result: Any, sink: IO[bytes]) -> None:
    """Write a JSON array with one row per line, so that `grep` finds rows."""
    before = "["
    for lines in _json_lines(result):
        sink.write((before + ",\n ".join(lines)).encode())
        before = ",\n "
    sink.write(b"[]\n" if before == "[" else b"]\n")


def _ndjson(result: Any, sink: IO[bytes]) -> None:
    """Write a JSON object per line."""
    for lines in _json_lines(result):
        sink.write(("\n".join(lines) + "\n").encode())


def _json_lines(result: Any) -> Iterator[list[str]]:
    names, rows = _plain_rows(result)
    for some in rows:
        yield [
            json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False)
            for row in some
        ]


def _plain_rows(result: Any) -> tuple[list[str], Iterator[list[tuple[Any, ...]]]]:
    """Give the names of the columns, and the rows as plain values, some thousands at a time."""
    import pyarrow as pa

    table = pa.table(result)

    def rows() -> Iterator[list[tuple[Any, ...]]]:
        for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
            yield list(zip(*map(_values, batch.columns), strict=True))

    return list(map(str, table.column_names)), rows()


def _values(array: Any) -> list[Any]:
    """Convert values to what JSON can hold, with all their digits; missing is None.

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


def _exact(value: float) -> Any:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _iso_times(array: Any) -> list[Any]:
    import pyarrow as pa

    # Without its zone, which is UTC: Arrow would look for a database of time zones.
    times = array.cast(pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64())
    texts = times.cast(pa.timestamp("ms")).cast(pa.string())
    return [None if text is None else f"{text.replace(' ', 'T')}Z" for text in texts.to_pylist()]


def _parquet(result: Any, sink: IO[bytes]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Through memory: a pipe has no positions, which Parquet asks for.
    held = io.BytesIO()
    pq.write_table(pa.table(result), held)
    sink.write(held.getvalue())


_WRITERS: dict[str, Callable[[Any, IO[bytes]], None]] = {
    "table": _table,
    "json": _json,
    "ndjson": _ndjson,
    "csv": _csv,
    "parquet": _parquet,
}
