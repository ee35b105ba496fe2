"""The facts that each command class states about itself.

Rules of rewriting, the planner, the checks and the writers read these facts and name no class, so a
new command works everywhere once it states them. There are no defaults: a class that leaves one out
fails when it is imported, because a wrong default would give wrong answers without an error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from cwnb.events import MESSAGE, TIMESTAMP

if TYPE_CHECKING:
    from collections.abc import Sequence


class Rows(Enum):
    """What a command does to rows."""

    SAME = "one row for each row"
    FEWER = "some of the rows, none of them more than once"
    MORE = "none, one or several rows for each row"
    NEW = "rows of another kind, such as groups"


class Order(Enum):
    """What a command does to the order of rows."""

    KEEPS = "the rows that stay keep their order"
    SETS = "it decides the order of any two rows, by the values of these two alone"
    LOSES = "nothing is promised of the order"


class Needs(Enum):
    """Which rows decide whether a row stays, at which place, and with which values."""

    ROW = "that row alone"
    ROWS_BEFORE = "that row and those before it"
    ALL_ROWS = "all rows"


class Shows(Enum):
    """What a command does to the columns that the answer shows; see `Shown`."""

    SAME = "nothing"
    ADDS = "its columns are shown too"
    LISTS = "its columns are shown too, and the default columns are not"
    CHOOSES = "its columns are shown, and none of any other command"
    REPLACES = "only its columns are shown, and later commands may add others"


class Names(Enum):
    """What a command does to the names that later commands may use."""

    SAME = "nothing"
    ADDS = "what it writes may be named too"
    REPLACES = "what it gives is all that may be named"


KINDS: dict[str, type[Enum]] = {
    "rows": Rows,
    "order": Order,
    "needs": Needs,
    "shows": Shows,
    "names": Names,
}
# Methods that are facts as well. In `commands.py`, `fields_named`, `no_writes` and `gives_nothing`
# are those of most commands.
METHODS = ("reads", "writes", "gives")


@dataclass(frozen=True)
class Shown:
    """The columns that the answer would show if the query ended after some command.

    `defaults`: no command has listed columns, so the `default_names` come first.
    `chosen`: a `display` has chosen the columns, so that later commands add none.
    """

    names: tuple[str, ...] = ()
    defaults: bool = True
    chosen: bool = False
    default_names: tuple[str, ...] = (TIMESTAMP, MESSAGE)

    def after(self, shows: Shows, gives: Sequence[str]) -> Shown:
        """Give what is shown after a command that shows these columns in this way."""
        if shows is Shows.SAME:
            return self
        if shows is Shows.CHOOSES:
            return replace(self, names=tuple(gives), chosen=True)
        if shows is Shows.REPLACES:
            return Shown(tuple(gives), defaults=False)
        if self.chosen:
            return self
        listed = shows is Shows.LISTS
        return replace(self, names=(*self.names, *gives), defaults=self.defaults and not listed)

    def columns(self) -> list[str]:
        """Name the columns of the answer in order."""
        first = self.default_names if self.defaults and not self.chosen else ()
        return list(dict.fromkeys([*first, *self.names]))


def check_facts(command: type[Any]) -> None:
    """Refuse a command class that leaves out a fact, or states facts that contradict each other.

    Raises TypeError with the names of the class and of the fact. A fact that depends on the
    arguments, as that of `parse … multi`, is a property.
    """
    own = vars(command)
    if not own.get("keyword"):
        raise _incomplete(command, "keyword")
    for fact, kind in KINDS.items():
        if not isinstance(own.get(fact), kind | property):
            raise _incomplete(command, fact)
    for method in METHODS:
        if not callable(own.get(method)):
            raise _incomplete(command, method)
    if own["order"] is Order.SETS and own["needs"] is not Needs.ALL_ROWS:
        message = f"command class {command.__name__} sets the order, which needs all rows"
        raise TypeError(message)
    guide = own.get("guide")
    if guide is not None and not guide.memory:
        raise _incomplete(command, "guide.memory")


def _incomplete(command: type[Any], fact: str) -> TypeError:
    return TypeError(f"command class {command.__name__} does not state {fact!r}")
