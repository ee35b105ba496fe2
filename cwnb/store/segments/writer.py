"""Writes segments: messages as they come, fields when the segment is complete."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cwnb.errors import StoreError
from cwnb.events import INGESTION_TIME, LOG_STREAM, SEQUENCE, TIMESTAMP
from cwnb.store.disk import named_file_errors
from cwnb.store.positions import Runs, Spans
from cwnb.store.segments import message_index
from cwnb.store.segments.facts import (
    FIELDS_GROUP,
    REST,
    RowGroup,
    SegmentFacts,
    decrypting,
    encrypting,
    footer_check,
    key_place,
    ranges_place,
    rare_text,
    type_code,
)
from cwnb.store.segments.folder import FIELDS, MESSAGE, FileName
from cwnb.store.segments.marks import about, mark_of, marked
from cwnb.store.segments.message_file import Ints, MessageFile, order_of
from cwnb.store.segments.note import GroupNote, Note, Origin, pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.store.context import StoreContext
    from cwnb.store.processing import Processing

_MS = pa.timestamp("ms", "UTC")
# Stream names that the catalog lists for a segment; with more, every segment may have any stream.
_MAX_LISTED_STREAMS = 200
# Columns are left uncompressed up to this share of the bytes of the messages.
_UNCOMPRESSED_SHARE = 0.15
# Of fewer of the rows, numbers are written with marks for the others, and compressed.
_SPARSE_SHARE = 0.1
# Rows of a column that are looked at to choose its encoding.
_SAMPLE_ROWS = 4096
# Integers are written as a dictionary where a value has at least this many rows of the sample.
_ROWS_PER_VALUE = 64
# Text is LZ4 only up to this mean length in bytes, and where LZ4 leaves less than this share of it.
_SHORT_TEXT_BYTES = 60
_LZ4_SHARE = 0.7


@dataclass
class Block:
    """Events with all that the store knows of them, in the order of their sequence."""

    time_ms: Ints
    sequence: Ints
    ingestion_ms: Ints
    stream: pa.Array  # dictionary<int32, string>
    text: pa.Array
    raw: pa.Array | None
    sizes: Ints  # of the messages, in bytes
    discovered: Any

    def __len__(self) -> int:
        return len(self.time_ms)

    def filter(self, mask: Ints) -> Block:
        """Give the events for which the mask is true, without fields that none of them has."""
        if mask.all():
            return self
        kept, found = pa.array(mask), self.discovered
        columns = {name: column.filter(kept) for name, column in found.columns.items()}
        rest = None if found.rest is None else found.rest.filter(kept)
        return Block(
            self.time_ms[mask],
            self.sequence[mask],
            self.ingestion_ms[mask],
            self.stream.filter(kept),
            self.text.filter(kept),
            None if self.raw is None else self.raw.filter(kept),
            self.sizes[mask],
            type(found)(
                {name: c for name, c in columns.items() if c.null_count < len(c)},
                None if rest is None or rest.null_count == len(rest) else rest,
                found.capped,
            ),
        )


class WorkLost(StoreError):
    """A claim ran out before its work was done; nothing was changed."""


class SegmentWriter:
    """Writes one segment from blocks of events, sorted by time and sequence in the end."""

    def __init__(
        self, context: StoreContext, group: GroupNote, segment_id: str, processing: Processing
    ) -> None:
        self.id = segment_id
        self.group_id = group_id = group.id
        self.rows = 0
        self.message_bytes = 0
        self.spans = Spans.of(np.array([], np.int64))  # of the sequence numbers, when finished
        self._group = group
        self._processing = processing
        self._context = context
        self._folder = context.folder
        self._key = secrets.token_bytes(32) if context.encrypted else None
        self._fields = FileName(group_id, segment_id, FIELDS)
        self._blocks: list[Block] = []
        messages = FileName(group_id, segment_id, MESSAGE)
        with named_file_errors(context.path):
            self._messages = MessageFile(
                self._folder,
                messages,
                encrypting(self._key, context.store_id, messages),
                decrypting(self._key, context.store_id, messages),
            )

    def add(self, block: Block) -> None:
        """Take a block; its messages are written or copied, so the caller may drop them."""
        if not len(block):
            return
        self.rows += len(block)
        self.message_bytes += int(block.sizes.sum())
        with self._named_errors():
            self._messages.add(block.time_ms, block.sequence, block.text, block.raw)
        self._blocks.append(replace(block, text=None, raw=None))

    def finish(self, commits: Runs | None = None, replaces: tuple[str, ...] = ()) -> SegmentFacts:
        """Write what is left, make the files durable and tell about them.

        `commits` and `replaces` go into the segment's note: runs that hold those of the events, if
        they are known yet, and the segments that this one takes the place of.
        """
        from cwnb.store import discovery

        with self._named_errors():
            self._messages.finish()
            blocks = list(self._blocks)
            time = np.concatenate([block.time_ms for block in blocks])
            sequence = np.concatenate([block.sequence for block in blocks])
            self.spans = Spans.of(sequence)
            sizes = np.concatenate([block.sizes for block in blocks])
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
                columns[REST] = found.rest
            if (order := order_of(time, sequence)) is not None:
                columns = {name: column.take(order) for name, column in columns.items()}
                time, sizes = time[order], sizes[order]
            fields = found.columns
            codes = {name: type_code(column.type) for name, column in fields.items()}
            ranges = _ranges({name: columns[name] for name in codes})
            present = {name: len(time) - fields[name].null_count for name in fields}
            capped, rare = found.capped, rare_text(found.rare_names())
            del fields, found, blocks
            sealer = self._context.sealer()
            facts = SegmentFacts(
                id=self.id,
                group_id=self.group_id,
                first_ms=int(time[0]),
                last_ms=int(time[-1]),
                rows=self.rows,
                message_bytes=self.message_bytes,
                file_bytes=0,
                discovery=self._processing.version,
                wrapped_key=None
                if self._key is None
                else sealer.wrap(self._key, key_place(self.id)),
                columns=codes,
                present=present,
                row_groups=tuple(_row_groups(time, sizes)),
                streams=_streams(columns[LOG_STREAM]),
                has_rest=REST in columns,
                rare=rare,
                capped=capped,
                ranges=sealer.seal(json.dumps(ranges).encode(), ranges_place(self.id)),
                processing=self._processing,
            )
            runs = None if commits is None else commits.that_hold(self.spans)
            facts = self._write_fields(columns, Note(self._group, facts, runs, replaces))
            self._folder.sync_names(self.group_id)
            footers = {} if self._key else self._footers()
            file_bytes = self._folder.size(self._fields) + self._folder.size(self._messages.file)
        return replace(facts, file_bytes=file_bytes, footers=footers)

    def close(self) -> None:
        """Stop writing; the files stay."""
        self._blocks.clear()
        self._messages.close()

    def remove(self) -> None:
        """Remove what was written and never published."""
        self._folder.remove_segment(self.group_id, self.id)

    def _footers(self) -> dict[str, str]:
        files = (self._fields, self._messages.file)
        return {file.kind: footer_check(self._folder.footer(file)) for file in files}

    def _write_fields(self, columns: dict[str, pa.Array], note: Note) -> SegmentFacts:
        """Write the fields file, and behind its columns the index and the note; give the facts."""
        dictionaries = [name for name, column in columns.items() if _has_few_values(column)]
        codecs, deltas = _codecs(columns, self.message_bytes), _deltas(columns)
        table = _without_missing(columns)
        with (
            self._folder.new(self._fields) as sink,
            pq.ParquetWriter(
                sink,
                table.schema,
                use_dictionary=dictionaries,
                compression=codecs,
                write_statistics=[TIMESTAMP],
                column_encoding=dict.fromkeys(deltas, "DELTA_BINARY_PACKED"),
                encryption_properties=encrypting(self._key, self._context.store_id, self._fields),
                write_page_checksum=self._key is None,
            ) as writer,
        ):
            writer.write_table(table, row_group_size=FIELDS_GROUP)
            # Before the footer, which is written at the end of this block.
            sealer = self._context.sealer()
            size = sink.tell() + self._folder.size(self._messages.file)
            index = message_index.write(sink, self._messages.grams, sealer, note.facts, size)
            note = replace(note, facts=replace(note.facts, index=index))
            origin = Origin(self._context.store_id, self._context.facts.key_id)
            sink.write(pack(note, origin, sealer))
        self._folder.sync(self._fields)
        return note.facts

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            with named_file_errors(self._context.path):
                yield
        except FileNotFoundError as error:
            # Cleaning removes the files of an expired claim, also while a slow writer writes them.
            raise WorkLost("the claim on this work ran out; nothing was changed") from error


def _has_few_values(column: pa.Array) -> bool:
    """Tell whether a column is smaller and quicker to read as a dictionary and codes."""
    if pa.types.is_dictionary(column.type):
        return True
    if not pa.types.is_int64(column.type):
        return False
    sample = column.slice(0, _SAMPLE_ROWS)
    return bool(pc.count_distinct(sample).as_py() * _ROWS_PER_VALUE < len(sample))


def _without_missing(columns: dict[str, pa.Array]) -> pa.Table:
    """Give a table of the columns, with marks for missing values where a column can have them."""
    fields, written = [], []
    for name, column in columns.items():
        mark = mark_of([column])
        written.append(column if mark is None else marked(column, mark))
        # A column that says it has no missing value is read in two thirds of the time.
        nullable = written[-1].null_count > 0
        fields.append(pa.field(name, column.type, nullable=nullable, metadata=about(mark)))
    return pa.table(written, schema=pa.schema(fields))


def _is_sparse(column: pa.Array) -> bool:
    return bool(len(column) - column.null_count < len(column) * _SPARSE_SHARE)


def _deltas(columns: dict[str, pa.Array]) -> list[str]:
    """Name the columns of which the differences are written: integers and times of many values."""
    return [
        name
        for name, column in columns.items()
        if (pa.types.is_int64(column.type) or pa.types.is_timestamp(column.type))
        and name != INGESTION_TIME
        and not _has_few_values(column)
        and not _is_sparse(column)
    ]


def _codecs(columns: dict[str, pa.Array], message_bytes: int) -> dict[str, str]:
    """Give the codec of each Parquet column of the fields file.

    Differences of integers and the codes of dictionaries are small, and not compressed. Doubles
    are not as long as that costs little beside the messages, for they read five times as fast;
    where most are missing, and beyond that cost, numbers are LZ4. So is text, which reads in two
    thirds of the time, where that does not cost much more room than zstd.
    """
    codecs: dict[str, str] = {}
    left = message_bytes * _UNCOMPRESSED_SHARE
    deltas = _deltas(columns)
    for name, column in columns.items():
        if pa.types.is_struct(column.type):
            codecs |= {f"{name}.{leaf.name}": "zstd" for leaf in column.type}
        elif pa.types.is_string(column.type):
            codecs[name] = "lz4" if name != REST and _suits_lz4(column) else "zstd"
        elif pa.types.is_dictionary(column.type) or _has_few_values(column) or name in deltas:
            codecs[name] = "none"
        elif name == INGESTION_TIME:
            codecs[name] = "zstd"  # it hardly varies, and is hardly read
        elif _is_sparse(column):
            codecs[name] = "lz4"
        else:
            fits = column.nbytes <= left
            left -= column.nbytes if fits else 0
            codecs[name] = "none" if fits else "lz4"
    return codecs


def _suits_lz4(column: pa.Array) -> bool:
    sample = column.slice(0, _SAMPLE_ROWS).drop_null()
    text = sample.cast(pa.binary())
    data = b"".join(text.to_pylist())
    if not data or len(data) > len(sample) * _SHORT_TEXT_BYTES:
        return False
    packed = len(pa.Codec("lz4_raw").compress(data))
    return packed < len(data) * _LZ4_SHARE and packed < 2 * len(pa.Codec("zstd").compress(data))


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
    return tuple(names.to_pylist()) if len(names) <= _MAX_LISTED_STREAMS else None
