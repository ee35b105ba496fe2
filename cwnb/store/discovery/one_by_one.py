"""The strategy that defines the answer: each event is parsed by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb.garbage import collector_paused
from cwnb.store.discovery.columns import as_dictionary_if_smaller, column, spread
from cwnb.store.discovery.discovered import Discovered
from cwnb.store.discovery.flatten import flatten, parse
from cwnb.store.discovery.rare import code_all, frequent, write_rest
from cwnb.store.discovery.shapes import (
    SHAPES,
    lambda_application_fields,
    lambda_fields,
)

if TYPE_CHECKING:
    import pyarrow as pa


def fields_of(text: str, log_type: str | None) -> tuple[dict[str, Any], bool]:
    """Give the fields of one event in document order, and whether some did not fit."""
    fields: dict[str, Any] = {}
    if log_type == "text":
        return fields, False
    document = parse(text)
    if document is not None:
        return fields, flatten(document, fields)
    capped = False
    if log_type == "lambda":
        capped = not lambda_fields(text, fields) and lambda_application_fields(text, fields)
    elif log_type is None and text[:3] in {"STA", "END", "REP"}:
        lambda_fields(text, fields)
    else:
        for shape in SHAPES.get(log_type, ()):
            if (found := shape.fields(text)) is not None:
                return found, False
    return fields, capped


def discover_events(messages: pa.Array, log_type: str | None) -> Discovered:
    """Discover each event by itself."""
    found: dict[str, tuple[list[int], list[Any]]] = {}
    capped = 0
    with collector_paused():
        for row, text in enumerate(messages.to_pylist()):
            fields, over = fields_of(text, log_type)
            capped += over
            for name, value in fields.items():
                entry = found.get(name)
                if entry is None:
                    entry = found[name] = ([], [])
                entry[0].append(row)
                entry[1].append(value)
    length = len(messages)
    kept = frequent({name: len(rows) for name, (rows, _) in found.items()}, length)
    columns = {
        name: as_dictionary_if_smaller(spread(column(found[name][1]), found[name][0], length))
        for name in sorted(kept)
    }
    rare = {
        name: (rows, code_all(values)) for name, (rows, values) in found.items() if name not in kept
    }
    rest, summary = write_rest(rare, length)
    return Discovered(columns, rest, capped, summary)
