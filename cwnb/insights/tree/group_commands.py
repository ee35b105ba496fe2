"""Commands whose rows are groups of those before."""

from __future__ import annotations

from typing import ClassVar

from cwnb.insights.tree.command import Command, Grouping, Guide, fields_named
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shows

# The column of `countFrequent`. Source: CWL_QuerySyntax-CountFrequent.
COUNT_COLUMN = "_approxcount"


class Stats(Command):
    """`stats aggregates by keys offset period`: one row per combination of keys."""

    keyword = "stats"
    guide = Guide(
        "stats count(*) as n, pct(latency, 99) by bin(5m), level",
        "CWL_QuerySyntax-Stats",
        (
            "Groups come in the order of their newest event.",
            "`group by` is read as `by`, and `bin(@timestamp, 1h)` as `bin(1h)`.",
            "`offset` moves the borders of the bins.",
        ),
    )
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


class CountFrequent(Command):
    """`countFrequent a, b`: count the rows of each combination of values, most frequent first."""

    keyword = "countFrequent"
    guide = Guide(
        "countFrequent clientIp, status | limit 10",
        "CWL_QuerySyntax-CountFrequent",
        (
            "The counts, in the column _approxcount, are exact.",
            "It is `stats count(*) as _approxcount by a, b | sort _approxcount desc`.",
        ),
    )
    # `fields` are Fields. The checks put what it stands for in its place.
    arg_types: ClassVar[dict[str, bool]] = {"fields": True}
    rows = Rows.NEW
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.REPLACES
    names = Names.REPLACES
    reads = fields_named

    def writes(self) -> set[str]:
        """Name its columns, which are all that is left afterwards."""
        return set(self.gives())

    def gives(self) -> list[str]:
        """Name the fields, then the count."""
        return [*(field.name for field in self.args["fields"]), COUNT_COLUMN]
