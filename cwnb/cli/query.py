"""`cwnb query`: an answer on the screen, in a pipe or in a file."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Any

import click

from cwnb.cli.options import groups_option, named_groups, open_store, store_option

OUTPUTS = ("table", "json", "ndjson", "csv", "parquet")


@click.command()
@click.argument("text", metavar="TEXT")
@groups_option
@click.option(
    "--start",
    metavar="TIME",
    help="Start of the window: -1h, 'yesterday 08:00', '3 days ago', 2026-11-20T08:00, all "
    "(default: $CWNB_START, or else all events).",
)
@click.option(
    "--end", metavar="TIME", help="End of the window, not included (default: all events)."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Give at most N rows.")
@click.option("--tz", default="UTC", metavar="ZONE", help="The zone in which a table shows times.")
@click.option("--output", "-o", type=click.Choice(OUTPUTS), help="Output format (default: table).")
@click.option("--to", metavar="FILE", help="Write to this file; its suffix sets the format.")
@click.option("--strict", is_flag=True, help="Refuse what the service's rules do not allow.")
@click.option("--explain", is_flag=True, help="Show how the query was run, not the answer.")
@click.option("--pandas", is_flag=True, help="Show the query as pandas source, not the answer.")
@click.option(
    "--export-events",
    metavar="FILE",
    help="Write the events that the query read as Parquet, which the source of --pandas reads.",
)
@store_option
def query(
    *,
    text: str,
    groups: tuple[str, ...],
    output: str | None,
    to: str | None,
    start: str | None,
    end: str | None,
    tz: str,
    explain: bool,
    pandas: bool,
    export_events: str | None,
    path: str,
    **options: Any,
) -> None:
    """Run a Logs Insights query; if TEXT is -, it is read from the standard input.

    \b
    Examples:
      cwnb query 'filter @message like /ERROR/ | stats count(*) by bin(1h)' -g /shop/app
      cwnb query 'fields @timestamp, @message | limit 5' -g '/shop/*' --start -1d
      cwnb query 'filter status >= 500' -g /shop/app -o json | jq '.[].requestId'
      cwnb query 'stats avg(ms) by path' -g /shop/app --to slow.parquet
    """  # noqa: D301
    from cwnb.insights import groups_of_calls, parse
    from cwnb.output import chosen_output, write
    from cwnb.results.zones import display_zone
    from cwnb.window import narrowed_start

    display_zone(tz)
    output = chosen_output(output, to)
    if text == "-":
        text = sys.stdin.read()
    with closing(open_store(path)) as logs:
        start = narrowed_start(start, end, logs.clock.now_ms())
        parsed = parse(text, saved=logs.store.saved_query)
        if groups or not parsed.names_groups:
            said, _ = groups_of_calls(parsed, logs.store.saved_query)
            groups = tuple(named_groups(logs, groups, said))
        result = logs.query(text, groups, start, end, **options)
        result.tz = tz
        for warning in result.warnings:
            click.echo(f"warning: {warning}", err=True)
        if export_events is not None:
            result.export_events(export_events)
        if explain:
            click.echo(str(result.explain()))
        elif pandas:
            click.echo(result.to_pandas_source(export_events or "events.parquet"))
        else:
            write(result, output, to)
