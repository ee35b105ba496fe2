"""Maps and lists keep what JSON says: integers of any size, structures of any depth."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cwnb
from cwnb.events import TYPE_FLOAT, TYPE_INTEGER, TYPE_STRING
from cwnb.insights.values import structures
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
