"""The base class of commands, and what their classes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from cwnb.insights.tree.expressions import Node
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shown, Shows, check_facts
from cwnb.insights.tree.walks import fields_read

if TYPE_CHECKING:
    from sqlglot import exp

    from cwnb.events import Window
    from cwnb.insights.tree.expressions import Item, SortKey


@dataclass(frozen=True)
class Guide:
    """What the help pages and the reference say of a command beside its docstring.

    `example`: a query that shows it in use. `source`: the page of the service's documentation, or
    what else it is known from. `decided`: sentences about what the service leaves open, and where
    ours differs from it. `memory`: what a command holds in memory while it runs.
    """

    example: str
    source: str
    decided: tuple[str, ...] = ()
    memory: str = ""


class Command(Node):
    """One step of a pipeline; `facts` says what each class has to state about itself."""

    keyword: ClassVar[str] = ""
    # None for a command that no text reads as.
    guide: ClassVar[Guide | None] = None
    rows: Rows
    order: Order
    needs: Needs
    shows: Shows
    names: Names
    # Whether it reads the events of another window too.
    compares: ClassVar[bool] = False
    # What it means that it gives no row though rows came to it, where its text does not say it.
    none_means: ClassVar[str] = ""
    # Whether events are opened to answer it.
    opens_events: ClassVar[bool] = True

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

    def compared_with(self, window: Window) -> Window:
        """Give the other window whose events it reads too, if it is one that compares."""
        raise NotImplementedError

    def makes(self, name: str) -> bool:
        """Tell whether it makes or replaces the field of this name."""
        return name in self.writes()

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


def row_by_row(command: Command) -> bool:
    """Tell whether a command can run in each task, without rows of other tasks."""
    return (
        command.needs is Needs.ROW
        and command.order is Order.KEEPS
        and command.rows is not Rows.NEW
        and command.names is not Names.REPLACES
    )
