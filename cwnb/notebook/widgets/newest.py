"""Number what is begun, so that only the newest of it is shown."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Newest:
    """Gives numbers to runs or tasks, and does for the newest one alone what shows it.

    One thread at a time begins or shows. What shows may begin the next run itself, on its thread.
    """

    def __init__(self) -> None:
        self._number = 0
        self.lock = threading.RLock()

    def begin(self) -> int:
        """Give the number of a new run, which is the newest from now on."""
        with self.lock:
            self._number += 1
            return self._number

    def is_newest(self, number: int) -> bool:
        """Say whether nothing was begun after this run."""
        return number == self._number

    def if_newest(self, number: int, call: Callable[[], object]) -> None:
        """Call this if nothing was begun after this run; nothing begins while it is called."""
        with self.lock:
            if number == self._number:
                call()
