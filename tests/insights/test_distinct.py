"""Distinct counts by fingerprint: as many as there are, however the values fall into tasks."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.events import ALL_TIME
from cwnb.insights.context import QueryValues
from cwnb.insights.engine.aggregates import distinct, fingerprints
from cwnb.insights.engine.aggregates.distinct import CountDistinct
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands.grouping import group_rows
from cwnb.insights.engine.order import RowOrder

texts = st.text("abcé", max_size=20)  # no numbers: "0" and "00" are one value


def counted(tasks: list[list[str]], many: list[bool]) -> int:
    """Count over tasks, each by fingerprint or as it is."""
    made, states = CountDistinct(), []
    for task, printed in zip(tasks, many, strict=True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(distinct, "_ROWS_FOR_FINGERPRINTS", 0 if printed else 10**9)
            groups = group_rows([], len(task))
            order = RowOrder(Batch(len(task), QueryValues(0, ALL_TIME)), in_memory=True)
            states.append(made.partial(pa.array(task, pa.string()), groups, order))
    whole = made.merge(states, [np.zeros(1, dtype=np.int64)] * len(states), 1)
    (answer,) = made.final(whole, 1).to_pylist()
    return int(answer)


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(texts, min_size=1), st.booleans()), min_size=1, max_size=4))
def test_tasks_count_together_whichever_way_each_was_counted(tasks):
    words = {word for task, _ in tasks for word in task}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprints, "_FINGERPRINTS_FOR_THREADS", 0)
        patch.setattr(fingerprints, "worker_count", lambda: 3)
        assert counted([task for task, _ in tasks], [many for _, many in tasks]) == len(words)


@given(st.lists(texts, min_size=1), st.integers(0, 3))
def test_a_fingerprint_is_of_the_text_alone(words, skip):
    column = pa.array(["longer than all the others by far"] * skip + words).slice(skip)
    alone = [fingerprints.fingerprints(pa.array([word]))[0] for word in words]
    assert fingerprints.fingerprints(column).tolist() == alone


def test_long_texts_are_told_apart():
    long = ["x" * 100 + str(n) for n in range(5)]
    assert len(set(fingerprints.fingerprints(pa.array([*long, *long])).tolist())) == 5


@pytest.mark.parametrize("missing", [False, True])
def test_many_texts_of_which_few_are_equal_are_grouped_exactly(missing):
    numbers = np.random.default_rng(7).permutation(600_000)
    numbers[::1000] = numbers[1::1000]
    texts = pc.binary_join_element_wise("request", pa.array(numbers).cast(pa.string()), "-")
    if missing:
        texts = pc.if_else(pa.array(numbers % 5000 == 0), None, texts)
    groups = group_rows([texts], len(texts))
    expected = pc.dictionary_encode(texts, null_encoding="encode")
    assert groups.count == len(expected.dictionary) < len(texts)
    first = pc.dictionary_encode(pa.array(groups.codes)).indices
    assert first.equals(expected.indices)
    assert groups.sizes.sum() == len(texts)


words = st.none() | st.sampled_from(["", "a", "a\0", "é", "1", "01", "1.0", "x" * 80, "true"])


@settings(deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 3), words), max_size=12), min_size=1, max_size=3),
    st.sampled_from([0, 3, 10**9]),
    st.sampled_from([0, 1 << 24]),
    st.booleans(),
)
def test_values_of_a_dictionary_count_as_texts_do(tasks, least, dense, in_dictionaries):
    made, maps, states, expected = CountDistinct(), [], [], [set() for _ in range(4)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distinct, "_TEXTS_FOR_FINGERPRINTS", least)
        patch.setattr(distinct, "_DENSE", dense)
        patch.setattr(distinct, "_ROWS_FOR_FINGERPRINTS", max(least, 1))
        for number, task in enumerate(tasks):
            # A slice of a dictionary, in which texts occur that no row of the slice has.
            column = pa.array(["not here", *(word for _, word in task)], pa.string())
            encoded = number % 2 == 0 or in_dictionaries
            column = (column.dictionary_encode() if encoded else column).slice(1)
            keys = pa.array([group for group, _ in task], pa.int64())
            groups = group_rows([keys], len(task))
            order = RowOrder(Batch(len(task), QueryValues(0, ALL_TIME)), in_memory=True)
            states.append(made.partial(column, groups, order))
            where = np.zeros(groups.count, dtype=np.int64)
            where[groups.codes] = np.asarray(keys)
            maps.append(where)
            for group, word in task:
                if word is not None:
                    expected[group].add("1" if word in {"01", "1.0"} else word)
        merged = made.merge(states, maps, 4)
    assert made.final(merged, 4).to_pylist() == [len(one) for one in expected]
