"""`cwnb explain-pattern | explain-delivery`: why a message matches, and what became of an event."""

from __future__ import annotations

import sys
from contextlib import closing

import click

from cwnb.cli.options import open_store, store_option


@click.command("explain-pattern")
@click.argument("pattern")
@click.argument("message", default="-", metavar="[MESSAGE]")
def explain_pattern(pattern: str, message: str) -> None:
    """Say piece by piece why a MESSAGE matches a filter PATTERN, or does not.

    Without a MESSAGE, or if it is -, the standard input is the message, without the newline at its
    end. A PATTERN that begins with - stands behind --.

    \b
    Examples:
      cwnb explain-pattern 'ERROR -timeout' 'ERROR: timeout after 3 s'
      tail -n 1 app.log | cwnb explain-pattern '{ $.status >= 500 }'
    """  # noqa: D301
    import cwnb

    if message == "-":
        # Bytes that are no UTF-8 become what they are in a store's messages.
        text = sys.stdin.buffer.read().decode("utf-8", errors="replace")
        message = text.removesuffix("\n")
    click.echo(repr(cwnb.explain_pattern(pattern, message)))


@click.command("explain-delivery")
@click.argument("group")
@click.argument("name")
@click.argument("pointer", metavar="PTR")
@store_option
def explain_delivery(group: str, name: str, pointer: str, path: str) -> None:
    """Say why a subscription of a log group has sent an event, or has not.

    PTR is the @ptr of the event, which queries and 'cwnb filter -o ndjson' give.

    \b
    Examples:
      cwnb filter 'ERROR' -g /shop/app -o ndjson | jq -r '.["@ptr"]'
      cwnb explain-delivery /shop/app alerts.on_error 3-1795593600000-7
    """  # noqa: D301
    with closing(open_store(path)) as logs:
        click.echo(repr(logs.explain_delivery(group, name, pointer)))
