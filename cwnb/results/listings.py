"""Log groups, streams and fields as DataFrames."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.results.arrow_columns import data_frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandas import DataFrame

_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("ms", "UTC"),
    "pairs": pa.string(),
}

# Column: the attribute that it shows, and what it holds.
GROUPS = {
    "name": ("name", "text"),
    "events": ("events", "integer"),
    "bytes": ("stored_bytes", "integer"),
    "first": ("first_ms", "time"),
    "last": ("last_ms", "time"),
    "retention_days": ("retention_days", "integer"),
    "log_type": ("log_type", "text"),
    "log_class": ("log_class", "text"),
    "tags": ("tags", "pairs"),
    "created": ("created_ms", "time"),
}
STREAMS = {
    "name": ("name", "text"),
    "events": ("events", "integer"),
    "first": ("first_ms", "time"),
    "last": ("last_ms", "time"),
    "last_ingestion": ("last_ingestion_ms", "time"),
    "created": ("created_ms", "time"),
}
LOADS = {
    "load": ("load_id", "text"),
    "name": ("name", "text"),
    "stream": ("stream", "text"),
    "events": ("events", "integer"),
    "bytes": ("bytes", "integer"),
    "loaded": ("loaded_ms", "time"),
}
EXPORTS = {
    "task": ("id", "text"),
    "group": ("group", "text"),
    "destination": ("destination", "text"),
    "format": ("format", "text"),
    "stream_prefix": ("stream_prefix", "text"),
    "state": ("state", "text"),
    "message": ("message", "text"),
    "events": ("events", "integer"),
    "bytes": ("text_bytes", "integer"),
    "files": ("files", "integer"),
    "start": ("start_ms", "time"),
    "end": ("end_ms", "time"),
    "created": ("created_ms", "time"),
    "completed": ("completed_ms", "time"),
}
FIELDS = {
    "name": ("name", "text"),
    "share": ("share", "number"),
    "types": ("types", "text"),
    "distinct": ("distinct", "integer"),
    "examples": ("examples", "text"),
    "conflicts": ("conflicts", "boolean"),
}
LOOKUPS = {
    "name": ("name", "text"),
    "rows": ("rows", "integer"),
    "columns": ("columns", "text"),
    "bytes": ("bytes", "integer"),
    "saved": ("saved_ms", "time"),
}
SAVED_QUERIES = {
    "name": ("name", "text"),
    "text": ("text", "text"),
    "groups": ("groups", "text"),
    "parameters": ("parameters", "text"),
    "saved": ("saved_ms", "time"),
}
METRIC_FILTERS = {
    "group": ("group", "text"),
    "name": ("name", "text"),
    "pattern": ("pattern", "text"),
    "namespace": ("namespace", "text"),
    "metric": ("metric", "text"),
    "value": ("value", "text"),
    "default": ("default", "number"),
    "unit": ("unit", "text"),
    "dimensions": ("dimensions", "pairs"),
    "system_fields": ("system_fields", "text"),
    "matched": ("matched", "integer"),
    "without_number": ("without_number", "integer"),
    "without_dimension": ("without_dimension", "integer"),
    "expired": ("expired", "integer"),
    "created": ("created_ms", "time"),
}
EMBEDDED_METRICS = {
    "group": ("group", "text"),
    "documents": ("documents", "integer"),
    "malformed": ("malformed", "integer"),
    "expired": ("expired", "integer"),
    "last_malformed": ("last_malformed", "text"),
    "created": ("created_ms", "time"),
}
METRICS = {
    "time": ("time_ms", "time"),
    "group": ("group", "text"),
    "namespace": ("namespace", "text"),
    "metric": ("metric", "text"),
    "dimensions": ("dimensions", "pairs"),
    "unit": ("unit", "text"),
    "sum": ("sum", "number"),
    "count": ("count", "integer"),
    "min": ("min", "number"),
    "max": ("max", "number"),
}
ACCOUNT_POLICIES = {
    "name": ("name", "text"),
    "type": ("type", "text"),
    "target": ("target", "text"),
    "pattern": ("pattern", "text"),
    "distribution": ("distribution", "text"),
    "selection_criteria": ("selection_criteria", "text"),
    "created": ("created_ms", "time"),
    "updated": ("updated_ms", "time"),
}
SUBSCRIPTIONS = {
    "group": ("group", "text"),
    "name": ("name", "text"),
    "level": ("level", "text"),
    "state": ("state", "text"),
    "target": ("target", "text"),
    "pattern": ("pattern", "text"),
    "distribution": ("distribution", "text"),
    "system_fields": ("system_fields", "text"),
    "lag": ("lag", "integer"),
    "rate": ("rate", "number"),
    "delivered": ("delivered", "integer"),
    "retries": ("retries", "integer"),
    "dropped": ("dropped", "integer"),
    "passed_over": ("passed_over", "integer"),
    "expired": ("expired", "integer"),
    "last_error": ("last_error", "text"),
    "last_sent": ("last_sent_ms", "time"),
    "created": ("created_ms", "time"),
}


def listing(items: Iterable[Any], columns: dict[str, tuple[str, str]]) -> DataFrame:
    """Give a row per item, each a dataclass; the members of a list or dict are joined by commas."""
    rows = [asdict(item) for item in items]
    made = {}
    for name, (attribute, kind) in columns.items():
        values = [_joined(row[attribute], pairs=kind == "pairs") for row in rows]
        made[name] = pa.array(values, _TYPES[kind])
    return data_frame(made, len(rows))


def _joined(value: Any, *, pairs: bool) -> Any:
    if pairs:
        return ", ".join(f"{key}={held}" for key, held in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | dict | tuple) else value
