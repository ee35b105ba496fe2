"""Work in the background for a view: of several tasks, only what the newest one found is shown."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from cwnb.notebook.widgets.newest import Newest

if TYPE_CHECKING:
    from collections.abc import Callable

    # What finds something, and what shows it.
    Steps = tuple[tuple[Callable[[], Any], Callable[[Any], object]], ...]


class NewestTask:
    """Runs a task on a thread, in place of the one before it; all methods return at once."""

    def __init__(self, on_error: Callable[[Exception], object]) -> None:
        self._on_error = on_error
        self._newest = Newest()
        self._thread: threading.Thread | None = None

    def begin(self, *steps: tuple[Callable[[], Any], Callable[[Any], object]]) -> None:
        """Run these steps one after another: what the first of a pair finds, the second shows."""
        number = self._newest.begin()
        thread = threading.Thread(
            target=self._run, args=(number, steps), name="cwnb-newest-task", daemon=True
        )
        thread.start()
        self._thread = thread

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the newest task has ended."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self, number: int, steps: Steps) -> None:
        try:
            for find, show in steps:
                if not self._newest.is_newest(number):
                    return
                self._newest.if_newest(number, partial(show, find()))
        except Exception as error:
            self._newest.if_newest(number, partial(self._on_error, error))
