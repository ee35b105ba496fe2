"""What an export writes, and that it loads back as the same events."""

from __future__ import annotations

import gzip
import json
import re

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from exported import stored, texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cwnb
from cwnb.delivery.exports import packing
from cwnb.delivery.exports.formats import time_texts
from cwnb.events import EventBatch

DAY = 1_770_076_800_000  # 2026-02-03T00:00Z


def export(logs, folder, **options):
    return logs.export("/g", folder, **options).wait()


def test_the_service_layout(logs, tmp_path):
    logs.put("/g", "web/1", [(DAY, "one"), (DAY + 1, "two\n  and more\r\n")])
    logs.put("/g", "web-1", [(DAY, b"\xff\xfe")])
    logs.put("/g", "..", [(DAY, "up")])
    logs.put("/g", ".hidden", [(DAY, "h")])
    logs.put("/h", "other", [(DAY, "not this group")])
    task = export(logs, tmp_path / "out")
    assert (tmp_path / "out" / "aws-logs-write-test").read_text() == "Permission Check Successful"
    found = texts(tmp_path / "out" / task.id)
    plain = {name: text for name, text in found.items() if not name.startswith("stream-")}
    assert plain == {
        "web-1/000000.gz": b"2026-02-03T00:00:00.000Z one\n"
        b"2026-02-03T00:00:00.001Z two\n  and more\r\n\n",
        "web-1/000001.gz": b"2026-02-03T00:00:00.000Z \xff\xfe\n",
    }
    assert len(found) == 4
    folders = json.loads((tmp_path / "out" / task.id / "_cwnb.json").read_text())["folders"]
    assert folders["web-1"] == [
        {"stream": "web-1", "parts": [1]},
        {"stream": "web/1", "parts": [0]},
    ]
    assert (task.state, task.message) == ("COMPLETED", "Completed successfully")
    assert task.progress == 1.0
    assert (task.info.events, task.info.files) == (5, 4)
    assert not list((tmp_path / "out").rglob("*.part"))


def test_an_empty_window_writes_nothing(logs, tmp_path):
    logs.put("/g", "s", [(DAY, "one"), (DAY + 5, "two"), (DAY + 9, "three")])
    task = export(logs, tmp_path / "out", start=DAY + 6, end=DAY + 9)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["aws-logs-write-test"]
    assert task.info.events == 0
    task = export(logs, tmp_path / "out", start=DAY + 5, end=DAY + 9, stream_prefix="s")
    assert texts(tmp_path / "out" / task.id) == {"s/000000.gz": b"2026-02-03T00:00:00.005Z two\n"}
    assert export(logs, tmp_path / "out", stream_prefix="x").info.events == 0


def test_parts_end_at_64_mb_of_text(logs, tmp_path):
    rng = np.random.default_rng(1)
    message = pa.array([rng.bytes(400_000).hex() for _ in range(60)])
    with logs.store.loading("/g") as loading:
        for start in range(0, 180, 60):
            times = np.arange(start, start + 60) + DAY
            loading.add(EventBatch(times, "s", message))
        loading.commit()
    task = export(logs, tmp_path / "out")
    found = texts(tmp_path / "out" / task.id)
    assert sorted(found) == [f"s/{n:06d}.gz" for n in range(len(found))]
    assert 3 <= len(found) <= 4
    assert all(len(text) <= 64 << 20 for text in found.values())
    assert sum(map(len, found.values())) == 180 * (800_000 + 26) == task.info.text_bytes


@pytest.mark.parametrize("format", ["parquet", "ndjson"])
def test_duckdb_and_pandas_read_the_files(logs, tmp_path, format):
    logs.put("/g", "s", [(DAY, "one"), (DAY + 86_400_000, 'two "quoted"\n'), (DAY, b"\xff")])
    task = export(logs, tmp_path / "out", format=format)
    folder = tmp_path / "out" / task.id
    assert sorted(p.name for p in folder.iterdir()) == ["day=2026-02-03", "day=2026-02-04"]
    # Nothing stands beside it that a reader of the whole destination would take for a table.
    assert list((tmp_path / "out").iterdir()) == [folder]
    suffix = {"parquet": "parquet", "ndjson": "ndjson.gz"}[format]
    reader = {"parquet": "read_parquet", "ndjson": "read_json"}[format]
    found = duckdb.sql(
        f"SELECT day::VARCHAR, logStream, message, messageBase64, epoch_ms(timestamp::TIMESTAMPTZ)"
        f" FROM {reader}('{folder}/*/*.{suffix}', hive_partitioning = true) ORDER BY ALL"
    ).fetchall()
    assert found == [
        ("2026-02-03", "s", "one", None, DAY),
        ("2026-02-03", "s", "\ufffd", "/w==", DAY),
        ("2026-02-04", "s", 'two "quoted"\n', None, DAY + 86_400_000),
    ]
    if format == "parquet":
        frame = pd.read_parquet(folder)
        assert list(frame["day"].astype(str).unique()) == ["2026-02-03", "2026-02-04"]
    else:
        frame = pd.read_json(folder / "day=2026-02-04" / "000000.ndjson.gz", lines=True)
        assert frame["message"].tolist() == ['two "quoted"\n']
    assert str(frame["timestamp"].dtype).startswith("datetime64")


@pytest.mark.parametrize("format", ["parquet", "ndjson"])
def test_groups_in_one_destination_are_told_apart(logs, tmp_path, format):
    for group in ("/g", "/h"):
        logs.put(group, "s", [(DAY, f"of {group}")])
        logs.export(group, tmp_path / "out", format=format).wait()
    pattern, reader = {
        "parquet": ("*/*/*.parquet", "read_parquet"),
        "ndjson": ("*/*/*.ndjson.gz", "read_json"),
    }[format]
    found = duckdb.sql(
        f"SELECT logGroup, logStream, message FROM {reader}('{tmp_path}/out/{pattern}') ORDER BY 1"
    ).fetchall()
    assert found == [("/g", "s", "of /g"), ("/h", "s", "of /h")]


def test_exports_of_earlier_versions_load_without_the_group(logs, tmp_path):
    logs.put("/g", "s", [(DAY, "one"), (DAY + 1, b"\xff")])
    for format in ("parquet", "ndjson"):
        task = export(logs, tmp_path / "out", format=format)
        folder = tmp_path / "out" / task.id / "day=2026-02-03"
        if format == "parquet":
            table = pq.read_table(folder / "000000.parquet", partitioning=None)
            pq.write_table(table.drop_columns(["logGroup"]), folder / "000000.parquet")
        else:
            rows = gzip.decompress((folder / "000000.ndjson.gz").read_bytes())
            rows = rows.replace(b'"logGroup":"/g",', b"")
            (folder / "000000.ndjson.gz").write_bytes(gzip.compress(rows))
        report = logs.load(folder, group=f"/{format}")
        assert not report.errors
        assert stored(logs, f"/{format}") == stored(logs)


MESSAGES = st.one_of(
    st.text(min_size=1, max_size=30).filter(lambda text: text.encode("utf-8", "ignore")),
    st.binary(min_size=1, max_size=30),
    st.sampled_from(
        ["\n", "\r\n", " ", "a\n\n", "\r", "\n\nb\r\n", "x\x00y", "{}", "\ufeff", "\x85"]
    ),
)
STREAMS = st.sampled_from(["a", "A", "a/b", "a-b", ".", "..", "é", "x" * 300, "con ", "_cwnb.json"])
TIMES = st.sampled_from([0, 999, DAY, DAY + 86_399_999, DAY + 86_400_000, 253_402_300_799_999])
EVENTS = st.lists(st.tuples(STREAMS, TIMES, MESSAGES), min_size=1, max_size=20)


@pytest.mark.parametrize("format", ["parquet", "ndjson", "service"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=EVENTS)
def test_what_was_exported_loads_back(tmp_path_factory, format, events):
    folder = tmp_path_factory.mktemp("law")
    with cwnb.open(folder / "s", encryption="none") as logs:
        for stream, time, message in events:
            # pandas reads a small number as seconds, so times go in as they are.
            data = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
            batch = EventBatch(np.array([time]), stream, pa.array([data], pa.binary()))
            logs.store.put("/g", batch)
        task = export(logs, folder / "out", format=format)
        before = stored(logs)
        assert len(before) == len(events)
        again = {} if format == "service" else {"again": True}
        report = logs.load(folder / "out" / task.id, group="/h", **again)
        assert not report.errors, str(report)
        assert report.refused_count == 0
        after = stored(logs, "/h")
        if format == "service":
            before, after = ([event[:3] for event in each] for each in (before, after))
        assert after == before


def test_lines_that_begin_with_a_time_are_counted(logs, tmp_path):
    line = "2026-02-03T09:14:07.123Z"
    doubtful = [f"a\n{line} b", f"a\n{line}\nb\n{line} c\n{line} d"]
    plain = [f"a\n {line} b", f"a\n{line}", f"{line} b", "a\n2026-02-33T09:14:07.123Z b"]
    logs.put("/g", "s", [(DAY + n, text) for n, text in enumerate(doubtful + plain)])
    task = export(logs, tmp_path / "out")
    assert "3 lines inside of messages begin with a time" in task.message
    logs.load(tmp_path / "out" / task.id, group="/h")
    assert len(stored(logs, "/h")) == 6 + 3


def test_a_part_is_found_by_its_own_path(logs, tmp_path):
    logs.put("/g", "a/b", [(DAY, "same")])
    logs.put("/g", "a-b", [(DAY, "same")])
    task = export(logs, tmp_path / "out")
    folder = tmp_path / "out" / task.id
    report = logs.load(folder / "a-b" / "000000.gz", group="/h")
    assert report.streams == ["a/b"]
    assert "already loaded" in str(logs.load(folder / "a-b" / "000000.gz", group="/h"))
    assert logs.load(folder / "a-b" / "000001.gz", group="/h").streams == ["a-b"]
    assert [event[0] for event in stored(logs, "/h")] == ["a-b", "a/b"]


def test_a_stream_of_the_users_takes_all(logs, tmp_path):
    logs.put("/g", "a/b", [(DAY, "one")])
    for format in ("service", "ndjson"):
        task = export(logs, tmp_path / "out", format=format)
        logs.load(tmp_path / "out" / task.id, group=f"/{format}", stream="mine")
        assert [e[:3] for e in stored(logs, f"/{format}")] == [("mine", DAY / 1000, b"one")]


def test_times_as_the_service_writes_them():
    rng = np.random.default_rng(7)
    times = np.append(rng.integers(0, 253_402_300_800_000, 5000), [0, 253_402_300_799_999])
    for some in (times, times[:0], np.sort(times % (5 * 86_400_000)) + DAY):
        written = [text.decode() for text in time_texts(some).to_pylist()]
        wanted = pc.strftime(pa.array(some, pa.timestamp("ms")), "%Y-%m-%dT%H:%M:%SZ ").to_pylist()
        assert written == wanted


def test_zlib_packs_where_isal_is_missing(monkeypatch):
    for module in (packing.isal_zlib, None):
        monkeypatch.setattr(packing, "isal_zlib", module)
        packed = packing.gzipped([b"a", b"b" * 1000]) + packing.gzipped([b"c"])
        assert gzip.decompress(packed) == b"a" + b"b" * 1000 + b"c"


def test_encrypted_stores_export_clear_text(tmp_path):
    with cwnb.open(tmp_path / "s") as logs:
        logs.put("/g", "s", [(DAY, "clear")])
        task = export(logs, tmp_path / "out")
        assert re.search(b"clear", texts(tmp_path / "out" / task.id)["s/000000.gz"])
