"""Commands whose rows are groups of those before."""

from __future__ import annotations

from typing import ClassVar

from cwnb.insights.tree.command import Command, Grouping, Guide, fields_named
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shows


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
