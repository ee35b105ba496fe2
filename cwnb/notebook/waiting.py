"""Wait for the answer of a cell; an interrupt ends it at once and shows the rows so far."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from IPython.display import display

from cwnb.errors import CwnbError, QueryCancelled
from cwnb.results.visible import visible

if TYPE_CHECKING:
    from cwnb.results.result import QueryResult
    from cwnb.results.running import RunningQuery

# An interrupted cell ends within a third of a second, with its rows so far if they take less.
_ROWS_WITHIN_S = 0.2


def wait_for(running: RunningQuery) -> QueryResult:
    """Give the answer; an interrupt shows the rows so far and raises QueryCancelled."""
    try:
        return running.result()
    except KeyboardInterrupt:
        running.stop()
        so_far = _rows_so_far(running)
        progress = running.progress
        rows = "no rows so far"
        if so_far is not None and len(so_far):
            display(so_far)
            rows = "the rows above are the answer to these"
        raise QueryCancelled(
            f"interrupted after {progress.seconds:.1f} s: {progress.records_text} scanned; {rows}"
        ) from None


def _rows_so_far(running: RunningQuery) -> QueryResult | None:
    """Give the rows so far, on a thread, because sorting or merging them may take long."""
    found: list[QueryResult] = []

    def look() -> None:
        with suppress(CwnbError):
            found.append(running.partial())

    thread = threading.Thread(target=look, name="cwnb-rows-so-far", daemon=True)
    thread.start()
    thread.join(_ROWS_WITHIN_S)
    return found[0] if found else None


def show_line(text: str) -> None:
    """Show one line of text."""
    from cwnb.results.html import line_html

    display({"text/plain": visible(text), "text/html": line_html(text)}, raw=True)
