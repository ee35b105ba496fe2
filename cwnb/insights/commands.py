"""What a query is made of: the Pipeline, one node class per command, and the expression nodes.

All are sqlglot Expressions: `find_all`, `transform`, `copy`, `==` and pickling come with that.
Operators are sqlglot's own nodes (`exp.And`, `exp.Or`, `exp.Not`, `exp.EQ`, `exp.NEQ`, `exp.LT`,
`exp.LTE`, `exp.GT`, `exp.GTE`, `exp.Add`, `exp.Sub`, `exp.Mul`, `exp.Div`, `exp.Mod`, `exp.Pow`,
`exp.Neg`, `exp.Paren` never), as are literals (`exp.Literal`, `exp.Boolean`). Every node that was
read from text carries `meta["start"]` and `meta["end"]`, its slice of the query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp

from cwnb.events import MESSAGE, TIMESTAMP
from cwnb.insights.names import function_named

if TYPE_CHECKING:
    from cwnb.insights.functions import Function


class Node(exp.Expression):
    """A node of ours; its texts count as they are, where sqlglot would lower-case them in `==`."""

    _hash_raw_args: ClassVar[bool] = True


# ---------------------------------------------------------------- expressions


class Field(Node):
    """A field by name: `@message`, `order.items.0.sku`, `` `user-agent` ``.

    `parts` are the name's pieces as strings, array indexes included; `name` joins them with dots,
    which is how discovered fields are called.
    """

    arg_types: ClassVar[dict[str, bool]] = {"parts": True}

    @property
    def name(self) -> str:
        """Give the dotted name."""
        return ".".join(self.args["parts"])


class Access(Node):
    """A key or index of a structure: `jsonParse(x).key`, `list[2].sku`; `path` as Field's parts."""

    arg_types: ClassVar[dict[str, bool]] = {"value": True, "path": True}


class Call(Node):
    """A function by its canonical name (see `functions`), with its arguments in order."""

    arg_types: ClassVar[dict[str, bool]] = {"function": True, "arguments": False}

    @property
    def name(self) -> str:
        """Give the function's canonical name."""
        return str(self.args["function"])

    @property
    def entry(self) -> Function:
        """Give the function's entry in the function table, which has all that is asked of it."""
        return function_named(self.name)

    @property
    def arguments(self) -> list[exp.Expression]:
        """Give the arguments in order."""
        return self.args.get("arguments") or []


class Star(Node):
    """The `*` of `count(*)`."""

    arg_types: ClassVar[dict[str, bool]] = {}


class Regex(Node):
    """A `/…/` literal; `pattern` in RE2 syntax (`(?P<name>…)`), its escaped slashes plain."""

    arg_types: ClassVar[dict[str, bool]] = {"pattern": True}

    @property
    def pattern(self) -> str:
        """Give the RE2 pattern."""
        return str(self.args["pattern"])


class Period(Node):
    """A length of time, `5m`: `count` (int) of `unit` (one of ms s m h d w mo q y)."""

    arg_types: ClassVar[dict[str, bool]] = {"count": True, "unit": True}


class Like(Node):
    """`value like "text"` (substring) or `value like /re/` (search); `=~` reads as the same.

    `pattern` is an `exp.Literal` string or a Regex.
    """

    arg_types: ClassVar[dict[str, bool]] = {"value": True, "pattern": True}


class In(Node):
    """`value in [a, b]`; `options` are literals."""

    arg_types: ClassVar[dict[str, bool]] = {"value": True, "options": True}


class Item(Node):
    """An expression of a list, with its `alias` if one was given.

    `name` is the column it makes: the alias, else the field's name, else the text as written.
    """

    arg_types: ClassVar[dict[str, bool]] = {"value": True, "alias": False, "text": True}

    @property
    def name(self) -> str:
        """Give the name of the column."""
        if self.args.get("alias"):
            return str(self.args["alias"])
        value = self.args["value"]
        return value.name if isinstance(value, Field) else str(self.args["text"])

    @property
    def value(self) -> exp.Expression:
        """Give the expression."""
        value: exp.Expression = self.args["value"]
        return value


class SortKey(Node):
    """An Item and a direction."""

    arg_types: ClassVar[dict[str, bool]] = {"item": True, "descending": True}


# How operators are written.
COMPARISONS: dict[type[Any], str] = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
ARITHMETIC: dict[type[Any], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.Pow: "^",
}


# ---------------------------------------------------------------- commands


class Command(Node):
    """One step of a pipeline. The facts below are what the rewrite rules read.

    `drops_rows`: rows may leave or multiply, so a filter or limit may not move past without
    changing what is counted. `barrier`: needs all rows before it gives one (sort, stats, dedup).
    """

    keyword: ClassVar[str] = ""
    drops_rows: ClassVar[bool] = False
    barrier: ClassVar[bool] = False

    def reads(self) -> set[str]:
        """Name the fields that this command reads."""
        return fields_read(self)

    def writes(self) -> set[str]:
        """Name the fields that this command makes or replaces."""
        return set()


def _made(items: list[Item]) -> set[str]:
    return {i.name for i in items if i.args.get("alias") or not isinstance(i.value, Field)}


class Fields(Command):
    """`fields a, f(b) as c`: show these, and compute."""

    keyword = "fields"
    arg_types: ClassVar[dict[str, bool]] = {"items": True}

    def writes(self) -> set[str]:
        """Name the computed fields."""
        return _made(self.args["items"])


class Display(Command):
    """`display a, f(b) as c`: show only these; the last one wins."""

    keyword = "display"
    arg_types: ClassVar[dict[str, bool]] = {"items": True}

    def writes(self) -> set[str]:
        """Name the computed fields."""
        return _made(self.args["items"])


class Filter(Command):
    """`filter condition`, or `where condition`: keep the rows for which it is true."""

    keyword = "filter"
    drops_rows = True
    arg_types: ClassVar[dict[str, bool]] = {"condition": True}


class Parse(Command):
    """`parse [value] "glob*" as a` or `parse [value] /re/ [multi]`: fields out of text.

    `pattern` is an `exp.Literal` string (glob) or a Regex; `names` are the fields made, in order of
    wildcard or group. `multi` gives a row per match.
    """

    keyword = "parse"
    arg_types: ClassVar[dict[str, bool]] = {
        "value": True,
        "pattern": True,
        "names": True,
        "multi": False,
    }

    def writes(self) -> set[str]:
        """Name the extracted fields."""
        return set(self.args["names"])


class Stats(Command):
    """`stats aggregates by keys offset period`: one row per combination of keys."""

    keyword = "stats"
    drops_rows = True
    barrier = True
    arg_types: ClassVar[dict[str, bool]] = {"aggregates": True, "by": False, "offset": False}

    def writes(self) -> set[str]:
        """Name the output columns, which are all that is left afterwards."""
        return {item.name for item in [*self.args["aggregates"], *(self.args.get("by") or [])]}


class Sort(Command):
    """`sort key [asc|desc], …`; stable over the order that comes in."""

    keyword = "sort"
    barrier = True
    arg_types: ClassVar[dict[str, bool]] = {"keys": True}

    def writes(self) -> set[str]:
        """Name the keys that were given an alias, which later commands may use."""
        items = [key.args["item"] for key in self.args["keys"]]
        return {item.name for item in items if item.args.get("alias")}


class Limit(Command):
    """`limit n`, or `limit any n`, which may take whatever n rows come first."""

    keyword = "limit"
    drops_rows = True
    barrier = True
    arg_types: ClassVar[dict[str, bool]] = {"count": True, "any": False}


class Dedup(Command):
    """`dedup a, b`: keep the first row of each combination; rows with a missing one all stay."""

    keyword = "dedup"
    drops_rows = True
    barrier = True
    arg_types: ClassVar[dict[str, bool]] = {"items": True}


class Pipeline(Node):
    """A query: its commands in the order in which they run."""

    arg_types: ClassVar[dict[str, bool]] = {"commands": True}

    @property
    def commands(self) -> list[Command]:
        """Give the commands in order."""
        commands: list[Command] = self.args["commands"]
        return commands


# Commands made by rewriting; they print as Insights text with their facts in a comment.


class ScanEvents(Command):
    """The read that begins a rewritten pipeline: `columns` by name, `conditions` to prune by."""

    keyword = "scan"
    arg_types: ClassVar[dict[str, bool]] = {"columns": True, "conditions": False}


class TopRows(Command):
    """`sort … | limit n` in one step: `keys` and `count`."""

    keyword = "top"
    drops_rows = True
    barrier = True
    arg_types: ClassVar[dict[str, bool]] = {"keys": True, "count": True}


COMMANDS: tuple[type[Command], ...] = (
    Fields,
    Display,
    Filter,
    Parse,
    Stats,
    Sort,
    Limit,
    Dedup,
)
# Spellings that read as another command.
SYNONYMS = {"where": "filter", "order": "sort", "head": "limit"}
# In the language, not built yet: each is an error with its own name.
NOT_YET = (
    "filterindex json tail pattern diff anomaly unmask unnest expand lookup cidrlookup join "
    "appendcols relevantfields addtotals accum autoregress filldown fillmissing outlier sessionize "
    "countfrequent logcompare estimate source"
).split()
DEFAULT_PARSE_FIELD = MESSAGE


def conjuncts(condition: exp.Expression) -> list[exp.Expression]:
    """Split a condition at its outermost `and`s."""
    return links(exp.And, condition)


def links(operator: type[exp.And | exp.Or], node: exp.Expression) -> list[exp.Expression]:
    """Split a chain of `and` or `or` into its terms, in order; undoes `chained`."""
    if isinstance(node, operator):
        return [*links(operator, node.this), *links(operator, node.expression)]
    return [node]


def chained(operator: type[exp.And | exp.Or], terms: list[exp.Expression]) -> exp.Expression:
    """Join terms by `and` or `or`, in order and as a balanced tree, however many there are."""
    if len(terms) == 1:
        return terms[0]
    middle = (len(terms) + 1) // 2
    left, right = chained(operator, terms[:middle]), chained(operator, terms[middle:])
    return operator(this=left, expression=right)


def fields_read(node: exp.Expr) -> set[str]:
    """Name the fields that a tree reads; `bin` reads the time without naming it."""
    names = {field.name for field in node.find_all(Field)}
    return names | {TIMESTAMP} if reads_event_time(node) else names


def reads_event_time(node: exp.Expr) -> bool:
    """Tell whether a function in the tree reads the time of the event without naming it."""
    return any(call.entry.reads_event_time for call in node.find_all(Call))


def literal_value(node: exp.Expression) -> Any:
    """Give the Python value of a literal node: str, int, float or bool.

    A number is an int when it is written without point and exponent, however long.
    """
    if isinstance(node, exp.Neg):
        return -literal_value(node.this)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Literal):
        text = str(node.this)
        if node.is_string:
            return text
        return int(text) if text.isdigit() else float(text)
    message = f"not a literal: {node!r}"
    raise TypeError(message)


def is_literal(node: exp.Expression) -> bool:
    """Tell whether `literal_value` can read the node."""
    if isinstance(node, exp.Neg):
        return isinstance(node.this, exp.Literal) and not node.this.is_string
    return isinstance(node, exp.Boolean | exp.Literal)
