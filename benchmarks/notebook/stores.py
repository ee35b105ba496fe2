"""The stores that are asked: one with many events, ones with many groups, and the demo.

They are kept under `.benchmarks/`, with their keys.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import cwnb
from benchmarks.data import shop as data
from benchmarks.ours import APP, Ours

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = data.FOLDER / "notebook"
EVENTS = 1_000_000
GROUPS, STREAMS_A_GROUP = 1_000, 5
# Completion has more groups than the explorer, and needs no events in them.
NAMES = 5_000
# A query of some seconds, whose answer has few rows; the group of the store with many events.
SLOW = " | ".join(
    [
        *(
            rf'parse @message /"requestId":"(?<a{i}>[^"]*)".*user=u-(?<b{i}>[0-9]+)/'
            for i in range(4)
        ),
        "stats count(a0), count(b1), count(a2), count(b3)",
    ]
)

__all__ = ["APP", "EVENTS", "GROUPS", "NAMES", "SLOW", "STREAMS_A_GROUP"]


def many_events() -> dict[str, str]:
    """Make the store of `EVENTS` events; gives the settings of a kernel that asks it."""
    logs = data.make(EVENTS)
    ours = Ours(logs.folder)
    ours.load(logs)
    return _settings(ours.path, logs.folder / "keys")


def many_groups() -> dict[str, str]:
    """Make a store of 1,000 groups with five streams each, in all 5,000, and two events in each."""

    def fill(logs: cwnb.Logs) -> None:
        for number in range(GROUPS):
            group = f"/shop/{number % 8}/service-{number:04}"
            for stream in range(STREAMS_A_GROUP):
                at = data.START_MS + number * 1000 + stream
                lines = [f'{{"level":"INFO","took":{number}}}', f'{{"level":"WARN","n":{stream}}}']
                logs.put(group, f"i-{number:04}-{stream}", [(at, line) for line in lines])

    return _made("groups", fill)


def many_names() -> dict[str, str]:
    """Make a store of 5,000 groups without events, and one with some."""

    def fill(logs: cwnb.Logs) -> None:
        for number in range(NAMES):
            logs.create_group(f"/names/{number % 8}/service-{number:04}")
        line = '{"level":"INFO","took":1}'
        logs.put("/names/with-events", "i-1", [(data.START_MS + i, line) for i in range(100)])

    return _made("names", fill)


def demo() -> dict[str, str]:
    """Make the demo, where a notebook of `FOLDER / "demo"` finds it."""
    from cwnb.demo import DEFAULT_PATH, ensure

    folder = (FOLDER / "demo").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    settings = _settings(folder / DEFAULT_PATH, folder / "keys")
    os.environ.update(settings)
    ensure(folder / DEFAULT_PATH).close()
    return settings


def _made(name: str, fill: Callable[[cwnb.Logs], None]) -> dict[str, str]:
    folder = (FOLDER / name).absolute()
    settings = _settings(folder / "store", folder / "keys")
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.environ.update(settings)
        with cwnb.open(folder / "store") as logs:
            fill(logs)
        (folder / "made").touch()
    return settings


def _settings(store: Path, keys: Path) -> dict[str, str]:
    return {
        "CWNB_STORE": str(Path(store).absolute()),
        "CWNB_CONFIG_DIR": str(keys.absolute()),
        # Code that is compiled anew at each start would be measured as import time.
        "PYTHONDONTWRITEBYTECODE": "",
    }
