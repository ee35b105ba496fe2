"""Claims on work, and the files of work that died.

A claim is a committed row of `pending` with a lease. The files are then written under their final,
unique names, and one short transaction puts them in place of what they replace, if the claim is
still there. Cleaning takes an expired claim away first and its files after, so that nobody ever
removes the files of a living writer.
"""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cwnb.errors import StoreError
from cwnb.store.segments import facts as segments
from cwnb.store.segments.writer import SegmentWriter, WorkLost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.store.store import Store

LEASE_S = 60.0
# A query holds a snapshot no longer than this without asking for a new one.
GRACE_S = 3600.0


class Work:
    """A claim on a piece of work, and the files it has written so far."""

    def __init__(self, store: Store, work_id: str, group_id: int) -> None:
        self.id = work_id
        self.group_id = group_id
        self._store = store
        self._inputs = 0

    def claim_segments(self, connection: Any, names: list[str]) -> None:
        """Claim segments that shall be replaced."""
        for name in names:
            connection.execute("INSERT INTO pending_inputs VALUES (?, ?)", (name, self.id))
        self._inputs = len(names)

    def new_segment(self) -> str:
        """Give the name of a segment to write; cleaning removes its files if the work dies."""
        name = secrets.token_hex(12)
        with self._store.catalog.write() as connection:
            self._extend(connection)
            connection.execute(
                "INSERT INTO pending_outputs VALUES (?, ?, ?)", (name, self.id, self.group_id)
            )
        return name

    def renew(self) -> None:
        """Make the lease begin anew; raise WorkLost if it is over and was cleaned away."""
        with self._store.catalog.write() as connection:
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
                    return  # the commit will say it

        thread = threading.Thread(target=keep, name="cwnb-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def settle(self, connection: Any) -> None:
        """End the claim in the transaction that publishes its work; raise WorkLost if it is gone.

        The segments it claimed are taken out of the catalog; their files stay for running queries.
        """
        inputs = [
            name
            for (name,) in connection.execute(
                "SELECT segment_id FROM pending_inputs JOIN segments ON id = segment_id"
                " WHERE pending_id = ?",
                (self.id,),
            )
        ]
        if not self._forget(connection) or len(inputs) != self._inputs:
            raise WorkLost("the claim on this work ran out; nothing was changed")
        discard_segments(connection, self.group_id, inputs, time.time() + GRACE_S)

    def abandon(self) -> None:
        """Give the claim back and remove what was written, unless it has been published."""
        try:
            with self._store.catalog.write() as connection:
                connection.execute(
                    "INSERT OR REPLACE INTO trash SELECT segment_id, group_id, 0"
                    " FROM pending_outputs WHERE pending_id = ?",
                    (self.id,),
                )
                if not self._forget(connection):
                    return
            empty_trash(self._store, time.time())
        except StoreError:
            return  # cleaning does it when the lease is over

    def failed(self, writer: SegmentWriter | None, error: BaseException) -> None:
        """Clear up after an error, which may have come after the work was published."""
        if writer is not None:
            writer.close()
            if isinstance(error, WorkLost):
                writer.remove()
        self.abandon()

    def _extend(self, connection: Any) -> None:
        connection.execute(
            "UPDATE pending SET lease_until = ? WHERE id = ?", (time.time() + LEASE_S, self.id)
        )
        if not connection.changes():
            raise WorkLost("the claim on this work ran out; nothing was changed")

    def _forget(self, connection: Any) -> bool:
        connection.execute("DELETE FROM pending_inputs WHERE pending_id = ?", (self.id,))
        connection.execute("DELETE FROM pending_outputs WHERE pending_id = ?", (self.id,))
        connection.execute("DELETE FROM pending WHERE id = ?", (self.id,))
        return bool(connection.changes())


@dataclass(frozen=True)
class Batches:
    """A run of batches that a flush claims."""

    first: int
    last: int


def claim(
    store: Store, connection: Any, group_id: int, kind: str, batches: Batches | None = None
) -> Work:
    """Write down that this process does a piece of work now."""
    work = Work(store, secrets.token_hex(12), group_id)
    first, last = (batches.first, batches.last) if batches else (None, None)
    connection.execute(
        "INSERT INTO pending VALUES (?, ?, ?, ?, ?, ?)",
        (work.id, group_id, kind, time.time() + LEASE_S, first, last),
    )
    return work


def clean(store: Store) -> None:
    """Take expired claims away, and remove the files of the trash whose time has come."""
    now = time.time()
    with store.catalog.read() as connection:
        claims = connection.execute("SELECT id FROM pending WHERE lease_until < ?", (now,)).get
        trash = connection.execute("SELECT 1 FROM trash WHERE remove_at < ?", (now,)).get
    if claims:
        with store.catalog.write() as connection:
            dead = "(SELECT id FROM pending WHERE lease_until < ?)"
            connection.execute(
                "INSERT OR REPLACE INTO trash SELECT segment_id, group_id, 0 FROM pending_outputs"
                f" WHERE pending_id IN {dead}",
                (now,),
            )
            connection.execute(f"DELETE FROM pending_outputs WHERE pending_id IN {dead}", (now,))
            connection.execute(f"DELETE FROM pending_inputs WHERE pending_id IN {dead}", (now,))
            connection.execute("DELETE FROM pending WHERE lease_until < ?", (now,))
    if claims or trash:
        empty_trash(store, now)


def empty_trash(store: Store, now: float) -> None:
    """Remove the files whose time has come."""
    with store.catalog.read() as connection:
        due = connection.execute(
            "SELECT segment_id, group_id FROM trash WHERE remove_at < ?", (now,)
        ).fetchall()
    for name, group_id in due:
        segments.remove_files(store.path, group_id, name)
    with store.catalog.write() as connection:
        for name, _ in due:
            connection.execute("DELETE FROM trash WHERE segment_id = ?", (name,))


def remove_strays(store: Store) -> None:
    """Remove files that nothing knows of, left by a process that died between two steps."""
    old = time.time() - GRACE_S
    with store.catalog.read() as connection:
        known = {
            name
            for table, column in (
                ("segments", "id"),
                ("pending_outputs", "segment_id"),
                ("trash", "segment_id"),
            )
            for (name,) in connection.execute(f"SELECT {column} FROM {table}")
        }
    for file in (Path(store.path) / "segments").glob("*/*.parquet"):
        if file.name.split(".", 1)[0] not in known:
            try:
                if file.stat().st_mtime < old:
                    file.unlink()
            except FileNotFoundError:
                continue  # another sweep was faster


def discard_segments(connection: Any, group_id: int, names: list[str], remove_at: float) -> None:
    """Take segments out of the catalog; their files stay until `remove_at`."""
    for name in names:
        connection.execute("DELETE FROM segments WHERE id = ?", (name,))
        connection.execute(
            "INSERT OR REPLACE INTO trash VALUES (?, ?, ?)", (name, group_id, remove_at)
        )
