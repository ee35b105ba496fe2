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
from cwnb.store.segments.facts import BOOLEAN, INTEGER, MIXED, NUMBER

if TYPE_CHECKING:
    from cwnb.store.snapshot import Snapshot

# All fields of about this many of the newest events are read.
_SAMPLE_ROWS = 250_000
_EXAMPLES = 3
_EXAMPLE_LENGTH = 200
# All values of a field are listed if there are at most this many, none longer than an example.
_FEW_VALUES = 20
# If this share of the sampled values of a field differ, the others are taken to differ too.
_NEARLY_ALL = 0.9
_TYPE_NAMES = {
    TYPE_STRING: "text",
    TYPE_INTEGER: "integer",
    TYPE_FLOAT: "number",
    TYPE_BOOLEAN: "boolean",
}
_CODE_NAMES = {INTEGER: "integer", NUMBER: "number", BOOLEAN: "boolean"}


class _Found:
    """What is known of one field: from the events that were read, and from the catalog."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.values: Counter[str] = Counter()
        self.distinct: list[pa.Array] = []
        self.read = 0
        self.known_types: Counter[str] = Counter()
        self.known_mixed = 0


def field_statistics(snapshot: Snapshot) -> list[FieldInfo]:
    """Tell about each field, those of most events first.

    Of segments that were not read, the catalog knows how many events have each field that has a
    column; rare fields are taken to go on as in the newest events.
    """
    fields: dict[str, _Found] = {}
    read = total = 0
    unread: list[Any] = []
    tasks: Any = snapshot.scan([], ALL_TIME, []).tasks
    for task in tasks:
        if read < _SAMPLE_ROWS:
            reader = task.open()
            read += reader.rows
            total += reader.rows
            columns, rest = reader.all_fields()
            for name, column in columns.items():
                _count_values(fields, name, column)
            if rest is not None:
                _count_rare_values(fields, rest)
        else:
            total += task.rows
            unread.append(task)
    _add_from_catalog(fields, unread)
    if not total:
        return []
    made = [_info(name, found, total / read, total) for name, found in fields.items()]
    return sorted(made, key=lambda info: (-info.events, info.name))


def _add_from_catalog(fields: dict[str, _Found], unread: list[Any]) -> None:
    """Add how many events of the tasks that were not read have each field, as the catalog says."""
    for task in unread:
        segment = getattr(task, "segment", None)
        if segment is None:
            continue
        share = task.rows / segment.rows
        for name, present in segment.present.items():
            found = fields.get(name)
            if found is None or not found.read:
                column = task.open().columns([name]).get(name)
                if column is not None:
                    _count_values(fields, name, column)
                    continue
            found = fields.setdefault(name, _Found())
            code = segment.columns[name]
            if code == MIXED:
                found.known_mixed += round(present * share)
            else:
                found.known_types[_CODE_NAMES.get(code, "text")] += round(present * share)


def _info(name: str, found: _Found, scale: float, total: int) -> FieldInfo:
    types = Counter(found.types)
    if found.known_types or found.known_mixed:
        types += found.known_types
        for kind, count in found.types.items():
            types[kind] += round(found.known_mixed * count / max(found.read, 1))
    elif not found.distinct:  # the field has a column nowhere, so only the sample tells its share
        types = Counter({kind: round(count * scale) for kind, count in types.items()})
    events = min(sum(types.values()), total)
    distinct = len(found.values)
    if found.distinct:
        distinct = max(distinct, len(pc.unique(pa.concat_arrays(found.distinct))))
    texts = [text for text, _ in found.values.most_common(_FEW_VALUES + 1)]
    few = distinct <= _FEW_VALUES and all(len(text) <= _EXAMPLE_LENGTH for text in texts)
    if distinct > _NEARLY_ALL * found.read:
        distinct = round(distinct * events / max(found.read, 1))
    return FieldInfo(
        name=name,
        events=events,
        share=events / total,
        types={kind: count for kind, count in types.items() if count},
        distinct=distinct,
        examples=[text[:_EXAMPLE_LENGTH] for text in texts[:_EXAMPLES]],
        values=texts if few else [],
        conflicts=len(types) > 1,
    )


def _count_values(fields: dict[str, _Found], name: str, column: pa.Array) -> None:
    count = len(column) - column.null_count
    if not count:
        return
    found = fields.setdefault(name, _Found())
    found.read += count
    kind = column.type
    if pa.types.is_struct(kind):
        present = column.filter(column.is_valid())
        for code in pc.value_counts(present.field("type")).to_pylist():
            found.types[_TYPE_NAMES[code["values"]]] += code["counts"]
        column = present.field("text")
    else:
        found.types[_type_name(kind)] += count
        column = column.drop_null()
    counts = pc.value_counts(column)
    values, numbers = counts.field("values"), counts.field("counts")
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    top = pc.select_k_unstable(numbers, min(100, len(numbers)), sort_keys=[("", "descending")])
    texts = values.take(top).cast(pa.string()).to_pylist()
    for text, number in zip(texts, numbers.take(top).to_pylist(), strict=True):
        found.values[text] += number
    found.distinct.append(values.cast(pa.string()))


def _count_rare_values(fields: dict[str, _Found], rest: pa.Array) -> None:
    for text in rest.drop_null().to_pylist():
        for name, coded in orjson.loads(text).items():
            found = fields.setdefault(name, _Found())
            found.read += 1
            found.types[_TYPE_NAMES[int(coded[0])]] += 1
            if len(found.values) < 1000 or coded[1:] in found.values:
                found.values[coded[1:]] += 1


def _type_name(kind: Any) -> str:
    if pa.types.is_int64(kind):
        return "integer"
    if pa.types.is_float64(kind):
        return "number"
    return "boolean" if pa.types.is_boolean(kind) else "text"
