"""What fields a group has, from facts of the catalog and a sample of the newest events."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import (
    ALL_TIME,
    TYPE_BOOLEAN,
    TYPE_FLOAT,
    TYPE_INTEGER,
    TYPE_STRING,
)
from cwnb.store.records import FieldInfo

if TYPE_CHECKING:
    from cwnb.store.snapshot import Snapshot

# Fields of this many of the newest events are read.
_SAMPLE_ROWS = 250_000
_EXAMPLES = 3
_EXAMPLE_LENGTH = 200
_TYPE_NAMES = {
    TYPE_STRING: "text",
    TYPE_INTEGER: "integer",
    TYPE_FLOAT: "number",
    TYPE_BOOLEAN: "boolean",
}


class _Found:
    """What the sample says of one field."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.values: Counter[str] = Counter()
        self.distinct = 0


def field_statistics(snapshot: Snapshot) -> list[FieldInfo]:
    """Tell about each field; shares beyond the sample are those of the sample."""
    fields: dict[str, _Found] = {}
    sampled = total = 0
    tasks: Any = snapshot.scan([], ALL_TIME, []).tasks
    for task in tasks:
        total += task.rows
        if sampled >= _SAMPLE_ROWS:
            continue
        reader = task.open()
        total -= task.rows - reader.rows
        sampled += reader.rows
        columns, rest = reader.all_fields()
        for name, column in columns.items():
            _see(fields, name, column)
        if rest is not None:
            _see_rest(fields, rest)
    if not sampled:
        return []
    scale = total / sampled
    made = [_info(name, found, sampled, scale) for name, found in fields.items()]
    return sorted(made, key=lambda info: (-info.events, info.name))


def _info(name: str, found: _Found, sampled: int, scale: float) -> FieldInfo:
    seen = sum(found.types.values())
    return FieldInfo(
        name=name,
        events=round(seen * scale),
        share=seen / sampled,
        types={kind: round(count * scale) for kind, count in found.types.items()},
        distinct=max(found.distinct, len(found.values)),
        examples=[text[:_EXAMPLE_LENGTH] for text, _ in found.values.most_common(_EXAMPLES)],
        conflicts=len(found.types) > 1,
    )


def _see(fields: dict[str, _Found], name: str, column: pa.Array) -> None:
    count = len(column) - column.null_count
    if not count:
        return
    found = fields.setdefault(name, _Found())
    kind = column.type
    if pa.types.is_struct(kind):
        codes = pc.value_counts(column.field("type").filter(column.is_valid())).to_pylist()
        for code in codes:
            found.types[_TYPE_NAMES[code["values"]]] += code["counts"]
        column = column.field("text").filter(column.is_valid())
    else:
        found.types[_type_name(kind)] += count
    counts = pc.value_counts(column.drop_null())
    values, numbers = counts.field("values"), counts.field("counts")
    # Distinct values of one part or another: exact within a part, a lower bound over several.
    found.distinct = max(found.distinct, len(values))
    top = pc.select_k_unstable(numbers, min(100, len(numbers)), sort_keys=[("", "descending")])
    texts = values.take(top).cast(pa.string()).to_pylist()
    for text, number in zip(texts, numbers.take(top).to_pylist(), strict=True):
        found.values[text] += number


def _see_rest(fields: dict[str, _Found], rest: pa.Array) -> None:
    for text in rest.drop_null().to_pylist():
        for name, coded in orjson.loads(text).items():
            found = fields.setdefault(name, _Found())
            found.types[_TYPE_NAMES[int(coded[0])]] += 1
            if len(found.values) < 1000 or coded[1:] in found.values:
                found.values[coded[1:]] += 1


def _type_name(kind: Any) -> str:
    if pa.types.is_int64(kind):
        return "integer"
    if pa.types.is_float64(kind):
        return "number"
    return "boolean" if pa.types.is_boolean(kind) else "text"
