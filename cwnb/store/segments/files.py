"""The files of a segment, opened and read; every fault names the file and the log group."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from cwnb.errors import CwnbError, SnapshotExpired, StoreDamaged
from cwnb.events import INGESTION_TIME, LOG_STREAM, MESSAGE, SEQUENCE, TIMESTAMP
from cwnb.store.cache import Cache
from cwnb.store.keys.sealing import OpenSealer, Sealer, ring_file
from cwnb.store.segments.facts import (
    REST,
    SegmentFacts,
    decrypting,
    key_place,
    leaves,
    segment_files,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SYSTEM = (TIMESTAMP, INGESTION_TIME, LOG_STREAM, SEQUENCE)
_footers: Cache[Any] = Cache(4096)
_sealers: Cache[Sealer] = Cache(64)


@dataclass(frozen=True)
class StoreRef:
    """What a task must know of its store, wherever it is opened."""

    path: str
    store_id: str
    key_id: str

    def sealer(self) -> Sealer:
        """Give what opens the store's seals, with this machine's key ring."""
        if not self.key_id:
            return OpenSealer()
        here = (self, ring_file())
        if (known := _sealers.get(here)) is None:
            known = Sealer(self.key_id, self.store_id, self.path)
            _sealers.put(here, known)
        return known


class _OpenFiles(threading.local):
    """Files that this thread has open: the row groups of one segment are often read in turn."""

    def __init__(self) -> None:
        self._files: Cache[Any] = Cache(16)
        self._process = os.getpid()

    def here(self) -> Cache[Any]:
        if self._process != os.getpid():
            self.__init__()  # type: ignore[misc]
        return self._files


_open_files = _OpenFiles()


class SegmentFiles:
    """The two files of a segment, opened when first needed; errors name the file and the group."""

    def __init__(self, store: StoreRef, segment: SegmentFacts, group: str) -> None:
        self._store = store
        self._segment = segment
        self._group = group
        self._paths = segment_files(store.path, segment.group_id, segment.id)
        self._opened: dict[str, Any] = {}
        self._leaves: dict[str, tuple[int, ...]] | None = None

    def fields(
        self, names: Sequence[str], row_groups: list[int]
    ) -> tuple[dict[str, pa.Array], int]:
        """Give columns of row groups of the fields file, joined, and the bytes read."""
        leaf = self._leaf_numbers()
        wanted = list(dict.fromkeys(names))
        return self._read("fields", wanted, [leaf[name] for name in wanted], row_groups)

    def messages(
        self, names: Sequence[str], row_groups: list[int]
    ) -> tuple[dict[str, pa.Array], int]:
        """Give columns of row groups of the message file, and the bytes read."""
        wanted = list(dict.fromkeys(names))
        numbers: list[tuple[int, ...]] = [(0,) if name == MESSAGE else (1,) for name in wanted]
        return self._read("message", wanted, numbers, row_groups)

    def _read(
        self, kind: str, names: list[str], leaf: list[tuple[int, ...]], row_groups: list[int]
    ) -> tuple[dict[str, pa.Array], int]:
        with self._named_errors(kind) as file:
            opened = self._open(kind, file)
            numbers = sorted(number for each in leaf for number in each)
            table = opened.reader.read_row_groups(
                row_groups, column_indices=numbers, use_threads=False
            )
            size = 0
            for group in row_groups:
                about = opened.metadata.row_group(group)
                size += sum(about.column(number).total_compressed_size for number in numbers)
            order = sorted(range(len(names)), key=lambda at: leaf[at])
            return {names[at]: whole(table.column(n)) for n, at in enumerate(order)}, size

    def _open(self, kind: str, file: Path) -> Any:
        if (opened := self._opened.get(kind)) is not None:
            return opened
        about = file.stat()
        identity = (str(file), about.st_ino, about.st_mtime_ns, about.st_size)
        mine = _open_files.here()
        if (opened := mine.get(identity)) is not None:
            self._opened[kind] = opened
            return opened
        cached = (self._store.store_id, self._segment.id, kind)
        footer = _footers.get(cached)
        key = None
        if self._segment.wrapped_key is not None:
            what = f"segment {self._segment.id} of log group {self._group!r}"
            key = self._store.sealer().unwrap(
                self._segment.wrapped_key, key_place(self._segment.id), what
            )
        opened = pq.ParquetFile(
            file,
            metadata=footer,
            decryption_properties=decrypting(key, self._store.store_id, self._segment.id, kind),
            pre_buffer=False,
        )
        if footer is None:
            if opened.metadata.num_rows != self._segment.rows:
                raise StoreDamaged(
                    f"{str(file)!r} of log group {self._group!r} holds "
                    f"{opened.metadata.num_rows} events and not {self._segment.rows}; "
                    "it is not the file that the catalog knows"
                )
            _footers.put(cached, opened.metadata)
        mine.put(identity, opened)
        self._opened[kind] = opened
        return opened

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
    def _named_errors(self, kind: str) -> Iterator[Path]:
        file = self._paths[0 if kind == "fields" else 1]
        try:
            yield file
        except CwnbError:
            raise
        except FileNotFoundError:
            raise SnapshotExpired(f"{str(file)!r} has been replaced and removed") from None
        except PermissionError as error:
            raise StoreDamaged(f"{str(file)!r} may not be read: {error.strerror}") from None
        except MemoryError:
            raise
        except Exception as error:
            raise StoreDamaged(
                f"{str(file)!r} of log group {self._group!r} is damaged or is another file "
                f"under its name: {str(error).splitlines()[0] if str(error) else error!r}"
            ) from error


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Give a chunked column as one array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    found = column.combine_chunks()
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
