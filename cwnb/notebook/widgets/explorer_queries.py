"""Queries to begin with in the explorer: saved ones, those of the history, samples."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import ipywidgets

from cwnb.errors import CwnbError, InvalidParameter
from cwnb.notebook.samples import fitting_first
from cwnb.notebook.widgets.choices import ListView
from cwnb.notebook.widgets.lines import LinesView
from cwnb.notebook.widgets.newest_task import NewestTask
from cwnb.notebook.widgets.view import sentence
from cwnb.window import ALL, minute_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cwnb.notebook.exploration import Exploration
    from cwnb.notebook.history import Entry
    from cwnb.notebook.widgets.explorer_settings import ExplorerSettings
    from cwnb.store import SavedQuery

_EVERY_FOLDER = "all"
_QUERY_SHOWN = 120
# A time as `time_text` writes it, without milliseconds that are 0.
_UTC = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.(?!000)\d+)?)(?:\.000)?Z")


class SavedQueries(ipywidgets.VBox):  # type: ignore[misc]
    """Saves the query of an exploration, and loads and deletes saved ones; `/` makes folders."""

    def __init__(self, exploration: Exploration, on_load: Callable[[], object]) -> None:
        self._exploration = exploration
        self._on_load = on_load
        self._queries: dict[str, SavedQuery] = {}
        self._reading = NewestTask(self._fail)
        self.folder = ipywidgets.Dropdown(description="Folder", options=[_EVERY_FOLDER])
        self.list = ListView(
            title="Saved queries",
            multiple=False,
            empty="no query is saved yet: write its name below and press Save",
        )
        self.name = ipywidgets.Text(description="Name", placeholder="errors/by service")
        self.save = ipywidgets.Button(
            description="Save", tooltip="save text, log groups and parameters under this name"
        )
        self.load = ipywidgets.Button(description="Load", tooltip="load the chosen query")
        self.delete = ipywidgets.Button(description="Delete", tooltip="delete the chosen query")
        self.says = LinesView()
        super().__init__(
            [
                self.folder,
                self.list,
                self.name,
                ipywidgets.HBox([self.save, self.load, self.delete]),
                self.says,
            ]
        )
        self.add_class("cwnb-saved")
        self.folder.observe(lambda _: self._list(), "value")
        self.list.observe(self._choose, "chosen")
        self.save.on_click(lambda _: self._attempt(self._save))
        self.load.on_click(lambda _: self._attempt(self._load))
        self.delete.on_click(lambda _: self._attempt(self._delete))

    def refresh(self) -> None:
        """Read the saved queries of the store again."""
        self._reading.begin((self._exploration.logs.store.saved_queries, self._show))

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the saved queries have been read."""
        self._reading.wait(timeout)

    def _show(self, queries: Iterable[SavedQuery]) -> None:
        self._queries = {query.name: query for query in queries}
        folders = {
            "/".join(parts[:depth])
            for parts in (name.split("/") for name in self._queries)
            for depth in range(1, len(parts))
        }
        chosen = self.folder.value
        options = [_EVERY_FOLDER, *(f"{folder}/" for folder in sorted(folders))]
        self.folder.options = options
        self.folder.value = chosen if chosen in options else _EVERY_FOLDER
        self._list()

    def _list(self) -> None:
        folder = "" if self.folder.value == _EVERY_FOLDER else str(self.folder.value)
        self.list.items = [
            {"name": query.name, "hint": f"{', '.join(query.groups)}\n{query.text}"}
            for query in self._queries.values()
            if query.name.startswith(folder)
        ]
        self.list.chosen = [name for name in self.list.chosen if name.startswith(folder)]

    def _choose(self, change: Any) -> None:
        if change["new"]:
            (self.name.value,) = change["new"]

    def _save(self) -> str:
        exploration, name = self._exploration, self.name.value.strip()
        is_new = name not in self._queries
        exploration.logs.save_query(
            name, exploration.text, exploration.groups, exploration.parameters
        )
        self.refresh()
        return f"saved {name}" if is_new else f"saved {name} in the place of that before it"

    def _load(self) -> str:
        query = self._exploration.logs.saved_query(self.name.value.strip())
        self._exploration.load(query.text, query.parameters, groups=query.groups or None)
        self._on_load()
        return f"loaded {query.name}"

    def _delete(self) -> str:
        name = self.name.value.strip()
        self._exploration.logs.delete_query(name)
        self.list.chosen = []
        self.refresh()
        return f"deleted {name}"

    def _attempt(self, act: Callable[[], str]) -> None:
        try:
            self.says.say(act())
        except Exception as error:
            self.says.say(sentence(error), "error")

    def _fail(self, error: Exception) -> None:
        self.says.say(sentence(error), "error")


class HistoryList(ListView):
    """The last questions that were asked of the store, newest first; a click loads one.

    `on_error` gets the reason why one cannot be loaded.
    """

    def __init__(
        self,
        exploration: Exploration,
        settings: ExplorerSettings,
        on_load: Callable[[], object],
        on_error: Callable[[Exception], object],
    ) -> None:
        self._exploration = exploration
        self._history = settings.history
        self._on_load = on_load
        self._on_error = on_error
        self._entries: dict[str, Entry] = {}
        self._reading = NewestTask(self._fail)
        super().__init__(
            title="History", heads=["rows", "asked"], multiple=False, empty="nothing was asked yet"
        )
        self.observe(self._choose, "chosen")

    def refresh(self) -> None:
        """Read the history of the store again."""
        logs = self._exploration.logs
        self._reading.begin((lambda: self._history.entries(logs), self._show))

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the history has been read."""
        self._reading.wait(timeout)

    def _show(self, entries: dict[int, Entry]) -> None:
        # The number tells apart what was asked twice.
        self._entries = {
            f"{number}: {_one_line(entry.query)}": entry
            for number, entry in reversed(entries.items())
        }
        with self.hold_sync():
            self.items = [_history_item(name, entry) for name, entry in self._entries.items()]
            self.chosen = []

    def _choose(self, change: Any) -> None:
        if not change["new"]:
            return
        (name,) = change["new"]
        if name in self._entries:
            try:
                self._load(self._entries[name])
            except CwnbError as error:
                self._on_error(error)
            else:
                self._on_load()
        self.chosen = []  # so that the same can be clicked again

    def _load(self, entry: Entry) -> None:
        if entry.options is None:
            raise InvalidParameter(
                "the times and options of this question were not noted, for its first line could "
                "not be read or an earlier version of cwnb asked it; %insights_history lists the "
                "numbers, and with one it writes the cell"
            )
        self._exploration.load(entry.query, groups=entry.groups, **entry.options)

    def _fail(self, error: Exception) -> None:
        self.items = []
        self.empty = sentence(error)


class SampleList(ListView):
    """Sample queries by type of log, those first that fit the fields; a click loads one."""

    def __init__(self, exploration: Exploration, on_load: Callable[[], object]) -> None:
        self._exploration = exploration
        self._on_load = on_load
        self._texts: dict[str, str] = {}
        super().__init__(title="Sample queries", heads=["type of log", "fields"], multiple=False)
        self.show([])
        self.observe(self._choose, "chosen")

    def show(self, fields: Iterable[str]) -> None:
        """Show the samples, those first whose fields are among these."""
        found = fitting_first(fields)
        self._texts = {one.name: one.text for one, _ in found}
        self.items = [
            {
                "name": one.name,
                "texts": [one.log_type, "there" if fits else "not there"],
                "hint": one.text,
            }
            for one, fits in found
        ]

    def _choose(self, change: Any) -> None:
        if not change["new"]:
            return
        (name,) = change["new"]
        if name in self._texts:
            self._exploration.load(self._texts[name])
            self._on_load()
        self.chosen = []


def _history_item(name: str, entry: Entry) -> dict[str, Any]:
    rows = "failed" if entry.error else entry.outcome if entry.rows is None else f"{entry.rows:,}"
    where = ", ".join(entry.groups)
    details = [
        " · ".join(filter(None, [where, _window_text(entry)])),
        entry.error or "",
    ]
    hint = "\n".join(filter(None, [where, entry.query, entry.error or entry.outcome]))
    return {
        "name": name,
        "texts": [rows, minute_text(entry.asked_ms)],
        "details": [_one_line(text) for text in details if text],
        "hint": hint,
    }


def _window_text(entry: Entry) -> str:
    """Say which times were asked; nothing where these were not noted."""
    if entry.options is None:
        return ""
    sides = [(word, entry.options[side]) for word, side in (("from", "start"), ("to", "end"))]
    said = [f"{word} {_short(time)}" for word, time in sides if time not in {None, ALL}]
    return " ".join(said) or "all events"


def _short(time: str) -> str:
    """Write a time in UTC as people do; other times are as they were written."""
    return _UTC.sub(r"\1 \2 UTC", time)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUERY_SHOWN else f"{line[: _QUERY_SHOWN - 1]}…"
