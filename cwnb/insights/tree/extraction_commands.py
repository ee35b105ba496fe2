"""Commands that make fields out of text, row by row."""

from __future__ import annotations

from typing import ClassVar

from cwnb.insights.tree.command import Command, Guide, fields_named
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shows


class Parse(Command):
    """`parse [value] "glob*" as a` or `parse [value] /re/ [multi]`: fields out of text."""

    keyword = "parse"
    guide = Guide(
        'parse @message "user=* took * ms" as user, took',
        "CWL_QuerySyntax-Parse",
        (
            "Each `*` takes as little as possible, a last one all the rest.",
            "With `multi` an event without a match stays as one row.",
            "A name may begin with `@`, also that of a group: `(?<@user>…)`.",
        ),
    )
    # `pattern` is an `exp.Literal` string (glob) or a Regex; `names` are the extracted fields, in
    # the order of the wildcards or groups. `multi` gives a row per match.
    arg_types: ClassVar[dict[str, bool]] = {
        "value": True,
        "pattern": True,
        "names": True,
        "multi": False,
    }
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named

    @property
    def rows(self) -> Rows:  # type: ignore[override]
        """Tell what it does to rows, which depends on `multi`."""
        return Rows.MORE if self.args.get("multi") else Rows.SAME

    def writes(self) -> set[str]:
        """Name the extracted fields."""
        return set(self.args["names"])

    def gives(self) -> list[str]:
        """Name the extracted fields in order."""
        return list(self.args["names"])
