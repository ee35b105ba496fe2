"""Keeps Ctrl-C out of short pieces of work that must not be left half done."""

from __future__ import annotations

import threading

# The module `signal` turns every number into an enumeration, which would be most of the cost.
from _signal import (  # type: ignore[import-not-found]
    SIGINT,
    getsignal,
    raise_signal,
    signal,
)
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold a SIGINT back until the block has ended.

    Python raises KeyboardInterrupt between any two steps of the main thread, also between the
    beginning of a transaction and the `try` that would end it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = getsignal(SIGINT)
    if before is None:  # a handler installed from C, which Python cannot put back
        yield
        return
    signal(SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal(SIGINT, before)
        if came:
            raise_signal(SIGINT)
