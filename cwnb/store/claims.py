"""Claims on work such as a flush, and removal of the files of work whose process has died.

A claim is a committed row with a lease. The files are then written under their final, unique names,
and one short transaction puts them in place of what they replace, if the claim is still there.
Cleaning takes an expired claim away first and its files after, so that nobody ever removes the
files of a living writer.
"""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cwnb.errors import StoreError
from cwnb.store.catalog import claims, segments
from cwnb.store.segments.folder import is_group_id, is_segment_id
from cwnb.store.segments.writer import SegmentWriter, WorkLost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.store.catalog.batches import BatchRange
    from cwnb.store.context import StoreContext

LEASE_S = 60.0
# A query holds a snapshot no longer than this without asking for a new one.
GRACE_S = 3600.0


class Work:
    """A claim on a piece of work, and the files it has written so far."""

    def __init__(self, context: StoreContext, work_id: str, group_id: int) -> None:
        self.id = work_id
        self.group_id = group_id
        self._context = context
        self._inputs = 0

    def claim_segments(self, connection: Any, names: list[str]) -> None:
        """Claim segments that shall be replaced."""
        claims.add_inputs(connection, self.id, names)
        self._inputs = len(names)

    def new_segment(self) -> str:
        """Give the name of a segment to write; cleaning removes its files if the work dies."""
        name = secrets.token_hex(12)
        with self._context.catalog.write() as connection:
            self._extend(connection)
            claims.add_output(connection, self.id, self.group_id, name)
        return name

    def renew(self) -> None:
        """Make the lease begin anew; raise WorkLost if it is over and was cleaned away."""
        with self._context.catalog.write() as connection:
            self._extend(connection)

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew the lease from time to time, for work that waits for somebody else."""
        stop = threading.Event()

        def keep() -> None:
            while not stop.wait(LEASE_S / 4):
                try:
                    self.renew()
                except StoreError:
                    return  # publishing reports it

        thread = threading.Thread(target=keep, name="cwnb-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def end(self, connection: Any) -> None:
        """End the claim in the transaction that publishes its work; raise WorkLost if it is gone.

        The segments it claimed are taken out of the catalog; their files stay for running queries.
        """
        inputs = claims.inputs_left(connection, self.id)
        if not claims.end(connection, self.id) or len(inputs) != self._inputs:
            raise _lost()
        segments.discard(connection, self.group_id, inputs, time.time() + GRACE_S)

    def abandon(self) -> None:
        """Give the claim back and remove what was written, unless it has been published."""
        try:
            with self._context.catalog.write() as connection:
                if not claims.cancel(connection, self.id):
                    return
            empty_trash(self._context, time.time())
        except StoreError:
            return  # cleaning does it when the lease is over

    def failed(self, writer: SegmentWriter | None, error: BaseException) -> None:
        """Clean up after an error, which may have come after the work was published."""
        if writer is not None:
            writer.close()
            if isinstance(error, WorkLost):
                writer.remove()
        self.abandon()

    def _extend(self, connection: Any) -> None:
        if not claims.extend(connection, self.id, time.time() + LEASE_S):
            raise _lost()


def claim(
    context: StoreContext,
    connection: Any,
    group_id: int,
    kind: str,
    batches: BatchRange | None = None,
) -> Work:
    """Write down that this process does a piece of work now."""
    work = Work(context, secrets.token_hex(12), group_id)
    lease_until = time.time() + LEASE_S
    claims.insert(connection, work.id, group_id, kind, lease_until=lease_until, batches=batches)
    return work


def clean(context: StoreContext) -> None:
    """Take expired claims away, and remove the files of the trash whose time has come."""
    now = time.time()
    with context.catalog.read() as connection:
        expired = claims.any_expired(connection, now)
        due = segments.trash_is_due(connection, now)
    if expired:
        with context.catalog.write() as connection:
            claims.cancel_expired(connection, now)
    if expired or due:
        empty_trash(context, now)


def empty_trash(context: StoreContext, now: float) -> None:
    """Remove the files whose time has come."""
    with context.catalog.read() as connection:
        due = segments.due_trash(connection, now)
    for name, group_id in due:
        if is_segment_id(name) and is_group_id(group_id):  # what is no id names no file
            context.folder.remove_segment(group_id, name)
    with context.catalog.write() as connection:
        segments.forget_trash(connection, [name for name, _ in due])


def remove_strays(context: StoreContext) -> None:
    """Remove files that nothing knows of, left by a process that died between two steps."""
    old = time.time() - GRACE_S
    with context.catalog.read() as connection:
        known = segments.known_ids(connection)
    for file, changed in context.folder.list():
        if file.segment_id not in known and changed < old:
            context.folder.remove(file)


def _lost() -> WorkLost:
    return WorkLost("the claim on this work ran out; nothing was changed")
