"""Where events live: groups, streams, segments, recent batches. Knows no query."""

from __future__ import annotations

from cwnb.store.ingest.load import Loading
from cwnb.store.ingest.messages import event_batch
from cwnb.store.maintenance.retention import RETENTION_DAYS
from cwnb.store.records import FieldInfo, GroupInfo, LoadRecord, PutResult, StreamInfo
from cwnb.store.snapshot import Snapshot
from cwnb.store.store import Store

__all__ = [
    "RETENTION_DAYS",
    "FieldInfo",
    "GroupInfo",
    "LoadRecord",
    "Loading",
    "PutResult",
    "Snapshot",
    "Store",
    "StreamInfo",
    "event_batch",
]
