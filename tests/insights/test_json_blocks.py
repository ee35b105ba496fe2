"""Many JSON texts read at once give what the same texts give when read one by one, or nothing."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.insights.structure_fields import read_wholes
from cwnb.insights.values.documents import items_of, values_at, walk
from cwnb.insights.values.json_blocks import columns_at, items_at
from cwnb.insights.values.structures import read_structures

TEXTS = 64
PATHS = [["a"], ["b"], ["a", "b"], ["l"], ["a", "0"], ["a.b"], ["it's"]]
OF_ITEMS = [["a"], ["b"], ["a", "b"], []]
# Texts that a reader of JSON may take otherwise than another.
ODD = [
    '{"a": 1e400}', '{"c": 1e400}', '{"c": NaN}', '{"c": [-Infinity]}', '{"a": NaN}', '{"c": -Inf}',
    '{"a": 1, "a": 2}', '{"c": 1, "c": 2}', '{"\\u0061": 7}', '{"a": -0}', '{"a": -0.0}', '{"a": 01}',
    '{"a": 9223372036854775807}', '{"a": 9223372036854775808}', '{"a": 9007199254740993}',
    '{"a": 1.0}', '{"a": 1E2}', '{"a": "\\ud800"}', '{"a": "x\ty"}', '{"a":\n1}', ' {"a": 1}', '{"a": 1} ',
    '{"a": 1} {"a": 2}', '{"a": 1}}', '{"a": {"b": 1}', '{"c": 2}}', '{"l": [{"a": 1}', '{"b": 1}]}',
    "[1, 2]", '["a"]', "plain text", "{plain}", "", "{}", "null", '"a"', '{"a": 1,}', "{'a': 1}",
    '{"l": [1, "x"]}', '{"l": [[1], [2]]}', '{"l": {"a": 1}}', '{"l": null}', '{"l": []}', '{"l": 5}',
    '{"l": [null, {"a": 1}, {}]}', '{"a.b": 3}', '{"l.a": 3}', '{"l\\u002ea": 3}', '{"a": {"b": 1}}', '{"a": [5, 6]}', '{"a": {"0": 8}}',
    '{"c": ' + "[" * 1030 + "]" * 1030 + "}", '{"a": "2026-11-20T10:00:00Z"}', '{"a": "\\u0000"}',
    '{"c": ' + "1" * 400 + "}", '{"c": 0.1e-400}', '{"a": /* 1 */ 2}', '{"c": "a, NaN, 1e999"}', None,
]  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5), st.sampled_from([2**53, -(2**53), 2**53 + 1, 0.5, 3])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "a.b", "0"]), inner, max_size=3),
    ),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(["a", "b", "l", "c", "a.b", "it's"]), VALUES, max_size=4
)


@st.composite
def texts(draw):
    """Draw texts of which most are alike, and some odd ones at any place among them."""
    alike = draw(
        st.lists(st.one_of(DOCUMENTS.map(json.dumps), st.sampled_from(ODD)), min_size=1, max_size=3)
    )
    odd = draw(st.lists(st.sampled_from(ODD), max_size=2))
    made = [alike[i % len(alike)] for i in range(draw(st.integers(TEXTS, 3 * TEXTS)))]
    for text in odd:
        made.insert(draw(st.integers(0, len(made))), text)
    return made


def check(array):
    """Compare both ways to read these texts."""
    for path in PATHS:
        (expected,) = values_at(array, read_structures, [path])
        found = columns_at(array, [path])
        if found is not None:
            same(found[0], expected)
    for below in OF_ITEMS:
        documents = read_structures(array.to_pylist())
        counts, (expected,) = items_of(
            (None if d is None else walk(d, ["l"]) for d in documents), [below]
        )
        found = items_at(array, ["l"], [below])
        if found is not None:
            assert found[0].tolist() == counts.tolist()
            same(found[1][0], expected)
        # The field `l` of an event that has the keys `l.x` and `l.y` is the map of them.
        counts, (expected,) = items_of(read_wholes("l")(array.to_pylist()), [below])
        found = items_at(array, ["l"], [below], or_map=True)
        if found is not None:
            assert found[0].tolist() == counts.tolist()
            same(found[1][0], expected)


def same(found, expected):
    assert found.type == expected.type
    assert [repr(v) for v in found.to_pylist()] == [repr(v) for v in expected.to_pylist()]


@settings(max_examples=60, deadline=None)
@given(texts())
def test_texts_read_at_once_are_those_read_one_by_one(made):
    check(pa.array(made, pa.string()))


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("plain", ['{"a": 1, "l": [{"a": 1.5, "b": "x"}, {"b": "y"}]}', '{"c": 1}'])
def test_an_odd_text_among_plain_ones(plain, odd):
    made = [plain] * 100 + [odd] + [plain] * 100
    check(pa.array(made, pa.string()))
    check(pa.array([odd] * 100, pa.string()))


def test_plain_texts_are_read_at_once():
    plain = '{"a": {"b": 2.5}, "l": [{"a": 1, "b": "x"}, {"a": 2}], "tags": ["p", "q"]}'
    array = pa.array(["a line", None, *[plain] * 100, "{}"], pa.string())
    assert columns_at(array, [["b"]]) is not None
    counts, (a, b) = items_at(array, ["l"], [["a"], ["b"]])
    assert counts.tolist() == [1, 1, *[2] * 100, 1]
    assert a.to_pylist()[:6] == [None, None, 1, 2, 1, 2]
    assert b.to_pylist()[:6] == [None, None, "x", None, "x", None]
    counts, (tags,) = items_at(array, ["tags"], [[]])
    assert tags.to_pylist()[:4] == [None, None, "p", "q"]
    (inner,) = columns_at(pa.array([plain] * 100), [["a", "b"]])
    assert inner.to_pylist() == [2.5] * 100
