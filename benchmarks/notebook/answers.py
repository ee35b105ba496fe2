"""How soon the rows of an answer are in the page, and how large the saved notebook is."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.notebook import stores
from benchmarks.notebook.kernel_clock import ENDS
from benchmarks.notebook.pages import Notebook, notebook

if TYPE_CHECKING:
    from benchmarks.notebook.figures import Figures

SETUP = "%load_ext cwnb\nimport benchmarks.notebook.kernel_clock"
_FIELDS = "fields @timestamp, level, service, route, status, latencyMs, message"
# An answer has at most 100,000 rows. Those with whole messages are more than a browser holds.
ANSWERS = {
    "1000": f"{_FIELDS} | limit 1000",
    "10000": f"{_FIELDS} | limit 10000",
    "100000": f"{_FIELDS} | limit 100000",
    "100000_with_messages": f"{_FIELDS}, @message | limit 100000",
}
FIRST_GOAL_MS, HELD_GOAL_MS, SORT_GOAL_MS = 1_000, 3_000, 200
# The first rows of the answer stand in the page.
PAINTED = 'document.querySelector(".jp-OutputArea .cwnb-table [role=gridcell]")'
STATUS = 'document.querySelector(".jp-OutputArea .cwnb-status")?.textContent'
HELD = f"/row/.test({STATUS}) && !/more are coming|so far/.test({STATUS})"
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
SAVED_GOAL_MB = 3.0
SORTED = (
    'document.querySelectorAll(".jp-OutputArea .cwnb-table [role=columnheader]")[given[0]]'
    ".ariaSort === given[1]"
)
# Columns and ways to sort them: `message` has few equal values, `service` many. Column 0 has the
# numbers of the rows.
SORTS = ((3, "ascending"), (7, "ascending"), (7, "descending"))
# One that an eighth of the rows have, and one that none has.
FILTERED = ("payment", "no row has this")


def measure(figures: Figures, runs: int) -> None:
    """Show answers of several sizes; the first of each fills caches and is not counted."""
    settings = stores.many_events()
    with tempfile.TemporaryDirectory() as folder:
        ends = Path(folder) / "ends"
        cells = [SETUP, *(_cell(query) for query in ANSWERS.values())]
        with notebook(cells, {**settings, ENDS: str(ends)}) as shown:
            shown.run_to_end(0)
            for cell, name in enumerate(ANSWERS, start=1):
                _measure_answer(figures, shown, ends, cell=cell, name=name, runs=runs)


def _measure_answer(
    figures: Figures, shown: Notebook, ends: Path, *, cell: int, name: str, runs: int
) -> None:
    first, held, kernel, page, sorts, filters = [], [], [], [], [], []
    for run in range(runs + 1):
        shown.run(cell)
        painted = shown.seen(PAINTED)
        page_used = shown.page_cpu_s()
        # Sorted at once: the line below the rows then says how far it is with sorting too.
        _sort(shown, 2, "ascending")
        all_here = shown.seen(HELD)
        ended, used = map(float, ends.read_text().splitlines()[-1].split())
        kernel_took, page_took = shown.cpu_s() - used, shown.page_cpu_s() - page_used
        # Values that repeat, and values that do not, both ways.
        sorts_now = [_sort(shown, *how) for how in SORTS]
        filters_now = [_filter(shown, text) for text in FILTERED]
        if run:
            first.append(painted - ended)
            held.append(all_here - painted)
            kernel.append(kernel_took * 1000)
            page.append(page_took * 1000)
            sorts += sorts_now
            filters += filters_now
    figures.say(f"first_rows_{name}_ms", first, FIRST_GOAL_MS)
    figures.say(f"held_and_sortable_{name}_ms", held, HELD_GOAL_MS)
    figures.say(f"kernel_cpu_{name}_ms", kernel)
    figures.say(f"page_cpu_{name}_ms", page)
    figures.say(f"sort_{name}_ms", sorts, SORT_GOAL_MS)
    figures.say(f"filter_{name}_ms", filters, SORT_GOAL_MS)


def _sort(shown: Notebook, column: int, way: str) -> float:
    """Click on the head of a column; gives the ms from there until the rows are sorted."""
    heads = shown.page.locator(".jp-OutputArea .cwnb-table [role=columnheader]")
    heads.nth(column).click(position={"x": 20, "y": 10})
    return shown.seen(SORTED, [column, way]) - shown.last("pointerup")


def _filter(shown: Notebook, text: str) -> float:
    """Type a text; gives the ms from its last letter until the rows are left that have it."""
    box = shown.page.get_by_label("Filter rows").first
    before = shown.page.evaluate(f"() => {STATUS}")
    box.fill(text)
    return shown.seen(f"{STATUS} !== given", before) - shown.last("input")


def measure_saved(figures: Figures, _: int) -> None:
    """Save a notebook that shows one answer of 10,000 rows, and one that shows three."""
    settings = stores.many_events()
    for count, goal in ((1, SAVED_GOAL_MB), (3, None)):
        cells = [SETUP, *[_cell(f"{_FIELDS}, @message | limit 10000")] * count]
        with (
            tempfile.TemporaryDirectory() as folder,
            notebook(cells, {**settings, ENDS: str(Path(folder) / "ends")}) as shown,
        ):
            shown.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
            shown.seen(f"[...document.querySelectorAll('.cwnb-status')].length === {count}")
            shown.seen(HELD)
            shown.page.evaluate(SAVE)
            figures.say(f"saved_{count}_answers_mb", [shown.path.stat().st_size / 1e6], goal)


def _cell(query: str) -> str:
    return f"%%insights -g {stores.APP} --start 2026-10-01\n{query}"
