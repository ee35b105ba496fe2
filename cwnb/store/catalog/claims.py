"""The tables of claimed work: who does what, until when, on which segments, into which files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cwnb.store.catalog.batches import BatchRange

# A lease that ends later than any given now was given before the clock was set back.
_IS_OVER = "lease_until NOT BETWEEN ?1 AND ?2"


def insert(
    connection: Any,
    work_id: str,
    group_id: int,
    kind: str,
    *,
    lease_until: float,
    batches: BatchRange | None = None,
) -> None:
    """Note that a process does a piece of work until then."""
    first, last = batches or (None, None)
    connection.execute(
        "INSERT INTO pending VALUES (?, ?, ?, ?, ?, ?)",
        (work_id, group_id, kind, lease_until, first, last),
    )


def is_flushing(connection: Any, group_id: int) -> bool:
    """Tell whether a process flushes the group."""
    found = connection.execute(
        "SELECT 1 FROM pending WHERE group_id = ? AND kind = 'flush'", (group_id,)
    )
    return bool(found.get)


def add_inputs(connection: Any, work_id: str, names: list[str]) -> None:
    """Claim segments that shall be replaced."""
    for name in names:
        connection.execute("INSERT INTO pending_inputs VALUES (?, ?)", (name, work_id))


def add_output(connection: Any, work_id: str, group_id: int, name: str) -> None:
    """Note a segment that is going to be written, so that its files are known if the work dies."""
    connection.execute("INSERT INTO pending_outputs VALUES (?, ?, ?)", (name, work_id, group_id))


def inputs_left(connection: Any, work_id: str) -> list[str]:
    """Give the claimed segments that are still there."""
    rows = connection.execute(
        "SELECT segment_id FROM pending_inputs JOIN segments ON id = segment_id"
        " WHERE pending_id = ?",
        (work_id,),
    )
    return [name for (name,) in rows]


def extend(connection: Any, work_id: str, lease_until: float) -> bool:
    """Make the lease longer; tell whether the claim is still there."""
    connection.execute("UPDATE pending SET lease_until = ? WHERE id = ?", (lease_until, work_id))
    return bool(connection.changes())


def end(connection: Any, work_id: str) -> bool:
    """Remove a claim; tell whether it was still there."""
    connection.execute("DELETE FROM pending_inputs WHERE pending_id = ?", (work_id,))
    connection.execute("DELETE FROM pending_outputs WHERE pending_id = ?", (work_id,))
    connection.execute("DELETE FROM pending WHERE id = ?", (work_id,))
    return bool(connection.changes())


def cancel(connection: Any, work_id: str, remove_at: float = 0.0) -> bool:
    """Remove a claim and put what it wrote into the trash; tell whether it was still there."""
    connection.execute(
        "INSERT OR REPLACE INTO trash SELECT segment_id, group_id, ?"
        " FROM pending_outputs WHERE pending_id = ?",
        (remove_at, work_id),
    )
    return end(connection, work_id)


def any_expired(connection: Any, now: float, latest: float) -> bool:
    """Tell whether some lease is over: it ended before now, or would end after `latest`."""
    return bool(connection.execute(f"SELECT 1 FROM pending WHERE {_IS_OVER}", (now, latest)).get)


def cancel_expired(connection: Any, now: float, latest: float) -> None:
    """Remove the claims whose lease is over, and put what they wrote into the trash."""
    for (work_id,) in connection.execute(
        f"SELECT id FROM pending WHERE {_IS_OVER}", (now, latest)
    ).fetchall():
        cancel(connection, work_id)


def forget_all(connection: Any) -> None:
    """Forget all claims, and the files of the trash: of a copy that has none of their files."""
    for table in ("pending_inputs", "pending_outputs", "pending", "trash"):
        connection.execute(f"DELETE FROM {table}")


def cancel_all(connection: Any, group_id: int, remove_at: float) -> None:
    """Remove the claims of a group, and put what they wrote into the trash."""
    found = connection.execute("SELECT id FROM pending WHERE group_id = ?", (group_id,))
    for (work_id,) in found.fetchall():
        cancel(connection, work_id, remove_at)
