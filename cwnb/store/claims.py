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
from collections import Counter
from contextlib import contextmanager, suppress
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
# Times that lie further ahead than this beyond what is given now were written before the clock was
# set back. A time service sets clocks back by less, while the work goes on.
_CLOCK_S = 5.0


class Work:
    """A claim on a piece of work, and the files it has written so far."""

    def __init__(self, context: StoreContext, work_id: str, group_id: int) -> None:
        self.id = work_id
        self.group_id = group_id
        self._context = context
        self._inputs = 0
        self._outputs: list[str] = []
        self._ended = False

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
        self._outputs.append(name)
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
        self._ended = True
        segments.discard(connection, self.group_id, inputs, time.time() + GRACE_S)

    def abandon(self) -> None:
        """Remove what was written and give the claim back, unless the work has been published.

        The files go first: on a full disk they make the room that the catalog needs. After the
        attempt to publish they only go with the claim, because an error of the disk does not tell
        whether the transaction is in SQLite's log.
        """
        if not self._ended:
            with suppress(StoreError, OSError):
                for name in self._outputs:
                    self._context.folder.remove_segment(self.group_id, name)
        with suppress(StoreError):  # cleaning does it when the lease is over
            with self._context.catalog.write() as connection:
                if not claims.cancel(connection, self.id):
                    return
            empty_trash(self._context, time.time())

    def failed(self, writer: SegmentWriter | None) -> None:
        """Clean up after an error, which may have come after the work was published."""
        if writer is not None:
            writer.close()
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
        expired = claims.any_expired(connection, now, _latest(now, LEASE_S))
        due = segments.trash_is_due(connection, now, _latest(now, GRACE_S))
    if expired:
        with context.catalog.write() as connection:
            claims.cancel_expired(connection, now, _latest(now, LEASE_S))
    if expired or due:
        empty_trash(context, now)


def empty_trash(context: StoreContext, now: float) -> None:
    """Remove the files whose time has come."""
    with context.catalog.read() as connection:
        due = segments.due_trash(connection, now, _latest(now, GRACE_S))
    for name, group_id in due:
        if is_segment_id(name) and is_group_id(group_id):  # what is no id names no file
            context.folder.remove_segment(group_id, name)
    with context.catalog.write() as connection:
        segments.forget_trash(connection, [name for name, _ in due])


def remove_strays(context: StoreContext, *, halves_only: bool = False) -> None:
    """Remove files that nothing knows of, left by a process that died between two steps.

    `halves_only`: leave segments that have both files. A process may leave such a pair, but it is
    also all that is left of events whose catalog was put back from an older copy.
    """
    old = time.time() - GRACE_S
    # Files come before what the catalog knows: a segment that is new by then is known.
    found = list(context.folder.list())
    with context.catalog.read() as connection:
        known = segments.known_ids(connection)
    strays = [(file, changed) for file, changed in found if file.segment_id not in known]
    files_of = Counter(file.segment_id for file, _ in strays)
    for file, changed in strays:
        if changed < old and not (halves_only and files_of[file.segment_id] > 1):
            context.folder.remove(file)


def _latest(now: float, length_s: float) -> float:
    """Give the latest end that a claim or a wait of `length_s` seconds may have if it begins now.

    One that ends later began before the clock was set back.
    """
    return now + length_s + _CLOCK_S


def _lost() -> WorkLost:
    return WorkLost("the claim on this work ran out; nothing was changed")
