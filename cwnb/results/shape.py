"""What the rows of an answer are (events, a time series, groups), so that charts can draw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwnb.events import TIMESTAMP
from cwnb.insights import Call, Field, Needs, Order, Period, Pipeline, Rows
from cwnb.results.rendering import is_time, numbers
from cwnb.times import UNIT_MONTHS, UNIT_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame
    from sqlglot import exp

    from cwnb.insights import Command

# Functions that round times down or up to whole periods.
_ROUNDING = {"bin", "datefloor", "dateceil"}


@dataclass(frozen=True)
class Step:
    """The distance of bins: so many milliseconds, or so many months of the calendar."""

    ms: int = 0
    months: int = 0


@dataclass(frozen=True)
class Shape:
    """`kind` is "events", "series" (by one bin alone), "groups" or "series by group".

    `time` is the column of the bin, `step` the distance of the bins, `keys` the other columns of
    `by`, `measures` the columns of numbers, `additive` those that may be stacked. `is_whole`: no
    later command left out rows, so what has no row has no events. `of_events`: the bins are of the
    times of events, which the window of the query is about. `is_sorted`: a command sorted the rows.
    `is_cut`: the default limit left out rows, which nobody asked for.
    """

    kind: str
    time: str | None = None
    step: Step | None = None
    keys: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    additive: frozenset[str] = frozenset()
    is_whole: bool = False
    of_events: bool = True
    is_sorted: bool = False
    is_cut: bool = False

    @property
    def period_ms(self) -> int | None:
        """Give the length of a bin, if it is fixed."""
        return self.step.ms or None if self.step else None

    def fills(self, name: str) -> bool:
        """Tell whether a measure is 0 where it has no row, as the count of nothing is."""
        return self.is_whole and name in self.additive


def shape(pipeline: Pipeline, df: DataFrame) -> Shape:
    """Tell which columns of `df`, the answer to `pipeline`, are its time, keys and numbers."""
    commands = pipeline.commands
    groupings = [(place, command.grouping()) for place, command in enumerate(commands)]
    place, last = next(((p, found) for p, found in reversed(groupings) if found), (0, None))
    if last is None:
        # A filter of events decides what is counted; it leaves out nothing that is.
        choosing = [command for command in commands if command.needs is not Needs.ROW]
        whole = _keep_all_rows(choosing, len(df))
        return Shape("events", measures=_numeric(df, set()), is_whole=whole)
    by = [item for item in last.by if item.name in df.columns]
    bins = [item for item in by if _is_bin(item.value) or is_time(df[item.name])]
    time = bins[0] if bins else None
    additive = frozenset(
        item.name
        for item in last.aggregates
        if isinstance(item.value, Call) and item.value.entry.stackable
    )
    keys = tuple(item.name for item in by if item is not time)
    kind = "groups" if time is None else "series by group" if keys else "series"
    rounding = _rounding(time.value, commands[:place]) if time else None
    return Shape(
        kind,
        time=time.name if time else None,
        step=_step(rounding) if rounding else None,
        keys=keys,
        measures=_numeric(df, {item.name for item in by}),
        additive=additive,
        is_whole=_keep_all_rows(commands[place + 1 :], len(df)),
        is_cut=any(
            c.meta.get("implicit") and c.row_cap() == len(df) for c in commands[place + 1 :]
        ),
        is_sorted=any(command.order is Order.SETS for command in commands[place + 1 :]),
        of_events=rounding is not None and _is_of_events(rounding, commands[:place]),
    )


def _numeric(df: DataFrame, others: set[str]) -> tuple[str, ...]:
    return tuple(
        str(name)
        for i, name in enumerate(df.columns)
        if name not in others and numbers(df.iloc[:, i]) is not None
    )


def _keep_all_rows(commands: Sequence[Command], rows: int) -> bool:
    """Tell whether commands that gave so many rows left none out."""
    return all(
        command.rows is Rows.SAME or ((cap := command.row_cap()) is not None and rows < cap)
        for command in commands
    )


def _is_bin(value: exp.Expression) -> bool:
    return isinstance(value, Call) and value.entry.bins


def _rounding(value: exp.Expression, before: Sequence[Command]) -> Call | None:
    """Give the call that makes the bins, also where an earlier command gave it a name."""
    for command in reversed(before):
        if not isinstance(value, Field):
            break
        grouping = command.grouping()
        items = grouping.by if grouping else command.args.get("items") or ()
        named = [item.value for item in items if item.name == value.name]
        value = named[0] if named else value
    return value if isinstance(value, Call) and value.entry.name in _ROUNDING else None


def _step(rounding: Call) -> Step | None:
    period = rounding.find(Period)
    if period is None:
        return None
    count, unit = int(period.args["count"]), period.args["unit"]
    if unit in UNIT_MS:
        return Step(ms=count * UNIT_MS[unit])
    return Step(months=count * UNIT_MONTHS[unit])


def _is_of_events(rounding: Call, before: Sequence[Command]) -> bool:
    if any(TIMESTAMP in command.writes() for command in before):
        return False
    subject = rounding.arguments[0]
    return rounding.entry.bins or (isinstance(subject, Field) and subject.name == TIMESTAMP)
