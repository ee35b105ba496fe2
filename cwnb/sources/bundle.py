"""Load many small files together, into one segment instead of one for each."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.store import CheckedEvents, LoadRecord, Processing

# A file whose messages are fewer bytes waits for others; a bundle is published at this size.
SMALL_BYTES = 4 * 1024 * 1024
_BUNDLE_BYTES = 64 * 1024 * 1024
_BUNDLE_FILES = 2_000


class Bundle:
    """Hands out a place for each file; what a file puts there is stored whole or not at all."""

    def __init__(self, store: Any, group: str, processing: Processing, *, deliver: bool) -> None:
        self._new_loading = partial(store.loading, group, processing, deliver=deliver)
        self._stack = ExitStack()
        self._loading: Any = None
        self._records: list[LoadRecord] = []
        self._bytes = 0

    @contextmanager
    def place(self, *, alone: bool) -> Iterator[Any]:
        """Give a loading of its own to a file that comes alone, else a place among others."""
        if alone:
            with self._new_loading() as loading:
                yield loading
            return
        with ExitStack() as stack:
            yield _Place(self, stack)

    def loading(self) -> Any:
        """Give the loading that the files share."""
        if self._loading is None:
            new = self._new_loading()
            self._loading = self._stack.enter_context(new)
        return self._loading

    def own_loading(self, stack: ExitStack) -> Any:
        """Give one to a file that has grown too big for a place."""
        return stack.enter_context(self._new_loading())

    def take(self, held: list[CheckedEvents], record: LoadRecord) -> None:
        """Add a whole file to the shared loading."""
        loading = self.loading()
        for events in held:
            loading.add_checked(events)
            self._bytes += events.messages.nbytes
        self._records.append(record)
        if self._bytes > _BUNDLE_BYTES or len(self._records) >= _BUNDLE_FILES:
            self.publish()

    def publish(self) -> None:
        """Store what the files have put here so far."""
        if self._loading is None:
            return
        with self._stack:
            if self._records:
                self._loading.commit(*self._records)
        self._loading, self._records, self._bytes = None, [], 0

    def abandon(self) -> None:
        """Leave what has not been published."""
        self._stack.close()


class _Place:
    """What one file puts into a bundle: held until it is whole, or too big to wait."""

    def __init__(self, bundle: Bundle, stack: ExitStack) -> None:
        shared = bundle.loading()
        self.cutoff_ms = shared.cutoff_ms
        self.processing = shared.processing
        self.prepare = shared.prepare
        self._bundle = bundle
        self._stack = stack
        self._own: Any = None
        self._held: list[CheckedEvents] = []
        self._bytes = 0

    def add_checked(self, events: CheckedEvents) -> None:
        """Take events."""
        if self._own is not None:
            self._own.add_checked(events)
            return
        self._held.append(events)
        self._bytes += events.messages.nbytes
        if self._bytes > SMALL_BYTES:
            self._own = self._bundle.own_loading(self._stack)
            for held in self._held:
                self._own.add_checked(held)
            self._held.clear()

    def commit(self, record: LoadRecord, *, unique: bool = False) -> None:
        """Take the file as whole; it is stored now, or with the others."""
        if self._own is not None:
            self._own.commit(record, unique=unique)
        else:
            self._bundle.take(self._held, record)
