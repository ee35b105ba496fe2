"""`stats` of all events answers alike out of the facts of segments and out of their events."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

import cwnb
import cwnb.errors
from cwnb.insights.engine.batch import Batch
from cwnb.store.segments import joining
from cwnb.store.segments.reader import SegmentReader
from tests.insights.batches import put_in_batches

START_MS = 1_795_593_600_000
GROUP = "/g"
NUMBERS = [0, 1, -7, 2**53, 2**53 + 1, -(2**60), 0.0, -0.0, 0.5, -2.25, 1e300, 404.0, 2**70]
VALUES = st.sampled_from([*NUMBERS, None, True, "x", "5", "é\0", [1, 2], {"k": 1}])
# Mostly of one type, so that columns are of numbers.
EVENTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "a": st.one_of(st.integers(-9, 9), st.integers(-9, 9), VALUES),
            "b": st.sampled_from([0.5, -0.0, 0.0, 7.25, -1.5]),
            "c": st.integers(-(2**53), 2**53),
            "d": VALUES,
        },
    ),
    min_size=1,
    max_size=25,
)
QUERIES = [
    "stats min(a) as l, max(a) as g, count(a) as n, count(*) as m",
    "stats min(b), max(b), sortsFirst(b), count(b)",
    "stats max(c), max(c) - min(c) as span, count(missing) as none",
    "stats count(d), count(a), count(*)",
    "stats min(@timestamp) as first, max(@timestamp) as last, count(c) as n",
    "stats max(@logStream), count(@message), min(d)",
    "stats min(c) as l, count(*) as n by a",
    "filter ispresent(a) | stats max(c), count(b)",
    "fields c as a | stats max(a), count(a)",
    "stats max(k) as k, count(d.k) as n, count(d) as m",
]


def answers(logs: Any, window: tuple[int, int] | None) -> list[Any]:
    start, end = window or (None, None)
    found: list[Any] = []
    for query in QUERIES:
        try:
            answer = logs.query(query, GROUP, start, end)
        except cwnb.errors.MalformedQuery as error:  # of lists and maps
            found.append((query, str(error)))
            continue
        frame = answer.df
        shown = [str(kind) for kind in frame.dtypes], frame.map(repr).to_numpy().tolist()
        found.append((query, shown, answer.warnings))
    return found


# A store a question takes too long to shrink what fails.
@settings(deadline=None, max_examples=25, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    EVENTS,
    st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=4),
    st.one_of(st.none(), st.tuples(st.integers(-1, 12), st.integers(3, 30))),
    st.booleans(),
)
@example([{"b": 0.0}, {"b": -0.0}], [], None, True)
@example([{"c": 1}] * 12 + [{"d": 2**53 + 1}], [(6, True), (7, True)], (0, 9), False)
def test_facts_and_events_give_one_answer(
    documents: list[dict[str, Any]],
    cuts: list[tuple[int, bool]],
    window: tuple[int, int] | None,
    compacted: bool,
) -> None:
    events = [(START_MS + 2 * n, json.dumps(one)) for n, one in enumerate(documents)]
    asked = None if window is None else (START_MS + window[0], START_MS + sum(window))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "store"
        with cwnb.open(path, encryption="none") as logs:
            put_in_batches(logs, GROUP, events, [*cuts, (9, True)], compacted=compacted)
        with cwnb.open(path) as logs:
            by_facts = answers(logs, asked)
        patch.setattr(Batch, "summary", lambda *_: None)
        patch.setattr(joining, "_suffice", lambda *_: False)
        with cwnb.open(path) as logs:
            assert answers(logs, asked) == by_facts


@pytest.fixture
def logs(tmp_path: Path) -> Any:
    with cwnb.open(tmp_path / "store") as held:
        events = [
            (START_MS + n, json.dumps({"i": n % 97 - 5, "x": n / 4 + 1, "t": "x"}))
            for n in range(300_000)
        ]
        held.put(GROUP, "s", events)
        held.flush(GROUP)
        yield held


def test_facts_answer_without_reading(logs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a column was read")

    monkeypatch.setattr(SegmentReader, "_read_fields", refuse)
    found = logs.query("stats min(i), max(x), count(t), count(*)", GROUP)
    assert found.df.to_numpy().tolist() == [[-5, 75_000.75, 300_000, 300_000]]
    with pytest.raises(AssertionError, match="was read"):
        logs.query("stats max(i)", GROUP, START_MS + 1, START_MS + 299_990)
    assert found.statistics["recordsScanned"] == 300_000


def test_events_outside_of_the_window_do_not_count(logs: Any) -> None:
    found = logs.query("stats max(x), count(t)", GROUP, START_MS, START_MS + 299_999)
    assert found.df.to_numpy().tolist() == [[299_998 / 4 + 1, 299_999]]


def test_frames_with_nan_keep_their_extremes(tmp_path: Path) -> None:
    times = pd.date_range("2026-11-26", periods=4, freq="s", tz="UTC")
    frame = pd.DataFrame(
        {"timestamp": times, "v": [1.5, np.nan, 3.5, np.nan], "w": [np.inf, 1, 2, 3]}
    )
    with cwnb.open(tmp_path / "store") as held:
        held.load(frame, group=GROUP)
        query = "stats min(v), max(v), count(v), max(w), count(w)"
        by_facts = held.query(query, GROUP).df
    with cwnb.open(tmp_path / "store") as held, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Batch, "summary", lambda *_: None)
        pd.testing.assert_frame_equal(held.query(query, GROUP).df, by_facts)
