"""The table of docs/performance.md that says which rows each command holds, and what bounds them.

How a command runs is found as the engine finds it: its example is checked as a query, and the facts
of its class and the table of barriers say the rest. What it holds stands in its guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cwnb.insights import check, complete, parse
from cwnb.insights.engine.commands.plan_barrier import AFTER_PATTERN, BARRIERS
from cwnb.insights.tree import COMMANDS, Command, row_by_row
from cwnb.query_sources import DataFrameSources

if TYPE_CHECKING:
    from cwnb.insights.tree import Query

BEGINNING, END = "<!-- memory: begin -->", "<!-- memory: end -->"
STREAMS, MERGES, ALL_ROWS = "streams", "merges", "needs all rows"
_FRAME = pd.DataFrame({"@timestamp": [pd.Timestamp(0, tz="UTC")], "rid": ["r"], "result": ["ok"]})
_TABLE = pd.DataFrame({name: ["x"] for name in ("host_id", "owner", "rack", "cidr", "zone")})


def with_memory_table(page: str) -> str:
    """Give the page with the table as it is now."""
    before, _, rest = page.partition(BEGINNING)
    _, end, after = rest.partition(END)
    if not end:
        message = f"the page has no place for the table: {BEGINNING} … {END}"
        raise ValueError(message)
    return f"{before}{BEGINNING}\n{_table()}\n{END}{after}"


def _table() -> str:
    lines = ["| command | how it runs | what it holds |", "| --- | --- | --- |"]
    for command in sorted(COMMANDS, key=lambda command: command.keyword.lower()):
        assert command.guide is not None
        usage = (command.__doc__ or "").split("`")[1].replace("|", "\\|")
        lines.append(f"| `{usage}` | {how_it_runs(command)} | {command.guide.memory} |")
    return "\n".join(lines)


def how_it_runs(command: type[Command]) -> str:
    """Tell how the command of an example runs, or the one that the checks put in its place."""
    assert command.guide is not None
    query = _completed(command.guide.example)
    steps = query.answer.commands
    step = next((step for step in steps if isinstance(step, command)), steps[0])
    if row_by_row(step):
        return STREAMS
    return MERGES if type(step) in {**BARRIERS, **AFTER_PATTERN} else ALL_ROWS


def _completed(text: str) -> Query:
    sources = DataFrameSources(
        _FRAME,
        [],
        groups={"/worker": _FRAME, "/other": _FRAME},
        tables={"hosts": _TABLE, "networks": _TABLE},
    )
    checked, _ = check(parse(text), sources, strict=False)
    return complete(checked, sources)
