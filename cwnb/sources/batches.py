"""Batches of Arrow rows cut by bytes, and the rows of a Parquet file.

A dictionary-encoded column may unpack to thousands of times its size, so the bytes of its rows are
measured before they become Python objects.
"""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import SourceError
from cwnb.sources.column_names import unique_names
from cwnb.sources.unpacking import check_ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.sources.blocks import Readable
    from cwnb.sources.report import FileReport

    Array = np.ndarray[Any, Any]

MOST_ROWS = 20_000
# Bytes of rows that are turned into Python objects at a time.
PART_BYTES = 16 * 1024 * 1024
# Bytes of memory that a value takes as a Python object beside its text, and a cell in Arrow.
CELL_BYTES, _ARROW_CELL_BYTES = 32, 8
_SPOOL_BYTES = 64 * 1024 * 1024
# This encoding stores a prefix that values share once, so a small page may unpack to very much.
# Arrow cannot read such a column as a dictionary.
_PREFIXED = "DELTA_BYTE_ARRAY"
_PREFIXED_ROWS = 64


def read_parquet_batches(
    stream: Readable, report: FileReport, max_ratio: float | None
) -> Iterator[pa.RecordBatch | None]:
    """Give the rows of a Parquet file, some thousands at a time, None for one that is too long.

    Raises SourceError for damage.
    """
    import pyarrow.parquet as pq

    # Parquet is read from its end, so a pipe or a member of an archive is copied first.
    with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
        while data := stream.read(1 << 20):
            spool.write(data)
        packed = spool.tell()
        spool.seek(0)
        try:
            metadata = pq.read_metadata(spool)
            unpacked = sum(
                metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)
            )
            check_ratio(report.name, unpacked, packed, max_ratio)
            coded, rows = _plan(metadata, unpacked)
            spool.seek(0)
            file = pq.ParquetFile(spool, read_dictionary=coded)
            names = unique_names(file.schema_arrow.names, report)
            for groups in _together(metadata, coded):
                for batch in file.iter_batches(rows, row_groups=groups):
                    yield from parts_of_batch(batch.rename_columns(names))
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{report.name!r} is a damaged Parquet file: {error}") from error


def _together(metadata: Any, coded: list[str]) -> list[list[int]]:
    """Give the row groups whose rows may share a batch.

    All, but each by itself where a list or a struct has texts that are read as numbers of a
    dictionary: Arrow does not read those across row groups, each of which has its own dictionary.
    """
    everything = list(range(metadata.num_row_groups))
    columns = map(metadata.schema.column, range(metadata.num_columns))
    if any(column.path != column.name and column.path in coded for column in columns):
        return [[group] for group in everything]
    return [everything]


def _plan(metadata: Any, unpacked: int) -> tuple[list[str], int]:
    """Name the columns to read as numbers of a dictionary, and give the rows to read at once."""
    coded, prefixed = set(), set()
    texts = {"STRING", "NONE", "JSON", "ENUM"}
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            column = metadata.row_group(group).column(place)
            if column.physical_type != "BYTE_ARRAY":
                continue
            if _PREFIXED in column.encodings:
                prefixed.add(column.path_in_schema)
            elif metadata.schema.column(place).logical_type.type in texts:
                coded.add(column.path_in_schema)
    average = unpacked // max(metadata.num_rows, 1) + metadata.num_columns * _ARROW_CELL_BYTES
    rows = _PREFIXED_ROWS if prefixed else MOST_ROWS
    return sorted(coded - prefixed), max(1, min(rows, PART_BYTES // max(average, 1)))


def parts_of_batch(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch | None]:
    """Give the rows in parts of some megabytes, without dictionaries.

    None stands for a row that is larger than a whole part, and so than any event.
    """
    sizes = np.zeros(batch.num_rows, np.int64)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        # A missing value takes no memory as a Python object.
        if column.null_count == len(column):
            continue
        here = column.is_valid().to_numpy(zero_copy_only=False)
        sizes += _sizes(column) + here * (len(name) + CELL_BYTES)
    ends = np.cumsum(sizes)
    start = 0
    while start < batch.num_rows:
        before = int(ends[start - 1]) if start else 0
        end = int(np.searchsorted(ends, before + PART_BYTES, "right"))
        if end == start:
            yield None
            end = start + 1
        else:
            part = batch.slice(start, end - start)
            yield pa.RecordBatch.from_arrays(
                [_decoded(column) for column in part.columns], part.schema.names
            )
        start = end


def _decoded(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _sizes(column: pa.Array) -> Array:
    """Give how many bytes of text each value has, those inside lists and structs too."""
    kind = column.type
    sizes: Array = np.zeros(len(column), np.int64)
    if isinstance(column, pa.ExtensionArray):
        return _sizes(column.storage)
    if pa.types.is_dictionary(kind):
        inner = _sizes(column.dictionary)
        if inner.any():
            codes = np.asarray(pc.fill_null(column.indices, 0))
            sizes = np.where(np.asarray(column.is_valid()), inner[codes], 0)
    elif pa.types.is_struct(kind):
        for part in column.flatten():
            sizes = sizes + _sizes(part)
    elif pa.types.is_map(kind):
        sizes = _spans(_sizes(column.keys) + _sizes(column.items), column)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        sizes = _spans(_sizes(column.values), column)
    elif pa.types.is_fixed_size_list(kind):
        size = kind.list_size
        values = column.values[column.offset * size : (column.offset + len(column)) * size]
        sizes = (_sizes(values) + CELL_BYTES).reshape(len(column), size).sum(axis=1)
    elif _is_text(kind):
        sizes = np.asarray(pc.fill_null(pc.binary_length(column), 0)).astype(np.int64)
    return sizes


def _is_text(kind: pa.DataType) -> bool:
    tests = (
        pa.types.is_string,
        pa.types.is_binary,
        pa.types.is_large_string,
        pa.types.is_large_binary,
        pa.types.is_fixed_size_binary,
    )
    return any(test(kind) for test in tests)


def _spans(sizes: Array, column: pa.Array) -> Array:
    """Give the sum of the sizes that belong to each list."""
    totals = np.append(0, np.cumsum(sizes + CELL_BYTES))
    offsets = np.asarray(column.offsets)
    sums: Array = totals[offsets[1:]] - totals[offsets[:-1]]
    return sums
