"""The order of rows across tasks, sorted by keys that are joined where they fit one integer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cwnb
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
