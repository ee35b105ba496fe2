"""What was asked in a notebook's cells, kept until its kernel ends."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwnb.errors import CwnbError, InvalidParameter, QueryCancelled
from cwnb.results.listings import listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandas import DataFrame

    from cwnb.results.result import QueryResult
    from cwnb.store import SavedQuery

MOST_ENTRIES = 200
# Column: the attribute that it shows, and what it holds.
_COLUMNS = {
    "asked": ("asked_ms", "time"),
    "groups": ("groups", "text"),
    "query": ("query", "text"),
    "rows": ("rows", "integer"),
    "seconds": ("seconds", "number"),
    "outcome": ("outcome", "text"),
}


@dataclass
class Entry:
    """A question as it was written: `line` with its options and `cell`, None for a line magic.

    `outcome`: answered, started, interrupted, or the name of an error.
    """

    number: int
    asked_ms: int
    line: str
    cell: str | None
    query: str
    groups: tuple[str, ...] = ()
    rows: int | None = None
    seconds: float | None = None
    outcome: str = "started"

    def answered(self, result: QueryResult) -> None:
        """Note the answer."""
        self.rows, self.seconds = len(result), result.statistics["elapsedMs"] / 1000
        self.outcome = "answered"

    @property
    def source(self) -> str:
        """The code of the cell that asked it."""
        if self.cell is None:
            return f"%insights {self.line.strip()}"
        return f"%%insights {self.line.strip()}\n{self.cell.rstrip()}"


def cell_of(query: SavedQuery) -> str:
    """Give the code of a cell that asks a saved query."""
    groups = "".join(f" -g {_word(group)}" for group in query.groups)
    return f"%%insights{groups}\n{query.text.strip()}"


def _word(name: str) -> str:
    return f"'{name}'" if " " in name or "#" in name else name


class History:
    """The questions that were asked, numbered from 1; the newest 200 are kept."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self._count = 0
        self._lock = threading.Lock()

    @contextmanager
    def asking(self, line: str, cell: str | None, query: str, asked_ms: int) -> Iterator[Entry]:
        """Add a question and note what becomes of it."""
        with self._lock:
            self._count += 1
            entry = Entry(self._count, asked_ms, line, cell, query)
            self._entries.append(entry)
        try:
            yield entry
        except (KeyboardInterrupt, QueryCancelled):
            entry.outcome = "interrupted"
            raise
        except CwnbError as error:
            entry.outcome = type(error).__name__
            raise

    def entry(self, number: int) -> Entry:
        """Give an entry by its number; raises InvalidParameter."""
        for entry in self._entries:
            if entry.number == number:
                return entry
        there = f"it has 1 to {self._count}" if self._count else "it is empty"
        if self._count > MOST_ENTRIES:
            there = f"it has {self._count - MOST_ENTRIES + 1} to {self._count}"
        raise InvalidParameter(f"no entry {number} in the history; {there}")

    def frame(self, containing: str = "") -> DataFrame:
        """Give the entries whose query or groups contain a text, newest first, by number."""
        wanted = containing.lower()
        found = [
            entry
            for entry in reversed(self._entries)
            if wanted in entry.query.lower() or any(wanted in g.lower() for g in entry.groups)
        ]
        frame = listing(found, _COLUMNS)
        frame.index = [entry.number for entry in found]
        return frame
