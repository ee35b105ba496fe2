"""The bar that shows on a terminal how far a query is."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from cwnb.insights import Control

# A query that takes less time than this shows none.
_PATIENCE_S = 1.0


class TerminalBar:
    """tqdm's bar on the standard error; each call draws how far the query is."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._bar: Any = None

    @classmethod
    def wanted(cls, control: Control) -> Self | None:
        """Give a bar if somebody waits at a terminal, and CWNB_PROGRESS does not say `none`."""
        waited_for = threading.current_thread() is threading.main_thread()
        terminal = sys.stderr is not None and sys.stderr.isatty()
        wanted = waited_for and terminal and os.environ.get("CWNB_PROGRESS") != "none"
        return cls(control) if wanted else None

    def __call__(self) -> None:
        """Draw it anew."""
        progress = self._control.progress
        if self._bar is None:
            if progress.seconds < _PATIENCE_S:
                return
            from tqdm import tqdm

            self._bar = tqdm(
                total=progress.of_records, unit=" records", unit_scale=True, leave=False
            )
        self._bar.total = progress.of_records
        self._bar.set_postfix_str(f"{progress.bytes / 1e6:,.0f} MB", refresh=False)
        self._bar.update(progress.records - self._bar.n)

    def close(self) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.close()
