"""What a user has asked of a store: the newest records, sealed, numbered in the order of asking."""

from __future__ import annotations

import getpass
from contextlib import suppress
from typing import TYPE_CHECKING

from cwnb.store.catalog import notes

if TYPE_CHECKING:
    from cwnb.store.context import StoreContext

MOST_RECORDS = 200
_FAMILY = "history"
_DIGITS = 12  # so that the keys sort as their numbers do


def add(context: StoreContext, record: bytes) -> int:
    """Keep a record as the newest one, and give its number; the oldest beyond 200 goes."""
    sealer, family = context.sealer(), _family(context)
    with context.catalog.write() as connection:
        keys = [key for key, _ in notes.all_of(connection, family)]
        number = 1 + (_number(keys[-1]) if keys else 0)
        key = f"{family}/{number:0{_DIGITS}}"
        notes.put(connection, key, sealer.seal(record, key))
        for old in keys[: len(keys) + 1 - MOST_RECORDS]:
            notes.remove(connection, old)
    return number


def all_of(context: StoreContext) -> list[tuple[int, bytes]]:
    """Give the records with their numbers, oldest first; raises StoreDamaged."""
    sealer = context.sealer()
    with context.catalog.read() as connection:
        rows = notes.all_of(connection, _family(context))
    return [(_number(key), sealer.open(data, key, "the history")) for key, data in rows]


def _family(context: StoreContext) -> str:
    """Give the user's own part of the table, under the fingerprint of the user's name."""
    user = ""
    with suppress(OSError, KeyError, ImportError):  # a user without a name has a history too
        user = getpass.getuser()
    return f"{_FAMILY}/{context.sealer().fingerprint(user)}"


def _number(key: str) -> int:
    return int(key.rpartition("/")[2])
