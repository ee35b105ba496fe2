"""Rows as JSON objects, each as compact as it can be written."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import orjson

from cwnb.sources.column_names import made_unique

JSON_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY


def compact_json(row: Mapping[str, Any]) -> bytes:
    """Write a row as one JSON object without spaces; missing values are left out.

    Times in ISO form (UTC as Z), numbers in all their digits, infinities and what JSON has no word
    for as text.
    """
    present = {name: value for name, value in row.items() if not is_missing(value)}
    # orjson writes infinities as null and refuses integers of more than 64 bits.
    if not any(isinstance(value, float) and math.isinf(value) for value in present.values()):
        try:
            return orjson.dumps(present, default=plain, option=JSON_OPTIONS)
        except (TypeError, ValueError):
            pass
    text = json.dumps(_deep(present), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _names_of(row: Mapping[Any, Any]) -> Iterable[str]:
    """Give the keys as texts, made unique: 1 and "1" are two keys of a dict."""
    if set(map(type, row)) <= {str}:
        return row
    return made_unique(list(map(str, row)))


def is_missing(value: Any) -> bool:
    """Tell whether a value is None, NaN, NaT or NA."""
    if value is None:
        return True
    if isinstance(value, (str, int, bool)):
        return False
    if isinstance(value, float):
        return math.isnan(value)
    if type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, np.floating) and bool(np.isnan(value))


def plain(value: Any) -> Any:
    """Give a value that orjson has no word for as one that it has."""
    if isinstance(value, datetime):
        text = value.isoformat()
        return text[:-6] + "Z" if text.endswith("+00:00") else text
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Decimal):
        return (
            int(value) if value == value.to_integral_value() and abs(value) < 2**63 else str(value)
        )
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _deep(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _deep(inner) for name, inner in zip(_names_of(value), value.values(), strict=True)
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_deep(inner) for inner in value]
    if isinstance(value, np.generic):
        return _deep(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, (date, time)) and not isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return plain(value)
