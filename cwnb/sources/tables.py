"""Rows of DataFrames, Arrow tables and dicts: each becomes one compact JSON object."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import SourceError
from cwnb.events import LOG_STREAM, MESSAGE, SYSTEM_FIELDS
from cwnb.sources.batches import MOST_ROWS, PART_BYTES, parts_of_batch, read_parquet_batches
from cwnb.sources.chunks import TOO_LONG, Chunk, stream_names
from cwnb.sources.column_names import made_unique, unique_names
from cwnb.sources.columnar import Columns
from cwnb.sources.event_files import event_rows, is_event_row
from cwnb.sources.json_rows import compact_json
from cwnb.sources.row_times import row_times
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

    def update(self, messages: pa.Array) -> None:
        """Add messages, each with its length, so that `a`, `bc` and `ab`, `c` differ."""
        sizes = np.asarray(pc.binary_length(messages)).astype(">u8")
        lengths = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(8), len(sizes), [None, pa.py_buffer(sizes)]
        )
        pairs = pc.binary_join_element_wise(lengths.cast(pa.binary()), messages, b"")
        if len(pairs):
            self._digest.update(pairs.buffers()[2])

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
        for chunk in _chunks_of(part, number, reading, report):
            fingerprint.update(chunk.message)
            report.bytes += pc.sum(pc.binary_length(chunk.message)).as_py() or 0
            yield chunk
        number += 1 if part is None else len(part)


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
    for part in read_parquet_batches(packed, report, max_ratio):
        rows = 1 if part is None else len(part)
        if own and part is not None and rows and is_event_row(part.slice(0, 1).to_pylist()[0]):
            chunks = event_rows(part.to_pylist(), range(number, number + rows))
        else:
            columns = None if part is None else Columns.of_batch(part)
            chunks = _chunks_of(columns, number, reading, report)
        for chunk in chunks:
            unpacked += chunk.message.nbytes
            check_ratio(report.name, unpacked, packed.bytes, max_ratio)
            yield chunk
        number += rows


def _chunks_of(
    part: list[Any] | Columns | None, first: int, reading: Reading, report: FileReport
) -> Iterator[Chunk]:
    """Give some rows as chunks; None is a row that is too long."""
    if part is None:
        none = np.zeros(0, np.int64)
        refused = [(first, TOO_LONG)]
        yield Chunk(pa.array([], pa.binary()), none, none, none.astype(bool), refused=refused)
    elif isinstance(part, Columns):
        _note_names(part.beside_messages, report)
        yield from part.chunks(first, reading, report.stream, PART_BYTES)
    else:
        yield from row_chunks(part, range(first, first + len(part)), reading, report)


def _parts(rows: Any, report: FileReport) -> Iterator[list[Any] | Columns | None]:
    if isinstance(rows, (list, tuple, Iterator)):
        iterator = iter(rows)
        while some := list(islice(iterator, MOST_ROWS)):
            yield some
        return
    if hasattr(rows, "iterrows"):
        rows = _with_index(rows, report)
        names = unique_names([str(name) for name in rows.columns], report)
        if names != list(rows.columns):
            rows = rows.set_axis(names, axis=1)
        for start in range(0, len(rows), MOST_ROWS):
            yield Columns.of_frame(rows.iloc[start : start + MOST_ROWS])
        return
    table = pa.table(rows)
    table = table.rename_columns(unique_names(table.column_names, report))
    for batch in table.to_batches(max_chunksize=MOST_ROWS):
        for part in parts_of_batch(batch):
            yield None if part is None else Columns.of_batch(part)


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
            refused.append((place, f"not a dict but {type(row).__name__}"))
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
    _note_names(list(beside), report)
    yield _chunk(messages, places, kept, refused, reading=reading, report=report)


def _note_names(beside: list[Any], report: FileReport) -> None:
    for name in beside[:_NAMES_NOTED]:
        report.note(f"the message is '@message' alone; {str(name)!r} beside it was left out")


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
