"""Write aggregations as pandas code; each gives a column with a value per group of `groups`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwnb.events import TIMESTAMP
from cwnb.insights.ql.writer import to_text
from cwnb.insights.to_pandas.expressions import write
from cwnb.insights.to_pandas.writing import (
    NUMERIC,
    CannotSay,
    Script,
    Snippet,
    as_column,
    data,
    number,
    quoted,
)
from cwnb.insights.tree import Field, Star, literal_value
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlglot import exp

AGGREGATES: dict[str, Callable[[Script, list[exp.Expression]], Snippet]] = {}


def aggregates(*names: str) -> Callable[..., Callable[..., Snippet]]:
    """Register the writer of aggregations, by canonical name.

    The writer gets the script and the nodes of the arguments.
    """

    def register(writer: Callable[..., Snippet]) -> Callable[..., Snippet]:
        for name in names:
            AGGREGATES[name] = writer
        return writer

    return register


def _value(script: Script, node: exp.Expression) -> tuple[str, str]:
    """Give name and kind of the column that holds an argument; an expression gets a new column."""
    return _column(script, node, data(write(script, node)))


def _number(script: Script, node: exp.Expression) -> tuple[str, str]:
    return _column(script, node, number(script, write(script, node)))


def _column(script: Script, node: exp.Expression, snippet: Snippet) -> tuple[str, str]:
    snippet = as_column(script, snippet)
    if isinstance(node, Field) and snippet.code == script.at(node.name):
        return node.name, snippet.kind
    for name, kind in script.kinds.items():
        if f"{script.at(name)} = {snippet.code}" in script.lines and name.endswith("'"):
            return name, kind
    name = script.free_name(to_text(node) + "'")
    script.write(script.at(name), snippet.code)
    script.kinds[name] = snippet.kind
    return name, snippet.kind


def _of(name: str) -> str:
    return f"groups[{quoted(name)}]"


@aggregates("count", "countovertime")
def _count(script: Script, arguments: list[exp.Expression]) -> Snippet:
    if not arguments or isinstance(arguments[0], Star):
        return Snippet('groups.size().astype("int64[pyarrow]")', "integer")
    name, _ = _value(script, arguments[0])
    return Snippet(f'{_of(name)}.count().astype("int64[pyarrow]")', "integer")


@aggregates("countdistinct")
def _countdistinct(script: Script, arguments: list[exp.Expression]) -> Snippet:
    name, kind = _value(script, arguments[0])
    if kind in ("integer", "boolean", "time"):
        return Snippet(f'{_of(name)}.nunique().astype("int64[pyarrow]")', "integer")
    made = f"{_of(name)}.agg(lambda values: same(values).nunique())"
    return Snippet(f'{made}.astype("int64[pyarrow]")', "integer")


@aggregates("sum", "sumovertime")
def _sum(script: Script, arguments: list[exp.Expression]) -> Snippet:
    name, kind = _number(script, arguments[0])
    if kind == "number":
        return Snippet(f"{_of(name)}.sum(min_count=1)", kind)
    # pandas wraps a sum that passes 64 bits.
    return Snippet(f"as_number(per_group(groups, {quoted(name)}, total))", "numeric")


@aggregates("avg")
def _avg(script: Script, arguments: list[exp.Expression]) -> Snippet:
    return _moment(script, arguments, "mean()", "average")


@aggregates("stddev")
def _stddev(script: Script, arguments: list[exp.Expression]) -> Snippet:
    return _moment(script, arguments, "std(ddof=0)", "deviation")


@aggregates("variance")
def _variance(script: Script, arguments: list[exp.Expression]) -> Snippet:
    return _moment(script, arguments, "var(ddof=0)", "variance")


def _moment(script: Script, arguments: list[exp.Expression], method: str, helper: str) -> Snippet:
    name, kind = _number(script, arguments[0])
    if kind == "number":
        return Snippet(f"{_of(name)}.{method}", kind)
    # pandas computes with doubles, which do not tell large integers apart.
    made = f"per_group(groups, {quoted(name)}, {helper})"
    return Snippet(f'{made}.astype("double[pyarrow]")', "number")


@aggregates("min", "sortsfirst")
def _min(script: Script, arguments: list[exp.Expression]) -> Snippet:
    return _extreme(script, arguments, "min()", "sorts_first")


@aggregates("max", "sortslast")
def _max(script: Script, arguments: list[exp.Expression]) -> Snippet:
    return _extreme(script, arguments, "max()", "sorts_last")


def _extreme(script: Script, arguments: list[exp.Expression], method: str, helper: str) -> Snippet:
    name, kind = _value(script, arguments[0])
    if kind in (*NUMERIC, "time"):
        return Snippet(f"{_of(name)}.{method}", kind)
    return Snippet(_typed(script, name, f"{_of(name)}.agg({helper})", kind), kind)


def _typed(script: Script, name: str, code: str, kind: str) -> str:
    """Convert to the type of the column, which pandas loses if no group has a value."""
    return code if kind == "any" else f"{code}.astype({script.at(name)}.dtype)"


@aggregates("pct")
def _pct(script: Script, arguments: list[exp.Expression]) -> Snippet:
    name, kind = _number(script, arguments[0])
    made = f"{_of(name)}.agg(percentile({literal_value(arguments[1])}))"
    return Snippet(_typed(script, name, made, kind), kind)


@aggregates("earliest")
def _earliest(script: Script, arguments: list[exp.Expression]) -> Snippet:
    return _edge(script, arguments, "last()")


@aggregates("latest")
def _latest(script: Script, arguments: list[exp.Expression]) -> Snippet:
    return _edge(script, arguments, "first()")


def _edge(script: Script, arguments: list[exp.Expression], method: str) -> Snippet:
    if not script.events or TIMESTAMP not in script.kinds:
        raise CannotSay("earliest and latest after another 'stats'")
    name, kind = _value(script, arguments[0])
    if not script.newest_first:
        code = f"by_time(groups, {quoted(name)}, newest={method == 'first()'})"
        return Snippet(_typed(script, name, code, kind), kind)
    # `first` and `last` skip missing values.
    return Snippet(f"{_of(name)}.{method}", kind)


@aggregates("rate")
def _rate(script: Script, arguments: list[exp.Expression]) -> Snippet:
    if script.kinds.get(TIMESTAMP) != "time":
        raise CannotSay(f"rate where {TIMESTAMP!r} is no time")
    name, _ = _number(script, arguments[0])
    period = arguments[1]
    length = int(period.args["count"]) * UNIT_MS[str(period.args["unit"])]
    return Snippet(f"rate(groups, {quoted(name)}, {length})", "number")


@aggregates("histogram")
def _histogram(script: Script, arguments: list[exp.Expression]) -> Snippet:
    name, _ = _number(script, arguments[0])
    parts = literal_value(arguments[1])
    function = f"lambda values: histogram(values, {parts})"
    return Snippet(f"per_group(groups, {quoted(name)}, {function})", "any")


@aggregates("values")
def _values(script: Script, arguments: list[exp.Expression]) -> Snippet:
    name, _ = _value(script, arguments[0])
    return Snippet(f"per_group(groups, {quoted(name)}, distinct)", "any")


@aggregates("topk")
def _topk(script: Script, arguments: list[exp.Expression]) -> Snippet:
    name, _ = _value(script, arguments[1])
    count = literal_value(arguments[0])
    function = f"lambda values: most_frequent(values, {count})"
    return Snippet(f"per_group(groups, {quoted(name)}, {function})", "any")
