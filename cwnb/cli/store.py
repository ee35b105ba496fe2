"""`cwnb maintain`: work on a store as a whole."""

from __future__ import annotations

from contextlib import closing

import click

from cwnb.cli.options import open_store, store_option


@click.command()
@click.argument("group", required=False)
@store_option
def maintain(group: str | None, path: str) -> None:
    """Store recent events in segments, merge small ones, and delete what has expired.

    A store does this by itself while a process has it open; this does it now, and waits.

    \b
    Examples:
      cwnb maintain
      cwnb maintain /shop/app --store .cwnb-demo
    """  # noqa: D301
    with closing(open_store(path)) as logs:
        logs.flush(group)
        logs.compact(group)
        logs.sweep(group)
