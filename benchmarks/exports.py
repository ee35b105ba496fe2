"""Exports to a folder: MB of text a second for each format, and memory with many streams.

Ends with `export_mb_s=S parquet_mb_s=P ndjson_mb_s=N rss_mb=M`. Each format is exported by a
process of its own. Beside the wall clock it prints the processor time, which a busy machine changes
less. `--streams 5000 --events 10000000` is the hard case: every stream has its own folder.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

_CHUNK = 250_000
_MESSAGES = 50_000
_START_MS = 1_790_812_800_000


def main(args: list[str]) -> None:
    """Run the benchmark: `python -m benchmarks exports [--events N] [--streams S]`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks exports", description=__doc__)
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument("--streams", type=int, default=20, help="whose events are interleaved")
    parser.add_argument("--formats", default="service,parquet,ndjson")
    parser.add_argument("--folder", default=None, help="where to write (a real disk)")
    options = parser.parse_args(args)
    context = multiprocessing.get_context("spawn")
    figures = {}
    most = 0.0
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        os.environ["CWNB_CONFIG_DIR"] = str(Path(folder) / "config")
        with context.Pool(1, maxtasksperchild=1) as pool:
            pool.apply(_fill, (folder, options.events, options.streams))
            for name in options.formats.split(","):
                figures[name], memory = pool.apply(_export, (folder, name))
                most = max(most, memory)
    named = {"service": "export"}
    said = [f"{named.get(name, name)}_mb_s={rate:.0f}" for name, rate in figures.items()]
    print(*said, f"rss_mb={most:.0f}")


def _fill(folder: str, events: int, streams: int) -> None:
    """Store application lines of some 90 bytes; every event is of another stream."""
    from cwnb.events import EventBatch
    from cwnb.store import Store

    rng = np.random.default_rng(3)
    messages = pa.array(
        [
            f"INFO GET /api/v1/orders/{rng.integers(1e6)} status={rng.choice([200, 404, 500])}"
            f" latency={rng.integers(2000)} ms request={rng.bytes(8).hex()}"
            f" user={rng.integers(1e5)}"
            for _ in range(_MESSAGES)
        ]
    )
    names = pa.array([f"shop/{number}" for number in range(streams)])
    with Store.open(Path(folder) / "store") as store, store.loading("/g") as loading:
        for start in range(0, events, _CHUNK):
            count = min(_CHUNK, events - start)
            times = np.arange(start, start + count) * 10 + _START_MS
            texts = messages.take(pa.array(rng.integers(0, _MESSAGES, count)))
            of = names.take(pa.array(rng.integers(0, streams, count)))
            loading.add(EventBatch(times, of, texts))
        loading.commit()


def _export(folder: str, format: str) -> tuple[float, float]:
    """Export all; gives MB of text a second, and the most memory in MB."""
    import cwnb

    with cwnb.open(Path(folder) / "store") as logs:
        started, processor = time.perf_counter(), time.process_time()
        info = logs.export("/g", Path(folder) / format, format=format).wait().info
        seconds, processor = time.perf_counter() - started, time.process_time() - processor
    megabytes = info.text_bytes / 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{format:8} {megabytes:,.0f} MB of text in {seconds:.1f} s ({processor:.1f} s of"
        f" processor): {megabytes / seconds:.0f} MB/s, {info.files:,} files, {memory:.0f} MB"
    )
    return megabytes / seconds, memory
