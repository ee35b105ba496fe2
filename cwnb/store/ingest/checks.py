"""Checks of events on their way in, and counts of them by stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cwnb.events import MAX_EVENT_BYTES
from cwnb.store.cache import Cache
from cwnb.store.catalog.streams import StreamCount
from cwnb.store.names import check_stream_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.store.ingest.messages import Messages

_YEAR_10000_MS = 253_402_300_800_000
EMPTY = "empty message"
TOO_LONG = "larger than 1 MB"
EXPIRED = "older than the retention of the group"
OUTSIDE_THE_YEARS = "time outside the years 1970 to 9999"
# Writers put batches of one size into one stream again and again.
_stream_columns: Cache[pa.Array] = Cache(100_000)
_STREAM = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class CheckedEvents:
    """Events that the store takes, converted, checked and counted once.

    `stream` is a dictionary column; `counts` says how many events each stream has; `discovered` is
    what `Processing.discover` gave for exactly these messages, or None. `ingestion_ms`: when they
    came in; None for now.
    """

    time_ms: np.ndarray[Any, Any]
    stream: pa.Array
    messages: Messages
    counts: list[StreamCount]
    discovered: Any = None
    ingestion_ms: np.ndarray[Any, Any] | None = None

    def __len__(self) -> int:
        return len(self.messages)

    @classmethod
    def of(
        cls,
        time_ms: Any,
        stream: Any,
        messages: Messages,
        discovered: Any,
        ingestion_ms: Any = None,
    ) -> CheckedEvents:
        """Count events that were checked; `stream` is one name, or one for each."""
        column = stream_column(stream, len(messages))
        counts = list(counts_by_stream(time_ms, column))
        for counted in counts:
            check_stream_name(counted.name)
        return cls(time_ms, column, messages, counts, discovered, ingestion_ms)


def refusals(
    time: np.ndarray[Any, Any], messages: Messages, cutoff_ms: int
) -> list[tuple[int, str]]:
    """Give index and reason of each event that cannot be stored."""
    if len(time) != len(messages):
        raise ValueError(f"{len(time)} times for {len(messages)} messages")
    by_time, by_size = refused_by_time(time, cutoff_ms), refused_by_size(messages)
    if not by_time and not by_size:
        return []
    return sorted((dict(by_time) | dict(by_size)).items())


def refused_by_size(messages: Messages) -> list[tuple[int, str]]:
    """Give index and reason of each message that is empty or too long."""
    sizes = messages.original_sizes
    if not len(sizes) or (sizes.min() > 0 and sizes.max() <= MAX_EVENT_BYTES):
        return []
    return _reasons((sizes > MAX_EVENT_BYTES, TOO_LONG), (sizes == 0, EMPTY))


def refused_by_time(time: np.ndarray[Any, Any], cutoff_ms: int) -> list[tuple[int, str]]:
    """Give index and reason of each time that has expired or lies outside the service's years."""
    if not len(time) or (time.min() >= max(0, cutoff_ms) and time.max() < _YEAR_10000_MS):
        return []
    outside = (time < 0) | (time >= _YEAR_10000_MS)
    return _reasons((time < cutoff_ms, EXPIRED), (outside, OUTSIDE_THE_YEARS))


def _reasons(*checks: tuple[np.ndarray[Any, Any], str]) -> list[tuple[int, str]]:
    reasons: dict[int, str] = {}
    for wrong, reason in checks:
        reasons |= dict.fromkeys(np.flatnonzero(wrong).tolist(), reason)
    return sorted(reasons.items())


def stream_column(stream: Any, rows: int) -> pa.Array:
    """Give the stream of each event as a dictionary column."""
    if isinstance(stream, str):
        if (known := _stream_columns.get((stream, rows))) is not None:
            return known
        column = pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(rows, np.int32)), pa.array([check_stream_name(stream)], pa.string())
        )
        _stream_columns.put((stream, rows), column, rows)
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


def counts_by_stream(time: np.ndarray[Any, Any], stream: pa.Array) -> Iterator[StreamCount]:
    """Count the events of each stream."""
    if not len(time):
        return
    names = stream.dictionary.to_pylist()
    if len(names) == 1:
        yield StreamCount(names[0], int(time.min()), int(time.max()), len(time))
        return
    codes = np.asarray(stream.indices)
    count = np.bincount(codes, minlength=len(names))
    first = np.full(len(names), np.iinfo(np.int64).max)
    last = np.full(len(names), np.iinfo(np.int64).min)
    np.minimum.at(first, codes, time)
    np.maximum.at(last, codes, time)
    for at in np.flatnonzero(count):
        yield StreamCount(names[at], int(first[at]), int(last[at]), int(count[at]))
