"""Whether two answers are one."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from pandas import DataFrame

    from benchmarks.question import Question


def differences(question: Question, ours: DataFrame, theirs: DataFrame) -> str:
    """Say the first difference, or nothing.

    Rows count as a bag unless their order is part of the answer; floats agree to nine digits.
    """
    lists = [question.columns.index(name) for name in question.lists]
    mine = _rows(ours, question.columns, lists)
    others = _rows(theirs, [question.names.get(n, n) for n in question.columns], lists)
    if len(mine) != len(others):
        return f"{len(mine)} rows, not {len(others)}"
    if not question.ordered:
        mine.sort(key=_key)
        others.sort(key=_key)
    for one, other in zip(mine, others, strict=True):
        if not all(map(_same, one, other)):
            return f"{one!r} is not {other!r}"
    return ""


def _rows(frame: DataFrame, columns: Any, lists: list[int]) -> list[tuple[Any, ...]]:
    held = [frame[name].tolist() for name in columns]
    for place in lists:
        held[place] = list(map(_set_of, held[place]))
    return [tuple(map(_plain, row)) for row in zip(*held, strict=True)]


def _set_of(value: Any) -> str:
    """Write a list, which cwnb gives as JSON, in one order."""
    return json.dumps(sorted(json.loads(value) if isinstance(value, str) else list(value)))


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
