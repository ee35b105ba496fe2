"""The table of log groups."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from cwnb.events import DEFAULT_ACCOUNT, DEFAULT_REGION, STANDARD
from cwnb.store.catalog import (
    batches,
    claims,
    counters,
    loads,
    notes,
    removed,
    segments,
    streams,
)
from cwnb.store.names import unknown_group
from cwnb.store.processing import NOTHING, Processing
from cwnb.store.segments.note import GroupNote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class GroupRow(NamedTuple):
    """A log group; `tags` are pairs of key and value, by key."""

    id: int
    name: str
    created_ms: int
    retention_days: int | None
    processing: Processing
    log_class: str = STANDARD
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def note(self) -> GroupNote:
        """Give what the note of a segment says of its group."""
        return GroupNote(self.id, self.name, self.created_ms, self.processing.log_type)


_SELECT = (
    "SELECT id, account, region, name, created_ms, retention_days, log_type, log_class, tags, seal"
    " FROM groups"
)
_HERE = "account = ? AND region = ?"
_ACCOUNT_AND_REGION = (DEFAULT_ACCOUNT, DEFAULT_REGION)


def names(connection: Any) -> list[str]:
    """Name all groups, in order."""
    return [group.name for group in all_of(connection)]


def all_of(connection: Any) -> list[GroupRow]:
    """Give all groups, by name."""
    rows = connection.execute(
        f"{_SELECT} WHERE {_HERE} ORDER BY name", _ACCOUNT_AND_REGION
    ).fetchall()
    counters.check_groups(connection, len(rows))
    return [_group(connection, row) for row in rows]


def ids(connection: Any) -> list[int]:
    """Give the ids of all groups."""
    return [number for (number,) in connection.execute("SELECT id FROM groups")]


def find(connection: Any, name: str) -> GroupRow | None:
    """Give the group of this name, or None."""
    row = connection.execute(
        f"{_SELECT} WHERE {_HERE} AND name = ?", (*_ACCOUNT_AND_REGION, name)
    ).fetchone()
    return None if row is None else _group(connection, row)


def with_id(connection: Any, group_id: int) -> GroupRow | None:
    """Give the group of this id, or None if it has been deleted."""
    row = connection.execute(f"{_SELECT} WHERE id = ?", (group_id,)).fetchone()
    return None if row is None else _group(connection, row)


def known(connection: Any, name: str) -> GroupRow:
    """Give the group of this name; raise ResourceNotFound with the nearest name."""
    found = find(connection, name)
    if found is None:
        raise unknown_group(name, names(connection))
    return found


def insert(
    connection: Any,
    name: str,
    now_ms: int,
    retention_days: int | None = None,
    processing: Processing = NOTHING,
    *,
    log_class: str = STANDARD,
    tags: Mapping[str, str] | None = None,
) -> GroupRow:
    """Make a group; AWS's own name for Lambda's groups says what their lines are."""
    if name.startswith("/aws/lambda/"):
        processing = processing.or_else(Processing(log_type="lambda"))
    held = tuple(sorted((tags or {}).items()))
    row = GroupRow(0, name, now_ms, retention_days, processing, log_class, held)
    made = row._replace(id=_insert(connection, None, row))
    _begin(connection, made.id)
    return made


def _insert(connection: Any, group_id: int | None, group: GroupRow) -> int:
    log_class = None if group.log_class == STANDARD else group.log_class
    connection.execute(
        "INSERT INTO groups (id, account, region, name, created_ms, retention_days, log_type,"
        " log_class, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(group_id, *_ACCOUNT_AND_REGION, group.name, group.created_ms),
            *(group.retention_days, group.processing.log_type, log_class, _text_of(group.tags)),
        ),
    )
    number: int = connection.last_insert_rowid()
    return number


def _text_of(tags: Iterable[tuple[str, str]]) -> str | None:
    held = dict(tags)
    return json.dumps(held) if held else None


def insert_again(connection: Any, group: GroupRow) -> None:
    """Make a group that had this id before, in the catalog that is lost."""
    _insert(connection, group.id, group)
    _begin(connection, group.id)


def set_retention(connection: Any, group_id: int, days: int | None) -> None:
    """Change how many days the events of a group are kept."""
    connection.execute("UPDATE groups SET retention_days = ? WHERE id = ?", (days, group_id))
    _seal(connection, group_id)


def set_tags(connection: Any, group_id: int, tags: Mapping[str, str]) -> None:
    """Give a group these tags in the place of those that it has."""
    text = _text_of(sorted(tags.items()))
    connection.execute("UPDATE groups SET tags = ? WHERE id = ?", (text, group_id))
    _seal(connection, group_id)


def remove(connection: Any, group_id: int, remove_files_at: float) -> None:
    """Take a group and all that belongs to it out of the catalog; its files stay until then."""
    segments.discard_all(connection, group_id, remove_files_at)
    claims.cancel_all(connection, group_id, remove_files_at)
    notes.remove_of_group(connection, group_id)
    removed.forget(connection, group_id)
    for family in (batches, streams, loads):
        family.delete_all(connection, group_id)
    connection.execute("DELETE FROM groups WHERE id = ?", (group_id,))
    _forget(connection, group_id)


def remove_unused(connection: Any, group_id: int) -> None:
    """Remove a group that has nothing, was given no retention, and on which nobody works."""
    if notes.any_of_group(connection, group_id):
        return
    unused = " ".join(
        f"AND NOT EXISTS (SELECT 1 FROM {table} WHERE group_id = groups.id)"
        for table in ("segments", "batches", "streams", "loads", "pending")
    )
    connection.execute(
        "DELETE FROM groups WHERE id = ? AND retention_days IS NULL AND log_class IS NULL"
        f" AND tags IS NULL {unused}",
        (group_id,),
    )
    if connection.changes():
        _forget(connection, group_id)


def seal_all(connection: Any) -> None:
    """Seal the rows of a store from before rows had seals."""
    for group_id in ids(connection):
        _seal(connection, group_id)


def _group(connection: Any, row: tuple[Any, ...]) -> GroupRow:
    connection.check("groups", _sealed(row), row[-1])
    group_id, _, _, name, created_ms, retention_days, log_type, log_class, tags, _ = row
    return GroupRow(
        *(group_id, name, created_ms, retention_days, Processing(log_type=log_type)),
        log_class or STANDARD,
        tuple(json.loads(tags).items()) if tags else (),
    )


def _sealed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give the values that a row's seal covers.

    A group without a class and tags has the seal that it had before groups had them.
    """
    *values, log_class, tags, _ = row
    return (*values, log_class, tags) if log_class or tags else tuple(values)


def _seal(connection: Any, group_id: int) -> None:
    row = connection.execute(f"{_SELECT} WHERE id = ?", (group_id,)).fetchone()
    seal = connection.seal("groups", _sealed(row))
    connection.execute("UPDATE groups SET seal = ? WHERE id = ?", (seal, group_id))


def _begin(connection: Any, group_id: int) -> None:
    _seal(connection, group_id)
    counters.insert_group(connection, group_id, counters.GroupCounts())
    _count(connection, 1)


def _forget(connection: Any, group_id: int) -> None:
    counters.remove_group(connection, group_id)
    _count(connection, -1)


def _count(connection: Any, groups: int) -> None:
    counters.change_store(connection, groups=counters.of_store(connection).groups + groups)
