"""How soon Ctrl-C gives the prompt back: `python -m benchmarks interrupts [--events N] [--runs N]`.

Each query is asked again and again, and interrupted at a random moment of its time. A line says
how many milliseconds passed until control was back, and until no thread worked for it any more.
Beside the questions of benchmarks/queries.py it asks some whose end takes longer than their scan.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.data import shop as data
from benchmarks.ours import APP, Ours
from benchmarks.queries import QUESTIONS
from benchmarks.threads import hold_to_two

if TYPE_CHECKING:
    from collections.abc import Callable

# Longer than this is felt.
FELT_MS = 300
# With more events than this, queries with a long end take minutes and gigabytes.
MOST_FOR_LONG_ENDS = 1_000_000
# So long the process must rest to count as idle.
_LOOK_S = 0.02
# (name, query): many rows that are sorted, grouped or merged once they have been read.
LONG_ENDS = (
    ("sort all by text", "fields @timestamp, route | sort route, requestId | limit 100000"),
    ("a group for each request", "stats count(*) as n, max(latencyMs) as m by requestId"),
    ("groups by text, then sorted", "stats count(*) as n by requestId | sort requestId desc"),
    (
        "percentiles of each user",
        "stats pct(latencyMs, 50) as p, pct(latencyMs, 99) as q by user.id",
    ),
    ("values of each user", "stats values(service) as s by user.id"),
    ("dedup by request", "dedup requestId | limit 100000"),
    ("100,000 messages", "fields @message | limit 100000"),
)


@dataclass
class Seen:
    """What was measured of one query, in milliseconds."""

    back: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)


def interrupts(events: int, runs: int, only: str | None) -> int:
    """Interrupt everything; print a line each and the summary; 1 if control came back late."""
    hold_to_two()
    logs = data.make(events)
    ours = Ours(logs.folder)
    ours.load(logs)
    ours.prepare()
    random.seed(1)
    asked = [(q.name, q.insights, q.group, q.window or (None, None)) for q in QUESTIONS]
    if events <= MOST_FOR_LONG_ENDS:
        asked += [(name, query, APP, (None, None)) for name, query in LONG_ENDS]
    print(
        f"{'query':42}{'ms':>9}{'stopped':>9}"
        f"{'back, ms':>10}{'worst':>8}{'busy, ms':>10}{'worst':>8}"
    )
    back: list[float] = []
    for name, query, group, (start, end) in asked:
        if only is not None and only not in name:
            continue

        def ask(query: str = query, group: str = group, start: Any = start, end: Any = end) -> Any:
            return ours.logs.query(query, [group], start, end)

        ask()
        began = time.perf_counter()
        rows = len(ask())
        took = time.perf_counter() - began
        seen = Seen()
        for _ in range(runs):
            interrupt(ask, random.uniform(0, took), seen)
        assert len(ask()) == rows, name
        back += seen.back
        print(
            f"{name:42}{took * 1000:>9.0f}{len(seen.back):>9}"
            f"{_median(seen.back):>10.0f}{max(seen.back, default=0):>8.0f}"
            f"{_median(seen.busy):>10.0f}{max(seen.busy, default=0):>8.0f}",
            flush=True,
        )
    worst = max(back, default=0.0)
    late = sum(each > FELT_MS for each in back)
    print(f"interrupts={len(back)} median_ms={_median(back):.0f} worst_ms={worst:.0f} late={late}")
    return int(late > 0)


def interrupt(ask: Callable[[], Any], delay_s: float, seen: Seen) -> None:
    """Ask, send SIGINT after so many seconds, and note when control is back."""
    sent: list[float] = []

    def send() -> None:
        time.sleep(delay_s)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    answered = False
    try:
        sender.start()
        ask()
        answered = True
        # It took less time than before, so the signal is still to come.
        time.sleep(delay_s + 1)
    except KeyboardInterrupt:
        back = time.perf_counter()
    sender.join()
    if not answered:
        seen.back.append((back - sent[0]) * 1000)
        seen.busy.append((_idle_from() - sent[0]) * 1000)


def _idle_from() -> float:
    """Wait until no thread of the process works, and give the time from which none did."""
    while True:
        before, used = time.perf_counter(), time.process_time()
        time.sleep(_LOOK_S)
        if time.process_time() - used < _LOOK_S / 5:
            return before


def _median(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0
