"""Two checkouts side by side: `python -m benchmarks compare --against COMMIT [--events N]`.

With `--sets flow,lambda` the questions are those of these sets (benchmarks/questions), and there
are no loads, puts and imports.

This checkout and COMMIT, in a temporary work tree, do the same in turns, each on a store that its
own code made: all questions of benchmarks/queries.py, loads, small puts and imports. COMMIT runs
in a second process too: the ratio of the two, in brackets, says how much of a difference is noise.
Beside the medians the shortest runs and processor time are compared, which say more on a busy
machine. Answers are checked equal. Slower by more than 5 % and 1 ms is marked. Instead of a commit,
a folder with another checkout will do.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from benchmarks.answers import differences
from benchmarks.broad.command import names_in
from benchmarks.compare import of_sets
from benchmarks.data import SETS
from benchmarks.data import shop as data
from benchmarks.ours import files as files_of
from benchmarks.queries import QUESTIONS
from benchmarks.threads import THREADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
# Slower by more than both of these is marked.
SLOWER_SHARE, SLOWER_MS = 0.05, 1.0
# A load of more events says no more, and nine of them on three sides take half an hour.
LOADED_EVENTS = 1_000_000
PUTS = 200
NEW, OLD, AGAIN = "this checkout", "the commit", "the commit again"
# The error of a commit whose language lacks what a question says.
_UNKNOWN = "MalformedQuery"
_IMPORTS = {"import cwnb": "import cwnb", "import cwnb, open": "import cwnb; cwnb.open"}


class Side:
    """A process that works with the code of one checkout."""

    def __init__(self, name: str, code: Path, folder: Path) -> None:
        self.name, self.code, self.folder = name, code, folder
        # Code that is compiled anew at each start would be measured as import time.
        self.environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        self.environment["PYTHONPATH"] = str(code)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        worker = Path(__file__).with_name("worker.py")
        self.process = subprocess.Popen(
            [sys.executable, "-P", worker, self.code, self.folder, str(THREADS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def do(self, what: str, **arguments: Any) -> dict[str, Any]:
        """Have it done and give what the worker says."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process has ended"}
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {answer['error']}")
        return dict(answer)

    def start(self, code: str) -> dict[str, Any]:
        """Time these statements in a new process."""
        timed = (
            "import time; t, p = time.perf_counter(), time.process_time(); "
            f"{code}; print(time.perf_counter() - t, time.process_time() - p)"
        )
        done = subprocess.run(
            [sys.executable, "-P", "-c", timed],
            capture_output=True,
            text=True,
            check=True,
            env=self.environment,
        )
        ms, cpu_ms = (float(seconds) * 1000 for seconds in done.stdout.split())
        return {"ms": ms, "cpu_ms": cpu_ms}


@dataclass
class Measured:
    """The times of one piece of work, by side."""

    name: str
    ms: dict[str, list[float]] = field(default_factory=dict)
    cpu_ms: dict[str, list[float]] = field(default_factory=dict)

    def add(self, side: str, took: dict[str, Any]) -> None:
        """Keep one run."""
        self.ms.setdefault(side, []).append(took["ms"])
        self.cpu_ms.setdefault(side, []).append(took["cpu_ms"])

    def median(self, side: str) -> float:
        """Give the median of the milliseconds."""
        return statistics.median(self.ms[side])

    @property
    def ratio(self) -> float:
        """How many times as long this checkout takes."""
        return self.median(NEW) / self.median(OLD)

    @property
    def noise(self) -> float:
        """The same of the commit and itself."""
        return self.median(AGAIN) / self.median(OLD)

    def least(self, side: str) -> float:
        """Compare the shortest runs of a side and of the commit: of these others took least."""
        return min(self.ms[side]) / min(self.ms[OLD])

    def work(self, side: str) -> float:
        """Compare the medians of processor time, which a busy machine changes little."""
        return statistics.median(self.cpu_ms[side]) / statistics.median(self.cpu_ms[OLD])

    @property
    def slower(self) -> bool:
        """Tell whether this checkout is slower by more than 5 % and 1 ms."""
        return self.ratio > 1 + SLOWER_SHARE and self.median(NEW) - self.median(OLD) > SLOWER_MS

    def line(self) -> str:
        """Give the medians, and the ratios of medians, shortest runs and processor time."""
        pairs = (
            (self.ratio, self.noise),
            (self.least(NEW), self.least(AGAIN)),
            (self.work(NEW), self.work(AGAIN)),
        )
        ratios = "".join(f"{ratio:>8.3f} ({noise:.3f})" for ratio, noise in pairs)
        slower = "  SLOWER" if self.slower else ""
        return f"{self.name:40}{self.median(NEW):>9.1f}{self.median(OLD):>9.1f}{ratios}{slower}"


_HEAD = (
    f"{'':40}{'this ms':>9}{'then ms':>9}{'ratio':>8} (noise){'least':>8} (noise){'cpu':>8} (noise)"
)


def in_turns(
    name: str,
    sides: list[Side],
    runs: int,
    act: Callable[[Side], dict[str, Any]],
    check: Callable[[dict[str, Any], dict[str, Any]], str],
) -> Measured:
    """Let the sides act one after another, in another order each round.

    The first round fills the page cache and the imports of the processes, and does not count. Its
    answers are compared by `check`.
    """
    measured = Measured(name)
    for run in range(runs + 1):
        turn = run % len(sides)
        took = {side.name: act(side) for side in [*sides[turn:], *sides[:turn]]}
        for other in () if run else sides[1:]:
            if problem := check(took[sides[0].name], took[other.name]):
                raise RuntimeError(f"{sides[0].name} and {other.name}: {problem}")
        for side, answer in took.items() if run else ():
            measured.add(side, answer)
    return measured


def _works(
    events: int, runs: int, only: str, sides: list[Side]
) -> Iterator[tuple[str, Callable[[], Measured]]]:
    """Give each piece of work by name, and what does and measures it."""

    def same_events(one: dict[str, Any], other: dict[str, Any]) -> str:
        return "" if one["events"] == other["events"] else f"{one['events']}, {other['events']}"

    logs = data.make(events)
    files = {group: str(path.absolute()) for group, path in files_of(logs).items()}
    made = False
    for question in QUESTIONS:
        if only not in question.name:
            continue
        for each in [] if made else sides:
            each.do("make", files=files)
        made = True
        # Both call their columns as we do.
        own = replace(question, names={})
        ask = {"query": question.insights, "group": question.group, "window": question.window}
        yield (
            question.name,
            lambda own=own, ask=ask: in_turns(
                own.name,
                sides,
                runs,
                lambda side: side.do("ask", **ask),
                lambda one, other: differences(own, _frame(one), _frame(other)),
            ),
        )
    loaded = data.make(min(events, LOADED_EVENTS))
    works: dict[str, tuple[Any, Any]] = {
        f"load {loaded.events:,} events": (
            lambda side: side.do("load", path=str(loaded.app.absolute())),
            same_events,
        ),
        f"put {PUTS} batches": (lambda side: side.do("put", count=PUTS), same_events),
    }
    for name, code in _IMPORTS.items():
        works[name] = (lambda side, code=code: side.start(code), lambda _, __: "")
    for name, (act, check) in works.items():
        if only in name:
            yield name, lambda n=name, a=act, c=check: in_turns(n, sides, runs, a, c)


def _works_of_sets(
    names: list[str], events: int, runs: int, only: str, sides: list[Side]
) -> Iterator[tuple[str, Callable[[], Measured]]]:
    """Give the questions about these sets, as `_works` does."""
    made = ""
    for work in of_sets.works(names, events, only):
        for each in sides if work.make["store"] != made else []:
            each.do("make", **work.make)
        made = work.make["store"]
        yield (
            work.name,
            lambda work=work: in_turns(
                work.name,
                sides,
                runs,
                lambda side: side.do("ask", **work.ask),
                lambda one, other: work.differences(_frame(one), _frame(other)),
            ),
        )


def _frame(answer: dict[str, Any]) -> Any:
    return pa.ipc.open_stream(base64.b64decode(answer["answer"])).read_all().to_pandas()


def compare(against: str, events: int, runs: int, only: str, sets: list[str]) -> int:
    """Measure everything; print a line each and the summary; 1 if an answer differs."""
    questions = {question.name for question in QUESTIONS}
    folder = data.FOLDER.absolute() / f"compare-{data.GENERATION}-{events}"
    measured: list[Measured] = []
    wrong = 0
    with ExitStack() as stack:
        # A commit makes the same store every time; a folder may have changed.
        for name in ("this", "other", "other-again"):
            shutil.rmtree(folder / name, ignore_errors=True)
        code, name = Path(against).resolve(), "other"
        if not (code / "cwnb").is_dir():
            commit = _git("rev-parse", "--verify", f"{against}^{{commit}}")
            code = Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve() / "commit"
            name = commit[:12]
            _git("worktree", "add", "--detach", str(code), commit)
            stack.callback(_git, "worktree", "remove", "--force", str(code))
        sides = [
            stack.enter_context(Side(NEW, REPOSITORY, folder / "this")),
            stack.enter_context(Side(OLD, code, folder / name)),
            stack.enter_context(Side(AGAIN, code, folder / f"{name}-again")),
        ]
        print(_HEAD, flush=True)
        works = _works_of_sets(sets, events, runs, only, sides)
        for name, measure in works if sets else _works(events, runs, only, sides):
            questions |= {name} if sets else set()
            try:
                measured.append(measure())
            except RuntimeError as error:
                if _UNKNOWN in str(error) and str(error).startswith(OLD):
                    print(f"{name:40}  not asked: the commit does not know it", flush=True)
                    continue
                wrong += 1
                print(f"{name:40}  WRONG: {error}"[:400], flush=True)
                continue
            print(measured[-1].line(), flush=True)
    print(summary(measured, questions))
    return int(wrong > 0)


def summary(measured: list[Measured], questions: set[str]) -> str:
    """Give the last lines: the means and the worst of the questions, and all that is slower."""
    asked = [each for each in measured if each.name in questions]
    lines = [f"slower: {each.name}" for each in measured if each.slower]
    slower = len(lines)
    for each in measured:
        if each not in asked:
            word = each.name.replace(",", "").replace(" ", "_")
            lines.append(f"{word}={each.ratio:.3f} noise_{word}={each.noise:.3f}")
    if asked:
        worst = max(asked, key=lambda each: each.ratio)
        mean = statistics.geometric_mean(each.ratio for each in asked)
        noise = statistics.geometric_mean(each.noise for each in asked)
        loudest = max(max(each.noise, 1 / each.noise) for each in asked)
        for word, compared in (("least", Measured.least), ("cpu", Measured.work)):
            this, that = (
                statistics.geometric_mean(compared(each, side) for each in asked)
                for side in (NEW, AGAIN)
            )
            lines.append(f"{word}_geomean={this:.3f} noise_{word}_geomean={that:.3f}")
        lines.append(
            f"geomean={mean:.3f} worst={worst.ratio:.3f} noise_geomean={noise:.3f}"
            f" noise_worst={loudest:.3f} slower={slower}"
        )
    return "\n".join(lines)


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def main(args: list[str]) -> int:
    """Read the options and compare."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", default="", help="only what has this in its name")
    parser.add_argument("--against", required=True, metavar="COMMIT")
    parser.add_argument("--events", type=int, default=1_000_000, help="JSON events; default 1M")
    parser.add_argument("--sets", default="", help="such as flow,lambda, in place of all else")
    parser.add_argument("--runs", type=int, default=9, help="of which the median is taken")
    options = parser.parse_args(args)
    sets = names_in(options.sets, list(SETS), "set")
    return compare(options.against, options.events, options.runs, options.name, sets)
