"""The memory of server and kernel: the demo's tour, an answer of many rows, an explorer."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Self

import nbformat
import psutil

from benchmarks.notebook import stores
from benchmarks.notebook.answers import HELD
from benchmarks.notebook.explorer import PAINTED, STATUS
from benchmarks.notebook.pages import notebook

if TYPE_CHECKING:
    from benchmarks.notebook.figures import Figures

GOAL_MB = 700
TOUR = "notebooks/01-tour.ipynb"
LARGEST = "%%insights -g /shop/app --start -3d\nfields @timestamp, @message | limit 100000"
_LOOK_S = 0.1


class Peak:
    """Looks at a process and its children ten times a second; `mb` is the most that was seen.

    Pages that two of them share count twice.
    """

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.mb = 0.0
        self.parts: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_S):
            with contextlib.suppress(psutil.NoSuchProcess):
                processes = [self._process, *self._process.children(recursive=True)]
                parts = [each.memory_info().rss / 1e6 for each in processes]
                if sum(parts) > self.mb:
                    self.mb, self.parts = sum(parts), parts


def measure(figures: Figures, _: int) -> None:
    """Run the tour's cells, an answer of as many rows as there can be, and an explorer's query."""
    settings = stores.demo()
    cells = [cell.source for cell in _code_cells()]
    explore = "%insights_explore -g /shop/* --start -1d"
    folder = (stores.FOLDER / "demo").absolute()
    with (
        notebook([*cells, LARGEST, explore], settings, folder) as shown,
        Peak(shown.process) as peak,
    ):
        for number in range(len(cells)):
            shown.run_to_end(number)
        figures.say("memory_after_tour_mb", [peak.mb])
        shown.run(len(cells))
        shown.seen(HELD)
        figures.say("memory_after_100000_rows_mb", [peak.mb])
        shown.run(len(cells) + 1)
        shown.seen(PAINTED)
        shown.page.get_by_role("button", name="Run", exact=True).first.click()
        shown.seen(f"/ rows? /.test({STATUS})")
    figures.say("memory_peak_mb", [peak.mb], GOAL_MB)
    print("  of which server and kernel: " + ", ".join(f"{part:.0f}" for part in peak.parts))


def _code_cells() -> list[Any]:
    return [cell for cell in nbformat.read(TOUR, 4).cells if cell.cell_type == "code"]
