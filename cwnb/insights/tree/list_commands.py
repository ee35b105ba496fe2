"""Commands that give a row for each item of a list."""

from __future__ import annotations

from typing import ClassVar

from cwnb.insights.tree.command import Command, Guide, fields_named
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shows


class Unnest(Command):
    """`unnest list into item`: give a row for each item of a list, with the item beside it."""

    keyword = "unnest"
    guide = Guide(
        "unnest order.items into item | stats sum(item.count) as sold by item.sku",
        "CWL_QuerySyntax-Unnest",
        (
            "The list stays a column. A map, a text or a number is a list of one.",
            "An empty list gives no row; where there is no list, the row stays without an item.",
        ),
        memory="the rows of one task, once for each item",
    )
    arg_types: ClassVar[dict[str, bool]] = {"value": True, "name": True}
    none_means: ClassVar[str] = "each list is empty"
    rows = Rows.MORE
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named

    def writes(self) -> set[str]:
        """Name the column of items."""
        return set(self.gives())

    def gives(self) -> list[str]:
        """Name the column of items."""
        return [str(self.args["name"])]


class Expand(Command):
    """`expand field`: put each item of a list in its place, a row for each.

    The list may also be the text of a JSON array.
    """

    keyword = "expand"
    guide = Guide(
        "expand tags | stats count(*) as events by tags",
        "CWL_QuerySyntax-Expand",
        (
            "An empty list gives no row; a row without the field stays, and any other value too.",
            "The items are shown like what `parse` makes.",
            "`field.key` is that of the item, where it has one, else what it was before.",
        ),
        memory="the rows of one task, once for each item",
    )
    # `value` is a Field.
    arg_types: ClassVar[dict[str, bool]] = {"value": True}
    none_means: ClassVar[str] = "each list is empty"
    rows = Rows.MORE
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named

    def writes(self) -> set[str]:
        """Name the field."""
        return set(self.gives())

    def gives(self) -> list[str]:
        """Name the field."""
        return [self.args["value"].name]
