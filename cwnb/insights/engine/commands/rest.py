"""The rest of a pipeline, from its first command that needs all rows on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwnb.insights.tree import Names, touches

if TYPE_CHECKING:
    from cwnb.insights.tree import Command


@dataclass(frozen=True)
class Rest:
    """The commands from the first one that needs all rows on.

    `outputs` names the columns of the answer. `repeated`: an earlier command makes several rows of
    one event, so the event's place in its task does not identify a row.
    """

    commands: list[Command]
    outputs: list[str]
    repeated: bool = False

    def columns_after(self, taken: int) -> list[str]:
        """Name the columns that the commands after the first `taken` ones, or the answer, read."""
        needed: dict[str, None] = {}
        written: set[str] = set()
        for command in self.commands[taken:]:
            writes = command.writes()
            for name in sorted(command.reads()):
                # A command may read the field that it replaces. But a command that makes `j` and
                # reads `j.a` reads it from its own `j`.
                own = any(name.startswith(f"{stem}.") for stem in writes)
                if not own and not touches({name}, written):
                    needed[name] = None
            written |= writes
            if command.names is Names.REPLACES:
                return list(needed)
        needed.update((name, None) for name in self.outputs if not touches({name}, written))
        return list(needed)
