"""The runs of a question: engines in turns, a process each, medians."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.broad.answers import differences
from benchmarks.questions import QUESTIONS

if TYPE_CHECKING:
    from benchmarks.broad.files import SetFiles

OURS = "cwnb"
# A question that takes longer has no answer.
PATIENCE_S = 900
# Below this nobody notices: a question that DuckDB answers sooner counts as if it had taken so
# long, and ours may take one and a half times that, 30 ms.
NOTICED_MS = 20.0
# An answer that is there at once passes, whatever the peers take.
AT_ONCE_MS, AGAIN_GOAL = 5.0, 0.2


@dataclass
class Measured:
    """The medians of one question in ms, by engine, and what was wrong."""

    set_name: str
    question: str
    ms: dict[str, float] = field(default_factory=dict)
    again: float = 0.0
    edited: float = 0.0
    peak_bytes: int = 0
    wrong: list[str] = field(default_factory=list)
    cpu_ms: dict[str, float] = field(default_factory=dict)

    @property
    def to_duckdb(self) -> float:
        return self.ms[OURS] / self.ms["duckdb"]

    @property
    def work(self) -> float:
        """Compare the time of processors with DuckDB's, which a busy machine changes little."""
        return self.cpu_ms[OURS] / max(self.cpu_ms["duckdb"], 1.0)

    @property
    def to_best(self) -> float:
        return self.ms[OURS] / min(ms for name, ms in self.ms.items() if name != OURS)

    @property
    def noticed(self) -> float:
        """Compare with DuckDB as `worst` does."""
        return self.ms[OURS] / max(self.ms["duckdb"], NOTICED_MS)

    def repeated(self, ms: float) -> float:
        """Compare a repeated or edited ask with DuckDB's first."""
        ratio = ms / self.ms["duckdb"]
        return min(ratio, AGAIN_GOAL) if ms <= AT_ONCE_MS else ratio


def measure(files: SetFiles, number: int, runs: int, peers: list[str], folder: Path) -> Measured:
    """Ask every engine `runs` times, in another order each time, and compare the answers."""
    question = QUESTIONS[files.logs.name][number]
    found = Measured(files.logs.name, question.name)
    engines = [OURS, *(peer for peer in peers if question.text(peer) is not None)]
    took: dict[str, list[dict[str, Any]]] = {engine: [] for engine in engines}
    for run in range(runs):
        turn = run % len(engines)
        for engine in [*engines[turn:], *engines[:turn]]:
            answer = folder / f"{engine}.pickle" if run == 0 else None
            try:
                took[engine].append(_ask(engine, files, number, answer))
            except RuntimeError as error:
                found.wrong.append(f"{engine}: {error}")
                return found
        for peer in engines[1:] if run == 0 else ():
            ours, theirs = (pd.read_pickle(folder / f"{engine}.pickle") for engine in (OURS, peer))
            if problem := differences(question, ours, theirs, peer):
                found.wrong.append(f"{peer} differs: {problem}")
    for engine, each in took.items():
        found.ms[engine] = statistics.median(one["first"] for one in each)
        found.cpu_ms[engine] = statistics.median(one["cpu"] for one in each)
    found.again = statistics.median(one["again"] for one in took[OURS])
    found.edited = statistics.median(one["edited"] for one in took[OURS])
    found.peak_bytes = max(one["peak_bytes"] for one in took[OURS])
    return found


def of_this_checkout() -> dict[str, str]:
    """Give the environment of a process that uses this code, wherever it is started."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def _ask(engine: str, files: SetFiles, number: int, answer: Path | None) -> dict[str, Any]:
    command = ["benchmarks.broad.worker", engine, files.logs.name, str(files.events), str(number)]
    return in_a_process(*command, str(files.root), str(answer or ""), patience_s=PATIENCE_S)


def in_a_process(module: str, *arguments: str, patience_s: float) -> dict[str, Any]:
    """Run a module of the benchmarks; gives the JSON object of its last line.

    Raises RuntimeError with the last line of what went wrong.
    """
    command = [sys.executable, "-m", module, *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
            env=of_this_checkout(),
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"no answer in {patience_s} s") from None
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [str(done.returncode)])[-1])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))
