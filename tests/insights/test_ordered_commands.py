"""What depends on the order of rows is the same however events lie, also where times are equal.

In one group or two, in recent batches or segments, in one frame: arrival decides between events of
one time.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from test_engine_laws import check_same

import cwnb
from cwnb.insights import frames
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

START_MS = 1_795_593_600_000
NOW_MS = START_MS + 3_600_000
ORDERED = [
    "fields n, ms | accum ms as sum",
    "fields n, ms | sort user | accum ms",
    "filter ms > 1 | accum ms as sum | filter sum > 20 | limit 9",
    "fields n | autoregress n p=1-3",
    "sort @timestamp asc | fields n | autoregress ms as before | limit 12",
    "fields n, level, user | filldown level user",
    "sort ms desc | fields n, level | filldown",
    "stats count(*) as c, max(ms) as m by bin(1m) as t, user | fillmissing with 0 for c",
    "sessionize user maxspan 5s | display n, user, session_id",
    "sessionize user, level maxspan 1s as sid | stats count(*) as c, earliest(n), latest(n) by sid",
    "dedup user",
    "sort ms | dedup level, user | limit 7",
    "fields n | sort @timestamp asc | dedup user",
    "fields n | tail 7",
    "sort user | fields n | tail 7",
    "fields n | sort ms desc | tail 3",
    "stats earliest(n) as first, latest(n) as last, count(*) as c by user",
    "stats earliest(ms), latest(ms), earliest(level), latest(level)",
    "stats latest(n) as n by bin(1m) as t, level | sort t, level | accum n",
    "stats values(n) as v by user",
    "fields n | head 5",
    "fields n | sort level | limit 11",
    "outlier ms | accum ms as sum | display n, sum",
    "fields n, ms | addtotals col=true ms | tail 4",
]


def _events() -> list[tuple[int, str]]:
    """Give events in the order of their arrival; many have the same time, and some come late."""
    chance = random.Random(5)
    found = []
    for n in range(60):
        fields: dict[str, Any] = {"n": n, "user": chance.choice("abc"), "ms": chance.randrange(9)}
        if chance.random() < 0.6:
            fields["level"] = chance.choice(["INFO", "ERROR"])
        found.append(
            (START_MS + 1_000 * (n // 4 - chance.choice([0, 0, 0, 7])), json.dumps(fields))
        )
    return found


EVENTS = _events()


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    store = tmp_path_factory.mktemp("ordered") / "store"
    with cwnb.open(store, encryption="none", clock=Clock(NOW_MS)) as held:
        for n, event in enumerate(EVENTS):
            held.put("/two/odd" if n % 3 else "/two/even", "s", [event])
            if n in (17, 40):
                held.flush()
        for place in range(0, len(EVENTS), 10):
            held.put("/segments", "s", EVENTS[place : place + 10])
            held.flush("/segments")
        held.put("/recent", "s", EVENTS)
        yield held


@pytest.fixture
def frame(monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    monkeypatch.setattr(frames, "TASK_ROWS", 7)
    return pd.DataFrame(
        {
            "@timestamp": pd.to_datetime([time for time, _ in EVENTS], unit="ms", utc=True),
            "@message": [message for _, message in EVENTS],
        }
    )


@pytest.mark.parametrize("groups", [["/two/odd", "/two/even"], ["/segments"], ["/recent"]])
@pytest.mark.parametrize("text", ORDERED)
def test_order_is_that_of_time_and_arrival(
    logs: Any, frame: pd.DataFrame, text: str, groups: list[str]
) -> None:
    stored = logs.query(text, groups)
    framed = cwnb.query(text, frame, now=NOW_MS)
    assert len(framed) > 0
    check_same(stored.outcome.columns, framed.outcome.columns, text)
