"""Lookup tables as users hand them in: a DataFrame, or a CSV file with a header."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import InvalidParameter
from cwnb.insights import as_frame, is_structure, table_columns, values_to_text


def read_table(table: Any) -> pa.Table:
    """Give a lookup table in the types of the engine.

    `table` is the path of a CSV file with a header, in UTF-8, whose values stay texts and whose
    empty cells are missing; or a table as `cwnb.query` takes it. Raises InvalidParameter for two
    columns of one name, and for values that no column can have.
    """
    if isinstance(table, str | os.PathLike):
        return _read_csv(Path(table))
    columns = table_columns(as_frame(table))
    if not columns:
        raise InvalidParameter("a lookup table needs columns, and this one has none")
    for name, array in columns.items():
        if is_structure(array.type):
            raise InvalidParameter(f"column {name!r} of the lookup table holds lists or maps")
    return pa.table(columns)


def text_bytes(table: pa.Table) -> int:
    """Give the size of a table as CSV, without quotes."""
    size = sum(len(name.encode()) + 1 for name in table.column_names)
    for column in table.columns:
        texts = values_to_text(
            column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        )
        plain = texts.dictionary_decode() if pa.types.is_dictionary(texts.type) else texts
        size += int(pc.sum(pc.binary_length(plain)).as_py() or 0) + len(plain)
    return size


def _read_csv(path: Path) -> pa.Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise InvalidParameter(f"cannot read the lookup table {str(path)!r}: {why}") from None
    except UnicodeDecodeError:
        raise InvalidParameter(f"the lookup table {str(path)!r} is not in UTF-8") from None
    except csv.Error as error:
        raise InvalidParameter(f"the lookup table {str(path)!r} is no CSV: {error}") from None
    header, *rest = [row for row in rows if row] or [[]]
    if not header or not all(name.strip() for name in header):
        raise InvalidParameter(f"the first line of {str(path)!r} must name each column")
    names = [name.strip() for name in header]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InvalidParameter(f"two columns of {str(path)!r} are called {twice[0]!r}")
    for number, row in enumerate(rest, 2):
        if len(row) != len(names):
            raise InvalidParameter(
                f"row {number} of {str(path)!r} has {len(row)} values and the header {len(names)}"
            )
    columns = zip(*rest, strict=True) if rest else ((),) * len(names)
    return pa.table(
        {
            name: pa.array([value or None for value in values], pa.string())
            for name, values in zip(names, columns, strict=True)
        }
    )
