"""Rows for the items of lists: `unnest` and `expand`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import MESSAGE
from cwnb.insights import functions, values
from cwnb.insights.engine.batch import PART_WITH_VALUES
from cwnb.insights.engine.evaluate import evaluate_array
from cwnb.insights.engine.message_slices import Documents
from cwnb.insights.functions.general import coalesce
from cwnb.insights.structure_fields import json_path_of, read_wholes
from cwnb.insights.tree import Field
from cwnb.insights.values.documents import items_of
from cwnb.insights.values.structures import read_structure, to_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.insights.engine.batch import Batch
    from cwnb.insights.tree import Expand, Unnest

# So many rows are Python objects at a time.
_ROWS = 8_192
# How the text of a JSON array begins.
_ARRAY = r"^[ \t\r\n]*\["


def unnest(command: Unnest, batch: Batch, wanted: set[str] | None) -> Batch:
    """Give a row for each item; only those parts of the items are read that later commands name."""
    name = command.args["name"]
    names = [name]
    if wanted is not None:
        below = [part for part in sorted(wanted) if part.startswith(f"{name}.")]
        names = [*([name] if name in wanted else []), *filter(_is_path, below)]
    paths = [part.split(".")[name.count(".") + 1 :] for part in names]
    source = command.args["value"]
    if isinstance(source, Field) and (found := _documents_of(source.name, batch)) is not None:
        # A list that is no column yet is read out of the texts at once.
        documents, path = found
        counts, columns = documents.items_at(batch, path, paths)
        if (counts != 1).any() or any(one.null_count < len(one) for one in columns):
            of_field = documents.of_field is not None
            batch.note_kind(source.name, "structure" if of_field else PART_WITH_VALUES)
    else:
        value = evaluate_array(source, batch)
        if values.structures_in(value) is None:
            batch.set_document(name, {name: value})
            return batch
        counts, columns = items_of(_objects(value), paths)
    _repeat(batch, counts, wanted)
    batch.set_document(name, dict(zip(names, columns, strict=True)))
    return batch


def _documents_of(name: str, batch: Batch) -> tuple[Documents, list[str]] | None:
    """Give what a field is read out of, and at which path, if it is no column yet."""
    reader = batch.reader_of_lists(name)
    if reader is None:
        return batch.document_of(name)
    documents = Documents(
        Field(parts=[MESSAGE]),
        read_wholes(name),
        of_field=tuple(json_path_of(name)),
        prepare=reader.documents,
    )
    return documents, []


def _is_path(name: str) -> bool:
    return all(name.split("."))


def expand(command: Expand, batch: Batch, wanted: set[str] | None) -> Batch:
    """Put each item of a list in its place, a row for each.

    A name below the field is a part of the item, where it has that part, else what it was before.
    """
    name = command.args["value"].name
    value = evaluate_array(command.args["value"], batch)
    known = batch.names() if wanted is None else batch.names() | wanted
    below = [part for part in sorted(known) if part.startswith(f"{name}.") and _is_path(part)]
    before = [evaluate_array(Field(parts=part.split(".")), batch) for part in below]
    paths = [[], *(part.split(".")[name.count(".") + 1 :] for part in below)]
    if _may_have_lists(value):
        counts, (items, *parts) = items_of(map(_list_in, _objects(value)), paths)
        rows = _repeat(batch, counts, wanted)
        before = [column.take(rows) for column in before]
    else:
        items, parts = value, [functions.access(value, path) for path in paths[1:]]
    merged = [coalesce(part, old) for part, old in zip(parts, before, strict=True)]
    batch.set_document(name, {name: items, **dict(zip(below, merged, strict=True))})
    return batch


def _may_have_lists(value: Any) -> bool:
    if pa.types.is_dictionary(value.type):
        value = value.dictionary
    if values.structures_in(value) is not None:
        return True
    if not (values.is_text(value) or values.is_mixed(value)):
        return False
    return bool(pc.any(pc.match_substring_regex(values.to_text(value), _ARRAY)).as_py())


def _list_in(value: Any) -> Any:
    """Give the list in the text of a JSON array, and any other value as it is."""
    found = read_structure(value) if type(value) is str else value
    return found if type(found) is list else value


def _objects(value: Any) -> Iterator[Any]:
    """Give the values of a column as Python objects."""
    for start in range(0, len(value), _ROWS):
        yield from to_python(values.decode(value.slice(start, _ROWS)))


def _repeat(batch: Batch, counts: np.ndarray[Any, Any], wanted: set[str] | None) -> pa.Array:
    """Give each row as often as it has items; gives the row that each comes from."""
    rows = np.repeat(np.arange(len(counts)), counts)
    if not (counts == 1).all():
        # What is computed of a row is computed once for all of its items.
        batch.compute(wanted)
        batch.take(rows)
    return pa.array(rows)
