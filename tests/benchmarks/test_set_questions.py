"""The questions about the seven sets: cwnb answers them as every peer that is installed does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from benchmarks.broad.answers import differences
from benchmarks.broad.command import main
from benchmarks.broad.files import SetFiles
from benchmarks.broad.ingest import FORMS, load_duckdb, load_ours
from benchmarks.broad.ingest import make as make_inputs
from benchmarks.broad.question import Question
from benchmarks.broad.report import markdown, summary
from benchmarks.broad.runs import Measured
from benchmarks.data import SETS
from benchmarks.peers.over_parquet import installed
from benchmarks.questions import QUESTIONS

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = 3_000


@pytest.mark.parametrize("name", SETS)
def test_all_answers_are_those_of_the_peers(name: str, tmp_path: Path) -> None:
    files = SetFiles(SETS[name], EVENTS, tmp_path)
    files.make()
    files.load()
    peers = {peer: start(files.parquet) for peer, start in installed().items()}
    wrong = []
    with files.open() as logs:
        for question in QUESTIONS[name]:
            window = question.window or (None, None)
            ours = logs.query(question.insights, [files.logs.group], *window).df
            edited = logs.query(question.edited_text(), [files.logs.group], *window).df
            assert question.insights != question.edited_text()
            assert len(edited.columns) > 0
            for peer, asked in peers.items():
                text = question.text(peer)
                if text is None:
                    continue
                if problem := differences(question, ours, asked.ask(text), peer):
                    wrong.append(f"{question.name}, {peer}: {problem}")
    assert wrong == []


def test_there_are_questions_of_all_sets() -> None:
    assert list(QUESTIONS) == list(SETS)
    assert sum(map(len, QUESTIONS.values())) >= 120
    for questions in QUESTIONS.values():
        names = [question.name for question in questions]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["app", "flow", "telemetry"])
def test_every_form_of_the_events_loads(name: str, form: str, tmp_path: Path) -> None:
    files = SetFiles(SETS[name], 500, tmp_path)
    make_inputs(files)
    assert load_ours(files, form)["bytes"] > 0


@pytest.mark.parametrize("name", SETS)
def test_duckdb_reads_the_events_of_a_file(name: str, tmp_path: Path) -> None:
    files = SetFiles(SETS[name], 500, tmp_path)
    make_inputs(files)
    assert load_duckdb(files, "gzip")["bytes"] > 0


def test_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ["by action", "--sets", "flow", "--peers", "duckdb", "--events", "500", "--runs", "1"]
    assert main([*given, "--markdown"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("flow       count by action ")
    assert said[2].startswith("flow: questions=1 wrong=0 geomean_duckdb=")
    assert said[-1].startswith("all: questions=1 wrong=0 geomean_duckdb=")
    assert [line for line in said if line.startswith("| flow | 1 | ")]


def test_what_is_not_known_is_said() -> None:
    with pytest.raises(SystemExit, match="no set 'flows'; there are app, telemetry"):
        main(["--sets", "flows"])
    with pytest.raises(SystemExit, match="name it among --peers"):
        main(["--peers", ""])


def measured(ours: float, duckdb: float, best: float, again: float) -> Measured:
    ms = {"cwnb": ours, "duckdb": duckdb, "polars": best}
    return Measured("flow", f"of {ours}", ms, again, again, 50_000_000, cpu_ms=ms)


def test_the_figures() -> None:
    """A question that DuckDB answers at once counts as 20 ms of it, an answer in 5 ms as 0.2."""
    found = [measured(30.0, 10.0, 15.0, 4.0), measured(40.0, 40.0, 20.0, 80.0)]
    assert found[0].noticed == 1.5
    assert found[0].repeated(4.0) == 0.2
    assert found[0].repeated(1.0) == 0.1
    broken = measured(1.0, 1.0, 1.0, 1.0)
    broken.wrong.append("polars differs")
    assert summary("flow", [*found, broken]) == (
        "flow: questions=2 wrong=1 geomean_duckdb=1.73 geomean_best=2.45 worst=1.50 (of 30.0)"
        " again=0.63 edited=0.63 cpu=1.73 peak_mb=50"
    )
    row = "| flow | 2 | 1.73 | 2.45 | 1.50 (of 30.0) | 0.63 | 0.63 |"
    assert row in markdown({"flow": found}).splitlines()


def test_answers_are_compared() -> None:
    def differ(question: Question, ours: dict, theirs: dict, peer: str = "duckdb") -> str:
        return differences(question, pd.DataFrame(ours), pd.DataFrame(theirs), peer)

    bag = Question("q", "stats count(*)", "", "")
    one, turned = {"k": ["a", "b"], "n": [1, 2]}, {"x": ["b", "a"], "y": [2.0, 1.0 + 1e-12]}
    assert differ(bag, one, turned) == ""
    assert differ(Question("q", "", "", "", ordered=True), one, turned) != ""
    assert differ(bag, one, {"k": ["a", "b"], "n": [1, 3]}) == "('b', 2) is not ('b', 3)"
    assert differ(bag, one, {"k": ["a"], "n": [1]}) == "2 rows, not 1"
    assert differ(bag, one, {"k": ["a", "b"]}) == "columns ['k', 'n'] are not ['k']"
    assert differ(bag, {"k": [None]}, {"k": ["None"]}) == "(None,) is not ('None',)"
    rank = Question("q", "", "", "", own_rank=(1,))
    assert differ(rank, one, {"k": ["a", "b"], "n": [1, 3]}) != ""
    assert differ(rank, one, {"k": ["a", "b"], "n": [1, 3]}, "polars") == ""
    times = {"t": pd.to_datetime([5, 1_790_812_800_300, 1_790_812_800_000], unit="ms", utc=True)}
    naive = {"t": pd.to_datetime([1_790_812_800_000, 5, 1_790_812_800_300], unit="ms")}
    assert differ(bag, times, naive) == ""
