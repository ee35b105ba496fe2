"""Random pipelines: each command is a step that has its text and the SELECT that says the same.

Every SELECT keeps the column `_o`, the place of a row in the order that the language gives it. So
`limit`, `dedup` and `latest` mean the same rows, and answers are compared in order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.random_queries.events import NOW_MS
from benchmarks.random_queries.expressions import (
    Drawer,
    Term,
    columns_of_events,
    field,
    shown_truth,
)
from benchmarks.random_queries.sql_values import Value, column, ordered, quoted
from benchmarks.random_queries.stats import drawn_stats

if TYPE_CHECKING:
    import random

DEFAULT_LIMIT = 10_000
GLOBS = (
    ("path", "/*/*/*", r"/(.*?)/(.*?)/(.*)", 3),
    ("path", "/*/", r"/(.*?)/", 1),
    ("@message", '"level": "*"', r'"level": "(.*?)"', 1),
    ("@message", "plain *", r"plain (.*)", 1),
    ("note", "a*", r"a(.*)", 1),
    ("id", "id-*", r"id-(.*)", 1),
)
REGEXES = (
    ("path", r"/(?<{}>[a-z]+)/(?<{}>[0-9]+)", r"/([a-z]+)/([0-9]+)", 2),
    ("id", r"(?<{}>[0-9]$)", r"([0-9]$)", 1),
    ("note", r"^(?<{}>[a-z]+)", r"^([a-z]+)", 1),
    ("@message", r"(?<{}>ERR|WARN)", r"(ERR|WARN)", 1),
)


@dataclass(frozen=True)
class Step:
    """One command; `{before}` in the SQL stands for the rows before it."""

    text: str
    sql: str
    makes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RandomQuery:
    """A query, with the columns that are compared, and the window in which it is asked."""

    steps: tuple[Step, ...]
    shown: tuple[tuple[str, Value], ...]
    window: tuple[int | None, int | None] = (None, None)

    @property
    def text(self) -> str:
        return " | ".join(step.text for step in self.steps)

    @property
    def sql(self) -> str:
        """Write the whole query."""
        start, end = self.window
        times = [f'"@timestamp" >= {start}'] if start is not None else []
        times += [f'"@timestamp" < {end}'] if end is not None else []
        where = f"where {' and '.join(times)}" if times else ""
        parts = [f"s0 as (select * from events {where})"]
        parts += [
            f"s{number} as ({step.sql.replace('{before}', f's{number - 1}')})"
            for number, step in enumerate(self.steps, 1)
        ]
        columns = [f"{value.sql}, {value.aux or 'null'}" for _, value in self.shown]
        return (
            "with " + ",\n".join(parts) + f"\nselect {', '.join(columns)} from s{len(self.steps)} "
            f"order by _o limit {DEFAULT_LIMIT}"
        )

    def without(self, place: int) -> RandomQuery | None:
        """Leave a command out; None where what comes later needs what it makes."""
        gone = self.steps[place]
        rest = self.steps[:place] + self.steps[place + 1 :]
        later = " ".join(step.text + step.sql for step in self.steps[place + 1 :])
        shown = {name for name, _ in self.shown}
        needed = any(name in shown or re.search(rf"\b{name}\b", later) for name in gone.makes)
        if not rest or needed or gone.text.startswith(("stats", "display")):
            return None
        return replace(self, steps=rest)


def drawn_query(chosen: random.Random) -> RandomQuery:
    """Draw a query over the fields of events."""
    drawing = _Drawing(chosen)
    if chosen.random() < 0.12:
        # What a store may answer from what it knows of whole segments.
        drawing.stats(plain=True)
        return drawing.ended()
    for _ in range(chosen.choice((0, 0, 0, 1, 1, 1, 2))):
        drawing.filter()
    for _ in range(chosen.choice((0, 0, 0, 1, 1, 2))):
        chosen.choice((drawing.compute, drawing.compute, drawing.parse, drawing.unnest))()
    if chosen.random() < 0.15:
        drawing.filter()
    if chosen.random() < 0.65:
        drawing.stats()
        if chosen.random() < 0.2:
            drawing.filter()
        if chosen.random() < 0.2:
            drawing.compute()
        if chosen.random() < 0.25:
            drawing.stats()
    return drawing.ended()


class _Drawing:
    """A query that is being drawn."""

    def __init__(self, chosen: random.Random) -> None:
        self.chosen, self.columns = chosen, columns_of_events()
        self.steps: list[Step] = []
        self.made = 0
        self.after_stats = self.after_unnest = False

    @property
    def drawer(self) -> Drawer:
        return Drawer(self.chosen, self.columns)

    def fresh(self) -> str:
        self.made += 1
        return f"x{self.made}"

    def filter(self) -> None:
        condition = self.drawer.condition()
        word = self.chosen.choice(("filter", "filter", "filter", "where"))
        sql = f"select * from {{before}} where {condition.value.sql}"
        self.steps.append(Step(f"{word} {condition.text}", sql))

    def add(self, term: Term, name: str) -> str:
        """Make a column of a term; gives the columns of the SELECT."""
        self.columns[name] = replace(field(name, term.value.kind), summable=term.summable)
        own = self.columns[name].value
        self.columns[name] = replace(
            self.columns[name],
            value=replace(own, exact=term.value.exact, wide=term.value.wide),
        )
        aux = f", {term.value.aux} as {own.aux}" if own.aux else ""
        return f"{term.value.sql} as {own.sql}{aux}"

    def compute(self) -> None:
        drawer, chosen = self.drawer, self.chosen
        name = self.fresh()
        term = chosen.choice(
            (drawer.number, drawer.number, drawer.text, drawer.concat, drawer.condition)
        )()
        columns = {column.text: column for column in self.columns.values()}
        if term.text in columns:
            term = columns[term.text]
        elif term.value.kind == "bool":
            term = shown_truth(term)
        sql = f"select *, {self.add(term, name)} from {{before}}"
        self.steps.append(Step(f"fields {term.text} as {name}", sql, (name,)))

    def parse(self) -> None:
        is_glob = self.chosen.random() < 0.5
        source, pattern, regex, count = self.chosen.choice(GLOBS if is_glob else REGEXES)
        if source not in self.columns:
            return
        names = tuple(self.fresh() for _ in range(count))
        if is_glob:
            quote = "'" if '"' in pattern else '"'
            said = f"{quote}{pattern}{quote} as {', '.join(names)}"
        else:
            escaped = pattern.format(*names).replace("/", r"\/")
            said = f"/{escaped}/"
        value = self.columns[source].value.sql
        made = []
        for place, name in enumerate(names, 1):
            sql = (
                f"case when regexp_matches({value}, {quoted('(?s)' + regex)}) "
                f"then regexp_extract({value}, {quoted('(?s)' + regex)}, {place}) end"
            )
            made.append(self.add(Term("", Value("text", sql, wide=True), summable=False), name))
        self.steps.append(
            Step(f"parse {source} {said}", f"select *, {', '.join(made)} from {{before}}", names)
        )

    def unnest(self) -> None:
        if self.after_unnest or self.after_stats:
            return
        self.after_unnest = True
        name = self.fresh()
        self.columns[name] = field(name, "mixed")
        sql = (
            "select * exclude (_o, _item), _item.t as {}, _item.b as {}, "
            "row_number() over (order by _o, _item.k) as _o "
            "from (select *, unnest(_tags) as _item from {{before}})"
        ).format(column(name), column(f"{name}__b"))
        self.steps.append(Step(f"unnest tags into {name}", sql, (name,)))

    def stats(self, *, plain: bool = False) -> None:
        text, sql, columns = drawn_stats(
            self.chosen,
            self.drawer,
            self.fresh,
            events=not self.after_stats and not self.after_unnest,
            times=not self.after_stats,
            plain=plain,
        )
        self.after_stats = True
        self.columns = columns
        self.steps.append(Step(text, sql, tuple(columns)))

    def ended(self) -> RandomQuery:
        chosen = self.chosen
        names = list(self.columns)
        if (
            not self.after_stats
            or self.steps[-1].text.startswith("fields")
            or chosen.random() < 0.2
        ):
            names = chosen.sample(names, k=min(len(names), chosen.randint(1, 4)))
            said = ", ".join(self.columns[name].text for name in names)
            self.steps.append(Step(f"display {said}", "select * from {before}"))
        if chosen.random() < 0.5:
            self._sort()
        if chosen.random() < 0.2:
            self._dedup()
        if chosen.random() < 0.5:
            count = chosen.choice((1, 3, 10, 100, 5_000))
            self.steps.append(
                Step(f"limit {count}", f"select * from {{before}} order by _o limit {count}")
            )
        shown = tuple((name, self.columns[name].value) for name in names)
        return RandomQuery(tuple(self.steps), shown, self._window())

    def _sort(self) -> None:
        exact = [term for term in self.columns.values() if term.value.exact]
        if not exact:
            return
        keys = self.chosen.sample(exact, k=min(len(exact), self.chosen.choice((1, 1, 2, 3))))
        said, sql, arrival = [], [], ""
        for term in keys:
            down = self.chosen.random() < 0.5
            if term.text == "@timestamp":
                # Rows that all keys leave equal follow their arrival in the direction of this one.
                arrival = f", _seq {'desc' if down else 'asc'}"
            word = self.chosen.choice(("", " asc")) if not down else " desc"
            said.append(term.text + word)
            sql.append(ordered(term.value, descending=down))
        place = f"row_number() over (order by {', '.join(sql)}{arrival}, _o)"
        self.steps.append(
            Step(f"sort {', '.join(said)}", f"select * replace ({place} as _o) from {{before}}")
        )

    def _dedup(self) -> None:
        exact = [term for term in self.columns.values() if term.value.exact]
        if not exact:
            return
        keys = self.chosen.sample(exact, k=min(len(exact), self.chosen.choice((1, 1, 2))))
        parts = ", ".join(term.value.key() for term in keys)
        missing = " or ".join(term.value.missing for term in keys)
        self.steps.append(
            Step(
                f"dedup {', '.join(term.text for term in keys)}",
                f"select * from {{before}} qualify {missing} "
                f"or row_number() over (partition by {parts} order by _o) = 1",
            )
        )

    def _window(self) -> tuple[int | None, int | None]:
        chosen = self.chosen
        if chosen.random() < 0.75:
            return None, None
        start = NOW_MS - chosen.randint(0, 20 * 60_000)
        end = start + chosen.choice((1_000, 60_000, 300_000, 600_000))
        return chosen.choice(((start, end), (start, end), (start, None), (None, end)))
