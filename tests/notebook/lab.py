"""JupyterLab or Notebook 7 on loopback, and a headless Chromium that looks at it."""

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


@dataclass(frozen=True)
class App:
    """A front end: the module that serves it, the class of its settings, a notebook's path.

    `own_errors`: what its console says of itself, also where no package of ours is installed.
    """

    module: str
    settings: str
    path: str
    own_errors: tuple[str, ...] = ()


APPS = {
    "lab": App("jupyterlab", "LabApp", "lab/tree"),
    # The settings of a plugin of Notebook 7.6 change before its registry has them.
    "notebook": App(
        "notebook",
        "JupyterNotebookApp",
        "notebooks",
        ("Cannot read properties of undefined (reading 'schema')",),
    ),
}
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
def server(
    root: Path, scratch: Path, *, app: str = "lab", python: str | None = None, **variables: str
) -> Iterator[str]:
    """Serve `root` by an app of APPS, with nothing of the user's settings; gives its address.

    `python`: the Python of another environment, which has the package under test installed.
    `variables` are set in the environment of server and kernels.
    """
    port = free_port()
    environment = settings_of_its_own(scratch)
    if python is not None:
        environment["PYTHONPATH"] = ""
    command = [
        python or sys.executable,
        *("-m", APPS[app].module, "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
        *("--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"),
        *(f"--ServerApp.root_dir={root}", "--LabApp.extension_manager=readonly"),
        f"--{APPS[app].settings}.expose_app_in_browser=True",
    ]
    address = f"http://127.0.0.1:{port}"
    with serving(
        command,
        {**environment, **variables},
        f"{address}/api/status?token={TOKEN}",
        scratch / "lab.log",
    ):
        yield address


def free_port() -> int:
    """Give a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_of_its_own(scratch: Path) -> dict[str, str]:
    """Give the variables by which Jupyter has its settings below `scratch`, and none of the user's.

    Its kernels import the package under test, installed or not.
    """
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    news = scratch / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    here = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    return {
        **{name: str(scratch / folder) for name, folder in folders.items()},
        "PYTHONPATH": paths,
        "JUPYTER_PREFER_ENV_PATH": "1",
    }


@contextlib.contextmanager
def serving(
    command: list[str], variables: dict[str, str], address: str, log: Path
) -> Iterator[None]:
    """Run a server until the end of the block, which begins when `address` answers."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **variables}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, address, log)
        yield
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
    """A page with an open notebook.

    `left`: every request that left this machine. `errors`: what its console said was an error,
    but for the app's own.
    """

    page: Any
    app: str = "lab"
    left: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def note(self, request: Any) -> None:
        """Remember a request that went elsewhere."""
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1":
            self.left.append(request.url)

    def note_message(self, message: Any) -> None:
        """Remember what the console calls an error."""
        if message.type == "error":
            self.note_error(message.text)

    def note_error(self, text: str) -> None:
        """Remember an error, unless it is the app's own."""
        if text not in APPS[self.app].own_errors:
            self.errors.append(text)

    def run_all(self) -> None:
        """Start all cells; returns at once."""
        self.page.evaluate(RUN_ALL)


@contextlib.contextmanager
def browser(profile: Path, *, width: int = 1280, height: int = 900) -> Iterator[Any]:
    """Start a browser without a window and with nothing of the user's; gives its context."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise RuntimeError("no Chromium found; install the package chromium")
    switches = (
        "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
        "--disable-background-networking --disable-component-update"
    )
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=program,
            headless=True,
            args=switches.split(),
            viewport={"width": width, "height": height},
        )
        try:
            yield context
        finally:
            context.close()


@contextlib.contextmanager
def opened(
    address: str,
    notebook: str,
    profile: Path,
    *,
    app: str = "lab",
    width: int = 1280,
    height: int = 900,
) -> Iterator[Looker]:
    """Open a notebook of the server in a browser, in an app of APPS, and wait for its kernel."""
    with browser(profile, width=width, height=height) as context:
        looker = Looker(context.new_page(), app)
        context.on("request", looker.note)
        page = looker.page
        page.on("console", looker.note_message)
        page.on("pageerror", lambda error: looker.note_error(str(error)))
        page.goto(f"{address}/{APPS[app].path}/{notebook}?token={TOKEN}&reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
        page.wait_for_function(KERNEL_IDLE, timeout=60_000)
        yield looker
