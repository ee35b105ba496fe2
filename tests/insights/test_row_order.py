"""The order of rows across tasks, sorted by keys that are joined where they fit one integer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import cwnb
from cwnb.events import SEQUENCE
from cwnb.insights.engine.order import Ranks
from cwnb.insights.values.integer_order import ascending

_RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("spread", [3, 1 << 20, 1 << 40, (1 << 63) - 1])
@pytest.mark.parametrize("low", [0, -5, -(1 << 63)])
def test_keys_are_sorted_as_by_lexsort(spread: int, low: int) -> None:
    high = min(low + spread, (1 << 63) - 1)
    keys = [_RANDOM.integers(low, high, 500), _RANDOM.integers(-2, 2, 500)]
    for ordered in (keys, keys[::-1], [*keys, keys[0]]):
        np.testing.assert_array_equal(ascending(*ordered), np.lexsort(ordered[::-1]))


def test_no_rows_have_no_order() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert len(ascending(nothing, nothing)) == 0


def test_of_two_rows_of_one_event_the_first_stays_first() -> None:
    one = np.array([7, 7, 8])
    ranks = Ranks(one, one, place=np.array([1, 2, 0]))
    assert ranks.descending().tolist() == [2, 1, 0]


class _Sequences:
    """A task of which nothing but the sequences can be read; counts how often they are."""

    def __init__(self, sequences: np.ndarray) -> None:
        self._sequences = sequences
        self.opened = 0

    def open(self) -> _Sequences:
        self.opened += 1
        return self

    def take(self, names: list[str], rows: np.ndarray) -> dict[str, pa.Array]:
        assert names == [SEQUENCE]
        return {SEQUENCE: pa.array(self._sequences[rows])}


@given(data=st.data(), span=st.sampled_from([1, 3, 40]))
@settings(max_examples=200, deadline=None)
def test_sequences_that_are_read_late_order_as_those_that_are_there(data, span: int) -> None:
    number = st.integers(0, 5)
    sequence = data.draw(st.permutations(range(30)))
    whole, late, at = [], [], 0
    for size in data.draw(st.lists(number, min_size=1, max_size=5)):
        times = np.sort(data.draw(arrays(np.int64, size, elements=st.integers(0, span))))
        own = np.array(sequence[at : at + size], dtype=np.int64)
        own = own[np.lexsort((own, times))]  # rows of a task ascend in time and sequence
        for time in np.unique(times):
            own[times == time] = np.sort(own[times == time])
        at += size
        whole.append(Ranks(times, own))
        rows = np.arange(size, dtype=np.int64)
        of_task = np.zeros(size, dtype=np.int32)
        known = data.draw(st.booleans())  # as recent events in memory are
        task = _Sequences(own)
        late.append(whole[-1] if known else Ranks(times, rows, task=of_task, tasks=(task,)))
    some = np.array(data.draw(st.lists(st.sampled_from(range(at)), unique=True)) if at else [], int)
    eager, unread = Ranks.concat(whole), Ranks.concat(late)
    assert unread.descending().tolist() == eager.descending().tolist()
    assert unread.take(some).descending().tolist() == eager.take(some).descending().tolist()
    halves = Ranks.concat([Ranks.concat(late[:1]), unread.take(some)])
    expected = Ranks.concat([Ranks.concat(whole[:1]), eager.take(some)])
    assert halves.descending().tolist() == expected.descending().tolist()


def test_sequences_of_different_times_are_not_read() -> None:
    tasks = [_Sequences(np.array([5])), _Sequences(np.array([4]))]

    def ranks(times: list[int]) -> Ranks:
        zero = np.zeros(1, dtype=np.int64)
        parts = [
            Ranks(np.array([time]), zero, task=zero.astype(np.int32), tasks=(task,))
            for time, task in zip(times, tasks, strict=True)
        ]
        return Ranks.concat(parts)

    assert ranks([8, 9]).descending().tolist() == [1, 0]
    assert [task.opened for task in tasks] == [0, 0]
    assert ranks([8, 8]).descending().tolist() == [0, 1]
    assert [task.opened for task in tasks] == [1, 1]


def test_events_keep_their_order_under_a_time_that_the_query_makes() -> None:
    times = pd.date_range("2026-11-20T08:00Z", periods=3, freq="min")
    groups = {
        name: pd.DataFrame(
            {"@timestamp": times + shift, "m": [f"{name}0,", f"{name}1", f"{name}2,x"]}
        )
        for name, shift in (("a", pd.Timedelta(0)), ("b", pd.Timedelta("1s")))
    }
    query = "SOURCE 'a' | SOURCE 'b' | parse m csv as name, @timestamp | display name"
    found = cwnb.query(query, groups=groups).df["name"].tolist()
    assert found == ["b2", "a2", "b1", "a1", "b0", "a0"]
    found = cwnb.query(f"{query} | sort name", groups=groups).df["name"].tolist()
    assert found == ["a0", "a1", "a2", "b0", "b1", "b2"]
