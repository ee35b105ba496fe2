"""Seals the rows of a catalog that has none: of a new store, and of one from before there were any.

The steps that make tables have no key, so the first one that opens the store with its key does it.
"""

from __future__ import annotations

from typing import Any

from cwnb.store.catalog import batches, counters, groups, loads, meta, segments, streams
from cwnb.store.catalog.row_seals import damaged

_SEALED = ("groups", "streams", "segments", "segment_runs", "batches", "loads")


def are_missing(connection: Any) -> bool:
    """Tell whether the rows have no seals yet."""
    return bool(connection.execute("SELECT value IS NULL FROM meta WHERE key = 'sealed'").get)


def seal_all(connection: Any) -> None:
    """Seal all rows, unless `meta` says that they are sealed.

    Raises StoreDamaged if `meta` does not say so, and a row has a seal nevertheless.
    """
    if meta.rows_are_sealed(connection):
        return
    for table in _SEALED:
        if connection.execute(f"SELECT 1 FROM {table} WHERE seal != x''").get:
            # A row has a seal, so `meta` once said that all have: that entry was lost or removed.
            raise damaged(table)
    for family in (groups, streams, segments, batches, loads, counters):
        family.seal_all(connection)
    meta.set_rows_are_sealed(connection)
