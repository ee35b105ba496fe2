"""`cwnb export | exports`: the events of a log group as files, and the tasks that wrote them."""

from __future__ import annotations

import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click

from cwnb.cli.options import open_store, store_option
from cwnb.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cwnb.delivery.exports import ExportTask


@click.command()
@click.argument("group")
@click.argument("destination")
@click.option("--start", metavar="TIME", help="Start of the window (default: all events).")
@click.option(
    "--end", metavar="TIME", help="End of the window, not included (default: all events)."
)
@click.option("--stream-prefix", metavar="PREFIX", help="Only streams whose names begin so.")
@click.option(
    "--format", default="service", metavar="NAME", help="service (default), parquet or ndjson."
)
@click.option(
    "--since",
    metavar="last",
    help="'last': only what came after the last completed export to this destination.",
)
@store_option
def export(group: str, destination: str, path: str, **options: Any) -> None:
    """Export a log group to a folder, or to s3://bucket/prefix.

    Only one export is active in a store. One that was interrupted goes on with
    'cwnb exports --resume ID'.

    \b
    Examples:
      cwnb export /shop/web ./archive
      cwnb export /shop/web s3://archive/logs --start yesterday --end today
      cwnb export /shop/web ./archive --format parquet --since last
    """  # noqa: D301
    with closing(open_store(path)) as logs:
        _follow(logs.export(group, destination, **options))


@click.command()
@click.option("--cancel", metavar="ID", help="End this task; the files that are whole stay.")
@click.option("--resume", metavar="ID", help="Go on with this task, which has failed.")
@store_option
def exports(cancel: str | None, resume: str | None, path: str) -> None:
    """List the export tasks, newest first; cancel or resume one.

    \b
    Examples:
      cwnb exports
      cwnb exports --resume 0f9c1d9e-8a55-4c67-9a40-6f1f4a2d7c11
    """  # noqa: D301
    from cwnb.output import show

    if cancel is not None and resume is not None:
        raise click.UsageError("give one of --cancel and --resume")
    with closing(open_store(path)) as logs:
        if cancel is not None:
            logs.export_task(cancel).cancel()
        elif resume is not None:
            _follow(logs.export_task(resume).resume())
        else:
            show(logs.exports())


def _follow(task: ExportTask) -> None:
    """Wait for a task with a progress bar, and say what it wrote."""
    try:
        with _progress(task) as on_wait:
            task.wait(on_wait=on_wait)
    except KeyboardInterrupt:
        click.echo(f"\ncwnb: stopped; 'cwnb exports --resume {task.id}' goes on", err=True)
        raise
    info = task.info
    written = f"{counted(info.events, 'event')} in {counted(info.files, 'file')}"
    click.echo(f"{written} under {info.destination.rstrip('/')}/{task.id}: {info.message}")


@contextmanager
def _progress(task: ExportTask) -> Iterator[Callable[[], None]]:
    from tqdm import tqdm

    bar: Any
    hidden = not sys.stderr.isatty()
    with tqdm(unit=" events", unit_scale=True, leave=False, disable=hidden) as bar:

        def show() -> None:
            done, bar.total = task.counts
            bar.update(done - bar.n)

        yield show
