"""One checkout at work: reads a request a line and answers each with a line of JSON.

Run by its path with PYTHONPATH at the checkout to be measured, so this file imports nothing of the
benchmarks, and of cwnb only what is public.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import json
import os
import resource
import shutil
import sys
import time
from pathlib import Path
from typing import Any

_PUT_EVENTS = 20


class Worker:
    """The store of one checkout, and the times that work on it takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "store"
        self.logs: Any = None
        self.asked: Any = None
        self.loads = 0

    def make(self, files: dict[str, Any], store: str = "store") -> dict[str, Any]:
        """Load these files into a new store, a group each, unless that was done before.

        Of a group: a path, some paths with the stream of each, or a table whose rows are put.
        """
        made, groups = self.folder / f"{store}.made", "\n".join(files)
        if made.exists() and made.read_text() == groups:
            return {"made": False}
        shutil.rmtree(self.folder / store, ignore_errors=True)
        with self._open(self.folder / store) as logs:
            for group, what in files.items():
                if isinstance(what, str):
                    logs.load(what, group=group)
                elif isinstance(what, list):
                    for path, stream in what:
                        logs.load(path, group=group, stream=stream)
                else:
                    _put_rows(logs, group, what["puts"], what["size"])
        made.write_text(groups)
        return {"made": True}

    def ask(
        self, query: str, group: str, window: list[int] | None, store: str = "store"
    ) -> dict[str, Any]:
        """Ask a store that was just opened, which is not timed."""
        import pyarrow as pa

        start, end = window or (None, None)
        with self._open(self.folder / store) as logs:
            gc.collect()
            answer, took = _timed(lambda: logs.query(query, [group], start, end).df)
            sink = pa.BufferOutputStream()
            table = pa.Table.from_pandas(answer, preserve_index=False)
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
        return {**took, "answer": base64.b64encode(sink.getvalue().to_pybytes()).decode()}

    def load(self, path: str) -> dict[str, Any]:
        """Load a file into a new store; gives the number of events beside the time."""
        folder = self.folder / "loads"
        shutil.rmtree(folder, ignore_errors=True)
        with self._open(folder / "store") as logs:
            gc.collect()
            report, took = _timed(lambda: logs.load(path, group="/bench/app"))
        shutil.rmtree(folder, ignore_errors=True)
        return {**took, "events": report.events}

    def put(self, count: int) -> dict[str, Any]:
        """Put so many small batches into a new store, one after another."""
        folder = self.folder / "puts"
        shutil.rmtree(folder, ignore_errors=True)
        batches = [[(1_790_812_800_000 + n, text) for text in _messages(n)] for n in range(count)]
        with self._open(folder / "store") as logs:
            logs.put("/bench/app", "i-1", batches[0])
            gc.collect()

            def put() -> None:
                for batch in batches:
                    logs.put("/bench/app", "i-1", batch)

            took = _timed(put)[1]
            events = int(logs.groups()["events"].sum())
        shutil.rmtree(folder, ignore_errors=True)
        return {**took, "events": events - _PUT_EVENTS}

    def _open(self, path: Path | None = None) -> Any:
        import cwnb

        return cwnb.open(path or self.path)


def _put_rows(logs: Any, group: str, path: str, size: int) -> None:
    """Put the rows of a table, so many at a time; a put has the stream of its first row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = ["time", "line", "log_stream"]
    for batch in pq.ParquetFile(path).iter_batches(size * 1000, columns=columns):
        times = batch.column("time").cast(pa.int64()).to_pylist()
        lines, streams = batch.column("line").to_pylist(), batch.column("log_stream").to_pylist()
        for first in range(0, len(lines), size):
            stop = first + size
            events = list(zip(times[first:stop], lines[first:stop], strict=True))
            logs.put(group, streams[first], events)
    logs.flush()


def _timed(act: Any) -> tuple[Any, dict[str, float]]:
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    answer = act()
    ms = (time.perf_counter() - start) * 1000
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return answer, {"ms": ms, "cpu_ms": used * 1000}


def _messages(number: int) -> list[str]:
    return [
        f'{{"level":"INFO","service":"cart","request":"{number:08x}{n:04x}","status":200,'
        f'"duration":{(number * 37 + n) % 997},"message":"request handled in the usual way"}}'
        for n in range(_PUT_EVENTS)
    ]


def _hold_to(threads: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    import pyarrow as pa

    pa.set_cpu_count(threads)
    pa.set_io_thread_count(threads)


def main(code: str, folder: str, threads: str) -> None:
    """Answer requests until there are no more."""
    # What the package prints must not come between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    os.environ["CWNB_CONFIG_DIR"] = str(Path(folder, "keys").absolute())
    _hold_to(int(threads))
    import cwnb

    assert Path(cwnb.__file__).is_relative_to(code), cwnb.__file__
    worker = Worker(Path(folder))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
