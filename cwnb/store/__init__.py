"""Store events in groups, streams, segments and recent batches. Knows nothing of queries."""

from __future__ import annotations

from cwnb.store.discovery import read_rest, spread
from cwnb.store.extract import NO_GROUP, Extract, ExtractReader
from cwnb.store.ingest import checks
from cwnb.store.ingest.checks import CheckedEvents
from cwnb.store.ingest.load import Loading
from cwnb.store.ingest.messages import Messages, event_batch, messages_of
from cwnb.store.kept import KeptRecord, Present
from cwnb.store.keys.transfer import import_key
from cwnb.store.maintenance.retention import RETENTION_DAYS
from cwnb.store.memory import MEMORY
from cwnb.store.positions import Position
from cwnb.store.processing import Processing
from cwnb.store.read_after import Page
from cwnb.store.records import (
    FieldInfo,
    GroupInfo,
    LoadRecord,
    PutResult,
    SavedQuery,
    StreamInfo,
)
from cwnb.store.repairing import RepairReport, repair
from cwnb.store.snapshot import Snapshot
from cwnb.store.store import Store

__all__ = [
    "MEMORY",
    "NO_GROUP",
    "RETENTION_DAYS",
    "CheckedEvents",
    "Extract",
    "ExtractReader",
    "FieldInfo",
    "GroupInfo",
    "KeptRecord",
    "LoadRecord",
    "Loading",
    "Messages",
    "Page",
    "Position",
    "Present",
    "Processing",
    "PutResult",
    "RepairReport",
    "SavedQuery",
    "Snapshot",
    "Store",
    "StreamInfo",
    "checks",
    "event_batch",
    "import_key",
    "messages_of",
    "read_rest",
    "repair",
    "spread",
]
