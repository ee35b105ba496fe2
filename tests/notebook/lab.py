"""JupyterLab on loopback and a headless Chromium that looks at it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import nbformat

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "for-tests-only"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
KERNEL_IDLE = """() => {
    const widget = window.jupyterapp?.shell?.currentWidget;
    return widget?.sessionContext?.isReady
        && widget.sessionContext.session?.kernel?.status === 'idle';
}"""
RUN_ALL = "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"


def write_notebook(path: Path, cells: list[str]) -> None:
    """Write a notebook of code cells."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(notebook, path)


@contextlib.contextmanager
def server(root: Path, scratch: Path, **variables: str) -> Iterator[str]:
    """Serve `root` by JupyterLab, with nothing of the user's settings; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = {name: str(scratch / folder) for name, folder in folders.items()}
    # The package under test, installed or not.
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    news = scratch / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    log = scratch / "lab.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                *("-m", "jupyter", "lab", "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
                *("--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"),
                *(f"--ServerApp.root_dir={root}", "--LabApp.extension_manager=readonly"),
                "--LabApp.expose_app_in_browser=True",
            ],
            env={
                **os.environ,
                **environment,
                "JUPYTER_PREFER_ENV_PATH": "1",
                "PYTHONPATH": path,
                **variables,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(process, f"{address}/api/status?token={TOKEN}", log)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        if process.poll() is not None:
            raise RuntimeError(log.read_text())
        try:
            urllib.request.urlopen(address, timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@dataclass
class Looker:
    """A page with an open notebook, and every request that left this machine."""

    page: Any
    left: list[str] = field(default_factory=list)

    def note(self, request: Any) -> None:
        """Remember a request that went elsewhere."""
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1":
            self.left.append(request.url)

    def run_all(self) -> None:
        """Start all cells; returns at once."""
        self.page.evaluate(RUN_ALL)


@contextlib.contextmanager
def opened(
    address: str, notebook: str, profile: Path, *, width: int = 1280, height: int = 900
) -> Iterator[Looker]:
    """Open a notebook of the server in a browser and wait for its kernel."""
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise RuntimeError("no Chromium found; install the package chromium")
    switches = (
        "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
        "--disable-background-networking --disable-component-update"
    )
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=browser,
            headless=True,
            args=switches.split(),
            viewport={"width": width, "height": height},
        )
        try:
            looker = Looker(context.new_page())
            context.on("request", looker.note)
            page = looker.page
            page.goto(f"{address}/lab/tree/{notebook}?token={TOKEN}&reset")
            page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
            page.wait_for_function(KERNEL_IDLE, timeout=60_000)
            yield looker
        finally:
            context.close()
