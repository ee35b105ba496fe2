"""The progress bar of a query on a terminal."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from cwnb.insights import Control

# A query that takes less time than this shows no bar.
_SHOW_AFTER_S = 1.0


class TerminalBar:
    """tqdm's bar on the standard error; each call updates it to the progress of the query."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._bar: Any = None

    @classmethod
    def wanted(cls, control: Control) -> Self | None:
        """Give a bar if there is use for one, else None.

        There is on the main thread, if the standard error is a terminal and the variable
        CWNB_PROGRESS is not `none`.
        """
        waited_for = threading.current_thread() is threading.main_thread()
        terminal = sys.stderr is not None and sys.stderr.isatty()
        wanted = waited_for and terminal and os.environ.get("CWNB_PROGRESS") != "none"
        return cls(control) if wanted else None

    def __call__(self) -> None:
        """Draw the bar with the present progress."""
        progress = self._control.progress
        if self._bar is None:
            if progress.seconds < _SHOW_AFTER_S:
                return
            from tqdm import tqdm

            self._bar = tqdm(
                total=progress.of_records, unit=" records", unit_scale=True, leave=False
            )
        self._bar.total = progress.of_records
        self._bar.set_postfix_str(f"{progress.bytes / 1e6:,.0f} MB", refresh=False)
        self._bar.update(progress.records - self._bar.n)

    def close(self) -> None:
        """Remove the bar from the terminal."""
        if self._bar is not None:
            self._bar.close()
