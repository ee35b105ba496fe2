"""Make docs/tour.png: the tour in JupyterLab, run and photographed in a browser without a window.

Usage: .venv/bin/python scripts/picture.py  (needs the extra `test`, and Chromium on the path)
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOK = "01-tour.ipynb"
TOKEN = "picture"
# The first picture of the notebook that shows a chart, with the cell that asked for it.
CHART = ".jp-OutputArea-output img"
READY = """() => {
    const w = window.jupyterapp?.shell?.currentWidget;
    return w?.sessionContext?.isReady && w.sessionContext.session?.kernel?.status === 'idle';
}"""
DONE = """() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
    return cells.every(cell => cell.type !== 'code' || cell.executionCount !== null);
}"""


@contextlib.contextmanager
def laboratory(folder: Path, home: Path) -> Iterator[str]:
    """Run JupyterLab on a folder, with settings of its own; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = home / "settings"
    news = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    tracker = settings / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    # Else only the cells in sight are in the page, and a chart below them cannot be looked for.
    tracker.write_text('{"windowingMode": "none"}')
    environment = dict(
        os.environ,
        JUPYTER_CONFIG_DIR=str(home / "config"),
        JUPYTER_DATA_DIR=str(home / "data"),
        JUPYTER_RUNTIME_DIR=str(home / "runtime"),
        JUPYTERLAB_SETTINGS_DIR=str(settings),
        JUPYTERLAB_WORKSPACES_DIR=str(home / "workspaces"),
        IPYTHONDIR=str(home / "ipython"),
        JUPYTER_PREFER_ENV_PATH="1",
        CWNB_STORE=str(REPOSITORY / ".cwnb-demo"),
    )
    command = [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}",
        "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/api/status?token={TOKEN}", server, home / "log")
            yield address
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit(f"JupyterLab did not start:\n{log.read_text()}")


def photograph(page: Any, target: Path) -> None:
    """Run every cell, scroll to a chart with its query above, and take the picture."""
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
    page.wait_for_function(READY, timeout=60_000)
    page.evaluate(
        """() => {
            window.jupyterapp.commands.execute('application:toggle-left-area');
            window.jupyterapp.commands.execute('notebook:run-all-cells');
        }"""
    )
    page.wait_for_function(DONE, timeout=90_000)
    chart = page.locator(CHART).first
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(800)
    chart.evaluate("picture => picture.closest('.jp-Cell').scrollIntoView({block: 'start'})")
    page.wait_for_timeout(1_200)
    target.parent.mkdir(exist_ok=True)
    page.screenshot(path=str(target))


def main(target: str = "docs/tour.png") -> None:
    """Make the demo's store and a copy of the notebook, and take the picture."""
    import nbformat
    from playwright.sync_api import sync_playwright

    from cwnb import demo

    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if browser is None:
        raise SystemExit("install Chromium first: sudo apt-get install chromium")
    demo.ensure(REPOSITORY / ".cwnb-demo").close()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        folder = home / "notebooks"
        folder.mkdir()
        notebook = nbformat.read(REPOSITORY / "notebooks" / NOTEBOOK, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.update(outputs=[], execution_count=None)
        nbformat.write(notebook, folder / NOTEBOOK)
        with laboratory(folder, home) as address, sync_playwright() as playwright:
            context = playwright.chromium.launch_persistent_context(
                str(home / "browser"),
                executable_path=browser,
                headless=True,
                args=["--no-sandbox", "--disable-gpu", "--no-first-run"],
                viewport={"width": 1240, "height": 860},
            )
            page = context.new_page()
            page.goto(f"{address}/lab/tree/{NOTEBOOK}?token={TOKEN}&reset")
            photograph(page, REPOSITORY / target)
            context.close()
    print(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
