"""Input that does not fit is counted, named or kept; nothing vanishes."""

from __future__ import annotations

import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cwnb.sources import load
from cwnb.sources.tables import compact_json


def parsed(memory, group="/g"):
    return [json.loads(message) for message in memory.messages(group)]


def test_columns_of_one_name_are_all_kept(memory, tmp_path) -> None:
    wanted = [{"a": 1, "a_2": 2, "a_3": 3}]
    note = "columns of one name: 'a' became 'a_2', 'a' became 'a_3'"
    table = pa.Table.from_arrays([pa.array([n]) for n in (1, 2, 3)], names=["a", "a", "a"])
    pq.write_table(table, tmp_path / "t.parquet")
    for group, rows in {
        "/csv": io.BytesIO(b"a,a,a\n1,2,3\n"),
        "/frame": pd.DataFrame([[1, 2, 3]], columns=["a", "a", "a"]),
        "/arrow": table,
        "/parquet": tmp_path / "t.parquet",
    }.items():
        options = {"format": "csv"} if group == "/csv" else {}
        report = load(memory, rows, group=group, **options)
        assert parsed(memory, group) == wanted
        assert note in str(report)
    load(memory, io.BytesIO(b"a,a_2,a,\n1,2,3,4\n"), group="/taken", format="csv")
    assert parsed(memory, "/taken") == [{"a": 1, "a_2": 2, "a_3": 3, "column4": 4}]


def test_keys_of_one_name_are_all_kept(memory) -> None:
    load(memory, [{1: "number", "1": "text", "in": {2: "a", "2": "b"}}], group="/g")
    assert parsed(memory) == [{"1": "number", "1_2": "text", "in": {"2": "a", "2_2": "b"}}]
    assert compact_json({None: 1, True: 2}) == b'{"None":1,"True":2}'
    frame = pd.DataFrame([[1, 2]], columns=[1, "1"])
    load(memory, frame, group="/f")
    assert parsed(memory, "/f") == [{"1": 1, "1_2": 2}]


@pytest.mark.parametrize(
    ("index", "columns"),
    [
        (pd.Index([7], name="id"), {"id": 7}),
        (pd.Index([7], name="n"), {"n_2": 7}),
        (pd.MultiIndex.from_tuples([(7, "x")], names=["id", "host"]), {"id": 7, "host": "x"}),
        (pd.MultiIndex.from_tuples([(7, "x")], names=["id", None]), {"id": 7, "level_1": "x"}),
        (pd.DatetimeIndex(["2026-02-03T09:14:07"]), {"time": "2026-02-03T09:14:07"}),
        (pd.RangeIndex(1), {}),
    ],
)
def test_levels_of_an_index_become_columns(memory, index, columns) -> None:
    report = load(memory, pd.DataFrame({"n": [1]}, index=index), group="/g")
    assert parsed(memory) == [{"n": 1, **columns}]
    for column in columns:
        assert f"the index became the column {column!r}" in report.files[0].notes


def test_a_row_that_is_no_row_among_good_ones(memory) -> None:
    data = b'a,b\n1,2\n"x"y,2\n3,4\n5\n"6\n7",8,9\n10,11\n'
    report = load(memory, io.BytesIO(data), group="/g", format="csv")
    assert [row["a"] for row in parsed(memory)] == [1, 3, 10]
    assert [number for _, number, _ in report.refused] == [3, 5, 6, 7]
    assert report.records == report.events + report.refused_count == 7
