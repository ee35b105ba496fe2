"""Whether two answers to a question about a set are one."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

    from benchmarks.broad.question import Question


def differences(question: Question, ours: DataFrame, theirs: DataFrame, peer: str) -> str:
    """Say the first difference, or nothing.

    Columns are compared by their places. Rows count as a bag unless their order is part of the
    answer; floats agree to nine digits, and zero to a billionth.
    """
    if len(ours.columns) != len(theirs.columns):
        return f"columns {list(ours.columns)} are not {list(theirs.columns)}"
    places = question.compared or tuple(range(len(ours.columns)))
    if peer != "duckdb":
        places = tuple(place for place in places if place not in question.own_rank)
    mine, others = (_rows(frame, places, question.lists) for frame in (ours, theirs))
    if len(mine) != len(others):
        return f"{len(mine)} rows, not {len(others)}"
    if not question.ordered:
        mine.sort(key=_key)
        others.sort(key=_key)
    for one, other in zip(mine, others, strict=True):
        if not all(map(_same, one, other)):
            return f"{one!r} is not {other!r}"
    return ""


def _rows(frame: DataFrame, places: Sequence[int], lists: Sequence[int]) -> list[tuple[Any, ...]]:
    held = []
    for place in places:
        values = frame.iloc[:, place].tolist()
        held.append([_set_of(v) if place in lists else _plain(v) for v in values])
    return list(zip(*held, strict=True))


def _set_of(value: Any) -> str:
    """Write a list, which cwnb gives as JSON, in one order; a missing one as an empty one."""
    if value is None or value is pd.NA:
        return "[]"
    items = json.loads(value) if isinstance(value, str) else list(value)
    return json.dumps(sorted(map(str, items)))


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if hasattr(value, "timestamp"):
        stamp = pd.Timestamp(value)
        stamp = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp
        return stamp.value // 1_000_000
    if isinstance(value, (bool, Decimal)):
        return float(value)
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value


def _key(row: tuple[Any, ...]) -> tuple[tuple[int, Any], ...]:
    return tuple(_sortable(value) for value in row)


def _sortable(value: Any) -> tuple[int, Any]:
    """Order numbers and numeric texts alike; a last digit does not change the order of rows."""
    if value is None:
        return (0, "")
    try:
        number = float(value)
    except (TypeError, ValueError):
        return (2, str(value))
    return (1, number if number.is_integer() else float(f"{number:.7g}"))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other or (None not in {one, other} and _text(one) == _text(other))


def _text(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)
