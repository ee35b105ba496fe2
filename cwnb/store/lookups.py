"""Lookup tables that users keep in a store: Arrow tables under a name, sealed.

The limits are the service's. Source: CWL_QuerySyntax-Lookup and the quotas of Logs Insights.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.nearest import suggestion
from cwnb.store.catalog import notes
from cwnb.store.records import LookupInfo

if TYPE_CHECKING:
    from cwnb.store.context import StoreContext

MOST_TABLES = 100
MOST_BYTES = 10 << 20
_NAME = re.compile(r"[A-Za-z0-9_]{1,256}")
# A small record of each table, and apart from it the table.
_RECORDS, _TABLES = "lookup", "table"


def check_name(name: Any) -> str:
    """Give the name of a lookup table back; raise InvalidParameter for one that is none."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidParameter(
            f"the name of a lookup table is 1 to 256 characters of A-Z a-z 0-9 _, not {name!r:.80}"
        )
    return name


def save(context: StoreContext, name: str, table: pa.Table, text_bytes: int) -> None:
    """Keep a table, in the place of one with the same name; `text_bytes` is its size as text."""
    check_name(name)
    if text_bytes > MOST_BYTES:
        raise InvalidParameter(
            f"the lookup table {name!r} has {text_bytes / 2**20:.1f} MB of text; "
            f"{MOST_BYTES >> 20} MB is the most"
        )
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    now_ms = context.clock.now_ms()
    info = LookupInfo(name, table.num_rows, list(table.column_names), text_bytes, now_ms)
    record = json.dumps(asdict(info)).encode()
    sealer = context.sealer()
    kept, data = _keys(context, name)
    with context.catalog.write() as connection:
        if not notes.has(connection, kept) and notes.count(connection, _RECORDS) >= MOST_TABLES:
            raise InvalidParameter(f"a store keeps at most {MOST_TABLES} lookup tables")
        notes.put(connection, kept, sealer.seal(record, kept))
        notes.put(connection, data, sealer.seal(sink.getvalue().to_pybytes(), data))


def all_of(context: StoreContext) -> list[LookupInfo]:
    """Tell about all lookup tables, by name; raises StoreDamaged."""
    sealer = context.sealer()
    with context.catalog.read() as connection:
        rows = notes.all_of(connection, _RECORDS)
    found = [
        LookupInfo(**json.loads(sealer.open(data, key, "a lookup table"))) for key, data in rows
    ]
    return sorted(found, key=lambda info: info.name)


def delete(context: StoreContext, name: str) -> None:
    """Delete a lookup table; raises ResourceNotFound."""
    if name not in (known := [info.name for info in all_of(context)]):
        raise unknown_table(name, known)
    with context.catalog.write() as connection:
        for key in _keys(context, name):
            notes.remove(connection, key)


def read(context: StoreContext, connection: Any, name: str) -> bytes | None:
    """Give the sealed data of a table, inside a transaction; None if there is none of this name."""
    return notes.find(connection, _keys(context, name)[1])


def open_table(context: StoreContext, name: str, data: bytes) -> pa.Table:
    """Give the table of sealed data; raises StoreDamaged."""
    plain = context.sealer().open(data, _keys(context, name)[1], "a lookup table")
    with pa.ipc.open_stream(plain) as reader:
        return reader.read_all()


def unknown_table(name: str, known: list[str]) -> ResourceNotFound:
    """Word the error for a table that does not exist."""
    near = suggestion(name, known, cutoff=0.5)
    return ResourceNotFound(f"there is no lookup table {name!r}{near}")


def _keys(context: StoreContext, name: str) -> tuple[str, str]:
    # A name says something about the events, so the catalog has its fingerprint.
    mark = context.sealer().fingerprint(name)
    return f"{_RECORDS}/{mark}", f"{_TABLES}/{mark}"
