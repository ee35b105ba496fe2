"""The command line: `cwnb demo | lab | load | query | filter | groups | fields | …`.

An error is one sentence on the standard error, and exit status 2. Each command imports pandas and
pyarrow by itself, because they are slow to import and `cwnb --help` does not need them. A file of
this folder has the commands of one family; `COMMANDS` has them all, in the order of the help.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import NoReturn

import click

from cwnb import __version__
from cwnb.cli import (
    backup,
    demo,
    explain,
    export,
    filter,
    groups,
    key,
    load,
    metric_filters,
    query,
    repair,
    store,
    subscriptions,
    tail,
    unload,
)
from cwnb.cli.errors import CommandFailed, CommandGroup, ReaderEnded, sentence
from cwnb.errors import FaultInQuery

FAILED, INTERRUPTED = 2, 130
COMMANDS = (
    demo.demo,
    demo.lab,
    load.load,
    unload.loads,
    unload.unload,
    query.query,
    filter.filter_events,
    explain.explain_pattern,
    export.export,
    export.exports,
    groups.groups,
    groups.create_group,
    groups.fields,
    groups.streams,
    groups.retention,
    groups.delete,
    tail.tail,
    subscriptions.subscribe,
    subscriptions.unsubscribe,
    subscriptions.subscriptions,
    subscriptions.pause,
    subscriptions.resume,
    subscriptions.deliver,
    explain.explain_delivery,
    metric_filters.metric_filter,
    metric_filters.metrics,
    store.maintain,
    backup.backup,
    repair.repair,
    key.key,
)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line, and end the process with its exit status."""
    warnings.showwarning = _show_warning
    try:
        status = cli.main(arguments, prog_name="cwnb", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        status = INTERRUPTED
    except (BrokenPipeError, ReaderEnded):
        # The reader of our output has ended. Without this, Python reports the broken pipe again
        # when it flushes the output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # It had what it wanted: `cwnb query … | head -1` is no failure.
        status = 0
    except click.ClickException as error:
        status = _fail(sentence(error))
    except (CommandFailed, FaultInQuery) as error:
        status = _fail(str(error))
    sys.exit(status if isinstance(status, int) else 0)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"warning: {message}", err=True)


def _fail(text: str) -> int:
    click.echo(f"cwnb: {text}", err=True)
    return FAILED


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="cwnb", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """CloudWatch Logs in a notebook, and in the terminal.

    \b
    Examples:
      cwnb demo
      cwnb load /var/log/nginx/access.log* --group /shop/web
      cwnb query 'parse @message "* - *" as ip, rest | stats count(*) by ip' -g /shop/web
    """  # noqa: D301 - click's mark for text that it must not wrap
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in COMMANDS:
    cli.add_command(_command)


__all__ = ["cli", "main"]
