"""Reads what can still be read of a damaged catalog: whole rows only, as their seals tell."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import apsw

from cwnb.errors import StoreDamaged
from cwnb.store.catalog import batches, groups, loads, migrations, segments
from cwnb.store.catalog.row_seals import SealingConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cwnb.store.catalog.batches import SealedBatch
    from cwnb.store.catalog.groups import GroupRow
    from cwnb.store.catalog.row_seals import RowSeals
    from cwnb.store.positions import Runs

_FAULTS = (apsw.Error, UnicodeDecodeError, StoreDamaged, TypeError, ValueError)


@dataclass
class Salvage:
    """Rows of an old catalog that are whole; loads as (group id, fingerprint, sealed record)."""

    groups: dict[int, GroupRow] = field(default_factory=dict)
    batches: list[SealedBatch] = field(default_factory=list)
    loads: list[tuple[int, str, bytes]] = field(default_factory=list)
    runs: dict[str, Runs] = field(default_factory=dict)


def salvage(file: Path, seals: RowSeals) -> Salvage:
    """Read a copy of a damaged catalog, which this may change."""
    found = Salvage()
    with suppress(*_FAULTS):
        connection = SealingConnection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.seals = seals
            version = migrations.version(connection)
            if not migrations.FIRST_WITH_SEALS <= version <= migrations.SCHEMA_VERSION:
                return found  # its rows have no seals, or columns that are not known
            migrations.migrate(connection)
            for group in _whole(connection, "groups", "id", groups.with_id):
                found.groups[group.id] = group
            found.batches = list(_whole(connection, "batches", "id", batches.with_id))
            found.loads = list(_whole(connection, "loads", "id", loads.with_id))
            for name in _keys(connection, "segment_runs", "segment_id"):
                with suppress(*_FAULTS):
                    found.runs[name] = segments.runs_of(connection, name)
        finally:
            connection.close()
    return found


def _whole(connection: Any, table: str, key: str, read: Callable[[Any, Any], Any]) -> Iterator[Any]:
    for value in _keys(connection, table, key):
        with suppress(*_FAULTS):
            if (row := read(connection, value)) is not None:
                yield row


def _keys(connection: Any, table: str, key: str) -> list[Any]:
    """Give the keys on both sides of what cannot be read."""
    found: dict[Any, None] = {}
    for direction in ("ASC", "DESC"):
        with suppress(*_FAULTS):
            for (value,) in connection.execute(
                f"SELECT {key} FROM {table} NOT INDEXED ORDER BY {key} {direction}"
            ):
                found[value] = None
    return sorted(found)
