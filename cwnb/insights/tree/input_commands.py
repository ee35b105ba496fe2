"""Commands that read a second input beside the rows: a lookup table, or the answer of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cwnb.insights.tree.command import Command, Guide
from cwnb.insights.tree.expressions import Node
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shown, Shows
from cwnb.insights.tree.walks import fields_read

if TYPE_CHECKING:
    from sqlglot import exp


class TableKey(Node):
    """A column of a lookup table, and the field of the events whose value is looked for in it."""

    arg_types: ClassVar[dict[str, bool]] = {"column": True, "field": True}

    @property
    def field(self) -> exp.Expression:
        """Give the field."""
        found: exp.Expression = self.args["field"]
        return found


class TableOutput(Node):
    """A column of a lookup table, and the name that its values get among the events."""

    arg_types: ClassVar[dict[str, bool]] = {"column": True, "name": True}


def _reads(command: Lookup | CidrLookup) -> set[str]:
    names = fields_read(command)
    # A value that is there already stays.
    return names | set(command.gives()) if command.args.get("new") else names


def _writes(command: Lookup | CidrLookup) -> set[str]:
    return set(command.gives())


def _gives(command: Lookup | CidrLookup) -> list[str]:
    return list(dict.fromkeys(output.args["name"] for output in command.args["outputs"]))


_LOOKUP_DECIDED = (
    "Of several rows that match, the first one of the table counts.",
    (
        "OUTPUT gives a field of the events another value, and none where no row matches; with "
        "OUTPUTNEW a value that is there stays."
    ),
)


class Lookup(Command):
    """`lookup table column [as field], … OUTPUT column [as field], …`: add columns of a table.

    Each row gets those of the row of the lookup table whose columns have the same texts as its
    fields. With OUTPUTNEW in place of OUTPUT a value that is there stays. `logs.put_lookup` makes a
    table.
    """

    keyword = "lookup"
    guide = Guide(
        "lookup hosts host_id as hostId OUTPUTNEW owner, rack | stats count(*) as n by owner",
        "CWL_QuerySyntax-Lookup",
        (
            "Keys are compared as texts: `07` is not `7`. A missing one matches nothing.",
            *_LOOKUP_DECIDED,
        ),
        memory="the rows of one task, and the columns of the table that are used",
    )
    # `answer` refers to the pipeline that reads the table.
    arg_types: ClassVar[dict[str, bool]] = {
        "table": True,
        "keys": True,
        "outputs": True,
        "new": False,
        "answer": True,
    }
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.ADDS
    names = Names.ADDS
    reads = _reads
    writes = _writes
    gives = _gives


class CidrLookup(Command):
    """`cidrlookup table field [as column] OUTPUT column [as name], …`: find the network of a field.

    Each row gets the columns of the row of the lookup table whose network, such as `10.0.0.0/8`,
    has the address in the field. OUTPUTNEW is as in `lookup`.
    """

    keyword = "cidrlookup"
    guide = Guide(
        "cidrlookup networks srcAddr OUTPUT zone | stats sum(bytes) as sent by zone",
        "CWL_QuerySyntax-Cidrlookup",
        (
            "The smallest network that has the address counts.",
            "Without `as`, the networks are in the column `cidr`, else in the first one.",
            *_LOOKUP_DECIDED,
        ),
        memory="the rows of one task, and the columns of the table that are used",
    )
    arg_types: ClassVar[dict[str, bool]] = {
        "table": True,
        "field": True,
        "column": False,
        "outputs": True,
        "new": False,
        "answer": True,
    }
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.ADDS
    names = Names.ADDS
    reads = _reads
    writes = _writes
    gives = _gives


class JoinKey(Node):
    """A field of the left side and the name of one of the right side, which must be equal."""

    arg_types: ClassVar[dict[str, bool]] = {"left": True, "right": True}


class Join(Command):
    """`join [type=inner|left] left=a right=b where a.k = b.k (SOURCE …)`: pair rows by equal keys.

    Each row is paired with the events of other log groups that have the same key. After it every
    field has the name of its side: `a.path`, `b.result`.
    """

    keyword = "join"
    guide = Guide(
        "join type=left left=a right=b where a.rid = b.rid (SOURCE '/worker') "
        "| display a.rid, a.path, b.result",
        "CWL_QuerySyntax-Join",
        (
            "Keys compare as `=` does, and a missing key matches nothing.",
            "A row of the left side comes once for each pair, the newest event first.",
            "With `type=left` a row without a pair stays, without fields of the right side.",
            "Where nothing else is said, all columns are shown that each side would show.",
            "The right side has the times of the query, or those that its SOURCE says.",
            "The right side may be a whole query, with a warning; the service takes SOURCE alone.",
        ),
        memory=(
            "the rows of one task, once for each pair, and the columns of the right side "
            "that are used, with at most 50,000 different keys"
        ),
    )
    # `columns`: the fields of the right side that are used, and `shown`: the columns that are shown
    # if no later command lists others, each with the field of the left side that it is; the checks
    # find both.
    arg_types: ClassVar[dict[str, bool]] = {
        "left": True,
        "right": True,
        "keys": True,
        "answer": True,
        "outer": False,
        "columns": False,
        "shown": False,
        "listed": False,
    }
    none_means: ClassVar[str] = "no row has the keys of a row of the right side"
    rows = Rows.MORE
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.REPLACES

    @property
    def names(self) -> Names:  # type: ignore[override]
        """Say that fields get other names, until the checks have given later commands the old ones.

        They name a field of the left side as it is named before the join.
        """
        return Names.REPLACES if self.args.get("columns") is None else Names.ADDS

    def reads(self) -> set[str]:
        """Name the keys of the left side, and the fields of it that are shown."""
        return fields_read(self) | {field for _, field in self.args.get("shown") or ()}

    def writes(self) -> set[str]:
        """Name the fields of the right side, and those of the left side that are shown."""
        alias = self.args["right"]
        columns = {f"{alias}.{name}" for name in self.args.get("columns") or ()}
        return columns | {name for name, _ in self.args.get("shown") or ()}

    def gives(self) -> list[str]:
        """Name the columns that are shown where nothing else is said."""
        return [name for names in self.args.get("listed") or () for name in names]

    def outputs(self, before: Shown) -> Shown:  # noqa: ARG002 - the checks have read it
        """Give the columns shown after it; those that no side has listed give way to others."""
        by_default, listed = self.args.get("listed") or ((), ())
        return Shown(tuple(listed), default_names=tuple(by_default))

    def makes(self, name: str) -> bool:
        """Tell whether a name is that of a field of one of its sides."""
        return name.partition(".")[0] in {self.args["left"], self.args["right"]}


class AppendCols(Command):
    """`appendcols [override=true|false] [max=n] (query)`: put the columns of another query beside.

    The first row of the other answer goes beside the first row, and so on.
    """

    keyword = "appendcols"
    guide = Guide(
        "appendcols max=10 (SOURCE '/other' | fields @message as other) | display @message, other",
        "CWL_QuerySyntax-Appendcols",
        (
            (
                "Of a column that both have, the one that is there stays; with `override=true` it "
                "is that of the other query."
            ),
            (
                "At most `max` rows are put beside, by default 10,000. Those without a row beside "
                "them become rows of their own."
            ),
            "The order is that in which each query gives its rows.",
        ),
        memory="the columns that are used of all rows, and at most `max` rows of the other query",
    )
    # `columns`: those of the other answer that are put beside; the checks find them.
    arg_types: ClassVar[dict[str, bool]] = {
        "answer": True,
        "override": False,
        "most": False,
        "columns": False,
    }
    rows = Rows.NEW
    order = Order.KEEPS
    needs = Needs.ALL_ROWS
    shows = Shows.ADDS
    names = Names.ADDS

    @property
    def most(self) -> int:
        """Give how many rows are put beside at most."""
        return int(self.args.get("most") or 10_000)

    def reads(self) -> set[str]:
        """Say that it reads no field."""
        return set()

    def writes(self) -> set[str]:
        """Name the columns that it adds."""
        return set(self.gives())

    def gives(self) -> list[str]:
        """Name the columns that it adds."""
        return list(self.args.get("columns") or ())
