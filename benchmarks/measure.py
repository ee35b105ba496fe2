"""The runs: interleaved, medians, and memory in processes of their own."""

from __future__ import annotations

import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.answers import differences
from benchmarks.data import shop as data
from benchmarks.ours import Ours
from benchmarks.peers import PEERS
from benchmarks.queries import QUESTIONS
from benchmarks.threads import hold_to_two

if TYPE_CHECKING:
    from collections.abc import Callable

# Below this nobody notices, and the noise of the machine is most of it.
NOTICED_MS = 25


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """Give milliseconds and the answer."""
    start = time.perf_counter()
    answer = act()
    return (time.perf_counter() - start) * 1000, answer


def cpu_s() -> float:
    """Give the seconds that processors have spent on this process, its threads included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def queries(events: int, runs: int, peer_name: str, only: str | None) -> int:
    """Ask everything of both; print a line each and the summary; 1 if an answer differs."""
    hold_to_two()
    logs = data.make(events)
    ours, peer = Ours(logs.folder), PEERS[peer_name](logs.folder)
    ours.load(logs)
    peer.load(logs)
    asked = [question for question in QUESTIONS if only is None or only in question.name]
    # The last column is the ratio of processor time, which a busy machine leaves as it is.
    print(f"{'query':42}{'cwnb ms':>10}{peer.name + ' ms':>12}{'ratio':>8}{'cpu':>8}")
    ratios, noticed, wrong = [], [], 0
    for question in asked:
        mine, theirs, cpu, cpu_there = [], [], [], []
        try:
            for run in range(runs + 1):
                ours.prepare()
                gc.collect()
                start = cpu_s()
                took, answer = timed(partial(ours.ask, question))
                used = cpu_s() - start
                peer.prepare()
                start = cpu_s()
                took_there, expected = timed(partial(peer.ask, question.sql[peer.name]))
                used_there = cpu_s() - start
                # The first run fills the page cache and the process's own imports.
                if run:
                    mine.append(took)
                    theirs.append(took_there)
                    cpu.append(used)
                    cpu_there.append(used_there)
            problem = differences(question, answer, expected)
        except Exception as error:
            problem = f"{type(error).__name__}: {error}".replace("\n", " ")
        if problem:
            wrong += 1
            print(f"{question.name:42}  WRONG: {problem[:300]}", flush=True)
            continue
        ms, ms_there = statistics.median(mine), statistics.median(theirs)
        ratio = ms / ms_there
        if question.rival:
            ratios.append(ratio)
        if question.rival and ms > NOTICED_MS:
            noticed.append(ratio)
        work = statistics.median(cpu) / max(statistics.median(cpu_there), 1e-3)
        print(
            f"{question.name:42}{ms:>10.1f}{ms_there:>12.1f}{ratio:>8.2f}{work:>8.2f}"
            f"{'' if question.rival else '  (other work)'}",
            flush=True,
        )
    if only is None:
        print(_memory("queries", events, peer_name))
    geomean = statistics.geometric_mean(ratios) if ratios else float("nan")
    worst = max(noticed, default=0.0)
    print(f"geomean={geomean:.2f} worst={worst:.2f}")
    return int(wrong > 0)


def ingest(events: int, runs: int, peer_name: str) -> int:
    """Load the JSON events into both; print rates, memory and the summary."""
    hold_to_two()
    logs = data.make(events)
    folder = logs.folder / "ingest"
    folder.mkdir(exist_ok=True)
    ours, peer = Ours(folder), PEERS[peer_name](folder)
    mine, theirs, size, size_there = [], [], 0, 0
    for run in range(runs):
        cpu = cpu_s()
        took, size = timed(lambda: ours.load_app(logs))
        cpu, before = cpu_s() - cpu, cpu_s()
        took_there, size_there = timed(lambda: peer.load_app(logs))
        cpu_there = cpu_s() - before
        mine.append(took)
        theirs.append(took_there)
        # On a busy machine the processor's time says more than the clock on the wall.
        print(
            f"run {run + 1}: cwnb {events / took:.0f}k events/s, {cpu:.1f} s of processor; "
            f"{peer.name} {events / took_there:.0f}k events/s, {cpu_there:.1f} s",
            flush=True,
        )
    ours.forget()
    text = logs.app.stat().st_size
    print(f"bytes: text {text:,}, cwnb {size:,}, {peer.name} {size_there:,}")
    print(_memory("ingest", events, peer_name))
    ratio = statistics.median(theirs) / statistics.median(mine)
    print(f"ingest_ratio={ratio:.2f} size_ratio={size / text:.2f}")
    return 0


def _memory(what: str, events: int, peer_name: str) -> str:
    """Say the highest resident memory of our side, each measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks", "memory", what, "--events", str(events)]
    command += ["--peer", peer_name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"memory: {done.stderr.strip().splitlines()[-1:]}"
    peaks = json.loads(done.stdout.strip().splitlines()[-1])
    name, peak = max(peaks.items(), key=lambda item: item[1])
    return f"memory: {what} at most {peak / 1e6:.0f} MB ({name})"


def memory(what: str, events: int) -> int:
    """Print, as JSON, the peak resident bytes of one load or of each query."""
    peaks = {}
    names = ["load"] if what == "ingest" else [question.name for question in QUESTIONS]
    for name in names:
        # A child starts with its own high-water mark, so that no query hides behind another.
        sys.stdout.flush()
        command = [sys.executable, "-m", "benchmarks", "once", name, "--events", str(events)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode == 0:
            peaks[name] = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps(peaks))
    return 0 if peaks else 1


def once(name: str, events: int) -> int:
    """Do one thing and end: a load, or the query of this name."""
    hold_to_two()
    logs = data.make(events)
    if name == "load":
        folder = logs.folder / "ingest"
        ours = Ours(folder)
        ours.load_app(logs)
        ours.forget()
        return 0
    ours = Ours(logs.folder)
    ours.prepare()
    ours.ask(next(question for question in QUESTIONS if question.name == name))
    return 0
