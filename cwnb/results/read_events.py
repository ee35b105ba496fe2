"""The events that a query read: their types, and their export for the same query in pandas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.events import LOG, LOG_STREAM, MESSAGE, RAW, SEQUENCE, TIMESTAMP, mixed_type
from cwnb.insights import (
    holds_structures,
    is_structure,
    open_task,
    structure_fields,
    values_to_json,
    values_to_text,
)
from cwnb.memo import memo
from cwnb.results.files import writing

if TYPE_CHECKING:
    from cwnb.events import Scan
    from cwnb.insights import QueryContext

_SYSTEM_TYPES = {
    TIMESTAMP: pa.timestamp("ms", "UTC"),
    SEQUENCE: pa.int64(),
    LOG_STREAM: pa.string(),
    LOG: pa.string(),
    MESSAGE: pa.string(),
}


@dataclass
class ReadEvents:
    """The events that a query read; `names` are the fields that it names."""

    context: QueryContext
    names: list[str]

    def _scan(self, columns: list[str]) -> Scan:
        return self.context.sources.open().scan(columns, self.context.window, [])

    @memo
    def _structures(self) -> frozenset[str]:
        """Name the fields whose value may be a list or map."""
        return structure_fields(self.names, self.context.sources.open())

    def _columns(self) -> list[str]:
        names = [*_SYSTEM_TYPES, *self.names]
        return [name for name in dict.fromkeys(names) if name != RAW]

    def schema(self) -> dict[str, str]:
        """Tell what each column holds: integer, number, boolean, text, time, mixed or structure.

        A column of structures has JSON texts, also of other values that stand among maps and lists.
        """
        kinds = {name: kind_of(found) for name, found in self._types().items()}
        return {name: kind for name, kind in kinds.items() if kind}

    def _types(self) -> dict[str, set[Any]]:
        """Give the Arrow types that each column has in one task or another."""
        names = self._columns()
        found: dict[str, set[Any]] = {name: set() for name in names}
        # Every export has these columns, also one without events. Messages are always text, so they
        # are not read, which would take longer than all other columns.
        for name, kind in _SYSTEM_TYPES.items():
            found[name].add(kind)
        read = [name for name in names if name != MESSAGE]
        for task in self._scan(read).tasks:
            for name, array in open_task(task, self._structures).columns(read).items():
                if array.null_count < len(array):
                    found[name].add("structure" if holds_structures(array) else array.type)
        return found

    def write(self, path: str | Path) -> int:
        """Write the events as Parquet, newest last; gives their number."""
        import pyarrow.parquet as pq

        kinds = self.schema()
        fields = [pa.field(name, _ARROW.get(kind, pa.string())) for name, kind in kinds.items()]
        schema = pa.schema(fields)
        as_json = {name for name, kind in kinds.items() if kind == "structure"}
        rows = 0
        with writing(path), pq.ParquetWriter(Path(path), schema) as writer:
            scan = self._scan(schema.names)
            for task in reversed(scan.tasks):
                reader = open_task(task, self._structures)
                held = reader.columns(schema.names)
                arrays = [
                    _cast(held.get(f.name), f.type, reader.rows, as_json=f.name in as_json)
                    for f in schema
                ]
                writer.write_table(pa.table(arrays, schema=schema))
                rows += reader.rows
        return rows


_ARROW = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("ms", "UTC"),
}


def kind_of(types: set[Any]) -> str:
    """Name what a column of these Arrow types holds; an empty text where it has no value.

    In place of a type, "structure" says that lists or maps are among the values.
    """
    if "structure" in types:
        return "structure"
    kinds = {_kind(kind) for kind in types}
    if len(kinds) == 1:
        return kinds.pop()
    return "" if not kinds else "mixed"


def _kind(kind: Any) -> str:
    for name, arrow in _ARROW.items():
        if kind == arrow:
            return name
    return "mixed" if kind == mixed_type() else "text"


def _cast(array: Any, kind: Any, rows: int, *, as_json: bool) -> Any:
    if array is None:
        return pa.nulls(rows, kind)
    if as_json:
        return values_to_json(array)
    if is_structure(array.type):
        array = array.storage
    if array.type == kind:
        return array
    return values_to_text(array) if pa.types.is_string(kind) else array.cast(kind)
