"""Rows that are taken column by column: the same messages, times and fields as row by row."""

from __future__ import annotations

import datetime as dt
import decimal
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.sources.assumed import Assumed
from cwnb.sources.clocks import Reading
from cwnb.sources.columnar import Columns
from cwnb.sources.report import FileReport
from cwnb.sources.tables import RowsFingerprint, row_chunks
from cwnb.store.discovery import discover

_READING = Reading(1_770_000_000_000)
_PART_BYTES = 16 << 20
_TEXTS = ["", "a", "x\0y", 'quo"te', "back\\slash", "ä€😀", "1", "-0", "null", "[1]", "@a"]
_NAMES = ["a", "b.c", "@x", "time", "ts", "date", "@message", "@logStream", "Time", "ü"]
_MOMENTS = [
    dt.datetime(2026, 2, 3, 4, 5, 6),  # noqa: DTZ001
    dt.datetime(1970, 1, 1),  # noqa: DTZ001
    dt.datetime(1969, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001
    dt.datetime(2026, 2, 3, 4, 5, 6, 7_000),  # noqa: DTZ001
    dt.datetime(9999, 12, 31, 23, 59, 59, 123_456),  # noqa: DTZ001
]
_ZONED = [moment.replace(tzinfo=dt.UTC) for moment in _MOMENTS]
_KINDS = [
    (pa.int64(), [0, -1, 2**53, 2**53 + 1, -(2**63), 2**63 - 1, 1_770_110_047]),
    (pa.int8(), [0, -128, 127]),
    (pa.uint64(), [0, 1, 2**64 - 1]),
    (pa.float64(), [0.0, -0.0, 1.5, 1e300, 5e-324, float("nan"), 2.0**53, 1.770110047e9]),
    (pa.float64(), [float("inf"), float("-inf"), float("nan"), 1.0]),
    (pa.float32(), [0.0, np.float32(0.1).item(), float("nan")]),
    (pa.bool_(), [True, False]),
    (pa.string(), [*_TEXTS, "2026-02-03T04:05:06.789Z", "2026-02-03", "04:05:06"]),
    (pa.large_string(), _TEXTS),
    (pa.dictionary(pa.int32(), pa.string()), _TEXTS),
    (pa.timestamp("ms"), [moment for moment in _MOMENTS if moment.microsecond % 1000 == 0]),
    (pa.timestamp("us"), _MOMENTS),
    (pa.timestamp("us", "UTC"), _ZONED),
    (pa.timestamp("us", "Europe/Vienna"), _ZONED[:1]),
    (pa.timestamp("s"), _MOMENTS[:2]),
    (pa.date32(), [dt.date(2026, 2, 3)]),
    (pa.decimal128(10, 2), [decimal.Decimal("1.50"), decimal.Decimal("2.00")]),
    (pa.binary(), [b"x", b"\xff"]),
    (pa.null(), []),
    (pa.list_(pa.string()), [["a", None], [], ["x"] * 40]),
    (pa.list_(pa.float64()), [[1.0, float("nan")], [float("inf")], [-0.0]]),
    (pa.list_(pa.int32()), [[1, 2, None]]),
    (pa.struct([("a", pa.int64()), ("c", pa.string())]), [{"a": 1, "c": None}, {"a": None}]),
    (pa.struct([("d", pa.timestamp("ms"))]), [{"d": _MOMENTS[0]}]),
    (pa.list_(pa.struct([("k", pa.bool_())])), [[{"k": True}, {"k": None}, None]]),
    (pa.map_(pa.string(), pa.int64()), [[("k", 1)]]),
]


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Give tables of few rows, also empty ones, and slices that do not begin at the first row."""
    rows = draw(st.integers(0, 6))
    columns = {}
    for name in draw(st.lists(st.sampled_from(_NAMES), unique=True, max_size=4)):
        kind, values = draw(st.sampled_from(_KINDS))
        value = st.none() | st.sampled_from(values) if values else st.none()
        items = draw(st.lists(value, min_size=rows, max_size=rows))
        columns[name] = pa.array(items, kind)
    if not columns:
        columns["a"] = pa.array([1] * rows, pa.int64())
    return pa.table(columns).slice(draw(st.integers(0, rows)))


def _whole(chunks):
    chunks = [chunk for chunk in chunks if len(chunk.message)]
    return {
        "messages": [text for chunk in chunks for text in chunk.message.to_pylist()],
        "numbers": [number for chunk in chunks for number in chunk.number.tolist()],
        "times": [time for chunk in chunks for time in (chunk.time_ms * chunk.timed).tolist()],
        "timed": [timed for chunk in chunks for timed in chunk.timed.tolist()],
        "streams": [
            name
            for chunk in chunks
            for name in (
                ["f"] * len(chunk.message) if chunk.stream is None else chunk.stream.to_pylist()
            )
        ],
    }


def _compare(columns: Columns, rows: list, reading: Reading, part_bytes: int = _PART_BYTES):
    reports = [FileReport("f", format="DataFrame") for _ in range(2)]
    assumed = [Assumed(), Assumed()]
    for report in reports:
        report.stream = "f"
    mine = list(columns.chunks(1, replace(reading, assumed=assumed[0]), "f", part_bytes))
    other = replace(reading, assumed=assumed[1])
    theirs = list(row_chunks(rows, range(1, len(rows) + 1), other, reports[1]))
    assert _whole(mine) == _whole(theirs)
    assert (assumed[0].fields, assumed[0].no_zone) == (assumed[1].fields, assumed[1].no_zone)
    for chunk in mine:
        texts = [text.decode("utf-8", "replace") for text in chunk.message.to_pylist()]
        text = pa.array(texts, pa.string())
        if chunk.written is not None:
            _same_fields(text, chunk.written)
    return mine


def _same_fields(text: pa.Array, written: pa.Table) -> None:
    for kind in (None, "lambda", "text"):
        fast, slow = discover(text, log_type=kind, written=written), discover(text, log_type=kind)
        assert list(fast.columns) == list(slow.columns)
        for name, column in slow.columns.items():
            assert fast.columns[name].type == column.type, name
            assert fast.columns[name].cast(column.type).to_pylist() == column.to_pylist(), name
        assert (fast.rest is None) == (slow.rest is None)
        assert fast.rest is None or fast.rest.equals(slow.rest)
        assert (fast.capped, fast.rare_names()) == (slow.capped, slow.rare_names())


@settings(deadline=None)
@given(tables(), st.sampled_from([None, "time", "a", "b.c", "a.d"]))
def test_columns_of_arrow_are_as_their_rows(table, field) -> None:
    batches = table.combine_chunks().to_batches()
    for batch in batches:
        decoded = pa.RecordBatch.from_arrays(
            [c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in batch.columns],
            batch.schema.names,
        )
        reading = replace(_READING, field=field)
        _compare(Columns.of_batch(decoded), decoded.to_pylist(), reading)


_FRAMES = {
    "numbers": {"i": [1, 2, 3], "f": [1.5, float("nan"), -0.0], "inf": [float("inf"), 1.0, 2.0]},
    "small": {"a": np.array([1, 2, 3], np.uint8), "b": np.array([0.1, 2, 3], np.float32)},
    "half": {"a": np.array([0.1, 2, 3], np.float16)},
    "texts": {"a": ["x", None, "ä"], "b": ["1", "", "x\0"]},
    "objects": {
        "a": pd.Series([1, "x", None], dtype=object),
        "b": pd.Series([True, None, False], dtype=object),
        "c": pd.Series([np.int64(1), np.float32(0.1), np.bool_(True)], dtype=object),
        "d": pd.Series([decimal.Decimal("NaN"), pd.NA, pd.NaT], dtype=object),
        "e": pd.Series([2**64, 1, None], dtype=object),
    },
    "integers and floats": {"a": pd.Series([1, 2.5, None], dtype=object)},
    "nested": {
        "a": pd.Series([[1, 2], ["a"], None], dtype=object),
        "b": pd.Series([{"x": 1}, {"x": None}, {}], dtype=object),
        "c": pd.Series([np.array(["a", "b"]), np.array([], object), None], dtype=object),
    },
    "lists of texts": {"a": pd.Series([["a", None], ["b"], None], dtype=object)},
    "arrays of texts": {"a": pd.Series([np.array(["a", None], object), None, None], dtype=object)},
    "lists of numbers": {"a": pd.Series([[1, 2.5], [3], None], dtype=object)},
    "a surrogate": {"a": pd.Series(["\ud800", "b", None], dtype=object)},
    "masked": {
        "a": pd.array([1, None, 3], "Int64"),
        "b": pd.array([True, None, False], "boolean"),
        "c": pd.array([1.5, None, float("nan")], "Float64"),
        "d": pd.Categorical(["x", "y", None]),
    },
    "arrow": {
        "a": pd.array([1, None, 3], pd.ArrowDtype(pa.int64())),
        "b": pd.array(["x", None, "y"], pd.ArrowDtype(pa.string())),
        "c": pd.array([[1], None, []], pd.ArrowDtype(pa.list_(pa.int64()))),
    },
    "times": {
        "a": pd.to_datetime(
            ["2026-02-03T04:05:06", None, "2026-02-03T04:05:06.000001"], format="ISO8601"
        ),
    },
    "times to the nanosecond": {
        "time": pd.to_datetime(
            ["2026-02-03T04:05:06.000000001", None, "2026-02-03"], format="ISO8601"
        ).as_unit("ns"),
    },
    "times of a zone": {
        "time": pd.to_datetime(["2026-02-03", None, "2026-07-03"], format="ISO8601").tz_localize(
            "Europe/Vienna"
        ),
        "utc": pd.to_datetime(["2026-02-03", None, "2026-07-03"], format="ISO8601").tz_localize(
            "UTC"
        ),
    },
    "old times": {
        "time": pd.to_datetime(["1960-02-03T04:05:06.0005", None, "2026-02-03"], format="ISO8601")
    },
    "durations": {"a": pd.to_timedelta([1, None, 3], "s")},
    "messages": {"@message": ["x", "{}", '{"a":1}'], "@timestamp": [1, 2, 1_770_110_047]},
    "some messages": {"@message": ["x", None, "y"], "b": [1, 2, 3]},
    "streams": {"@logStream": ["s:1", None, ""], "a": [1, 2, 3]},
    "no columns": {},
}


@pytest.mark.parametrize("name", _FRAMES)
def test_columns_of_a_frame_are_as_its_records(name) -> None:
    frame = pd.DataFrame(_FRAMES[name], index=range(3))
    for part in (frame, frame.iloc[1:], frame.iloc[:0], frame.iloc[[2]]):
        _compare(Columns.of_frame(part), part.to_dict("records"), _READING)


@settings(deadline=None)
@given(tables())
def test_columns_of_a_frame_of_arrow_are_as_its_records(table) -> None:
    try:
        frame = table.to_pandas()
        records = frame.to_dict("records")
        list(row_chunks(records, range(len(records)), _READING, FileReport("f")))
    except (pa.ArrowException, ValueError):
        return  # such as lists where a time is looked for
    _compare(Columns.of_frame(frame), records, _READING)


def test_rows_are_cut_where_their_messages_are_long() -> None:
    table = pa.table({"a": ["x" * 50] * 20, "b": range(20)})
    columns = Columns.of_batch(table.to_batches()[0])
    chunks = _compare(columns, table.to_pylist(), _READING, part_bytes=300)
    assert [len(chunk.message) for chunk in chunks] == [5, 5, 5, 5]


def test_types_that_discovery_finds_again_are_handed_to_it() -> None:
    table = pa.table({"a": [1, None], "b": ["x", "y"], "c": [_MOMENTS[0]] * 2, "d": [["x"], None]})
    [chunk] = Columns.of_batch(table.to_batches()[0]).chunks(1, _READING, "f", 1 << 20)
    assert chunk.written is not None
    table = pa.table({"a": [1, None], "b": [decimal.Decimal("1.5"), None]})
    [chunk] = Columns.of_batch(table.to_batches()[0]).chunks(1, _READING, "f", 1 << 20)
    assert chunk.written is None


def test_an_event_with_too_many_fields_is_cut_as_in_a_file() -> None:
    table = pa.table({f"f{at:03}": [at, None, at] for at in range(205)})
    _compare(Columns.of_batch(table.to_batches()[0]), table.to_pylist(), _READING)


def test_the_fingerprint_has_the_length_of_each_message() -> None:
    def of(*messages: bytes) -> str:
        digest = RowsFingerprint()
        digest.update(pa.array(messages, pa.binary()))
        return digest.hex

    assert of(b"a", b"bc") != of(b"ab", b"c")
    both = RowsFingerprint()
    both.update(pa.array([b"x", b"a"], pa.binary()).slice(1))
    both.update(pa.array([], pa.binary()))
    both.update(pa.array([b"bc"], pa.binary()))
    assert both.hex == of(b"a", b"bc")
    # As versions before wrote it: a frame that was loaded by one of them is known again.
    assert of(b"a", b"") == "d5c5a67aa5c9d46cb8b007a318a4b68d0921be4a5c641b774194a79704a94bf3"
