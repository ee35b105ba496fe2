"""The line of the explorer that runs a query: Run, Stop, how far it is, what it cost."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets

from cwnb.errors import (
    FaultInQuery,
    InvalidParameter,
    MalformedQuery,
    QueryCancelled,
    QueryUnfinished,
)
from cwnb.insights import Progress
from cwnb.notebook.widgets.lines import LinesView
from cwnb.notebook.widgets.newest import Newest
from cwnb.notebook.widgets.view import sentence
from cwnb.results.charge import bytes_in_window, charge_text
from cwnb.results.html import summary
from cwnb.window import read_window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cwnb.notebook.exploration import Exploration
    from cwnb.notebook.widgets.explorer_answer import AnswerTabs
    from cwnb.notebook.widgets.explorer_settings import ExplorerSettings
    from cwnb.results.result import QueryResult
    from cwnb.results.running import RunningQuery

# Seconds between two reports of progress: five a second, where a server lets ten through.
_REPORT_EVERY_S = 0.2
# Rows so far are shown once a second, and less often where making them takes long.
_ROWS_EVERY_S = 1.0
_SHARE_FOR_ROWS = 0.1
_STEPS = 1_000  # of the bar
_NO_GROUP = "choose one or more log groups first, or name them in the text by SOURCE"


class RunControls(ipywidgets.VBox):  # type: ignore[misc]
    """Runs the query of an exploration on threads; only the newest run is shown.

    `fault_in_window` gives the error of a window that is written and cannot be asked. `on_fault`
    gets an error about the text of the query, or None when a run begins. `on_end` is called when a
    run has ended. An answer to what is not asked any more is marked as stale. `result` and `before`
    are the last answers: about the window, and about the period before.
    """

    def __init__(
        self,
        exploration: Exploration,
        answer: AnswerTabs,
        settings: ExplorerSettings,
        *,
        fault_in_window: Callable[[], Exception | None],
        on_fault: Callable[[FaultInQuery | None], object],
        on_end: Callable[[], object],
    ) -> None:
        self._exploration = exploration
        self._answer = answer
        self._settings = settings
        self._fault_in_window = fault_in_window
        self._on_fault = on_fault
        self._on_end = on_end
        self._newest = Newest()
        self._running: list[RunningQuery] = []
        self._thread: threading.Thread | None = None
        self._pressed: threading.Thread | None = None
        self._error: Exception | None = None
        self.tz = settings.tz
        self.result: QueryResult | None = None
        self.before: QueryResult | None = None
        self._shift_ms = 0
        self._asked = replace(exploration)  # what `result` answers
        self.run = ipywidgets.Button(
            description="Run", button_style="primary", tooltip="run the query (Ctrl-Enter in it)"
        )
        self.stop_button = ipywidgets.Button(
            description="Stop", disabled=True, tooltip="stop the query and show the rows so far"
        )
        self.bar = ipywidgets.IntProgress(max=_STEPS)
        self.bar.add_class("cwnb-progress")
        self.bar.layout.display = "none"
        self.status = LinesView()
        self.status.say("not run yet")
        self.buttons = ipywidgets.HBox([self.run, self.stop_button])
        line = ipywidgets.HBox([self.buttons, self.bar, self.status])
        line.add_class("cwnb-run-line")
        super().__init__([line])
        self.run.on_click(lambda _: self.press())
        self.stop_button.on_click(lambda _: self.stop())

    def press(self) -> None:
        """Begin on a thread, as the button does; errors are shown."""

        def begin() -> None:
            with suppress(Exception):
                self.begin()

        self._pressed = threading.Thread(target=begin, name="cwnb-explorer", daemon=True)
        self._pressed.start()

    def begin(self) -> RunningQuery:
        """Run the query in place of one that runs, and return at once.

        An error about the text, the times or the groups is shown and raised.
        """
        with self._newest.lock:
            number = self._newest.begin()
            older, self._running = self._running, []
        for running in older:
            running.stop()
        exploration = self._exploration
        asked = replace(
            exploration, groups=list(exploration.groups), streams=list(exploration.streams)
        )
        try:
            self._on_fault(None)
            begun = _begun(asked, self._fault_in_window())
        except Exception as error:
            self._show_error(number, asked, error)
            raise

        def show() -> None:
            self._running = begun
            self._show_state("running…", is_running=True)

        self._newest.if_newest(number, show)
        thread = threading.Thread(
            target=self._follow, args=(number, asked, begun), name="cwnb-explorer", daemon=True
        )
        thread.start()  # first, for whoever waits cannot join a thread that has not begun
        self._newest.if_newest(number, partial(setattr, self, "_thread", thread))
        return begun[0]

    def wait_for_end(self, timeout: float | None = None) -> None:
        """Wait until the newest run has ended and its answer is shown."""
        deadline = None if timeout is None else time.monotonic() + timeout
        for name in ("_pressed", "_thread"):  # the first one starts the second
            thread = getattr(self, name)
            if thread is not None:
                thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))

    def wait(self) -> QueryResult:
        """Wait for the newest run, and give its answer or raise its error; Ctrl-C stops it."""
        try:
            self.wait_for_end()
        except KeyboardInterrupt:
            self.stop()
            raise
        if self._error is not None:
            raise self._error
        if self.result is None:
            raise InvalidParameter("nothing has been run yet")
        return self.result

    def stop(self) -> None:
        """Stop the query that runs; its rows so far are shown."""
        for one in self._running:
            one.stop()

    # While it runs

    def _follow(self, number: int, asked: Exploration, begun: list[RunningQuery]) -> None:
        try:
            results = self._remember(number, asked, begun)
        except QueryCancelled as error:
            self._show_stopped(number, asked, begun, error)
        except Exception as error:
            self._show_error(number, asked, error)
        else:
            self._show_results(number, asked, results)
        self._newest.if_newest(number, self._on_end)

    def _remember(
        self, number: int, asked: Exploration, begun: list[RunningQuery]
    ) -> list[QueryResult]:
        """Wait for the answers, and note the question in the history."""
        as_asked = replace(asked, text=asked.question, streams=[], parameters={}, view="logs")
        line, _, text = as_asked.to_cells()[0].partition("\n")
        line = line.removeprefix("%%insights").strip()
        with self._settings.history.asking(asked.logs, line, text, text) as entry:
            entry.asked_with(
                [] if asked.names_groups else asked.groups,
                asked.start,
                asked.end,
                language=asked.language,
                limit=asked.limit,
                strict=asked.strict,
            )
            results = self._wait(number, asked, begun)
            entry.answered(results[0])
        return results

    def _wait(
        self, number: int, asked: Exploration, begun: Sequence[RunningQuery]
    ) -> list[QueryResult]:
        shown_at, took = time.monotonic(), 0.0
        while True:
            with suppress(QueryUnfinished):
                return [running.result(_REPORT_EVERY_S) for running in begun]
            self._newest.if_newest(number, partial(self._show_progress, begun))
            now = time.monotonic()
            if now - shown_at > max(_ROWS_EVERY_S, took / _SHARE_FOR_ROWS):
                self._show_rows(number, asked, begun)
                shown_at = time.monotonic()
                took = shown_at - now

    def _show_rows(self, number: int, asked: Exploration, begun: Sequence[RunningQuery]) -> None:
        """Show the rows so far of one query; those of two periods would not be of one time."""
        if len(begun) == 1:
            with suppress(QueryCancelled):
                rows = begun[0].partial()
                rows.tz = self.tz

                def show() -> None:
                    self._answer.show_partial(rows, begun[0].progress)
                    self._mark_if_stale(asked)

                self._newest.if_newest(number, show)

    # What is shown

    def _show_progress(self, begun: Sequence[RunningQuery]) -> None:
        progress = _sum(running.progress for running in begun)
        self.bar.value = round(progress.share * _STEPS)
        self.status.say(f"running: {progress}")

    def _show_state(self, text: str, kind: str = "plain", *, is_running: bool = False) -> None:
        self.status.say(text, kind)
        self.run.disabled = False
        self.stop_button.disabled = not is_running
        self.bar.value = 0
        self.bar.layout.display = "" if is_running else "none"

    def _show_results(self, number: int, asked: Exploration, results: list[QueryResult]) -> None:
        for result in results:
            result.tz = self.tz
        parts = summary(len(results[0]), results[0].statistics, results[0].window)
        with suppress(Exception):  # the answer is there, whatever becomes of its price
            count = sum(map(bytes_in_window, results))
            settings = self._settings
            parts.append(charge_text(count, settings.price_per_gb, settings.price_region))

        def show() -> None:
            self._error, self._asked = None, asked
            self.result, self.before = results[0], results[1] if len(results) > 1 else None
            self._shift_ms = 0 if self.before is None else _length_ms(asked)
            self._show_state(" · ".join(parts))
            self._show_answer()

        self._newest.if_newest(number, show)

    def show_in(self, tz: str) -> None:
        """Show the times of this answer and of those to come in a zone."""
        with self._newest.lock:
            self.tz = tz
            for result in filter(None, (self.result, self.before)):
                result.tz = tz
            self._show_answer()

    def _show_answer(self) -> None:
        if self.result is not None and self.before is not None:
            self._answer.show_compared(self.result, self.before, self._shift_ms)
        elif self.result is not None:
            self._answer.show_result(self.result)
        self._mark_if_stale(self._asked)

    def _mark_if_stale(self, asked: Exploration) -> None:
        """Mark the answer to what was asked if the exploration asks something else by now."""
        now = self._exploration
        if replace(asked, view=now.view, chart=now.chart) != now:
            self._answer.mark_stale()

    def _show_stopped(
        self, number: int, asked: Exploration, begun: list[RunningQuery], error: QueryCancelled
    ) -> None:
        progress = begun[0].progress
        text = f"stopped after {progress.seconds:.1f} s: {progress.records_text} scanned"
        self._newest.if_newest(number, lambda: self._show_state(text, "note"))
        with suppress(QueryCancelled):
            rows = begun[0].partial()
            rows.tz = self.tz

            def show() -> None:
                self._error, self._asked = error, asked
                self.result, self.before = rows, None
                self._show_answer()

            self._newest.if_newest(number, show)

    def _show_error(self, number: int, asked: Exploration, error: Exception) -> None:
        def show() -> None:
            self._error = error
            self._show_state("not answered", "error")
            is_malformed = isinstance(error, MalformedQuery)
            if isinstance(error, FaultInQuery) and (is_malformed or error.start is not None):
                with suppress(MalformedQuery):
                    self._on_fault(asked.fault_in_text(error))
                said = "the query is not right: " if is_malformed else ""
                self._answer.show_error(f"{said}{error.message}")
            else:
                self._answer.show_error(sentence(error))

        self._newest.if_newest(number, show)


def _begun(asked: Exploration, fault: Exception | None) -> list[RunningQuery]:
    if fault is not None:
        raise fault
    if not asked.groups and not asked.names_groups:
        raise InvalidParameter(_NO_GROUP)
    sides = [asked, asked.period_before()] if asked.compares else [asked]
    return [side.begin() for side in sides]


def _sum(all_of: Any) -> Progress:
    found = list(all_of)
    return Progress(
        sum(one.records for one in found),
        sum(one.of_records for one in found),
        sum(one.bytes for one in found),
        sum(one.of_bytes for one in found),
        max(one.seconds for one in found),
    )


def _length_ms(asked: Exploration) -> int:
    """Give the length of the window, by which the period before it lies earlier."""
    before = asked.period_before()
    window = read_window(before.start, before.end, 0)
    return window.end_ms - window.start_ms
