"""The view of an answer: what was asked and scanned, a histogram, and rows that open."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from traitlets import Bool, Bytes, Dict, Unicode

from cwnb.errors import InvalidParameter
from cwnb.notebook.widgets.events import EVENTS
from cwnb.notebook.widgets.histogram import HISTOGRAM, LatestCount
from cwnb.notebook.widgets.latest_run import LatestRun
from cwnb.notebook.widgets.rows import ROWS
from cwnb.notebook.widgets.view import View, sentence
from cwnb.results.emptiness import reasons_beside_warnings
from cwnb.results.held import CHARACTERS_HELD, HeldRows
from cwnb.results.html import summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.insights import Progress
    from cwnb.notebook.exploration import Exploration
    from cwnb.results.result import QueryResult


class Shown(NamedTuple):
    """The answer that a view shows. Its number is one more than that of the answer before it."""

    number: int
    result: QueryResult
    held: HeldRows


class AnswerView(View):
    """Shows an answer, and turns gestures on its rows into those of an `Exploration`.

    Without an `exploration`, as for an answer about a DataFrame, there are no gestures. In a cell
    (`in_cell`) a gesture asks the changed query again and shows its answer in place of this one;
    elsewhere whoever was given to `on_change` does that. All methods may be called from any thread.

    The first rows travel with the view, the rest when it asks. Its questions name the number of the
    answer that they are `of`, for a row of another answer is another row.
    """

    answer = Dict().tag(sync=True)
    # The texts of the first rows as JSON, a list for each column, and their ranks as Int32.
    first = Bytes().tag(sync=True)
    first_ranks = Bytes().tag(sync=True)
    # What stands above the rows: summary, warnings, and the query where gestures have changed it.
    about = Dict().tag(sync=True)
    error = Unicode().tag(sync=True)
    progress = Dict().tag(sync=True)
    is_stale = Bool().tag(sync=True)
    in_cell = Bool().tag(sync=True)
    static = Unicode().tag(sync=True)

    def __init__(
        self,
        result: QueryResult | None = None,
        exploration: Exploration | None = None,
        **traits: Any,
    ) -> None:
        self.exploration = exploration
        self.run = LatestRun(self)
        self.counting = LatestCount()
        self._shown: Shown | None = None
        self._number = 0
        self._callbacks: list[Callable[[Exploration], None]] = []
        self._showing = threading.RLock()
        self.gesturing = threading.Lock()
        super().__init__(kind="answer", **traits)
        if result is not None:
            self.show_result(result)

    # For who holds the view

    def on_change(self, callback: Callable[[Exploration], None]) -> None:
        """Call this, on a thread, with the exploration after a gesture has changed it."""
        self._callbacks.append(callback)

    def show_result(self, result: QueryResult) -> None:
        """Show an answer in place of the one before it, and of an error."""
        if self.in_cell and self._shown is not None:
            result.tz = self._shown.result.tz
        self._show(result, {})

    def show_partial(self, result: QueryResult, progress: Progress) -> None:
        """Show the rows so far of a query that runs."""
        self._show(result, _progress(progress))

    def show_progress(self, progress: Progress) -> None:
        """Show how far a query is whose answer will be shown next."""
        self.progress = _progress(progress)

    def show_error(self, error: Exception | str) -> None:
        """Show why there is no answer; the answer before it stays, marked as such."""
        text = error if isinstance(error, str) else sentence(error)
        with self._showing, self.hold_sync():
            self.error, self.progress, self.is_stale = text, {}, True

    def mark_stale(self) -> None:
        """Say that the answer is not that of the query as it now is."""
        self.is_stale = True

    # For its questions

    def shown(self, of: int) -> Shown:
        """Give the answer of this number; raises InvalidParameter if another one is shown now."""
        shown = self._shown
        if shown is None or shown.number != of:
            raise InvalidParameter("the rows have changed meanwhile; choose again")
        return shown

    def changed(self) -> None:
        """Tell that a gesture has changed the exploration, and ask again in a cell."""
        assert self.exploration is not None
        self._describe()
        for callback in self._callbacks:
            callback(self.exploration)
        if self.in_cell:
            self.run.begin(self.exploration.begin)

    # How it is shown

    def _show(self, result: QueryResult, progress: dict[str, Any]) -> None:
        held = HeldRows(result)
        first, first_ranks = held.first, b"".join(held.ranks(held.first.end))
        with self._showing, self.hold_sync():
            self._number += 1
            self._shown = Shown(self._number, result, held)
            self._describe()
            self.error, self.progress, self.is_stale = "", progress, False
            self.first, self.first_ranks = first.texts, first_ranks
            self.answer = {
                "number": self._number,
                "columns": [asdict(column) for column in held.columns],
                "rows": held.all_rows,
                "first": first.end,
                "has_cut": first.has_cut,
                "characters_held": CHARACTERS_HELD,
                "all_columns": held.all_columns,
                "kind": "groups" if result.outcome.places is None else "events",
                "has_gestures": self.exploration is not None,
            }

    def _describe(self) -> None:
        shown, exploration = self._shown, self.exploration
        about: dict[str, Any] = {"summary": [], "warnings": []}
        if shown is not None:
            result = shown.result
            about["summary"] = summary(len(result), result.statistics, result.window)
            about["warnings"] = result.warnings
            if self.in_cell:  # an explorer says all reasons beside its view
                about["reasons"] = reasons_beside_warnings(result)
        if exploration is not None and exploration.can_undo:
            about["query"] = exploration.code
        self.about = about

    def _stop(self) -> None:
        self.run.stop()

    asked: ClassVar = {**ROWS, **HISTOGRAM, **EVENTS, "stop": _stop}


def _progress(progress: Progress) -> dict[str, Any]:
    return {"text": f"{progress} so far", "share": progress.share}
