"""Imports between cells, so that the first Tab and the first answer find them done."""

from __future__ import annotations

import threading
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class IdleImports:
    """Imports modules one by one on a thread, none while a cell runs.

    A cell that begins while a module is imported waits for that one. Where two threads import parts
    of one package at once, each can wait for what the other has begun. Python ends that with an
    error in one of them, which would be the cell of the user as likely as ours.
    """

    def __init__(self, modules: Callable[[], Iterable[str]]) -> None:
        self._modules = modules
        self._changed = threading.Condition()
        self._running_cells = 0
        self._is_importing = False
        self._is_over = False
        self._thread: threading.Thread | None = None

    def register(self, events: Any) -> None:
        """Begin with the end of the cell that runs, or of the first one."""
        events.register("pre_execute", self._cell_begins)
        events.register("post_execute", self._cell_ends)

    def unregister(self, events: Any) -> None:
        """Import no further module."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        events.unregister("pre_execute", self._cell_begins)
        events.unregister("post_execute", self._cell_ends)

    def _cell_begins(self) -> None:
        with self._changed:
            self._running_cells += 1
            self._changed.wait_for(lambda: not self._is_importing)

    def _cell_ends(self) -> None:
        with self._changed:
            # The cell that registers us began before we could count it.
            self._running_cells = max(0, self._running_cells - 1)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._import_all, name="cwnb-imports", daemon=True
                )
                self._thread.start()

    def _import_all(self) -> None:
        modules = iter(self._modules())
        module: str | None = ""
        while module is not None:
            with self._changed:
                self._changed.wait_for(lambda: self._is_over or not self._running_cells)
                if self._is_over:
                    return
                self._is_importing = True
            try:
                # What cannot be imported is told by the cell that needs it.
                with suppress(Exception):
                    module = None
                    module = next(modules, None)
                    if module is not None:
                        import_module(module)
            finally:
                with self._changed:
                    self._is_importing = False
                    self._changed.notify_all()
