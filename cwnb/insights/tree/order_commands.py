"""Commands that order rows and keep the first of them."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp

from cwnb.insights.tree.command import (
    Command,
    Guide,
    fields_named,
    gives_nothing,
    no_writes,
)
from cwnb.insights.tree.expressions import Field, SortKey, literal_value
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shows


def _key_aliases(command: Command) -> list[str]:
    items = [key.args["item"] for key in command.args["keys"]]
    return [item.name for item in items if item.args.get("alias")]


def _computed_keys(command: Command) -> set[str]:
    # `complete` adds `fields` for a key with an alias; the key then only names that field.
    items = [key.args["item"] for key in command.args["keys"]]
    own = {item.name for item in items if item.value == Field(parts=[item.name])}
    return set(_key_aliases(command)) - own


class Sort(Command):
    """`sort key [asc|desc], …`: order the rows; those with equal keys keep their order."""

    keyword = "sort"
    guide = Guide(
        "sort latency desc, @timestamp",
        "CWL_QuerySyntax-Sort",
        (
            "Without a direction a key ascends.",
            "A missing value is the smallest.",
            "Rows with equal keys keep their order.",
            "If `@timestamp` is a key, they follow their order of arrival, in its direction.",
            "After `stats`, a key that is none of its outputs orders nothing and gives a warning.",
        ),
        memory=(
            "the keys and the place of each row; with a limit behind it, as at the end of a "
            "query, of so many rows of each task"
        ),
    )
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
        """Give the command that keeps only the first rows while it sorts."""
        return TopRows(keys=self.args["keys"], count=exp.Literal.number(count))


class Limit(Command):
    """`limit n`, or `limit any n` for any n rows: keep the first n rows."""

    keyword = "limit"
    guide = Guide(
        "limit 20",
        "CWL_QuerySyntax-Limit",
        ("`limit any n` may give any n rows.",),
        memory="the place of each of the n rows",
    )
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
        """Give the number of rows; None for `limit any`."""
        return None if self.args.get("any") else self.row_cap()

    def with_first_rows(self, count: int) -> Command | None:
        """Lower the number of rows."""
        if self.args.get("any"):
            return None
        return Limit(count=exp.Literal.number(min(self.row_cap(), count)))


class Tail(Command):
    """`tail n`: keep the last n rows; of events that nothing has sorted, the n oldest."""

    keyword = "tail"
    guide = Guide(
        "tail 20 | filter level = 'ERROR'",
        "CWL_QuerySyntax, and the commands that its errors list",
        (
            "Where no `sort` or `stats` stands before it, it is `sort @timestamp asc | limit n`.",
            "Else the last n rows stay, in the order that they have.",
        ),
        memory=(
            "the time and the place of n rows of each task; behind a `sort` or `stats` the "
            "columns that are used of all rows"
        ),
    )
    arg_types: ClassVar[dict[str, bool]] = {"count": True}
    rows = Rows.FEWER
    order = Order.KEEPS
    needs = Needs.ALL_ROWS
    shows = Shows.SAME
    names = Names.SAME
    reads = fields_named
    writes = no_writes
    gives = gives_nothing

    def row_cap(self) -> int:
        """Give the number of rows."""
        return int(literal_value(self.args["count"]))


class Dedup(Command):
    """`dedup a, b`: keep the first row of each combination of values.

    All rows in which a value is missing stay.
    """

    keyword = "dedup"
    guide = Guide(
        "dedup user, status",
        "CWL_QuerySyntax-Dedup",
        ("Without `sort` the newest event of each combination stays.",),
        memory=(
            "the values and the place of a row for each combination, and of each row in "
            "which a value is missing"
        ),
    )
    arg_types: ClassVar[dict[str, bool]] = {"items": True}
    rows = Rows.FEWER
    order = Order.KEEPS
    needs = Needs.ROWS_BEFORE
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
