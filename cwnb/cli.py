"""The command line: `cwnb demo | lab | load | query | groups | fields | …`.

An error is one sentence on the standard error, and exit status 2. Each command imports pandas and
pyarrow by itself, because they are slow to import and `cwnb --help` does not need them.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing, contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from cwnb import __version__
from cwnb.errors import CwnbError, InvalidParameter, NotAStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cwnb.logs import Logs

DEMO_STORE = ".cwnb-demo"
OUTPUTS = ("table", "json", "ndjson", "csv", "parquet")
FAILED, INTERRUPTED = 2, 130
# What messages of the library say in Python, and how it is written here.
_SPELLINGS = {
    "again=True": "--again",
    "format='text'": "--format text",
    "None keeps events for ever": "'forever' keeps them",
}


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line, and end the process with its exit status."""
    try:
        status = cli.main(arguments, prog_name="cwnb", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        status = INTERRUPTED
    except (BrokenPipeError, _ReaderEnded):
        # The reader of our output has ended. Without this, Python reports the broken pipe again
        # when it flushes the output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # It had what it wanted: `cwnb query … | head -1` is no failure.
        status = 0
    except click.ClickException as error:
        status = _fail(_sentence(error))
    except CwnbError as error:
        status = _fail(_as_options(str(error)))
    sys.exit(status if isinstance(status, int) else 0)


def _fail(sentence: str) -> int:
    click.echo(f"cwnb: {sentence}", err=True)
    return FAILED


def _as_options(text: str) -> str:
    """Write a message of the library with the options of the command line."""
    for python, option in _SPELLINGS.items():
        text = text.replace(python, option)
    return text


def _sentence(error: click.ClickException) -> str:
    """Give a usage error of click in the style of our own errors: lower case, no full stop."""
    context = getattr(error, "ctx", None)
    if isinstance(error, click.NoSuchOption):
        known = [name for p in context.command.params for name in p.opts] if context else []
        return f"no option {error.option_name!r}{_near(error.option_name, known)}"
    if isinstance(error, click.MissingParameter) and error.param is not None:
        name = error.param.opts[0] if error.param.param_type_name == "option" else None
        wanted = name or error.param.make_metavar(context or click.Context(cli))
        path = context.command_path if context else "cwnb"
        wanted = wanted.removesuffix("...")
        return f"{wanted} is missing; see '{path} --help'"
    text = error.format_message().rstrip(".")
    return text[:1].lower() + text[1:]


def _near(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


class _ReaderEnded(Exception):
    """Nobody reads our output any more; click would make exit status 1 of a BrokenPipeError."""


class _CommandsInOrder(click.Group):
    """A click group that lists its commands in the order of their definition, not by name."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderEnded from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            hint = (
                _near(args[0], list(self.commands))
                or f"; the commands are {', '.join(self.commands)}"
            )
            raise click.UsageError(f"no command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_CommandsInOrder,
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


def _store_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--store",
        "path",
        default=".cwnb",
        envvar="CWNB_STORE",
        metavar="FOLDER",
        help="The store's folder (default: $CWNB_STORE, or else ./.cwnb).",
    )(command)


_groups_option = click.option(
    "--group",
    "-g",
    "groups",
    multiple=True,
    metavar="NAME",
    help="A log group, or a prefix that ends in *; may be repeated.",
)


def _open(path: str) -> Logs:
    """Open a store that exists; a query must not create an empty one."""
    import cwnb

    if not Path(path).exists():
        raise NotAStore(
            f"there is no store {path!r}; 'cwnb load FILE --group NAME' makes one, "
            "and 'cwnb demo' makes one to try"
        )
    return cwnb.open(path)


def _demo_store(path: str) -> Logs:
    """Open the demo's store, or create it; a terminal then shows a progress bar."""
    from tqdm import tqdm

    from cwnb.demo import EVENTS, ensure

    quiet = not sys.stderr.isatty()
    with tqdm(total=EVENTS, unit=" events", desc="the demo", leave=False, disable=quiet) as bar:
        return ensure(path, progress=bar.update)


@contextmanager
def _bar() -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar of bytes on a terminal; gives the function that `load` reports to."""
    from tqdm import tqdm

    with tqdm(unit="B", unit_scale=True, leave=False, disable=not sys.stderr.isatty()) as bar:

        def report(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield report


@cli.command()
@click.option(
    "--store",
    "path",
    default=DEMO_STORE,
    metavar="FOLDER",
    help="The store's folder (default: ./.cwnb-demo).",
)
def demo(path: str) -> None:
    """Make three days of a web shop's logs, and find out why nobody can pay.

    \b
    Examples:
      cwnb demo
      cwnb demo | less
    """  # noqa: D301
    from cwnb.demo.walk import say, walk

    with closing(_demo_store(path)) as logs:
        events = sum(group.events for group in logs.store.groups())
        say(f"{events:,} events of a web shop that is made up, in {path}")
        walk(logs, path)


@cli.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--store",
    "path",
    default=DEMO_STORE,
    metavar="FOLDER",
    help="The store's folder (default: ./.cwnb-demo).",
)
@click.argument("jupyter", nargs=-1, type=click.UNPROCESSED, metavar="[JUPYTER OPTIONS]")
def lab(path: str, jupyter: tuple[str, ...]) -> None:
    """Open JupyterLab on the notebooks, with the demo's store.

    Run in the repository, it opens the repository's notebooks. Otherwise it copies them to
    ./notebooks; a file that is there already is not replaced.

    \b
    Examples:
      cwnb lab
      cwnb lab --no-browser --port 8890
    """  # noqa: D301
    from cwnb.demo.notebooks import folder

    if path == DEMO_STORE or not Path(path).exists():
        _demo_store(path).close()
    os.environ["CWNB_STORE"] = str(Path(path).absolute())
    # In place of this process, so that Ctrl-C and the exit status are JupyterLab's own.
    sys.stdout.flush()
    options = [f"--ServerApp.root_dir={folder()}", *jupyter]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    os.execv(sys.executable, [sys.executable, "-m", "jupyter", "lab", *options])  # noqa: S606


@cli.command()
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
@click.option("--log-type", metavar="NAME", help="lambda, vpc-flow, route53, cloudtrail or text.")
@click.option("--again", is_flag=True, help="Load files again that were loaded before.")
@_store_option
def load(files: tuple[str, ...], path: str, **options: Any) -> None:
    """Load files, folders, globs or URLs into a log group.

    If some files cannot be loaded, the others are, and the exit status is 1.

    \b
    Examples:
      cwnb load access.log.gz --group /shop/web
      cwnb load 'logs/**/*.json' s3://bucket/prefix/ --group /shop/app
      cwnb load server.log --group /shop/payments --tz Europe/Lisbon
    """  # noqa: D301
    import cwnb

    what = files[0] if len(files) == 1 else list(files)
    with closing(cwnb.open(path)) as logs, _bar() as progress:
        report = logs.load(what, progress=progress, **options)
    click.echo(_as_options(str(report)))
    if report.errors:
        sys.exit(1)


@cli.command()
@click.argument("text", metavar="TEXT")
@_groups_option
@click.option(
    "--start",
    metavar="TIME",
    help="Start of the window: -1h, 2026-11-20T08:00 (default: all events).",
)
@click.option(
    "--end", metavar="TIME", help="End of the window, not included (default: all events)."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Give at most N rows.")
@click.option("--output", "-o", type=click.Choice(OUTPUTS), help="Output format (default: table).")
@click.option("--to", metavar="FILE", help="Write to this file; its suffix sets the format.")
@click.option("--strict", is_flag=True, help="Refuse what the service's rules do not allow.")
@click.option("--explain", is_flag=True, help="Show how the query was run, not the answer.")
@click.option("--pandas", is_flag=True, help="Show the query as pandas source, not the answer.")
@click.option(
    "--export-events",
    metavar="FILE",
    help="Write the events that the query read as Parquet, which the source of --pandas reads.",
)
@_store_option
def query(
    *,
    text: str,
    groups: tuple[str, ...],
    output: str | None,
    to: str | None,
    explain: bool,
    pandas: bool,
    export_events: str | None,
    path: str,
    **options: Any,
) -> None:
    """Run a Logs Insights query; if TEXT is -, it is read from the standard input.

    \b
    Examples:
      cwnb query 'filter @message like /ERROR/ | stats count(*) by bin(1h)' -g /shop/app
      cwnb query 'fields @timestamp, @message | limit 5' -g '/shop/*' --start -1d
      cwnb query 'filter status >= 500' -g /shop/app -o json | jq '.[].requestId'
      cwnb query 'stats avg(ms) by path' -g /shop/app --to slow.parquet
    """  # noqa: D301
    from cwnb.output import chosen_output, write, writing

    output = chosen_output(output, to)
    if text == "-":
        text = sys.stdin.read()
    with closing(_open(path)) as logs:
        result = logs.query(text, _asked(logs, groups), **options)
        for warning in result.warnings:
            click.echo(f"warning: {warning}", err=True)
        if export_events is not None:
            with writing(export_events):
                result.export_events(export_events)
        if explain:
            click.echo(str(result.explain()))
        elif pandas:
            click.echo(result.to_pandas_source(export_events or "events.parquet"))
        else:
            write(result, output, to)


@cli.command()
@_store_option
def groups(path: str) -> None:
    """List the log groups of a store.

    \b
    Examples:
      cwnb groups
      cwnb groups --store .cwnb-demo
    """  # noqa: D301
    from cwnb.output import show

    with closing(_open(path)) as logs:
        show(logs.groups())


@cli.command()
@click.argument("names", nargs=-1, metavar="[GROUP]...")
@_groups_option
@_store_option
def fields(names: tuple[str, ...], groups: tuple[str, ...], path: str) -> None:
    """List the fields that were discovered in log groups.

    \b
    Examples:
      cwnb fields /shop/app
      cwnb fields --group '/shop/*' --store .cwnb-demo
    """  # noqa: D301
    from cwnb.output import show

    with closing(_open(path)) as logs:
        wanted = logs.store.match_groups(_asked(logs, (*names, *groups)))
        for group in wanted:
            if len(wanted) > 1:
                click.echo(f"{'' if group == wanted[0] else chr(10)}{group}")
            show(logs.fields(group))


@cli.command()
@click.argument("names", nargs=-1, metavar="[GROUP]...")
@_groups_option
@_store_option
def streams(names: tuple[str, ...], groups: tuple[str, ...], path: str) -> None:
    """List the log streams of log groups.

    \b
    Examples:
      cwnb streams /shop/app
      cwnb streams '/shop/*' --store .cwnb-demo
    """  # noqa: D301
    from cwnb.output import show

    with closing(_open(path)) as logs:
        wanted = logs.store.match_groups(_asked(logs, (*names, *groups)))
        for group in wanted:
            if len(wanted) > 1:
                click.echo(f"{'' if group == wanted[0] else chr(10)}{group}")
            show(logs.streams(group))


@cli.command()
@click.argument("group")
@click.argument("days")
@_store_option
def retention(group: str, days: str, path: str) -> None:
    """Keep the events of a log group for so many DAYS, or 'forever'.

    Days are counted from an event's own time; events that are older are deleted.

    \b
    Examples:
      cwnb retention /shop/app 30
      cwnb retention /shop/app forever
    """  # noqa: D301
    if days != "forever" and not (days.isascii() and days.isdigit() and len(days) < 9):
        raise InvalidParameter(f"{days!r:.80} is no number of days; write such as 30, or forever")
    with closing(_open(path)) as logs:
        logs.set_retention(group, None if days == "forever" else int(days))
    kept = days if days == "forever" else f"for {int(days)} day{'s' * (int(days) != 1)}"
    click.echo(f"{group} keeps its events {kept}")


@cli.command()
@click.argument("group")
@click.option("--yes", is_flag=True, help="Do not ask before it is deleted.")
@_store_option
def delete(group: str, path: str, *, yes: bool) -> None:
    """Delete a log group with all its events.

    \b
    Examples:
      cwnb delete /shop/app
      cwnb delete /shop/app --yes
    """  # noqa: D301
    with closing(_open(path)) as logs:
        if group.endswith("*"):
            raise InvalidParameter(f"{group!r} is a prefix; delete log groups by their whole names")
        logs.store.match_groups([group])
        events = next(found.events for found in logs.store.groups() if found.name == group)
        what = f"{group} and its {events:,} event{'s' * (events != 1)}"
        if not yes and not sys.stdin.isatty():
            raise InvalidParameter(f"this deletes {what}; add --yes")
        if not yes:
            click.confirm(f"Delete {what}?", abort=True)
        logs.delete_group(group)
    click.echo(f"deleted {what}")


@cli.command()
@click.argument("group", required=False)
@_store_option
def maintain(group: str | None, path: str) -> None:
    """Store recent events in segments, merge small ones, and delete what has expired.

    A store does this by itself while a process has it open; this does it now, and waits.

    \b
    Examples:
      cwnb maintain
      cwnb maintain /shop/app --store .cwnb-demo
    """  # noqa: D301
    with closing(_open(path)) as logs:
        logs.flush(group)
        logs.compact(group)
        logs.sweep(group)


def _asked(logs: Logs, groups: tuple[str, ...]) -> list[str]:
    if groups:
        return list(groups)
    there = [group.name for group in logs.store.groups()]
    has = f"this store has {', '.join(there[:8])}" if there else "this store has none yet"
    raise InvalidParameter(f"name a log group with --group; {has}")


if __name__ == "__main__":
    main()
