"""Each snippet of the README, pasted in its order, on the demo's store."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(
    r"^```([a-z]*)\n(.*?)^```$", (REPOSITORY / "README.md").read_text(), re.DOTALL | re.MULTILINE
)


def test_every_kind_of_snippet_is_run_here():
    # The first one installs and runs the checks, which is what runs this test.
    assert BLOCKS[0] == ("sh", "./scripts/demo\n./scripts/check\n")
    assert {kind for kind, _ in BLOCKS} == {"sh", "python", "text"}
    assert all(text.startswith("%") for kind, text in BLOCKS if kind == "text")


def test_python(folder):
    names = {}
    told = StringIO()
    with redirect_stdout(told):
        for text in (text for kind, text in BLOCKS if kind == "python"):
            exec(compile(text, "README.md", "exec"), names)
    names["logs"].close()
    assert "count" in told.getvalue()
    # What it prints is a program of its own, which gives the same answer.
    program = names["result"].pandas + "\nprint(result.to_csv(index=False))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == names["result"].df.to_csv(index=False).strip()


def test_terminal(folder):
    text = "".join(text for kind, text in BLOCKS[1:] if kind == "sh")
    shell = f'set -eu\ncwnb() {{ "{sys.executable}" -m cwnb.cli "$@"; }}\n{text}'
    environment = dict(os.environ, PYTHONPATH=str(REPOSITORY))
    done = subprocess.run(
        ["sh", "-c", shell], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "/shop/web" in done.stdout
    assert (folder / "levels.csv").read_text().startswith("level,count(*)\n")


def test_notebook(folder, monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output
    from traitlets.config import Config

    # As `cwnb lab` has it.
    monkeypatch.setenv("CWNB_STORE", str(folder / ".cwnb-demo"))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    # A shell puts itself in the place of the main module, which other tests still need.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"hist_file": ":memory:"}}))
    try:
        for text in (text for kind, text in BLOCKS if kind == "text"):
            with capture_output():
                shell.run_cell(text).raise_error()
        assert len(shell.user_ns["errors"]) > 0
    finally:
        shell._atexit_once()
        InteractiveShell.clear_instance()
