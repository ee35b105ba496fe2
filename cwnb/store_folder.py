"""Which folder is the store where none is named: the one rule of Python, commands and cells."""

from __future__ import annotations

import os

STORE_VARIABLE = "CWNB_STORE"
_IN_THIS_FOLDER = ".cwnb"


def store_folder() -> str:
    """Give the folder that CWNB_STORE names, or else `.cwnb` in the current folder."""
    return os.environ.get(STORE_VARIABLE) or _IN_THIS_FOLDER
