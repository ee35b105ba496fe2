"""Random `stats` commands, and the GROUP BY that says the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.random_queries.expressions import Term, field
from benchmarks.random_queries.sql_values import Value, column, ordered

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from benchmarks.random_queries.expressions import Drawer

PERIODS = (("10s", 10_000), ("1m", 60_000), ("5m", 300_000), ("1h", 3_600_000))


def drawn_stats(
    chosen: random.Random,
    drawer: Drawer,
    fresh: Callable[[], str],
    *,
    events: bool,
    times: bool,
    plain: bool = False,
) -> tuple[str, str, dict[str, Term]]:
    """Draw a command; gives its text, its SELECT and the columns that it leaves.

    `events`: the rows are events, one each, so they have an earliest one; `times`: they have times;
    `plain`: no keys, and fields as they are.
    """
    columns: dict[str, Term] = {}
    keys, said_keys, shown_keys = [], [], []
    for _ in range(0 if plain else chosen.choice((0, 0, 1, 1, 1, 2, 2, 3))):
        term, name, said = _key(chosen, drawer, fresh, times=times)
        if name in columns:
            continue
        keys.append(term.value.key())
        said_keys.append(said)
        shown_keys += _named(columns, name, _first(term.value), summable=term.summable)
    aggregates, said = [], []
    for _ in range(chosen.choice((1, 1, 2, 2, 3, 5))):
        made, text, summable = _aggregate(chosen, drawer, events=events, plain=plain)
        name = fresh()
        said.append(f"{text} as {name}")
        aggregates += _named(columns, name, made, summable=summable)
    by = f" by {', '.join(said_keys)}" if said_keys else ""
    grouped = f" group by {', '.join(keys)}" if keys else " having count(*) > 0"
    # Groups come in the order of their newest row.
    inner = (
        f"select {', '.join([*shown_keys, *aggregates])}, min(_o) as _o from {{before}}{grouped}"
    )
    return f"stats {', '.join(said)}{by}", inner, columns


def _named(columns: dict[str, Term], name: str, value: Value, *, summable: bool) -> list[str]:
    term = field(name, value.kind)
    own = replace(term.value, exact=value.exact, wide=value.wide)
    text = f"`{name}`" if "." in name else term.text
    columns[name] = Term(text, own, summable)
    return [f"{value.sql} as {own.sql}", *([f"{value.aux} as {own.aux}"] if own.aux else [])]


def _first(value: Value) -> Value:
    """Give the value of the first row of each group."""
    return replace(
        value,
        numbers=None,
        natural="",
        sql=f"first({value.sql} order by _o)",
        aux=f"first({value.aux} order by _o)" if value.aux else "",
    )


def _key(
    chosen: random.Random, drawer: Drawer, fresh: Callable[[], str], *, times: bool
) -> tuple[Term, str, str]:
    kind = chosen.random()
    if times and kind < 0.2:
        word, ms = chosen.choice(PERIODS)
        name = fresh()
        sql = f'("@timestamp" // {ms} * {ms})'
        return Term("", Value("time", sql)), name, f"bin({word}) as {name}"
    if kind < 0.35:
        term = chosen.choice((drawer.text, drawer.number))(1)
        if term.value.exact and not term.value.is_constant and term.value.kind != "time":
            name = fresh()
            return term, name, f"{term.text} as {name}"
    found = [(name, term) for name, term in drawer.columns.items()
             if term.value.exact and term.value.kind != "time"]  # fmt: skip
    if not found:
        name = fresh()
        return Term("", Value("int", "cast(1 as hugeint)")), name, f"1 + 0 as {name}"
    name, term = chosen.choice(found)
    return term, name, term.text


def _aggregate(
    chosen: random.Random, drawer: Drawer, *, events: bool, plain: bool
) -> tuple[Value, str, bool]:
    names = [
        "count",
        "countof",
        "sum",
        "avg",
        "min",
        "max",
        "distinct",
        "distinct",
        "pct",
        "spread",
    ]
    names += ["sortsFirst", "sortsLast", *([] if plain else ["sumtruth"])]
    name = chosen.choice([*names, "latest", "earliest"] if events else names)
    if name == "count":
        return Value("int", "cast(count(*) as hugeint)"), "count(*)", True
    if name == "sumtruth":
        condition = drawer.condition(1)
        sql = f"cast(count(*) filter (where {condition.value.sql}) as hugeint)"
        return Value("int", sql), f"sum(if({condition.text}, 1, 0))", True
    if name in {"sum", "avg", "pct", "spread"}:
        return _of_numbers(chosen, drawer, name, plain=plain)
    depth = 0 if plain else 1
    term = chosen.choice(
        (drawer.any_column, lambda: drawer.text(depth), lambda: drawer.number(depth))
    )()
    value = term.value
    if name == "countof":
        return Value("int", f"cast(count({value.sql}) as hugeint)"), f"count({term.text})", True
    if name == "distinct":
        if not value.exact or value.is_constant:
            return Value("int", "cast(count(*) as hugeint)"), "count(*)", True
        word = chosen.choice(("count_distinct", "countDistinct"))
        sql = f"cast(count(distinct {value.key()}) as hugeint)"
        return Value("int", sql), f"{word}({term.text})", True
    there = f"filter (where not {value.missing})"
    if name in {"latest", "earliest"}:
        way = "asc" if name == "latest" else "desc"
        order = f"_o {way}"
    else:
        descending = name in {"max", "sortsLast"}
        order = f"{ordered(value, descending=descending)}, _o"
    made = replace(
        value,
        sql=f"first({value.sql} order by {order}) {there}",
        aux=f"first({value.aux} order by {order}) {there}" if value.aux else "",
        constant=None,
        numbers=None,
        natural="",
    )
    return made, f"{name}({term.text})", term.summable


def _of_numbers(
    chosen: random.Random, drawer: Drawer, name: str, *, plain: bool
) -> tuple[Value, str, bool]:
    term = drawer.number(0 if plain else chosen.choice((0, 0, 1)))
    value, (i, d) = term.value, term.value.pair()
    exact = value.exact and term.summable and not value.wide
    if name in {"sum", "avg"}:
        whole = f"sum({i})"
        # The integers are added up apart, so that they are exact.
        total = (
            f"(coalesce(cast({whole} as double), 0) + coalesce(sum(({d})) filter "
            f"(where ({i}) is null), 0))"
        )
        there = f"count({d})"
        if name == "avg":
            sql = f"case when {there} > 0 then {total} / {there} end"
            return (
                Value("number", sql, f"d2i({sql})", exact=exact, wide=value.wide),
                f"avg({term.text})",
                False,
            )
        sql = f"case when {there} > 0 then {total} end"
        only = f"case when {there} = count({i}) then in_int64({whole}) else d2i({sql}) end"
        made = Value("number", sql, only, exact=exact, wide=value.wide)
        return made, f"sum({term.text})", exact
    if name == "pct":
        percent = chosen.choice((0, 1, 25, 50, 90, 99, 99.9, 100))
        rank = f"cast(greatest(1, ceil(round({percent} / 100.0 * count({d}), 9))) as int)"
        sql = f"list_sort(list({d}) filter (where ({d}) is not null))[{rank}]"
        made = Value(
            "number", sql, f"d2i({sql})", exact=value.exact and not value.wide, wide=value.wide
        )
        return made, f"pct({term.text}, {percent})", term.summable
    word = chosen.choice(("stddev", "variance"))
    if value.wide or not term.summable:
        term = drawer.any_column("int", "double")
        if term.value.wide or not term.summable or not term.value.is_number:
            return Value("int", "cast(count(*) as hugeint)"), "count(*)", True
        d = term.value.pair()[1]
    sql = f"{'stddev_pop' if word == 'stddev' else 'var_pop'}({d})"
    return Value("number", sql, f"d2i({sql})", exact=False), f"{word}({term.text})", False


__all__ = ["column", "drawn_stats"]
