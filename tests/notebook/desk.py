"""A notebook with one cell for whatever is looked at, and a kernel that notes what is called."""

from __future__ import annotations

import contextlib
import json
import textwrap
from typing import TYPE_CHECKING, Any

import cwnb
from cwnb.times import Clock

from .conftest import NOW_MS, fill
from .lab import opened, server, write_notebook
from .table_driver import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .lab import Looker

LONG = "word " * 1_000
# `held` makes the queries that begin wait until they are stopped.
NOTING = textwrap.dedent(
    """
    %load_ext cwnb
    import functools, json, os, threading, time
    import cwnb
    from cwnb.insights.control import checkpoint
    from cwnb.insights.engine.batch import Batch
    from cwnb.notebook.exploration import Exploration
    from cwnb.results.result import QueryResult
    from cwnb.results.running import RunningQuery
    from cwnb.store import Store

    noted, held = [], threading.Event()
    OWNERS = {"exploration": Exploration, "logs": cwnb.Logs, "result": QueryResult,
              "running": RunningQuery, "store": Store}

    def note(call):
        noted.append(call)

    def watch(call):
        owner, _, name = call.partition(".")
        made = getattr(OWNERS[owner], name)

        @functools.wraps(made)
        def watched(*given, **named):
            note(call)
            try:
                return made(*given, **named)
            finally:
                if call == "running.stop":
                    held.clear()

        setattr(OWNERS[owner], name, watched)

    def watch_sets(owner):
        made = OWNERS[owner].__setattr__

        def watched(self, name, value):
            note(f"{owner}.{name} =")
            made(self, name, value)

        OWNERS[owner].__setattr__ = watched

    for call in CALLS:
        if call.endswith(" ="):
            continue
        watch(call)
    watch_sets("result")

    load = Batch.load

    def load_when_allowed(*given):
        while held.is_set():
            checkpoint()
            time.sleep(0.01)
        load(*given)

    Batch.load = load_when_allowed
    logs = cwnb.open(os.environ["CWNB_STORE"])
    """
)
SHOW = """async code => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.widgets[1].model.sharedModel.setSource(code);
    content.activeCellIndex = 1;
    await window.jupyterapp.commands.execute("notebook:run-cell");
}"""
FORGET_COLUMNS = "() => globalThis[Symbol.for('cwnb.columns')]?.clear()"
IN_KERNEL = """async code => {
    const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const future = kernel.requestExecute({ code, store_history: false });
    let said = "";
    future.onIOPub = ({ content }) => { said += content.text ?? content.evalue ?? ""; };
    await future.done;
    return said;
}"""


class Gestures(dict[str, "Callable[[Desk], None]"]):
    """What a person does and sees then, by the names that the docs have for gestures."""

    def enter(self, name: str) -> Callable[[Callable[[Desk], None]], Callable[[Desk], None]]:
        """Enter the function below under this name."""

        def enter(act: Callable[[Desk], None]) -> Callable[[Desk], None]:
            assert name not in self
            self[name] = act
            return act

        return enter


class Desk:
    """The notebook in the page of an app: shows answers and explorers, and tells what was called."""

    def __init__(self, looker: Looker) -> None:
        self.looker = looker
        self.page: Any = looker.page
        self.cell = self.page.locator(".jp-CodeCell").nth(1)

    def prepare(self) -> None:
        """Run the first cell; an app that has just been opened may let it pass."""
        run = "async () => { await window.jupyterapp.commands.execute('notebook:run-cell'); }"
        for _ in range(10):
            self.page.evaluate(run)
            if self.kernel("print('noted' in globals())").strip() == "True":
                return
            self.page.wait_for_timeout(1_000)
        raise AssertionError("the first cell did not run")

    def show(self, code: str) -> None:
        """Run code in the second cell, in place of what was there."""
        self.page.evaluate(SHOW, code)

    def kernel(self, code: str) -> str:
        """Run code in the kernel, and give what it prints."""
        return str(self.page.evaluate(IN_KERNEL, code))

    def calls(self) -> list[str]:
        """Give what was called since `begin`."""
        return json.loads(self.kernel("print(json.dumps(noted))"))

    def begin(self) -> None:
        """Forget what was called."""
        self.kernel("held.clear(); noted.clear()")

    def hold(self) -> None:
        """Let the queries that begin from now on wait until they are stopped.

        None is answered from memory, where it would not wait.
        """
        self.kernel("held.set(); cwnb.set_cache_budget(0)")

    def answer(self, text: str, line: str = "-g /shop/app") -> Answer:
        """Show the answer to a query, and wait for its table and its histogram."""
        self.page.evaluate(FORGET_COLUMNS)
        self.show(f"%%insights {line}\n{text}")
        element = self.cell.locator(".cwnb-answer")
        element.locator(".cwnb-title, .cwnb-empty").first.wait_for()
        element.locator(".cwnb-bars svg").or_(element.get_by_text("no histogram")).first.wait_for()
        self.begin()
        return Answer(self.page, element)

    def explorer(self, text: str = "fields level, status, ms", group: str = "/shop/app") -> Any:
        """Show an explorer, and wait for its lists."""
        self.show(f"explorer = logs.explore({group!r}, {text!r})\nexplorer")
        box = self.cell.locator(".cwnb-explorer")
        box.get_by_role("option", name="/shop/app").wait_for()
        self.kernel("explorer.wait(30)")
        self.begin()
        return box


class Answer(Table):
    """An answer in the page: a table, and what stands above it."""

    def __init__(self, page: Any, element: Any) -> None:
        super().__init__(page, element)
        self.query = element.get_by_label("the query of the rows below")


@contextlib.contextmanager
def desk(folder: Path, app: str, calls: list[str]) -> Iterator[Desk]:
    """Open the notebook on a store in the page of an app; `calls` are what the kernel notes."""
    (folder / "notebooks").mkdir()
    with cwnb.open(folder / "store", clock=Clock(NOW_MS), encryption="none") as logs:
        fill(logs)
        logs.store.set_now(NOW_MS)
        logs.put("/shop/long", "s-1", [(NOW_MS - 2, LONG)])
        logs.put("/shop/long", "s-2", [(NOW_MS - 1, LONG)])
    write_notebook(folder / "notebooks" / "desk.ipynb", [f"CALLS = {calls!r}\n{NOTING}", ""])
    settings = {"CWNB_STORE": str(folder / "store")}
    with (
        server(folder / "notebooks", folder / "jupyter", app=app, **settings) as address,
        opened(address, "desk.ipynb", folder / "profile", app=app, height=1_400) as looker,
    ):
        looker.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        made = Desk(looker)
        made.prepare()
        yield made
        assert looker.left == []
        assert looker.errors == []


def clipboard(page: Any) -> str:
    """Give the text of the clipboard."""
    return str(page.evaluate("() => navigator.clipboard.readText()"))
