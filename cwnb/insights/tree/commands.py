"""One node class for each command, with the facts that rules, planner, checks and writers read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sqlglot import exp

from cwnb.insights.tree.expressions import Field, Item, Node, SortKey, conjuncts, literal_value
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shown, Shows, check_facts
from cwnb.insights.tree.walks import fields_read


class Command(Node):
    """One step of a pipeline; `facts` says what each class has to state about itself."""

    keyword: ClassVar[str] = ""
    rows: Rows
    order: Order
    needs: Needs
    shows: Shows
    names: Names

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_facts(cls)

    def reads(self) -> set[str]:
        """Name the fields that this command reads."""
        raise NotImplementedError

    def writes(self) -> set[str]:
        """Name the fields that this command makes or replaces."""
        raise NotImplementedError

    def gives(self) -> list[str]:
        """Name the columns that it shows or makes, in order."""
        raise NotImplementedError

    def outputs(self, before: Shown) -> Shown:
        """Give the columns shown after this command."""
        return before.after(self.shows, self.gives())

    # Further facts, which allow more rewrites; with the defaults a command is left where it is.

    def conditions(self) -> list[exp.Expression]:
        """Give conditions that are true of every row that this command lets through."""
        return []

    def sort_keys(self) -> list[SortKey]:
        """Give the keys that it sorts by, to be changed in place."""
        return []

    def row_cap(self) -> int | None:
        """Give the most rows that it lets through, if the query states a number, else None."""
        return None

    def first_rows(self) -> int | None:
        """Give n if all it does is to keep the first n rows, else None."""
        return None

    def with_first_rows(self, count: int) -> Command | None:
        """Give one command that does this and then keeps the first `count` rows, or None."""
        del count
        return None

    def grouping(self) -> Grouping | None:
        """Give the keys and aggregates, if each row after this command is a group, else None."""
        return None


def fields_named(command: Command) -> set[str]:
    """Name the fields in a command's arguments, and `@timestamp` if a function of them reads it."""
    return fields_read(command)


def no_writes(_: Command) -> set[str]:
    """Say that a command makes no field."""
    return set()


def gives_nothing(_: Command) -> list[str]:
    """Say that a command shows and makes no column."""
    return []


@dataclass(frozen=True)
class Grouping:
    """What the rows of `stats` consist of: the items after `by`, and the aggregates."""

    by: tuple[Item, ...]
    aggregates: tuple[Item, ...]


def _computed(items: list[Item]) -> set[str]:
    return {i.name for i in items if i.args.get("alias") or not isinstance(i.value, Field)}


def _item_names(command: Command) -> list[str]:
    return [item.name for item in command.args["items"]]


class Fields(Command):
    """`fields a, f(b) as c`: show these, and compute."""

    keyword = "fields"
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


class Parse(Command):
    """`parse [value] "glob*" as a` or `parse [value] /re/ [multi]`: fields out of text."""

    keyword = "parse"
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


class Stats(Command):
    """`stats aggregates by keys offset period`: one row per combination of keys."""

    keyword = "stats"
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


class Dedup(Command):
    """`dedup a, b`: keep the first row of each combination of values.

    All rows in which a value is missing stay.
    """

    keyword = "dedup"
    arg_types: ClassVar[dict[str, bool]] = {"items": True}
    rows = Rows.FEWER
    order = Order.KEEPS
    needs = Needs.ROWS_BEFORE
    shows = Shows.SAME
    names = Names.SAME
    reads = fields_named
    writes = no_writes
    gives = gives_nothing


class ScanEvents(Command):
    """The read that begins a rewritten pipeline.

    `columns`: the names of the columns to read. `conditions`: a source may leave out segments in
    which no event can meet them.
    """

    keyword = "scan"
    arg_types: ClassVar[dict[str, bool]] = {"columns": True, "conditions": False}
    rows = Rows.NEW
    order = Order.SETS
    needs = Needs.ALL_ROWS
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


COMMANDS: tuple[type[Command], ...] = (
    Fields,
    Display,
    Filter,
    Parse,
    Stats,
    Sort,
    Limit,
    Dedup,
)
