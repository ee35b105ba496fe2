"""`cwnb tail`: the events of log groups as they become visible, as `aws logs tail` shows them."""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import click

from cwnb.cli.options import open_store, store_option
from cwnb.plurals import counted
from cwnb.results.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cwnb.delivery import Tail, TailedEvent

# The service shows so many events a second of a live tail. Source: CloudWatchLogs_LiveTail.
SHOWN_A_SECOND = 500
_LOOK_EVERY_S = 0.1


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="GROUP...")
@click.option("--since", default="10m", metavar="TIME", help="Begin so long ago (default: 10m).")
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--filter-pattern", "-p", "pattern", default="", help="Only what matches this.")
@click.option(
    "--log-stream-names", "streams", multiple=True, metavar="NAME", help="Only of these streams."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["detailed", "short", "json"]),
    default="detailed",
    help="detailed: time, stream, message; short: time, message; json: JSON on lines of its own.",
)
@store_option
def tail(
    *,
    names: tuple[str, ...],
    since: str,
    pattern: str,
    streams: tuple[str, ...],
    form: str,
    path: str,
    follow: bool,
) -> None:
    """Show the newest events of log groups, and with --follow those that come.

    A terminal shows 500 events a second and counts the others, and a line for each load of a file;
    a pipe or a file gets all.

    \b
    Examples:
      cwnb tail /shop/app --since 1h
      cwnb tail '/shop/*' --follow --filter-pattern ERROR | tee errors.log
    """  # noqa: D301
    with closing(open_store(path)) as logs:
        found = logs.tail(names, pattern, streams or None, since, follow=follow)
        show = _Shown(form, several=len(names) > 1 or names[0].endswith("*"))
        found.on_note = lambda text: click.echo(text, err=True)
        try:
            _show_all(found, show)
        finally:
            show.tell_left_out()


def _show_all(found: Tail, show: _Shown) -> None:
    while not found.ended:
        events = found.next_ones()
        show.show(events)
        if not events and not found.ended:
            time.sleep(_LOOK_EVERY_S)


class _Shown:
    """Writes events: to a terminal at most so many a second, all to anything else."""

    def __init__(self, form: str, *, several: bool) -> None:
        self._form = form
        self._several = several
        self._is_terminal = sys.stdout.isatty()
        self._second, self._room, self._left_out = 0, SHOWN_A_SECOND, 0

    def show(self, events: list[TailedEvent]) -> None:
        """Write events, and for a terminal a line in place of those of a load."""
        if not self._is_terminal:
            click.echo("".join(map(self._line, events)), nl=False)
            sys.stdout.flush()
            return
        self._begin_second()
        shown = [event for event in events if not event.is_loaded]
        loads: dict[tuple[str, str], list[TailedEvent]] = {}
        for event in events:
            if event.is_loaded:
                loads.setdefault((event.group, event.stream), []).append(event)
        for (group, stream), loaded in loads.items():
            click.echo(_summary(group, stream, loaded))
        for event in shown[: self._room]:
            click.echo(visible(self._line(event).rstrip("\n"), keep="\n\t"))
        self._left_out += max(0, len(shown) - self._room)
        self._room = max(0, self._room - len(shown))

    def tell_left_out(self) -> None:
        """Say how many events were not shown."""
        if self._left_out:
            click.echo(f"… {counted(self._left_out, 'more event')}")
            self._left_out = 0

    def _begin_second(self) -> None:
        if (now := int(time.monotonic())) != self._second:
            self._second, self._room = now, SHOWN_A_SECOND
            self.tell_left_out()

    def _line(self, event: TailedEvent) -> str:
        group = f"{event.group} " if self._several else ""
        if self._form == "short":
            return f"{event.timestamp:%Y-%m-%dT%H:%M:%S} {group}{event.message}\n"
        message = event.message
        if self._form == "json":
            with suppress(ValueError, RecursionError):
                message = f"\n{json.dumps(json.loads(message), indent=4, ensure_ascii=False)}"
        time_text = event.timestamp.isoformat(timespec="microseconds")
        return f"{time_text} {group}{event.stream} {message}\n"


def _summary(group: str, stream: str, events: Iterable[TailedEvent]) -> str:
    times = sorted(event.timestamp for event in events)
    first, last = (f"{when:%Y-%m-%d %H:%M:%S}" for when in (times[0], times[-1]))
    return f"loaded into {group} {stream}: {counted(len(times), 'event')}, {first} to {last} UTC"
