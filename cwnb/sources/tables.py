"""Rows of CSV, Parquet, DataFrames and dicts: each becomes one compact JSON object."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa

from cwnb.errors import SourceError
from cwnb.events import LOG_STREAM, MAX_EVENT_BYTES, MESSAGE, TIMESTAMP
from cwnb.sources.chunks import Chunk
from cwnb.sources.field_times import read_field_times, time_columns

if TYPE_CHECKING:
    from cwnb.sources.clocks import Reading
    from cwnb.sources.report import FileReport
    from cwnb.sources.unpacking import Peekable

_ROWS = 20_000
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_SPOOL_BYTES = 64 * 1024 * 1024


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
    """The fingerprint of rows, of the messages that they became."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256(b"rows\n")

    def update(self, messages: Iterable[bytes]) -> None:
        """Add messages, each with its length, so that their borders count."""
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
        chunk = _chunk(part, number, reading, report)
        messages = chunk.message.to_pylist()
        fingerprint.update(messages)
        report.bytes += sum(map(len, messages))
        number += len(part)
        yield chunk


def _parts(rows: Any, report: FileReport) -> Iterator[list[Any]]:
    if isinstance(rows, (list, tuple, Iterator)):
        iterator = iter(rows)
        while part := list(islice(iterator, _ROWS)):
            yield part
        return
    if hasattr(rows, "iterrows"):
        index = getattr(rows, "index", None)
        if index is not None and (
            index.name is not None or type(index).__name__ == "DatetimeIndex"
        ):
            label = index.name or "time"
            if label not in rows.columns:
                rows = rows.reset_index(names=label)
                report.notes.append(f"the index became the column {label!r}")
        for start in range(0, len(rows), _ROWS):
            yield rows.iloc[start : start + _ROWS].to_dict("records")
        return
    table = pa.table(rows)
    for batch in table.to_batches(max_chunksize=_ROWS):
        yield batch.to_pylist()


def read_parquet(stream: Peekable, report: FileReport, reading: Reading) -> Iterator[Chunk]:
    """Give the rows of a Parquet file."""
    import pyarrow.parquet as pq

    # Parquet is read from its end; what comes from a pipe or an archive is put by first.
    with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
        while data := stream.read(1 << 20):
            spool.write(data)
        spool.seek(0)
        number = 1
        try:
            for batch in pq.ParquetFile(spool).iter_batches(_ROWS):
                yield _chunk(batch.to_pylist(), number, reading, report)
                number += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{report.name!r} is a damaged Parquet file: {error}") from error


def read_separated(stream: Peekable, report: FileReport, reading: Reading) -> Iterator[Chunk]:
    """Give the rows of a CSV or TSV file with a header; ragged rows are refused.

    Cells that are whole numbers in a column of such become numbers, as their text stays the same;
    all others stay text. An empty cell is missing.
    """
    # The limit belongs to the whole process, so it goes back to what it was.
    limit = csv.field_size_limit(MAX_EVENT_BYTES)
    try:
        yield from _separated(stream, report, reading)
    finally:
        csv.field_size_limit(limit)


def _separated(stream: Peekable, report: FileReport, reading: Reading) -> Iterator[Chunk]:
    delimiter = "\t" if report.format == "tsv" else ","
    # Strict, so that a quote without its end is refused and not taken for a long cell.
    reader = csv.reader(_text_lines(stream), delimiter=delimiter, strict=True)
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise SourceError(f"{report.name!r} has no header that can be read: {error}") from error
    if header is None:
        return
    names = _unique(header)
    whole: list[bool] | None = None
    before = reader.line_num
    lines = before
    while True:
        rows: list[dict[str, Any]] = []
        numbers: list[int] = []
        refused: list[tuple[int, str]] = []
        blank = 0
        ended = False
        while len(rows) < _ROWS:
            number = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                refused.append((number, f"not a row: {error}"))
                continue
            if cells is None:
                ended = True
                break
            if not cells:
                blank += 1
            elif len(cells) != len(names):
                refused.append((number, f"{len(cells)} cells where the header has {len(names)}"))
            else:
                rows.append(cells)  # type: ignore[arg-type]
                numbers.append(number)
        if whole is None and rows:
            columns = zip(*rows[:1000], strict=True)
            whole = [all(not c or _INTEGER.fullmatch(c) for c in column) for column in columns]
        chunk = _chunk([_typed(names, cells, whole or []) for cells in rows], 0, reading, report)
        chunk.number = np.array(numbers, np.int64)
        chunk.refused = refused
        chunk.blank = blank
        chunk.lines = reader.line_num - lines + before
        lines, before = reader.line_num, 0
        yield chunk
        if ended:
            return


def _typed(names: list[str], cells: Any, whole: list[bool]) -> dict[str, Any]:
    return {
        name: int(cell) if number and _INTEGER.fullmatch(cell) and cell != "-0" else cell
        for name, cell, number in zip(names, cells, whole, strict=True)
        if cell
    }


def _unique(header: list[str]) -> list[str]:
    names: list[str] = []
    for place, cell in enumerate(header, 1):
        name = cell.strip() or f"column{place}"
        while name in names:
            name += "_"
        names.append(name)
    return names


def _text_lines(stream: Peekable) -> Iterator[str]:
    rest = b""
    while piece := stream.read(1 << 20):
        cut = piece.rfind(b"\n") + 1
        if not cut:
            # A line beyond reason goes on as a piece that the csv module refuses.
            rest = (rest + piece)[: 2 * MAX_EVENT_BYTES]
            continue
        data, rest = rest + piece[:cut], piece[cut:]
        yield from io.StringIO(data.decode("utf-8", "replace"), newline="\n")
    if rest:
        yield rest.decode("utf-8", "replace")


def _chunk(rows: list[Any], number: int, reading: Reading, report: FileReport) -> Chunk:
    messages: list[bytes] = []
    numbers: list[int] = []
    refused: list[tuple[int, str]] = []
    kept: list[Mapping[str, Any]] = []
    for place, row in enumerate(rows, number):
        if not isinstance(row, Mapping):
            refused.append((place, f"not a dict but {type(row).__name__}"))
            continue
        message = row.get(MESSAGE)
        if isinstance(message, str):
            messages.append(message.encode("utf-8", "surrogatepass"))
        else:
            messages.append(compact_json(row))
        numbers.append(place)
        kept.append(row)
    times, timed = _times(kept, reading)
    streams = [row.get(LOG_STREAM) for row in kept]
    named = any(isinstance(name, str) for name in streams)
    stream = None
    if named:
        texts = [name if isinstance(name, str) and name else report.stream for name in streams]
        stream = pa.array([re.sub("[:*]", "_", text)[:512] for text in texts], pa.string())
    return Chunk(
        pa.array(messages, pa.binary()),
        np.array(numbers, np.int64),
        times,
        timed,
        stream=stream,
        refused=refused,
    )


def _times(rows: list[Mapping[str, Any]], reading: Reading) -> tuple[Any, Any]:
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(name for name in row if isinstance(name, str)))
    columns = {name: _column([row.get(name) for row in rows]) for name in time_columns(names)}
    by_lower = {name.lower(): name for name in columns}
    if "date" in by_lower and "time" in by_lower:
        # Two columns make one time, as in CloudFront's files.
        joined = [f"{row.get(by_lower['date'])} {row.get(by_lower['time'])}" for row in rows]
        columns = {TIMESTAMP: columns.pop(TIMESTAMP, pa.nulls(len(rows), pa.string())), **columns}
        columns["timestamp"] = columns.get("timestamp", pa.array(joined, pa.string()))
    return read_field_times(columns, len(rows), reading)


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
    present = {str(name): value for name, value in row.items() if not _missing(value)}
    # orjson writes infinities as null and refuses integers of more than 64 bits.
    if not any(isinstance(value, float) and math.isinf(value) for value in present.values()):
        try:
            return orjson.dumps(present, default=_plain, option=_ORJSON)
        except (TypeError, ValueError):
            pass
    text = json.dumps(_deep(present), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


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
        return {str(name): _deep(inner) for name, inner in value.items()}
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
