"""Loading the seven sets: `python -m benchmarks ingest [--sets app,flow] [--events N]`.

Our load of one file (lines kept as they are, fields discovered, encrypted) beside DuckDB's read of
the same file into Parquet with the line kept and all fields as typed columns. Then the same of the
file packed by gzip, and our load of the same events as a table: as Parquet and as a DataFrame.
Each load is in a process of its own, whose peak of resident memory is given; a DataFrame has at
most a million events. The last lines give

    ingest_ratio    DuckDB's time for the file divided by ours, for each set
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.broad.duckdb_reading import reading
from benchmarks.broad.files import SetFiles, as_text
from benchmarks.broad.runs import in_a_process
from benchmarks.broad.worker import peak_bytes
from benchmarks.data import SETS
from benchmarks.threads import THREADS, hold_to_two

if TYPE_CHECKING:
    from pathlib import Path

# How the events come, and who reads them so.
FORMS = ("file", "gzip", "parquet", "frame")
PATIENCE_S = 3_600
# A DataFrame of more events is not what a user has in memory.
FRAME_EVENTS = 1_000_000


def make(files: SetFiles) -> None:
    """Write the inputs that are not there: one text, the same packed, and a table."""
    files.make()
    text, packed, table = inputs(files)
    if not text.exists():
        unfinished = text.with_suffix(".unfinished")
        with unfinished.open("wb") as out:
            _write_text(files, out)
        unfinished.rename(text)
    if not packed.exists():
        unfinished = packed.with_suffix(".unfinished")
        with text.open("rb") as source, gzip.open(unfinished, "wb", 6) as out:
            shutil.copyfileobj(source, out, 1 << 20)
        unfinished.rename(packed)
    if not table.exists():
        _write_table(files, table)


def inputs(files: SetFiles) -> tuple[Path, Path, Path]:
    """Give the text, the packed text, and the table."""
    text = files.folder / f"whole.{files.logs.suffix}"
    return text, text.with_name(f"{text.name}.gz"), files.folder / "table.parquet"


def _write_text(files: SetFiles, out: Any) -> None:
    if files.logs.arrives != "puts":
        for chunk in files.chunks():
            with chunk.open("rb") as source:
                shutil.copyfileobj(source, out, 1 << 20)
        return
    # As `aws logs tail --format detailed` writes them: the time before each message.
    for batch in pq.ParquetFile(files.parquet).iter_batches(columns=["time", "line"]):
        times = pc.strftime(batch.column("time"), "%Y-%m-%dT%H:%M:%SZ")
        line = pc.utf8_rtrim(batch.column("line"), "\n")
        out.write(as_text(pa.chunked_array([pc.binary_join_element_wise(times, line, " ")])))


def _write_table(files: SetFiles, path: Path) -> None:
    """Write the events as a table: the fields of JSON; of text, time and message as they are."""
    source = pq.ParquetFile(files.parquet)
    keep = list(files.logs.paths) or ["time", "line"]
    unfinished = path.with_suffix(".unfinished")
    writer = None
    for batch in source.iter_batches(columns=keep):
        table = pa.Table.from_batches([batch])
        if not files.logs.is_json:
            table = table.rename_columns({"time": "@timestamp", "line": "@message"})
        writer = writer or pq.ParquetWriter(unfinished, table.schema, compression="zstd")
        writer.write_table(table)
    assert writer
    writer.close()
    unfinished.rename(path)


def load_ours(files: SetFiles, form: str) -> dict[str, float]:
    """Load one form of the events into a new store."""
    text, packed, table = inputs(files)
    what: Any = {"file": text, "gzip": packed, "parquet": table}.get(form)
    options: dict[str, Any] = {}
    if form == "frame":
        what = pq.read_table(table).to_pandas()
    if form in {"frame", "parquet"} and files.logs.is_json:
        options["time_field"] = "time"
    store = files.folder / "ingest-store"
    shutil.rmtree(store, ignore_errors=True)
    with files.open(store) as logs:
        start = time.perf_counter()
        report = logs.load(
            what if form == "frame" else str(what), group=files.logs.group, **options
        )
        took = time.perf_counter() - start
    assert report.events == files.events, f"{report.events} events, not {files.events}"
    size = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    shutil.rmtree(store)
    return {"s": took, "bytes": size}


def load_duckdb(files: SetFiles, form: str) -> dict[str, float]:
    """Read the file into Parquet."""
    import duckdb

    source = inputs(files)[0 if form == "file" else 1]
    target = files.folder / "ingest-duckdb.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute("SET TimeZone = 'UTC'")
        start = time.perf_counter()
        connection.execute(
            f"COPY ({reading(files, source)}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        )
        took = time.perf_counter() - start
    found = pq.ParquetFile(target).metadata.num_rows
    assert found == files.events, f"{found} events, not {files.events}"
    size = target.stat().st_size
    target.unlink()
    return {"s": took, "bytes": size}


def measure(files: SetFiles, runs: int) -> float:
    """Load every form in turns, print a line each, and give the ratio of the files."""
    make(files)
    medians = {}
    for form in FORMS:
        if form == "frame" and files.events > FRAME_EVENTS:
            continue
        engines = ["cwnb", "duckdb"] if form in {"file", "gzip"} else ["cwnb"]
        took: dict[str, list[dict[str, float]]] = {engine: [] for engine in engines}
        for run in range(runs):
            for engine in engines if run % 2 == 0 else engines[::-1]:
                took[engine].append(_in_a_process(engine, files, form))
        for engine, each in took.items():
            seconds = statistics.median(one["s"] for one in each)
            medians[engine, form] = seconds
            peak = max(one["peak_bytes"] for one in each) / 1e6
            print(
                f"{files.logs.name:11}{form:9}{engine:8}{files.events / seconds:>12,.0f} events/s"
                f"{seconds:>9.1f} s{peak:>8.0f} MB of memory"
                f"{each[0]['bytes'] / 1e6:>8.0f} MB stored",
                flush=True,
            )
    return medians["duckdb", "file"] / medians["cwnb", "file"]


def _in_a_process(engine: str, files: SetFiles, form: str) -> dict[str, float]:
    command = ["benchmarks.broad.ingest", "--one", engine, form]
    try:
        return in_a_process(*command, files.logs.name, str(files.events), patience_s=PATIENCE_S)
    except RuntimeError as error:
        raise RuntimeError(f"{engine}, {files.logs.name} as {form}: {error}") from None


def one(engine: str, form: str, name: str, events: str) -> int:
    """Load once, and say how long it took."""
    os.environ["TZ"] = "UTC"
    hold_to_two()
    files = SetFiles(SETS[name], int(events))
    took = (load_ours if engine == "cwnb" else load_duckdb)(files, form)
    print(json.dumps({**took, "peak_bytes": peak_bytes()}))
    return 0


def main(argv: list[str]) -> int:
    """Read the options and load; 1 if a load fails."""
    from benchmarks.broad.command import names_in

    if argv[:1] == ["--one"]:
        return one(*argv[1:])
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks ingest",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="of each set; default 1M")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken")
    parser.add_argument("--sets", default=",".join(SETS), help="such as flow,lambda; default all")
    options = parser.parse_args(argv)
    ratios, failed = {}, 0
    for name in names_in(options.sets, list(SETS), "set"):
        try:
            ratios[name] = measure(SetFiles(SETS[name], options.events), options.runs)
        except RuntimeError as error:
            failed += 1
            print(f"{name}: FAILED: {error}", flush=True)
    for name, ratio in ratios.items():
        print(f"{name}: ingest_ratio={ratio:.2f}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
