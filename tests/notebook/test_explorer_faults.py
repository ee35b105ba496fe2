"""What an explorer says of bad input and of what goes away under it: sentences, no tracebacks."""

from __future__ import annotations

import json
import re
import time

import pytest

import cwnb
from cwnb.errors import StoreKeyMissing
from cwnb.events import FIELDS_PER_EVENT
from cwnb.notebook.widgets.rows import copy
from cwnb.store.keys.ring import ring_file
from cwnb.times import Clock

from .conftest import NOW_MS
from .test_explorer import WAIT_S, names, ran


@pytest.fixture
def on(tmp_path):
    """Give a function that opens an explorer on a new store with these events."""
    with cwnb.open(tmp_path / "odd", clock=Clock(NOW_MS)) as logs:

        def open_on(*messages: str):
            logs.put("/a", "s", [(NOW_MS - 1, message) for message in messages])
            logs.flush()
            explorer = logs.explore("/a")
            explorer.wait(WAIT_S)
            return explorer

        yield open_on


def told(explorer) -> list[str]:
    """Look again at the store, and give all that the explorer says of it."""
    explorer.look_again.click()
    explorer.wait(WAIT_S)
    said = [explorer.names.groups.empty, explorer.names.fields.empty, explorer.answer.says.text]
    for text in said:
        assert not re.search(r"Traceback|Error: |\.py\b", text), text
    return said


def test_a_key_that_is_withdrawn_is_named(on):
    explorer = on('{"n": 1}')
    assert ran(explorer).startswith("1 row ")
    ring = json.loads(ring_file().read_text())
    (key,) = ring["keys"]
    ring_file().write_text(json.dumps({**ring, "keys": {}}))
    # A process keeps a key that it has used for some seconds.
    end = time.monotonic() + WAIT_S
    while ran(explorer) != "not answered":
        assert time.monotonic() < end
        time.sleep(0.2)
    for text in told(explorer):
        assert key in text
    with pytest.raises(StoreKeyMissing, match=key):
        explorer.run()
    ring_file().write_text(json.dumps(ring))
    while not ran(explorer).startswith("1 row "):
        assert time.monotonic() < end
        time.sleep(0.2)
    assert told(explorer)[2] == ""
    assert names(explorer.names.groups) == ["/a"]


def test_a_store_that_is_removed_is_named(on, tmp_path):
    explorer = on('{"n": 1}')
    assert ran(explorer).startswith("1 row ")
    explorer.editor.text = "stats count(*) by n"
    # At once: threads of the store may be writing to it.
    (tmp_path / "odd").rename(tmp_path / "elsewhere")
    assert ran(explorer) == "not answered"
    for text in told(explorer):
        assert str(tmp_path / "odd") in text
    assert explorer.names.groups.items == []
    # The rows that were there stay, and are marked as those of another query.
    assert explorer.answer.rows.is_stale
    assert explorer.answer.rows.answer["rows"] == 1


def test_an_event_with_10_000_fields_is_shown(on):
    fields = {f"c{i:05d}": i for i in range(10_000)}
    explorer = on(json.dumps(fields))
    assert FIELDS_PER_EVENT <= len(explorer.names.fields.items) < len(fields)
    explorer.editor.text = f"fields {', '.join(list(fields)[:900])}"
    assert ran(explorer).startswith("1 row ")
    view = explorer.answer.rows
    answer = view.answer
    assert len(answer["columns"]) < answer["all_columns"] == 900
    opened = view.asked["event"](view, of=answer["number"], row=0).content["fields"]
    assert [field["text"] for field in opened if field["name"] == "c00042"] == ["42"]
    # Where it holds no more, the whole message is there.
    (message,) = [field for field in opened if field["name"] == "@message"]
    assert message["characters"] > len(json.dumps(fields))


def test_a_cell_of_1_mb_is_cut_and_copied_whole(on):
    explorer = on("x" * 1_000_000)
    assert ran(explorer).startswith("1 row ")
    view = explorer.answer.rows
    assert len(bytes(view.first)) < 3_000
    parts = copy(view, view.answer["number"], [0], [1], "text")
    assert b"".join(part for reply in parts for part in reply.buffers) == b"x" * 1_000_000


NO_CHARTS = [
    ("stats latest(word) as last by word", "no chart: .*no column.*numbers|no chart: .*'last'"),
    ("stats count(*) as n", "no chart: cannot draw a single number; group by a field or by bin"),
]


@pytest.mark.parametrize(("text", "said"), NO_CHARTS)
def test_a_chart_that_cannot_be_drawn_is_a_sentence(on, text, said):
    explorer = on('{"word": "one"}', '{"word": "two"}')
    explorer.editor.text = text
    ran(explorer)
    explorer.answer.selected_index = 1
    explorer.answer.chart.wait(WAIT_S)
    assert re.search(said, explorer.answer.chart.says.text), explorer.answer.chart.says.text
    assert explorer.answer.chart.picture.layout.display == "none"
    # The next answer that can be drawn is.
    explorer.editor.text = "stats count(*) as n by word"
    ran(explorer)
    explorer.answer.chart.wait(WAIT_S)
    assert explorer.answer.chart.picture.layout.display == ""


def test_a_field_that_the_query_makes_is_not_taken_for_one_of_the_events(on):
    explorer = on('{"word": "one"}', '{"word": "one"}', '{"word": "two"}')
    explorer.editor.text = "stats count(*) as word by bin(1h)"
    fields = explorer.names.fields
    fields.asked["values"](fields, name="word")
    fields.asked["gesture"](fields, do="keep_only", field="word", place=0)
    explorer.controls.wait_for_end(WAIT_S)
    assert explorer.editor.text == 'filter word = "one"\n| stats count(*) as word by bin(1h)'
    assert [row["word"] for row in explorer.result] == [2]
