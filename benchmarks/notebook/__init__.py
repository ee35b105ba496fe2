"""What a user of the notebook waits for: `python -m benchmarks notebook [PART …] [--runs N]`.

In JupyterLab and a headless Chromium, each a median of a few runs: how soon the rows of an answer
are in the page, sorted and filtered; how large a saved notebook is; how soon the explorer is there,
and a query stopped; the memory of server and kernel; and `%load_ext` and completion of a kernel
without a browser. A line gives `name=value`, the goal, and the least and largest of the runs: on a
busy machine the least says most, so a goal counts as missed when the least misses it.

Times in the page begin at the event that a user causes, or at the query's end in the kernel, and
end when the browser has painted. `kernel_cpu` is processor time of the kernel from the query's end
until all rows can be sorted, and `page_cpu` that of the page from the first rows until then.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmarks.notebook.figures import Figures

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = ("kernel", "answers", "saved", "explorer", "stop", "memory")


def main(argv: list[str]) -> int:
    """Measure the parts; 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks notebook", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken")
    options = parser.parse_args(argv)
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"unknown part {unknown[0]!r}; it is one of {', '.join(PARTS)}")
    figures = Figures()
    for part in options.parts or PARTS:
        _measure_of(part)(figures, options.runs)
    return figures.end()


def _measure_of(part: str) -> Callable[[Figures, int], None]:
    from benchmarks.notebook import answers, explorer, kernels, memory

    measures = {
        "kernel": kernels.measure,
        "answers": answers.measure,
        "saved": answers.measure_saved,
        "explorer": explorer.measure,
        "stop": explorer.measure_stop,
        "memory": memory.measure,
    }
    return measures[part]
