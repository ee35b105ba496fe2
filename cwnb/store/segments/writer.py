"""Writes segments: messages as they come, fields when the segment is complete."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
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
from cwnb.store.segments.encoding import DICTIONARY_BYTES, EncodedColumns
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
from cwnb.store.segments.message_file import Ints, MessageFile, order_of
from cwnb.store.segments.note import GroupNote, Note, Origin, pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.store.context import StoreContext
    from cwnb.store.processing import Processing

_MS = pa.timestamp("ms", "UTC")
# Stream names that the catalog lists for a segment; with more, every segment may have any stream.
_MAX_LISTED_STREAMS = 200
# Of a segment of more rows the last messages are written in a thread while fields are put together.
_ROWS_BESIDE = 8192


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

        with self._named_errors(), ThreadPoolExecutor(1, "cwnb-messages") as beside:
            written = None
            if self.rows > _ROWS_BESIDE and not self._messages.late:
                written = beside.submit(self._messages.finish)
            else:
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
            del blocks
            codes = {name: type_code(column.type) for name, column in found.columns.items()}
            present = {name: len(time) - c.null_count for name, c in found.columns.items()}
            ranges = _ranges(found.columns)
            capped, rare = found.capped, rare_text(found.rare_names())
            columns |= found.columns
            if found.rest is not None:
                columns[REST] = found.rest
            del found
            if (order := order_of(time, sequence)) is not None:
                # One by one: nothing else holds a column, so that each is in memory twice alone.
                for name in columns:
                    columns[name] = columns[name].take(order)
                time, sizes = time[order], sizes[order]
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
            if written is not None:
                written.result()
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
        encoded = EncodedColumns(columns, FIELDS_GROUP)
        with (
            self._folder.new(self._fields) as sink,
            pq.ParquetWriter(
                sink,
                encoded.schema,
                use_dictionary=encoded.dictionaries,
                dictionary_pagesize_limit=DICTIONARY_BYTES,
                compression=encoded.codecs(self.message_bytes),
                write_statistics=[TIMESTAMP],
                column_encoding=dict.fromkeys(encoded.differences, "DELTA_BINARY_PACKED"),
                encryption_properties=encrypting(self._key, self._context.store_id, self._fields),
                write_page_checksum=self._key is None,
            ) as writer,
        ):
            for rows in encoded.row_groups():
                writer.write_table(rows, row_group_size=FIELDS_GROUP)
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
