"""Modules are imported between cells: none while one runs, and what fails is silent."""

from __future__ import annotations

import sys
import threading
import time

import pytest
from IPython.core.events import EventManager, available_events

from cwnb.notebook.idle_imports import IdleImports

WAIT_S = 20
MODULE = """
import sys
sys.modules["idle_gate"].begun.set()
sys.modules["idle_gate"].may_go_on.wait()
"""


class Gate:
    """Stands for a module by which the test and the imported module wait for each other."""

    def __init__(self):
        self.begun, self.may_go_on = threading.Event(), threading.Event()


@pytest.fixture
def gate(monkeypatch, tmp_path):
    gate = Gate()
    monkeypatch.setitem(sys.modules, "idle_gate", gate)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "idle_slow.py").write_text(MODULE, "utf-8")
    (tmp_path / "idle_broken.py").write_text("1 / 0", "utf-8")
    (tmp_path / "idle_last.py").write_text("", "utf-8")
    yield gate
    gate.may_go_on.set()
    for name in ("idle_slow", "idle_broken", "idle_last"):
        sys.modules.pop(name, None)


@pytest.fixture
def events():
    return EventManager(None, available_events)


def until(holds):
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def begun(events, *modules):
    imports = IdleImports(lambda: modules)
    imports.register(events)
    events.trigger("post_execute")  # of the cell that loads the extension
    return imports


def test_a_cell_waits_for_the_module_that_is_imported_and_no_other(gate, events):
    begun(events, "idle_slow", "idle_last")
    assert gate.begun.wait(WAIT_S)
    cell = threading.Thread(target=events.trigger, args=("pre_execute",))
    cell.start()
    cell.join(0.1)
    assert cell.is_alive()
    gate.may_go_on.set()
    cell.join(WAIT_S)
    assert not cell.is_alive()
    assert "idle_slow" in sys.modules
    time.sleep(0.1)
    assert "idle_last" not in sys.modules
    events.trigger("post_execute")
    until(lambda: "idle_last" in sys.modules)


def test_what_cannot_be_imported_is_silent(gate, events, capsys):
    begun(events, "idle_broken", "idle_missing", "idle_last")
    until(lambda: "idle_last" in sys.modules)
    assert capsys.readouterr() == ("", "")


def test_nothing_is_imported_once_the_extension_is_unloaded(gate, events):
    imports = begun(events, "idle_slow", "idle_last")
    assert gate.begun.wait(WAIT_S)
    imports.unregister(events)
    gate.may_go_on.set()
    until(lambda: not any(t.name == "cwnb-imports" for t in threading.enumerate()))
    assert "idle_last" not in sys.modules
