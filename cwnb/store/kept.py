"""JSON records that other rooms keep in a store: subscriptions, export tasks, metric filters.

A record has a family and a name, and may belong to a log group, with which it goes. It is sealed
whole, for it tells of events: patterns, names of files, last errors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from cwnb.store.catalog import counters, groups, notes

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.store.context import StoreContext
    from cwnb.store.positions import Position

_OF_NO_GROUP = 0  # ids of groups begin at 1


class KeptRecord(NamedTuple):
    """A record, and the id of the log group that it belongs to; None if it belongs to none."""

    family: str
    name: str
    group_id: int | None
    value: dict[str, Any]


@dataclass(frozen=True)
class Present:
    """What is so in the transaction that changes a record.

    The id of its group, None if it has none, and the newest position of the store. `read` gives the
    value of another record of the same group by family and name, None if there is none, and `write`
    puts one in its place, in the same transaction. `all_of` gives the records of a family, of
    all groups.
    """

    group_id: int | None
    position: Position
    read: Callable[[str, str], dict[str, Any] | None] = lambda *_: None
    write: Callable[[str, str, dict[str, Any]], None] = lambda *_: None
    all_of: Callable[[str], list[KeptRecord]] = lambda _: []


def all_of(context: StoreContext, family: str) -> list[KeptRecord]:
    """Give the records of a family, by group and name; raises StoreDamaged."""
    with context.catalog.read() as connection:
        return _records(context, connection, family)


def _records(context: StoreContext, connection: Any, family: str) -> list[KeptRecord]:
    rows = notes.all_of(connection, notes.KEPT)
    found = [_read(context, key, data) for key, data in rows if key.split("/")[2] == family]
    return sorted(found, key=lambda record: (record.group_id or _OF_NO_GROUP, record.name))


def find(context: StoreContext, family: str, name: str, group_id: int | None) -> KeptRecord | None:
    """Give a record, or None; raises StoreDamaged."""
    key = _key(context, family, name, group_id)
    with context.catalog.read() as connection:
        data = notes.find(connection, key)
    return None if data is None else _read(context, key, data)


def change(
    context: StoreContext,
    family: str,
    name: str,
    change: Callable[[dict[str, Any] | None, Present], dict[str, Any] | None],
    *,
    group: str | int | None = None,
    durable: bool = True,
) -> dict[str, Any] | None:
    """Change a record in one transaction, and give what is there after it.

    `change` gets the value that is there, None if there is none, and gives the one to keep, None to
    remove it. What it raises leaves all as it was. `group`: the name or the id of the log group
    that the record belongs to; raises ResourceNotFound. A record of a group that was deleted by its
    id is not there, and is not made again. `durable`: see `Catalog.write`.
    """
    context.sealer()  # raises StoreKeyMissing before anything is written
    with context.catalog.write(durable=durable) as connection:
        group_id = None
        if isinstance(group, str):
            group_id = groups.known(connection, group).id
        elif group is not None:
            if groups.with_id(connection, group) is None:
                return None
            group_id = group
        key = _key(context, family, name, group_id)
        old = _value(context, connection, group_id, family, name)
        before = None if old is None else json.dumps(old)
        read = partial(_value, context, connection, group_id)

        def write(other_family: str, other_name: str, value: dict[str, Any]) -> None:
            _put(context, connection, KeptRecord(other_family, other_name, group_id, value))

        newest = counters.newest_position(connection)
        family_of = partial(_records, context, connection)
        new = change(old, Present(group_id, newest, read, write, family_of))
        after = None if new is None else json.dumps(new)
        if after is None and before is not None:
            notes.remove(connection, key)
        elif after is not None and after != before:
            _put(context, connection, KeptRecord(family, name, group_id, new or {}))
    return new


def _value(
    context: StoreContext, connection: Any, group_id: int | None, family: str, name: str
) -> dict[str, Any] | None:
    key = _key(context, family, name, group_id)
    data = notes.find(connection, key)
    return None if data is None else _read(context, key, data).value


def _put(context: StoreContext, connection: Any, record: KeptRecord) -> None:
    key = _key(context, record.family, record.name, record.group_id)
    data = json.dumps([record.family, record.name, record.group_id, record.value]).encode()
    notes.put(connection, key, context.sealer().seal(data, key))


def _key(context: StoreContext, family: str, name: str, group_id: int | None) -> str:
    # A name may say something about the events, so the catalog has its fingerprint.
    number = _OF_NO_GROUP if group_id is None else group_id
    return f"{notes.KEPT}/{number}/{family}/{context.sealer().fingerprint(name)}"


def _read(context: StoreContext, key: str, data: bytes) -> KeptRecord:
    family = key.split("/")[2]
    return KeptRecord(*json.loads(context.sealer().open(data, key, f"a record ({family})")))
