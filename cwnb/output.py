"""Write answers to a terminal, a pipe or a file: as a table, JSON, CSV or Parquet."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cwnb.errors import InvalidParameter
from cwnb.results.html import summary
from cwnb.results.rendering import render, text_frame, text_table

if TYPE_CHECKING:
    from pandas import DataFrame

_BY_SUFFIX = {".json": "json", ".csv": "csv", ".parquet": "parquet", ".txt": "table"}
# More than this scrolls away unread; a pipe or a file gets every row.
_ROWS_ON_TERMINAL = 200
_WIDE = 100_000


def chosen_output(output: str | None, to: str | None) -> str:
    """Give the output format: the one named, or that of the file's suffix, or "table"."""
    if output is None and to is not None:
        output = _BY_SUFFIX.get(Path(to).suffix.lower())
        if output is None:
            raise InvalidParameter(
                f"cannot tell from {to!r} what to write; add --output table, json, csv or parquet"
            )
    if output == "parquet" and to is None and sys.stdout.isatty():
        raise InvalidParameter("Parquet is not for a terminal; add --to FILE")
    return output or "table"


def write(result: Any, output: str, to: str | None) -> None:
    """Write an answer as a table, a JSON array of objects, CSV, or Parquet with its types."""
    if output == "table" and to is None:
        show(result.df)
        if sys.stdout.isatty():
            click.secho(" · ".join(summary(len(result), result.statistics)), dim=True, err=True)
        return
    if output == "parquet":
        content = _parquet(result)
    else:
        written = {"json": _json, "csv": _csv, "table": _whole_table}[output](result.df)
        content = written.encode("utf-8", errors="surrogatepass")
    if to is None:
        sys.stdout.buffer.write(content)
        return
    try:
        Path(to).write_bytes(content)
    except OSError as error:
        raise InvalidParameter(
            f"cannot write {to!r}: {(error.strerror or str(error)).lower()}"
        ) from None


def show(df: DataFrame) -> None:
    """Print a frame as a table; on a terminal cut to its width and to 200 rows, else whole."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size((100, 40)).columns
        click.echo(text_table(df, width, _ROWS_ON_TERMINAL))
    else:
        click.echo(_whole_table(df), nl=False)


def _whole_table(df: DataFrame) -> str:
    return text_table(df, _WIDE, None) + "\n"


def _csv(df: DataFrame) -> str:
    return text_frame(df).to_csv(index=False, lineterminator="\n")


def _json(df: DataFrame) -> str:
    """Write a JSON array with one row per line, so that `grep` finds rows."""
    columns = [_values(df.iloc[:, i]) for i in range(df.shape[1])]
    names = [str(name) for name in df.columns]
    rows = (
        json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)
        for row in zip(*columns, strict=True)
    )
    return "[" + ",\n ".join(rows) + "]\n"


def _values(series: Any) -> list[Any]:
    """Convert values to what JSON can hold; a time becomes text, as the service writes it."""
    values: list[Any] = []
    for value in series.tolist():
        if value is None or (not isinstance(value, str | list | dict) and value != value):  # noqa: PLR0124 - NaN
            values.append(None)
        elif isinstance(value, bool | int | str | list | dict):
            values.append(value)
        elif isinstance(value, float):
            values.append(int(value) if value.is_integer() and abs(value) < 2**53 else value)
        else:
            values.append(render(value) or None)
    return values


def _parquet(result: Any) -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table(result), sink)
    return sink.getvalue()
