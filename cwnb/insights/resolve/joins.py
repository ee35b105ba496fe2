"""The names behind a join: which side each is of, and what they were before it.

A field of the left side is given the name that it had before the join, so that the rules of
rewriting know it; one of the right side keeps its name, `b.field`, which is that of its column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cwnb.insights import tree
from cwnb.insights.tree import Names, Shown
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass
class Earlier:
    """A pipeline before the one that is checked: `completed` has its outputs.

    `checked` is the pipeline that will run, to which a join adds the columns that it needs.
    `known` tells whether its events may have a field, and `names` gives these fields.
    """

    completed: tree.Pipeline
    checked: tree.Pipeline
    known: Callable[[str], bool]
    names: Callable[[], Iterable[str]]

    @property
    def outputs(self) -> list[str]:
        """Name the columns of its answer."""
        return self.completed.outputs

    def shown(self) -> Shown:
        """Give the columns that its answer shows."""
        shown = Shown()
        for command in self.completed.commands:
            shown = command.outputs(shown)
        return shown

    def has_outputs_only(self) -> bool:
        """Tell whether its answer has the columns that it shows, and nothing else can be asked."""
        commands = self.completed.commands
        return self.shown().chosen or any(c.names is Names.REPLACES for c in commands)

    def knows(self, name: str) -> bool:
        """Tell whether its rows may have a field."""
        made: set[str] = set().union(*(c.writes() for c in self.completed.commands))
        return name in made or self.known(name)


@dataclass
class Joined:
    """What a join has made of the names, for the commands after it.

    `made`: the names that these have defined. `of_left`: the fields of the left side that they
    name, by the names that these had before the join. `of_right`: the fields of the right side.
    `columns`: fields of the left side, `a.field`, whose values a command has replaced. `own_names`:
    fields of the left side that have been named as they were before, by `a.field as field`.
    """

    command: tree.Join
    right: Earlier
    made: set[str] = field(default_factory=set)
    of_left: set[str] = field(default_factory=set)
    of_right: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    own_names: set[str] = field(default_factory=set)

    @property
    def left_alias(self) -> str:
        """Give the name of the left side."""
        return str(self.command.args["left"])

    @property
    def right_alias(self) -> str:
        """Give the name of the right side."""
        return str(self.command.args["right"])

    def is_made(self, name: tree.Field) -> bool:
        """Tell whether a command after the join has defined a name, or what it leads into."""
        parts, named = name.parts, self.made | self.own_names
        return any(".".join(parts[:length]) in named for length in range(1, len(parts) + 1))

    def of_side(self, name: tree.Field, refuse: Callable[[str, Any], Any]) -> tree.Field:
        """Give a field as it is named where the query runs; refuse one that has no side."""
        side, *rest = name.parts
        if name.name in self.columns:
            return name
        if side == self.left_alias and rest:
            own = tree.Field(parts=rest)
            own.meta.update(name.meta)
            self.of_left.add(own.name)
            return own
        if side == self.right_alias and rest:
            self._check_right(name, ".".join(rest), refuse)
            self.of_right.add(".".join(rest))
            return name
        if not self.is_made(name):
            left, right = self.left_alias, self.right_alias
            refuse(
                f"after the join a field has the name of its side: {left}.{name.name} or "
                f"{right}.{name.name}",
                name,
            )
        return name

    def make_column(self, name: tree.Field) -> None:
        """Note that a command replaces the values of a field of a side."""
        if name.parts[0] == self.left_alias:
            self.columns.add(name.name)

    def _check_right(self, name: tree.Field, own: str, refuse: Callable[[str, Any], Any]) -> None:
        outputs = self.right.outputs
        if self.right.has_outputs_only() and not any(
            own == output or own.startswith(f"{output}.") for output in outputs
        ):
            near = suggestion(own, outputs)
            refuse(
                f"{name.name!r} is no output of the right side ({', '.join(outputs)}){near}", name
            )

    def unknown_on_right(self) -> list[str]:
        """Give a warning for each field of the right side that none of its events has."""
        if self.right.has_outputs_only():
            return []
        return [
            f"no event of the right side of the join has the field {name!r}"
            f"{suggestion(name, sorted(self.right.names()))}"
            for name in sorted(self.of_right)
            if not name.startswith("@") and not self.right.knows(name)
        ]

    def clash(self, named_before: set[str]) -> str | None:
        """Say which name stands for two things; None if none does.

        `named_before` are the names that commands before the join make or read.
        """
        left = named_before | self.of_left
        for name in sorted(left):
            if name.partition(".")[0] in {self.left_alias, self.right_alias}:
                side = name.partition(".")[0]
                begins = f"{side!r} begins a field of the left side, {name!r}"
                return f"{begins}; give the side another name"
        for name in sorted(self.made):
            if any(name == one or one.startswith(f"{name}.") for one in left):
                return f"{name!r} is a field of the left side too; choose another new name"
            if name.partition(".")[0] in {self.left_alias, self.right_alias} and "." in name:
                return f"{name!r} looks like a field of a side of the join; choose another name"
        return None
