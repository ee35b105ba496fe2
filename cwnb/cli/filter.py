"""`cwnb filter`: the events that match a filter pattern, oldest first."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from cwnb.cli.options import groups_option, named_groups, open_store, store_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandas import DataFrame

    from cwnb.filtered_events import FilteredEvents

LINES = "lines"
OUTPUTS = (LINES, "table", "json", "ndjson", "csv", "parquet")


@click.command("filter")
@click.argument("pattern", metavar="[PATTERN]", default="")
@groups_option
@click.option(
    "--start",
    metavar="TIME",
    help="Start of the window, as in 'cwnb query' (default: $CWNB_START, or else all events).",
)
@click.option(
    "--end", metavar="TIME", help="End of the window, not included (default: all events)."
)
@click.option(
    "--stream",
    "streams",
    multiple=True,
    metavar="NAME",
    help="A log stream, or a prefix that ends in *; may be repeated.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Give at most N events.")
@click.option(
    "--output",
    "-o",
    type=click.Choice(OUTPUTS),
    help="Output format (default: lines of time, stream and message).",
)
@click.option("--to", metavar="FILE", help="Write to this file; its suffix sets the format.")
@store_option
def filter_events(
    *,
    pattern: str,
    groups: tuple[str, ...],
    start: str | None,
    end: str | None,
    streams: tuple[str, ...],
    limit: int | None,
    output: str | None,
    to: str | None,
    path: str,
) -> None:
    """Show the events that match a filter pattern, oldest first; without one all events.

    A pattern is that of metric filters, not a query. One that begins with - stands behind --.

    \b
    Examples:
      cwnb filter 'ERROR -timeout' -g /shop/app
      cwnb filter '{ $.status >= 500 && $.path = "/api/*" }' -g '/shop/*' --start -1h
      cwnb filter '[ip, ..., status = 5*, size]' -g /shop/web -o ndjson | head
      cwnb filter -g /shop/app --stream 'web-*' -- -DEBUG
    """  # noqa: D301
    from cwnb.output import chosen_output, show, write
    from cwnb.window import narrowed_start

    chosen = LINES if output is None and to is None else output
    if chosen != LINES or to is not None:
        chosen = chosen_output(chosen, to)
    with closing(open_store(path)) as logs:
        start = narrowed_start(start, end, logs.clock.now_ms())
        named = named_groups(logs, groups)
        found = logs.filter_events(named, pattern, start, end, streams=streams)
        if to is None and chosen in {LINES, "ndjson"}:
            for line in _lines(found, limit, chosen):
                click.echo(line)
        elif to is None and chosen == "table":
            show(_Events(found, limit).df)
        else:
            write(_Events(found, limit), chosen, to)


def _lines(found: FilteredEvents, limit: int | None, output: str) -> Iterator[str]:
    """Give a line for each event as soon as it was found."""
    from cwnb.results.plain_rows import json_lines, plain_values

    for table in _tables(found, limit):
        if output == LINES:
            columns = ("@timestamp", "@logStream", "@message")
            for batch in table.select(columns).to_batches():
                yield from map(" ".join, zip(*map(plain_values, batch.columns), strict=True))
        else:
            for some in json_lines(table):
                yield from some


def _tables(found: FilteredEvents, limit: int | None) -> Iterator[Any]:
    from cwnb.filtered_events import COLUMNS

    left = limit
    for table in found.tables():
        part = table.select(COLUMNS)
        if left is not None:
            part = part.slice(0, left)
            left -= len(part)
        yield part
        if left == 0:
            return


class _Events:
    """The events as one answer, which the writers of files take."""

    tz = "UTC"

    def __init__(self, found: FilteredEvents, limit: int | None) -> None:
        import pyarrow as pa

        from cwnb.filtered_events import empty_table

        self.table = pa.concat_tables([empty_table(), *_tables(found, limit)])

    @property
    def df(self) -> DataFrame:
        """The events as a DataFrame."""
        from cwnb.filtered_events import frame_of

        return frame_of(self.table)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Hand the events to pyarrow."""
        stream: object = self.table.__arrow_c_stream__(requested_schema)
        return stream
