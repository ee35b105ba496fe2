"""The comparison of two checkouts: what it runs, and what it says of the times."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.compare import AGAIN, NEW, OLD, Measured, summary

REPOSITORY = Path(__file__).resolve().parents[1]


def measured(name: str, this: float, then: float) -> Measured:
    found = Measured(name)
    for side, ms in ((NEW, this), (OLD, then), (AGAIN, then)):
        for run in (0.5, 0.0, -0.5):
            found.add(side, {"ms": ms * (1 + run / 10), "cpu_ms": ms})
    return found


@pytest.mark.parametrize(
    ("this", "then", "slower"),
    [(20.9, 20.0, False), (1.9, 1.0, False), (22.0, 20.0, True), (10.0, 20.0, False)],
)
def test_slower_is_by_a_share_and_by_a_time(this: float, then: float, slower: bool) -> None:
    assert measured("x", this, then).slower is slower
    assert measured("x", this, then).line().endswith("SLOWER") is slower


def test_the_last_line_is_of_the_questions() -> None:
    found = [measured("a", 40.0, 20.0), measured("b", 10.0, 20.0), measured("put 9", 10.0, 20.0)]
    assert summary(found, {"a", "b"}).splitlines() == [
        "slower: a",
        "put_9=0.500 noise_put_9=1.000",
        "least_geomean=1.000 noise_least_geomean=1.000",
        "cpu_geomean=1.000 noise_cpu_geomean=1.000",
        "geomean=1.000 worst=2.000 noise_geomean=1.000 noise_worst=1.000 slower=1",
    ]


def compare(folder: Path, against: object, name: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "compare", name, "--against", str(against)]
    return subprocess.run(
        [*command, "--events", "2000", "--runs", "1"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_checkout_against_itself(tmp_path: Path) -> None:
    ran = compare(tmp_path, REPOSITORY, "count")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = ran.stdout.splitlines()
    names = [re.split(r" {2,}", line)[0] for line in lines[1:] if not line.startswith("slower")]
    assert names[:3] == [
        "count by level",
        "count and average by two keys and hour",
        "parse glob, count by one of three",
    ]
    assert re.fullmatch(
        r"geomean=\S+ worst=\S+ noise_geomean=\S+ noise_worst=\S+ slower=\d", lines[-1]
    )


def test_an_answer_that_differs_is_an_error(tmp_path: Path) -> None:
    """A package that gives one row too few is not compared by its speed."""
    package = tmp_path / "other" / "cwnb"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(REPOSITORY)!r})\n"
        f"__path__.insert(0, {str(REPOSITORY / 'cwnb')!r})\n"
        "from cwnb.logs import Logs, open\n"
        "ask = Logs.query\n"
        "class Fewer:\n"
        "    def __init__(self, result): self.df = result.df.head(3)\n"
        "Logs.query = lambda *a, **k: Fewer(ask(*a, **k))\n"
    )
    ran = compare(tmp_path, tmp_path / "other", "count by level")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "WRONG: this checkout and the commit: 4 rows, not 3" in ran.stdout
