"""Whether two answers are one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pandas import DataFrame

    from benchmarks.queries import Question


def differences(question: Question, ours: DataFrame, theirs: DataFrame) -> str:
    """Say the first difference, or nothing.

    Rows count as a bag unless their order is part of the answer; floats agree to nine digits.
    """
    mine = _rows(ours, question.columns)
    others = _rows(theirs, [question.names.get(name, name) for name in question.columns])
    if len(mine) != len(others):
        return f"{len(mine)} rows, not {len(others)}"
    if not question.ordered:
        mine.sort(key=_key)
        others.sort(key=_key)
    for one, other in zip(mine, others, strict=True):
        if not all(map(_same, one, other)):
            return f"{one!r} is not {other!r}"
    return ""


def _rows(frame: DataFrame, columns: Any) -> list[tuple[Any, ...]]:
    return [
        tuple(map(_plain, row))
        for row in zip(*(frame[name].tolist() for name in columns), strict=True)
    ]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if hasattr(value, "timestamp"):
        stamp = pd.Timestamp(value)
        stamp = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp
        return stamp.value // 1_000_000
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value


def _key(row: tuple[Any, ...]) -> tuple[str, ...]:
    # Numbers come last and rounded: groups sort by their names before their measures differ.
    return tuple(f"{value:.9g}" if isinstance(value, float) else str(value) for value in row)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-9)
    return one == other or (None not in {one, other} and str(one) == str(other))
