from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from playwright.sync_api import expect
from traitlets.config import Config

import cwnb
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A page answers late where the tests of other files run beside it.
expect.set_options(timeout=30_000)

NOW_MS = 1_795_172_400_000  # 2026-11-20 11:00 UTC


def fill(logs: cwnb.Logs) -> None:
    """Put an hour of a small shop, an event a minute, into two groups."""
    levels = ("INFO", "INFO", "ERROR")
    times = [NOW_MS - (60 - i) * 60_000 for i in range(60)]
    messages = [
        json.dumps({"level": levels[i % 3], "status": 200 + 300 * (i % 3 == 2), "ms": i * 1.5})
        for i in range(60)
    ]
    logs.put("/shop/app", "i-1", list(zip(times, messages, strict=True)))
    logs.put("/shop/web", "i-1", [(times[0] - 7_200_000, "old"), (times[1], "<b>new</b>")])


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[cwnb.Logs]:
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as opened:
        fill(opened)
        yield opened


@pytest.fixture
def shell(logs, tmp_path, monkeypatch) -> Iterator[InteractiveShell]:
    """Give an IPython of its own with the extension loaded and `logs` in it."""
    monkeypatch.delenv("CWNB_STORE", raising=False)
    monkeypatch.delenv("CWNB_START", raising=False)
    # A shell puts itself in the place of the main module, which other tests still need.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    InteractiveShell.clear_instance()
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    made = InteractiveShell.instance(config=Config({"HistoryManager": {"hist_file": ":memory:"}}))
    made.run_line_magic("load_ext", "cwnb")
    made.user_ns["logs"] = logs
    yield made
    made._atexit_once()
    InteractiveShell.clear_instance()


@pytest.fixture
def empty_folder(tmp_path, monkeypatch) -> None:
    """Work in a folder that has no store."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(shell):
    """Run a cell; gives its execution result with all that was shown as `.shown` and `.stdout`."""

    def run_cell(code: str):
        with capture_output() as captured:
            done = shell.run_cell(code, store_history=True)
        done.shown = captured.outputs
        done.stdout = captured.stdout + captured.stderr
        return done

    return run_cell
