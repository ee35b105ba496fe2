"""Two answers of `stats` to one question about two periods, put beside each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.errors import InvalidParameter
from cwnb.insights import Outcome
from cwnb.results.rendering import is_number, render
from cwnb.results.shape import Shape, shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

    from cwnb.results.result import QueryResult

    Rows = dict[tuple[Any, ...], dict[str, Any]]


def compared(now: QueryResult, before: QueryResult, shift_ms: int) -> QueryResult:
    """Give an answer with the groups of two, and each number now, before, and its change.

    `before` is the answer about a window that lies `shift_ms` milliseconds earlier; the times of
    its bins are moved by as much. Columns: the keys, then for each number `n` the columns `n`,
    `n before` and `n change`, which is `n` less `n before`. A count or sum of a group that only the
    other period has is 0, unless a later command left groups out, such as `filter` or a `limit`
    that was reached: then it may have been there, and is missing as any other number is. The groups
    of `now` come first, in their order. Raises InvalidParameter for rows that are no groups of
    `stats`, and for bins that do not meet.
    """
    filled = now if len(now) else before
    found = shape(filled.pipeline, filled.df)
    measures = [name for name in found.measures if is_number(filled.df[name])]
    if found.kind == "events" or not measures:
        raise InvalidParameter(
            "the difference is that of the numbers of 'stats', and the query has none"
        )
    filling = [shape(side.pipeline, side.df).fills for side in (now, before)]
    keys = [name for name in filled.df.columns if name in {found.time, *found.keys}]
    kinds = [now.df[name].dtype == before.df[name].dtype for name in keys]
    later = _by_key(now.df, keys, kinds)
    earlier = _by_key(_moved(before.df, found, shift_ms), keys, kinds)
    pairs = [(later.get(key), earlier.get(key)) for key in dict.fromkeys([*later, *earlier])]
    columns = {name: _array([(one or other or {})[name] for one, other in pairs]) for name in keys}
    for name in measures:
        absent = [0 if fills(name) else None for fills in filling]
        values = [
            [none if row is None else row[name] for row in rows]
            for none, rows in zip(absent, zip(*pairs, strict=True), strict=False)
        ] or [[], []]
        columns[name], columns[f"{name} before"] = map(_array, values)
        columns[f"{name} change"] = _array(
            [None if None in pair else pair[0] - pair[1] for pair in zip(*values, strict=True)]
        )
    outcome = Outcome(columns, len(pairs), [], {})
    return replace(now, outcome=outcome, statistics={}, warnings=[])


def _by_key(df: DataFrame, keys: Sequence[str], kinds: Sequence[bool]) -> Rows:
    """Give the rows by their keys; a key of which the two answers have several types is text."""
    columns = {
        str(name): [None if missing else value for value, missing in zip(values, gaps, strict=True)]
        for name in df.columns
        for values, gaps in [(df[name].tolist(), df[name].isna())]
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    found = {
        tuple(
            row[name] if same or row[name] is None else render(row[name])
            for name, same in zip(keys, kinds, strict=True)
        ): row
        for row in rows
    }
    if len(found) < len(rows):
        raise InvalidParameter(
            "several rows have the same keys, so those of the two periods cannot be paired"
        )
    return found


def _moved(df: DataFrame, found: Shape, shift_ms: int) -> DataFrame:
    if found.time is None:
        return df
    if found.period_ms is None or shift_ms % found.period_ms:
        raise InvalidParameter(
            "the bins of the two periods do not meet: choose a window whose length is a multiple "
            "of the bin's"
        )
    return df.assign(**{found.time: df[found.time] + timedelta(milliseconds=shift_ms)})


def _array(values: list[Any]) -> Any:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, OverflowError):  # beyond 64 bits, or numbers of several types
        return pa.array([None if value is None else float(value) for value in values])
