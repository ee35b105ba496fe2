"""Seals of rows: they tell a row of the catalog from one that was changed, moved or doubled.

A seal covers the store, the table and every value of its row that matters. It is a keyed BLAKE2;
in a store without a key it is a checksum. A row that is not there any more leaves a wrong count
(`counters`).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import apsw

from cwnb.errors import StoreDamaged

if TYPE_CHECKING:
    from collections.abc import Callable

REMEDY = "put the store back from a backup, or make a new catalog with `cwnb repair`"
SEAL_BYTES = 16
_LENGTH_BYTES = 8
# Rows that were found good and are remembered: about 400 bytes each.
_REMEMBERED = 20_000


class RowSeals:
    """Seals the rows of one catalog; `key` is asked for whenever a transaction first needs it."""

    def __init__(self, store_id: str, key: Callable[[], bytes]) -> None:
        self.key = key
        # What this process wrote last: see `counters` and `streams`.
        self.counters: tuple[bytes, tuple[int, ...]] | None = None
        self.streams: dict[tuple[int, str], tuple[Any, ...]] = {}
        self._good: dict[bytes, tuple[Any, ...]] = {}
        self._store_id = store_id

    def of(self, table: str, values: tuple[Any, ...], *blobs: bytes, key: bytes) -> bytes:
        """Give the seal of a row: `values` are integers, texts and None, `blobs` long values."""
        text = f"{self._store_id} {table} {values!r}".encode()
        for blob in blobs:
            text += len(blob).to_bytes(_LENGTH_BYTES, "little") + blob
        seal = blake2b(text, key=key, digest_size=SEAL_BYTES).digest()
        if not blobs:
            self._remember(seal, values)
        return seal

    def check(
        self,
        table: str,
        values: tuple[Any, ...],
        seal: Any,
        *blobs: Any,
        key: bytes,
    ) -> None:
        """Raise StoreDamaged if a row is not the one that was sealed."""
        if not blobs and self._good.get(seal) == values:
            return
        if any(type(blob) is not bytes for blob in blobs) or (
            self.of(table, values, *blobs, key=key) != seal
        ):
            raise damaged(table)

    def _remember(self, seal: bytes, values: tuple[Any, ...]) -> None:
        if len(self._good) >= _REMEMBERED:
            self._good.clear()
        self._good[seal] = values


class SealingConnection(apsw.Connection):
    """A connection that seals and checks rows with the key of its catalog."""

    seals: RowSeals | None = None
    # The key of the present transaction. A caller that already has it may set it here, which saves
    # asking `seals.key` for it.
    key: bytes | None = None

    def seal(self, table: str, values: tuple[Any, ...], *blobs: bytes) -> bytes:
        """Give the seal of a row that is going to be written."""
        return self._seals.of(table, values, *blobs, key=self._transaction_key())

    def check(self, table: str, values: tuple[Any, ...], seal: Any, *blobs: Any) -> None:
        """Raise StoreDamaged where a row that was read is not the one that was sealed."""
        self._seals.check(table, values, seal, *blobs, key=self._transaction_key())

    def forget_key(self) -> None:
        """Drop the key at the end of a transaction: only its cache may keep a key."""
        self.key = None

    @property
    def encrypted(self) -> bool:
        """Tell whether the store has a key."""
        return bool(self._transaction_key())

    @property
    def _seals(self) -> RowSeals:
        if self.seals is None:
            raise RuntimeError("rows are read before the store's key is known")
        return self.seals

    def _transaction_key(self) -> bytes:
        if self.key is None:
            self.key = self._seals.key()
        return self.key


def damaged(table: str) -> StoreDamaged:
    """Word the error for a row that fails its check."""
    return StoreDamaged(
        f"a row of the table {table!r} of the catalog is damaged or is not the one that was "
        f"written there; {REMEDY}"
    )


def miscounted(table: str, found: int, written: int) -> StoreDamaged:
    """Word the error for rows that are missing, or are too many."""
    return StoreDamaged(
        f"the catalog is damaged: its table {table!r} has {found:,} rows where {written:,} were "
        f"written; {REMEDY}"
    )
