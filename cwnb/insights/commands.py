"""What a query is made of: pipelines, one node class per command, and the expression nodes.

All are sqlglot Expressions: `find_all`, `transform`, `copy`, `==` and pickling come with that.
Operators are sqlglot's own nodes (`exp.And`, `exp.Or`, `exp.Not`, `exp.EQ`, `exp.NEQ`, `exp.LT`,
`exp.LTE`, `exp.GT`, `exp.GTE`, `exp.Add`, `exp.Sub`, `exp.Mul`, `exp.Div`, `exp.Mod`, `exp.Pow`,
`exp.Neg`, `exp.Paren` never), as are literals (`exp.Literal`, `exp.Boolean`). Every node that was
read from text carries `meta["start"]` and `meta["end"]`, its slice of the query.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from sqlglot import exp

from cwnb.events import MESSAGE, TIMESTAMP
from cwnb.insights.facts import Names, Needs, Order, Rows, Shown, Shows, check_facts
from cwnb.insights.names import function_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.insights.functions import Function

Found = TypeVar("Found", bound=exp.Expression)


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


# ---------------------------------------------------------------- inputs, pipelines, queries


class Input(Node):
    """Where the rows of a pipeline come from."""


class CallersGroups(Input):
    """The log groups, or the frame, that the caller names beside the query."""

    arg_types: ClassVar[dict[str, bool]] = {}


class Groups(Input):
    """Log groups that the query names; `selectors` are names, or prefixes with a trailing `*`."""

    arg_types: ClassVar[dict[str, bool]] = {"selectors": True}


class Table(Input):
    """A table (a lookup table, a frame) that the caller's sources know by `name`."""

    arg_types: ClassVar[dict[str, bool]] = {"name": True}


class Answer(Input):
    """The answer of an earlier pipeline of the query; `place` counts them from 0.

    As an input it gives the rows. A command or an expression that needs another pipeline's answer
    holds one of these instead of that pipeline.
    """

    arg_types: ClassVar[dict[str, bool]] = {"place": True}

    @property
    def place(self) -> int:
        """Give the place of the pipeline in the query."""
        return int(self.args["place"])


class Pipeline(Node):
    """An input and the commands that its rows go through, in the order in which they run.

    `outputs` names the columns of the answer once `complete` has decided them.
    """

    arg_types: ClassVar[dict[str, bool]] = {"commands": True, "input": False, "outputs": False}

    @property
    def commands(self) -> list[Command]:
        """Give the commands in order."""
        commands: list[Command] = self.args["commands"]
        return commands

    @property
    def input(self) -> Input:
        """Give where its rows come from; the caller's groups unless the query says otherwise."""
        return self.args.get("input") or CallersGroups()

    @property
    def outputs(self) -> list[str]:
        """Name the columns of the answer, of a pipeline that `complete` has been through."""
        outputs: list[str] = self.args["outputs"]
        return outputs


class Query(Node):
    """A query: its pipelines in the order in which they are needed; the last one is the answer."""

    arg_types: ClassVar[dict[str, bool]] = {"pipelines": True, "language": False}

    @property
    def pipelines(self) -> list[Pipeline]:
        """Give the pipelines in order."""
        pipelines: list[Pipeline] = self.args["pipelines"]
        return pipelines

    @property
    def language(self) -> str:
        """Name the language in which it was written; Logs Insights QL unless it says otherwise."""
        return str(self.args.get("language") or "ql")

    @property
    def answer(self) -> Pipeline:
        """Give the pipeline whose rows are the answer."""
        return self.pipelines[-1]

    def selectors(self) -> list[list[str]]:
        """Give the log groups that it names itself, a list for each pipeline that does."""
        inputs = [pipeline.input for pipeline in self.pipelines]
        return [list(found.args["selectors"]) for found in inputs if isinstance(found, Groups)]


def find(node: exp.Expr, *kinds: type[Found]) -> Iterator[Found]:
    """Give the nodes of these classes in a command or an expression, itself included.

    Stops at the border of a pipeline: what another pipeline names is no name of this one.
    """
    inside = node.walk(prune=lambda part: isinstance(part, Pipeline) and part is not node)
    for part in inside:
        if isinstance(part, kinds) and not (isinstance(part, Pipeline) and part is not node):
            yield part


def field_names(node: exp.Expr) -> set[str]:
    """Name the fields in a command or an expression."""
    return {field.name for field in find(node, Field)}


# ---------------------------------------------------------------- commands


class Command(Node):
    """One step of a pipeline; `facts` says what each class has to state about itself."""

    keyword: ClassVar[str] = ""
    rows: Rows
    order: Order
    needs: Needs
    shows: Shows
    names: Names

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_facts(cls)

    def reads(self) -> set[str]:
        """Name the fields that this command reads."""
        raise NotImplementedError

    def writes(self) -> set[str]:
        """Name the fields that this command makes or replaces."""
        raise NotImplementedError

    def gives(self) -> list[str]:
        """Name the columns that it shows or makes, in order."""
        raise NotImplementedError

    def outputs(self, before: Shown) -> Shown:
        """Give the columns shown after this command."""
        return before.after(self.shows, self.gives())

    # What follows lets a rewrite do more. A command that does not say is left where it stands.

    def conditions(self) -> list[exp.Expression]:
        """Give the conditions that each row after this command meets, all of them."""
        return []

    def sort_keys(self) -> list[SortKey]:
        """Give the keys that it sorts by, to be changed in place."""
        return []

    def row_cap(self) -> int | None:
        """Give the number of rows after which it lets none through, if the query says one."""
        return None

    def first_rows(self) -> int | None:
        """Give n if all it does is to keep the first n rows, else None."""
        return None

    def with_first_rows(self, count: int) -> Command | None:
        """Give one command for this one followed by keeping the first `count` rows, if any."""
        del count
        return None

    def grouping(self) -> Grouping | None:
        """Tell how rows were grouped, if each row after this command is a group."""
        return None


def fields_named(command: Command) -> set[str]:
    """Name the fields in a command's arguments, and the time if a function of them reads it."""
    return fields_read(command)


def no_writes(_: Command) -> set[str]:
    """Say that a command makes no field."""
    return set()


def gives_nothing(_: Command) -> list[str]:
    """Say that a command shows and makes no column."""
    return []


@dataclass(frozen=True)
class Grouping:
    """What the rows of groups are made of: the items after `by`, and the aggregates."""

    by: tuple[Item, ...]
    aggregates: tuple[Item, ...]


def _computed(items: list[Item]) -> set[str]:
    return {i.name for i in items if i.args.get("alias") or not isinstance(i.value, Field)}


def _item_names(command: Command) -> list[str]:
    return [item.name for item in command.args["items"]]


class Fields(Command):
    """`fields a, f(b) as c`: show these, and compute."""

    keyword = "fields"
    arg_types: ClassVar[dict[str, bool]] = {"items": True}
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.LISTS
    names = Names.ADDS
    reads = fields_named
    gives = _item_names

    def writes(self) -> set[str]:
        """Name the computed fields."""
        return _computed(self.args["items"])


class Display(Command):
    """`display a, f(b) as c`: show only these; the last one wins."""

    keyword = "display"
    arg_types: ClassVar[dict[str, bool]] = {"items": True}
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.CHOOSES
    names = Names.ADDS
    reads = fields_named
    gives = _item_names

    def writes(self) -> set[str]:
        """Name the computed fields."""
        return _computed(self.args["items"])


class Filter(Command):
    """`filter condition`, or `where condition`: keep the rows for which it is true."""

    keyword = "filter"
    arg_types: ClassVar[dict[str, bool]] = {"condition": True}
    rows = Rows.FEWER
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.SAME
    names = Names.SAME
    reads = fields_named
    writes = no_writes
    gives = gives_nothing

    def conditions(self) -> list[exp.Expression]:
        """Give its conjuncts."""
        return conjuncts(self.args["condition"])


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
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named

    @property
    def rows(self) -> Rows:  # type: ignore[override]
        """Tell what it does to rows, which depends on `multi`."""
        return Rows.MORE if self.args.get("multi") else Rows.SAME

    def writes(self) -> set[str]:
        """Name the extracted fields."""
        return set(self.args["names"])

    def gives(self) -> list[str]:
        """Name the extracted fields in order."""
        return list(self.args["names"])


class Stats(Command):
    """`stats aggregates by keys offset period`: one row per combination of keys."""

    keyword = "stats"
    arg_types: ClassVar[dict[str, bool]] = {"aggregates": True, "by": False, "offset": False}
    rows = Rows.NEW
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.REPLACES
    names = Names.REPLACES
    reads = fields_named

    def writes(self) -> set[str]:
        """Name the output columns, which are all that is left afterwards."""
        return set(self.gives())

    def gives(self) -> list[str]:
        """Name the keys, then the aggregates."""
        return [item.name for item in [*(self.args.get("by") or []), *self.args["aggregates"]]]

    def grouping(self) -> Grouping:
        """Give the items after `by` and the aggregates."""
        return Grouping(tuple(self.args.get("by") or ()), tuple(self.args["aggregates"]))


def _key_aliases(command: Command) -> list[str]:
    items = [key.args["item"] for key in command.args["keys"]]
    return [item.name for item in items if item.args.get("alias")]


def _computed_keys(command: Command) -> set[str]:
    # `complete` computes a key that has an alias first; then the key only names that field.
    items = [key.args["item"] for key in command.args["keys"]]
    own = {item.name for item in items if item.value == Field(parts=[item.name])}
    return set(_key_aliases(command)) - own


class Sort(Command):
    """`sort key [asc|desc], …`; stable over the order that comes in."""

    keyword = "sort"
    arg_types: ClassVar[dict[str, bool]] = {"keys": True}
    rows = Rows.SAME
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named
    writes = _computed_keys
    gives = _key_aliases

    def sort_keys(self) -> list[SortKey]:
        """Give its keys."""
        keys: list[SortKey] = self.args["keys"]
        return keys

    def with_first_rows(self, count: int) -> Command:
        """Give the step that holds so many rows at a time."""
        return TopRows(keys=self.args["keys"], count=exp.Literal.number(count))


class Limit(Command):
    """`limit n`, or `limit any n`, which may take whatever n rows come first."""

    keyword = "limit"
    arg_types: ClassVar[dict[str, bool]] = {"count": True, "any": False}
    rows = Rows.FEWER
    order = Order.KEEPS
    needs = Needs.ROWS_BEFORE
    shows = Shows.SAME
    names = Names.SAME
    reads = fields_named
    writes = no_writes
    gives = gives_nothing

    def row_cap(self) -> int:
        """Give the number of rows."""
        return int(literal_value(self.args["count"]))

    def first_rows(self) -> int | None:
        """Give the number of rows, unless any will do."""
        return None if self.args.get("any") else self.row_cap()

    def with_first_rows(self, count: int) -> Command | None:
        """Lower the number of rows."""
        if self.args.get("any"):
            return None
        return Limit(count=exp.Literal.number(min(self.row_cap(), count)))


class Dedup(Command):
    """`dedup a, b`: keep the first row of each combination; rows with a missing one all stay."""

    keyword = "dedup"
    arg_types: ClassVar[dict[str, bool]] = {"items": True}
    rows = Rows.FEWER
    order = Order.KEEPS
    needs = Needs.ROWS_BEFORE
    shows = Shows.SAME
    names = Names.SAME
    reads = fields_named
    writes = no_writes
    gives = gives_nothing


# Commands made by rewriting; they print as Insights text with their facts in a comment.


class ScanEvents(Command):
    """The read that begins a rewritten pipeline: `columns` by name, `conditions` to prune by."""

    keyword = "scan"
    arg_types: ClassVar[dict[str, bool]] = {"columns": True, "conditions": False}
    rows = Rows.NEW
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.SAME
    names = Names.SAME
    reads = fields_named
    writes = no_writes
    gives = gives_nothing


class TopRows(Command):
    """`sort … | limit n` in one step: `keys` and `count`."""

    keyword = "top"
    arg_types: ClassVar[dict[str, bool]] = {"keys": True, "count": True}
    rows = Rows.FEWER
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named
    writes = _computed_keys
    gives = _key_aliases

    def row_cap(self) -> int:
        """Give the number of rows."""
        return int(literal_value(self.args["count"]))

    def with_first_rows(self, count: int) -> Command:
        """Lower the number of rows."""
        fewer = exp.Literal.number(min(self.row_cap(), count))
        return TopRows(keys=self.args["keys"], count=fewer)


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
    names = field_names(node)
    return names | {TIMESTAMP} if reads_event_time(node) else names


def reads_event_time(node: exp.Expr) -> bool:
    """Tell whether a function in the tree reads the time of the event without naming it."""
    return any(call.entry.reads_event_time for call in find(node, Call))


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
