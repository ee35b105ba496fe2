"""Many small puts from several processes, beside bare durable commits of the same blobs.

Ends with `puts_ratio=R worst_ms=W busy_errors=B`: our puts a second by the bare ones (the median of
the rounds, since a shared disk has moods), the longest put, and how many puts met an error.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from pathlib import Path
from statistics import median

_EVENTS = 20


def main(args: list[str]) -> None:
    """Run the benchmark: `python -m benchmarks puts [--seconds S] [--processes P] [--rounds R]`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks puts", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default=None, help="where to write (a real disk)")
    options = parser.parse_args(args)
    rates: dict[str, list[float]] = {"bare": [], "store": []}
    longest: dict[str, float] = {"bare": 0.0, "store": 0.0}
    errors = 0
    for number in range(options.rounds):
        for kind in ("bare", "store"):
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                os.environ["CWNB_CONFIG_DIR"] = str(Path(folder) / "config")
                count, worst, failed = _run(kind, folder, options.processes, options.seconds)
            rates[kind].append(count / options.seconds)
            longest[kind] = max(longest[kind], worst)
            errors += failed
            print(
                f"round {number + 1} {kind:5}: {count / options.seconds:8.0f} commits/s,"
                f" longest {worst * 1000:.0f} ms, {failed} errors"
            )
    ratio = median(store / bare for store, bare in zip(rates["store"], rates["bare"], strict=True))
    print(f"puts_ratio={ratio:.2f} worst_ms={longest['store'] * 1000:.0f} busy_errors={errors}")


def _run(kind: str, folder: str, processes: int, seconds: float) -> tuple[int, float, int]:
    if kind == "bare":
        _make_bare(folder)
    else:
        from cwnb.store import Store

        Store.open(str(Path(folder) / "store")).close()
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(processes)
    with context.Pool(processes, _meet, (together,)) as pool:
        work = [(kind, folder, number, seconds) for number in range(processes)]
        found = pool.starmap(_writer, work, chunksize=1)
    return sum(f[0] for f in found), max(f[1] for f in found), sum(f[2] for f in found)


def _meet(together):
    global _together
    _together = together


def _writer(kind: str, folder: str, number: int, seconds: float) -> tuple[int, float, int]:
    write = _bare_writer(folder) if kind == "bare" else _store_writer(folder, number)
    write(0)
    _together.wait()
    end = time.time() + seconds
    count = failed = 0
    worst = 0.0
    while (begun := time.time()) < end:
        try:
            write(count)
        except Exception as error:
            failed += 1
            print(f"writer {number}: {error!r}")
        worst = max(worst, time.time() - begun)
        count += 1
    return count, worst, failed


def _messages(count: int) -> list[str]:
    return [
        f'{{"level":"INFO","service":"cart","request":"{count:08x}{n:04x}","status":200,'
        f'"duration":{(count * 37 + n) % 997},"message":"request handled in the usual way"}}'
        for n in range(_EVENTS)
    ]


def _store_writer(folder, number):
    from cwnb.store import Store, event_batch

    store = Store.open(str(Path(folder) / "store"))

    def write(count):
        now = time.time_ns() // 1_000_000
        store.put("/bench/app", event_batch([now] * _EVENTS, _messages(count), f"i-{number}"))

    return write


def _make_bare(folder):
    import apsw

    connection = apsw.Connection(str(Path(folder) / "bare.sqlite"))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE blobs (id INTEGER PRIMARY KEY, data BLOB)")
    connection.close()


def _bare_writer(folder):
    import apsw
    import numpy as np

    from cwnb.store import event_batch
    from cwnb.store.ingest import recent
    from cwnb.store.ingest.checks import stream_column

    connection = apsw.Connection(str(Path(folder) / "bare.sqlite"))
    connection.set_busy_timeout(30_000)
    connection.execute("PRAGMA synchronous = FULL")

    def write(count):
        batch = event_batch([0] * _EVENTS, _messages(count), "i-1")
        data = recent.encode(
            np.asarray(batch.time_ms), stream_column("i-1", _EVENTS), batch.message, None
        )
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO blobs (data) VALUES (?)", (data,))
        connection.execute("COMMIT")

    return write
