"""How the columns of a fields file are encoded and compressed: chosen by how they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import INGESTION_TIME
from cwnb.store.segments.facts import REST
from cwnb.store.segments.marks import about, mark_of, marked

if TYPE_CHECKING:
    from collections.abc import Iterator

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
# Texts of many values are written as a dictionary for each row group if there are so many of them,
# and a value has so many rows in the mean; with fewer, the file grows and reads more slowly.
_TEXTS_FOR_DICTIONARY, _ROWS_PER_TEXT = 8192, 3
# Of so many times fewer rows at the beginning, as many as this must be equal to others; if texts
# with so many rows each lie anywhere, a sixth of them are.
_SAMPLE_SHARE, _EQUAL_SHARE = 8, 0.08
# The texts of one dictionary, which is one page. Parquet's limit of 1 MB, past which the rest of
# the texts is written plainly, is raised to this.
DICTIONARY_BYTES = 16 << 20


def _has_few_values(column: pa.Array) -> bool:
    """Tell whether a column is smaller and quicker to read as a dictionary and codes."""
    if pa.types.is_dictionary(column.type):
        return True
    if not pa.types.is_int64(column.type):
        return False
    sample = column.slice(0, _SAMPLE_ROWS)
    return bool(pc.count_distinct(sample).as_py() * _ROWS_PER_VALUE < len(sample))


class EncodedColumns:
    """The columns of a fields file as they are written, a row group at a time.

    Some texts are written as a dictionary for each row group: a query takes the codes for keys, and
    need not find out again which of its rows are equal. Missing values are written as marks.
    """

    def __init__(self, columns: dict[str, pa.Array], group_rows: int) -> None:
        self._columns = columns
        self._group_rows = group_rows
        self._encoded = {
            name: parts
            for name, column in columns.items()
            if name != REST and (parts := _dictionaries(column, group_rows)) is not None
        }
        self._marks = {
            name: mark_of(self._encoded.get(name, [column])) for name, column in columns.items()
        }
        self._few = {name for name, column in columns.items() if _has_few_values(column)}

    @property
    def schema(self) -> pa.Schema:
        """Give the schema of the file."""
        fields = []
        for name, column in self._columns.items():
            kind = self._encoded[name][0].type if name in self._encoded else column.type
            mark = self._marks[name]
            # A column that says it has no missing value is read in two thirds of the time.
            nullable = mark is None and column.null_count > 0
            fields.append(pa.field(name, kind, nullable=nullable, metadata=about(mark)))
        return pa.schema(fields)

    @property
    def dictionaries(self) -> list[str]:
        """Name the columns that are written as dictionaries."""
        return [name for name in self._columns if name in self._encoded or name in self._few]

    @property
    def differences(self) -> list[str]:
        """Name the columns of which the differences are written: numbers and times of many values.

        They are read as fast as plain numbers, and take a quarter to a half of the room.
        """
        return [
            name
            for name, column in self._columns.items()
            if (pa.types.is_int64(column.type) or pa.types.is_timestamp(column.type))
            and name != INGESTION_TIME
            and name not in self._few
            and not _is_sparse(column)
        ]

    def row_groups(self) -> Iterator[pa.Table]:
        """Give the rows of each row group."""
        schema = self.schema
        rows = len(next(iter(self._columns.values())))
        for number, start in enumerate(range(0, rows, self._group_rows)):
            parts = []
            for name, column in self._columns.items():
                encoded = self._encoded.get(name)
                part = column.slice(start, self._group_rows) if not encoded else encoded[number]
                mark = self._marks[name]
                parts.append(part if mark is None else marked(part, mark))
            yield pa.table(parts, schema=schema)

    def codecs(self, message_bytes: int) -> dict[str, str]:
        """Give the codec of each Parquet column of the fields file.

        Differences of integers and the codes of dictionaries of few texts are small, and not
        compressed. Doubles are not as long as that costs little beside the messages, for they read
        five times as fast; where most are missing, and beyond that cost, numbers are LZ4. So is
        text, which reads in two thirds of the time, where that does not cost much more room than
        zstd.
        """
        codecs: dict[str, str] = {}
        left = message_bytes * _UNCOMPRESSED_SHARE
        differences = set(self.differences)
        for name, column in self._columns.items():
            if pa.types.is_struct(column.type):
                codecs |= {f"{name}.{leaf.name}": "zstd" for leaf in column.type}
            elif name in self._encoded:
                texts = self._encoded[name][0].dictionary
                codecs[name] = "lz4" if _suits_lz4(texts) else "zstd"
            elif pa.types.is_string(column.type):
                codecs[name] = "lz4" if name != REST and _suits_lz4(column) else "zstd"
            elif name in self._few or name in differences:
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


def _dictionaries(column: Any, group_rows: int) -> list[pa.DictionaryArray] | None:
    """Give a column of texts as a dictionary for each row group; None where that saves nothing."""
    present = len(column) - column.null_count
    if not pa.types.is_string(column.type) or present < _TEXTS_FOR_DICTIONARY:
        return None
    sample = column.slice(0, len(column) // _SAMPLE_SHARE).drop_null()
    if pc.count_distinct(sample).as_py() > len(sample) * (1 - _EQUAL_SHARE):
        return None
    parts, texts = [], 0
    for start in range(0, len(column), group_rows):
        part = column.slice(start, group_rows).dictionary_encode()
        texts += len(part.dictionary)
        if texts * _ROWS_PER_TEXT > present or part.dictionary.nbytes > DICTIONARY_BYTES:
            return None
        parts.append(part)
    return parts


def _is_sparse(column: pa.Array) -> bool:
    return bool(len(column) - column.null_count < len(column) * _SPARSE_SHARE)


def _suits_lz4(column: pa.Array) -> bool:
    sample = column.slice(0, _SAMPLE_ROWS).drop_null()
    text = sample.cast(pa.binary())
    data = b"".join(text.to_pylist())
    if not data or len(data) > len(sample) * _SHORT_TEXT_BYTES:
        return False
    packed = len(pa.Codec("lz4_raw").compress(data))
    return packed < len(data) * _LZ4_SHARE and packed < 2 * len(pa.Codec("zstd").compress(data))
