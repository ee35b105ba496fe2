"""The nodes of expressions, and of the parts of commands.

All are sqlglot Expressions: `transform`, `copy`, `==` and pickling come with that. Operators are
sqlglot's own nodes (`exp.And`, `exp.Or`, `exp.Not`, `exp.EQ`, `exp.NEQ`, `exp.LT`, `exp.LTE`,
`exp.GT`, `exp.GTE`, `exp.Add`, `exp.Sub`, `exp.Mul`, `exp.Div`, `exp.Mod`, `exp.Pow`, `exp.Neg`),
as are literals (`exp.Literal`, `exp.Boolean`). Parentheses are not kept as nodes. Every node that
was read from text carries `meta["start"]` and `meta["end"]`, its slice of the query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from sqlglot import exp

from cwnb.insights.names import function_named

if TYPE_CHECKING:
    from cwnb.insights.functions import Function


class Node(exp.Expression):
    """Base class of our nodes; `==` compares their texts as written, and not in lower case."""

    _hash_raw_args: ClassVar[bool] = True

    def __str__(self) -> str:
        """Give the tree; sqlglot would write SQL, which these nodes have no form in."""
        return repr(self)

    def __deepcopy__(self, memo: Any) -> Self:
        """Copy the tree as sqlglot does, in a third of the time.

        A query is copied four times before it runs, and most of the time went into deep copies of
        `meta`, whose values are numbers and texts.
        """
        root = self.__class__()
        waiting: list[tuple[exp.Expr, exp.Expr]] = [(self, root)]
        while waiting:
            node, made = waiting.pop()
            made._meta = node._meta and dict(node._meta)  # noqa: SLF001 - `meta` would make one
            for key, value in node.args.items():
                if isinstance(value, list):
                    copied: list[Any] = []
                    made.args[key] = copied
                    for part in value:
                        copied.append(_copied(part, made, key, len(copied), waiting))
                else:
                    made.args[key] = _copied(value, made, key, None, waiting)
        return root


def _copied(
    value: Any,
    parent: exp.Expr,
    key: str,
    index: int | None,
    waiting: list[tuple[exp.Expr, exp.Expr]],
) -> Any:
    """Give a value as it is, and for a node one of its class, to be filled by what is waiting."""
    if not isinstance(value, exp.Expr):
        return value
    made = value.__class__()
    made.parent, made.arg_key, made.index = parent, key, index
    if type(value) in LEAVES:
        made._meta = value._meta and dict(value._meta)  # noqa: SLF001
        made.args.update(value.args)
    else:
        waiting.append((value, made))
    return made


class Field(Node):
    """A field by name: `@message`, `order.items.0.sku`, `` `user-agent` ``.

    `parts` are the parts of the name between its dots, array indexes included, as strings. `name`
    joins them with dots; discovered fields have such names. ``a.b`` and `` `a.b` `` are one name
    and so one node. A name of which a part would be empty has a single part.
    """

    arg_types: ClassVar[dict[str, bool]] = {"parts": True}

    def __init__(self, **args: Any) -> None:
        if "parts" in args:
            name = ".".join(args["parts"])
            parts = name.split(".")
            args["parts"] = parts if all(parts) else [name]
        super().__init__(**args)

    @property
    def parts(self) -> list[str]:
        """Give the parts between the dots of the name."""
        parts: list[str] = self.args["parts"]
        return parts

    @property
    def name(self) -> str:
        """Give the dotted name."""
        return ".".join(self.args["parts"])


# Nodes below which there is none, and whose arguments nobody changes in place: most nodes are one.
LEAVES = frozenset({Field, exp.Literal, exp.Boolean})


class Access(Node):
    """A key or index of a structure: `jsonParse(x).key`, `list[2].sku`; `path` as Field's parts."""

    arg_types: ClassVar[dict[str, bool]] = {"value": True, "path": True}


class Call(Node):
    """A function by its canonical name (see `functions`), with its arguments in order.

    `row_form`: it has the name of an aggregation and stands outside the list of `stats`, where that
    name means another function.
    """

    arg_types: ClassVar[dict[str, bool]] = {
        "function": True,
        "arguments": False,
        "row_form": False,
    }

    @property
    def name(self) -> str:
        """Give the function's canonical name."""
        return str(self.args["function"])

    @property
    def entry(self) -> Function:
        """Give the function's entry in the function table."""
        return function_named(self.name, row_form=bool(self.args.get("row_form")))

    @property
    def arguments(self) -> list[exp.Expression]:
        """Give the arguments in order."""
        return self.args.get("arguments") or []


class Wildcard(Node):
    """Names with `*` in them, such as `http*`, for the columns that are shown."""

    arg_types: ClassVar[dict[str, bool]] = {"pattern": True}

    @property
    def pattern(self) -> str:
        """Give the pattern; every `*` stands for any letters, or none."""
        return str(self.args["pattern"])


class Star(Node):
    """The `*` of `count(*)`."""

    arg_types: ClassVar[dict[str, bool]] = {}


class Regex(Node):
    r"""A `/…/` literal; `pattern` is in RE2 syntax (`(?P<name>…)`), with `/` for `\/`."""

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


class InSubquery(Node):
    """`value in (query)`; `answer` refers to that of the query, an earlier pipeline.

    `column` is that of the answer which has the values to look for; the checks find it.
    """

    arg_types: ClassVar[dict[str, bool]] = {"value": True, "answer": True, "column": False}


class Item(Node):
    """One of the comma-separated expressions of a command, with its `alias` if it has one.

    `name` is that of its column: the alias, else the field's name, else the text as written.
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
        """Give the expression without the alias."""
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


def conjuncts(condition: exp.Expression) -> list[exp.Expression]:
    """Split a condition at its outermost `and`s."""
    return chain_terms(exp.And, condition)


def chain_terms(operator: type[exp.And | exp.Or], node: exp.Expression) -> list[exp.Expression]:
    """Split a chain of `and` or `or` into its terms, in order; the inverse of `chained`."""
    if isinstance(node, operator):
        return [*chain_terms(operator, node.this), *chain_terms(operator, node.expression)]
    return [node]


def chained(operator: type[exp.And | exp.Or], terms: list[exp.Expression]) -> exp.Expression:
    """Join terms by `and` or `or`, in order and as a balanced tree, however many there are."""
    if len(terms) == 1:
        return terms[0]
    middle = (len(terms) + 1) // 2
    left, right = chained(operator, terms[:middle]), chained(operator, terms[middle:])
    return operator(this=left, expression=right)


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
