"""`cwnb repair`: a new catalog for a store whose own is damaged."""

from __future__ import annotations

import click


@click.command()
@click.argument("store", metavar="STORE")
def repair(store: str) -> None:
    """Make a new catalog from the segments of a STORE whose catalog is damaged or gone.

    Nobody else may use the store meanwhile. Segments stay as they are, and the old catalog is kept
    beside the new one. Of what only that one had (events that were not in a segment yet, retention,
    which files were loaded) as much is brought back as can be read.
    Exit status 1 says that segments were left out.

    \b
    Examples:
      cwnb repair .cwnb
    """  # noqa: D301
    from cwnb.store import repair as repair_store

    report = repair_store(store)
    click.echo(str(report))
    if report.left_out:
        raise SystemExit(1)
