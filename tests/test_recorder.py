"""The recorder of answers: the same code gives the same recording, and a change shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.recorder.asked import asks

REPOSITORY = Path(__file__).resolve().parents[1]


def run(*arguments: object, seed: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", "record", *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
    )


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("recorded") / "one.jsonl"
    ran = run(out, "--only", "limit", seed=1)
    assert ran.returncode == 0, ran.stderr
    return out


def test_a_recording_is_the_same_again(recording: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "two.jsonl", "--only", "limit", seed=2).returncode == 0
    assert (tmp_path / "two.jsonl").read_bytes() == recording.read_bytes()
    same = run("--diff", recording, tmp_path / "two.jsonl")
    assert same.returncode == 0
    assert same.stdout.splitlines()[-1].endswith("changed=0 gone=0 added=0")


def test_a_recording_says_all_of_an_answer(recording: Path) -> None:
    answers = [json.loads(line) for line in recording.read_text("utf-8").splitlines()]
    newest = [a for a in answers if a["name"] == "queries/limit_dedup: the newest rows"]
    assert {a["on"] for a in newest} >= {"frame", "store"}
    for answer in (a for a in newest if a["on"] != "catalog"):
        assert answer["types"] == {"n": "int64[pyarrow]"}
        assert answer["rows"] == [[6], [5]]
        assert answer["rewritten"][1:] == ["limit 2", "fields n"]
        assert answer["statistics"]["resultCount"] == 2
        assert "events = events.head(2)" in answer["pandas"]
    refused = next(a for a in answers if "error" in a)
    assert refused["error"][0] == "MalformedQuery"


def test_a_changed_answer_is_shown(recording: Path, tmp_path: Path) -> None:
    first, *others = recording.read_text("utf-8").splitlines()
    answer = json.loads(first)
    answer["query"] = "limit 3"
    changed = tmp_path / "changed.jsonl"
    changed.write_text("\n".join([json.dumps(answer), *others[:-1]]) + "\n", "utf-8")
    ran = run("--diff", recording, changed)
    assert ran.returncode == 1
    assert '+ "limit 3"' in ran.stdout
    assert ran.stdout.splitlines()[-1].endswith("changed=1 gone=1 added=0")


def test_everything_that_is_asked_has_a_name_of_its_own() -> None:
    names = [ask.name for ask in asks()]
    assert len(names) == len(set(names))
    assert sum(name.startswith("random/") for name in names) == 2000
