"""`cwnb metric-filter put | delete | list` and `cwnb metrics`: numbers by the minute of events."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import click

from cwnb.cli.errors import CommandGroup
from cwnb.cli.options import by_name, open_store, store_option
from cwnb.errors import InvalidParameter

OUTPUTS = ("table", "json", "ndjson", "csv", "parquet")


@click.group("metric-filter", cls=CommandGroup)
def metric_filter() -> None:
    """Make metrics of the events that match filter patterns.

    \b
    Examples:
      cwnb metric-filter put /shop/app errors -p ERROR --metric Errors
      cwnb metric-filter list
      cwnb metrics /shop/app
    """  # noqa: D301


@metric_filter.command()
@click.argument("group")
@click.argument("name")
@click.option(
    "--filter-pattern", "-p", "pattern", default="", metavar="TEXT", help="Only what matches this."
)
@click.option("--metric", required=True, metavar="NAME", help="The metric that gets the values.")
@click.option("--namespace", default="cwnb", metavar="NAME", help="Its namespace (default: cwnb).")
@click.option(
    "--value",
    default="1",
    metavar="VALUE",
    help="A number, or a value of the event: $.took, $bytes (default: 1).",
)
@click.option(
    "--default", metavar="NUMBER", help="The value of minutes in which events came, none matched."
)
@click.option("--unit", default="None", metavar="UNIT", help="Such as Milliseconds, Bytes, Count.")
@click.option(
    "--dimension",
    "dimensions",
    multiple=True,
    metavar="NAME=VALUE",
    help="A dimension and the value of the event that it has: path=$.path; at most three.",
)
@click.option("--replay", is_flag=True, help="Count all events of the group, not only new ones.")
@store_option
def put(
    *, group: str, name: str, pattern: str, dimensions: tuple[str, ...], path: str, **options: Any
) -> None:
    """Make a metric of the events of a log group, in the place of the filter of that name.

    \b
    Examples:
      cwnb metric-filter put /shop/app errors -p ERROR --metric Errors --default 0
      cwnb metric-filter put /shop/app slow -p '{ $.took > 1000 }' --metric Slow \\
        --value '$.took' --unit Milliseconds --dimension 'path=$.path' --replay
    """  # noqa: D301
    pairs = by_name(map(_dimension, dimensions), "the dimension")
    with closing(open_store(path)) as logs:
        logs.put_metric_filter(group, name, pattern, dimensions=pairs or None, **options)
    counted = "all events" if options["replay"] else "events that become visible from now on"
    click.echo(f"{name} counts {counted} of {group}; 'cwnb metrics {group}' shows the values")


@metric_filter.command()
@click.argument("group")
@click.argument("name")
@store_option
def delete(group: str, name: str, path: str) -> None:
    """Delete a metric filter; the values that it has counted stay.

    \b
    Examples:
      cwnb metric-filter delete /shop/app errors
    """  # noqa: D301
    with closing(open_store(path)) as logs:
        logs.delete_metric_filter(group, name)
    click.echo(f"deleted {name} of {group}; its values stay")


@metric_filter.command("list")
@store_option
def list_(path: str) -> None:
    """List the metric filters of a store.

    \b
    Examples:
      cwnb metric-filter list
    """  # noqa: D301
    from cwnb.output import show_listing

    with closing(open_store(path)) as logs:
        nothing = "there are no metric filters yet; 'cwnb metric-filter put' makes one"
        show_listing(logs.metric_filters(), nothing)


@click.command()
@click.argument("group", required=False)
@click.option("--metric", metavar="NAME", help="Only this metric.")
@click.option("--start", metavar="TIME", help="Start of the window (default: all values).")
@click.option(
    "--end", metavar="TIME", help="End of the window, not included (default: all values)."
)
@click.option("--output", "-o", type=click.Choice(OUTPUTS), help="Output format (default: table).")
@click.option("--to", metavar="FILE", help="Write to this file; its suffix sets the format.")
@store_option
def metrics(
    *, group: str | None, metric: str | None, start: str | None, end: str | None,
    output: str | None, to: str | None, path: str,
) -> None:  # fmt: skip
    """Show the values of metrics by the minute: sum, count, least and greatest.

    What has become visible since is counted first.

    \b
    Examples:
      cwnb metrics
      cwnb metrics /shop/app --metric Slow --start -1h
      cwnb metrics /shop/app --to slow.csv
    """  # noqa: D301
    from cwnb.output import chosen_output, show_listing, write_frame

    output = chosen_output(output, to)
    with closing(open_store(path)) as logs:
        values = logs.metrics(group, metric, start, end)
    if output == "table" and to is None:
        nothing = "no values; 'cwnb metric-filter list' says how many events have matched"
        show_listing(values, nothing)
    else:
        write_frame(values, output, to)


def _dimension(text: str) -> tuple[str, str]:
    name, equals, reference = text.partition("=")
    if not name or not equals:
        raise InvalidParameter(f"a dimension is NAME=VALUE, such as path=$.path, not {text!r:.80}")
    return name, reference
