"""The events that a query read: their types, and their export for the same query in pandas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.events import LOG, LOG_STREAM, MESSAGE, RAW, SEQUENCE, TIMESTAMP, mixed_type
from cwnb.insights import (
    Table,
    field_names,
    fits_double,
    holds_structures,
    is_structure,
    open_input,
    open_task,
    structure_fields,
    values_to_json,
    values_to_text,
    window_of,
)
from cwnb.memo import memo
from cwnb.results.files import writing

if TYPE_CHECKING:
    from cwnb.events import Scan, Source, Window
    from cwnb.insights import Input, Query, QueryContext

_SYSTEM_TYPES = {
    TIMESTAMP: pa.timestamp("ms", "UTC"),
    SEQUENCE: pa.int64(),
    LOG_STREAM: pa.string(),
    LOG: pa.string(),
    MESSAGE: pa.string(),
}


# The file of the events that the answer is made of.
EVENTS_FILE = "events.parquet"


@dataclass
class ReadEvents:
    """The events of one input of a query; `names` are the fields that it names.

    `file` is the name of the file that has them beside those of other inputs.
    """

    context: QueryContext
    input: Input
    names: list[str]
    file: str = EVENTS_FILE

    @property
    def window(self) -> Window:
        """The times in which they are read."""
        return window_of(self.input, self.context)

    @memo
    def _source(self) -> Source:
        return open_input(self.input, self.context.sources, ())

    def _scan(self, columns: list[str]) -> Scan:
        return self._source.scan(columns, self.window, [])

    @memo
    def _structures(self) -> frozenset[str]:
        """Name the fields whose value may be a list or map."""
        return structure_fields(self.names, self._source)

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
                    found[name].add(_seen(array))
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


@dataclass
class ReadTable:
    """A lookup table that a query read."""

    context: QueryContext
    name: str
    window: Window | None = None

    @property
    def file(self) -> str:
        """The name of the file that has it beside those of other inputs."""
        return f"table_{self.name}.parquet"

    @memo
    def _columns(self) -> dict[str, Any]:
        table = self.context.sources.table(self.name).combine_chunks()
        return {name: table.column(name).combine_chunks() for name in table.column_names}

    def schema(self) -> dict[str, str]:
        """Tell what each column holds, as that of events does."""
        return {name: _kind(_plain(array).type) for name, array in self._columns.items()}

    def write(self, path: str | Path) -> int:
        """Write the table as Parquet; gives its number of rows."""
        import pyarrow.parquet as pq

        kinds = self.schema()
        columns = {
            name: _cast(
                _plain(array), _ARROW.get(kinds[name], pa.string()), len(array), as_json=False
            )
            for name, array in self._columns.items()
        }
        table = pa.table(columns)
        with writing(path):
            pq.write_table(table, Path(path))
        return int(table.num_rows)


def _plain(array: Any) -> Any:
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else pa.concat_arrays(array.chunks)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def events_of_inputs(query: Query, context: QueryContext) -> list[ReadEvents | ReadTable]:
    """Give what each pipeline of a query reads, in the order in which they run.

    Pipelines that read the same events share them, with the fields that each of them names.
    """
    found: list[ReadEvents | ReadTable] = []
    events: list[ReadEvents] = []
    for pipeline in reversed(query.pipelines):
        if isinstance(pipeline.input, Table):
            found.append(ReadTable(context, pipeline.input.args["name"]))
            continue
        same = next((one for one in events if one.input == pipeline.input), None)
        if same is None:
            file = f"input_{len(events) + 1}.parquet" if events else EVENTS_FILE
            same = ReadEvents(context, pipeline.input, [], file)
            events.append(same)
        read = (command.reads() for command in pipeline.commands)
        same.names = sorted({*same.names, *field_names(pipeline)}.union(*read))
        found.append(same)
    return found[::-1]


def placed(inputs: list[ReadEvents | ReadTable], path: str | Path) -> dict[str, Path]:
    """Give the path of each file of some inputs.

    `path` is that of the first file, or a folder; the others lie beside it. Several files need a
    folder, so that a name without a suffix is one that will be made.
    """
    others = {one.file for one in inputs} - {EVENTS_FILE}
    path = Path(path)
    folder = path.is_dir() or (bool(others) and not path.suffix)
    first = path / EVENTS_FILE if folder else path
    return {EVENTS_FILE: first, **{name: first.parent / name for name in sorted(others)}}


_ARROW = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("ms", "UTC"),
}


def kind_of(types: set[Any]) -> str:
    """Name what a column of these Arrow types holds; an empty text where it has no value.

    In place of a type, "structure" says that lists or maps are among the values, and "wide" that
    integers are, which no double holds.
    """
    if "structure" in types:
        return "structure"
    if types == {pa.int64(), pa.float64()}:
        return "number"
    kinds = {_kind(kind) for kind in types}
    if len(kinds) == 1:
        return kinds.pop()
    return "" if not kinds else "mixed"


def _seen(array: Any) -> Any:
    if holds_structures(array):
        return "structure"
    return array.type if fits_double(array) or not pa.types.is_int64(array.type) else "wide"


def _kind(kind: Any) -> str:
    if kind == "wide":
        return "integer"
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
