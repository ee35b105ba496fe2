"""Python's garbage collector, paused while many objects are made at once.

It begins a collection each time some hundred lists and maps were made, and now and then looks at
every object of the process. While JSON is read these find nothing, and take twice the time of the
reading.
"""

from __future__ import annotations

import gc
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_paused = 0
_was_on = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector of the whole process; for the milliseconds that one call takes.

    Several threads may do so at once. It goes on when the last of them is done, unless it was off.
    """
    global _paused, _was_on
    with _lock:
        if not _paused:
            _was_on = gc.isenabled()
            gc.disable()
        _paused += 1
    try:
        yield
    finally:
        with _lock:
            _paused = max(0, _paused - 1)
            if not _paused and _was_on:
                gc.enable()


def _begin_anew() -> None:
    """Let the collector of a forked process go on: the threads that paused it are not there."""
    global _lock, _paused
    _lock = threading.Lock()
    if _paused and _was_on:
        gc.enable()
    _paused = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
