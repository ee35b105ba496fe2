"""The formats of an export: how events are divided into folders, and what their files hold."""

from __future__ import annotations

import base64
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cwnb.delivery.exports.packing import gzipped
from cwnb.errors import InvalidParameter
from cwnb.events import EXPORT_TIME, INGESTION_TIME, LOG_STREAM, MESSAGE, RAW, SEQUENCE, TIMESTAMP
from cwnb.nearest import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

# A line inside of a message that a reader of the export takes for the first line of an event.
_AMBIGUOUS = re.compile(rb"\n" + EXPORT_TIME.encode())
_DAY_MS = 86_400_000
# Pieces are at most this large, so that parts end near their limit and not far below it.
_PIECE_BYTES = 4 << 20
_TIME_BYTES = 24
_INT16 = 1 << 15
_NEWLINE = 10
# Days for which a table is made without looking which of them occur.
_MOST_DAYS = 10_000
# File systems take names of 255 bytes.
_FOLDER_BYTES = 200


@dataclass
class Piece:
    """Some events of one key: text, or rows of a table.

    `ambiguous` counts the lines that a reader cannot tell from the first line of an event.
    """

    key: str
    content: Any
    events: int
    text_bytes: int
    ambiguous: int = 0


class Format(Protocol):
    """Divides events of a group by a key, and packs what it made of them into files."""

    suffix: str

    def __init__(self, group: str) -> None: ...

    def pieces(self, events: pa.Table) -> Iterator[Piece]:
        """Give the events of a page, divided by their keys; in each by time and sequence."""
        ...

    def packed(self, contents: list[Any]) -> Any:
        """Pack the contents of some pieces of one key, to be held until their file is written."""
        ...

    def file(self, packed: list[Any]) -> list[bytes]:
        """Give the bytes of a file, in parts, made of what was packed."""
        ...

    def folder(self, key: str) -> str:
        """Name the folder of a key."""
        ...

    def keys(self, events: pa.Table) -> pa.DictionaryArray:
        """Give the key of each event: its stream, or its day."""
        ...


class ServiceFormat:
    """What CloudWatch Logs writes: a folder for each stream, a line `TIME MESSAGE` an event.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
    """

    suffix = ".gz"

    def __init__(self, group: str) -> None:
        """Make it; the layout does not name the group."""

    def keys(self, events: pa.Table) -> pa.DictionaryArray:
        """Give the stream of each event."""
        return events[LOG_STREAM].combine_chunks().dictionary_encode()

    def pieces(self, events: pa.Table) -> Iterator[Piece]:
        """Give the lines, divided by streams."""
        columns = events.select([TIMESTAMP, MESSAGE, RAW, SEQUENCE])
        ordered, parts = _divided(columns, self.keys(events))
        times, messages = time_texts(_ms(ordered[TIMESTAMP])), _original(ordered)
        lines = pc.binary_join_element_wise(times, messages, b"\n", b"")
        doubtful = _ambiguous_lines(messages)
        # The bytes of all lines lie one after another, so a piece is one slice of them.
        ends = np.frombuffer(lines.buffers()[1], np.int32)[: len(lines) + 1]
        data = memoryview(lines.buffers()[2] or b"")
        for stream, first, last in _cuts(parts, ends):
            text = bytes(data[ends[first] : ends[last]])
            ambiguous = int(doubtful[first:last].sum()) if len(doubtful) else 0
            yield Piece(stream, text, last - first, len(text), ambiguous)

    def packed(self, contents: list[bytes]) -> bytes:
        """Pack lines."""
        return gzipped(contents)

    def file(self, packed: list[bytes]) -> list[bytes]:
        """Give members one after another."""
        return packed

    def folder(self, key: str) -> str:
        """Name the folder of a stream: `/` becomes `-`.

        A name that no folder can have, or that hides one, is kept as its digest.
        """
        name = key.replace("/", "-")
        plain = not name.startswith((".", "_cwnb")) and len(name.encode()) <= _FOLDER_BYTES
        if plain and name.isprintable() and "\\" not in name:
            return name
        return f"stream-{blake2b(key.encode(), digest_size=8).hexdigest()}"


class _ByDay:
    def __init__(self, group: str) -> None:
        self._group = group

    def keys(self, events: pa.Table) -> pa.DictionaryArray:
        """Give the day of each event in UTC, as `2026-02-03`."""
        days = np.asarray(events[TIMESTAMP].combine_chunks().cast(pa.int64())) // _DAY_MS
        known, codes = np.unique(days, return_inverse=True)
        names = np.datetime_as_string(known.astype("datetime64[D]"))
        return pa.DictionaryArray.from_arrays(
            pa.array(codes.astype(np.int32)), pa.array(names.tolist(), pa.string())
        )

    def folder(self, key: str) -> str:
        """Name the folder of a day, as Hive does."""
        return f"day={key}"


class NdjsonFormat(_ByDay):
    """A JSON object a line, in a folder for each day."""

    suffix = ".ndjson.gz"

    def pieces(self, events: pa.Table) -> Iterator[Piece]:
        """Give the lines, divided by days."""
        ordered, parts = _divided(events, self.keys(events))
        lines = _json_lines(ordered, self._group)
        ends = _ends(np.fromiter(map(len, lines), np.int64, len(lines)))
        for day, first, last in _cuts(parts, ends):
            text = b"".join(lines[first:last])
            yield Piece(day, text, last - first, len(text))

    def packed(self, contents: list[bytes]) -> bytes:
        """Pack lines."""
        return gzipped(contents)

    def file(self, packed: list[bytes]) -> list[bytes]:
        """Give members one after another."""
        return packed


class ParquetFormat(_ByDay):
    """A table in a folder for each day."""

    suffix = ".parquet"
    schema: ClassVar[Any] = pa.schema(
        [
            ("timestamp", pa.timestamp("ms", "UTC")),
            ("ingestionTime", pa.timestamp("ms", "UTC")),
            ("logGroup", pa.string()),
            ("logStream", pa.string()),
            ("message", pa.string()),
            ("messageBase64", pa.string()),
        ]
    )

    def pieces(self, events: pa.Table) -> Iterator[Piece]:
        """Give rows, divided by days."""
        ordered, parts = _divided(events, self.keys(events))
        times = [ordered[name] for name in (TIMESTAMP, INGESTION_TIME)]
        group = pa.repeat(pa.scalar(self._group), len(ordered))
        columns = [*times, group, ordered[LOG_STREAM], ordered[MESSAGE]]
        raw = [
            None if value is None else base64.b64encode(value).decode()
            for value in ordered[RAW].to_pylist()
        ]
        table = pa.table([*columns, pa.array(raw, pa.string())], schema=self.schema)
        # A row is a message, the name of the group and some 50 bytes.
        other_bytes = 50 + len(self._group.encode())
        ends = _ends(pc.binary_length(ordered[MESSAGE]).to_numpy() + other_bytes)
        for day, first, last in _cuts(parts, ends):
            size = int(ends[last] - ends[first])
            yield Piece(day, table.slice(first, last - first), last - first, size)

    def packed(self, contents: list[pa.Table]) -> pa.Table:
        """Put rows together, so that they do not hold the memory of their pages."""
        return pa.concat_tables(contents).combine_chunks()

    def file(self, packed: list[pa.Table]) -> list[bytes]:
        """Give a Parquet file of these rows."""
        sink = pa.BufferOutputStream()
        pq.write_table(pa.concat_tables(packed), sink, compression="zstd")
        return [sink.getvalue()]


FORMATS: dict[str, type[ServiceFormat | NdjsonFormat | ParquetFormat]] = {
    "service": ServiceFormat,
    "parquet": ParquetFormat,
    "ndjson": NdjsonFormat,
}


def check_format(name: str) -> str:
    """Give the name of a format back; raise InvalidParameter for an unknown one."""
    if not isinstance(name, str) or name not in FORMATS:
        raise InvalidParameter(unknown("export format", name, FORMATS))
    return name


def same_folder(name: str) -> str:
    """Give what two names have in common that some file systems take for one."""
    return unicodedata.normalize("NFC", name.casefold())


def time_texts(times_ms: Array) -> pa.Array:
    """Write times as `2026-02-03T09:14:07.123Z ` with the space behind, as a binary array."""
    days = times_ms // _DAY_MS
    minutes, rest = np.divmod((times_ms - days * _DAY_MS).astype(np.int32), 60_000)
    known, codes = _distinct(days)
    text = np.empty((len(times_ms), _TIME_BYTES + 1), np.uint8)
    text[:, :11] = _rows([f"{day}T" for day in np.datetime_as_string(known.astype("M8[D]"))])[codes]
    text[:, 11:17] = _minutes()[minutes]
    text[:, 17:] = _milliseconds()[rest]
    ends = np.arange(len(times_ms) + 1, dtype=np.int32) * (_TIME_BYTES + 1)
    return pa.Array.from_buffers(
        pa.binary(), len(times_ms), [None, pa.py_buffer(ends), pa.py_buffer(text)]
    )


@cache
def _minutes() -> Array:
    """Give `09:14:` of each minute of a day, as bytes."""
    return _rows([f"{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60)])


@cache
def _milliseconds() -> Array:
    """Give `07.123Z ` of each millisecond of a minute, as bytes."""
    return _rows([f"{ms // 1000:02d}.{ms % 1000:03d}Z " for ms in range(60_000)])


def _rows(texts: list[str]) -> Array:
    """Give texts of one length as an array of bytes, a row each."""
    octets = np.frombuffer("".join(texts).encode(), np.uint8)
    return octets.reshape(len(texts), -1 if texts else 11)


def _distinct(days: Array) -> tuple[Array, Array]:
    """Give the days that there are, or some more, and the place of each among them."""
    if len(days) and (span := int(days.max()) - (first := int(days.min()))) < _MOST_DAYS:
        return np.arange(first, first + span + 1), days - first
    return np.unique(days, return_inverse=True)


def _json_lines(part: pa.Table, group: str) -> list[bytes]:
    quote = b'","'
    of_group = orjson.dumps(group)
    times = pc.binary_slice(time_texts(_ms(part[TIMESTAMP])), 0, _TIME_BYTES).to_pylist()
    stored = pc.binary_slice(time_texts(_ms(part[INGESTION_TIME])), 0, _TIME_BYTES).to_pylist()
    streams = part[LOG_STREAM].combine_chunks().dictionary_encode()
    names = [orjson.dumps(name) for name in streams.dictionary.to_pylist()]
    of_each = [names[code] for code in streams.indices.to_pylist()]
    messages = map(orjson.dumps, part[MESSAGE].to_pylist())
    lines = [
        b'{"timestamp":"%b%bingestionTime":"%b","logGroup":%b,"logStream":%b,"message":%b}\n'
        % (time, quote, when, of_group, stream, message)
        for time, when, stream, message in zip(times, stored, of_each, messages, strict=True)
    ]
    raw = part[RAW].combine_chunks()
    for row in np.flatnonzero(np.asarray(raw.is_valid())).tolist():
        encoded = base64.b64encode(raw[row].as_py())
        lines[row] = lines[row][:-2] + b',"messageBase64":"%b"}\n' % encoded
    return lines


def _ms(times: pa.ChunkedArray) -> Array:
    return np.asarray(times.combine_chunks().cast(pa.int64()))


def _original(events: pa.Table) -> pa.Array:
    """Give the messages as the bytes that they came as."""
    text = events[MESSAGE].combine_chunks().cast(pa.binary())
    raw = events[RAW].combine_chunks()
    return text if raw.null_count == len(raw) else pc.coalesce(raw, text)


def _ambiguous_lines(messages: pa.Array) -> Array:
    """Count the lines of each message that begin with a time, its first one aside; or give []."""
    offsets = np.frombuffer(messages.buffers()[1], np.int32)[messages.offset :]
    offsets = offsets[: len(messages) + 1]
    data = messages.buffers()[2]
    octets = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    newlines = np.flatnonzero(octets[offsets[0] : offsets[-1]] == _NEWLINE) + offsets[0]
    several = np.unique(np.searchsorted(offsets, newlines, side="right") - 1)
    counts = np.zeros(len(messages) if len(several) else 0, np.int64)
    texts = messages.take(pa.array(several)).to_pylist()
    for row, text in zip(several.tolist(), texts, strict=True):
        counts[row] = len(_AMBIGUOUS.findall(text))
    return counts


def _divided(
    events: pa.Table, keys: pa.DictionaryArray
) -> tuple[pa.Table, list[tuple[str, int, int]]]:
    """Order events by key, time and sequence; give each key with its first row and the end."""
    codes = np.asarray(keys.indices)
    times = _ms(events[TIMESTAMP])
    if (times[1:] >= times[:-1]).all():
        # Numpy sorts small integers by radix.
        narrow = codes.astype(np.int16) if len(keys.dictionary) < _INT16 else codes
        order = np.argsort(narrow, kind="stable")
    else:
        order = np.lexsort((events[SEQUENCE].to_numpy(), times, codes))
    events = events.drop_columns([SEQUENCE])
    if not (order[1:] > order[:-1]).all():
        events, codes = events.take(order), codes[order]
    names = keys.dictionary.to_pylist()
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    ends = np.append(starts[1:], len(codes))
    found = zip(codes[starts].tolist(), starts.tolist(), ends.tolist(), strict=False)
    return events, [(names[code], first, end) for code, first, end in found]


def _ends(sizes: Array) -> Array:
    """Give where each row ends, 0 before the first."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


def _cuts(parts: list[tuple[str, int, int]], ends: Array) -> Iterator[tuple[str, int, int]]:
    """Cut the rows of each key into pieces of some megabytes; a row is in one piece."""
    for key, start, stop in parts:
        first = start
        while first < stop:
            last = int(np.searchsorted(ends, ends[first] + _PIECE_BYTES, side="right")) - 1
            last = min(max(last, first + 1), stop)
            yield key, first, last
            first = last
