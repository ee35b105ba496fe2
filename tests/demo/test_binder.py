"""What Binder does with the repository: postBuild once, then `start` with the visitor's command."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from cwnb.demo.notebooks import notebooks

REPOSITORY = Path(__file__).parents[2]
TOKEN = "for-tests-only"
# What the notebooks do first, in their folder.
ASKED = """
from cwnb import demo
with demo.ensure() as logs:
    print(logs.store.path, len(logs.groups()))
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Copy what Binder copies and run postBuild; gives the folder and its environment."""
    folder = tmp_path_factory.mktemp("image")
    home = tmp_path_factory.mktemp("home")
    for name in ("binder", "notebooks"):
        shutil.copytree(REPOSITORY / name, folder / name)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CWNB_", "JUPYTER_", "XDG_"))
    }
    environment |= {
        "HOME": str(home),
        "REPO_DIR": str(folder),
        # `python` and `jupyter` are those that run this test.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]]),
        "PYTHONPATH": str(REPOSITORY),
    }
    run(["binder/postBuild"], folder, environment)
    return folder, environment


def run(command, folder, environment):
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_notebooks_find_the_store_that_was_made_with_the_image(image):
    folder, environment = image
    made = (folder / ".cwnb-demo" / "demo.json").stat().st_mtime_ns
    for place, start in ((folder, "binder/start"), (folder / "notebooks", "../binder/start")):
        told = run([start, "python", "-c", ASKED], place, environment)
        assert told.split() == [str(folder / ".cwnb-demo"), "6"]
    assert (folder / ".cwnb-demo" / "demo.json").stat().st_mtime_ns == made
    assert not (folder / "notebooks" / ".cwnb-demo").exists()


def test_a_command_keeps_its_arguments_and_its_exit_status(image):
    folder, environment = image
    code = "import sys; print(sys.argv[1:]); sys.exit(3)"
    done = subprocess.run(
        ["binder/start", "python", "-c", code, "a b", "*"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3, "['a b', '*']\n")


def test_the_server_answers_and_has_the_notebooks(image):
    folder, environment = image
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *("binder/start", "jupyter", "lab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        f"--IdentityProvider.token={TOKEN}",
    ]
    log = folder / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(server, f"{address}/api/status?token={TOKEN}", log)
        page = fetch(f"{address}/lab/tree/notebooks/01-tour.ipynb?token={TOKEN}")
        assert b"JupyterLab" in page
        for path in notebooks(REPOSITORY / "notebooks"):
            name = urllib.request.quote(path.relative_to(REPOSITORY).as_posix())
            found = json.loads(fetch(f"{address}/api/contents/{name}?token={TOKEN}"))
            assert found["type"] == "notebook"
            assert found["content"]["cells"]
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def fetch(address):
    with urllib.request.urlopen(address, timeout=60) as answer:
        return answer.read()


def wait_for(server, address, log):
    deadline = time.monotonic() + 60
    while True:
        if server.poll() is not None:
            raise RuntimeError(log.read_text())
        try:
            return fetch(address)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
