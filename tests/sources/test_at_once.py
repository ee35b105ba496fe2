"""Several processes that load the same files at once: each content is loaded once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cwnb.errors import SourceError
from cwnb.events import ALL_TIME
from cwnb.sources import load
from cwnb.store import Store

ROOT = Path(__file__).resolve().parents[2]


def messages(store, group="/g"):
    found = []
    for task in store.snapshot([group]).scan(["@message"], ALL_TIME, ()).tasks:
        found += task.open().columns(["@message"])["@message"].to_pylist()
    return sorted(found)


def line(number, *, length=0):
    return f"2026-02-03 09:14:07 file {number} {'x' * length}\n"


@pytest.fixture
def folder(tmp_path):
    """Give a folder with files: small ones, an empty one, and one too big to share a segment."""
    made = tmp_path / "logs"
    made.mkdir()
    for number in range(9):
        (made / f"{number}.log").write_text(line(number))
    (made / "empty.log").touch()
    (made / "z-big.log").write_text("".join(line(n, length=900) for n in range(100, 6_100)))
    return made


def meanwhile(store, what, at):
    """Give a `progress` that lets another process load when this one has read so much of all."""
    reports = []

    def progress(done, total):
        if not reports and total is not None and done >= at * total:
            reports.append(None)
            with Store.open(store.path) as other:
                reports[0] = load(other, what, group="/g")

    return progress, reports


@pytest.mark.parametrize("at", [0.0, 1.0])
def test_a_folder_that_another_process_loads_meanwhile_is_loaded_once(store, folder, at):
    progress, (other) = meanwhile(store, folder, at)
    report = load(store, folder, group="/g", progress=progress)
    assert len(other) == 1
    assert other[0].events == 6_009
    assert (report.events, report.errors) == (0, [])
    assert sum("already loaded" in " ".join(file.notes) for file in report.files) == 10
    assert len(messages(store)) == 6_009
    assert load(store, folder, group="/g").events == 0


def test_what_the_other_process_has_not_loaded_is_loaded(store, folder):
    progress, other = meanwhile(store, [folder / "3.log", folder / "5.log"], 1.0)
    report = load(store, folder, group="/g", progress=progress)
    assert other[0].events == 2
    assert report.events == 6_007
    assert [file.name for file in report.files if not file.loaded and file.events] == []
    assert len(messages(store)) == len(set(messages(store))) == 6_009


def test_again_loads_what_another_process_has_loaded_meanwhile(store, folder):
    progress, _ = meanwhile(store, folder, 1.0)
    assert load(store, folder, group="/g", progress=progress, again=True).events == 6_009
    assert len(messages(store)) == 2 * 6_009


def test_one_file_that_another_process_loads_meanwhile_is_said(store, folder):
    progress, _ = meanwhile(store, folder / "z-big.log", 0.0)
    report = load(store, folder / "z-big.log", group="/g", progress=progress)
    assert "already loaded (6,000 events)" in str(report)
    assert len(messages(store)) == 6_000


LOADING = """
import os, sys
from cwnb.sources import load
from cwnb.store import Store
store = Store.open(sys.argv[1])
while not os.path.exists(sys.argv[3]): pass
print(load(store, sys.argv[2], group="/g").events)
"""


def test_processes_that_load_one_folder_at_once(store, folder, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", LOADING, store.path, str(folder), str(tmp_path / "go")],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(3)
    ]
    (tmp_path / "go").touch()
    counts = [int(process.communicate(timeout=120)[0]) for process in running]
    assert sum(counts) == 6_009
    assert len(messages(store)) == 6_009


def grown_by_another(store, file, lines, *, at=1.0):
    """Give a `progress` in which the file grows, and another process loads it, before we publish."""
    reports = []

    def progress(done, total):
        if not reports and done >= at * total:
            reports.append(None)
            with file.open("a") as log:
                log.write("".join(lines))
            with Store.open(store.path) as other:
                reports[0] = load(other, file, group="/g")

    return progress, reports


@pytest.mark.parametrize("count", [1, 3, 40, 6_000])
@pytest.mark.parametrize("together", [False, True])
def test_a_file_that_another_process_loads_longer_meanwhile(store, tmp_path, count, together):
    folder = tmp_path / "logs"
    folder.mkdir()
    file = folder / "grows.log"
    file.write_text("".join(line(n, length=900 * (count > 100)) for n in range(count)))
    if together:
        (folder / "z.log").write_text(line(99_999))
    progress, other = grown_by_another(store, file, [line(70_000), line(70_001)], at=0.1)
    what = folder if together else file
    report = load(store, what, group="/g", progress=progress)
    assert other[0].events == count + 2
    assert report.events == int(together)
    assert len(report.files) == 1 + together
    found = messages(store)
    assert len(found) == len(set(found)) == count + 2 + together
    assert load(store, what, group="/g").events == 0


def test_a_file_that_another_process_has_loaded_shorter_meanwhile(store, tmp_path):
    file, copy = tmp_path / "grows.log", tmp_path / "grows.log.1"
    copy.write_text("".join(line(n) for n in range(30)))
    file.write_text("".join(line(n) for n in range(35)))
    progress, other = meanwhile(store, copy, 1.0)
    report = load(store, file, group="/g", progress=progress)
    assert (other[0].events, report.events) == (30, 5)
    assert "loaded before as far as line 30" in str(report)
    found = messages(store)
    assert len(found) == len(set(found)) == 35


def test_a_stream_that_meets_another_load_is_an_error_and_not_doubled(store, tmp_path):
    file = tmp_path / "a.log"
    file.write_text(line(1))
    packed = tmp_path / "a.log.gz"
    packed.write_bytes(b"")

    class Stream:
        name = "stream"
        done = False

        def read(self, size):
            if self.done:
                return b""
            self.done = True
            with Store.open(store.path) as other:
                load(other, file, group="/g")
            return (line(1) + line(2)).encode()

    with pytest.raises(SourceError, match="at the same time; load it again"):
        load(store, Stream(), group="/g")
    assert len(messages(store)) == 1


def test_other_files_loaded_meanwhile_change_nothing(store, tmp_path):
    mine, other = tmp_path / "mine.log", tmp_path / "other.log"
    mine.write_text("".join(line(n) for n in range(100, 130)))
    other.write_text("".join(line(n) for n in range(200, 230)))
    progress, reports = meanwhile(store, other, 1.0)
    assert load(store, mine, group="/g", progress=progress).events == 30
    assert reports[0].events == 30
    rows = [{"time": "2026-02-03T09:14:07Z", "a": 1}]
    progress, reports = meanwhile(store, rows, 1.0)
    mine.write_text(line(5))
    assert load(store, mine, group="/g", progress=progress).events == 1
    assert len(messages(store)) == 62


GROWING = """
import sys, time
from cwnb.sources import load
from cwnb.store import Store
store = Store.open(sys.argv[1])
for _ in range(12):
    load(store, sys.argv[2], group="/g")
"""


def test_processes_that_load_a_file_while_it_grows(store, tmp_path):
    file = tmp_path / "grows.log"
    file.write_text(line(0))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", GROWING, str(store.path), str(file)]
    processes = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(3)
    ]
    number = 0
    while any(process.poll() is None for process in processes):
        number += 1
        with file.open("a") as log:
            log.write(line(number))
        time.sleep(0.002)
    assert [process.communicate()[1] for process in processes] == [b""] * 3
    load(store, file, group="/g")
    found = messages(store)
    assert len(found) == len(set(found)) == number + 1
