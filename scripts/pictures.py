"""Photograph what the notebook shows, in JupyterLab in a browser without a window.

Eight views, each light and dark, at 1280 and at 800 pixels: to look at after a change of the style.
Two of them are the pictures of the README.

Usage: .venv/bin/python scripts/pictures.py FOLDER [VIEW...]   writes the views, or those named
       .venv/bin/python scripts/pictures.py --readme           writes the pictures of docs/
(needs the extra `test`, and Chromium on the path)
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from tests.notebook.lab import opened, server, write_notebook  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SIZES = {1280: 900, 800: 900}
EXPLORER = 'logs.explore("/shop/app", start="-3h", text="""\\\n{text}""")'
EVENTS = "fields @timestamp, level, service, message, http.status, http.durationMs"
# The code of the cell of each view.
CODE = {
    "answer": f"%%insights -g /shop/app --start -3h\n{EVENTS}",
    "opened": f"%%insights -g /shop/app --start -1h\n{EVENTS}\n| filter level = 'ERROR'",
    "wide": "%%insights -g /shop/* --start -1h\n"
    "fields @timestamp, @message, @log, @logStream, level, service, "
    "http.method, http.path, http.status, http.durationMs, user.id, requestId",
    "histogram": "%%insights -g /shop/app --start -1d\n"
    "filter service = 'checkout' or level = 'ERROR'",
    "chart": "%%insights -g /shop/app --start -2h --plot auto\n"
    "filter level = 'ERROR'\n| stats count(*) as errors by bin(5m) as time, service",
    "explorer": EXPLORER.format(text=f"{EVENTS}\n| filter level = 'ERROR'"),
    "error": EXPLORER.format(text="fields @timestamp, level\n| fliter level = 'ERROR'"),
    "saved": EXPLORER.format(
        text="filter level = 'ERROR'\n| stats count(*) as errors by bin(5m) as time, service"
    ),
}
SHOW = """async code => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.widgets[1].model.sharedModel.setSource(code);
    content.activeCellIndex = 1;
    await window.jupyterapp.commands.execute("notebook:run-cell");
}"""
CHANGE_THEME = """async theme => {
    await window.jupyterapp.commands.execute("apputils:change-theme", { theme });
    if (!window.jupyterapp.shell.leftCollapsed)
        await window.jupyterapp.commands.execute("application:toggle-left-area");
}"""
TO_TOP = "element => element.closest('.jp-Cell').scrollIntoView({ block: 'start' })"


class Scene:
    """A notebook with one cell, in which one view after another is shown."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.cell = page.locator(".jp-CodeCell").nth(1)

    def show(self, view: str) -> None:
        """Run the code of a view, and do what its picture shows."""
        self.page.evaluate(SHOW, CODE[view])
        _DONE.get(view, Scene.nothing)(self)
        self.page.mouse.move(2, 2)

    def nothing(self) -> None:
        """Wait for an answer."""
        self.cell.locator(".cwnb-answer .cwnb-bars svg").first.wait_for()

    def opened(self) -> None:
        """Open a row, with the events around it."""
        self.nothing()
        self.cell.get_by_role("button", name="all of row 1", exact=True).click()
        self.cell.locator(".cwnb-neighbour").first.wait_for()

    def wide(self) -> None:
        """Wrap, filter and find."""
        self.nothing()
        self.cell.get_by_role("button", name="Wrap", exact=True).click()
        self.cell.get_by_label("Filter rows").fill("checkout")
        self.cell.get_by_label("Find").fill("payments")
        self.cell.locator(".cwnb-body mark").first.wait_for()

    def explorer(self) -> None:
        """Run, and see the values of a field."""
        self._run()
        self._part("Fields")
        for name in ("error.type", "service"):
            self.cell.locator(".cwnb-field", has_text=name).first.click()
            self.cell.locator("li", has_text=name).locator(".cwnb-field-value").first.wait_for()

    def error(self) -> None:
        """Run a query that cannot be read."""
        self._press("Run")
        self.cell.locator(".cwnb-editor-faulty").wait_for()

    def saved(self) -> None:
        """Save the query, and draw its answer."""
        self._run()
        self._part("Saved")
        self.cell.get_by_label("Name", exact=True).fill("checkout/errors over time")
        self._press("Save")
        self.cell.get_by_role("option", name="errors over time").wait_for()
        self.cell.locator(".cwnb-tabs > .lm-TabBar .lm-TabBar-tab", has_text="Chart").click()
        self.cell.get_by_alt_text("chart of the answer").wait_for()

    def _run(self) -> None:
        self._press("Run")
        self.cell.locator(".cwnb-run-line", has_text="matched").wait_for()
        self.cell.locator(".cwnb-tabs .cwnb-bars svg").first.wait_for()

    def _press(self, name: str) -> None:
        self.cell.get_by_role("button", name=name, exact=True).click()

    def _part(self, title: str) -> None:
        self.cell.locator(".cwnb-left .jupyter-widget-Collapse-header", has_text=title).click()

    def photograph(self, target: Path, theme: str, width: int, height: int) -> None:
        """Write the page in a theme and a size, with the cell at its top."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.evaluate(CHANGE_THEME, THEMES[theme])
        is_light = str(theme == "light").lower()
        self.page.wait_for_selector(f"body[data-jp-theme-light={is_light}]", state="attached")
        self.cell.evaluate(TO_TOP)
        # Views and the page settle after a change of size.
        self.page.wait_for_timeout(700)
        self.cell.evaluate(TO_TOP)
        self.page.wait_for_timeout(200)
        self.page.screenshot(path=str(target))
        print(target)


_DONE: dict[str, Callable[[Scene], None]] = {
    name: getattr(Scene, name) for name in ("opened", "wide", "explorer", "error", "saved")
}


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """Open a notebook on a copy of the demo's store."""
    from cwnb import demo

    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        demo.ensure(home / "store").close()
        (home / "notebooks").mkdir()
        first = "%load_ext cwnb\nimport os, cwnb\nlogs = cwnb.open(os.environ['CWNB_STORE'])"
        write_notebook(home / "notebooks" / "Shop.ipynb", [first, ""])
        variables = {"CWNB_STORE": str(home / "store")}
        with (
            server(home / "notebooks", home / "jupyter", **variables) as address,
            opened(address, "Shop.ipynb", home / "browser") as looker,
        ):
            looker.page.set_default_timeout(60_000)
            looker.page.evaluate(
                "async () => { await window.jupyterapp.commands.execute('notebook:run-cell'); }"
            )
            yield Scene(looker.page)


def main(*words: str) -> None:
    """Take the pictures."""
    if not words:
        raise SystemExit(__doc__)
    with scene() as shown:
        if words == ("--readme",):
            for view, name in (("answer", "tour"), ("explorer", "explorer")):
                shown.show(view)
                shown.photograph(REPOSITORY / "docs" / f"{name}.png", "light", 1240, 860)
            return
        folder, *views = words
        Path(folder).mkdir(exist_ok=True, parents=True)
        for view in views or CODE:
            shown.show(view)
            for theme in THEMES:
                for width, height in SIZES.items():
                    target = Path(folder, f"{view}-{theme}-{width}.png")
                    shown.photograph(target, theme, width, height)


if __name__ == "__main__":
    main(*sys.argv[1:])
