"""Rows of DataFrames, Arrow tables and dicts: each becomes one compact JSON object."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa

from cwnb.errors import SourceError
from cwnb.events import LOG_STREAM, MESSAGE, SYSTEM_FIELDS
from cwnb.sources.batches import MOST_ROWS, OVERSIZE, PART_BYTES, read_parquet_rows, rows_of_batch
from cwnb.sources.chunks import TOO_LONG, Chunk, stream_names
from cwnb.sources.column_names import made_unique, unique_names
from cwnb.sources.event_files import event_rows, is_event_row
from cwnb.sources.field_times import read_field_times, time_columns
from cwnb.sources.unpacking import Counted, check_ratio

if TYPE_CHECKING:
    from cwnb.sources.clocks import Reading
    from cwnb.sources.report import FileReport
    from cwnb.sources.unpacking import Peekable

# Of the columns that are left out so many are named.
_NAMES_NOTED = 5


def is_rows(what: Any) -> bool:
    """Tell whether this is rows in memory: a DataFrame, an Arrow table, dicts."""
    if hasattr(what, "__arrow_c_stream__") or hasattr(what, "iterrows"):
        return True
    if isinstance(what, Mapping):
        raise SourceError("cannot load a single dict; give a list of dicts")
    if isinstance(what, (list, tuple)):
        return bool(what) and isinstance(what[0], Mapping)
    return isinstance(what, Iterator) and not hasattr(what, "read")


def name_of(rows: Any) -> str:
    """Name rows in memory for the report and their stream."""
    return "frame" if format_of(rows) == "DataFrame" else "rows"


def format_of(rows: Any) -> str:
    """Name the kind of rows in memory for the report."""
    return "dicts" if isinstance(rows, (list, tuple, Iterator)) else "DataFrame"


class RowsFingerprint:
    """The fingerprint of rows in memory: a digest of the messages that they became."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256(b"rows\n")

    def update(self, messages: Iterable[bytes]) -> None:
        """Add messages, each with its length, so that `a`, `bc` and `ab`, `c` differ."""
        for message in messages:
            self._digest.update(len(message).to_bytes(8, "big"))
            self._digest.update(message)

    @property
    def hex(self) -> str:
        """Give the digest so far."""
        return self._digest.hexdigest()


def read_rows(
    rows: Any, report: FileReport, reading: Reading, fingerprint: RowsFingerprint
) -> Iterator[Chunk]:
    """Give the rows of a DataFrame, an Arrow table or an iterable of dicts."""
    number = 1
    for part in _parts(rows, report):
        for chunk in row_chunks(part, range(number, number + len(part)), reading, report):
            messages = chunk.message.to_pylist()
            fingerprint.update(messages)
            report.bytes += sum(map(len, messages))
            yield chunk
        number += len(part)


def read_parquet(
    stream: Peekable,
    report: FileReport,
    reading: Reading,
    max_ratio: float | None,
    *,
    own: bool,
) -> Iterator[Chunk]:
    """Give the rows of a Parquet file; `own`: of one of an export, the events that they were."""
    number = 1
    packed = Counted(stream)
    unpacked = 0
    for part in read_parquet_rows(packed, report, max_ratio):
        numbers = range(number, number + len(part))
        if own and part and is_event_row(part[0]):
            chunks = event_rows(part, numbers)
        else:
            chunks = row_chunks(part, numbers, reading, report)
        for chunk in chunks:
            unpacked += chunk.message.nbytes
            check_ratio(report.name, unpacked, packed.bytes, max_ratio)
            yield chunk
        number += len(part)


def _parts(rows: Any, report: FileReport) -> Iterator[list[Any]]:
    if isinstance(rows, (list, tuple, Iterator)):
        iterator = iter(rows)
        while part := list(islice(iterator, MOST_ROWS)):
            yield part
        return
    if hasattr(rows, "iterrows"):
        rows = _with_index(rows, report)
        names = unique_names([str(name) for name in rows.columns], report)
        if names != list(rows.columns):
            rows = rows.set_axis(names, axis=1)
        for start in range(0, len(rows), MOST_ROWS):
            yield rows.iloc[start : start + MOST_ROWS].to_dict("records")
        return
    table = pa.table(rows)
    table = table.rename_columns(unique_names(table.column_names, report))
    for batch in table.to_batches(max_chunksize=MOST_ROWS):
        yield from rows_of_batch(batch)


def _with_index(frame: Any, report: FileReport) -> Any:
    """Give the frame with the levels of its index as columns, if they have names or are times."""
    index = getattr(frame, "index", None)
    if index is None:
        return frame
    labels = list(index.names)
    kind = type(index).__name__
    if all(label is None for label in labels) and kind not in {"DatetimeIndex", "MultiIndex"}:
        return frame
    plain = [
        str(label) if label is not None else "time" if len(labels) == 1 else f"level_{level}"
        for level, label in enumerate(labels)
    ]
    there = [str(name) for name in frame.columns]
    columns = made_unique([*there, *plain])[len(there) :]
    report.notes += [f"the index became the column {column!r}" for column in columns]
    return frame.set_axis(frame.index.set_names(columns), axis=0).reset_index(allow_duplicates=True)


def row_chunks(
    rows: Iterable[Any], numbers: Iterable[int], reading: Reading, report: FileReport
) -> Iterator[Chunk]:
    """Give rows as chunks of JSON objects, each chunk of some megabytes."""
    messages: list[bytes] = []
    places: list[int] = []
    kept: list[Mapping[str, Any]] = []
    refused: list[tuple[int, str]] = []
    beside: dict[Any, None] = {}
    size = 0
    for place, row in zip(numbers, rows, strict=True):
        if type(row) is not dict and not isinstance(row, Mapping):
            why = TOO_LONG if row is OVERSIZE else f"not a dict but {type(row).__name__}"
            refused.append((place, why))
            continue
        message = row.get(MESSAGE)
        if isinstance(message, str):
            data = message.encode("utf-8", "surrogatepass")
            beside.update(dict.fromkeys(name for name in row if name not in SYSTEM_FIELDS))
        else:
            data = compact_json(row)
        messages.append(data)
        places.append(place)
        kept.append(row)
        size += len(data)
        if size > PART_BYTES:
            yield _chunk(messages, places, kept, refused, reading=reading, report=report)
            messages, places, kept, refused, size = [], [], [], [], 0
    for name in list(beside)[:_NAMES_NOTED]:
        report.note(f"the message is '@message' alone; {str(name)!r} beside it was left out")
    yield _chunk(messages, places, kept, refused, reading=reading, report=report)


def _chunk(
    messages: list[bytes],
    places: list[int],
    rows: list[Mapping[str, Any]],
    refused: list[tuple[int, str]],
    *,
    reading: Reading,
    report: FileReport,
) -> Chunk:
    times, timed = row_times(rows, reading)
    streams = [row.get(LOG_STREAM) for row in rows]
    stream = None
    if any(isinstance(name, str) for name in streams):
        stream = stream_names(streams, report.stream)
    return Chunk(
        pa.array(messages, pa.binary()),
        np.array(places, np.int64),
        times,
        timed,
        stream=stream,
        refused=refused,
    )


def row_times(rows: Sequence[Mapping[str, Any]], reading: Reading) -> tuple[Any, Any]:
    """Give the times of rows in milliseconds, and a mask of the rows that have one."""
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(name for name in row if isinstance(name, str)))
    wanted = time_columns(names, reading.field)
    columns = {name: _column([row.get(name) for row in rows]) for name in wanted}
    if reading.field is None and not columns:
        dated = _dated(rows, names)
        if dated is not None:
            columns = {dated: _column([row.get(dated) for row in rows])}
            reading = replace(reading, field=dated)
    elif not columns and "." in str(reading.field):
        columns = {str(reading.field): _column([_inside(row, reading.field) for row in rows])}
    return read_field_times(columns, len(rows), reading)


def _dated(rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> str | None:
    """Give the name whose values are datetimes, if there is exactly one."""

    def first(name: str) -> Any:
        return next((row[name] for row in rows if not _missing(row.get(name))), None)

    dated = [name for name in names if isinstance(first(name), datetime)]
    return dated[0] if len(dated) == 1 else None


def _inside(row: Any, path: str | None) -> Any:
    for name in str(path).split("."):
        row = row.get(name) if isinstance(row, Mapping) else None
    return row


def _column(values: list[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} or kinds <= {float}:
        try:
            return pa.array(
                values, pa.int64() if kinds == {int} else pa.float64(), from_pandas=True
            )
        except (pa.ArrowInvalid, OverflowError):
            pass
    return pa.array([_time_text(value) for value in values], pa.string())


def _time_text(value: Any) -> str | None:
    if value is None or value != value:  # noqa: PLR0124  # NaN and NaT
        return None
    return value.isoformat() if isinstance(value, (datetime, date)) else str(value)


def compact_json(row: Mapping[str, Any]) -> bytes:
    """Write a row as one JSON object without spaces; missing values are left out.

    Times in ISO form (UTC as Z), numbers in all their digits, infinities and what JSON has no word
    for as text.
    """
    present = {name: value for name, value in row.items() if not _missing(value)}
    # orjson writes infinities as null and refuses integers of more than 64 bits.
    if not any(isinstance(value, float) and math.isinf(value) for value in present.values()):
        try:
            return orjson.dumps(present, default=_plain, option=_ORJSON)
        except (TypeError, ValueError):
            pass
    text = json.dumps(_deep(present), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _names_of(row: Mapping[Any, Any]) -> Iterable[str]:
    """Give the keys as texts, made unique: 1 and "1" are two keys of a dict."""
    if set(map(type, row)) <= {str}:
        return row
    return made_unique(list(map(str, row)))


_ORJSON = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY


def _missing(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, (str, int, bool)):
        return False
    if isinstance(value, float):
        return math.isnan(value)
    if type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, np.floating) and bool(np.isnan(value))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        text = value.isoformat()
        return text[:-6] + "Z" if text.endswith("+00:00") else text
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Decimal):
        return (
            int(value) if value == value.to_integral_value() and abs(value) < 2**63 else str(value)
        )
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _deep(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _deep(inner) for name, inner in zip(_names_of(value), value.values(), strict=True)
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_deep(inner) for inner in value]
    if isinstance(value, np.generic):
        return _deep(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, (date, time)) and not isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return _plain(value)
