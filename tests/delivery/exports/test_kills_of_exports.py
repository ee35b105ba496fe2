"""An export that is killed and resumed again and again equals one that was not."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from exported import stored, texts

from cwnb.store import event_batch

DAY = 1_770_076_800_000
SCRIPT = Path(__file__).with_name("killed_export.py")
STREAMS, LOADS, EVENTS = 12, 6, 6000


def fill(logs):
    """Store numbered events of many streams, some of them in the order of no time."""
    rng = np.random.default_rng(11)
    number = 0
    for load in range(LOADS):
        names = [f"w/{n}" for n in rng.integers(0, STREAMS, EVENTS)]
        times = (DAY + rng.integers(0, 3 * 86_400_000, EVENTS)).tolist()
        messages = [f"{number + n} of {names[n]}" for n in range(EVENTS)]
        number += EVENTS
        with logs.store.loading("/g", deliver=load % 3 != 0) as loading:
            loading.add(event_batch(times, messages, names))
            loading.commit()
        logs.store.put("/g", event_batch(times[:9], [f"put {m}" for m in messages[:9]], "w/put"))
    return number + 9 * LOADS


def begin(logs, folder, format, task_id=""):
    process = subprocess.Popen(
        [sys.executable, SCRIPT, str(logs.store.path), str(folder), format, task_id],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[3],
    )  # fmt: skip
    return process, process.stdout.readline().strip()


@pytest.mark.parametrize(("format", "kills"), [("service", 7), ("parquet", 3)])
def test_killed_and_resumed(logs, tmp_path, format, kills):
    events = fill(logs)
    whole = logs.export("/g", tmp_path / "whole", format=format).wait()
    assert whole.info.events == events
    hits = 0
    random.seed(3)
    process, task_id = begin(logs, tmp_path / "out", format)
    tasks = [task_id]
    for kill in range(kills):
        task = logs.export_task(task_id)
        if kill % 3:
            # In the midst of files, which a busy machine may write at any time.
            more = task.info.events + 1
            while task.info.events < more and process.poll() is None:
                time.sleep(0.01)
        time.sleep(random.uniform(0, 0.4))
        process.kill()
        process.communicate()
        hits += 0 < task.info.events < events
        while task.state in {"PENDING", "RUNNING"}:
            time.sleep(0.05)
        # Meanwhile the store goes on.
        random.choice([logs.compact, logs.flush, lambda: logs.put("/g", "w/0", [(DAY, "new")])])()
        if task.state == "COMPLETED":
            process, task_id = begin(logs, tmp_path / "out", format)
            tasks.append(task_id)
        else:
            assert (task.state, task.message) == ("FAILED", "interrupted")
            process, again = begin(logs, tmp_path / "out", format, task_id)
            assert again == task_id
    assert process.communicate()[0] == "whole\n"
    assert hits, "no kill came between two files"
    wanted = events_of(logs, tmp_path / "whole" / whole.id, format)
    for task_id in tasks:
        folder = tmp_path / "out" / task_id
        assert logs.export_task(task_id).state == "COMPLETED"
        assert not [path for path in folder.rglob("*") if path.name.startswith(".")]
        # Later tasks have what was put since.
        found = [event for event in events_of(logs, folder, format) if b"new" not in event]
        assert found == wanted


def events_of(logs, folder, format):
    """Give the events of an export, sorted: its lines, or the messages that it loads as."""
    if format == "service":
        return sorted(line for text in texts(folder).values() for line in text.splitlines())
    logs.load(folder, group=f"/{folder.name}")
    return sorted(event[2] for event in stored(logs, f"/{folder.name}"))
