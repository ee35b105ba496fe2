"""`cwnb groups | create-group | fields | streams | retention | delete`: what a store holds."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from cwnb.cli.options import by_name, groups_option, named_groups, open_store, store_option
from cwnb.errors import InvalidParameter
from cwnb.plurals import counted

if TYPE_CHECKING:
    from cwnb.logs import Logs


@click.command()
@store_option
def groups(path: str) -> None:
    """List the log groups of a store.

    \b
    Examples:
      cwnb groups
      cwnb groups --store .cwnb-demo
    """  # noqa: D301
    from cwnb.output import show_listing

    with closing(open_store(path)) as logs:
        show_listing(logs.groups(), "this store has no log groups yet; 'cwnb load' makes one")


@click.command("create-group")
@click.argument("group")
@click.option(
    "--retention", metavar="DAYS", help="Keep events for so many days (default: forever)."
)
@click.option(
    "--log-type",
    metavar="NAME",
    help="lambda, vpc-flow, route53, syslog, cloudtrail, json or text (default: by each line).",
)
@click.option(
    "--log-class", default="STANDARD", metavar="NAME", help="STANDARD, INFREQUENT_ACCESS, DELIVERY."
)
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A tag; may be repeated.")
@store_option
def create_group(
    *, group: str, retention: str | None, tags: tuple[str, ...], path: str, **options: Any
) -> None:
    """Make an empty log group, and the store if it does not exist.

    \b
    Examples:
      cwnb create-group /shop/errors
      cwnb create-group /shop/app --retention 30 --tag team=shop
    """  # noqa: D301
    import cwnb

    days = None if retention is None else _days(retention)
    pairs = by_name(map(_tag, tags), "the tag")
    with closing(cwnb.open(path)) as logs:
        logs.create_group(group, retention_days=days, tags=pairs or None, **options)
    click.echo(f"made {group}")


@click.command()
@click.argument("names", nargs=-1, metavar="[GROUP]...")
@groups_option
@store_option
def fields(names: tuple[str, ...], groups: tuple[str, ...], path: str) -> None:
    """List the fields that were discovered in log groups.

    \b
    Examples:
      cwnb fields /shop/app
      cwnb fields --group '/shop/*' --store .cwnb-demo
    """  # noqa: D301
    from cwnb.output import show_listing

    with closing(open_store(path)) as logs:
        wanted = logs.store.match_groups(named_groups(logs, (*names, *groups)))
        for group in wanted:
            if len(wanted) > 1:
                click.echo(f"{'' if group == wanted[0] else chr(10)}{group}")
            nothing = f"no fields were discovered in {group}; 'parse' makes fields of text"
            show_listing(logs.fields(group), nothing, whole=False)


@click.command()
@click.argument("names", nargs=-1, metavar="[GROUP]...")
@groups_option
@store_option
def streams(names: tuple[str, ...], groups: tuple[str, ...], path: str) -> None:
    """List the log streams of log groups.

    \b
    Examples:
      cwnb streams /shop/app
      cwnb streams '/shop/*' --store .cwnb-demo
    """  # noqa: D301
    from cwnb.output import show_listing

    with closing(open_store(path)) as logs:
        wanted = logs.store.match_groups(named_groups(logs, (*names, *groups)))
        for group in wanted:
            if len(wanted) > 1:
                click.echo(f"{'' if group == wanted[0] else chr(10)}{group}")
            show_listing(logs.streams(group), f"{group} has no log streams yet")


@click.command()
@click.argument("group")
@click.argument("days")
@store_option
def retention(group: str, days: str, path: str) -> None:
    """Keep the events of a log group for so many DAYS, or 'forever'.

    Days are counted from an event's own time; events that are older are deleted.

    \b
    Examples:
      cwnb retention /shop/app 30
      cwnb retention /shop/app forever
    """  # noqa: D301
    number = _days(days)
    with closing(open_store(path)) as logs:
        logs.store.match_groups([group])
        before = _events(logs, group)
        logs.set_retention(group, number)
        older = before - _events(logs, group)
    kept = "forever" if number is None else f"for {counted(number, 'day')}"
    click.echo(f"{group} keeps its events {kept}")
    if older > 0:
        are = "event is older: it is" if older == 1 else "events are older: they are"
        click.echo(f"{older:,} {are} no longer shown, and deleted in the background")


@click.command()
@click.argument("group")
@click.option("--yes", is_flag=True, help="Do not ask before it is deleted.")
@store_option
def delete(group: str, path: str, *, yes: bool) -> None:
    """Delete a log group with all its events.

    \b
    Examples:
      cwnb delete /shop/app
      cwnb delete /shop/app --yes
    """  # noqa: D301
    with closing(open_store(path)) as logs:
        if group.endswith("*"):
            raise InvalidParameter(f"{group!r} is a prefix; delete log groups by their whole names")
        logs.store.match_groups([group])
        events = _events(logs, group)
        what = f"{group} and its {counted(events, 'event')}"
        if not yes and not sys.stdin.isatty():
            raise InvalidParameter(f"this deletes {what}; add --yes")
        if not yes:
            click.confirm(f"Delete {what}?", abort=True)
        logs.delete_group(group)
    click.echo(
        f"deleted {what}; their files are removed in an hour, as queries may be reading them"
    )


def _events(logs: Logs, group: str) -> int:
    """Count the events of a log group that have not expired."""
    return next((found.events for found in logs.store.groups() if found.name == group), 0)


def _days(text: str) -> int | None:
    """Read a number of days; None is forever."""
    if text == "forever":
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise InvalidParameter(f"{text!r:.80} is no number of days; write such as 30, or forever")
    return int(text)


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise InvalidParameter(f"a tag is KEY=VALUE, such as team=shop, not {text!r:.80}")
    return key, value
