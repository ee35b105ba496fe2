"""`cwnb subscribe | unsubscribe | subscriptions | pause | resume | deliver`: events sent on."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from cwnb.cli.errors import CommandFailed
from cwnb.cli.options import open_store, store_option
from cwnb.errors import InvalidParameter
from cwnb.plurals import counted

if TYPE_CHECKING:
    from cwnb.delivery import Worker
    from cwnb.logs import Logs

_REPORT_EVERY_S = 1.0


@click.command()
@click.argument("group")
@click.argument("target")
@click.option(
    "--filter-pattern", "-p", "pattern", default="", metavar="TEXT", help="Only what matches this."
)
@click.option("--name", "-n", metavar="NAME", help="Its name (default: TARGET, with . for :).")
@click.option(
    "--distribution",
    metavar="HOW",
    help="Of a Kinesis stream: ByLogStream (the default), or Random over all shards.",
)
@click.option("--per-group", type=int, default=None, help="The most subscriptions of a group.")
@click.option("--handler", is_flag=True, help="TARGET is a Lambda handler, called with an event.")
@click.option("--log-group", is_flag=True, help="TARGET is another log group of the store.")
@store_option
def subscribe(
    *,
    group: str,
    target: str,
    pattern: str,
    name: str | None,
    distribution: str | None,
    per_group: int | None,
    path: str,
    handler: bool,
    log_group: bool,
) -> None:
    """Send what becomes visible in a log group from now on to TARGET.

    TARGET is a Python function, as module:function; modules of the current folder count. It is
    called with each message while 'cwnb deliver' runs.

    \b
    Examples:
      cwnb subscribe /shop/app alerts:on_error --filter-pattern ERROR
      cwnb subscribe /shop/app app:lambda_handler --handler -p '{ $.status >= 500 }'
      cwnb subscribe /shop/app /shop/errors --log-group -p ERROR
    """  # noqa: D301
    import cwnb

    if handler and log_group:
        raise InvalidParameter("TARGET is a handler or a log group, not both")
    _modules_of_this_folder()
    wanted: Any = target
    if handler:
        wanted = cwnb.LambdaHandler(target)
    elif log_group:
        wanted = cwnb.LogGroup(target)
    with closing(open_store(path)) as logs:
        logs.subscribe(group, wanted, pattern, name, distribution=distribution, per_group=per_group)
    click.echo(f"what becomes visible in {group} goes to {target} while 'cwnb deliver' runs")


@click.command()
@click.argument("group")
@click.argument("name")
@store_option
def unsubscribe(group: str, name: str, path: str) -> None:
    """End a subscription of a log group.

    \b
    Example:
      cwnb unsubscribe /shop/app alerts.on_error
    """  # noqa: D301
    with closing(open_store(path)) as logs:
        logs.unsubscribe(group, name)
    click.echo(f"ended {name} of {group}")


@click.command()
@click.argument("group")
@click.argument("name")
@store_option
def pause(group: str, name: str, path: str) -> None:
    """Pause a subscription: what becomes visible waits until it is resumed.

    \b
    Example:
      cwnb pause /shop/app alerts.on_error
    """  # noqa: D301
    with closing(open_store(path)) as logs:
        logs.pause(group, name)
    click.echo(f"{name} of {group} is paused; 'cwnb resume' lets it go on")


@click.command()
@click.argument("group")
@click.argument("name")
@store_option
def resume(group: str, name: str, path: str) -> None:
    """Let a subscription go on that is paused, or that an error has disabled.

    \b
    Example:
      cwnb resume /shop/app alerts.on_error
    """  # noqa: D301
    with closing(open_store(path)) as logs:
        logs.resume(group, name)
    click.echo(f"{name} of {group} goes on while 'cwnb deliver' runs")


@click.command()
@store_option
def subscriptions(path: str) -> None:
    """List the subscriptions of a store, and what became of their events.

    \b
    Examples:
      cwnb subscriptions
      cwnb subscriptions --store .cwnb-demo
    """  # noqa: D301
    from cwnb.output import show_listing

    with closing(open_store(path)) as logs:
        show_listing(
            logs.subscriptions(), "there are no subscriptions yet; 'cwnb subscribe' makes one"
        )


@click.command()
@click.option("--once", is_flag=True, help="End when all that is visible now has been sent.")
@store_option
def deliver(path: str, *, once: bool) -> None:
    """Send what subscriptions wait for, until Ctrl-C.

    With --once it fails if something could not be sent, and what is left waits for the next one.
    Several of these share the work. Modules of the current folder count for targets.

    \b
    Examples:
      cwnb deliver
      cwnb deliver --once
    """  # noqa: D301
    _modules_of_this_folder()
    with closing(open_store(path)) as logs:
        if not len(logs.subscriptions()):
            raise InvalidParameter("there are no subscriptions; 'cwnb subscribe' makes one")
        before = _delivered(logs)
        with logs.deliver() as worker:
            try:
                failing = _report_until_ended(logs, worker, once=once)
            finally:
                worker.stop()
                sent = _delivered(logs) - before
                click.echo(f"sent {counted(sent, 'event')}", err=True)
    if failing:
        raise CommandFailed(f"not all could be sent: {', '.join(failing)}")


def _report_until_ended(logs: Logs, worker: Worker, *, once: bool) -> list[str]:
    """Say what is wrong with subscriptions as it begins; gives those that still fail."""
    said: dict[tuple[str, str], str] = {}
    while worker.running:
        is_done = worker.wait(_REPORT_EVERY_S)
        failing = []
        for row in logs.subscriptions().to_dict("records"):
            key, state = (str(row["group"]), str(row["name"])), str(row["state"])
            error = row["last_error"]
            if state in {"retrying", "disabled"} and isinstance(error, str):
                state = f"{state}: {error}"
                failing.append(key[1])
            if state != "active" and said.get(key) != state:
                click.echo(f"{key[0]} {key[1]}: {state}", err=True)
            said[key] = state
        if once and (is_done or failing):
            return failing
        if is_done:
            time.sleep(_REPORT_EVERY_S)
    return []


def _delivered(logs: Logs) -> int:
    return int(logs.subscriptions()["delivered"].sum())


def _modules_of_this_folder() -> None:
    """Let modules of the current folder be imported, as `python -m` does."""
    if (here := os.getcwd()) not in sys.path:  # noqa: PTH109
        sys.path.insert(0, here)
