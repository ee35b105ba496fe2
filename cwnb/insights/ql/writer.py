"""Write any node as Insights text, by one function for each class; the text reads as that node.

Parentheses stand only where precedence asks for them, names are quoted only where they must be.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from sqlglot import exp
from sqlglot.generator import Generator

from cwnb.events import STANDARD
from cwnb.insights import tree
from cwnb.insights.names import known_functions
from cwnb.insights.ql.tokens import PLAIN_PART, quote
from cwnb.regex import groups, with_openings, write_regex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cwnb.events import GroupSelector

Write = TypeVar("Write", bound="Callable[..., str]")

# The precedence of operators; an operand of lower precedence goes into parentheses.
OR, AND, NOT, COMPARE, SUM, PRODUCT, POWER, UNARY, POSTFIX = range(1, 10)
PRECEDENCE: dict[type[exp.Expression], int] = {
    exp.Or: OR,
    exp.And: AND,
    exp.Not: NOT,
    **dict.fromkeys(tree.COMPARISONS, COMPARE),
    **dict.fromkeys((tree.Like, tree.In, tree.InSubquery), COMPARE),
    **dict.fromkeys((exp.Add, exp.Sub), SUM),
    **dict.fromkeys((exp.Mul, exp.Div, exp.Mod), PRODUCT),
    exp.Pow: POWER,
    exp.Neg: UNARY,
}
SIGNS: dict[type[exp.Expression], str] = {**tree.COMPARISONS, **tree.ARITHMETIC}
# Words that would be read as something else than a field.
QUOTED_WORDS = frozenset(
    "and or not like in as by true false asc desc offset any multi logfmt csv xml".split()
)
WRITERS: dict[type[exp.Expression], Callable[[Any], str]] = {}


class Writer(Generator):
    """Makes sqlglot use `to_text`: `node.sql(dialect="insights")`."""

    def generate(self, expression: exp.Expr, copy: bool = True) -> str:  # noqa: ARG002 - its signature
        """Write the node."""
        return to_text(expression)


def to_text(node: exp.Expr) -> str:
    """Write a Pipeline, a command or an expression as Insights text."""
    writer = WRITERS.get(type(node))  # type: ignore[arg-type]
    if writer is None:
        message = f"no Insights text for {type(node).__name__}"
        raise TypeError(message)
    return writer(node)


def _writes(*kinds: type[exp.Expression]) -> Callable[[Write], Write]:
    def register(function: Write) -> Write:
        for kind in kinds:
            WRITERS[kind] = function
        return function

    return register


def _inside(node: exp.Expression, least: int) -> str:
    text = to_text(node)
    return text if PRECEDENCE.get(type(node), POSTFIX) >= least else f"({text})"


def _list(nodes: Sequence[exp.Expression]) -> str:
    return ", ".join(to_text(node) for node in nodes)


# Names


def write_name(name: str) -> str:
    """Write a name; whatever is not letters, digits, `_`, `@` and dots goes into backticks."""
    first, *others = name.split(".")
    if all(PLAIN_PART.fullmatch(part) for part in (first, *others)):
        return ".".join([_first_part(first, alone=not others), *others])
    return _first_part(name, alone=True)


def _part(part: str) -> str:
    return part if PLAIN_PART.fullmatch(part) else _quoted(part)


def _first_part(part: str, *, alone: bool) -> str:
    plain = PLAIN_PART.fullmatch(part) and not part[0].isdigit()
    if plain and not (alone and part.lower() in QUOTED_WORDS):
        return part
    if part.startswith("@") and part.strip("@"):
        bare = part.lstrip("@")
        return part[: len(part) - len(bare)] + _quoted(bare)
    return _quoted(part)


def _quoted(part: str) -> str:
    return "`" + part.replace("`", "``") + "`"


@_writes(tree.Field)
def _field(node: tree.Field) -> str:
    return write_name(node.name)


@_writes(tree.Access)
def _access(node: tree.Access) -> str:
    value = node.args["value"]
    written = to_text(value) if isinstance(value, tree.Call) else f"({to_text(value)})"
    return written + "".join(f".{_part(step)}" for step in node.args["path"])


# Expressions


@_writes(exp.Literal)
def _literal(node: exp.Literal) -> str:
    return quote(str(node.this)) if node.is_string else str(node.this)


@_writes(exp.Boolean)
def _boolean(node: exp.Boolean) -> str:
    return "true" if node.this else "false"


@_writes(tree.Regex)
def _regex(node: tree.Regex) -> str:
    return write_regex(node.pattern)


def regex_of_glob(glob: str, names: Sequence[str]) -> str:
    """Write a glob that is meant as a regex as one, with the names in its groups if they fit."""
    openings: list[str | None] = [f"(?P<{name}>" for name in names]
    plain = all(name.isidentifier() for name in names)
    named = plain and [group.name for group in groups(glob)] == [None] * len(names)
    return write_regex(with_openings(glob, openings) if named else glob)


@_writes(tree.Period)
def _period(node: tree.Period) -> str:
    return f"{node.args['count']}{node.args['unit']}"


@_writes(tree.Star)
def _star(_: tree.Star) -> str:
    return "*"


@_writes(tree.Call)
def _call(node: tree.Call) -> str:
    function = known_functions().get(node.name)
    return f"{function.name if function else node.name}({_list(node.arguments)})"


@_writes(exp.Or, exp.And)
def _chain(node: exp.Or | exp.And) -> str:
    tight = PRECEDENCE[type(node)] + 1
    word = " or " if isinstance(node, exp.Or) else " and "
    return word.join(_inside(term, tight) for term in tree.chain_terms(type(node), node))


@_writes(exp.Not)
def _not(node: exp.Not) -> str:
    inner = node.this
    if isinstance(inner, tree.Like):
        return _like(inner, "not like")
    if isinstance(inner, tree.In):
        return _in(inner, "not in")
    if isinstance(inner, tree.InSubquery):
        return _in_subquery(inner, "not in")
    return f"not {_inside(inner, NOT)}"


@_writes(tree.Like)
def _like(node: tree.Like, word: str = "like") -> str:
    return f"{_inside(node.args['value'], SUM)} {word} {to_text(node.args['pattern'])}"


@_writes(tree.In)
def _in(node: tree.In, word: str = "in") -> str:
    return f"{_inside(node.args['value'], SUM)} {word} [{_list(node.args['options'])}]"


@_writes(tree.InSubquery)
def _in_subquery(node: tree.InSubquery, word: str = "in") -> str:
    return f"{_inside(node.args['value'], SUM)} {word} ({to_text(node.args['answer'])})"


@_writes(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
def _comparison(node: exp.Expression) -> str:
    return f"{_inside(node.this, SUM)} {SIGNS[type(node)]} {_inside(node.expression, SUM)}"


@_writes(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
def _arithmetic(node: exp.Expression) -> str:
    level = PRECEDENCE[type(node)]
    return f"{_inside(node.this, level)} {SIGNS[type(node)]} {_inside(node.expression, level + 1)}"


@_writes(exp.Pow)
def _power(node: exp.Expression) -> str:
    return f"{_inside(node.this, UNARY)} ^ {_inside(node.expression, POWER)}"


@_writes(exp.Neg)
def _negative(node: exp.Neg) -> str:
    return f"-{_inside(node.this, UNARY)}"


# Commands


@_writes(tree.Item)
def _item(node: tree.Item) -> str:
    written = to_text(node.value)
    if node.args.get("alias"):
        return f"{written} as {write_name(node.name)}"
    if isinstance(node.value, tree.Field) or written == node.name:
        return written
    # The text as written names the column; if it no longer reads as the value, an alias is needed.
    if _reads_as(node.name, node.value):
        return node.name
    return f"{written} as {write_name(node.name)}"


def _reads_as(text: str, value: exp.Expression) -> bool:
    from cwnb.errors import MalformedQuery
    from cwnb.insights.ql.dialect import parse_expression

    try:
        return parse_expression(text) == value
    except MalformedQuery:
        return False


@_writes(tree.SortKey)
def _sort_key(node: tree.SortKey) -> str:
    return f"{to_text(node.args['item'])} {'desc' if node.args['descending'] else 'asc'}"


@_writes(tree.Fields, tree.Display, tree.Unmask, tree.Dedup)
def _items(node: tree.Fields | tree.Display | tree.Unmask | tree.Dedup) -> str:
    return f"{node.keyword} {_list(node.args['items'])}"


@_writes(tree.Filter, tree.FilterIndex)
def _filter(node: tree.Filter | tree.FilterIndex) -> str:
    return f"{node.keyword} {to_text(node.args['condition'])}"


@_writes(tree.Parse)
def _parse(node: tree.Parse) -> str:
    pattern = node.args["pattern"]
    words = ["parse", _parsed(node), to_text(pattern)]
    named = isinstance(pattern, tree.Regex) and any(g.name for g in groups(pattern.pattern))
    if not named:
        words += ["as", ", ".join(write_name(name) for name in node.args["names"])]
    if node.args.get("multi"):
        words.append("multi")
    return " ".join(words)


@_writes(tree.ParseLogfmt)
def _parse_logfmt(node: tree.ParseLogfmt) -> str:
    return f"parse {_parsed(node)} logfmt as {write_name(node.args['name'])}"


@_writes(tree.ParseCsv)
def _parse_csv(node: tree.ParseCsv) -> str:
    return f"parse {_parsed(node)} csv as {', '.join(map(write_name, node.args['names']))}"


@_writes(tree.ParseXml)
def _parse_xml(node: tree.ParseXml) -> str:
    path, name = to_text(node.args["path"]), write_name(node.args["name"])
    return f"parse {_parsed(node)} xml {path} as {name}"


@_writes(tree.Json)
def _json(node: tree.Json) -> str:
    value, path = to_text(node.args["value"]), to_text(node.args["path"])
    return f"json field={value} {path} as {write_name(node.args['name'])}"


def _parsed(node: tree.Command) -> str:
    # Outside parentheses a slash here would open a regex.
    return _inside(node.args["value"], POSTFIX)


@_writes(tree.Unnest)
def _unnest(node: tree.Unnest) -> str:
    return f"unnest {_inside(node.args['value'], SUM)} into {write_name(node.args['name'])}"


@_writes(tree.Expand)
def _expand(node: tree.Expand) -> str:
    return f"expand {to_text(node.args['value'])}"


@_writes(tree.Pattern)
def _pattern(node: tree.Pattern) -> str:
    return f"pattern {to_text(node.args['value'])}"


@_writes(tree.Diff)
def _diff(node: tree.Diff) -> str:
    return f"diff {node.args['to']}" if node.args.get("to") else "diff"


@_writes(tree.Anomaly)
def _anomaly(node: tree.Anomaly) -> str:
    return node.keyword


@_writes(tree.RelevantFields)
def _relevant_fields(node: tree.RelevantFields) -> str:
    named = node.args.get("fields")
    listed = f"{_list(named)} " if named else ""
    return f"relevantfields {listed}where {to_text(node.args['condition'])}"


@_writes(tree.Logcompare)
def _logcompare(node: tree.Logcompare) -> str:
    return f"logcompare timeshift {to_text(node.args['timeshift'])}"


@_writes(tree.Lookup)
def _lookup(node: tree.Lookup) -> str:
    return f"lookup {node.args['table']} {_list(node.args['keys'])} {_outputs(node)}"


@_writes(tree.CidrLookup)
def _cidr_lookup(node: tree.CidrLookup) -> str:
    column = node.args.get("column")
    networks = f" as {write_name(column)}" if column else ""
    field = to_text(node.args["field"])
    return f"cidrlookup {node.args['table']} {field}{networks} {_outputs(node)}"


def _outputs(node: tree.Lookup | tree.CidrLookup) -> str:
    return f"{'OUTPUTNEW' if node.args.get('new') else 'OUTPUT'} {_list(node.args['outputs'])}"


@_writes(tree.Join)
def _join(node: tree.Join) -> str:
    left, right = node.args["left"], node.args["right"]
    keys = (
        f"{left}.{to_text(key.args['left'])} = {right}.{write_name(key.args['right'])}"
        for key in node.args["keys"]
    )
    kind = "type=left " if node.args.get("outer") else ""
    sides = f"left={write_name(left)} right={write_name(right)}"
    return f"join {kind}{sides} where {' and '.join(keys)} ({to_text(node.args['answer'])})"


@_writes(tree.AppendCols)
def _append_cols(node: tree.AppendCols) -> str:
    override = "override=true " if node.args.get("override") else ""
    most = f"max={node.args['most']} " if node.args.get("most") else ""
    return f"appendcols {override}{most}({to_text(node.args['answer'])})"


@_writes(tree.JoinKey)
def _join_key(node: tree.JoinKey) -> str:
    return f"{to_text(node.args['left'])} = {write_name(node.args['right'])}"


@_writes(tree.TableKey)
def _table_key(node: tree.TableKey) -> str:
    column = write_name(node.args["column"])
    field = to_text(node.field)
    return column if field == column else f"{column} as {field}"


@_writes(tree.TableOutput)
def _table_output(node: tree.TableOutput) -> str:
    column, name = write_name(node.args["column"]), write_name(node.args["name"])
    return column if name == column else f"{column} as {name}"


@_writes(tree.Stats)
def _stats(node: tree.Stats) -> str:
    text = f"stats {_list(node.args['aggregates'])}"
    if node.args.get("by"):
        text += f" by {_list(node.args['by'])}"
    if node.args.get("offset"):
        text += f" offset {to_text(node.args['offset'])}"
    return text


@_writes(tree.Sort)
def _sort(node: tree.Sort) -> str:
    return f"sort {_list(node.args['keys'])}"


@_writes(tree.Limit)
def _limit(node: tree.Limit) -> str:
    return f"limit {'any ' if node.args.get('any') else ''}{to_text(node.args['count'])}"


@_writes(tree.Tail)
def _tail(node: tree.Tail) -> str:
    return f"tail {to_text(node.args['count'])}"


@_writes(tree.CountFrequent)
def _count_frequent(node: tree.CountFrequent) -> str:
    return f"countFrequent {_list(node.args['fields'])}"


@_writes(tree.Accum)
def _accum(node: tree.Accum) -> str:
    return f"accum {to_text(node.args['value'])} as {write_name(node.args['name'])}"


@_writes(tree.Autoregress)
def _autoregress(node: tree.Autoregress) -> str:
    name, last = node.args.get("name"), node.args.get("last")
    alias = f" as {write_name(name)}" if name else ""
    lags = f"{node.args['first']}-{last}" if last else str(node.args["first"])
    return f"autoregress {to_text(node.args['value'])}{alias} p={lags}"


@_writes(tree.Wildcard)
def _wildcard(node: tree.Wildcard) -> str:
    return node.pattern


@_writes(tree.Filldown)
def _filldown(node: tree.Filldown) -> str:
    return " ".join(["filldown", *map(to_text, node.args.get("fields") or [])])


@_writes(tree.Outlier)
def _outlier(node: tree.Outlier) -> str:
    args = node.args
    options = f"action={args['action']} param={to_text(args['param'])}"
    options += f" uselower={_flag(args['uselower'])} mark={_flag(args['mark'])}"
    return " ".join(["outlier", options, *map(to_text, args["fields"])])


@_writes(tree.Sessionize)
def _sessionize(node: tree.Sessionize) -> str:
    maxspan, name = to_text(node.args["maxspan"]), write_name(node.args["name"])
    return f"sessionize {_list(node.args['fields'])} maxspan {maxspan} as {name}"


@_writes(tree.AddTotals)
def _addtotals(node: tree.AddTotals) -> str:
    args = node.args
    options = f"row={_flag(args['row'])} col={_flag(args['col'])}"
    text = f"addtotals fieldname={write_name(args['name'])} {options}"
    return f"{text} {_list(args['fields'])}" if args.get("fields") else text


@_writes(tree.Fillmissing)
def _fillmissing(node: tree.Fillmissing) -> str:
    fills = [f"{to_text(value)} for {write_name(name)}" for name, value in node.filled().items()]
    return f"fillmissing with {', '.join(fills)}" if fills else "fillmissing"


@_writes(tree.Estimate)
def _estimate(_: tree.Estimate) -> str:
    return "estimate"


def _flag(value: bool) -> str:
    return "true" if value else "false"


@_writes(tree.Pipeline)
def _pipeline(node: tree.Pipeline) -> str:
    source = to_text(node.input)
    return "\n| ".join([*([source] if source else []), *map(to_text, node.commands)])


# The texts of the pipelines before the one that is written, while a whole query is.
_EARLIER: ContextVar[tuple[str, ...]] = ContextVar("_EARLIER", default=())


@_writes(tree.Query)
def _query(node: tree.Query) -> str:
    texts: list[str] = []
    shared = node.answer.input
    for pipeline in node.pipelines:
        own = pipeline
        if pipeline is not node.answer and pipeline.input == shared:
            # It reads the groups of the pipeline around it, as one that names none does.
            own = tree.Pipeline(commands=[command.copy() for command in pipeline.commands])
        before = _EARLIER.set(tuple(texts))
        try:
            texts.append(to_text(own))
        finally:
            _EARLIER.reset(before)
    return texts[-1]


@_writes(tree.CallersGroups)
def _callers_groups(_: tree.CallersGroups) -> str:
    return ""


@_writes(tree.Groups)
def _groups(node: tree.Groups) -> str:
    times = [
        f" {word}={quote(node.args[word])}" for word in ("start", "end") if node.args.get(word)
    ]
    return "\n| ".join(f"SOURCE {_selector(one)}{''.join(times)}" for one in node.selectors)


def _selector(selector: GroupSelector) -> str:
    if selector.names:
        return quote(selector.names[0])
    options = {
        "namePrefix": selector.prefixes,
        "accountIdentifier": selector.accounts,
        "class": () if selector.log_classes == (STANDARD,) else selector.log_classes,
    }
    said = ", ".join(f"{name}: {_quoted_list(texts)}" for name, texts in options.items() if texts)
    parts = [f"dataSource({_quoted_list(selector.data_sources)})"] if selector.data_sources else []
    if said or not (selector.data_sources or selector.tags):
        parts.append(f"logGroups({said})")
    if selector.tags:
        tags = (
            f'{{"key": {quote(key)}, "values": {_quoted_list(values)}}}'
            for key, values in selector.tags
        )
        parts.append(f"logGroupTags([{', '.join(tags)}])")
    return " ".join(parts)


def _quoted_list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(quote, texts))}]"


@_writes(tree.Table)
def _table(node: tree.Table) -> str:
    return f"# table {node.args['name']}"


@_writes(tree.Answer)
def _answer(node: tree.Answer) -> str:
    # No language can name an answer: a query text has the other pipeline in its place.
    earlier = _EARLIER.get()
    return earlier[node.place] if node.place < len(earlier) else f"answer {node.place + 1}"


@_writes(tree.ScanEvents)
def _scan(node: tree.ScanEvents) -> str:
    facts = f"# scan {', '.join(write_name(name) for name in node.args['columns'])}"
    conditions = node.args.get("conditions")
    return f"{facts} where {' and '.join(map(to_text, conditions))}" if conditions else facts


@_writes(tree.TopRows)
def _top_rows(node: tree.TopRows) -> str:
    return f"sort {_list(node.args['keys'])} | limit {to_text(node.args['count'])}"
