"""Maps and lists keep what JSON says: integers of any size, structures of any depth."""

from __future__ import annotations

import gc
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cwnb
from cwnb.events import TYPE_FLOAT, TYPE_INTEGER, TYPE_STRING
from cwnb.insights.values import structures
from cwnb.insights.values.structures import (
    JsonText,
    read_structures,
    structure_array,
    write_json,
    write_together,
)
from cwnb.insights.values.value_types import mixed_array

integers = st.integers() | st.integers(-(10**30), 10**30) | st.integers(2**63 - 2, 2**64 + 2)
scalars = st.none() | st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    scalars | st.text('aé"\\\n', max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_what_is_written_is_read_again(value: Any) -> None:
    text = structures.write_json(value)
    assert structures.read_json(text) == value
    assert json.loads(text) == value
    assert " " not in text.replace('" "', "")
    assert text == structures._write_exactly(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [2**64, -(2**63) - 1]}, '{"a":[18446744073709551616,-9223372036854775809]}'),
        ([float("nan"), float("inf"), 10**20], "[null,null,100000000000000000000]"),
        ({10**20: 1, None: (), 2.5: {}}, '{"100000000000000000000":1,"null":[],"2.5":{}}'),
        ([10**20, pd.Timestamp(0), 1.5], '[100000000000000000000,"1970-01-01 00:00:00",1.5]'),
        ([], "[]"),
    ],
)
def test_what_orjson_refuses_is_written_alike(value: Any, text: str) -> None:
    assert structures.write_json(value) == text


def test_deep_structures_are_written() -> None:
    text = "[" * 1000 + "]" * 1000
    assert structures.write_json(structures.read_json(text)) == text
    frame = pd.DataFrame({"@message": [text], "@timestamp": pd.to_datetime([0])})
    answer = cwnb.query("fields jsonStringify(jsonParse(@message)) as j | display j", frame)
    assert list(answer.df["j"]) == [text]


def test_what_is_no_structure_is_none() -> None:
    for text in ("", "1", '"a"', "[1", "{}x", "[NaN]", "[1e400]", "[" * 2000 + "]" * 2000):
        assert structures.read_structure(text) is None
    assert structures.read_structure(" [12345678901234567890123]") == [12345678901234567890123]


def test_values_of_several_types_keep_their_digits() -> None:
    texts = pa.array(["12345678901234567890123", "1.5", "7", None, "9" * 5000])
    codes = pa.array([TYPE_INTEGER, TYPE_FLOAT, TYPE_STRING, None, TYPE_INTEGER], pa.int8())
    found = structures.to_python(mixed_array(texts, codes))
    assert found == [12345678901234567890123, 1.5, "7", None, "9" * 5000]
    frame = pd.DataFrame({"n": [10**25, 5, "x"]})
    (listed,) = cwnb.query("stats values(n) as v", frame).df["v"]
    assert str(listed) == '["x",5,10000000000000000000000000]'


@pytest.mark.parametrize(
    "items",
    [
        [],
        [None],
        [{}, None, [], {"a": [1, {"b": "é\u2028"}]}],
        [{"a": 10**30}, [1], None],
        [["x"] * 3] * 2_500,
    ],
)
def test_written_together_is_written_one_by_one(items: list[Any]) -> None:
    expected = [None if item is None else write_json(item) for item in items]
    assert write_together(items) == expected
    assert structure_array([*items, JsonText("[ 1]")]).storage.to_pylist() == [*expected, "[ 1]"]


def test_long_integers_are_read_with_all_digits_among_many() -> None:
    texts = ['{"a": 1}'] * 70 + [f'{{"a": {10**25 + 1}, "b": "{"9" * 40}"}}'] + [None, "[1]"]
    *_, long, nothing, last = read_structures(texts)
    assert (long, nothing, last) == ({"a": 10**25 + 1, "b": "9" * 40}, None, [1])


def test_the_collector_is_on_again_after_structures_were_read_in_many_threads() -> None:
    texts = [json.dumps({"a": [{}] * 50})] * 3_000
    assert gc.isenabled()
    with ThreadPoolExecutor(4) as pool:
        lengths = list(pool.map(lambda _: len(list(read_structures(texts))), range(8)))
    assert lengths == [3_000] * 8
    assert gc.isenabled()
