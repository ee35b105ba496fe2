"""Which store a cell asks, and which of its log groups."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidParameter, NotAStore
from cwnb.notebook.cells import quoted
from cwnb.store_folder import store_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cwnb.logs import Logs
    from cwnb.notebook.options import Options

_GROUPS_LISTED = 5


class Stores:
    """The stores that a notebook asks; each folder is opened once. Safe from any thread."""

    def __init__(self) -> None:
        self._opened: dict[Path, Logs] = {}
        self._opening = threading.Lock()

    def find(self, options: Options, configured: Any, variables: Mapping[str, Any]) -> Logs | Path:
        """Give the store to ask, or the folder of one, without opening it.

        The first of these that is there: the options, `%config`, the variable `logs`, CWNB_STORE,
        ./.cwnb. Raises InvalidParameter for a variable that holds no store.
        """
        from cwnb.logs import Logs

        if options.logs is not None:
            named = variables.get(options.logs)
            if not isinstance(named, Logs):
                raise InvalidParameter(f"{options.logs!r} is no variable that holds a store")
            return named
        where = options.store if options.store is not None else configured
        if where is None and isinstance(variables.get("logs"), Logs):
            where = variables["logs"]
        if isinstance(where, Logs):
            return where
        return Path(where or store_folder())

    def options_for(
        self, logs: Logs, configured: Any, variables: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """Give the options by which a cell finds this store; none where it finds it anyway."""
        from cwnb.logs import Logs
        from cwnb.notebook.options import Options

        path = _folder(logs)
        with suppress(InvalidParameter):
            if _folder(self.find(Options(), configured, variables)) == path:
                return ()
        for name, value in list(variables.items()):
            if isinstance(value, Logs) and _folder(value) == path and not name.startswith("_"):
                return ("--logs", name)
        return ("--store", quoted(str(path)))

    def open(self, where: Logs | Path) -> Logs:
        """Open a folder once; raises NotAStore instead of making an empty store."""
        from cwnb.logs import open

        if not isinstance(where, Path):
            return where
        path = _folder(where)
        with self._opening:
            if path not in self._opened:
                if not path.exists():
                    raise NotAStore(
                        f"there is no store at {str(where)!r}; "
                        "make one with logs = cwnb.open(FOLDER), or name yours with --store FOLDER"
                    )
                self._opened[path] = open(path)
            return self._opened[path]


def _folder(where: Logs | Path) -> Path:
    path = where if isinstance(where, Path) else Path(where.store.path)
    return path.expanduser().absolute()


def groups_to_ask(
    named: list[str],
    configured: str | list[str],
    logs: Logs,
    *,
    remedy: str = "add -g GROUP, or begin the query with SOURCE 'GROUP'",
    hint: str = "",
) -> list[str]:
    """Give the groups that are named, else those of `%config`; raises InvalidParameter."""
    groups = named or configured_groups(configured)
    if groups:
        return groups
    names = [group.name for group in logs.store.groups()]
    known = ", ".join(names[:_GROUPS_LISTED]) + ", …" * (len(names) > _GROUPS_LISTED)
    there = f"this store has {known}" if names else "this store has none yet"
    raise InvalidParameter(f"no log group named; {remedy} ({hint or there})")


def configured_groups(configured: str | list[str]) -> list[str]:
    """Give the groups of `%config Cwnb.groups`, which may be one name."""
    names = [configured] if isinstance(configured, str) else configured
    return [name for name in names if name]
