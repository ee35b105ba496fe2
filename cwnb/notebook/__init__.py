"""`%load_ext cwnb`: `%%insights` cells and `%insights` lines, with completion."""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Register the magics and what helps to write them; a second time only resets the settings."""
    from cwnb.notebook.magic import Cwnb

    unload_ipython_extension(shell)
    magics = Cwnb(shell)
    shell.register_magics(magics)
    magics.register()


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics and what helps to write them away again."""
    from cwnb.notebook.magic import Cwnb

    magics = shell.magics_manager.registry.pop(Cwnb.__name__, None)
    if magics is None:
        return
    magics.unregister()
    for kind, names in Cwnb.magics.items():
        for name in names:
            shell.magics_manager.magics[kind].pop(name, None)
