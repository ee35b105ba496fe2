"""Writes segments: messages as they come, fields when the segment is complete."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cwnb.errors import StoreError
from cwnb.events import INGESTION_TIME, LOG_STREAM, SEQUENCE, TIMESTAMP
from cwnb.store.catalog.connection import named_file_errors
from cwnb.store.ingest.messages import lengths
from cwnb.store.segments import facts as segments
from cwnb.store.segments.facts import FIELDS_GROUP, RowGroup, SegmentFacts
from cwnb.store.segments.message_file import Ints, MessageFile, new_file, order_of, sync_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cwnb.store.keys.sealing import Sealer

_MS = pa.timestamp("ms", "UTC")
_MAX_STREAMS = 200
_PLAIN_SHARE = 0.15
# Integers are written as a dictionary where so many rows have a value in common.
_SAMPLE_ROWS = 4096
_FEW = 64
_LONG_TEXT = 60
_WELL_PACKED = 0.7


@dataclass(frozen=True)
class Home:
    """Where segments live and what encrypts them."""

    path: str
    store_id: str
    sealer: Sealer
    encrypted: bool


@dataclass
class Block:
    """Events with all that the store knows of them, in the order of their sequence."""

    time_ms: Ints
    sequence: Ints
    ingestion_ms: Ints
    stream: pa.Array  # dictionary<int32, string>
    text: pa.Array
    raw: pa.Array | None
    discovered: Any

    def __len__(self) -> int:
        return len(self.time_ms)


class WorkLost(StoreError):
    """A claim ran out before its work was done; nothing was changed."""


class SegmentWriter:
    """Writes one segment from blocks of events, sorted by time and sequence in the end."""

    def __init__(self, home: Home, group_id: int, segment_id: str, log_type: str | None) -> None:
        self.id = segment_id
        self.group_id = group_id
        self.rows = 0
        self.message_bytes = 0
        self._log_type = log_type
        self._home = home
        self._key = secrets.token_bytes(32) if home.encrypted else None
        self._fields, messages = segments.segment_files(home.path, group_id, segment_id)
        self._blocks: list[tuple[Block, Ints]] = []
        with named_file_errors(home.path):
            if not self._fields.parent.exists():
                self._fields.parent.mkdir(mode=0o700, exist_ok=True)
                segments.sync_folder(self._fields.parent.parent)
            self._messages = MessageFile(messages, self._properties("message"), self._open)

    def add(self, block: Block) -> None:
        """Take a block; its messages need not be kept by the caller."""
        if not len(block):
            return
        sizes = lengths(block.text)
        self.rows += len(block)
        self.message_bytes += int(sizes.sum())
        with self._named_errors():
            self._messages.add(block.time_ms, block.sequence, block.text, block.raw)
        kept = Block(
            block.time_ms,
            block.sequence,
            block.ingestion_ms,
            block.stream,
            text=None,
            raw=None,
            discovered=block.discovered,
        )
        self._blocks.append((kept, sizes))

    def finish(self) -> SegmentFacts:
        """Write what is left, make the files durable and tell about them."""
        from cwnb.store import discovery

        with self._named_errors():
            self._messages.finish()
            blocks = [block for block, _ in self._blocks]
            time = np.concatenate([block.time_ms for block in blocks])
            sequence = np.concatenate([block.sequence for block in blocks])
            sizes = np.concatenate([size for _, size in self._blocks])
            columns: dict[str, pa.Array] = {
                TIMESTAMP: pa.array(time).cast(_MS),
                INGESTION_TIME: pa.array(
                    np.concatenate([block.ingestion_ms for block in blocks])
                ).cast(_MS),
                LOG_STREAM: pa.concat_arrays([block.stream for block in blocks]),
                SEQUENCE: pa.array(sequence),
            }
            found = blocks[0].discovered
            if len(blocks) > 1:
                found = discovery.merge(
                    [block.discovered for block in blocks], [len(block) for block in blocks]
                )
            self._blocks.clear()
            columns |= found.columns
            if found.rest is not None:
                columns[segments.REST] = found.rest
            if (order := order_of(time, sequence)) is not None:
                columns = {name: column.take(order) for name, column in columns.items()}
                time, sizes = time[order], sizes[order]
            fields = found.columns
            codes = {name: segments.type_code(column.type) for name, column in fields.items()}
            ranges = _ranges({name: columns[name] for name in codes})
            present = {name: len(time) - fields[name].null_count for name in fields}
            capped = found.capped
            del fields, found, blocks
            self._write_fields(columns)
            segments.sync_folder(self._fields.parent)
        return SegmentFacts(
            id=self.id,
            group_id=self.group_id,
            first_ms=int(time[0]),
            last_ms=int(time[-1]),
            rows=self.rows,
            message_bytes=self.message_bytes,
            file_bytes=self._fields.stat().st_size + self._messages.file.stat().st_size,
            discovery=discovery.VERSION,
            wrapped_key=None
            if self._key is None
            else self._home.sealer.wrap(self._key, segments.key_place(self.id)),
            columns=codes,
            present=present,
            row_groups=tuple(_row_groups(time, sizes)),
            streams=_streams(columns[LOG_STREAM]),
            has_rest=segments.REST in columns,
            capped=capped,
            ranges=self._home.sealer.seal(
                json.dumps(ranges).encode(), segments.ranges_place(self.id)
            ),
            log_type=self._log_type,
        )

    def close(self) -> None:
        """Stop writing; the files stay."""
        self._blocks.clear()
        self._messages.close()

    def remove(self) -> None:
        """Remove what was written and never published."""
        segments.remove_files(self._home.path, self.group_id, self.id)

    def _write_fields(self, columns: dict[str, pa.Array]) -> None:
        # A column that says it has no missing value is read in two thirds of the time.
        schema = pa.schema(
            [pa.field(name, c.type, nullable=c.null_count > 0) for name, c in columns.items()]
        )
        table = pa.table(columns, schema=schema)
        dictionaries = [name for name, column in columns.items() if _has_few_values(column)]
        with pq.ParquetWriter(
            new_file(self._fields),
            table.schema,
            use_dictionary=dictionaries,
            compression=_codecs(columns, self.message_bytes),
            write_statistics=[TIMESTAMP],
            column_encoding={SEQUENCE: "DELTA_BINARY_PACKED"},
            encryption_properties=self._properties("fields"),
        ) as writer:
            writer.write_table(table, row_group_size=FIELDS_GROUP)
        sync_file(self._fields)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            with named_file_errors(self._home.path):
                yield
        except FileNotFoundError as error:
            # Cleaning takes the files of a claim that ran out, also from under a slow writer.
            raise WorkLost("the claim on this work ran out; nothing was changed") from error

    def _properties(self, kind: str) -> Any:
        return segments.encrypting(self._key, self._home.store_id, self.id, kind)

    def _open(self, file: Path) -> Any:
        return pq.ParquetFile(
            file,
            decryption_properties=segments.decrypting(
                self._key, self._home.store_id, self.id, "message"
            ),
        )


def _has_few_values(column: pa.Array) -> bool:
    """Tell whether a column is smaller and quicker to read as a dictionary and codes."""
    if pa.types.is_dictionary(column.type):
        return True
    if not pa.types.is_int64(column.type):
        return False
    sample = column.slice(0, _SAMPLE_ROWS)
    return bool(pc.count_distinct(sample).as_py() * _FEW < len(sample))


def _codecs(columns: dict[str, pa.Array], message_bytes: int) -> dict[str, str]:
    """Give the codec of each Parquet column of the fields file.

    Numbers read ten times as fast uncompressed, so they are, as long as that costs little beside
    the messages; so are the codes of dictionaries, which are small. Text is LZ4, which reads in two
    thirds of the time, where that does not cost much more room than zstd.
    """
    codecs: dict[str, str] = {}
    left = message_bytes * _PLAIN_SHARE
    for name, column in columns.items():
        if pa.types.is_struct(column.type):
            codecs |= {f"{name}.{leaf.name}": "zstd" for leaf in column.type}
        elif pa.types.is_string(column.type):
            codecs[name] = "lz4" if name != segments.REST and _suits_lz4(column) else "zstd"
        elif pa.types.is_dictionary(column.type) or _has_few_values(column):
            codecs[name] = "none"
        elif name in {SEQUENCE, INGESTION_TIME}:
            codecs[name] = "zstd"  # they hardly vary, and are hardly read
        else:
            fits = column.nbytes <= left
            left -= column.nbytes if fits else 0
            codecs[name] = "none" if fits else "zstd"
    return codecs


def _suits_lz4(column: pa.Array) -> bool:
    sample = column.slice(0, _SAMPLE_ROWS).drop_null()
    text = sample.cast(pa.binary())
    data = b"".join(text.to_pylist())
    if not data or len(data) > len(sample) * _LONG_TEXT:
        return False
    packed = len(pa.Codec("lz4_raw").compress(data))
    return packed < len(data) * _WELL_PACKED and packed < 2 * len(pa.Codec("zstd").compress(data))


def _row_groups(time: Ints, sizes: Ints) -> list[RowGroup]:
    groups = []
    for start in range(0, len(time), FIELDS_GROUP):
        end = min(start + FIELDS_GROUP, len(time))
        size = int(sizes[start:end].sum())
        groups.append(RowGroup(end - start, int(time[start]), int(time[end - 1]), size))
    return groups


def _ranges(columns: dict[str, pa.Array]) -> dict[str, tuple[Any, Any]]:
    ranges = {}
    for name, column in columns.items():
        if pa.types.is_int64(column.type) or pa.types.is_float64(column.type):
            found = pc.min_max(column).as_py()
            if found["min"] is not None:
                ranges[name] = (found["min"], found["max"])
    return ranges


def _streams(column: pa.Array) -> tuple[str, ...] | None:
    names = column.dictionary if isinstance(column, pa.DictionaryArray) else column.unique()
    return tuple(names.to_pylist()) if len(names) <= _MAX_STREAMS else None
