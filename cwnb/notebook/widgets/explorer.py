"""The explorer: log groups, fields, times, an editor and answers, around one `Exploration`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display

from cwnb.errors import CwnbError, FaultInQuery, InvalidParameter
from cwnb.notebook.live import shows_views
from cwnb.notebook.widgets.editor import EditorView
from cwnb.notebook.widgets.explorer_answer import AnswerTabs
from cwnb.notebook.widgets.explorer_names import NamePicker
from cwnb.notebook.widgets.explorer_parameters import ParameterFields
from cwnb.notebook.widgets.explorer_queries import HistoryList, SampleList, SavedQueries
from cwnb.notebook.widgets.explorer_run import RunControls
from cwnb.notebook.widgets.explorer_settings import ExplorerSettings
from cwnb.notebook.widgets.explorer_time import TimePicker
from cwnb.notebook.widgets.frame import FrameView
from cwnb.notebook.widgets.lines import LinesView
from cwnb.notebook.widgets.view import View, sentence
from cwnb.notebook.widgets.vocabulary import words_of
from cwnb.results.html import code_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.insights import Vocabulary
    from cwnb.notebook.exploration import Exploration
    from cwnb.results.result import QueryResult
    from cwnb.results.running import RunningQuery

_WIDGET = "application/vnd.jupyter.widget-view+json"
_LABELS = {
    "cwnb-start-day": "pick the start",
    "cwnb-end-day": "pick the end",
    "cwnb-chart": "chart of the answer",
    "cwnb-progress": "records scanned",
}
_STATIC = "The explorer is shown where the notebook runs. A cell that asks the same:"


class Explorer:
    """The page of Logs Insights in a notebook, over an open store.

    >>> explorer = logs.explore(groups="/shop/*", text="filter level = 'ERROR'", start="-1h")
    >>> explorer.run().df                   # as the button Run does, and waits for the answer
    >>> explorer.exploration.count_by("service")
    >>> explorer.show()                     # after the exploration was changed in Python

    `exploration` holds what is asked, and `result` the last answer. `widget` is the box of
    ipywidgets, to be placed in a layout of one's own. All methods may be called from any thread.
    """

    def __init__(self, exploration: Exploration, settings: ExplorerSettings | None = None) -> None:
        self.exploration = exploration
        self.settings = settings or ExplorerSettings()
        self._static: Any = None
        self.time = TimePicker(exploration, self._changed_window, zone=self.settings.tz)
        self.names = NamePicker(
            exploration,
            on_change=self._changed,
            on_gesture=self._changed_by_gesture,
            on_extent=self.time.show_extent,
            on_words=self._show_words,
            on_error=self._show_error,
        )
        self.saved = SavedQueries(exploration, self._loaded)
        self.history = HistoryList(exploration, self.settings, self._loaded, self._show_error)
        self.samples = SampleList(exploration, self._loaded)
        self.editor = EditorView(text=exploration.text, label="Query")
        self.parameters = ParameterFields(exploration, self.settings.variables, self._changed)
        self.answer = AnswerTabs(
            exploration, on_gesture=self._changed_by_gesture, on_change=self._changed_view
        )
        self.frame = FrameView(_LABELS, self.answer.chart.drill_down)
        self.controls = RunControls(
            exploration,
            self.answer,
            self.settings,
            fault_in_window=lambda: self.time.fault,
            on_fault=self._show_fault,
            on_end=self._ended,
        )
        self.cells = LinesView()
        self.copy = ipywidgets.Button(
            description="Copy as cell", tooltip="write the code of a cell that does the same"
        )
        self.undo = ipywidgets.Button(description="Undo", tooltip="take the last change back")
        self.look_again = ipywidgets.Button(
            description="Refresh",
            tooltip="look again which log groups, streams and fields there are",
        )
        self.widget = self._laid_out()
        self.frame.observe(lambda change: self.time.offer_zone(change["new"]), "zone")
        self.frame.observe(lambda change: self.answer.chart.fit(**change["new"]), "room")
        self.names.fields.observe(self._show_samples, "items")
        self.editor.observe(self._write_text, "text")
        self.editor.on_run(self.controls.press)
        self.copy.on_click(lambda _: self._copy())
        self.undo.on_click(lambda _: self._undo())
        self.look_again.on_click(lambda _: self.refresh())
        self.show()
        self.refresh()

    # For users

    @property
    def result(self) -> QueryResult | None:
        """The last answer; None before the first."""
        return self.controls.result

    def run(self) -> QueryResult:
        """Run the query as the button does, wait, and give the answer.

        Raises as `Logs.query` does; the explorer shows the error too.
        """
        self.controls.begin()
        return self.controls.wait()

    def begin(self) -> RunningQuery:
        """Run the query as the button does, and do not wait; raises as `Logs.start` does."""
        return self.controls.begin()

    def stop(self) -> None:
        """Stop the query that runs."""
        self.controls.stop()

    def show(self) -> None:
        """Show the exploration as it is now, after it was changed in Python."""
        self.editor.text = self.exploration.text
        self._show_parameters()
        self.names.show()
        self.time.show()
        self.names.fields.about = self.time.says.text
        self.answer.show()
        self.undo.disabled = not self.exploration.can_undo

    def refresh(self) -> None:
        """Look again which groups, streams, fields and saved queries the store has."""
        self.names.refresh()
        self.saved.refresh()
        self.history.refresh()

    def to_cells(self) -> list[str]:
        """Give the code of the cells that do the same, in their order."""
        return self.exploration.to_cells()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the lists are filled; only tests and scripts need that."""
        for part in (self.names, self.saved, self.history, self.answer.chart):
            part.wait(timeout)

    # What changes

    def _write_text(self, change: Any) -> None:
        if change["new"] != self.exploration.text:
            self.exploration.write_text(change["new"])
            self._show_parameters()
            self._changed()

    def _changed(self) -> None:
        """Tell that the answer is not that of what would be asked now."""
        self.answer.mark_stale()
        self.cells.say("")
        self.undo.disabled = not self.exploration.can_undo

    def _changed_window(self) -> None:
        if self.controls.tz != self.time.tz:
            self.controls.show_in(self.time.tz)
        else:
            self.names.fields.about = self.time.says.text
            self._changed()

    def _changed_by_gesture(self) -> None:
        self.cells.say("")
        self.show()
        self.controls.press()

    def _changed_view(self) -> None:
        self.cells.say("")
        self._keep_static()

    def _loaded(self) -> None:
        self.show()
        self._changed()

    def _undo(self) -> None:
        with suppress(InvalidParameter):
            self.exploration.undo()
            self._changed_by_gesture()

    def _ended(self) -> None:
        self.history.refresh()
        self._keep_static()

    # What is shown

    def _show_words(self, words: Vocabulary) -> None:
        variables = (name for name in self.settings.variables if not name.startswith("_"))
        self.editor.vocabulary = words_of(replace(words, variables=tuple(variables)))

    def _show_samples(self, change: Any) -> None:
        self.samples.show(item["name"] for item in change["new"])

    def _show_parameters(self) -> None:
        self.parameters.show()
        self.frame.controls = [control.model_id for control in _controls_in(self.widget)]

    def _show_fault(self, fault: FaultInQuery | None) -> None:
        if fault is None:
            self.editor.error = {}
            self.cells.say("")
        else:
            self.editor.show_error(fault)

    def _show_error(self, error: Exception) -> None:
        self.answer.show_error(error)

    def _copy(self) -> None:
        try:
            code = "\n\n".join(self.to_cells())
        except CwnbError as error:
            self.cells.say(sentence(error), "error")
            return
        self.cells.say("a cell that does the same:", code=code)

        def copied() -> None:
            if self.cells.code == code:  # else it was taken away meanwhile
                self.cells.say("copied:", code=code)

        self.frame.copy(code, copied)

    def _laid_out(self) -> Any:
        left = ipywidgets.Accordion(
            [
                ipywidgets.VBox([self.names.groups, self.look_again]),
                self.names.streams,
                self.names.fields,
                self.saved,
                self.history,
                self.samples,
            ],
            titles=("Log groups", "Log streams", "Fields", "Saved", "History", "Samples"),
            selected_index=0,
        )
        self.controls.buttons.children = [*self.controls.buttons.children, self.undo, self.copy]
        right = ipywidgets.VBox(
            [self.time, self.editor, self.parameters, self.controls, self.cells, self.answer]
        )
        columns = ipywidgets.HBox([left, right])
        for part, name in ((left, "left"), (right, "right"), (columns, "columns")):
            part.add_class(f"cwnb-{name}")
        box = ipywidgets.VBox([self.frame, columns])
        box.add_class("cwnb-explorer")
        return box

    # In a cell

    def _ipython_display_(self) -> None:
        if not shows_views():
            display(self._bundle(""), raw=True)
            return
        view: Any = self.widget.model_id
        self._static = display(self._bundle(str(view)), raw=True, display_id=True)
        # Without a name of its own, a notebook that is not trusted shows that of the box.
        shown = {"version_major": 2, "version_minor": 0, "model_id": view}
        display({_WIDGET: shown, "text/plain": ""}, raw=True)

    def _keep_static(self) -> None:
        """Let the notebook keep the code of what is asked now."""
        if self._static is not None:
            self._static.update(self._bundle(str(self.widget.model_id)), raw=True)

    def _bundle(self, view: str) -> dict[str, str]:
        code = self.exploration.code
        return {
            "text/plain": f"{_STATIC}\n\n{code}",
            "text/html": code_html(_STATIC, code, view=view),
        }


def _controls_in(widget: Any) -> Iterator[Any]:
    """Give the controls of ipywidgets in a box; our own views tell by themselves who waits."""
    for child in getattr(widget, "children", ()):
        yield from _controls_in(child)
    if isinstance(widget, ipywidgets.DOMWidget) and not isinstance(widget, View | ipywidgets.Label):
        yield widget
