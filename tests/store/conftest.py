from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cwnb.store import Store
from cwnb.store.maintenance import background

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


# A process that drops to an ordinary user may find its own interpreter out of reach, so what it
# needs is imported before.
ALREADY_THERE = """
import os, sys, json, zoneinfo, orjson, contents, cwnb.store.statistics
from cwnb.store import Store, discovery, event_batch
import pyarrow as pa, pyarrow.parquet as pq, pyarrow.compute as pc
discovery.discover(pa.array(['{{"a": [1.5, true], "b": null}}', "x", ""]))
pa.array([1]).cast(pa.timestamp("ms", "UTC")).to_pylist()
os.setgid({user}); os.setuid({user})
"""


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def quiet(monkeypatch):
    """Keep the background thread from doing anything in this process."""
    monkeypatch.setattr(background, "_TICK_S", 1e6)


@pytest.fixture
def start():
    """Start Python code in processes of their own; they are ended with the test."""
    started = []

    def run(code, *args, user=None, stdin=False):
        if user is not None:
            code = ALREADY_THERE.format(user=user) + code
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, [ROOT, HERE, HERE / "keys"]))
        }
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, args)],
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd="/",
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def run(start):
    """Run Python code in a process of its own and give what it printed."""

    def finish(code, *args, user=None):
        process = start(code, *args, user=user)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return out.strip()

    return finish
