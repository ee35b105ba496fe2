"""Whether a key is the store's own, for stores that were made before catalogs had a check value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb.errors import StoreDamaged
from cwnb.store.catalog import batches, loads, segments
from cwnb.store.ingest import load_records, recent
from cwnb.store.segments.facts import key_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cwnb.store.keys.sealing import Sealer


def opens_what_is_there(connection: Any, sealer: Sealer) -> bool:
    """Tell whether a key opens something that the store has sealed, or there is nothing to open.

    One thing is enough, because another one may be damaged.
    """
    tried = 0
    for opens, sealed, place in _samples(connection, sealer):
        try:
            opens(sealed, place, "")
        except StoreDamaged:
            tried += 1
        else:
            return True
    return not tried


def _samples(
    connection: Any, sealer: Sealer
) -> Iterator[tuple[Callable[[bytes, str, str], bytes], bytes, str]]:
    for segment_id, wrapped in segments.some_keys(connection):
        yield sealer.unwrap, wrapped, key_place(segment_id)
    for batch in batches.some(connection):
        yield sealer.open, batch.data, recent.place(batch.group_id, batch.token)
    for group_id, record in loads.some(connection):
        yield sealer.open, record, load_records.place(group_id)
