"""Commands that make fields out of text, row by row."""

from __future__ import annotations

from typing import ClassVar

from cwnb.insights.tree.command import Command, Guide, fields_named
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shows


def _one_name(command: Command) -> list[str]:
    return [str(command.args["name"])]


def _one_name_written(command: Command) -> set[str]:
    return set(_one_name(command))


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
        memory="the rows of one task; with `multi` once for each match",
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


class ParseLogfmt(Command):
    """`parse [value] logfmt as m`: read `key=value` pairs as the map m."""

    keyword = "parse"
    guide = Guide(
        "parse @message logfmt as m | filter m.status >= 500 | display m.status, m.path",
        "CWL_QuerySyntax-Parse",
        (
            'Values are texts: `key=value`, or `key="a \\"value\\""` with blanks.',
            "A key alone has the text true, and the last of a repeated key counts.",
            "A text without a key gives no map.",
        ),
        memory="the rows of one task",
    )
    arg_types: ClassVar[dict[str, bool]] = {"value": True, "name": True}
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named
    writes = _one_name_written
    gives = _one_name


class ParseCsv(Command):
    """`parse [value] csv as a, b`: read comma-separated fields by their place."""

    keyword = "parse"
    guide = Guide(
        "parse @message csv as host, status, path | stats count(*) by host, status",
        "CWL_QuerySyntax-Parse",
        (
            "Quotes as in RFC 4180; blanks are kept, and a line break outside of quotes ends it.",
            "Fields beyond the names are left out, and a name without a field is missing.",
            "Where the quotes are broken, all names are missing.",
        ),
        memory="the rows of one task",
    )
    arg_types: ClassVar[dict[str, bool]] = {"value": True, "names": True}
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named

    def writes(self) -> set[str]:
        """Name the fields."""
        return set(self.args["names"])

    def gives(self) -> list[str]:
        """Name the fields in order."""
        return list(self.args["names"])


class ParseXml(Command):
    """`parse [value] xml "/path" as x`: read the text at a path of XML."""

    keyword = "parse"
    guide = Guide(
        'parse @message xml "/order/customer/@id" as customer | stats count(*) by customer',
        "known from use (2025); no page of the documentation has it",
        (
            "Paths are those of Python's ElementTree: `/a/b`, `//b`, `/a/*`, `/a[@k]`, `/a[2]`.",
            "`/@name` at its end is an attribute; prefixes of names are left out on both sides.",
            "The first match counts, with all the text inside it.",
            "Broken XML, and XML with a document type, gives nothing.",
        ),
        memory="the rows of one task",
    )
    arg_types: ClassVar[dict[str, bool]] = {"value": True, "path": True, "name": True}
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named
    writes = _one_name_written
    gives = _one_name


class Json(Command):
    """`json [field=f] "a.b[0]" as x`: read the value at a path of a JSON text or map."""

    keyword = "json"
    guide = Guide(
        'json field=payload "order.items[0].sku" as sku | stats count(*) by sku',
        "CWL_QuerySyntax-Parse",
        (
            "Without `field=` it is `@message`.",
            "The value keeps its type; a map or list can be asked further: `x.key`.",
        ),
        memory="the rows of one task",
    )
    # `value` is a Field; `path` an `exp.Literal` as written.
    arg_types: ClassVar[dict[str, bool]] = {"value": True, "path": True, "name": True}
    rows = Rows.SAME
    order = Order.KEEPS
    needs = Needs.ROW
    shows = Shows.ADDS
    names = Names.ADDS
    reads = fields_named
    writes = _one_name_written
    gives = _one_name
