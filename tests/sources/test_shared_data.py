"""Real logs load whole: as many events as a plain count finds records."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from cwnb.sources import load

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
FILES = sorted(path for path in DATA.glob("*/*") if path.suffix in {".log", ".csv", ".json"})


def records(file: Path) -> int:
    if file.suffix == ".json":
        return len(json.loads(file.read_bytes())["Records"])
    if file.suffix == ".csv":
        with file.open(newline="") as stream:
            return len(list(csv.reader(stream))) - 1
    return sum(bool(line.strip()) for line in file.read_bytes().split(b"\n"))


@pytest.mark.skipif(not FILES, reason="shared data absent")
def test_all_of_it_loads(store) -> None:
    wanted = {str(file): records(file) for file in FILES}
    report = load(store, DATA, group="/data", again=True)
    got = {file.name: file.events for file in report.files if not file.name.endswith(".md")}
    assert got == wanted
    assert (report.errors, report.refused_count) == ([], 0)
    untimed = {file.name for file in report.files if file.untimed and file.name.endswith(".log")}
    assert not untimed


@pytest.mark.skipif(not FILES, reason="shared data absent")
def test_cloudtrail_records_keep_their_bytes(memory) -> None:
    for file in [path for path in FILES if path.suffix == ".json"][:5]:
        load(memory, file, group=file.name)
        text = file.read_bytes()
        parsed = json.loads(text)["Records"]
        assert [json.loads(message) for message in memory.messages(file.name)] == parsed
        assert all(message in text for message in memory.messages(file.name))
