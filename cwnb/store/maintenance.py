"""Flush, compaction and sweep: work that is claimed before it is done.

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

import apsw

from cwnb.errors import StoreError
from cwnb.store import compaction, segments
from cwnb.store.recent import SELECT_BATCH, SealedBatch, block_of
from cwnb.store.retention import cutoff_ms
from cwnb.store.segments import INSERT_SEGMENT, MAX_MESSAGE_BYTES, MAX_ROWS, SegmentFacts
from cwnb.store.writing import SegmentWriter, WorkLost

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


def flush(store: Store, group_id: int) -> int:
    """Turn a run of a group's recent batches into a segment; give how many there were."""
    clean(store)
    try:
        with store.catalog.write() as connection:
            run = _run_of_batches(connection, group_id)
            if run is None:
                return 0
            work = claim(store, connection, group_id, "flush", run)
    except apsw.ConstraintError:
        return 0  # another process does it
    writer = None
    try:
        name, log_type, sealed = _sealed_batches(store, group_id, run)
        writer = SegmentWriter(store.home, group_id, work.new_segment(), log_type)
        writer.add(block_of(sealed, store.ref.sealer(), name, log_type))
        facts = writer.finish()
        with store.catalog.write() as connection:
            work.settle(connection)
            connection.execute(INSERT_SEGMENT, facts.catalog_row())
            connection.execute(
                "DELETE FROM batches WHERE group_id = ? AND id BETWEEN ? AND ?",
                (group_id, run.first, run.last),
            )
    except BaseException as error:
        work.failed(writer, error)
        if isinstance(error, WorkLost):
            return 0
        raise
    return len(sealed)


def compact(store: Store, group_id: int, *, least: int = 2) -> int:
    """Merge small segments of a group and renew outdated ones; give how many were replaced.

    `least`: how many neighbours of about one size make it worth while.
    """
    replaced = 0
    while True:
        clean(store)
        with store.catalog.write() as connection:
            group = group_row(connection, group_id)
            if group is None:
                return replaced
            cutoff = cutoff_ms(group[1], store.clock.now_ms())
            free = _free_segments(connection, group_id)
            chosen = compaction.choose(free, cutoff, least)
            if not chosen:
                return replaced
            work = claim(store, connection, group_id, "compact")
            work.claim_segments(connection, [facts.id for facts in chosen])
        if not _rewrite(store, work, chosen, group[0], cutoff):
            return replaced
        replaced += len(chosen)


def sweep(store: Store, group_id: int) -> int:
    """Remove what has expired in a group; give how many segments and batches went."""
    clean(store)
    with store.catalog.write() as connection:
        group = group_row(connection, group_id)
        if group is None or group[1] is None:
            return 0
        cutoff = cutoff_ms(group[1], store.clock.now_ms())
        expired = [
            name
            for (name,) in connection.execute(
                "SELECT id FROM segments WHERE group_id = ? AND last_ms < ?", (group_id, cutoff)
            )
        ]
        for name in expired:
            connection.execute("DELETE FROM pending_inputs WHERE segment_id = ?", (name,))
        discard_segments(connection, group_id, expired, time.time() + GRACE_S)
        connection.execute(
            "DELETE FROM batches WHERE group_id = ?1 AND last_ms < ?2 AND NOT EXISTS"
            " (SELECT 1 FROM pending WHERE kind = 'flush' AND group_id = ?1"
            " AND batches.id BETWEEN first_batch AND last_batch)",
            (group_id, cutoff),
        )
        gone: int = len(expired) + connection.changes()
    while True:
        with store.catalog.write() as connection:
            mostly = [
                facts
                for facts in _free_segments(connection, group_id)
                if compaction.expired_share(facts, cutoff) > 0.5
            ][:1]
            if not mostly:
                return gone
            work = claim(store, connection, group_id, "sweep")
            work.claim_segments(connection, [facts.id for facts in mostly])
        if not _rewrite(store, work, mostly, group[0], cutoff):
            return gone
        gone += 1


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


def group_row(connection: Any, group_id: int) -> tuple[str, int | None, str | None] | None:
    """Give name, retention and log type of a group, or None if it has been deleted."""
    row: tuple[str, int | None, str | None] | None = connection.execute(
        "SELECT name, retention_days, log_type FROM groups WHERE id = ?", (group_id,)
    ).fetchone()
    return row


def _run_of_batches(connection: Any, group_id: int) -> Batches | None:
    """Give the oldest run of batches that makes at most one segment."""
    first = last = None
    events = size = 0
    for number, count, length in connection.execute(
        "SELECT id, events, message_bytes FROM batches WHERE group_id = ? ORDER BY id LIMIT 20000",
        (group_id,),
    ):
        events, size = events + count, size + length
        if first is not None and (events > MAX_ROWS or size > MAX_MESSAGE_BYTES):
            break
        first = number if first is None else first
        last = number
    return None if first is None or last is None else Batches(first, last)


def _sealed_batches(
    store: Store, group_id: int, run: Batches
) -> tuple[str, str | None, list[SealedBatch]]:
    with store.catalog.read() as connection:
        group = group_row(connection, group_id)
        rows = connection.execute(
            f"{SELECT_BATCH} WHERE group_id = ? AND id BETWEEN ? AND ? ORDER BY id",
            (group_id, run.first, run.last),
        ).fetchall()
    if group is None or not rows:
        raise WorkLost("the group has been deleted")
    return group[0], group[2], [SealedBatch(*row) for row in rows]


def _free_segments(connection: Any, group_id: int) -> list[SegmentFacts]:
    rows = connection.execute(
        f"{segments.SELECT_SEGMENT} WHERE group_id = ? AND id NOT IN"
        " (SELECT segment_id FROM pending_inputs) ORDER BY first_ms, id",
        (group_id,),
    ).fetchall()
    return [segments.facts_of(row) for row in rows]


def _rewrite(
    store: Store,
    work: Work,
    chosen: list[SegmentFacts],
    name: str,
    cutoff: int,
) -> bool:
    writer = None
    try:
        writer = SegmentWriter(store.home, work.group_id, work.new_segment(), chosen[0].log_type)
        for facts in chosen:
            for block in compaction.blocks(store.ref, facts, name, cutoff):
                writer.add(block)
                work.renew()
        made = writer.finish() if writer.rows else None
        if made is None:
            writer.close()
            writer.remove()
        with store.catalog.write() as connection:
            work.settle(connection)
            if made is not None:
                connection.execute(INSERT_SEGMENT, made.catalog_row())
    except BaseException as error:
        work.failed(writer, error)
        if isinstance(error, WorkLost):
            return False
        raise
    return True
