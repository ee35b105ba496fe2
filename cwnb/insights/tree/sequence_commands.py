"""Commands that give a row values of other rows: of those before it, or of all."""

from __future__ import annotations

from typing import ClassVar

from cwnb.events import TIMESTAMP
from cwnb.insights.tree.command import Command, Guide, fields_named
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shows

# The defaults of `sessionize` and `outlier`. Sources: CWL_QuerySyntax-Sessionize, -Outlier.
SESSION_ID, LONGEST_GAP = "session_id", (30, "m")
FENCE_WIDTH = "2.5"


def _names_its_column(command: Command) -> list[str]:
    return [str(command.args["name"])]


def _writes_what_it_gives(command: Command) -> set[str]:
    return set(command.gives())


class Accum(Command):
    """`accum field as name`: show beside each row the sum of the field up to it."""

    keyword = "accum"
    guide = Guide(
        "accum bytes as total",
        "CWL_QuerySyntax-Accum",
        (
            "It goes by the order of the rows at that point.",
            "Its column is named accum_field unless a name follows.",
            "A row without a number shows the sum so far; before the first number there is none.",
        ),
        memory="the columns that are used of all rows; with `limit n` behind it, of the first n",
    )
    # `value` is a Field.
    arg_types: ClassVar[dict[str, bool]] = {"value": True, "name": True}
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ROWS_BEFORE
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named
    writes = _writes_what_it_gives
    gives = _names_its_column


class Autoregress(Command):
    """`autoregress field as name p=1-3`: show beside each row the values of rows before it.

    `p` is how many rows before, a number or a range.
    """

    keyword = "autoregress"
    guide = Guide(
        "autoregress queueDepth p=1-2",
        "CWL_QuerySyntax-Autoregress",
        (
            "It goes by the order of the rows at that point; the first rows have no value.",
            (
                "With one number the column is `name`, by default field_p1; with a range the "
                "columns are name_p1, name_p2 and so on, by default field_p1, field_p2."
            ),
            "`p` goes up to 100.",
        ),
        memory="the columns that are used of all rows; with `limit n` behind it, of the first n",
    )
    # `value` is a Field. `name` is None where none is written, `last` where `p` is no range.
    arg_types: ClassVar[dict[str, bool]] = {
        "value": True,
        "name": False,
        "first": True,
        "last": False,
    }
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ROWS_BEFORE
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named
    writes = _writes_what_it_gives

    def lags(self) -> dict[str, int]:
        """Give for each column how many rows before its values are from."""
        first, last, name = self.args["first"], self.args.get("last"), self.args.get("name")
        if last is None and name:
            return {name: first}
        stem = name or self.args["value"].name
        return {f"{stem}_p{lag}": lag for lag in range(first, (last or first) + 1)}

    def gives(self) -> list[str]:
        """Name the columns of values."""
        return list(self.lags())


class Filldown(Command):
    """`filldown a b*`: where a field has no value, repeat the value of the row before.

    `*` stands for any letters; without fields, all columns that are shown are filled.
    """

    keyword = "filldown"
    guide = Guide(
        "fields user, sessionId, sessionStart | filldown user session*",
        "CWL_QuerySyntax-Filldown",
        (
            "It goes by the order of the rows at that point.",
            "`*` and a command without fields mean the columns that are shown at that point.",
            "An empty text is a value. A list or map is refused.",
        ),
        memory="the columns that are used of all rows; with `limit n` behind it, of the first n",
    )
    # `fields`: Fields and Wildcards; Fields alone once it is checked.
    arg_types: ClassVar[dict[str, bool]] = {"fields": False}
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ROWS_BEFORE
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named
    writes = _writes_what_it_gives

    def gives(self) -> list[str]:
        """Name the fields."""
        return [field.name for field in self.args.get("fields") or []]


class Outlier(Command):
    """`outlier action=remove param=1.5 field`: find numbers far from the quartiles of a field.

    It lowers them to the border (`action=transform`), or drops their rows (`action=remove`).
    """

    keyword = "outlier"
    guide = Guide(
        "outlier action=remove param=1.5 latency | stats avg(latency)",
        "CWL_QuerySyntax-Outlier",
        (
            (
                "A number is too high above Q3 + param * (Q3 - Q1); with uselower=true it is too "
                "low below Q1 - param * (Q3 - Q1). The quartiles are those of `pct`, over all rows."
            ),
            "With mark=true a column field_outlier has 1 where it is one, else 0.",
            "What is no number stays as it is, and its row too.",
        ),
        memory="the columns that are used of all rows",
    )
    # `fields` are Fields; `action` is `transform` or `remove`; the others are as written.
    arg_types: ClassVar[dict[str, bool]] = {
        "fields": True,
        "action": True,
        "param": True,
        "uselower": True,
        "mark": True,
    }
    order = Order.KEEPS
    needs = Needs.ALL_ROWS
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named
    writes = _writes_what_it_gives

    @property
    def rows(self) -> Rows:  # type: ignore[override]
        """Say whether rows are dropped."""
        return Rows.FEWER if self.args["action"] == "remove" else Rows.SAME

    def marks(self) -> dict[str, str]:
        """Give for each field the column that marks its outliers; nothing without `mark`."""
        names = [field.name for field in self.args["fields"]]
        return {name: f"{name}_outlier" for name in names} if self.args["mark"] else {}

    def gives(self) -> list[str]:
        """Name the fields, and the marks."""
        return [*(field.name for field in self.args["fields"]), *self.marks().values()]


class Sessionize(Command):
    """`sessionize user maxspan 30m as session_id`: name the session that each event belongs to.

    A session is events with the same values whose times are at most `maxspan` apart.
    """

    keyword = "sessionize"
    guide = Guide(
        "sessionize user maxspan 45m as sid | stats count(*) as clicks by sid",
        "CWL_QuerySyntax-Sessionize",
        (
            (
                "The id is the values, joined by |, a dash, and the number of the session, from 1 "
                "on in the order of time. A | in one of several values is written \\|."
            ),
            "An event without one of the values, or without a time, has no id.",
            "The order of the rows stays.",
        ),
        memory="the columns that are used of all rows",
    )
    # `fields` are Fields, `maxspan` a Period of fixed length.
    arg_types: ClassVar[dict[str, bool]] = {"fields": True, "maxspan": True, "name": True}
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ALL_ROWS
    shows = Shows.ADDS
    names = Names.ADDS
    writes = _writes_what_it_gives
    gives = _names_its_column

    def reads(self) -> set[str]:
        """Name the fields, and the time of the event."""
        return fields_named(self) | {TIMESTAMP}


class AddTotals(Command):
    """`addtotals fieldname=Total row=true col=false a, b`: add up the fields of each row.

    With `col=true` a last row has the sum of each column. Without fields, all columns are added
    that are shown.
    """

    keyword = "addtotals"
    guide = Guide(
        "addtotals row=false col=true bytes, packets",
        "CWL_QuerySyntax-Addtotals",
        (
            "What reads as a number is added; times, texts, lists and maps are left out.",
            (
                "Without fields it adds the columns that are shown at that point, but for "
                "@timestamp, @message and the other fields that every event has."
            ),
            "The row of `col=true` comes last at that point, and only its sums have a value.",
        ),
        memory=(
            "with `col=true` the columns that are used of all rows; else it streams, and holds the "
            "rows of one task"
        ),
    )
    # `fields` are Fields, or nothing; there are some once it is checked.
    arg_types: ClassVar[dict[str, bool]] = {
        "name": True,
        "row": True,
        "col": True,
        "fields": False,
    }
    order = Order.KEEPS
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named
    writes = _writes_what_it_gives

    @property
    def rows(self) -> Rows:  # type: ignore[override]
        """Say whether a row is added, which is of another kind."""
        return Rows.NEW if self.args["col"] else Rows.SAME

    @property
    def needs(self) -> Needs:  # type: ignore[override]
        """Say whether the sum of all rows is asked for."""
        return Needs.ALL_ROWS if self.args["col"] else Needs.ROW

    def gives(self) -> list[str]:
        """Name the column of sums; with a row of sums, the fields too, which it changes."""
        fields = [field.name for field in self.args.get("fields") or []]
        return [*(fields if self.args["col"] else []), *self.total_column()]

    def total_column(self) -> list[str]:
        """Name the column with the sum of each row, if there is one."""
        return [self.args["name"]] if self.args["row"] else []
