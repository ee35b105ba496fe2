"""Load many small files together, into one segment instead of one for each."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from cwnb.errors import AlreadyLoaded
from cwnb.sources.earlier import may_begin_alike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cwnb.store import CheckedEvents, LoadRecord, Processing

# A file whose messages are fewer bytes waits for others; a bundle is published at this size.
SMALL_BYTES = 4 * 1024 * 1024
_BUNDLE_BYTES = 64 * 1024 * 1024
_BUNDLE_FILES = 2_000


class _File(NamedTuple):
    """A file that is whole; `if_known` is told which load has had its content, or may have.

    `unique` is the same for all files of a load.
    """

    held: list[CheckedEvents]
    record: LoadRecord
    unique: bool
    if_known: Callable[[LoadRecord], None]

    def may_share(self, record: LoadRecord) -> bool:
        """Tell whether one content may begin with the other, as those of a growing file do."""
        return record.events > 0 and may_begin_alike(self.record, record)


class Bundle:
    """Hands out a place for each file; what a file puts there is stored whole or not at all."""

    def __init__(
        self,
        store: Any,
        group: str,
        processing: Processing,
        *,
        known: int,
        deliver: bool,
        load_id: str,
    ) -> None:
        # The loads of the group with which files have been compared.
        self._known = known
        self._new_loading = partial(
            store.loading, group, processing, deliver=deliver, load_id=load_id
        )
        self._store = store
        self._group = group
        self._stack = ExitStack()
        self._loading: Any = None
        self._files: list[_File] = []
        self._bytes = 0

    @contextmanager
    def place(self, *, alone: bool) -> Iterator[Any]:
        """Give a loading of its own to a file that comes alone, else a place among others."""
        if alone:
            with self._new_loading() as loading:
                yield _Whole(self, loading)
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

    def take(self, file: _File) -> None:
        """Add a whole file to the shared loading."""
        loading = self.loading()
        for events in file.held:
            loading.add_checked(events)
            self._bytes += events.messages.nbytes
        self._files.append(file)
        if self._bytes > _BUNDLE_BYTES or len(self._files) >= _BUNDLE_FILES:
            self.publish()

    def publish(self) -> None:
        """Store what the files have put here so far.

        What another process has loaded meanwhile is left out, which takes a new loading: the events
        of all files are in one segment.
        """
        files, self._files, self._bytes = self._files, [], 0
        while self._loading is not None:
            loading, self._loading = self._loading, None
            with self._stack:
                files = self.commit(loading, files) if files else []
            for file in files:
                for events in file.held:
                    self.loading().add_checked(events)

    def commit(self, loading: Any, files: list[_File]) -> list[_File]:
        """Store files that are in one loading; give those to store without the others.

        The others are those of which another process has loaded something meanwhile. They are told
        so, and then nothing is stored.
        """
        unique = files[0].unique
        while True:
            known = self._known
            try:
                loading.commit(
                    *(file.record for file in files),
                    unique=unique,
                    known=known if unique else None,
                )
            except AlreadyLoaded:
                left = self._without_known(files)
                if len(left) < len(files):
                    return left
                if self._known == known:
                    raise
            else:
                self._known = known + len(files)
                return []

    def _without_known(self, files: list[_File]) -> list[_File]:
        """Compare files with the loads that came meanwhile; tell those that have met one."""
        records = self._store.load_records(self._group)
        new = records[self._known :] if len(records) > self._known else records
        self._known = len(records)
        same = {record.fingerprint: record for record in records if record.bytes}
        left = []
        for file in files:
            met = same.get(file.record.fingerprint) or next(filter(file.may_share, new), None)
            if met is None:
                left.append(file)
            else:
                file.if_known(met)
        return left

    def abandon(self) -> None:
        """Drop what has not been published."""
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
        """Hold events until the file is whole; a file that grows too big gets its own loading."""
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

    def commit(
        self, record: LoadRecord, *, unique: bool, if_known: Callable[[LoadRecord], None]
    ) -> None:
        """Say that the file is whole, so that it may be stored: now, or with the others.

        `if_known` is called, now or then, with the record of another process that has loaded the
        same content meanwhile.
        """
        file = _File(self._held, record, unique, if_known)
        if self._own is not None:
            self._bundle.commit(self._own, [file])
        else:
            self._bundle.take(file)


class _Whole:
    """The place of a file that is not bundled with others: it has a loading of its own."""

    def __init__(self, bundle: Bundle, loading: Any) -> None:
        self.cutoff_ms = loading.cutoff_ms
        self.processing = loading.processing
        self.prepare = loading.prepare
        self.add_checked = loading.add_checked
        self._bundle = bundle
        self._loading = loading

    def commit(
        self, record: LoadRecord, *, unique: bool, if_known: Callable[[LoadRecord], None]
    ) -> None:
        """Store the file."""
        self._bundle.commit(self._loading, [_File([], record, unique, if_known)])
