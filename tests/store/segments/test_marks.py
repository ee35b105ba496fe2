"""Columns with marks for missing values: what is read equals what was written."""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cwnb.store.segments.marks import about, mark_of, marked, without_marks

_TEXTS = pa.dictionary(pa.int32(), pa.string())
_INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)
_DOUBLES = st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, 1.5, -math.inf, 5e-324])
_WORDS = st.sampled_from(["", "\0", "\0\0", "é", "a", "b", "c", "null"])


def _read_back(parts: list[pa.Array], tmp_path) -> pa.ChunkedArray:
    """Write parts as row groups and read all of them at once."""
    kind, mark = parts[0].type, mark_of(parts)
    field = pa.field("x", kind, nullable=mark is None, metadata=about(mark))
    file = tmp_path / "x.parquet"
    with pq.ParquetWriter(
        file, pa.schema([field]), use_dictionary=pa.types.is_dictionary(kind)
    ) as w:
        for part in parts:
            written = part if mark is None else marked(part, mark)
            assert mark is None or written.null_count == 0
            w.write_table(pa.table([written], schema=pa.schema([field])))
    read = pq.ParquetFile(file).reader.read_row_groups(list(range(len(parts))))
    return without_marks(read.column(0), read.schema.field(0))


def _check(parts: list[pa.Array], tmp_path) -> None:
    found = _read_back(parts, tmp_path)
    found.validate(full=True)
    assert found.null_count == sum(part.null_count for part in parts)
    # -0.0 is another value than 0.0.
    assert [repr(v) for v in found.to_pylist()] == [
        repr(v) for part in parts for v in part.to_pylist()
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("marks")


def _lists(values: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(st.lists(st.none() | values, min_size=1, max_size=12), min_size=1, max_size=3)


@given(parts=_lists(_INTEGERS))
@example(parts=[[None], [1, None]])
@example(parts=[[-(2**63), None]])
@settings(max_examples=150, deadline=None)
def test_integers(folder, parts) -> None:
    _check([pa.array(part, pa.int64()) for part in parts], folder)


@given(parts=_lists(_DOUBLES))
@example(parts=[[0.0, None, -0.0]])
@example(parts=[[-1.7976931348623157e308, None]])
@example(parts=[[math.inf, None], [None]])
@settings(max_examples=150, deadline=None)
def test_doubles(folder, parts) -> None:
    _check([pa.array(part, pa.float64()) for part in parts], folder)


@given(parts=_lists(_WORDS))
@example(parts=[[None, None], ["a"]])
@example(parts=[[None, "\0"], ["\0\0"]])
@settings(max_examples=150, deadline=None)
def test_texts_with_a_dictionary_for_each_part(folder, parts) -> None:
    _check([pa.array(part, pa.string()).cast(_TEXTS) for part in parts], folder)


def test_parts_of_one_dictionary(folder) -> None:
    column = pa.array(["a", None, "b", "a", None], pa.string()).dictionary_encode()
    _check([column.slice(0, 2), column.slice(2, 1), column.slice(3)], folder)


def test_a_mark_is_found_wherever_its_text_stands() -> None:
    texts = pa.array(["\0", "a", "b"])
    chunk = pa.DictionaryArray.from_arrays(pa.array([2, 0, 1, 0], pa.int32()), texts)
    field = pa.field("x", chunk.type, metadata=about(b"\0"))
    found = without_marks(pa.chunked_array([chunk]), field)
    assert found.to_pylist() == ["b", None, "a", None]
    assert found.chunk(0).dictionary.to_pylist() == ["a", "b"]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, 2]),
        pa.array([None, None, True]),
        pa.array([None, "a"]),
        pa.array([-(2**63), None]),
        pa.array([float("nan"), None]),
        pa.array([-math.inf, None]),
        pa.array([{"text": "1", "type": 0}, None]),
    ],
)
def test_columns_without_a_mark(column) -> None:
    assert mark_of([column]) is None
    assert about(None) is None
