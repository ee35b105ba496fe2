"""What several commands share: the options that name a store and log groups, and a progress bar."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cwnb.errors import InvalidParameter, NotAStore
from cwnb.store_folder import store_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cwnb.logs import Logs


def store_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--store`, which a command receives as `path`."""
    return click.option(
        "--store",
        "path",
        default=store_folder,
        metavar="FOLDER",
        help="The store's folder (default: $CWNB_STORE, or else ./.cwnb).",
    )(command)


groups_option = click.option(
    "--group",
    "-g",
    "groups",
    multiple=True,
    metavar="NAME",
    help="A log group, or a prefix that ends in *; may be repeated.",
)


def open_store(path: str) -> Logs:
    """Open a store that exists; a query must not create an empty one. Raises NotAStore."""
    import cwnb

    if not Path(path).exists():
        raise NotAStore(
            f"there is no store {path!r}; 'cwnb load FILE --group NAME' makes one, "
            "and 'cwnb demo' makes one to try"
        )
    return cwnb.open(path)


def named_groups(logs: Logs, groups: tuple[str, ...], hint: str = "") -> list[str]:
    """Give the log groups that were named. Raises InvalidParameter if there is none.

    `hint`: what the error says in the place of the groups of the store.
    """
    if groups:
        return list(groups)
    there = [group.name for group in logs.store.groups()]
    has = f"this store has {', '.join(there[:8])}" if there else "this store has none yet"
    raise InvalidParameter(f"name a log group with --group; {hint or has}")


def by_name(pairs: Iterable[tuple[str, str]], what: str) -> dict[str, str]:
    """Give pairs as a dict. Raises InvalidParameter for a name that is given twice."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            raise InvalidParameter(f"{what} {name!r} is given twice, and not with the same value")
    return found


@contextmanager
def progress_of_bytes() -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar of bytes on a terminal; gives the function that `load` reports to."""
    from tqdm import tqdm

    with tqdm(unit="B", unit_scale=True, leave=False, disable=not sys.stderr.isatty()) as bar:

        def report(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield report
