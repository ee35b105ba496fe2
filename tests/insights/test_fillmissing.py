"""What the tables of cases cannot say of `fillmissing` and `estimate`: windows without events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import cwnb
from cwnb.store.segments.reader import SegmentTask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BINS = "stats count(*) as n, max(ms) as most by bin(1m) as t{} | fillmissing with 0 for n"
EMPTY = {"start": "2026-11-20T10:00:00Z", "end": "2026-11-20T10:02:00Z"}


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[cwnb.Logs]:
    with cwnb.open(tmp_path / "store", encryption="none") as held:
        held.store.set_now(1_795_176_000_000)  # 2026-11-20T12:00Z
        start = 1_795_161_600_000  # 08:00
        events = [(start + i * 1000, f'{{"ms": {i}, "k": "a"}}') for i in range(300)]
        held.put("/g", "s", events)
        held.flush("/g")
        yield held


def test_a_window_without_events_has_its_bins(logs):
    result = logs.query(BINS.format(""), "/g", **EMPTY)
    assert [str(t)[11:16] for t in result.df["t"]] == ["10:01", "10:00"]
    assert result.df["n"].tolist() == [0, 0]
    assert result.df["most"].isna().all()
    assert "there are no events" in result.warnings[0]


def test_without_events_there_are_no_combinations_of_keys(logs):
    assert logs.query(BINS.format(", k"), "/g", **EMPTY).df.empty


def test_an_open_end_is_that_of_the_answer_and_not_of_the_events(logs):
    """A filter may leave out segments, and what is left must not decide about the bins."""
    text = "filter ms >= 60 and ms < 180 | " + BINS.format("")
    assert len(logs.query(text, "/g")) == 2
    assert len(logs.query(text, "/g", start="2026-11-20T07:59:00Z")) == 4
    assert len(logs.query(text, "/g", end="2026-11-20T08:06:00Z")) == 5


@pytest.mark.parametrize("text", ["estimate", "filter ms < 0 | stats count(*) by k | estimate"])
def test_an_estimate_opens_no_segment_and_is_what_a_query_scans(logs, text, monkeypatch):
    scanned = logs.query("fields strlen(@message) as size | stats sum(size)", "/g").statistics

    def opened(_):
        raise AssertionError("a segment was opened")

    monkeypatch.setattr(SegmentTask, "open", opened)
    result = logs.query(text, "/g")
    assert result.df.to_dict("list") == {"estimatedBytes": [scanned["bytesScanned"]]}
    assert (result.statistics["recordsScanned"], result.warnings) == (0, [])
    half = logs.query(text, "/g", end="2026-11-20T08:02:30Z").df["estimatedBytes"][0]
    assert half == pytest.approx(scanned["bytesScanned"] / 2, rel=0.02)
