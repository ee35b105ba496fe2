"""A field that no event has is said, whatever the group keeps of its rare fields."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import cwnb
from cwnb.times import Clock, to_ms

NOW = to_ms("2026-11-25T08:00Z", 0)
NEAR = "no event has the field 'eventNme'; did you mean 'eventName'?"


def events(count=1000, **rare):
    """Give events with two common fields; the first has the rare ones too."""
    rows = [{"eventName": "Get", "n": n} for n in range(count)]
    rows[0] |= rare
    return [(NOW - n, json.dumps(row)) for n, row in enumerate(rows)]


@pytest.fixture
def logs(tmp_path):
    with cwnb.open(tmp_path / "store", clock=Clock(NOW)) as opened:
        opened.put("/trail", "s", events(errorCode="Denied", nested={"a": 1}))
        opened.put("/other", "s", events(other="x"))
        yield opened


STATES = {
    "recent": lambda _: None,
    "segment": lambda logs: logs.flush(),
    "compacted": lambda logs: (
        logs.flush(), logs.put("/trail", "s", events(late=1)), logs.flush(), logs.compact()
    ),
}  # fmt: skip


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("groups", [["/trail"], ["/trail", "/other"], ["/*"]])
def test_it_is_said_beside_rare_fields_too(logs, groups, state):
    STATES[state](logs)
    result = logs.query('filter eventNme = "x"', groups)
    assert (len(result), result.warnings) == (0, [NEAR])
    assert logs.query("filter errorCde = 1", groups).warnings == [
        "no event has the field 'errorCde'; did you mean 'errorCode'?"
    ]
    for known in ("errorCode", "nested.a", "eventName"):
        answer = logs.query(f"filter ispresent({known}) | limit 1", groups)
        assert (len(answer), answer.warnings) == (1, [])


def test_a_segment_without_the_field_is_not_opened(logs):
    logs.flush()
    result = logs.query('filter other = "x"', ["/trail", "/other"])
    assert len(result) == 1
    assert result.statistics["recordsScanned"] == 1000
    assert result.statistics["estimatedRecordsSkipped"] == 1000


def test_more_rare_fields_than_the_catalog_lists_are_found(logs):
    many = [(NOW - n, json.dumps({f"key{n}-{'x' * 40}": n})) for n in range(2000)]
    logs.put("/many", "s", many)
    logs.flush()
    answer = logs.query(f"filter `key77-{'x' * 40}` = 77", ["/many"])
    assert (len(answer), answer.warnings) == (1, [])
    # Which names are not there cannot be told without reading the events.
    assert logs.query("filter nothing = 77", ["/many"]).warnings == []


@pytest.mark.parametrize("state", ["recent", "segment"])
def test_a_field_that_was_cut_is_said(logs, state):
    wide = {f"f{n}": n for n in range(250)}
    logs.put("/wide", "s", [(NOW, json.dumps(wide)), (NOW, '{"f0": 1, "f249": 5}')] * 2)
    STATES[state](logs)
    lost = "2 events have more than 200 fields, and only the first 200 of each are kept"
    assert logs.query("filter f249 = 249", ["/wide"]).warnings == [
        f"the field 'f249' may be missing: {lost}"
    ]
    (warning,) = logs.query("filter f220 = 220", ["/wide"]).warnings
    assert warning.startswith(f"no event has the field 'f220': {lost}; did you mean")
    assert logs.query("filter f0 = 0", ["/wide"]).warnings == []


def test_a_field_that_was_cut_from_a_message_of_a_frame_is_said():
    wide = json.dumps({f"f{n}": n for n in range(250)})
    result = cwnb.query("filter f249 = 5", pd.DataFrame({"message": [wide, '{"f249": 5}']}))
    assert len(result) == 1
    lost = "1 event has more than 200 fields, and only the first 200 of each are kept"
    assert result.warnings == [f"the field 'f249' may be missing: {lost}"]


def test_rare_fields_of_every_name_are_known(logs):
    names = ["", "a\nb", "é", '"q"', "@x", "a.b", "x y", "\u2028", "n\\n", "\0z", "😀", "\t"]
    for name in names[:6], names[6:]:
        rows = [{"c": n} for n in range(1200)] + [{one: 1} for one in name]
        logs.put("/odd", "s", [(NOW - n, json.dumps(row)) for n, row in enumerate(rows)])
        logs.flush()
    listed = logs.store.snapshot(["/odd"]).field_names()
    assert {"", "a\nb", "é", "a.b", "@@x"} <= listed
    for _ in range(2):
        snapshot = logs.store.snapshot(["/odd"])
        for name in names:
            known = f"@{name}" if name.startswith("@") else name
            assert snapshot.has_field(known), name
        # The names of the segment that has "\0z" are not listed.
        assert "b" not in snapshot.field_names()
        logs.compact()
