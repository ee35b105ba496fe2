"""The right side of the explorer below the editor: state, rows, chart, explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets

from cwnb.errors import InvalidParameter
from cwnb.notebook.exploration import VIEWS
from cwnb.notebook.widgets.answer import AnswerView
from cwnb.notebook.widgets.explorer_chart import ChartTab
from cwnb.notebook.widgets.lines import LinesView
from cwnb.notebook.widgets.steps import StepsView
from cwnb.notebook.widgets.view import sentence
from cwnb.results.comparison import compared
from cwnb.results.emptiness import reasons_for_no_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.notebook.exploration import Exploration
    from cwnb.results.result import QueryResult

_NOT_RUN = "press Run, or Ctrl-Enter in the query"


class AnswerTabs(ipywidgets.Tab):  # type: ignore[misc]
    """Shows an answer as rows, as a chart, and how it was found.

    `on_gesture` is called after a gesture on a row or on the histogram has changed the exploration,
    `on_change` after another tab or kind of chart was chosen.
    """

    def __init__(
        self,
        exploration: Exploration,
        *,
        on_gesture: Callable[[], object],
        on_change: Callable[[], object],
    ) -> None:
        self._exploration = exploration
        self._on_gesture = on_gesture
        self._on_change = on_change
        self._result: QueryResult | None = None
        self._drawn: QueryResult | None = None
        self.difference: QueryResult | None = None
        # The views of the period before and of the difference, where these are asked.
        self._earlier: AnswerView | None = None
        self._change: AnswerView | None = None
        self.says = LinesView()
        self.says.say(_NOT_RUN, "note")
        self.rows = AnswerView(None, exploration)
        self.rows.on_change(self._follow_gesture)
        # The view of the rows keeps its place: one that is drawn anew forgets its order and marks.
        self._window = _titled("The window", self.rows)
        self._sides = ipywidgets.HBox([self._window])
        self._sides.add_class("cwnb-sides")
        self._above = ipywidgets.VBox([])
        self._show_alone()
        self.chart = ChartTab(exploration, on_change=on_change, on_gesture=on_gesture)
        self.steps = StepsView()
        self.reasons = LinesView()
        self.reasons.say(_NOT_RUN, "note")
        super().__init__(
            [
                ipywidgets.VBox([self.says, self._above, self._sides]),
                self.chart,
                ipywidgets.VBox([self.reasons, self.steps]),
            ],
            titles=("Logs", "Chart", "Explain"),
        )
        self.add_class("cwnb-tabs")
        self.show()
        self.observe(self._choose_tab, "selected_index")

    def show(self) -> None:
        """Show the tab and the kind of chart that the exploration names."""
        self.chart.kind.value = self._exploration.chart
        self.selected_index = VIEWS.index(self._exploration.view)

    def show_result(self, result: QueryResult) -> None:
        """Show an answer."""
        self._show_alone()
        self._show_window(result)

    def _show_window(self, result: QueryResult) -> None:
        self._result = result
        reasons = reasons_for_no_rows(result)
        self.rows.show_result(result)
        # The view of the rows shows the warnings, so here are the reasons beside them.
        self.says.say_all([(text, "note") for text in reasons if text not in result.warnings])
        told = reasons or result.warnings
        self.reasons.say_all([(text, "note") for text in told])
        self.steps.show(result.explain().steps)
        self._draw()

    def show_partial(self, result: QueryResult, progress: Any) -> None:
        """Show the rows so far of a query that runs."""
        self.says.say("")
        self.rows.show_partial(result, progress)

    def show_compared(self, now: QueryResult, before: QueryResult, shift_ms: int) -> None:
        """Show an answer beside that about the period before, and the difference of `stats`."""
        self._show_window(now)
        if self._earlier is None:
            self._earlier = AnswerView(before)
            self._sides.children = [self._window, _titled("The period before", self._earlier)]
            self._window.children[0].layout.display = ""
            self._sides.add_class("cwnb-compared")
        else:
            self._earlier.show_result(before)
        try:
            self.difference = compared(now, before, shift_ms)
        except InvalidParameter as error:
            self._close_difference()
            told = LinesView()
            told.say(str(error), "note")
            self._above.children = [told]
            return
        if self._change is None:
            self._change = AnswerView(self.difference)
            self._change.add_class("cwnb-difference")
            self._above.children = [_titled("The difference", self._change)]
        else:
            self._change.show_result(self.difference)

    def _show_alone(self) -> None:
        """Take away what a comparison has shown."""
        self._window.children[0].layout.display = "none"
        self._sides.remove_class("cwnb-compared")
        self._sides.children = [self._window]
        if self._earlier is not None:
            self._earlier.close()
            self._earlier = None
        self._close_difference()

    def _close_difference(self) -> None:
        self._above.children = []
        if self._change is not None:
            self._change.close()
        self._change, self.difference = None, None

    def show_error(self, error: Exception | str) -> None:
        """Show why there is no answer."""
        text = error if isinstance(error, str) else sentence(error)
        self.says.say(text, "error")
        self.reasons.say(text, "error")
        self.steps.show([])
        self.mark_stale()

    def mark_stale(self) -> None:
        """Say that the answer is not that of the query as it now is."""
        for view in filter(None, (self.rows, self._earlier, self._change)):
            view.mark_stale()

    def _follow_gesture(self, _: Exploration) -> None:
        self._on_gesture()

    def _choose_tab(self, change: Any) -> None:
        view = VIEWS[change["new"] or 0]
        if view != self._exploration.view:
            self._exploration.choose_view(view)
            self._on_change()
        self._draw()

    def _draw(self) -> None:
        """Draw the chart if its tab is to be seen."""
        if self._exploration.view != "chart":
            return
        if self._result is None:
            self.chart.says.say(_NOT_RUN, "note")
        elif self._result is not self._drawn:
            self._drawn = self._result
            self.chart.show(self._result)


def _titled(title: str, view: Any) -> Any:
    side = ipywidgets.VBox([ipywidgets.Label(title), view])
    side.add_class("cwnb-side")
    return side
