"""`cwnb demo | lab`: a store to try, in the terminal and in JupyterLab."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cwnb.store_folder import STORE_VARIABLE

if TYPE_CHECKING:
    from cwnb.logs import Logs

DEMO_STORE = ".cwnb-demo"


_store_option = click.option(
    "--store",
    "path",
    default=DEMO_STORE,
    metavar="FOLDER",
    help="The store's folder (default: ./.cwnb-demo).",
)


@click.command()
@_store_option
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


@click.command(context_settings={"ignore_unknown_options": True})
@_store_option
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

    if find_spec("jupyterlab") is None:
        raise click.UsageError("this needs JupyterLab; pip install 'cwnb[lab]'")
    if path == DEMO_STORE or not Path(path).exists():
        _demo_store(path).close()
    os.environ[STORE_VARIABLE] = str(Path(path).absolute())
    # In place of this process, so that Ctrl-C and the exit status are JupyterLab's own.
    sys.stdout.flush()
    options = [f"--ServerApp.root_dir={folder()}", *jupyter]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    os.execv(sys.executable, [sys.executable, "-m", "jupyter", "lab", *options])  # noqa: S606


def _demo_store(path: str) -> Logs:
    """Open the demo's store, or create it; a terminal then shows a progress bar."""
    from tqdm import tqdm

    from cwnb.demo import EVENTS, ensure

    quiet = not sys.stderr.isatty()
    with tqdm(total=EVENTS, unit=" events", desc="the demo", leave=False, disable=quiet) as bar:
        return ensure(path, progress=bar.update)
