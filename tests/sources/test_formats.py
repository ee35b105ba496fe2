from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.sources import load
from cwnb.sources.documents import read_documents
from cwnb.sources.tables import compact_json

LINE = b'{"time":"2026-02-03T09:14:07Z","a":1}'
MS = 1770110047000


@pytest.mark.parametrize(
    ("data", "format", "events"),
    [
        (b"hello\nworld\n", "text", [b"hello", b"world"]),
        (b'{"a":1}\n{"b":2}', "ndjson", [b'{"a":1}', b'{"b":2}']),
        (b"[1,2]\n", "json", [b"1", b"2"]),
        (b"[]", "json", []),
        (
            b'[{"a":1},\n {"b":[1,2,{"c":"],"}]} ]\n',
            "json",
            [b'{"a":1}', b'{"b":[1,2,{"c":"],"}]}'],
        ),
        (b'{\n  "a": 1\n}\n{\n  "b": 2\n}\n', "json", [b'{\n  "a": 1\n}', b'{\n  "b": 2\n}']),
        (
            b'{ "Records" : [ {"a":"\\\\"}, {"b":"\\""} ] }',
            "cloudtrail",
            [b'{"a":"\\\\"}', b'{"b":"\\""}'],
        ),
        (b"[2026-02-03 09:14:07] a\n", "text", [b"[2026-02-03 09:14:07] a"]),
        (b"[main] a\n[other] b\n", "text", [b"[main] a", b"[other] b"]),
        (
            b"level,status,text\nINFO,200,hi\nWARN,404,\n",
            "csv",
            [b'{"level":"INFO","status":200,"text":"hi"}', b'{"level":"WARN","status":404}'],
        ),
        (b"a\tb\n1\t02\n", "tsv", [b'{"a":1,"b":"02"}']),
        (
            b"one, two and three\nfour, five and six, seven\n",
            "text",
            [b"one, two and three", b"four, five and six, seven"],
        ),
    ],
)
def test_formats_are_recognised(memory, data, format, events) -> None:
    report = load(memory, io.BytesIO(data), group="/g")
    assert report.formats == [format]
    assert memory.messages() == events
    assert report.lines == len(data.splitlines())


JSON = st.recursive(
    st.none() | st.text(max_size=9),
    lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(max_size=3), s, max_size=3),
    max_leaves=8,
)


class Slowly:
    """A stream that gives a few bytes at a time."""

    def __init__(self, data, size):
        self._stream = io.BytesIO(data)
        self._size = size

    def read(self, size):
        return self._stream.read(min(size, self._size))


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.sampled_from("vak"), st.lists(JSON, max_size=4)), max_size=4),
    st.integers(1, 9),
    st.booleans(),
    st.sampled_from(["", " ", "\n"]),
)
def test_records_are_cut_where_they_end(documents, size, indent, between) -> None:
    def text(value):
        return json.dumps(value, ensure_ascii=False, indent=1 if indent else None)

    parts, wanted = [], []
    for kind, values in documents:
        texts = [text(value) for value in values]
        if kind == "v":
            parts.append(text({"v": values}))
            wanted.append(parts[-1].encode())
            continue
        parts.append("[" + " ,\n".join(texts) + " ]")
        wanted += [text.encode() for text in texts]
        if kind == "k":
            parts[-1] = '{"a":{"list":[1,2]}, "list" : ' + parts[-1] + ',"b":[1,2]}'
    stream = Slowly(between.join(parts).encode(), size)
    found = list(read_documents(stream, "x", frozenset({"list"}), held=""))
    assert [record for document in found for record in document.records] == wanted
    for document in found:
        if document.key is not None and document.whole:
            assert document.others() == {"a": {"list": [1, 2]}, "list": [], "b": [1, 2]}


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
@pytest.mark.parametrize("name", ["a.log", "a.log.packed"])
def test_packed_files_are_known_by_their_first_bytes(memory, tmp_path, pack, name) -> None:
    file = tmp_path / name
    file.write_bytes(pack(LINE + b"\n") + pack(LINE + b"\n"))
    report = load(memory, file, group="/g")
    assert memory.messages() == [LINE, LINE]
    assert report.streams == [name]
    assert report.bytes == 2 * len(LINE) + 2


def test_members_of_a_zip_are_files_of_their_own(memory, tmp_path) -> None:
    file = tmp_path / "logs.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/one.log", LINE)
        archive.writestr("b:two*.log.gz", gzip.compress(LINE.replace(b"1}", b"2}")))
        archive.writestr("bad.bin", bytes(range(256)))
    report = load(memory, file, group="/g")
    assert report.streams == ["a/one.log", "b_two_.log.gz"]
    assert [name for name, _ in report.errors] == [f"{file}/bad.bin"]
    assert "the stream is called 'b_two_.log.gz'" in str(report)
    pipe = io.BytesIO(file.read_bytes())
    pipe.seekable = lambda: False
    assert load(memory, pipe, group="/h").events == 2


def test_exports_of_the_service(memory, tmp_path) -> None:
    task = tmp_path / "exportedlogs" / "0f3c1d5b-7a9e-4c2d-8b6a-1f0e9d8c7b6a"
    for stream, lines in {
        "web-1": b"2026-02-03T09:14:07.000Z one\n2026-02-03T09:14:07.000Z two\nwithout time\n\n  and more\n",
        "web-2": b'2026-02-03T09:14:07.000Z {"a":1}\n2026-02-03T09:14:07.000Z 2020-01-01 x\n',
    }.items():
        (task / stream).mkdir(parents=True)
        (task / stream / "000000.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "aws-logs-write-test").write_text("Permission Check Successful")
    report = load(memory, tmp_path, group="/g")
    assert report.formats == ["export"]
    assert report.streams == ["web-1", "web-2"]
    assert memory.messages() == [
        b"one",
        b"two\nwithout time\n\n  and more",
        b'{"a":1}',
        b"2020-01-01 x",
    ]
    assert set(memory.times()) == {MS}
    assert "'aws-logs-write-test' was left out" in str(report)
    lone = io.BytesIO(b"2026-02-03T09:14:07.000Z one\n")
    load(memory, lone, group="/h", format="export", stream="s")
    assert memory.events("/h")[0][:3] == (MS, "s", b"one")


def test_parquet(memory, tmp_path) -> None:
    moment = datetime(2026, 2, 3, 9, 14, 7, tzinfo=UTC)
    table = pa.table({"when": [1, 2], "time": [moment, moment], "a": ["x", None], "b": [1.5, 2.0]})
    pq.write_table(table, tmp_path / "t.parquet")
    report = load(memory, tmp_path / "t.parquet", group="/g")
    assert memory.messages() == [
        b'{"when":1,"time":"2026-02-03T09:14:07Z","a":"x","b":1.5}',
        b'{"when":2,"time":"2026-02-03T09:14:07Z","b":2.0}',
    ]
    assert memory.times() == [MS, MS]
    assert (report.formats, report.events) == (["parquet"], 2)


@pytest.mark.parametrize(
    "values",
    [
        [["x", "y"], [], None, ["x"]],
        [{"a": "x", "b": 1}, {"a": None, "b": 2}, None, {"a": "x", "b": 3}],
        [[{"a": "x"}], [{"a": "y"}, {"a": "x"}], [], None],
    ],
)
def test_parquet_with_texts_inside_of_values_over_row_groups(memory, tmp_path, values) -> None:
    times = [datetime(2026, 2, 3, 9, 14, 7, tzinfo=UTC)] * 4
    table = pa.table({"time": times, "c": values, "d": ["p", "q", "p", None]})
    for size in (1, 3, 4):
        pq.write_table(table, tmp_path / f"{size}.parquet", row_group_size=size)
        load(memory, tmp_path / f"{size}.parquet", group=f"/{size}")
    whole = memory.messages("/4")
    assert [json.loads(line).get("c") for line in whole] == values
    assert memory.messages("/1") == memory.messages("/3") == whole


def test_frames(memory) -> None:
    frame = pd.DataFrame(
        {
            "ts": pd.to_datetime(["2026-02-03 09:14:07", None], utc=True),
            "n": [1, 2],
            "f": [1.5, np.nan],
            "s": ["ü", None],
        }
    )
    report = load(memory, frame, group="/g", stream="f")
    assert [json.loads(m) for m in memory.messages()] == [
        {"ts": "2026-02-03T09:14:07Z", "n": 1, "f": 1.5, "s": "ü"},
        {"n": 2},
    ]
    assert (report.untimed, memory.times()) == (1, [MS, MS])
    indexed = pd.DataFrame({"n": [1]}, index=pd.to_datetime(["2026-02-03 09:14:07"]))
    load(memory, indexed, group="/h")
    assert memory.times("/h") == [MS]
    load(memory, pa.table({"time": [MS], "n": [1]}), group="/i")
    assert memory.messages("/i") == [b'{"time":%d,"n":1}' % MS]


def test_frames_of_events_keep_messages_and_streams(memory) -> None:
    frame = pd.DataFrame(
        {"@timestamp": ["2026-02-03 09:14:07.000"], "@message": ["a b"], "@logStream": ["s"]}
    )
    assert "left out" not in str(load(memory, frame, group="/g"))
    assert memory.events()[0][:3] == (MS, "s", b"a b")
    report = load(memory, frame.assign(user="x"), group="/g", again=True)
    assert "the message is '@message' alone; 'user' beside it was left out" in str(report)


def test_dicts(memory) -> None:
    report = load(
        memory, iter([{"time": MS, "a": None, "b": {"c": 1}}, 5, {"x": 2**70}]), group="/g"
    )
    assert memory.messages() == [b'{"time":%d,"b":{"c":1}}' % MS, b'{"x":%d}' % 2**70]
    assert report.refused == [("rows", 2, "not a dict but int")]
    assert report.records == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("inf"), '"inf"'),
        (Decimal("1.10"), '"1.10"'),
        (Decimal(7), "7"),
        (b"\xff", '"\ufffd"'),
        (np.int64(3), "3"),
        (np.array([1, 2]), "[1,2]"),
        ({"k": (1, None)}, '{"k":[1,null]}'),
        (pd.Timestamp("2026-02-03", tz="UTC"), '"2026-02-03T00:00:00Z"'),
        ("\ud800", '"\ud800"'),
        (True, "true"),
    ],
)
def test_values_of_rows(value, text) -> None:
    assert compact_json({"v": value}) == ('{"v":' + text + "}").encode("utf-8", "surrogatepass")


def test_two_columns_make_a_time(memory) -> None:
    data = b"date,time,path\n2026-02-03,09:14:07,/a\n2026-02-03,09:14:08,/b\n"
    load(memory, io.BytesIO(data), group="/g")
    assert memory.times() == [MS, MS + 1000]


def test_times_of_cloudfront_and_of_windows(memory) -> None:
    web = b"#Version: 1.0\n#Fields: date time x\n2026-02-03\t09:14:07\tFRA\n2026-02-03\t09:14:08\tFRA\n"
    assert load(memory, io.BytesIO(web), group="/g").untimed == 2
    assert memory.times() == [MS, MS, MS, MS + 1000]
    viewer = (
        b"Level,Date and Time,Source\nError,2/23/2026 9:14:07 AM,a\nError,2/23/2026 9:14:08 AM,b\n"
    )
    assert load(memory, io.BytesIO(viewer), group="/h").untimed == 0
    created = b"TimeCreated,Id\n2026-02-03 09:14:07,1\n"
    assert load(memory, io.BytesIO(created), group="/i").untimed == 0
