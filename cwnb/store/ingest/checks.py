"""What is asked of events on their way in, and what the catalog notes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.store.cache import Cache
from cwnb.store.names import check_stream_name

if TYPE_CHECKING:
    from collections.abc import Iterator

# The service's quota for one event (CloudWatch Logs quotas: event size).
MAX_EVENT_BYTES = 1 << 20
_YEAR_10000_MS = 253_402_300_800_000
# Writers put batches of one size into one stream again and again.
_columns: Cache[pa.Array] = Cache(100_000)
_STREAM = pa.dictionary(pa.int32(), pa.string())


def refusals(
    time: np.ndarray[Any, Any], sizes: np.ndarray[Any, Any], raw: pa.Array | None, cutoff_ms: int
) -> list[tuple[int, str]]:
    """Give index and reason of each event that cannot be stored; `sizes` are those of its text."""
    if len(time) != len(sizes):
        raise ValueError(f"{len(time)} times for {len(sizes)} messages")
    if not len(time):
        return []
    if raw is not None:
        original = pc.fill_null(pc.binary_length(raw), -1).to_numpy(zero_copy_only=False)
        sizes = np.where(original >= 0, original, sizes)
    if (
        sizes.min() > 0
        and sizes.max() <= MAX_EVENT_BYTES
        and time.min() >= max(0, cutoff_ms)
        and time.max() < _YEAR_10000_MS
    ):
        return []
    reasons: dict[int, str] = {}
    for wrong, reason in (
        (time < cutoff_ms, "older than the retention of the group"),
        ((time < 0) | (time >= _YEAR_10000_MS), "time outside the years 1970 to 9999"),
        (sizes > MAX_EVENT_BYTES, "larger than 1 MB"),
        (sizes == 0, "empty message"),
    ):
        reasons |= dict.fromkeys(np.flatnonzero(wrong).tolist(), reason)
    return sorted(reasons.items())


def stream_column(stream: Any, rows: int) -> pa.Array:
    """Give the stream of each event as a dictionary column."""
    if isinstance(stream, str):
        if (known := _columns.get((stream, rows))) is not None:
            return known
        column = pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(rows, np.int32)), pa.array([check_stream_name(stream)], pa.string())
        )
        _columns.put((stream, rows), column, rows)
        return column
    if isinstance(stream, pa.ChunkedArray):
        stream = stream.combine_chunks()
    if len(stream) != rows:
        raise ValueError(f"{len(stream)} streams for {rows} messages")
    if stream.null_count:
        raise ValueError("the stream of an event is missing")
    if pa.types.is_dictionary(stream.type):
        return stream if stream.type == _STREAM else stream.cast(_STREAM)
    return stream.cast(pa.string()).dictionary_encode()


def counts_by_stream(
    time: np.ndarray[Any, Any], stream: pa.Array
) -> Iterator[tuple[str, int, int, int]]:
    """Give the name, first and last time and number of events of each stream."""
    if not len(time):
        return
    names = stream.dictionary.to_pylist()
    if len(names) == 1:
        yield names[0], int(time.min()), int(time.max()), len(time)
        return
    codes = np.asarray(stream.indices)
    count = np.bincount(codes, minlength=len(names))
    first = np.full(len(names), np.iinfo(np.int64).max)
    last = np.full(len(names), np.iinfo(np.int64).min)
    np.minimum.at(first, codes, time)
    np.maximum.at(last, codes, time)
    for at in np.flatnonzero(count):
        yield names[at], int(first[at]), int(last[at]), int(count[at])


def count_events(
    connection: Any, group_id: int, counted: tuple[str, int, int, int], now_ms: int
) -> None:
    """Note events of a stream, and the stream itself where it is new."""
    connection.execute(
        "INSERT INTO streams (group_id, name, created_ms, first_ms, last_ms, last_ingestion_ms,"
        " events) VALUES (?1, ?2, ?6, ?3, ?4, ?6, ?5)"
        " ON CONFLICT (group_id, name) DO UPDATE SET"
        " first_ms = min(ifnull(first_ms, ?3), ?3), last_ms = max(ifnull(last_ms, ?4), ?4),"
        " last_ingestion_ms = ?6, events = events + ?5",
        (group_id, *counted, now_ms),
    )


def take_sequences(connection: Any, count: int) -> int:
    """Take the next numbers of the store for events, and give the first."""
    after: int = connection.execute(
        "UPDATE meta SET value = value + ? WHERE key = 'next_sequence' RETURNING value", (count,)
    ).get
    return after - count
