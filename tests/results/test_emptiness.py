"""An empty answer says why it is empty, whether the events are recent or in segments."""

from __future__ import annotations

import json
import re

import pytest

import cwnb
from cwnb.results.emptiness import reasons_for_no_rows
from cwnb.times import Clock

NOW_MS = 1_795_172_400_000  # 2026-11-20 11:00 UTC


@pytest.fixture(params=["recent", "in segments"])
def logs(tmp_path, request):
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as opened:
        levels = ["INFO", "ERROR", "INFO"]
        opened.put(
            "/a",
            "s",
            [
                (NOW_MS - 60_000 * (i + 1), json.dumps({"level": levels[i % 3], "ms": i}))
                for i in range(60)
            ],
        )
        opened.create_group("/none")
        if request.param == "in segments":
            opened.flush()
        yield opened


# Query, options, what the reasons say, whatever the state of the events.
EMPTY = [
    ("filter @message like /zz/", {}, "all 60 rows .* dropped by: filter @message like /zz/"),
    ("filter level = 'ERROR' | filter ms + 0 > 99", {}, "all 20 rows .*: filter ms [+] 0 > 99"),
    ("stats count(*) as n by level | filter n > 99", {}, "all 2 rows .*: filter n > 99"),
    ("stats count(*) as n | filter n > 99", {}, "the one row .*: filter n > 99"),
    ("filter ms = 700", {}, "(all 60 rows|none of the 60 events).*ms = 700"),
    ("filter nosuch = 1", {}, "no event has the field 'nosuch'"),
    (
        "fields @message",
        {"start": "2020-01-01", "end": "2020-01-02"},
        "no events from 2020.*they lie from 2026-11-20 10:00",
    ),
    (
        "filter level = 'INFO'",
        {"start": "2026-11-20T10:00:01Z", "end": "2026-11-20T10:00:02Z"},
        "no events from .* they lie",
    ),
    ("fields @message", {"groups": "/none"}, "there are no events to read"),
]


@pytest.mark.parametrize(("text", "options", "said"), EMPTY)
def test_an_empty_answer_says_why(logs, text, options, said):
    result = logs.query(text, **{"groups": "/a"} | options)
    reasons = reasons_for_no_rows(result)
    assert re.search(said, "\n".join(reasons)), reasons
    assert len(reasons) <= 2


def test_an_answer_with_rows_needs_no_reason(logs):
    assert reasons_for_no_rows(logs.query("filter nosuch = 1 or ms = 1", "/a")) == []
