"""Whether an answer of cwnb is that of DuckDB, row by row in order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.random_queries.world import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

    from benchmarks.random_queries.sql_values import Value

# Doubles agree to nine digits; beside a large sum that cancels out, to nine digits of its terms.
_RELATIVE = 1e-9
_NEAR_ZERO = 1e-9


def difference(
    ours: DataFrame, theirs: Sequence[tuple[Any, ...]], shown: Sequence[tuple[str, Value]]
) -> str:
    """Say the first difference, or nothing."""
    names = [name for name, _ in shown]
    if absent := [name for name in names if name not in ours.columns]:
        return f"no column {absent} among {list(ours.columns)}"
    if len(ours) != len(theirs):
        return f"{len(ours)} rows, not {len(theirs)}"
    for place, (name, value) in enumerate(shown):
        same = _OF_KIND[value.kind]
        wanted = [(row[2 * place], row[2 * place + 1]) for row in theirs]
        for number, (mine, (other, aux)) in enumerate(
            zip(ours[name].tolist(), wanted, strict=True)
        ):
            found = None if mine is None or mine is pd.NA or mine is pd.NaT else mine
            if found is None or other is None:
                if found is not None or other is not None:
                    return f"row {number} of {name}: {found!r} is not {other!r}"
            elif not same(found, other, aux, value):
                return f"row {number} of {name}: {found!r} is not {other!r} ({aux!r})"
    return ""


def _same_number(mine: Any, other: Any, aux: Any, value: Value) -> bool:
    wanted = aux if value.kind == "number" and aux is not None else other
    if isinstance(mine, str):
        mine = int(mine) if mine.lstrip("-").isdigit() else float(mine)
    if isinstance(mine, pd.Timestamp):
        mine = _ms(mine)
    if isinstance(mine, int) and isinstance(wanted, int) and value.exact and not value.wide:
        return mine == wanted
    if isinstance(mine, int) and isinstance(wanted, int) and value.kind == "int":
        return mine == wanted
    return math.isclose(mine, wanted, rel_tol=_RELATIVE, abs_tol=_NEAR_ZERO)


def _same_text(mine: Any, other: Any, *_: Any) -> bool:
    return isinstance(mine, str) and mine == other


def _same_mixed(mine: Any, other: Any, *_: Any) -> bool:
    if text_of(mine) == other:
        return True
    try:
        return not isinstance(mine, str) and math.isclose(mine, float(other), rel_tol=_RELATIVE)
    except ValueError:
        return False


def _same_truth(mine: Any, other: Any, *_: Any) -> bool:
    return text_of(mine) == text_of(other)


def _same_time(mine: Any, other: Any, *_: Any) -> bool:
    return _ms(mine) == other


def _ms(time: Any) -> int:
    return int(time.value // 1_000_000) if isinstance(time, pd.Timestamp) else int(time)


_OF_KIND = {
    "int": _same_number,
    "double": _same_number,
    "number": _same_number,
    "text": _same_text,
    "mixed": _same_mixed,
    "bool": _same_truth,
    "time": _same_time,
}
