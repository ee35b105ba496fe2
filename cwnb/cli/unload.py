"""`cwnb loads | unload`: what was loaded, and taking it back."""

from __future__ import annotations

from contextlib import closing

import click

from cwnb.cli.options import open_store, store_option
from cwnb.plurals import counted


@click.command()
@click.argument("group")
@store_option
def loads(group: str, path: str) -> None:
    """List the files that were loaded into a log group.

    \b
    Examples:
      cwnb loads /shop/web
    """  # noqa: D301
    from cwnb.output import show

    with closing(open_store(path)) as logs:
        logs.store.match_groups([group])
        show(logs.loads(group))


@click.command()
@click.argument("load", metavar="ID")
@click.option("--group", "-g", required=True, metavar="NAME", help="The log group.")
@store_option
def unload(load: str, group: str, path: str) -> None:
    """Take a load back: its events go, and the files can be loaded again.

    ID is what the report of the load says, and 'cwnb loads'.

    \b
    Examples:
      cwnb unload 3f9a0c11d2 --group /shop/web
    """  # noqa: D301
    with closing(open_store(path)) as logs:
        events = logs.unload(load, group=group)
    click.echo(f"{counted(events, 'event')} taken out of {group}")
