"""`%load_ext cwnb` and completion in a kernel of its own, without a browser."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.notebook import stores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.notebook.figures import Figures

LOAD_GOAL_MS, COMPLETION_GOAL_MS = 1_000, 50
WAIT_S = 60
# A person reads the cell before they press Tab; the kernel is idle meanwhile.
PAUSE_S = 3
# What is completed (a group's name, a field, a command, a value of a field), and what is wanted.
TABS = {
    "group": ("%%insights -g /names/3/service-00", "/names/3/service-0003"),
    "field": ("%%insights -g /names/with-events\nfields to", "took"),
    "command": ("%%insights -g /names/with-events\nfields took | fil", "filter"),
    "value": ('%%insights -g /names/with-events\nfilter level = "', 'INFO"'),
}
AGAIN = 5


def measure(figures: Figures, runs: int) -> None:
    """Load the extension into fresh kernels, and press Tab; the first kernel fills the caches."""
    settings = stores.many_names()
    loads: list[float] = []
    first: dict[str, list[float]] = {name: [] for name in TABS}
    later: list[float] = []
    lacking: list[str] = []
    for run in range(runs + 1):
        for number, name in enumerate(TABS):
            # Each first Tab needs a kernel that has not completed anything.
            with _kernel(settings) as client:
                took = _execute(client, "%load_ext cwnb")
                time.sleep(PAUSE_S)
                took_first, is_there = _complete(client, *TABS[name])
                tabs = [took_first]
                if not is_there:
                    lacking.append(name)
                if number == 0:
                    time.sleep(PAUSE_S)
                    again = [_complete(client, *tab) for tab in list(TABS.values()) * AGAIN]
                    tabs += [took for took, _ in again]
            if run:
                loads.append(took)
                first[name].append(tabs[0])
                later += tabs[1:]
    figures.say("load_ext_ms", loads, LOAD_GOAL_MS)
    for name, values in first.items():
        figures.say(f"first_tab_{name}_ms", values, COMPLETION_GOAL_MS)
    figures.say("later_tabs_ms", later, COMPLETION_GOAL_MS)
    figures.say("first_tabs_without_the_name", [len(lacking)])


@contextlib.contextmanager
def _kernel(settings: dict[str, str]) -> Iterator[Any]:
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    # Jupyter's server names the session of a kernel that has a front end.
    server = {"JPY_SESSION_NAME": "benchmark.ipynb"}
    environment = {**os.environ, **settings, **server, "PYTHONPATH": str(Path.cwd())}
    manager.start_kernel(env=environment, stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(WAIT_S)
        # What any first cell costs is not ours.
        client.execute("1 + 1", reply=True, timeout=WAIT_S)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _execute(client: Any, code: str) -> float:
    began = time.perf_counter()
    reply = client.execute(code, reply=True, timeout=WAIT_S)
    took = time.perf_counter() - began
    assert reply["content"]["status"] == "ok", reply["content"]
    return took * 1000


def _complete(client: Any, text: str, wanted: str) -> tuple[float, bool]:
    """Give the milliseconds until the reply, and whether the reply has what is wanted."""
    began = time.perf_counter()
    reply = client.complete(text, len(text), reply=True, timeout=WAIT_S)
    took = time.perf_counter() - began
    return took * 1000, wanted in reply["content"]["matches"]
