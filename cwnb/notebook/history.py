"""What was asked in a notebook's cells, kept in the store that was asked."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cwnb.errors import CwnbError, InvalidParameter, QueryCancelled
from cwnb.notebook.cells import time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pandas import DataFrame

    from cwnb.logs import Logs
    from cwnb.results.result import QueryResult

_WRITTEN_WITHIN_S = 1.0
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

    `outcome`: answered, started, interrupted, or the name of an error, of which `error` is the
    sentence. `options` are those of
    `Logs.query` with which it was asked, as the line and the settings of the notebook decided;
    None where they were not noted, as for a line that could not be read, and in the entries of
    earlier versions.
    """

    asked_ms: int
    line: str
    cell: str | None
    query: str
    groups: tuple[str, ...] = ()
    rows: int | None = None
    seconds: float | None = None
    outcome: str = "started"
    options: dict[str, Any] | None = None
    error: str | None = None

    def asked_with(self, groups: Iterable[str], start: Any, end: Any, **options: Any) -> None:
        """Note the groups, the window, and other options of `Logs.query`."""
        self.groups = tuple(groups)
        self.options = {"start": _plain(start), "end": _plain(end), **options}

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


class History:
    """The questions that the user has asked of each store, in its catalog.

    A thread writes them, so that no cell waits. What a store does not take, because it may not be
    written, is kept here until the kernel ends.
    """

    def __init__(self) -> None:
        self._kept: dict[str, list[Entry]] = {}
        self._writer: threading.Thread | None = None
        self._starting = threading.Lock()

    @contextmanager
    def asking(self, logs: Logs, line: str, cell: str | None, query: str) -> Iterator[Entry]:
        """Note a question, and what becomes of it."""
        entry = Entry(logs.clock.now_ms(), line, cell, query)
        try:
            yield entry
        except (KeyboardInterrupt, QueryCancelled):
            entry.outcome = "interrupted"
            raise
        except CwnbError as error:
            entry.outcome = type(error).__name__
            entry.error = getattr(error, "message", str(error))
            raise
        finally:
            with self._starting:
                self._writer = threading.Thread(
                    target=self._write,
                    args=(logs, entry, self._writer),
                    name="cwnb-history",
                    daemon=True,
                )
                self._writer.start()

    def entries(self, logs: Logs) -> dict[int, Entry]:
        """Give the questions of a store by number, oldest first."""
        if self._writer is not None:
            self._writer.join(_WRITTEN_WITHIN_S)
        found = {number: Entry(**json.loads(record)) for number, record in logs.store.history()}
        kept = self._kept.get(str(logs.store.path), [])
        return found | dict(enumerate(kept, max(found, default=0) + 1))

    def entry(self, logs: Logs, number: int) -> Entry:
        """Give a question by its number; raises InvalidParameter."""
        entries = self.entries(logs)
        if number not in entries:
            there = f"it has {min(entries)} to {max(entries)}" if entries else "it is empty"
            raise InvalidParameter(f"no entry {number} in the history; {there}")
        return entries[number]

    def frame(self, logs: Logs, containing: str = "") -> DataFrame:
        """Give the questions whose query or groups contain a text, newest first, by number."""
        from cwnb.results.listings import listing

        wanted = containing.lower()
        found = {
            number: entry
            for number, entry in reversed(self.entries(logs).items())
            if any(wanted in text.lower() for text in (entry.query, *entry.groups))
        }
        frame = listing(found.values(), _COLUMNS)
        frame.index = list(found)
        return frame

    def _write(self, logs: Logs, entry: Entry, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # questions are numbered in their order
        try:
            logs.store.add_to_history(json.dumps(asdict(entry)).encode())
        except CwnbError:
            self._kept.setdefault(str(logs.store.path), []).append(entry)


def _plain(time: Any) -> str | None:
    return None if time is None else time_text(time)
