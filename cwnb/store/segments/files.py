"""The files of a segment, opened and read; every error names the file and the log group."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from cwnb.errors import CwnbError, SnapshotExpired, StoreDamaged, StoreError
from cwnb.events import INGESTION_TIME, LOG_STREAM, MESSAGE, SEQUENCE, TIMESTAMP
from cwnb.store.cache import ShortLived
from cwnb.store.catalog import segments
from cwnb.store.memory import TaskMemory
from cwnb.store.segments.facts import (
    REST,
    SegmentFacts,
    decrypting,
    footer_check,
    key_place,
    leaves,
)
from cwnb.store.segments.folder import FIELDS, FileName
from cwnb.store.segments.folder import MESSAGE as MESSAGE_FILE
from cwnb.store.segments.marks import without_marks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cwnb.store.context import StoreContext

SYSTEM = (TIMESTAMP, INGESTION_TIME, LOG_STREAM, SEQUENCE)
# Both hold the key of their segment, so neither is kept for long.
_footers: ShortLived[Any] = ShortLived(4096)
_open_files: ShortLived[Any] = ShortLived(64)


class SegmentFiles:
    """The two files of a segment, opened when first needed; errors name the file and the group."""

    def __init__(self, context: StoreContext, segment: SegmentFacts, group: str) -> None:
        self._context = context
        self._folder = context.folder
        self._segment = segment
        self._group = group
        self._opened: dict[str, Any] = {}
        self._versions: dict[str, tuple[int, ...]] = {}
        self.index_bytes = 0  # read of the index
        self._leaves: dict[str, tuple[int, ...]] | None = None

    def fields(
        self, names: Sequence[str], row_groups: list[int], *, keep: bool = False
    ) -> tuple[dict[str, pa.Array], int]:
        """Give columns of row groups of the fields file, joined, and the bytes read.

        With `keep` they stay in memory for later queries, if there is room.
        """
        leaf = self._leaf_numbers()
        if not keep:
            wanted = list(dict.fromkeys(names))
            return self._read(FIELDS, wanted, [leaf[name] for name in wanted], row_groups)
        file, version = self._file(FIELDS), self.version(FIELDS)
        memory = TaskMemory(self._context, (self._context.identity, file, version, *row_groups))
        found = {name: column for name in names if (column := memory.get(name)) is not None}
        lacking = [name for name in dict.fromkeys(names) if name not in found]
        if not lacking:
            return found, 0
        read, size = self._read(FIELDS, lacking, [leaf[name] for name in lacking], row_groups)
        for name, column in read.items():
            memory.put(name, column, column.nbytes)
        return found | read, size

    def version(self, kind: str) -> tuple[int, ...]:
        """Give what changes when a file is replaced or damaged under its name; asked for once."""
        if (found := self._versions.get(kind)) is None:
            file = self._file(kind)
            with self._named_errors(file):
                found = self._versions[kind] = self._folder.version(file)
        return found

    def messages(
        self, names: Sequence[str], row_groups: list[int]
    ) -> tuple[dict[str, pa.Array], int]:
        """Give columns of row groups of the message file, and the bytes read."""
        wanted = list(dict.fromkeys(names))
        numbers: list[tuple[int, ...]] = [(0,) if name == MESSAGE else (1,) for name in wanted]
        return self._read(MESSAGE_FILE, wanted, numbers, row_groups)

    def index_part(self, start: int, size: int) -> bytes:
        """Give some bytes of the index, which stands in the fields file."""
        file = self._file(FIELDS)
        self.index_bytes += size
        with self._named_errors(file):
            return self._folder.stretch(file, start, size)

    def described_index(self) -> str:
        """Name the index for the text of an error."""
        where = self._folder.described(self._file(FIELDS))
        return f"the index in {where!r} of log group {self._group!r}"

    def _read(
        self, kind: str, names: list[str], leaf: list[tuple[int, ...]], row_groups: list[int]
    ) -> tuple[dict[str, pa.Array], int]:
        file = self._file(kind)
        with self._named_errors(file):
            opened = self._open(file)
            numbers = sorted(number for each in leaf for number in each)
            table = opened.reader.read_row_groups(
                row_groups, column_indices=numbers, use_threads=False
            )
            size = rows = 0
            for group in row_groups:
                about = opened.metadata.row_group(group)
                rows += about.num_rows
                size += sum(about.column(number).total_compressed_size for number in numbers)
            if self._segment.wrapped_key is None:
                _check_values(table, rows)
            order = sorted(range(len(names)), key=lambda at: leaf[at])
            columns = map(without_marks, table.columns, table.schema)
            return {
                names[at]: whole(column) for at, column in zip(order, columns, strict=True)
            }, size

    def _file(self, kind: str) -> FileName:
        return FileName(self._segment.group_id, self._segment.id, kind)

    def _open(self, file: FileName) -> Any:
        if (opened := self._opened.get(file.kind)) is not None:
            return opened
        segment, context = self._segment, self._context
        version = (context.identity, file, self.version(file.kind))
        # A reader is used by one thread only, because it has a read position in its file.
        mine = (threading.get_ident(), os.getpid(), version)
        if (opened := _open_files.get(mine)) is not None:
            self._opened[file.kind] = opened
            return opened
        footer = _footers.get(version[:2])
        key = None
        if segment.wrapped_key is not None:
            what = f"segment {segment.id} of log group {self._group!r}"
            key = context.sealer().unwrap(segment.wrapped_key, key_place(segment.id), what)
        if footer is None and (check := segment.footers.get(file.kind)) is not None:
            self._check_footer(file, check)
        opened = pq.ParquetFile(
            self._folder.open(file),
            metadata=footer,
            decryption_properties=decrypting(key, context.store_id, file),
            pre_buffer=False,
            page_checksum_verification=key is None,
        )
        if footer is None:
            if opened.metadata.num_rows != segment.rows:
                raise StoreDamaged(
                    f"{self._folder.described(file)!r} of log group {self._group!r} holds "
                    f"{opened.metadata.num_rows} events and not {segment.rows}; "
                    "it is not the file that the catalog knows"
                )
            _footers.put(version[:2], opened.metadata)
        _open_files.put(mine, opened)
        self._opened[file.kind] = opened
        return opened

    def _check_footer(self, file: FileName, check: str) -> None:
        if footer_check(self._folder.footer(file)) != check:
            raise StoreDamaged(
                f"{self._folder.described(file)!r} of log group {self._group!r} is damaged: "
                "its footer fails its check"
            )

    def _leaf_numbers(self) -> dict[str, tuple[int, ...]]:
        if self._leaves is None:
            widths = dict.fromkeys(SYSTEM, 1)
            widths |= {name: leaves(code) for name, code in self._segment.columns.items()}
            if self._segment.has_rest:
                widths[REST] = 1
            self._leaves, at = {}, 0
            for name, width in widths.items():
                self._leaves[name] = tuple(range(at, at + width))
                at += width
        return self._leaves

    @contextmanager
    def _named_errors(self, file: FileName) -> Iterator[None]:
        try:
            yield
        except CwnbError:
            raise
        except FileNotFoundError:
            raise self._missing(file) from None
        except PermissionError as error:
            where = self._folder.described(file)
            raise StoreDamaged(f"{where!r} may not be read: {error.strerror}") from None
        except MemoryError:
            raise
        except Exception as error:
            why = str(error).splitlines()[0] if str(error) else repr(error)
            raise StoreDamaged(
                f"{self._folder.described(file)!r} of log group {self._group!r} is damaged or is "
                f"another file under its name: {why}"
            ) from error

    def _missing(self, file: FileName) -> StoreError:
        where = self._folder.described(file)
        with self._context.catalog.read() as connection:
            wanted = segments.has(connection, file.segment_id)
        if not wanted:
            return SnapshotExpired(f"{where!r} has been replaced and removed")
        return StoreDamaged(
            f"{where!r} of log group {self._group!r} is missing; put it back from a backup"
        )


def _check_values(table: pa.Table, rows: int) -> None:
    """Raise ValueError where the header of a page, which has no checksum, is damaged."""
    if len(table) != rows:
        raise ValueError(f"{len(table):,} rows and not {rows:,}")
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            column.validate(full=True)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Give a chunked column as one array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    found = column.combine_chunks()
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
