"""Commands that list, compute and filter, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cwnb.insights.tree.command import (
    Command,
    Guide,
    fields_named,
    gives_nothing,
    no_writes,
)
from cwnb.insights.tree.expressions import Field, conjuncts
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shows

if TYPE_CHECKING:
    from sqlglot import exp

    from cwnb.insights.tree.expressions import Item


def _computed(items: list[Item]) -> set[str]:
    return {i.name for i in items if i.args.get("alias") or not isinstance(i.value, Field)}


def _item_names(command: Command) -> list[str]:
    return [item.name for item in command.args["items"]]


class Fields(Command):
    """`fields a, f(b) as c`: show these, and compute."""

    keyword = "fields"
    guide = Guide(
        "fields @timestamp, status, latency / 1000 as seconds",
        "CWL_QuerySyntax-Fields",
        (
            "A later item of the same command may use a name that an earlier one makes.",
            "A field that was only named before may get a new value, with a warning.",
        ),
        memory="the rows of one task",
    )
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
    """`display a, f(b) as c`: show only these; the last `display` of a query counts."""

    keyword = "display"
    guide = Guide(
        "display @timestamp, @message",
        "CWL_QuerySyntax-Display",
        memory="the rows of one task",
    )
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
    guide = Guide(
        "filter status >= 500 and @message like /timed? out/",
        "CWL_QuerySyntax-Filter",
        ("An event without the field fails `!=`, `not like` and `not in` too.",),
        memory="the rows of one task, and of `in (…)` the values, at most 100,000",
    )
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


class FilterIndex(Command):
    """`filterIndex field = value`, or `field in […]`: keep these rows, as `filter` does."""

    keyword = "filterIndex"
    guide = Guide(
        'filterIndex traceId = "1-5759e988-bd862e3fe1be46a994272793"',
        "CWL_QuerySyntax-FilterIndex",
        ("It is a filter, and says so where the service has no index on the field by default.",),
        memory="the rows of one task",
    )
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
        """Give its condition."""
        return [self.args["condition"]]


class Unmask(Command):
    """`unmask a, f(b) as c`: show these, also what a policy masks."""

    keyword = "unmask"
    guide = Guide(
        "unmask @message, userName",
        "CWL_QuerySyntax-Unmask",
        ("Nothing is masked, so it shows what `fields` shows.",),
        memory="the rows of one task",
    )
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
