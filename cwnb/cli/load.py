"""`cwnb load`: files into a log group."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Any

import click

from cwnb.cli.errors import as_options
from cwnb.cli.options import progress_of_bytes, store_option
from cwnb.plurals import counted


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--group",
    "-g",
    required=True,
    metavar="NAME",
    help="The log group; created if it does not exist.",
)
@click.option("--stream", metavar="NAME", help="The log stream (default: the name of the file).")
@click.option("--format", metavar="NAME", help="The format (default: detected).")
@click.option("--tz", metavar="ZONE", help="The time zone of times without one (default: UTC).")
@click.option("--pattern", metavar="REGEX", help="A regex for the first line of each record.")
@click.option("--time-field", metavar="NAME", help="The field that has the time.")
@click.option("--time-format", metavar="FORMAT", help="The time's form: '%d.%m.%Y %H:%M:%S'.")
@click.option(
    "--log-type",
    metavar="NAME",
    help="lambda, vpc-flow, route53, syslog, cloudtrail, json or text.",
)
@click.option("--unwrap", is_flag=True, help="Load what Docker or Fluent Bit wrap in 'log'.")
@click.option("--again", is_flag=True, help="Load files again that were loaded before.")
@click.option("--complete", is_flag=True, help="Load a last line without its end too.")
@store_option
def load(files: tuple[str, ...], path: str, **options: Any) -> None:
    """Load files, folders, globs or URLs into a log group; - is the standard input.

    If some files cannot be loaded, the others are, and the exit status is 1.

    \b
    Examples:
      cwnb load access.log.gz --group /shop/web
      cwnb load 'logs/**/*.json' s3://bucket/prefix/ --group /shop/app
      cwnb load server.log --group /shop/payments --tz Europe/Lisbon
      kubectl logs deploy/web | cwnb load - --group /shop/web --stream web
    """  # noqa: D301
    import cwnb

    found = [sys.stdin.buffer if name == "-" else name for name in files]
    what = found[0] if len(found) == 1 else found
    with closing(cwnb.open(path)) as logs:
        before = logs.store.number_of_loads(options["group"])
        try:
            with progress_of_bytes() as progress:
                report = logs.load(what, progress=progress, **options)
        except KeyboardInterrupt:
            new = logs.store.number_of_loads(options["group"]) - before
            click.echo(f"\ncwnb: stopped: {_left_out(files, new)}", err=True)
            raise
    click.echo(as_options(str(report), load))
    if report.errors:
        sys.exit(1)


def _left_out(names: tuple[str, ...], loaded: int) -> str:
    """Say what a load that was stopped has loaded; a file is loaded whole or not at all."""
    if not loaded:
        return f"nothing of {', '.join(names[:3])}{', …' * (len(names) > 3)} was loaded"
    files = counted(loaded, "whole file")
    return f"{files} had been loaded, of the others nothing; the same command loads these"
