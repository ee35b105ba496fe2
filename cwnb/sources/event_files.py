"""Events that an export has written as NDJSON or Parquet: they load as what they were."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa

from cwnb.sources.chunks import NO_EVENT, Chunk
from cwnb.sources.ndjson import read_ndjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cwnb.sources.blocks import LineReader

TIMESTAMP, INGESTED, GROUP, STREAM, MESSAGE, BASE64 = (
    "timestamp", "ingestionTime", "logGroup", "logStream", "message", "messageBase64",
)  # fmt: skip
_NAMES = frozenset({TIMESTAMP, INGESTED, STREAM, MESSAGE})
# Exports of earlier versions do not say the group. A load is into the group that it names anyway.
_MAY_BE = frozenset({GROUP, BASE64})
_MS = pa.timestamp("ms", "UTC")
_TIME_CHARACTERS = len("2026-02-03T09:14:07.123Z")


def is_event_line(line: bytes) -> bool:
    """Tell whether a line of JSON is an event as an export writes it."""
    try:
        return _is_event(orjson.loads(line))
    except orjson.JSONDecodeError:
        return False


def is_event_row(row: Any) -> bool:
    """Tell whether a row of a Parquet file is an event as an export writes it."""
    if not isinstance(row, dict) or set(row) | {GROUP} != _NAMES | _MAY_BE:
        return False
    times = all(isinstance(row[name], datetime) for name in (TIMESTAMP, INGESTED))
    return times and all(isinstance(row.get(name, ""), str) for name in (GROUP, STREAM, MESSAGE))


def read_event_lines(reader: LineReader, *, own_stream: bool) -> Iterator[Chunk]:
    """Give the event of each line; a line that is none is refused."""
    for lines in read_ndjson(reader):
        rows, places, refused = [], [], []
        for line, number in zip(lines.message.to_pylist(), lines.number.tolist(), strict=True):
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                row = None
            if _is_event(row):
                rows.append(row)
                places.append(number)
            else:
                refused.append((number, NO_EVENT))
        chunk = _chunk(rows, places, own_stream=own_stream)
        chunk.lines, chunk.blank = lines.lines, lines.blank
        chunk.refused += refused
        yield chunk


def event_rows(rows: Iterable[Any], numbers: Iterable[int]) -> Iterator[Chunk]:
    """Give the events of rows of a Parquet file."""
    kept, places, refused = [], [], []
    for number, row in zip(numbers, rows, strict=True):
        if is_event_row(row):
            kept.append(row)
            places.append(number)
        else:
            refused.append((number, NO_EVENT))
    chunk = _chunk(kept, places, own_stream=True)
    chunk.refused += refused
    yield chunk


def _chunk(rows: list[dict[str, Any]], places: list[int], *, own_stream: bool) -> Chunk:
    messages, wrong = [], []
    for place, row in enumerate(rows):
        try:
            messages.append(_message(row))
        except binascii.Error:
            wrong.append(place)
    refused = [(places[place], NO_EVENT) for place in wrong]
    for place in reversed(wrong):
        del rows[place], places[place]
    times, ingested = (
        np.asarray(pa.array([row[name] for row in rows]).cast(_MS).cast(pa.int64()))
        if rows else np.zeros(0, np.int64)
        for name in (TIMESTAMP, INGESTED)
    )  # fmt: skip
    streams = pa.array([row[STREAM] for row in rows], pa.string()) if own_stream else None
    return Chunk(
        pa.array(messages, pa.binary()),
        np.array(places, np.int64),
        times,
        np.ones(len(rows), bool),
        stream=streams,
        ingestion_ms=ingested,
        refused=refused,
    )


def _message(row: dict[str, Any]) -> bytes:
    if (packed := row.get(BASE64)) is not None:
        return base64.b64decode(packed, validate=True)
    text: str = row[MESSAGE]
    return text.encode()


def _is_event(row: Any) -> bool:
    if not isinstance(row, dict) or not _NAMES <= set(row) <= _NAMES | _MAY_BE:
        return False
    texts = all(isinstance(value, str) for value in row.values())
    return texts and all(_is_time(row[name]) for name in (TIMESTAMP, INGESTED))


def _is_time(text: str) -> bool:
    if len(text) != _TIME_CHARACTERS or not text.isascii():
        return False
    try:
        np.datetime64(text[:-1], "ms")
    except ValueError:
        return False
    return text[10] == "T" and text[-1] == "Z"
