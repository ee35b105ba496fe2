"""A notebook in JupyterLab whose cells are run one by one, and the times of what it shows."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tests.notebook.lab import opened, server, write_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a condition of the page may take; far more than any goal.
WAIT_MS = 60_000
# `seen(condition, most)` gives when the page was painted in which the condition held first, within
# `most` ms, and `last` when an event of a kind last came; in ms since 1970, as the kernel's
# `time.time()`.
WATCH = """() => {
  window.now = () => performance.timeOrigin + performance.now();
  window.last = {};
  for (const kind of ["pointerdown", "pointerup", "click", "input", "keydown"]) {
    addEventListener(kind, () => { last[kind] = now(); }, true);
  }
  window.seen = (condition, most) => new Promise((resolve, reject) => {
    const begin = now();
    const look = () => {
      const found = condition();
      if (!found && now() - begin > most) return reject(new Error(`never: ${condition}`));
      // The task after a frame runs once that frame has been painted.
      requestAnimationFrame(found ? () => setTimeout(() => resolve(now())) : look);
    };
    look();
  });
}"""
RUN_CELL = """number => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = number;
  const before = now();
  window.jupyterapp.commands.execute("notebook:run-cell");
  return before;
}"""
CLEAR = "() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
IDLE = """() => {
  const { sessionContext, content } = window.jupyterapp.shell.currentWidget;
  return sessionContext.session?.kernel?.status === "idle"
    && !content.widgets.some((cell) => cell.promptNode?.textContent.includes("*"));
}"""


@dataclass
class Notebook:
    """An open notebook; `process` is its server, and `path` the file."""

    page: Any
    path: Path
    process: psutil.Process

    @property
    def kernel(self) -> psutil.Process:
        """The process of the kernel."""
        for child in self.process.children(recursive=True):
            if any("ipykernel" in word for word in child.cmdline()):
                return child
        raise RuntimeError("the server has no kernel")

    def run(self, number: int) -> float:
        """Run a cell, with no output of any cell left; gives when it was sent, in ms."""
        self.page.evaluate(CLEAR)
        began: float = self.page.evaluate(RUN_CELL, number)
        return began

    def run_to_end(self, number: int) -> None:
        """Run a cell, and wait until the kernel is idle."""
        self.run(number)
        self.page.wait_for_timeout(100)
        self.page.wait_for_function(IDLE, timeout=WAIT_MS)

    def seen(self, condition: str, given: Any = None) -> float:
        """Wait for a condition, the body of a function of `given`; gives when it was painted."""
        when: float = self.page.evaluate(
            f"given => {{ const found = () => {condition}; return seen(found, {WAIT_MS}); }}", given
        )
        return when

    def last(self, kind: str) -> float:
        """Give when an event of this kind last came, in ms."""
        when: float = self.page.evaluate("kind => last[kind]", kind)
        return when

    def cpu_s(self) -> float:
        """Give the seconds that processors have spent on the kernel."""
        return _cpu_s(self.kernel)

    def page_cpu_s(self) -> float:
        """Give the seconds that processors have spent on the browser's pages."""
        browser = psutil.Process().children(recursive=True)
        return sum(_cpu_s(each) for each in browser if "--type=renderer" in each.cmdline())


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


@contextlib.contextmanager
def notebook(
    cells: list[str], settings: dict[str, str], folder: Path | None = None
) -> Iterator[Notebook]:
    """Open a notebook of these cells in a new server; its kernels have these settings."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        scratch = Path(made)
        root = folder or scratch / "notebooks"
        root.mkdir(exist_ok=True)
        path = root / "measured.ipynb"
        write_notebook(path, cells)
        before = set(psutil.Process().children())
        with server(root, scratch / "jupyter", **settings) as address:
            (process,) = set(psutil.Process().children()) - before
            with opened(address, path.name, scratch / "profile") as looker:
                looker.page.evaluate(WATCH)
                yield Notebook(looker.page, path, process)
