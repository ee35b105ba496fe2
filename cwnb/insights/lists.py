"""Lists and maps as columns: JSON text that knows what it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from cwnb.events import TYPE_BOOLEAN, TYPE_FLOAT, TYPE_INTEGER
from cwnb.insights import values


def structure_array(items: list[Any]) -> Any:
    """Give a structure column of Python lists, dicts, numbers and texts; None is missing."""
    texts = [None if item is None else _json(item) for item in items]
    return pa.ExtensionArray.from_storage(values.STRUCTURE, pa.array(texts, pa.string()))


def _json(item: Any) -> str:
    return orjson.dumps(item, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def to_python(array: Any) -> list[Any]:
    """Give the values of a column as JSON would hold them; times as their text."""
    kind = array.type
    if values.is_mixed(kind):
        pairs = zip(array.field("text").to_pylist(), array.field("type").to_pylist(), strict=True)
        return [_typed(text, code) for text, code in pairs]
    if values.is_structure(kind):
        return [None if text is None else orjson.loads(text) for text in array.storage.to_pylist()]
    if values.is_time(kind):
        array = values.to_text(array)
    return [item.isoformat() if isinstance(item, datetime) else item for item in array.to_pylist()]


def _typed(text: str | None, code: int | None) -> Any:
    if text is None:
        return None
    if code == TYPE_INTEGER:
        number = int(text)
        # orjson has no integers beyond 64 bits; their digits stay as text.
        return number if -(2**63) <= number < 2**64 else text
    if code == TYPE_FLOAT:
        return float(text)
    return text == "true" if code == TYPE_BOOLEAN else text
