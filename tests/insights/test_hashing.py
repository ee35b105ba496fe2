"""Rows and texts that the hash table numbers are those that Arrow's dictionary numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.insights.engine import columns
from cwnb.insights.values import hashing
from cwnb.insights.values.hashing import encode_texts, number_rows

_PARTS = st.sampled_from(["", "\0", "a", "ab", "é", "日本", "12345678", "1.0", "12345678\0"])
_TEXTS = st.none() | st.text(max_size=20) | st.lists(_PARTS, max_size=4).map("".join)
_IDS = st.integers(0, 40).map(lambda n: f"id-{n:05}")
_SHORT_IDS = st.integers(0, 40).map(lambda n: f"{n:03}")
_COLUMNS = st.one_of(
    *(st.lists(each, max_size=30) for each in (_TEXTS, _IDS, _SHORT_IDS, st.none() | _IDS))
)
_WORDS = st.integers(-3, 3) | st.sampled_from([2**63 - 1, -(2**63), 2**32, 1 << 40])


@pytest.fixture(autouse=True)
def hash_all(monkeypatch):
    """Number few rows by hashing too."""
    monkeypatch.setattr(hashing, "_FEWEST_ROWS", 1)
    monkeypatch.setattr(hashing, "_has_few_values", lambda _: False)
    monkeypatch.setattr(columns, "_MANY_TEXTS", 0)


def check(texts: pa.Array) -> None:
    encoded = encode_texts(texts)
    encoded.validate(full=True)
    assert encoded.type == pa.dictionary(pa.int32(), pa.string())
    assert encoded.dictionary_decode().equals(texts)
    assert len(encoded.dictionary) == pc.count_distinct(texts).as_py()


@settings(deadline=None)
@given(_COLUMNS, st.integers(0, 3))
def test_a_dictionary_has_each_text_once(values, cut):
    check(pa.array(values, pa.string())[cut:])


@settings(deadline=None)
@given(st.lists(_COLUMNS, min_size=1, max_size=4))
def test_dictionaries_are_joined(parts):
    arrays = [pa.array(part, pa.string()) for part in parts]
    joined = columns.concat([encode_texts(array)[1:] for array in arrays])
    joined.validate(full=True)
    expected = pa.concat_arrays([array[1:] for array in arrays])
    assert joined.dictionary_decode().equals(expected)
    assert len(set(joined.dictionary.to_pylist())) == len(joined.dictionary)


@pytest.mark.parametrize("most_hashes", [12, 1, 0])
@settings(deadline=None)
@given(rows=st.lists(st.tuples(_WORDS, _WORDS), max_size=40))
def test_rows_of_words_are_numbered(most_hashes, rows):
    pairs = np.array(rows, dtype=np.int64).reshape(-1, 2)
    words = [np.ascontiguousarray(pairs[:, place]).view(np.uint64) for place in (0, 1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "_MOST_HASHES", most_hashes)
        patch.setattr(hashing, "_FEWEST_BITS", 2)
        patch.setattr(hashing, "_MOST_BITS", 3)
        numbers, first = number_rows(words)
    assert len(first) == len(set(rows))
    assert [rows[row] for row in first[numbers]] == rows


def test_many_rows_that_all_differ():
    words = [np.random.default_rng(3).permutation(50_000).astype(np.uint64)]
    numbers, first = number_rows(words)
    assert len(first) == 50_000
    assert np.array_equal(words[0][first[numbers]], words[0])
