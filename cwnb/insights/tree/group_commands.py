"""Commands whose rows are made of all rows before: groups, and what is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cwnb.insights.tree.command import (
    Command,
    Grouping,
    Guide,
    fields_named,
    gives_nothing,
    no_writes,
)
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shows

if TYPE_CHECKING:
    from sqlglot import exp

# The column of `countFrequent`. Source: CWL_QuerySyntax-CountFrequent.
COUNT_COLUMN = "_approxcount"
# The column of `estimate`. The service does not document its name.
ESTIMATE_COLUMN = "estimatedBytes"


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
        memory=(
            "one row for each group; `pct` and `histogram` hold all numbers of their field, "
            "`countDistinct`, `values` and `topk` the different values of each group"
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
        memory="one row for each combination of values",
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


class Fillmissing(Command):
    """`fillmissing with 0 for n`: after a `stats … by bin(…)`, add a row for each empty bin."""

    keyword = "fillmissing"
    guide = Guide(
        "stats avg(latency) as ms, count(*) as n by bin(1m) as t | fillmissing with 0 for n",
        "CWL_QuerySyntax-Fillmissing",
        (
            "It follows at once a `stats` whose `by` has exactly one bin, as a key of its own.",
            (
                "It goes from the bin in which the window begins to the one in which it ends; "
                "where the window is open, to the first or last bin of the answer."
            ),
            (
                "Each combination of the other keys that the answer has gets a row in every bin. "
                "Without other keys an answer without rows gets its bins too."
            ),
            (
                "Only the rows that it adds get the values after `with`; columns that are not "
                "named are missing there, and rows of `stats` stay as they are."
            ),
            (
                "Rows come newest bin first, in each bin the combinations in the order in which "
                "the answer has them first. Rows without a time stay, and come last."
            ),
            "An answer of more than 100,000 rows is refused.",
        ),
        memory="the rows of the `stats` before it, and what it adds: at most 100,000",
    )
    # `fields` are Fields, and `values` a literal for each. Once it is checked it has the period and
    # the offset of the bins, the name of their column, and the names of the other keys.
    arg_types: ClassVar[dict[str, bool]] = {
        "values": False,
        "fields": False,
        "bins": False,
        "period": False,
        "offset": False,
        "keys": False,
    }
    rows = Rows.NEW
    order = Order.LOSES
    needs = Needs.ALL_ROWS
    shows = Shows.SAME
    names = Names.SAME
    gives = gives_nothing

    def reads(self) -> set[str]:
        """Name the bins, the other keys, and the fields that it fills."""
        return {*_named(self.args.get("bins")), *(self.args.get("keys") or []), *self.filled()}

    def writes(self) -> set[str]:
        """Name what it reads, as it adds rows that have these."""
        return self.reads()

    def filled(self) -> dict[str, exp.Expression]:
        """Give the value of each field that it fills."""
        fields, made = self.args.get("fields") or [], self.args.get("values") or []
        return {field.name: value for field, value in zip(fields, made, strict=True)}


def _named(name: str | None) -> list[str]:
    return [] if name is None else [name]


class Estimate(Command):
    """`estimate`: tell how many bytes of messages the query would scan, and read none of them."""

    keyword = "estimate"
    guide = Guide(
        'filter @message like "timeout" | stats count(*) by bin(1h) | estimate',
        "CWL_QuerySyntax-Estimate",
        (
            "Its only row has the column estimatedBytes.",
            (
                "It counts the messages of the log groups in the window, whatever the commands "
                "before it ask: the service scans them all."
            ),
            (
                "The size comes from the catalog. Where a range of events lies in the window in "
                "part, its share is counted by time, as if they were spread evenly."
            ),
            "diff and logcompare, which read two windows, are refused before it.",
        ),
        memory="nothing: no event is read",
    )
    arg_types: ClassVar[dict[str, bool]] = {}
    rows = Rows.NEW
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.REPLACES
    names = Names.REPLACES
    opens_events = False
    reads = no_writes

    def writes(self) -> set[str]:
        """Name its column, which is all that is left afterwards."""
        return set(self.gives())

    def gives(self) -> list[str]:
        """Name its column."""
        return [ESTIMATE_COLUMN]
