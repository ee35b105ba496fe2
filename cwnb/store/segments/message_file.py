"""The message file of a segment, written in order of time while events come nearly in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cwnb.events import MESSAGE, RAW
from cwnb.store.segments.facts import MESSAGE_GROUP
from cwnb.store.segments.gram_tables import GramTables

if TYPE_CHECKING:
    from cwnb.store.segments.folder import FileName, SegmentFolder

# Events that arrive up to this many rows late are put in order without reading anything back.
_HOLD_ROWS = 16 * MESSAGE_GROUP
_MESSAGES = pa.schema([(MESSAGE, pa.string()), (RAW, pa.binary())])

Ints = np.ndarray[Any, Any]

_PAGE_BYTES = 4 << 20
# Rows that are put in order at a time: what is made of them is beside all others in memory.
_ROWS_TAKEN = 4 * MESSAGE_GROUP


class MessageFile:
    """Writes messages in order of time while they come nearly in order.

    A buffer puts messages in order that come a little late. If one comes later than that, messages
    are written as they come, and the whole file is written once more at the end, in order. `grams`
    collects what the index of the segment is made of.
    """

    def __init__(
        self, folder: SegmentFolder, file: FileName, encrypting: Any, decrypting: Any
    ) -> None:
        self.file = file
        self._folder = folder
        self._encrypting = encrypting
        self._decrypting = decrypting
        self._new_writer()
        self.grams = GramTables()
        self._held: list[pa.Table] = []
        self._held_rows = 0
        self._written: list[tuple[Ints, Ints]] = []
        self._last: tuple[int, int] | None = None
        self._late = False

    def add(self, time: Ints, sequence: Ints, text: pa.Array, raw: pa.Array | None) -> None:
        """Add messages to the buffer; write its oldest half when it is full."""
        if self._last is not None:
            first = int(time.min())
            if (first, int(sequence[time == first].min())) < self._last:
                self._late = True
        if raw is None:
            raw = pa.nulls(len(text), pa.binary())
        self._held.append(pa.table([time, sequence, text, raw], names=["t", "s", MESSAGE, RAW]))
        self._held_rows += len(text)
        if self._held_rows >= _HOLD_ROWS:
            self._write(_HOLD_ROWS // 2)

    def finish(self) -> None:
        """Write the rest, put the file in order if it is not, and make it durable."""
        self._write(0)
        self._close_writer()
        if self._late:
            time = np.concatenate([time for time, _ in self._written])
            sequence = np.concatenate([sequence for _, sequence in self._written])
            if (order := order_of(time, sequence)) is not None:
                with self._folder.open(self.file) as source:
                    written = pq.ParquetFile(
                        source,
                        decryption_properties=self._decrypting,
                        page_checksum_verification=self._decrypting is None,
                    )
                    table = written.read(use_threads=False).combine_chunks()
                self._folder.remove(self.file)
                self._new_writer()
                self.grams.clear()
                for start in range(0, len(table), _ROWS_TAKEN):
                    part = table.take(order[start : start + _ROWS_TAKEN])
                    self._write_rows(part)
                self._close_writer()
        self._written.clear()
        self.grams.finish()
        self._folder.sync(self.file)

    @property
    def late(self) -> bool:
        """Whether `finish` will read all messages again, which takes much memory."""
        return self._late

    def close(self) -> None:
        """Stop writing; the file stays."""
        self._held.clear()
        self._written.clear()
        try:
            self._close_writer()
        except (OSError, pa.ArrowException):
            return  # a full disk; the file goes anyway

    def _write(self, keep: int) -> None:
        if not self._held_rows:
            return
        table = pa.concat_tables(self._held)
        time, sequence = np.asarray(table["t"]), np.asarray(table["s"])
        rows = len(table) - keep
        if keep:
            rows -= rows % MESSAGE_GROUP
        if (order := order_of(time, sequence)) is not None:
            self._held = []  # what is copied is not held twice
            table = table.combine_chunks()
            time, sequence = time[order], sequence[order]
            for start in range(0, rows, _ROWS_TAKEN):
                part = table.take(order[start : min(start + _ROWS_TAKEN, rows)])
                self._write_rows(part.select([MESSAGE, RAW]))
            left = table.take(order[rows:]) if keep else None
        else:
            self._write_rows(table.slice(0, rows).select([MESSAGE, RAW]))
            left = table.slice(rows)
        self._written.append((time[:rows], sequence[:rows]))
        self._last = int(time[rows - 1]), int(sequence[rows - 1])
        self._held = [left] if keep and left is not None else []
        self._held_rows = len(table) - rows

    def _write_rows(self, table: pa.Table) -> None:
        self._writer.write_table(table, row_group_size=MESSAGE_GROUP)
        self.grams.add(table[MESSAGE])

    def _new_writer(self) -> None:
        self._sink = self._folder.new(self.file)
        self._writer = pq.ParquetWriter(
            self._sink,
            _MESSAGES,
            use_dictionary=False,
            compression="zstd",
            compression_level=1,
            write_statistics=False,
            # One page a row group: measured to read a sixth faster than pages of 1 MB.
            data_page_size=_PAGE_BYTES,
            encryption_properties=self._encrypting,
            # What is encrypted has a check of its own.
            write_page_checksum=self._encrypting is None,
        )

    def _close_writer(self) -> None:
        try:
            self._writer.close()
        finally:
            self._sink.close()


def order_of(time: Ints, sequence: Ints) -> Ints | None:
    """Give the row numbers in order of time and sequence, or None where they are in order."""
    step = np.diff(time)
    if (step > 0).all() or ((step >= 0).all() and (np.diff(sequence)[step == 0] > 0).all()):
        return None
    order: Ints = np.lexsort((sequence, time))
    return order
