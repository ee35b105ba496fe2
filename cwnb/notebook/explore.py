"""`logs.explore()`: an explorer with the settings of the notebook that it is opened in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb.notebook.exploration import FIRST_TEXT, Exploration
from cwnb.window import narrowed_start, read_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.logs import Logs
    from cwnb.notebook.magic import Cwnb
    from cwnb.notebook.widgets.explorer import Explorer


def explore(
    logs: Logs,
    groups: Sequence[str] = (),
    text: str | None = None,
    start: Any = None,
    end: Any = None,
    *,
    language: str = "ql",
    limit: int | None = None,
) -> Explorer:
    """Open an explorer over a store; see `Logs.explore`."""
    from cwnb.notebook.stores import configured_groups
    from cwnb.notebook.widgets.explorer import Explorer

    magics = _magics()
    configured_names = [] if magics is None else configured_groups(magics.groups)
    now_ms = logs.clock.now_ms()
    read_window(start, end, now_ms)
    configured = "" if magics is None else magics.start
    exploration = Exploration(
        logs,
        text=FIRST_TEXT if text is None else text,
        start=narrowed_start(start, end, now_ms, configured=configured),
        end=end,
        limit=limit if limit or magics is None else magics.limit,
    )
    exploration.choose_groups(groups or configured_names)
    exploration.choose_language(language)
    return Explorer(exploration, _settings(magics))


def _settings(magics: Cwnb | None) -> Any:
    from cwnb.notebook.widgets.explorer_settings import ExplorerSettings

    if magics is None:
        return ExplorerSettings()
    return ExplorerSettings(
        tz=magics.tz,
        price_per_gb=magics.price_per_gb,
        price_region=magics.price_region,
        history=magics.history,
        variables=magics.shell.user_ns,
    )


def _magics() -> Cwnb | None:
    """Give the magics of the notebook, which hold its settings; None where they are not loaded."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        return None
    magics: Cwnb | None = shell.magics_manager.registry.get("Cwnb")
    return magics
