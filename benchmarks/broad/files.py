"""The files and stores of one set: text as it arrives, Parquet for the peers, and our store.

.benchmarks/sets-1/1000000/app/events.parquet   what the peers read
                               chunks/*.ndjson  what is loaded, one after another
                               store            ours, encrypted
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.data.lambda_lines import put_events
from benchmarks.data.log_set import chunk_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.data import LogSet

# Part of the folder's name: raise it when the same seed gives other events.
GENERATION = 1
FOLDER = Path(".benchmarks")
# Loads come from a few senders, each a log stream.
SENDERS = 7
# Rows of a row group of Parquet, as DuckDB writes them by default; never much more.
ROW_GROUP = 122_880


@dataclass(frozen=True)
class SetFiles:
    """The files of a set of one size."""

    logs: LogSet
    events: int
    root: Path = FOLDER

    @property
    def folder(self) -> Path:
        return self.root / f"sets-{GENERATION}" / str(self.events) / self.logs.name

    @property
    def parquet(self) -> Path:
        return self.folder / "events.parquet"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def keys(self) -> Path:
        """Where keys lie: those of benchmarks stay out of the user's key ring."""
        return self.root / f"sets-{GENERATION}" / "keys"

    def chunks(self) -> list[Path]:
        """Give the files to load, in the order in which they came."""
        return sorted((self.folder / "chunks").glob(f"*.{self.logs.suffix}"))

    def make(self) -> None:
        """Write text and Parquet, unless they are there."""
        done = self.folder / "made"
        if done.exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "chunks").mkdir(parents=True)
        schema = next(self._with_streams())[0].schema
        with pq.ParquetWriter(self.parquet, schema, compression="zstd") as writer:
            held: list[pa.Table] = []
            for table, text in self._with_streams():
                held.append(table)
                if sum(map(len, held)) >= ROW_GROUP:
                    writer.write_table(pa.concat_tables(held), row_group_size=1 << 24)
                    held.clear()
                if text is not None:
                    with text.open("ab") as file:
                        file.write(as_text(table.column("line")))
            if held:
                writer.write_table(pa.concat_tables(held), row_group_size=1 << 24)
        done.touch()

    def _with_streams(self) -> Iterator[tuple[pa.Table, Path | None]]:
        """Give tables with the column `log_stream`, and the file to which their lines go."""
        if self.logs.arrives == "puts":
            yield from ((table, None) for table in self.logs.pieces(self.events))
            return
        sizes = chunk_sizes(self.events, self.logs.number)
        chunk, left = 0, sizes[0]
        for piece in self.logs.pieces(self.events):
            rest = piece
            while len(rest):
                part, rest = rest.slice(0, left), rest.slice(left)
                stream = pa.array([stream_of(chunk)] * len(part), pa.string())
                name = f"{chunk:04d}.{self.logs.suffix}"
                yield part.append_column("log_stream", stream), self.folder / "chunks" / name
                left -= len(part)
                if not left and chunk + 1 < len(sizes):
                    chunk += 1
                    left = sizes[chunk]

    def load(self, store: Path | None = None) -> None:
        """Put all events into our store as they come, unless the code as it is now has done it."""
        path = store or self.store
        made = path.with_name(f"{path.name}.made")
        if made.exists() and made.stat().st_mtime > last_change():
            return
        made.unlink(missing_ok=True)
        shutil.rmtree(path, ignore_errors=True)
        with self.open(path) as logs:
            if self.logs.arrives == "puts":
                for stream, events in self.puts():
                    logs.put(self.logs.group, stream, events)
                logs.flush()
            else:
                for number, chunk in enumerate(self.chunks()):
                    logs.load(str(chunk), group=self.logs.group, stream=stream_of(number))
        made.touch()

    def open(self, path: Path | None = None) -> Any:
        """Open our store."""
        import cwnb

        os.environ["CWNB_CONFIG_DIR"] = str(self.keys.absolute())
        return cwnb.open(path or self.store)

    def puts(self) -> Iterator[tuple[str, list[tuple[int, str]]]]:
        """Give the small puts: a stream, and (time in ms, message) of each event."""
        size = put_events(self.events)
        for piece in self.logs.pieces(self.events):
            times = piece.column("time").cast(pa.int64()).to_pylist()
            lines, streams = (
                piece.column("line").to_pylist(),
                piece.column("log_stream").to_pylist(),
            )
            for first in range(0, len(lines), size):
                stop = first + size
                events = list(zip(times[first:stop], lines[first:stop], strict=True))
                yield streams[first], events


def stream_of(chunk: int) -> str:
    """Name the sender of a load."""
    return f"sender-{chunk % SENDERS}"


def as_text(lines: pa.ChunkedArray) -> bytes:
    """Put lines one below another."""
    array = lines.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    joined = pc.binary_join(pa.ListArray.from_arrays([0, len(array)], array), "\n")
    return bytes(joined.cast(pa.binary())[0].as_py()) + b"\n"


def last_change() -> float:
    """Give when the code that writes stores was last changed."""
    import cwnb

    root = Path(cwnb.__file__).parent
    return max(
        path.stat().st_mtime
        for room in ("store", "sources")
        for path in (root / room).rglob("*.py")
    )
