"""Write `stats` as pandas code: a groupby, a frame of groups, and arithmetic over its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.insights.ql.writer import to_text
from cwnb.insights.resolve.scope import is_aggregate
from cwnb.insights.to_pandas.aggregates import AGGREGATES
from cwnb.insights.to_pandas.expressions import aggregate_key, write
from cwnb.insights.to_pandas.writing import (
    WIDTH,
    CannotSay,
    Script,
    Snippet,
    as_column,
    data,
    quoted,
)
from cwnb.insights.tree import Call, Field, Item, Stats, find

if TYPE_CHECKING:
    from sqlglot import exp


def write_stats(script: Script, command: Stats) -> None:
    """Write a `stats`; afterwards the script's frame has a row per group."""
    keys: list[Item] = list(command.args.get("by") or [])
    items: list[Item] = list(command.args["aggregates"])
    grouping, displays = [], []
    script.bin_offset = _offset(command)
    for key in keys:
        snippet = data(write(script, key.value))
        name = _key_column(script, key, snippet)
        displays.append((key.name, name, snippet.kind))
        exact = snippet.kind in ("integer", "boolean", "time")
        grouping.append(quoted(name) if exact else f"same({script.at(name)})")
    script.bin_offset = ""
    calls = [call for item in items for call in _calls(item.value)]
    made: dict[str, Snippet] = {}
    for call in calls:
        made.setdefault(aggregate_key(call), AGGREGATES[call.name](script, call.arguments))
    if grouping:
        by = f"[{', '.join(grouping)}], sort=False, dropna=False"
    else:
        by = f"pd.Series(0, index={script.frame}.index)"
    script.add(f"groups = {script.frame}.groupby({by})")
    _rows(script, displays, items, made)
    script.aggregates = {}
    script.kinds = {name: script.kinds[name] for name in command.gives()}


def _offset(command: Stats) -> str:
    """Write the length of time by which the borders of bins are shifted; nothing without one."""
    offset = command.args.get("offset")
    if offset is None:
        return ""
    count, unit = int(offset.args["count"]), str(offset.args["unit"])
    words = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    if unit == "w":
        count, unit = 7 * count, "d"
    if unit not in words:
        raise CannotSay(f"an offset in the unit {unit!r}, which has no fixed length")
    return f'pd.Timedelta({words[unit]}={count}).as_unit("ms")'


def _key_column(script: Script, key: Item, snippet: Snippet) -> str:
    """Give the column that holds a group key; for an expression, write that column first."""
    column = as_column(script, snippet)
    if isinstance(key.value, Field) and column.code == script.at(key.value.name):
        return key.value.name
    name = script.free_name(key.name)
    script.write(script.at(name), column.code)
    script.kinds[name] = column.kind
    return name


def _calls(node: exp.Expression) -> list[Call]:
    if is_aggregate(node):
        return [node]
    return [call for call in find(node, Call) if is_aggregate(call)]


def _rows(
    script: Script,
    displays: list[tuple[str, str, str]],
    items: list[Item],
    made: dict[str, Snippet],
) -> None:
    """Write the frame of groups: keys as first seen, then the aggregations."""
    columns, kinds, later = [], {}, []
    for name, column, kind in displays:
        columns.append(f"{quoted(name)}: groups[{quoted(column)}].first()")
        kinds[name] = kind
    column_of: dict[str, Snippet] = {}
    for item in items:
        if not is_aggregate(item.value):
            later.append(item)
            continue
        snippet = made[aggregate_key(item.value)]
        columns.append(f"{quoted(item.name)}: {snippet.code}")
        kinds[item.name] = snippet.kind
        column_of.setdefault(aggregate_key(item.value), Snippet(script.at(item.name), snippet.kind))
    for item in later:
        for call in _calls(item.value):
            key = aggregate_key(call)
            if key not in column_of:
                name = f"{to_text(call)}'"
                columns.append(f"{quoted(name)}: {made[key].code}")
                kinds[name] = made[key].kind
                column_of[key] = Snippet(script.at(name), made[key].kind)
    line = f"{script.frame} = pd.DataFrame({{{', '.join(columns)}}}).reset_index(drop=True)"
    if len(line) <= WIDTH:
        script.add(line)
    else:
        script.add(f"{script.frame} = pd.DataFrame({{")
        script.add(*(f"    {column}," for column in columns))
        script.add("}).reset_index(drop=True)")
    script.kinds = kinds
    script.aggregates = column_of
    for item in later:
        script.assign(item.name, write(script, item.value))
