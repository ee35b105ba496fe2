"""Random queries for laws: `expressions` and `queries` of any shape, `pipelines` that mean something.

`pipelines()` gives queries that `settle` takes as they are, without a word, over FIELDS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from hypothesis import strategies as st
from sqlglot import exp

from cwnb.insights import tree
from cwnb.insights.ql.dialect import to_text

# The kind of each field: text, integer, number, boolean or mixed.
FIELDS = {
    "level": "text",
    "status": "integer",
    "ms": "number",
    "user.id": "text",
    "flag": "boolean",
    "mixed": "mixed",
}
WORDS = ["ERROR", "WARN", "info", "", "a b", "200", "0200", "7.50", "é", 'say "hi"', "a\\b"]
PATTERNS = ["ERR|WARN", "^a.*b$", r"\d+", "(?i)error", "[a-f/]+", "é"]
COMPARISONS = [exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE]
AGGREGATES = "count countdistinct countovertime sum sumovertime avg min max stddev variance sortsfirst sortslast".split()
# Of events only: plain pandas has no word for them after another `stats`.
EDGES = ["earliest", "latest"]
ARITHMETIC = [exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod]


def field_of(name: str) -> tree.Field:
    return tree.Field(parts=name.split("."))


def item_of(value: exp.Expression, alias: str | None = None) -> tree.Item:
    return tree.Item(value=value, alias=alias, text=to_text(value))


def text(value: str) -> exp.Literal:
    return exp.Literal.string(value)


def joined(operator: type[exp.And | exp.Or], terms: list[exp.Expression]) -> exp.Expression:
    """Join as the parser does: chains in chains of the same kind are one chain."""
    return tree.chained(
        operator, [leaf for term in terms for leaf in tree.chain_terms(operator, term)]
    )


def call(function: str, *arguments: exp.Expression) -> tree.Call:
    return tree.Call(function=function, arguments=list(arguments))


numbers = st.builds(
    lambda n: exp.Literal(this=n, is_string=False),
    st.sampled_from(["0", "1", "2", "10", "200", "404", "0.5", "7.50", "1e3", "9007199254740993"]),
)
texts = st.sampled_from(WORDS).map(text)
booleans = st.booleans().map(lambda value: exp.Boolean(this=value))
literals = st.one_of(numbers, numbers.map(lambda n: exp.Neg(this=n)), texts, booleans)
regexes = st.sampled_from(PATTERNS).map(lambda pattern: tree.Regex(pattern=pattern))


# ---------------------------------------------------------------- that mean something


def values(names: dict[str, str]) -> st.SearchStrategy[exp.Expression]:
    """Row-wise expressions over these names, a few levels deep."""
    return _values(tuple(sorted(names)))


@cache  # making a strategy takes longer than drawing from it
def _values(names: tuple[str, ...]) -> st.SearchStrategy[exp.Expression]:
    fields = st.sampled_from(names).map(field_of)
    leaves = st.one_of(fields, fields, fields, numbers, texts)
    return st.recursive(leaves, _deeper, max_leaves=5)


def _is_no_literal(value: exp.Expression) -> bool:
    """Tell whether a value may be a condition, or be asked whether it is there."""
    return not tree.is_literal(value)


def _adds_no_text(value: exp.Expression) -> bool:
    """Tell whether a sum has no text in it, which gives a warning."""
    return not (isinstance(value, exp.Add) and any(n.is_string for n in value.walk()))


def _deeper(inner: st.SearchStrategy[exp.Expression]) -> st.SearchStrategy[exp.Expression]:
    return st.one_of(
        st.builds(
            lambda o, a, b: o(this=a, expression=b), st.sampled_from(ARITHMETIC), inner, inner
        ).filter(_adds_no_text),
        inner.map(lambda a: exp.Neg(this=a)),
        st.builds(call, st.sampled_from(["abs", "isnumeric"]), inner),
        inner.filter(_is_no_literal).map(lambda a: call("ispresent", a)),
        st.builds(lambda a, b: call("coalesce", a, b), inner, inner),
        st.builds(
            lambda a, b, x, y: call("if", exp.LT(this=a, expression=b), x, y),
            inner,
            inner,
            inner,
            inner,
        ),
    )


def borders(names: dict[str, str]) -> st.SearchStrategy[exp.Expression]:
    """`histogram` as it stands outside the list of `stats`."""
    width = st.sampled_from(["25", "0.5"]).map(exp.Literal.number)
    return st.builds(
        lambda value, w: tree.Call(function="histogram", arguments=[value, w], row_form=True),
        values(names),
        width,
    )


def conditions(names: dict[str, str]) -> st.SearchStrategy[exp.Expression]:
    """Conditions over these names: comparisons, like, in, presence, and, or, not."""
    return _conditions(tuple(sorted(names)))


@cache
def _conditions(names: tuple[str, ...]) -> st.SearchStrategy[exp.Expression]:
    value = _values(names)
    simple = st.one_of(
        st.builds(
            lambda o, a, b: o(this=a, expression=b), st.sampled_from(COMPARISONS), value, value
        ),
        st.builds(
            lambda o, a, b: o(this=a, expression=b), st.sampled_from(COMPARISONS), value, literals
        ),
        st.builds(lambda v, p: tree.Like(value=v, pattern=p), value, st.one_of(texts, regexes)),
        st.builds(
            lambda v, o: tree.In(value=v, options=o),
            value,
            st.lists(literals, min_size=1, max_size=3),
        ),
        value.filter(_is_no_literal).map(lambda v: call("ispresent", v)),
        value.filter(_is_no_literal),
    )
    return st.recursive(simple, _logic, max_leaves=4)


def _logic(inner: st.SearchStrategy[exp.Expression]) -> st.SearchStrategy[exp.Expression]:
    return st.one_of(
        inner.map(lambda a: exp.Not(this=a)),
        st.builds(
            joined, st.sampled_from([exp.And, exp.Or]), st.lists(inner, min_size=2, max_size=3)
        ),
    )


@dataclass
class State:
    """What a drawn query has made so far, and the names that its next command may use."""

    names: dict[str, str] = field(default_factory=dict)
    commands: list[tree.Command] = field(default_factory=list)
    # Names that the query gave: `fields` may not list them again.
    given: set[str] = field(default_factory=set)
    made: int = 0
    after_stats: bool = False

    def fresh(self, kind: str) -> str:
        self.made += 1
        name = f"x{self.made}"
        self.given.add(name)
        self.names[name] = kind
        return name

    @property
    def plain(self) -> dict[str, str]:
        """Names other than times, which may not be compared with text."""
        return {name: kind for name, kind in self.names.items() if kind != "time"} or FIELDS


@st.composite
def pipelines(
    draw: st.DrawFn, fields: dict[str, str] | None = None, *, said: bool = False
) -> tree.Pipeline:
    """Queries that `settle` takes as they are; `fields` are the names and kinds of the events.

    `said`: only commands that plain pandas can say.
    """
    state = State(dict(fields or FIELDS))
    row_steps = [
        filtered, listed, _parse, extracted, _index_filtered, lists_opened, sequenced,
    ]  # fmt: skip
    for step in draw(st.lists(st.sampled_from(row_steps), max_size=3)):
        step(draw, state)
    if not said and draw(st.sampled_from([False, False, False, True])):
        _pattern(draw, state)
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        grouped(draw, state)
        for step in draw(st.lists(st.sampled_from([filtered, listed]), max_size=2)):
            if state.plain.keys() <= state.names.keys():
                step(draw, state)
        if draw(st.sampled_from([False, False, True])) and state.plain.keys() <= state.names.keys():
            sequenced(draw, state)
    ending(draw, state)
    if not state.commands:
        filtered(draw, state)
    return tree.Pipeline(commands=state.commands)


def filtered(draw: st.DrawFn, state: State) -> None:
    state.commands.append(tree.Filter(condition=draw(conditions(state.plain))))


def listed(draw: st.DrawFn, state: State) -> None:
    items = []
    computed = st.one_of(values(state.plain), values(state.plain), borders(state.plain))
    for value in draw(st.lists(computed, min_size=1, max_size=2)):
        bare = isinstance(value, tree.Field) and value.name not in state.given
        items.append(item_of(value, None if bare else state.fresh("mixed")))
    kind = draw(st.sampled_from([tree.Fields, tree.Fields, tree.Unmask]))
    state.commands.append(kind(items=_distinct(items)))


def _parse(draw: st.DrawFn, state: State) -> None:
    source = draw(st.sampled_from(["@message", *sorted(state.plain)]))
    pattern: exp.Expression
    if draw(st.booleans()):
        glob = draw(st.sampled_from(["*", "a*", "*=*", "user=* ms"]))
        pattern = text(glob)
        names = [state.fresh("text") for _ in range(glob.count("*"))]
        multi = None
    else:
        name = state.fresh("text")
        pattern = tree.Regex(pattern=rf"(?P<{name}>\d+)")
        names = [name]
        multi = draw(st.sampled_from([None, None, True]))
    state.commands.append(
        tree.Parse(value=field_of(source), pattern=pattern, names=names, multi=multi)
    )


def extracted(draw: st.DrawFn, state: State) -> None:
    value = field_of(draw(st.sampled_from(["@message", *sorted(state.plain)])))
    kind = draw(st.sampled_from([tree.Json, tree.ParseLogfmt, tree.ParseCsv, tree.ParseXml]))
    command: tree.Command
    if kind is tree.ParseCsv:
        command = tree.ParseCsv(value=value, names=[state.fresh("text") for _ in range(2)])
    elif kind is tree.Json:
        path = text(draw(st.sampled_from(["status", "user.id", "level", "none[0]"])))
        command = tree.Json(value=value, path=path, name=state.fresh("mixed"))
    elif kind is tree.ParseXml:
        command = tree.ParseXml(value=value, path=text("/a/b"), name=state.fresh("text"))
    else:
        # The map itself may be neither sorted nor grouped by.
        state.made += 1
        name = f"x{state.made}"
        state.given.add(name)
        command = tree.ParseLogfmt(value=value, name=name)
        state.names[f"{name}.user"] = "text"
        state.given.add(f"{name}.user")
    state.commands.append(command)


def lists_opened(draw: st.DrawFn, state: State) -> None:
    name = draw(st.sampled_from(sorted(state.plain)))
    if draw(st.booleans()):
        state.commands.append(tree.Expand(value=field_of(name)))
        state.names[name] = "mixed"
        return
    words = call("split", field_of(name), text(draw(st.sampled_from([" ", "0"]))))
    value = draw(st.sampled_from([field_of(name), words]))
    state.commands.append(tree.Unnest(value=value, name=state.fresh("mixed")))


def sequenced(draw: st.DrawFn, state: State) -> None:
    """Draw a command that gives a row values of other rows; before `stats` and after it."""
    name = draw(st.sampled_from(sorted(state.plain)))
    other = draw(st.sampled_from(sorted(state.plain)))
    value = _reference(name, state)
    both = [value] if name == other else [value, _reference(other, state)]
    # `tail` of events becomes a sort, and groups have no times for sessions.
    kind = draw(st.sampled_from([0, 1, 2, 3, 4, 5 if state.after_stats else 6]))
    command: tree.Command
    if kind == 0:
        command = tree.Accum(value=value, name=state.fresh("mixed"))
    elif kind == 1:
        state.made += 1
        first, last = draw(st.sampled_from([(1, None), (2, None), (1, 2), (2, 2)]))
        command = tree.Autoregress(value=value, name=f"x{state.made}", first=first, last=last)
        for made in command.gives():
            state.names[made] = "mixed"
            state.given.add(made)
    elif kind == 2:
        command = tree.Filldown(fields=both)
    elif kind == 3:
        width = exp.Literal(this=draw(st.sampled_from(["0", "0.5", "2.5"])), is_string=False)
        options = {
            "action": draw(st.sampled_from(["remove", "transform"])),
            "uselower": draw(st.booleans()),
        }
        command = tree.Outlier(fields=both, param=width, mark=False, **options)
    elif kind == 4:
        col, name = draw(st.booleans()), state.fresh("mixed")
        command = tree.AddTotals(name=name, row=True, col=col, fields=both)
    elif kind == 5:
        command = tree.Tail(
            count=exp.Literal(this=draw(st.sampled_from("1 3 100".split())), is_string=False)
        )
    else:
        command = tree.Sessionize(
            fields=both, maxspan=tree.Period(count=1, unit="m"), name=state.fresh("text")
        )
    state.commands.append(command)


def _index_filtered(draw: st.DrawFn, state: State) -> None:
    # The service has an index on the stream by default, so nothing is to be said.
    streams = draw(st.lists(texts, min_size=1, max_size=3))
    condition = tree.In(value=field_of("@logStream"), options=[text("s"), *streams])
    state.commands.append(tree.FilterIndex(condition=condition))


def _pattern(draw: st.DrawFn, state: State) -> None:
    if draw(st.sampled_from([False, False, True])):
        names = draw(
            st.lists(st.sampled_from(sorted(state.plain)), min_size=1, max_size=3, unique=True)
        )
        fields = [field_of(name) for name in names]
        condition = draw(conditions(state.plain))
        state.commands.append(tree.RelevantFields(fields=fields, condition=condition))
        kinds = ["text", "number", "text", "number", "number"]
        state.names = dict(zip(tree.RELEVANCE_COLUMNS, kinds, strict=True))
        state.given, state.after_stats = set(), True
        return
    value = draw(
        st.one_of(st.just(field_of("@message")), values(state.plain).filter(_is_no_literal))
    )
    state.commands.append(tree.Pattern(value=value))
    state.names, state.given = {}, set()
    kinds = ["text", "integer", "number", "text"]
    state.names = dict(zip(tree.PATTERN_COLUMNS, kinds, strict=True))
    state.after_stats = True


def grouped(draw: st.DrawFn, state: State) -> None:
    value = values(state.plain)
    aggregates = st.one_of(
        st.just(call("count", tree.Star())),
        st.builds(
            call,
            st.sampled_from([*AGGREGATES, *([] if state.after_stats else EDGES)]),
            value,
        ),
        value.map(lambda v: call("pct", v, exp.Literal.number(90))),
        value.map(
            lambda v: call("sum" if state.after_stats else "rate", v, *periods(state.after_stats))
        ),
        st.builds(
            lambda v, w: exp.Div(this=call("sum", v), expression=call("count", w)), value, value
        ),
    )
    drawn = draw(st.lists(aggregates, min_size=1, max_size=3))
    # A name as `count(*)` may not come twice.
    named = [state.after_stats or draw(st.booleans()) for _ in drawn]
    keys = draw(st.lists(st.sampled_from(sorted(state.plain)), max_size=2, unique=True))
    bins = draw(st.booleans()) and not state.after_stats
    # Only what `stats` gives is left afterwards.
    made, plain = state.made, state.plain
    state.names, state.given = {}, set()
    items = []
    for aggregate, has_name in zip(drawn, named, strict=True):
        item = item_of(aggregate, state.fresh("mixed") if has_name else None)
        items.append(item)
        if not has_name:
            state.names[item.name] = "mixed"
    by = [item_of(tree.Field(parts=_parts(key, state))) for key in keys]
    if bins:
        period = tree.Period(count=draw(st.integers(1, 59)), unit=draw(st.sampled_from(["s", "m"])))
        by.append(item_of(call("bin", period), state.fresh("time")))
    if draw(st.sampled_from([False, False, True])):
        by.append(item_of(draw(borders(plain)), state.fresh("number")))
    state.names |= dict.fromkeys(keys, "mixed")
    assert state.made >= made
    state.after_stats = True
    state.commands.append(tree.Stats(aggregates=_distinct(items), by=by or None, offset=None))
    if bins and draw(st.booleans()):
        filled = draw(st.lists(st.sampled_from(items), max_size=2, unique_by=lambda i: i.name))
        fields = [tree.Field(parts=[item.name]) for item in filled] or None
        made = [draw(literals) for _ in filled] or None
        state.commands.append(tree.Fillmissing(values=made, fields=fields))


def periods(after_stats: bool) -> list[exp.Expression]:
    """Give the period of `rate`, which goes with events only."""
    return [] if after_stats else [tree.Period(count=10, unit="s")]


def _parts(name: str, state: State) -> list[str]:
    return [name] if state.after_stats else name.split(".")


def ending(draw: st.DrawFn, state: State) -> None:
    names = st.sampled_from(sorted(state.names))
    if draw(st.booleans()):
        keys = draw(st.lists(st.tuples(names, st.booleans()), min_size=1, max_size=2))
        state.commands.append(
            tree.Sort(
                keys=[
                    tree.SortKey(item=item_of(_reference(name, state)), descending=descending)
                    for name, descending in keys
                ]
            )
        )
    if draw(st.booleans()):
        shown = draw(st.lists(names, min_size=1, max_size=3, unique=True))
        items = [item_of(_reference(name, state)) for name in shown]
        state.commands.append(tree.Display(items=items))
    if draw(st.sampled_from([False, False, True])):
        shown = draw(st.lists(names, min_size=1, max_size=2, unique=True))
        items = [item_of(_reference(name, state)) for name in shown]
        state.commands.append(tree.Dedup(items=items))
    if draw(st.booleans()):
        count = draw(st.sampled_from([1, 2, 5, 1000]))
        state.commands.append(tree.Limit(count=exp.Literal.number(count), any=None))


def _reference(name: str, state: State) -> tree.Field:
    return tree.Field(parts=[name] if state.after_stats else name.split("."))


def _distinct(items: list[tree.Item]) -> list[tree.Item]:
    """Leave out what `settle` would: the same column with the same name twice."""
    return list({item.name: item for item in items}.values())


# ---------------------------------------------------------------- of any shape

any_text = st.text(st.characters(codec="utf-8"), max_size=6)
any_name = st.text(st.characters(codec="utf-8"), min_size=1, max_size=4) | st.sampled_from(
    ["and", "TRUE", "by", "@", "@x", "@x y", "0", "a.b", "a`b", "@`", "asc", "_"]
)
any_field = st.lists(any_name, min_size=1, max_size=3).map(lambda parts: tree.Field(parts=parts))


def expressions() -> st.SearchStrategy[exp.Expression]:
    """Any tree that the grammar can give."""
    leaves = st.one_of(any_field, numbers, any_text.map(text), booleans)
    return st.recursive(leaves, _any_deeper, max_leaves=12)


def _any_deeper(inner: st.SearchStrategy[exp.Expression]) -> st.SearchStrategy[exp.Expression]:
    binary = [*COMPARISONS, *ARITHMETIC, exp.Pow]
    accessible = inner.filter(lambda v: not isinstance(v, exp.Literal | exp.Boolean))
    return st.one_of(
        _deeper(inner),
        _logic(inner),
        st.builds(lambda o, a, b: o(this=a, expression=b), st.sampled_from(binary), inner, inner),
        st.builds(
            lambda v, p: tree.Like(value=v, pattern=p),
            inner,
            st.one_of(any_text.map(text), regexes),
        ),
        st.builds(
            lambda v, o: tree.In(value=v, options=o),
            inner,
            st.lists(literals, min_size=1, max_size=3),
        ),
        st.builds(
            lambda v, p: tree.Access(value=v, path=p),
            accessible,
            st.lists(any_name, min_size=1, max_size=2),
        ),
    )


def _items(min_size: int = 1) -> st.SearchStrategy[list[tree.Item]]:
    item = st.builds(item_of, expressions(), st.none() | any_name)
    return st.lists(item, min_size=min_size, max_size=3)


def _globs() -> st.SearchStrategy[tree.Parse]:
    def parse(value: exp.Expression, words: list[str], names: list[str]) -> tree.Parse:
        wildcards = len(words) - 1
        return tree.Parse(
            value=value,
            pattern=text("*".join(words)),
            names=(names * wildcards)[:wildcards],
            multi=None,
        )

    word = any_text.map(lambda w: w.replace("*", ""))
    return st.builds(
        parse,
        expressions().filter(lambda v: not isinstance(v, exp.Literal)),
        st.lists(word, min_size=2, max_size=3),
        st.lists(any_name, min_size=1, max_size=2),
    )


def _extractions() -> st.SearchStrategy[tree.Command]:
    value = expressions().filter(lambda v: not isinstance(v, exp.Literal))
    names = st.lists(any_name, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda v, n: tree.ParseLogfmt(value=v, name=n), value, any_name),
        st.builds(lambda v, n: tree.ParseCsv(value=v, names=n), value, names),
        st.builds(
            lambda v, p, n: tree.ParseXml(value=v, path=text(p), name=n),
            value,
            st.sampled_from(["/a/b", "//b/@c", "/a[@k='v \"w']", "b"]),
            any_name,
        ),
        st.builds(
            lambda f, p, n: tree.Json(value=f, path=text(p), name=n),
            any_field,
            st.sampled_from(["a.b", "[0]", "`a b`[1].c", "['it']"]),
            any_name,
        ),
        st.builds(lambda v, n: tree.Unnest(value=v, name=n), expressions(), any_name),
        any_field.map(lambda f: tree.Expand(value=f)),
        st.builds(
            lambda f, v: tree.FilterIndex(condition=exp.EQ(this=f, expression=v)),
            any_field,
            literals,
        ),
        st.builds(
            lambda f, v: tree.FilterIndex(condition=tree.In(value=f, options=v)),
            any_field,
            st.lists(literals, min_size=1, max_size=2),
        ),
    )


def queries() -> st.SearchStrategy[tree.Pipeline]:
    """Any pipeline that the grammar can give, whether or not it means something."""
    keys = st.lists(
        st.builds(
            lambda items, descending: tree.SortKey(item=items[0], descending=descending),
            _items(),
            st.booleans(),
        ),
        min_size=1,
        max_size=2,
    )
    periods = st.builds(
        lambda n, u: tree.Period(count=n, unit=u),
        st.integers(1, 500),
        st.sampled_from("ms s mo y".split()),
    )
    commands = st.one_of(
        _items().map(lambda items: tree.Fields(items=items)),
        _items().map(lambda items: tree.Display(items=items)),
        _items().map(lambda items: tree.Unmask(items=items)),
        _extractions(),
        expressions().map(lambda condition: tree.Filter(condition=condition)),
        _globs(),
        st.builds(
            lambda a, b, o: tree.Stats(aggregates=a, by=b or None, offset=o if b else None),
            _items(),
            _items(0),
            st.none() | periods,
        ),
        keys.map(lambda keys: tree.Sort(keys=keys)),
        st.builds(
            lambda n, loose: tree.Limit(count=exp.Literal.number(n), any=loose or None),
            st.integers(0, 10**6),
            st.booleans(),
        ),
        st.lists(any_field.map(item_of), min_size=1, max_size=2).map(
            lambda items: tree.Dedup(items=items)
        ),
    )
    return st.lists(commands, min_size=1, max_size=4).map(
        lambda commands: tree.Pipeline(commands=commands)
    )


__all__ = ["FIELDS", "conditions", "expressions", "pipelines", "queries", "values"]
