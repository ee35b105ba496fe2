"""Reads what an export has written, and what a store holds."""

from __future__ import annotations

import gzip

from cwnb.events import ALL_TIME
from cwnb.store import Extract, Position


def stored(logs, group="/g"):
    """Give every event of a group: stream, time, bytes, ingestion time; in order of them."""
    extract = Extract(logs.store.group_id(group), logs.store.position(), ALL_TIME)
    reader, after, found = logs.store.extract(extract), Position(0, 0), []
    while True:
        page = reader.page(after, limit_rows=100_000, limit_bytes=1 << 24)
        for row in page.events.to_pylist():
            message = row["@raw"] if row["@raw"] is not None else row["@message"].encode()
            times = row["@timestamp"].timestamp(), row["@ingestionTime"].timestamp()
            found.append((row["@logStream"], times[0], message, times[1]))
        if page.complete:
            return sorted(found)
        after = page.position


def texts(folder):
    """Give the text of each packed file below a folder, by its path."""
    return {
        path.relative_to(folder).as_posix(): gzip.decompress(path.read_bytes())
        for path in sorted(folder.rglob("*.gz"))
    }
