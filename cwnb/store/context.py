"""What everything in a store needs: its catalog, its folder, its key and its clock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cwnb.errors import StoreError
from cwnb.store.cache import Cache
from cwnb.store.catalog import Catalog, meta
from cwnb.store.catalog.row_seals import RowSeals
from cwnb.store.disk import may_write
from cwnb.store.keys.store_key import StoreKey
from cwnb.store.segments.folder import SegmentFolder
from cwnb.times import Clock

if TYPE_CHECKING:
    from cwnb.store.keys.sealing import Sealer

CATALOG_FILE = "catalog.sqlite"


class StoreContext:
    """One open store: what its parts are handed instead of the store itself.

    Tasks carry it to other processes. Pickled, it is the place and the ids of the store; where it
    is unpickled, it is made once for each store, with that process's key ring and connections.
    """

    def __init__(
        self, path: str, facts: meta.StoreMeta, catalog: Catalog, clock: Clock | None = None
    ) -> None:
        self.path = path
        self.facts = facts
        self.catalog = catalog
        self.folder = SegmentFolder(path)
        self.key = key = StoreKey(facts.key_id, facts.store_id, path, facts.key_check)
        self.seals = catalog.seals = RowSeals(facts.store_id, lambda: key.sealer().row_key)
        self._given_clock = clock
        self._stored_clock = Clock()

    def __reduce__(self) -> tuple[Any, ...]:
        return context_at, (self.path, *self.facts)

    @property
    def store_id(self) -> str:
        """Give the random id that the store was made with."""
        return self.facts.store_id

    @property
    def identity(self) -> tuple[str, str, int, int]:
        """Give what tells this store from every other one, for the caches of the process.

        The id alone does not: a copy has it too, and so has a backup that was put back.
        """
        return (self.path, self.facts.store_id, *self.catalog.file_id)

    @property
    def encrypted(self) -> bool:
        """Tell whether the store has a key."""
        return bool(self.facts.key_id)

    def sealer(self) -> Sealer:
        """Give what seals for the store and opens its seals; raise StoreKeyMissing."""
        return self.key.sealer()

    @property
    def clock(self) -> Clock:
        """Give the clock that was given, or else the one that the store carries."""
        return self._given_clock or self._stored_clock

    def set_fixed_now(self, now_ms: int | None) -> None:
        """Take over the "now" of its own that the catalog has for the store, or none."""
        self._stored_clock = Clock(now_ms)


def context_at(path: str, store_id: str, key_id: str, key_check: bytes) -> StoreContext:
    """Give the process's context of a store, for a task that was sent here without its store."""
    facts = meta.StoreMeta(store_id, key_id, key_check)
    known = _visited.get((path, facts))
    if known is None or not known.catalog.is_in_place():
        catalog = Catalog(Path(path) / CATALOG_FILE, read_only=not may_write(Path(path)))
        with catalog.read() as connection:
            if meta.find(connection) != facts:
                raise StoreError(f"the store {path!r} has been replaced by another one")
        known = StoreContext(path, facts, catalog)
        _visited.put((path, facts), known)
    return known


_visited: Cache[StoreContext] = Cache(64)
