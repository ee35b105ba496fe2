"""What the rows of an answer are (events, a time series, groups), so that charts can draw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwnb.insights import Call, Period, Pipeline
from cwnb.results.rendering import is_time, numbers
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from pandas import DataFrame
    from sqlglot import exp


@dataclass(frozen=True)
class Shape:
    """`kind` is "events", "series" (by one bin alone), "groups" or "series by group".

    `time` is the column of the bin, `period_ms` its length if that is fixed, `keys` the other
    columns of `by`, `measures` the columns of numbers, `additive` those that may be stacked.
    """

    kind: str
    time: str | None = None
    period_ms: int | None = None
    keys: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    additive: frozenset[str] = frozenset()


def shape(pipeline: Pipeline, df: DataFrame) -> Shape:
    """Tell which columns of `df`, the answer to `pipeline`, are its time, keys and numbers."""
    groupings = [command.grouping() for command in pipeline.commands]
    last = next((grouping for grouping in reversed(groupings) if grouping), None)
    if last is None:
        return Shape("events")
    by = [item for item in last.by if item.name in df.columns]
    bins = [item for item in by if _is_bin(item.value) or is_time(df[item.name])]
    time = bins[0] if bins else None
    keys = tuple(item.name for item in by if item is not time)
    names = {item.name for item in by}
    measures = tuple(
        str(name)
        for i, name in enumerate(df.columns)
        if name not in names and numbers(df.iloc[:, i]) is not None
    )
    additive = frozenset(
        item.name
        for item in last.aggregates
        if isinstance(item.value, Call) and item.value.entry.stackable
    )
    kind = "groups" if time is None else "series by group" if keys else "series"
    return Shape(
        kind,
        time=time.name if time else None,
        period_ms=_period_ms(time.value) if time else None,
        keys=keys,
        measures=measures,
        additive=additive,
    )


def _is_bin(value: exp.Expression) -> bool:
    return isinstance(value, Call) and value.entry.bins


def _period_ms(value: exp.Expression) -> int | None:
    period = value.find(Period)
    if period is None or period.args["unit"] not in UNIT_MS:
        return None
    return int(period.args["count"]) * UNIT_MS[period.args["unit"]]
