"""What the views need of a result, without a store or an engine."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pyarrow as pa

from cwnb.events import ALL_TIME
from cwnb.insights import tree

TIME = pd.ArrowDtype(pa.timestamp("ms", "UTC"))
START = 1_767_225_600_000  # 2026-01-01


def frame(**columns) -> pd.DataFrame:
    """Make a frame as the engine does, all columns Arrow; `time=` is milliseconds from START."""
    made = {}
    for name, values in columns.items():
        if name in {"time", "@timestamp"}:
            moments = [None if v is None else START + v for v in values]
            array = pa.array(moments, pa.int64()).cast(pa.timestamp("ms", "UTC"))
        else:
            array = pa.array(values)
        made[name] = pd.Series(array, dtype=pd.ArrowDtype(array.type))
    return pd.DataFrame(made)


def call(text: str) -> tree.Item:
    """Read `count(*) as n`, `bin(5m)`, `field`: enough of the language to describe a result."""
    text, _, alias = text.partition(" as ")
    name, bracket, rest = text.partition("(")
    if not bracket:
        value = tree.Field(parts=text.split("."))
    elif name == "bin":
        period = tree.Period(count=int(rest[:-2]), unit=rest[-2])
        value = tree.Call(function="bin", arguments=[period])
    else:
        value = tree.Call(function=name, arguments=[tree.Star()])
    return tree.Item(value=value, alias=alias or None, text=text)


def result(df, aggregates=(), by=(), warnings=(), window=ALL_TIME, **statistics):
    steps = [tree.Fields(items=[call("@message")])]
    if aggregates:
        steps.append(tree.Stats(aggregates=[call(a) for a in aggregates], by=[call(b) for b in by]))
    numbers = {"recordsMatched": 1234, "recordsScanned": 200_001, "bytesScanned": 56_700_000}
    return SimpleNamespace(
        df=df,
        pipeline=tree.Pipeline(commands=steps),
        statistics=numbers | {"elapsedMs": 45.2} | statistics,
        warnings=list(warnings),
        window="from 2026-01-01 00:00 UTC",
        tz="UTC",
        events=SimpleNamespace(window=window),
    )
