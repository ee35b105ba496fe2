"""Write answers to a terminal, a pipe or a file: as a table, JSON, JSON lines, CSV or Parquet."""

from __future__ import annotations

import io
import shutil
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from cwnb.errors import InvalidParameter
from cwnb.results.emptiness import reasons_beside_warnings
from cwnb.results.files import writing
from cwnb.results.html import summary
from cwnb.results.plain_rows import csv_text, json_lines, json_text
from cwnb.results.rendering import is_time, text_table
from cwnb.results.zones import UTC_NAME, titled

if TYPE_CHECKING:
    from collections.abc import Callable

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
        for reason in reasons_beside_warnings(result):
            click.echo(reason, err=True)
        return
    _write(result, output, to)


def write_frame(df: DataFrame, output: str, to: str | None) -> None:
    """Write a listing to a file or a pipe, as `write` does with an answer."""
    _write(_Frame(df), output, to)


def _write(result: Any, output: str, to: str | None) -> None:
    if to is None:
        _WRITERS[output](result, sys.stdout.buffer)
        return
    with writing(to), Path(to).open("wb") as file:
        _WRITERS[output](result, file)


@dataclass(frozen=True)
class _Frame:
    """A DataFrame with what the writers of answers look for."""

    df: DataFrame
    tz: str = UTC_NAME

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Hand the rows to pyarrow."""
        import pyarrow as pa

        table = pa.Table.from_pandas(self.df, preserve_index=False)
        stream: object = table.__arrow_c_stream__(requested_schema)
        return stream


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
    for text in csv_text(_arrow(result)):
        sink.write(text.encode())


def _json(result: Any, sink: IO[bytes]) -> None:
    for text in json_text(_arrow(result)):
        sink.write(text.encode())


def _ndjson(result: Any, sink: IO[bytes]) -> None:
    """Write a JSON object per line."""
    for lines in json_lines(_arrow(result)):
        sink.write(("\n".join(lines) + "\n").encode())


def _arrow(result: Any) -> Any:
    import pyarrow as pa

    return pa.table(result)


def _parquet(result: Any, sink: IO[bytes]) -> None:
    import pyarrow.parquet as pq

    # Through memory: a pipe has no positions, which Parquet asks for.
    held = io.BytesIO()
    pq.write_table(_arrow(result), held)
    sink.write(held.getvalue())


_WRITERS: dict[str, Callable[[Any, IO[bytes]], None]] = {
    "table": _table,
    "json": _json,
    "ndjson": _ndjson,
    "csv": _csv,
    "parquet": _parquet,
}
