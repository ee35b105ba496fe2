"""One engine and one question in a process of its own: `python -m benchmarks.broad.worker`.

Prints a line of JSON: the milliseconds of the first ask and those of processors in it; of cwnb also
those of the same question asked again, and of the question with its last command changed; and the
peak of resident memory. The answer is left in a file, if one is named. Not timed are imports,
opening, and one ask of the same question over a small set, by which the code is loaded.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.broad.files import SetFiles
from benchmarks.data import SETS
from benchmarks.questions import QUESTIONS
from benchmarks.threads import THREADS, hold_to_two

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandas import DataFrame

    from benchmarks.broad.question import Question

WARM_EVENTS = 3_000


def timed(act: Callable[[], Any]) -> tuple[float, float, Any]:
    """Give milliseconds, those of processors, and the answer."""
    gc.collect()
    start, used = time.perf_counter(), time.process_time()
    answer = act()
    return (time.perf_counter() - start) * 1000, (time.process_time() - used) * 1000, answer


def ask_ours(files: SetFiles, question: Question) -> tuple[dict[str, float], DataFrame]:
    """Ask a store that was just opened, again, and with another last command."""

    def ask(logs: Any, text: str) -> DataFrame:
        start, end = question.window or (None, None)
        return logs.query(text, [files.logs.group], start, end).df

    small = SetFiles(files.logs, WARM_EVENTS, files.root)
    with small.open() as logs:
        ask(logs, question.insights)
    with files.open() as logs:
        first, cpu, answer = timed(lambda: ask(logs, question.insights))
        again, *_ = timed(lambda: ask(logs, question.insights))
        edited, *_ = timed(lambda: ask(logs, question.edited_text()))
    return {"first": first, "cpu": cpu, "again": again, "edited": edited}, answer


def ask_peer(name: str, files: SetFiles, question: Question) -> tuple[dict[str, float], DataFrame]:
    """Ask a peer that has read nothing of the set."""
    from benchmarks.peers.over_parquet import installed

    peer = installed()[name]
    text = question.text(name)
    assert text is not None
    peer(SetFiles(files.logs, WARM_EVENTS, files.root).parquet).ask(text)
    fresh = peer(files.parquet)
    first, cpu, answer = timed(lambda: fresh.ask(text))
    return {"first": first, "cpu": cpu}, answer


def peak_bytes() -> int:
    """Give the most memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage says includes the memory of the process that started this one.
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(*arguments: str) -> None:
    """Ask, and say how long it took."""
    engine, set_name, events, number, root, answer_file = arguments
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)
    os.environ["TZ"] = "UTC"
    hold_to_two()
    question = QUESTIONS[set_name][int(number)]
    files = SetFiles(SETS[set_name], int(events), Path(root))
    if engine == "cwnb":
        took, answer = ask_ours(files, question)
    else:
        took, answer = ask_peer(engine, files, question)
    if answer_file:
        answer.to_pickle(answer_file)
    print(json.dumps({**took, "peak_bytes": peak_bytes()}), flush=True)
    # A thread of a peer that does not end must not keep the process.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
