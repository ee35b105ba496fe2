"""Ask queries in the background for a view: only the newest one is shown."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Protocol

from cwnb.errors import QueryCancelled, QueryUnfinished
from cwnb.notebook.widgets.newest import Newest

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.insights import Progress
    from cwnb.results.result import QueryResult
    from cwnb.results.running import RunningQuery

# Seconds between two reports of progress: five a second, where the server's limit allows ten.
_REPORT_EVERY_S = 0.2


class Shows(Protocol):
    """What shows the answer, the progress or the error of a query."""

    def show_result(self, result: QueryResult) -> None:
        """Show the answer."""

    def show_progress(self, progress: Progress) -> None:
        """Show how far the query is."""

    def show_error(self, error: Exception | str) -> None:
        """Show why there is no answer."""


class LatestRun:
    """Runs the newest query on a thread. An older one is stopped, and nothing of it is shown.

    All methods but `wait` return at once. They may be called from any thread.
    """

    def __init__(self, shows: Shows) -> None:
        self._shows = shows
        self._newest = Newest()
        self._running: RunningQuery | None = None
        self._thread: threading.Thread | None = None

    def begin(self, begin: Callable[[], RunningQuery]) -> None:
        """Start a query by `begin`, in place of one that runs."""
        with self._newest.lock:
            number = self._newest.begin()
            before, self._running = self._running, None
        if before is not None:
            before.stop()
        thread = threading.Thread(
            target=self._follow, args=(number, begin), name="cwnb-latest-run", daemon=True
        )
        thread.start()
        self._thread = thread

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the newest query has been shown, or its error."""
        if self._thread is not None:
            self._thread.join(timeout)

    def stop(self) -> None:
        """Stop the query that runs; its rows so far are shown."""
        running = self._running
        if running is not None:
            running.stop()

    def _follow(self, number: int, begin: Callable[[], RunningQuery]) -> None:
        try:
            running = begin()
            with self._newest.lock:
                is_newest = self._newest.is_newest(number)
                self._running = running if is_newest else self._running
            if not is_newest:
                running.stop()
                return
            result = self._wait(number, running)
        except Exception as error:
            self._newest.if_newest(number, partial(self._shows.show_error, error))
        else:
            self._newest.if_newest(number, partial(self._shows.show_result, result))

    def _wait(self, number: int, running: RunningQuery) -> QueryResult:
        while True:
            try:
                return running.result(_REPORT_EVERY_S)
            except QueryUnfinished:
                show = partial(self._shows.show_progress, running.progress)
                self._newest.if_newest(number, show)
            except QueryCancelled:
                return running.partial()
