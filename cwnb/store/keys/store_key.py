"""The key of one store, read from the ring again every few seconds."""

from __future__ import annotations

from cwnb.errors import CwnbError, StoreKeyMissing
from cwnb.store.cache import ShortLived
from cwnb.store.keys.ring import read_key, ring_path
from cwnb.store.keys.sealing import OpenSealer, Sealer

_OPEN = OpenSealer()
_sealers: ShortLived[Sealer] = ShortLived(64)


class StoreKey:
    """Gives the sealer of a store as long as this machine's key ring has the store's key.

    What was read from the ring is used for `cache.KEY_LIFETIME_S` and then read again, so a key
    that is withdrawn is missed within that time in every process.
    """

    def __init__(
        self, key_id: str, store_id: str, store_path: str, check_value: bytes = b""
    ) -> None:
        self.key_id = key_id
        self._store_id = store_id
        self._store_path = store_path
        self._check_value = check_value

    def sealer(self) -> Sealer:
        """Give what seals for the store and opens its seals; raise StoreKeyMissing."""
        if not self.key_id:
            return _OPEN
        path = ring_path()
        here = (path, self.key_id, self._store_id)
        if (known := _sealers.get(here)) is None:
            known = Sealer(read_key(self.key_id, self._store_path), self._store_id)
            _sealers.put(here, known)
        if not self._check_value:
            self._check_value = known.check_value
        elif self._check_value != known.check_value:
            raise self.wrong()
        return known

    def is_in_ring(self) -> bool:
        """Tell whether the ring, read anew, has the store's key; true for a store without one."""
        if not self.key_id:
            return True
        try:
            found = Sealer(read_key(self.key_id, self._store_path, warn=False), self._store_id)
        except CwnbError:
            return False
        return self._check_value in (b"", found.check_value)

    def wrong(self) -> StoreKeyMissing:
        """Word the error for a key of the right name that is not the store's."""
        return StoreKeyMissing(
            f"the key ring {ring_path()!r} has another key under the id {self.key_id!r} than the "
            f"one that the store {self._store_path!r} was made with; put that key back"
        )
