"""What grows with the square of its input, or unpacks to more than the machine has, is bounded.

Each guard is some ten times what is needed, and far below what the fault took.
"""

from __future__ import annotations

import io
import resource
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cwnb.errors import ResourceNotFound, SourceError
from cwnb.nearest import nearest
from cwnb.sources import load, unpacking
from cwnb.sources.batches import parts_of_batch
from cwnb.sources.chunks import TOO_LONG
from cwnb.sources.clocks import Reading
from cwnb.sources.report import FileReport
from cwnb.sources.separated import read_separated
from cwnb.sources.tables import row_chunks
from cwnb.store.names import match_names

HEAD = b"2026-02-03 09:14:07 ERROR one\n"


class guard:  # noqa: N801
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        self.began = time.process_time()

    def __exit__(self, *fault: object) -> None:
        if fault[0] is None:
            assert time.process_time() - self.began < self.seconds


def memory_of_process() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize(
    "lines",
    [
        [b"  Traceback (most recent call last):", b'    File "a.py", line 1, in pay'],
        [
            b"  + Exception Group Traceback (most recent call last):",
            b"  | ExceptionGroup: two (2 sub-exceptions)",
            b"  +-+---------------- 1 ----------------",
            b"    | Traceback (most recent call last):",
            b"    | ValueError: 1",
        ],
    ],
)
def test_indented_tracebacks_take_time_by_their_lines(memory, lines) -> None:
    body = b"\n".join(lines * (60_000 // len(lines)))
    with guard(5):
        load(memory, io.BytesIO(HEAD + body[:900_000] + b"\n" + HEAD), group="/g")
        load(memory, io.BytesIO(HEAD + body + b"\n" + HEAD), group="/h")
    assert len(memory.messages("/g")) == 2
    assert memory.messages("/h") == [HEAD.strip()]


def test_thousands_of_equal_headers(memory) -> None:
    width = 5_000
    header = b",".join([b"name"] * width)
    row = b",".join([b"1"] * width)
    with guard(10):
        report = load(memory, io.BytesIO(header + b"\n" + row + b"\n"), group="/g", format="csv")
    assert report.events == 1
    assert memory.messages()[0].startswith(b'{"name":1,"name_2":1,"name_3":1,')
    assert "columns of one name: 'name' became 'name_2'" in str(report)


def test_an_unknown_name_among_ten_thousand_long_ones(memory, tmp_path) -> None:
    names = [f"/{'shop-and-warehouse/' * 25}{i:05}" for i in range(10_000)]
    with guard(10):
        with pytest.raises(ResourceNotFound, match=r"did you mean '/shop.*04321'"):
            match_names([names[4321].replace("shop", "shpo", 1)], names)
        assert len(match_names(names, names)) == 10_000
    assert nearest("levl", ["level", "@message"]) == "level"
    assert nearest("levl", ["level", *(f"field{i}" for i in range(500))]) == "level"
    assert nearest("x", [f"field{i}" for i in range(500)]) is None


def test_a_parquet_file_is_cut_by_bytes(memory, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(unpacking, "RATIO_FREE_BYTES", 40_000_000)
    file = tmp_path / "t.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000), pa.array(["x" * 200_000]))
    pq.write_table(pa.table({"time": [1770110047] * 5_000, "a": texts}), file)
    assert file.stat().st_size < 1_000_000

    memory.keeps = False
    before = memory_of_process()
    with pytest.raises(SourceError, match="unpacks to more than 500 times"):
        load(memory, file, group="/g")
    assert memory_of_process() - before < 300_000_000


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["x" * 4_000_000] * 9),
        pa.array(["x" * 4_000_000] * 9).dictionary_encode(),
        pa.array([["x" * 2_000_000, "x" * 2_000_000]] * 9),
        pa.array([{"a": "x" * 4_000_000}] * 9),
        pa.array([[("k", "x" * 4_000_000)]] * 9, pa.map_(pa.string(), pa.string())),
        pa.array([["x" * 4_000_000]] * 9, pa.list_(pa.string(), 1)),
        pa.array(["x" * 4_000_000] * 9, pa.large_string()),
    ],
)
def test_rows_come_in_lists_of_some_megabytes(column) -> None:
    batch = pa.RecordBatch.from_arrays([column], ["a"])
    for whole in (batch, batch.slice(2)):
        parts = [part.to_pylist() for part in parts_of_batch(whole)]
        assert 1 < max(map(len, parts)) <= 4
        assert [row for part in parts for row in part] == whole.to_pylist()


def test_a_row_larger_than_any_event_is_refused_before_it_is_made(memory) -> None:
    table = pa.table({"a": ["x", "y" * 17_000_000, "z"]})
    parts = list(parts_of_batch(table.to_batches()[0]))
    assert [part and part.to_pylist() for part in parts] == [[{"a": "x"}], None, [{"a": "z"}]]
    report = load(memory, table, group="/g")
    assert memory.messages() == [b'{"a":"x"}', b'{"a":"z"}']
    assert report.refused == [("frame", 2, TOO_LONG)]


@pytest.mark.parametrize("kind", ["rows", "csv"])
def test_rows_of_long_texts_are_cut_by_bytes(kind) -> None:
    text = "x" * 500_000
    report, reading = FileReport("a", format="csv"), Reading(0)
    if kind == "csv":
        data = unpacking.Peekable(io.BytesIO(b"a,b\n" + (text.encode() + b",1\n") * 100))
        chunks = list(read_separated(data, report, reading))
    else:
        chunks = list(row_chunks([{"a": text}] * 100, range(100), reading, report))
    assert sum(len(chunk.message) for chunk in chunks) == 100
    assert 3 <= sum(len(chunk.message) > 0 for chunk in chunks) <= 5
    assert max(chunk.message.nbytes for chunk in chunks) < 17_500_000


def test_a_prefixed_column_is_read_a_few_rows_at_a_time(memory, tmp_path) -> None:
    file = tmp_path / "t.parquet"
    table = pa.table({"a": ["x" * 1_000] * 3_000})
    pq.write_table(table, file, use_dictionary=False, column_encoding={"a": "DELTA_BYTE_ARRAY"})
    report = load(memory, file, group="/g")
    assert report.events == 3_000


def test_a_parquet_bomb_is_known_by_its_own_sizes(memory, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(unpacking, "RATIO_FREE_BYTES", 1 << 20)
    file = tmp_path / "t.parquet"
    pq.write_table(
        pa.table({"a": ["x" * 1_000_000] * 30}), file, use_dictionary=False, compression="zstd"
    )
    with pytest.raises(SourceError, match="unpacks to more than 500 times"):
        load(memory, file, group="/g")
    assert load(memory, file, group="/g", max_ratio=None).events == 30
