"""The rest of a pipeline, from its first command that needs all rows on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwnb.events import TIMESTAMP
from cwnb.insights.tree import Call, Names, find, touches

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
        # Of these, names below are parts of what was written, and no columns from before.
        whole: set[str] = set()

        def is_made(name: str) -> bool:
            return name in written or touches({name}, whole)

        for command in self.commands[taken:]:
            reads, writes = command.reads(), command.writes()
            for name in sorted(reads):
                # A command may read the field that it replaces. But a command that makes `j` and
                # reads `j.a` reads it from its own `j`.
                own = any(name.startswith(f"{stem}.") for stem in writes)
                if not own and not is_made(name):
                    needed[name] = None
            if _goes_by_time(command) and not is_made(TIMESTAMP):
                needed[TIMESTAMP] = None
            written |= writes
            whole |= writes - reads
            if command.names is Names.REPLACES:
                return list(needed)
        needed.update((name, None) for name in self.outputs if not is_made(name))
        return list(needed)


def _goes_by_time(command: Command) -> bool:
    """Tell whether an aggregation goes by the times of the rows, whatever their order is."""
    grouping = command.grouping()
    calls = (call for item in grouping.aggregates for call in find(item, Call)) if grouping else ()
    aggregations = (call.entry.aggregation for call in calls)
    return any(made is not None and made.by_time for made in aggregations)
