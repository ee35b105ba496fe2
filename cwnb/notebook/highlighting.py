"""The words that editors of cells and queries colour.

`widgets/js/tokens.js` cuts a query into tokens and gives each a kind by these words. The editor of
the explorer gets them from the kernel; the extension for `%%insights` cells has them in it, for
cells are coloured before a kernel runs (`labextension/`, joined by `scripts/labextension.py`).
"""

from __future__ import annotations

from typing import Any

from cwnb.insights import highlighted_words
from cwnb.notebook.options import SPELLINGS


def editor_words() -> dict[str, Any]:
    """Give the words of the language by kind, and the options of a cell's first line, as JSON."""
    return {**highlighted_words(), "options": sorted(SPELLINGS)}
