"""Lines of JSON out of columns: a missing value leaves its key out."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def objects(members: dict[str, Any]) -> pa.Array:
    """Give an object for each row.

    Members are columns, or other members: an object inside, which is left out where none of its
    members is there.
    """
    pieces: list[Any] = []
    for name, value in members.items():
        if isinstance(value, dict):
            inner = objects(value)
            written = pc.if_else(pc.equal(inner, "{}"), None, inner)
        else:
            written = literals(value)
        pieces.append(pc.binary_join_element_wise(f',"{name}":', written, ""))
    # Not `skip` with a comma between: rows in which all is missing vanish from its answer.
    joined = pc.binary_join_element_wise(*pieces, "", null_handling="replace")
    return pc.binary_join_element_wise("{", pc.utf8_ltrim(joined, ","), "}", "")


def literals(values: pa.Array) -> pa.Array:
    """Write values as JSON; missing stays missing."""
    if pa.types.is_string(values.type):
        return quoted(values)
    if pa.types.is_list(values.type):
        inner = literals(values.values)
        joined = pc.binary_join(pa.ListArray.from_arrays(values.offsets, inner), ",")
        written = pc.binary_join_element_wise("[", joined, "]", "")
        return pc.if_else(values.is_valid(), written, None)
    return values.cast(pa.string())


def quoted(values: pa.Array) -> pa.Array:
    """Write texts as JSON."""
    data = values.buffers()[2]
    written = data.to_pybytes() if data else b""
    for character, escape in _ESCAPES.items():
        if character.encode() in written:
            values = pc.replace_substring(values, character, escape)
    return pc.binary_join_element_wise('"', values, '"', "")
