"""The tab of the explorer with a picture of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets

from cwnb.errors import CwnbError, InvalidParameter
from cwnb.notebook.widgets.events import values_of
from cwnb.notebook.widgets.lines import LinesView
from cwnb.notebook.widgets.newest_task import NewestTask
from cwnb.notebook.widgets.view import sentence
from cwnb.results.chart_places import place_at
from cwnb.results.charts import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.notebook.exploration import Exploration
    from cwnb.results.axes import Chart
    from cwnb.results.result import QueryResult


# CSS pixels: a wider chart is not drawn, for its lines would be too flat to be read.
_WIDEST = 1_296
# The most points that a screen has for a CSS pixel.
_MOST_PIXELS = 3.0


class ChartTab(ipywidgets.VBox):  # type: ignore[misc]
    """Draws an answer by matplotlib, on a thread, when it is to be seen.

    `on_change` is called after another kind was chosen, and `on_gesture` after a click on a bar has
    changed the exploration, which then asks for the events behind it.
    """

    def __init__(
        self,
        exploration: Exploration,
        *,
        on_change: Callable[[], object],
        on_gesture: Callable[[], object],
    ) -> None:
        self._exploration = exploration
        self._on_change = on_change
        self._on_gesture = on_gesture
        self._result: QueryResult | None = None
        self._shown: tuple[QueryResult, Chart] | None = None
        # The room that the browser has, in CSS pixels, and how many points of the screen each has.
        self._room: tuple[float, float] | None = None
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
        self._drawing.begin(
            (lambda: (result, *_drawn(result, self.kind.value, self._room)), self._show)
        )

    def fit(self, width: float, pixels: float) -> None:
        """Draw for a room of so many CSS pixels, on a screen that has `pixels` points for each."""
        room = min(float(width), _WIDEST), min(float(pixels), _MOST_PIXELS)
        if room != self._room and min(room) > 0:
            self._room = room
            if self._result is not None:
                self.show(self._result)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the picture is drawn."""
        self._drawing.wait(timeout)

    def _choose_kind(self, change: Any) -> None:
        if change["new"] == self._exploration.chart:
            return
        self._exploration.choose_chart(change["new"])
        if self._result is not None:
            self.show(self._result)
        self._on_change()

    def drill_down(self, x: float, y: float) -> None:
        """Ask for the events behind what stands at a point of the picture; see `place_at`."""
        if self._shown is None:
            return
        result, chart = self._shown
        place = place_at(chart, x, y)
        if place is None:
            return
        try:
            if place.row is not None:
                self._exploration.drill_down(values_of(result, place.row))
            elif place.bin_ms is not None and result.outcome.places is not None:
                self._exploration.narrow(*place.bin_ms)
            else:
                raise InvalidParameter("several groups stand there; choose a row under Logs")
        except CwnbError as error:
            self.says.say(sentence(error), "note")
            return
        self._exploration.choose_view("logs")
        self._on_gesture()

    def _show(self, drawn: tuple[QueryResult, Chart, bytes, int]) -> None:
        result, chart, picture, width = drawn
        self._shown = result, chart
        self.picture.width, self.picture.value = str(width), picture
        self.picture.layout.display = ""
        what = "bin" if result.outcome.places is not None else "bar or point"
        self.says.say(f"a click on a {what} shows the events behind it", "note")

    def _fail(self, error: Exception) -> None:
        self._shown = None
        self.picture.layout.display = "none"
        self.says.say(f"no chart: {sentence(error)}", "note")


def _drawn(
    result: QueryResult, kind: str, room: tuple[float, float] | None
) -> tuple[Chart, bytes, int]:
    from cwnb.results.axes import CSS_PIXELS_OF_INCH

    if room is None:  # no browser has told it yet
        chart: Chart = result.plot(kind)
        picture, size = chart.png()
    else:
        chart = result.plot(kind, width=room[0] / CSS_PIXELS_OF_INCH)
        picture, size = chart.png(room[1])
    return chart, picture, size["width"]
