"""What is left of a pipeline from its first barrier on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwnb.insights.tree import Names, touches

if TYPE_CHECKING:
    from cwnb.insights.tree import Command


@dataclass(frozen=True)
class Rest:
    """The commands that do not run row by row in each task, and what comes of them.

    `outputs` names the columns of the answer. `repeated`: a command before them makes several rows
    of one event, so a place in the task does not name a row.
    """

    commands: list[Command]
    outputs: list[str]
    repeated: bool = False

    def columns_after(self, taken: int) -> list[str]:
        """Name the columns that what comes after the first `taken` commands starts from."""
        needed: dict[str, None] = {}
        written: set[str] = set()
        for command in self.commands[taken:]:
            writes = command.writes()
            for name in sorted(command.reads()):
                # A command may read the field that it replaces, but `j.a` beside `… as j` is its
                # own.
                own = any(name.startswith(f"{stem}.") for stem in writes)
                if not own and not touches({name}, written):
                    needed[name] = None
            written |= writes
            if command.names is Names.REPLACES:
                return list(needed)
        needed.update((name, None) for name in self.outputs if not touches({name}, written))
        return list(needed)
