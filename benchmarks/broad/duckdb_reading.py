r"""How DuckDB reads the file of a set: the line as it is, and every field as a typed column.

Clean JSON is read by `read_ndjson_objects` and `from_json`, the fastest of the ways that keep the
line. Where lines are no JSON, they are read as text, and what is no JSON has no fields. Text whose
events have several lines is put together again: a line that begins with a time begins an event.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.broad.files import SetFiles

_LINES = (
    "read_csv('{source}', delim = chr(1), quote = '', escape = '', header = false, "
    "columns = {{'line': 'VARCHAR'}}, auto_detect = false, max_line_size = 16777216)"
)
# Sets with lines that are no JSON.
_DIRTY = ("telemetry",)


def reading(files: SetFiles, source: Path) -> str:
    """Give the SELECT that reads the file."""
    lines = _LINES.format(source=source)
    if files.logs.name == "flow":
        return _flow(lines)
    if files.logs.name == "lambda":
        return _lambda(_events(lines, r"^\d{4}-\d\d-\d\dT\S+ "))
    if files.logs.name == "java":
        events = _events(lines, r"^\d{4}-\d\d-\d\d ")
        time = "strptime(line[1:23], '%Y-%m-%d %H:%M:%S,%g')::TIMESTAMP"
        return f"SELECT {time} AS time, line FROM ({events})"
    schema = pq.ParquetFile(files.parquet).schema_arrow
    paths = files.logs.paths
    fields = ", ".join(
        f'd.{".".join(f"{chr(34)}{part}{chr(34)}" for part in path.split("."))} AS "{name}"'
        for name, path in paths.items()
    )
    structure = json.dumps(_structure(schema, paths))
    if files.logs.name in _DIRTY:
        parsed = f"from_json(CASE WHEN json_valid(line) THEN line END, '{structure}')"
        return f"SELECT line, {fields} FROM (SELECT line, {parsed} AS d FROM {lines})"
    return (
        f"SELECT json::VARCHAR AS line, {fields} FROM (SELECT json, from_json(json, '{structure}') "
        f"AS d FROM read_ndjson_objects('{source}', maximum_object_size = 16777216))"
    )


def _structure(schema: pa.Schema, paths: dict[str, str]) -> dict[str, Any]:
    """Give the types of a document as `from_json` takes them."""
    document: dict[str, Any] = {}
    for name, path in paths.items():
        *above, leaf = path.split(".")
        place = document
        for key in above:
            place = place.setdefault(key, {})
        place[leaf] = _type(schema.field(name).type)
    return document


def _type(column: pa.DataType) -> Any:
    if pa.types.is_list(column):
        return [_type(column.value_type)]
    if pa.types.is_timestamp(column):
        return "TIMESTAMP"
    if pa.types.is_boolean(column):
        return "BOOLEAN"
    if pa.types.is_integer(column):
        return "BIGINT"
    return "DOUBLE" if pa.types.is_floating(column) else "VARCHAR"


def _events(lines: str, start: str) -> str:
    """Put the lines of each event together."""
    return (
        "SELECT string_agg(line, chr(10) ORDER BY place) AS line FROM (SELECT line, place, "
        f"sum(regexp_matches(line, '{start}')::INT) OVER (ORDER BY place) AS event "
        f"FROM (SELECT line, row_number() OVER () AS place FROM {lines})) GROUP BY event"
    )


def _flow(lines: str) -> str:
    from benchmarks.data.flow import COLUMNS

    text = {"accountId", "interfaceId", "srcAddr", "dstAddr", "action", "logStatus"}
    fields = ", ".join(
        f"nullif(p[{place}], '-') AS {name}" if name in text
        else f"TRY_CAST(p[{place}] AS BIGINT) AS {name}"
        for place, name in enumerate(COLUMNS, 1)
    )  # fmt: skip
    return (
        "SELECT make_timestamp_ms(p[11]::BIGINT * 1000) AS time, line, "
        f"{fields} FROM (SELECT line, string_split(line, ' ') AS p FROM {lines})"
    )


def _lambda(events: str) -> str:
    def number(name: str, label: str, unit: str) -> str:
        found = f"regexp_extract(line, '{label}: ([0-9.]+) {unit}', 1)"
        return f"TRY_CAST(nullif({found}, '') AS DOUBLE) AS {name}"

    return (
        "SELECT line[1:24]::TIMESTAMP AS time, line, "
        "nullif(regexp_extract(line, '^\\S+ (START|END|REPORT) ', 1), '') AS type, "
        "nullif(regexp_extract(line, '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-"
        "[0-9a-f]{12}'), '') AS requestId, "
        + ", ".join(
            [
                number("duration", "\\tDuration", "ms"),
                number("billedDuration", "Billed Duration", "ms"),
                number("memorySize", "Memory Size", "MB"),
                number("maxMemoryUsed", "Max Memory Used", "MB"),
                number("initDuration", "Init Duration", "ms"),
            ]
        )
        + f" FROM ({events})"
    )
