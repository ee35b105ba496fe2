"""The tab of the explorer with a picture of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets

from cwnb.notebook.widgets.lines import LinesView
from cwnb.notebook.widgets.newest_task import NewestTask
from cwnb.notebook.widgets.view import sentence
from cwnb.results.charts import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.notebook.exploration import Exploration
    from cwnb.results.result import QueryResult


class ChartTab(ipywidgets.VBox):  # type: ignore[misc]
    """Draws an answer by matplotlib, on a thread, when it is to be seen."""

    def __init__(self, exploration: Exploration, on_change: Callable[[], object]) -> None:
        self._exploration = exploration
        self._on_change = on_change
        self._result: QueryResult | None = None
        self._drawing = NewestTask(self._fail)
        kind = exploration.chart if exploration.chart in KINDS else KINDS[0]
        self.kind = ipywidgets.Dropdown(description="Kind", options=KINDS, value=kind)
        self.picture = ipywidgets.Image(format="png")
        self.picture.add_class("cwnb-chart")
        self.picture.layout.display = "none"
        self.says = LinesView()
        super().__init__([self.kind, self.says, self.picture])
        self.kind.observe(self._choose_kind, "value")

    def show(self, result: QueryResult) -> None:
        """Draw this answer."""
        self._result = result
        self._drawing.begin((lambda: _drawn(result, self.kind.value), self._show_picture))

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the picture is drawn."""
        self._drawing.wait(timeout)

    def _choose_kind(self, change: Any) -> None:
        if change["new"] == self._exploration.chart:
            return
        self._exploration.chart = change["new"]
        if self._result is not None:
            self.show(self._result)
        self._on_change()

    def _show_picture(self, drawn: bytes) -> None:
        self.picture.value = drawn
        self.picture.layout.display = ""
        self.says.say("")

    def _fail(self, error: Exception) -> None:
        self.picture.layout.display = "none"
        self.says.say(f"no chart: {sentence(error)}", "note")


def _drawn(result: QueryResult, kind: str) -> bytes:
    data: bytes = result.plot(kind)._repr_png_()[0]
    return data
