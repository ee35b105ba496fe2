"""`%load_ext cwnb`: `%%insights` cells and `%insights` lines."""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Register the magics; loading a second time changes nothing but their settings."""
    from cwnb.notebook.magic import Cwnb

    shell.register_magics(Cwnb)
