"""Which names each command of a query may use, and which it may give.

Before the first `stats` every field of the events is there, and what the query made of them; after
a `stats` only its outputs are. A name may be made once. Sources: CWL_QuerySyntax-alias, -Stats, and
the errors that the service answers with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, TypeGuard

from cwnb.errors import MalformedQuery
from cwnb.events import TIMESTAMP
from cwnb.insights import tree
from cwnb.insights.ql.writer import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp


def refuse(pipeline: tree.Pipeline, message: str, node: exp.Expr, rule: str = "") -> NoReturn:
    """Raise MalformedQuery with the node's place in the text; `rule` is a key of `rules.RULES`."""
    meta = node.meta
    text = pipeline.meta.get("text")
    error = MalformedQuery(message, text, meta.get("start"), meta.get("end"))
    error.rule = rule
    raise error


def replace_value(item: tree.Item, value: exp.Expression) -> None:
    """Replace the value of an item; its column keeps its name."""
    name = item.name
    item.set("value", value)
    item.set("alias", None if isinstance(value, tree.Field) and value.name == name else name)
    item.set("text", to_text(value))


def is_aggregate(node: exp.Expr) -> TypeGuard[tree.Call]:
    """Tell whether the node is a call of a function of `stats`."""
    return isinstance(node, tree.Call) and node.entry.aggregate


def repeats(item: tree.Item, others: Sequence[tree.Item]) -> bool:
    """Tell whether one of the others has the same value and the same name."""
    return any(item.name == other.name and item.value == other.value for other in others)


@dataclass
class Scope:
    """The names that a command at one place of a query may use.

    `made`: the names that the query has defined so far, and for each whether its values are times.
    `listed`: fields of the events that `fields` has listed without an alias. `replaced`: names of
    which a command has replaced the values in their place. `named`: all names that earlier commands
    read. `expressions`: columns without an alias, named by their text. `outputs`: the columns of
    the last `stats`; None before the first one, where the fields of the events may be used too.
    """

    made: dict[str, bool] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    expressions: set[str] = field(default_factory=set)
    outputs: list[tree.Item] | None = None

    def defines(self, name: tree.Field) -> bool:
        """Tell whether the query has defined this name, or a structure that it leads into."""
        parts = name.parts
        prefixes = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
        known = self.made.keys() | self.replaced
        return not prefixes.isdisjoint(known) or name.name in known

    def copy(self) -> Scope:
        """Give a copy, so that later definitions do not change this one."""
        return Scope(
            dict(self.made),
            set(self.listed),
            set(self.replaced),
            set(self.named),
            set(self.expressions),
            self.outputs,
        )


def scope_of_columns(columns: Sequence[str]) -> Scope:
    """Give the scope of rows that have these columns and no others."""
    return Scope(made={name: name == TIMESTAMP for name in columns}, outputs=[])
