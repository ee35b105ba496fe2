"""An exploration: groups, a window and a query, which gestures change. It draws nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidParameter
from cwnb.insights import (
    counted_by,
    events_beginning,
    keys_of_groups,
    with_condition,
    write_name,
)
from cwnb.notebook.cells import cell_source
from cwnb.notebook.placeholders import literal
from cwnb.times import UNIT_MS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cwnb.logs import Logs
    from cwnb.results.result import QueryResult
    from cwnb.results.running import RunningQuery

# What shows the answer, and the option of a cell that does the same.
VIEWS = {"logs": (), "chart": ("--plot", "auto"), "explain": ("--explain",)}
_MONTHS = {"mo": 1, "q": 3, "y": 12}
FIRST_TEXT = "fields @timestamp, @message"


@dataclass
class Exploration:
    """Groups, window and text of a query that is looked for step by step.

    >>> exploration = Exploration(logs, ["/shop/app"], start="-1h")
    >>> exploration.keep_only("level", "ERROR")
    >>> exploration.count_by("service")
    >>> exploration.run().df
    >>> exploration.to_cells()

    `start` and `end` (not included) are times as `Logs.query` reads them. `view` is logs, chart or
    explain. A gesture that cannot be done raises MalformedQuery or InvalidParameter, and changes
    nothing.
    """

    logs: Logs
    groups: list[str] = field(default_factory=list)
    start: Any = None
    end: Any = None
    text: str = FIRST_TEXT
    view: str = "logs"

    def run(self) -> QueryResult:
        """Ask the query and wait for the answer; raises as `Logs.query` does."""
        return self.logs.query(self.text, self.groups or None, self.start, self.end)

    def begin(self) -> RunningQuery:
        """Ask the query and do not wait; raises as `Logs.start` does."""
        return self.logs.start(self.text, self.groups or None, self.start, self.end)

    def to_cells(self) -> list[str]:
        """Give the code of the cells that do the same."""
        return [
            cell_source(
                self.text, self.groups, start=self.start, end=self.end, options=VIEWS[self.view]
            )
        ]

    # ------------------------------------------------------------ gestures

    def choose_groups(self, groups: Sequence[str]) -> None:
        """Ask these groups; a trailing `*` of a name is a prefix. Raises ResourceNotFound."""
        self.logs.store.match_groups(list(groups))
        self.groups = list(groups)

    def choose_window(self, start: Any = None, end: Any = None) -> None:
        """Ask about these times; None leaves a side open."""
        self.start, self.end = start, end

    def choose_view(self, view: str) -> None:
        """Show rows, chart or explanation."""
        if view not in VIEWS:
            raise InvalidParameter(f"unknown view {view!r}; it is one of {', '.join(VIEWS)}")
        self.view = view

    def keep_only(self, name: str, value: Any) -> None:
        """Keep the rows with this value of a field; None stands for rows without the field."""
        condition = _is(write_name(name), value)
        self.text = with_condition(self.text, name, condition)

    def leave_out(self, name: str, value: Any) -> None:
        """Leave out the rows with this value of a field; None stands for rows without the field.

        As `!=` does, it leaves out the rows without the field too.
        """
        written = write_name(name)
        is_missing = value is None
        condition = (
            f"ispresent({written})" if is_missing else f"{written} != {literal(value, name)}"
        )
        self.text = with_condition(self.text, name, condition)

    def count_by(self, name: str) -> None:
        """Count the events by the values of a field, most frequent first."""
        self.text = counted_by(self.text, name)

    def drill_down(self, row: Mapping[str, Any]) -> None:
        """Look at the events behind a row of `stats`, given as a mapping of its columns.

        Keys of the groups become conditions, and a bin of time becomes the window. Raises
        InvalidParameter for rows that are no groups, and for a row that lacks a key.
        """
        keys = keys_of_groups(self.text)
        if keys is None:
            raise InvalidParameter("the rows are not groups of 'stats', so nothing is behind them")
        conditions, window = [], (self.start, self.end)
        for name, (expression, bins) in keys.items():
            if name not in row:
                raise InvalidParameter(f"the row has no column {name!r}, a key of the groups")
            if bins is not None and row[name] is not None:
                window = _bin(row[name], *bins)
            else:
                conditions.append(_is(expression, row[name]))
        command = f"filter {' and '.join(conditions)}" if conditions else FIRST_TEXT
        self.text = events_beginning(self.text) + command
        self.start, self.end = window


def _is(expression: str, value: Any) -> str:
    if value is None:
        return f"not ispresent({expression})"
    return f"{expression} = {literal(value, expression)}"


def _bin(start: datetime, count: int, unit: str) -> tuple[datetime, datetime]:
    """Give the window of one bin of time."""
    begin = start if start.tzinfo else start.replace(tzinfo=UTC)
    if unit in UNIT_MS:
        return begin, begin + timedelta(milliseconds=count * UNIT_MS[unit])
    month = begin.month - 1 + count * _MONTHS[unit]
    return begin, begin.replace(year=begin.year + month // 12, month=month % 12 + 1)
