"""How soon the explorer is there, and how soon a query stops in it and in a cell."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from benchmarks.notebook import stores
from benchmarks.notebook.kernels import PAUSE_S
from benchmarks.notebook.pages import Notebook, notebook

if TYPE_CHECKING:
    from benchmarks.notebook.figures import Figures

PAINT_GOAL_MS, STOP_GOAL_MS = 1_500, 300
# So long a query has run, in ms, when it is stopped; it takes some seconds.
STOPPED_AFTER_MS = (800, 2_500)
SETUP = "%load_ext cwnb"
EXPLORE = "%insights_explore"
# All groups are chosen, so that all streams and fields are listed too.
EXPLORE_ALL = "%insights_explore -g /shop/*"
# Everything is in its place, and the groups are listed.
PAINTED = """document.querySelector(".cwnb-explorer .cwnb-editor textarea")
  && document.querySelector(".cwnb-explorer .cwnb-run-line button")
  && document.querySelector(".cwnb-explorer [role=option]")"""
STATUS = 'document.querySelector(".cwnb-run-line .cwnb-lines")?.textContent'


def measure(figures: Figures, runs: int) -> None:
    """Open the explorer in fresh kernels: after a pause, at once, and with all groups chosen.

    In each it is opened once more, when all modules have been imported.
    """
    settings = stores.many_groups()
    for name, cell, pause_s in (
        ("", EXPLORE, PAUSE_S),
        ("_all_chosen", EXPLORE_ALL, PAUSE_S),
        ("_at_once", EXPLORE, 0),
    ):
        first, again = [], []
        for _ in range(runs):
            with notebook([SETUP, cell], settings) as shown:
                shown.run_to_end(0)
                shown.page.wait_for_timeout(1000 * pause_s)
                for values in (first, again):
                    began = shown.run(1)
                    values.append(shown.seen(PAINTED) - began)
        figures.say(f"explorer{name}_first_paint_ms", first, PAINT_GOAL_MS)
        figures.say(f"explorer{name}_painted_again_ms", again, PAINT_GOAL_MS)


def measure_stop(figures: Figures, runs: int) -> None:
    """Stop a query that takes some seconds at random moments, by the button and by an interrupt."""
    random.seed(1)
    asked = f"-g {stores.APP} --start 2026-10-01"
    cells = [
        SETUP,
        f"%insights_explore {asked} {stores.SLOW}",
        f"%%insights {asked}\n{stores.SLOW}",
    ]
    with notebook(cells, stores.many_events()) as shown:
        shown.run_to_end(0)
        shown.run(1)
        shown.seen(PAINTED)
        figures.say("stop_ms", [_stop(shown) for _ in range(runs)], STOP_GOAL_MS)
        figures.say("interrupt_ms", [_interrupt(shown) for _ in range(runs)], STOP_GOAL_MS)


def _stop(shown: Notebook) -> float:
    line = shown.page.locator(".cwnb-run-line")
    line.get_by_role("button", name="Run").click()
    shown.seen(f"/running/.test({STATUS})")
    shown.page.wait_for_timeout(random.uniform(*STOPPED_AFTER_MS))
    line.get_by_role("button", name="Stop").click()
    return shown.seen(f"/stopped after/.test({STATUS})") - shown.last("click")


def _interrupt(shown: Notebook) -> float:
    shown.run(2)
    shown.page.wait_for_timeout(random.uniform(*STOPPED_AFTER_MS))
    began = shown.page.evaluate(
        """() => {
          const before = now();
          window.jupyterapp.commands.execute("notebook:interrupt-kernel");
          return before;
        }"""
    )
    ended: float = shown.seen(
        '/interrupted after/.test(document.querySelector(".jp-Notebook").innerText)'
    )
    return ended - began
