"""`cwnb backup`: a copy of a store while others use it."""

from __future__ import annotations

from contextlib import closing

import click

from cwnb.cli.options import open_store


@click.command()
@click.argument("store", metavar="STORE")
@click.argument("target", metavar="TARGET")
@click.option("--link", is_flag=True, help="Make hard links of segments; only on the same disk.")
def backup(store: str, target: str, *, link: bool) -> None:
    """Copy a STORE into the new folder TARGET, while others may go on writing to it.

    The copy is a store, and opens with the same key: keep that too ('cwnb key export').

    \b
    Examples:
      cwnb backup .cwnb /mnt/backup/shop-logs
      cwnb backup --link .cwnb .cwnb-before
    """  # noqa: D301
    with closing(open_store(store)) as logs:
        logs.backup(target, link=link)
    click.echo(f"{store} is copied into {target}")
