"""The keys of several tasks are joined as though all rows had been one column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.insights import values
from cwnb.insights.engine import columns
from cwnb.insights.engine.commands import grouping
from cwnb.insights.engine.commands.grouping import group_rows
from cwnb.insights.engine.commands.keys import Keys

WORDS = ["a", "a\0", "", "é", "1", "01", "1.0", "1e0", "10.0.0.1", "-0", "0", "true", "1e999"]
LARGE = [0, 1, -1, 2**53 + 1, 2**63 - 1]
DOUBLES = [0.0, -0.0, 1.0, float("nan"), float("inf"), 1.5]
texts = st.lists(st.none() | st.sampled_from(WORDS), max_size=8).map(
    lambda rows: pa.array(rows, pa.string())
)
encoded = texts.map(lambda column: pa.concat_arrays([column]).dictionary_encode())
integers = st.lists(st.none() | st.sampled_from(LARGE), max_size=8).map(
    lambda rows: pa.array(rows, pa.int64())
)
doubles = st.lists(st.none() | st.sampled_from(DOUBLES), max_size=8).map(
    lambda rows: pa.array(rows, pa.float64())
)
booleans = st.lists(st.none() | st.booleans(), max_size=8).map(
    lambda rows: pa.array(rows, pa.bool_())
)
times = st.lists(st.none() | st.integers(0, 3), max_size=8).map(
    lambda rows: pa.array(rows, pa.timestamp("ms", "UTC"))
)
absent = st.integers(0, 4).map(pa.nulls)
any_column = st.one_of(texts, encoded, encoded, integers, doubles, booleans, times, absent)
parts = st.lists(any_column, min_size=1, max_size=4) | st.lists(
    texts | encoded | absent, min_size=1, max_size=4
)


def partition(keys: list[Any], rows: int) -> list[int]:
    """Give for each row the first one that is in its group."""
    codes = group_rows(keys, rows).codes.tolist()
    return [codes.index(code) for code in codes]


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=20))
def test_groups_of_many_combinations_are_those_of_few(rows):
    keys = [pa.array(rows, pa.int64()), pa.array(rows[::-1], pa.int64())]
    found = []
    for most in (0, 1 << 16):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(grouping, "_COUNTED_NUMBERS", most)
            found.append(group_rows(keys, len(rows)))
    many, few = found
    assert many.codes.tolist() == few.codes.tolist()
    assert many.sizes.tolist() == few.sizes.tolist()


@settings(deadline=None)
@given(parts, st.integers(0, 2), st.booleans())
def test_rows_of_tasks_are_equal_as_those_of_one_column(tasks, skip, reverse):
    tasks = [task.slice(min(skip, len(task))) for task in tasks]
    keys = [Keys.of([task], [values.equality_key(task)]) for task in tasks]
    if reverse:
        turned = [np.arange(len(task))[::-1].copy() for task in tasks]
        tasks = [task.take(pa.array(rows)) for task, rows in zip(tasks, turned, strict=True)]
        keys = [key.take(rows) for key, rows in zip(keys, turned, strict=True)]
    joined = Keys.concat(keys)
    whole = columns.concat(tasks)
    # By what they show, for a NaN is not equal to itself.
    assert repr(values.decode(joined.shown[0]).to_pylist()) == repr(
        values.decode(whole).to_pylist()
    )
    rows = len(whole)
    expected = partition([values.equality_key(whole)], rows)
    assert partition(joined.equality_keys(), rows) == expected
    # What was merged is merged again.
    twice = Keys.concat([joined, *keys])
    again = partition(twice.equality_keys(), 2 * rows)
    assert again == expected * 2
