"""A table as a log group: columns of every type, times of every form, fields of rare messages."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import cwnb
from cwnb.errors import InvalidParameter, MalformedQuery

START = pd.Timestamp("2026-11-26T08:00", tz="UTC")


def texts(query: str, frame: Any, **options: Any) -> list[list[str | None]]:
    """Give the answer's rows as texts."""
    result = cwnb.query(query, frame, **options)
    return [[None if pd.isna(v) else str(v) for v in row] for row in result.df.to_numpy()]


def frame_of(**columns: Any) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    times = pd.date_range(START, periods=rows, freq="s")
    return pd.DataFrame({"@timestamp": times, **columns})


def test_unsigned_integers_keep_their_digits() -> None:
    frame = frame_of(n=np.array([1, 2**64 - 1, 2**63], dtype="uint64"))
    assert texts("fields n | sort n | display n", frame) == [["1"], [str(2**63)], [str(2**64 - 1)]]
    assert texts("filter n = 18446744073709551615 | stats count(*)", frame) == [["1"]]


def test_columns_of_other_types_are_read_or_left_out_with_a_warning() -> None:
    frame = frame_of(
        sparse=pd.arrays.SparseArray([0, 0, 7]),
        holes=pd.arrays.SparseArray([np.nan, 1.5, np.nan]),
        category=pd.Categorical([10, 20, 10]),
        half=np.array([1, 2, 0.5], dtype="float16"),
        objects=np.array([np.int64(1), "x", np.float64(2.5)], dtype=object),
        complex=[1j, 2, 3],
        interval=pd.interval_range(0, 3),
    )
    result = cwnb.query("sort @timestamp | display sparse, holes, category, half, objects", frame)
    assert result.df.astype(object).where(result.df.notna(), None).to_numpy().tolist() == [
        [0, None, 10, 1.0, "1"],
        [0, 1.5, 20, 2.0, "x"],
        [7, None, 10, 0.5, "2.5"],
    ]
    left_out = [warning for warning in result.warnings if "it is left out" in warning]
    assert [warning.split("'")[1] for warning in left_out] == ["complex", "interval"]


def test_the_message_of_a_row_has_every_digit() -> None:
    frame = frame_of(a=[0.1234567890123456, float("inf")], b=[2**60 + 1, 2], c=["é", None])
    assert texts("sort @timestamp | display @message", frame) == [
        [
            '{"@timestamp":"2026-11-26T08:00:00Z","a":0.1234567890123456,"b":1152921504606846977,"c":"é"}'
        ],
        ['{"@timestamp":"2026-11-26T08:00:01Z","a":"inf","b":2}'],
    ]


@pytest.mark.parametrize(
    "condition",
    ["t > '2026-10-31T23:20'", "'yesterday' = t", "t in ['2026-11-26', 5]", "not (t != 'today')"],
)
def test_a_column_of_times_is_not_compared_with_text(condition: str) -> None:
    frame = frame_of(t=pd.date_range(START, periods=3, freq="D"))
    refused = r"a time cannot be compared with text; compare toMillis\(t\) with numbers"
    with pytest.raises(MalformedQuery, match=refused):
        cwnb.query(f"filter {condition}", frame)
    # Nor are the greatest of its values.
    with pytest.raises(MalformedQuery, match=refused):
        cwnb.query(f"stats max(t) as m by level | display m as t | filter {condition}", frame)


def test_a_column_of_times_is_compared_with_numbers() -> None:
    frame = frame_of(t=pd.date_range(START, periods=3, freq="D"))
    second = int(START.timestamp() * 1000) + 86_400_000
    for condition in (
        f"t >= {second}",
        f"t >= '{second}'",
        "toMillis(t) >= parseDate('2026-11-27 08:00', 'yyyy-MM-dd HH:mm')",
    ):
        result = cwnb.query(f"filter {condition} | stats count(*) as n", frame)
        assert result.df["n"].tolist() == [2], condition


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00", "1500-06-01T12:00:00", "9999-12-31T23:59:59"]
)
def test_times_beyond_the_range_of_nanoseconds(unit: str, moment: str) -> None:
    times = pd.Series(np.array([moment], dtype=f"datetime64[{unit}]"))
    for frame in (
        pd.DataFrame({"time": times}),
        pd.DataFrame({"@timestamp": times, "when": times}),
    ):
        query = "fields formatDate(@timestamp, '%Y-%m-%dT%H:%M:%S') as t"
        assert texts(query, frame) == [[moment]]


def test_times_are_rounded_down_and_missing_outside_of_the_calendar() -> None:
    times = np.array([-1, 1_999_999], dtype="datetime64[ns]")
    frame = pd.DataFrame({"@timestamp": times, "far": np.array([2**40, 0], dtype="datetime64[s]")})
    query = "sort @timestamp | fields toMillis(@timestamp) as t, toMillis(far) as f"
    assert texts(query, frame) == [["-1", None], ["1", "0"]]


MOMENT = datetime(2026, 11, 26, 8, 0, 0, 250_000, tzinfo=UTC)
MS = int(MOMENT.timestamp() * 1000)
FORMS = {
    "seconds": {"ts": MS / 1000},
    "milliseconds": {"timestamp": MS},
    "microseconds": {"time": MS * 1000},
    "nanoseconds": {"@timestamp": MS * 1_000_000},
    "text": {"@timestamp": "2026-11-26T09:00:00.250+01:00"},
    "digits in text": {"eventTime": str(MS)},
    "a form of logs": {"date": "2026-11-26 08:00:00,250"},
    "two columns": {"date": "2026-11-26", "time": "08:00:00.250"},
    "datetimes": {"Created_At": MOMENT},
    "the only datetimes": {"when": MOMENT},
    "the next name, where the first has none": {"timestamp": "-", "ts": MS},
    "none": {"n": 1},
}


@pytest.mark.parametrize("form", FORMS)
def test_a_frame_and_a_load_read_times_by_one_rule(form: str, tmp_path: Any) -> None:
    row = {**FORMS[form], "mark": "x"}
    query = "fields toMillis(@timestamp) as t | display t"
    ways = {"dicts": [row], "a frame": pd.DataFrame([row]), "Arrow": pa.Table.from_pylist([row])}
    wanted = [[None]] if form == "none" else [[str(MS)]]
    for way, rows in ways.items():
        assert texts(query, rows) == wanted, way
    if form != "none":
        with cwnb.open(tmp_path / "store", encryption="none") as logs:
            for number, (way, rows) in enumerate(ways.items()):
                logs.load(rows, group=f"/{number}")
                found = logs.query(query, f"/{number}").df
                assert found["t"].tolist() == [MS], way


def test_a_rare_field_of_messages_is_found() -> None:
    messages = [
        json.dumps({"n": n, **({"rare": n, "odd.key": "x"} if n == 700 else {})})
        for n in range(1000)
    ]
    frame = frame_of(**{"@message": messages})
    assert texts("filter rare = 700 | display n, rare, `odd.key`", frame) == [["700", "700", "x"]]
    assert texts("stats sum(rare) as total, count(rare) as k", frame) == [["700", "1"]]
    result = cwnb.query("filter rae = 1", frame)
    assert result.warnings == ["no event has the field 'rae'; did you mean 'rare'?"]
    result = cwnb.query("filter n = 700", frame.sample(frac=1, random_state=1))
    assert result.event(0)["rare"] == 700
    tasks = result.events.context.sources.open().scan([], result.events.context.window, []).tasks
    assert pickle.loads(pickle.dumps(tasks[0])).open().columns(["rare"])["rare"].null_count == 999


@pytest.mark.parametrize("limit", [5.5, True, "3", 0, -1, 100_001, float("nan")])
def test_a_limit_is_a_whole_number(limit: Any) -> None:
    with pytest.raises(InvalidParameter, match="limit is a whole number from 1 to 100,000, not"):
        cwnb.query("fields n", [{"n": 1}], limit=limit)


@pytest.mark.parametrize("text", [None, 5, b"fields n", ["fields n"]])
def test_a_query_is_text(text: Any) -> None:
    with pytest.raises(InvalidParameter, match="a query is text, not"):
        cwnb.query(text, [{"n": 1}])


def test_whole_limits_of_numpy_are_taken() -> None:
    assert len(cwnb.query("fields n", [{"n": 1}, {"n": 2}], limit=np.int64(1))) == 1
