"""`cwnb key export | import`: the key of a store, carried to another machine."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import click

from cwnb.cli.errors import CommandGroup
from cwnb.cli.options import open_store
from cwnb.errors import InvalidParameter


@click.group(cls=CommandGroup)
def key() -> None:
    """Carry the key of a store to another machine.

    \b
    Examples:
      cwnb key export .cwnb shop.key
      cwnb key import shop.key
    """  # noqa: D301


@key.command(name="export")
@click.argument("store", metavar="STORE")
@click.argument("file", metavar="FILE")
def export(store: str, file: str) -> None:
    """Write the key of a STORE into a new FILE that a passphrase protects.

    The passphrase is asked for, or taken from CWNB_PASSPHRASE.

    \b
    Examples:
      cwnb key export .cwnb shop.key
    """  # noqa: D301
    with closing(open_store(store)) as logs:
        logs.store.export_key(Path(file), _passphrase(confirm=True))
    click.echo(f"the key of {store} is in {file}; 'cwnb key import {file}' adds it to a key ring")


@key.command(name="import")
@click.argument("file", metavar="FILE")
def import_(file: str) -> None:
    """Add the key in a FILE to this user's key ring; no key that is there is replaced.

    \b
    Examples:
      cwnb key import shop.key
    """  # noqa: D301
    from cwnb.store import import_key

    click.echo(f"key {import_key(Path(file), _passphrase(confirm=False))} is in the key ring")


def _passphrase(*, confirm: bool) -> str:
    if (given := os.environ.get("CWNB_PASSPHRASE")) is not None:
        return given
    if not sys.stdin.isatty():
        raise InvalidParameter("there is no terminal to ask for a passphrase; set CWNB_PASSPHRASE")
    asked: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm)
    return asked
