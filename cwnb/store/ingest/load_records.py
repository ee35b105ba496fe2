"""Records of loads, sealed for the catalog."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from cwnb.store.records import LoadRecord

if TYPE_CHECKING:
    from cwnb.store.keys.sealing import Sealer


def seal_record(record: LoadRecord, group_id: int, sealer: Sealer) -> bytes:
    """Give the record of a load as the catalog keeps it."""
    return sealer.seal(json.dumps(asdict(record)).encode(), place(group_id))


def open_record(sealed: bytes, group_id: int, group: str, sealer: Sealer) -> LoadRecord:
    """Read what `seal_record` gave; raise StoreDamaged."""
    what = f"a load record of log group {group!r}"
    found = json.loads(sealer.open(sealed, place(group_id), what))
    spans = tuple((first, last) for first, last in found.pop("spans", ()))
    return LoadRecord(**found, spans=spans)


def place(group_id: int) -> str:
    """Name the place that the sealed record of a load is bound to, as authenticated data."""
    return f"load/{group_id}"
