from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from contents import between, events, messages, scan, task_events

from cwnb.errors import StoreDamaged
from cwnb.events import EventBatch
from cwnb.store import LoadRecord, Store, event_batch
from cwnb.store import discovery as fields
from cwnb.store.discovery import shapes
from cwnb.store.segments import facts as segments
from cwnb.store.segments import writer as writing

pytestmark = pytest.mark.usefixtures("quiet")

RECORD = LoadRecord("f0", "app.log", "s", 10, 4, 4, "tail")


@pytest.fixture
def small(monkeypatch):
    """Make everything small, so that a few hundred events fill many row groups and segments."""
    from cwnb.store.ingest import load as loading
    from cwnb.store.maintenance import compaction
    from cwnb.store.segments import message_file
    from cwnb.store.segments import reader as reading

    for module in (segments, writing, compaction, reading, message_file):
        monkeypatch.setattr(module, "MESSAGE_GROUP", 8, raising=False)
        monkeypatch.setattr(module, "FIELDS_GROUP", 24, raising=False)
    monkeypatch.setattr(message_file, "_HOLD_ROWS", 16)
    monkeypatch.setattr(loading, "_BLOCK_ROWS", 10)
    monkeypatch.setattr(loading, "MAX_ROWS", 100)


def load(store, group, times, texts=None, **more):
    texts = texts or [f'{{"n": {when}, "half": {when / 2}}}' for when in times]
    with store.loading(group) as loading:
        loading.add(event_batch(times, texts, "s"))
        loading.commit(RECORD, **more)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("kind", ["sorted", "nearly", "backwards", "shuffled", "all equal"])
def test_segments_are_sorted_however_events_come(store, kind):
    random = np.random.default_rng(1)
    times = {
        "sorted": np.arange(350),
        "nearly": np.arange(350) + random.integers(0, 5, 350),
        "backwards": np.arange(350)[::-1],
        "shuffled": random.permutation(350),
        "all equal": np.zeros(350, int),
    }[kind].tolist()
    texts = [f'{{"n": {number}}}' for number in range(350)]
    load(store, "/g", times, texts)
    assert store.groups()[0].segments == 4
    wanted = sorted(
        (
            (when, text.encode(), number)
            for number, (when, text) in enumerate(zip(times, texts, strict=True))
        ),
        key=lambda event: (event[0], event[2]),
    )
    assert events(store, ["/g"], names=["n"]) == wanted
    for task in scan(store, "/g").tasks:
        times_of_task = [when for _, when, *_ in task_events(task)]
        assert times_of_task == sorted(times_of_task)
    store.compact()
    assert events(store, ["/g"], names=["n"]) == wanted


@pytest.mark.usefixtures("small")
def test_a_window_cuts_row_groups(store):
    load(store, "/g", list(range(0, 3000, 10)))
    store.put("/g", event_batch(range(5, 2000, 100), ["recent"] * 20, "s"))
    whole = events(store, ["/g"], names=["n"])
    for start, end in [(0, 10), (95, 1205), (1200, 1200), (2990, 9999), (-5, 1), (400, 640)]:
        window = between(start, end)
        inside = [event for event in whole if start <= event[0] < end]
        assert events(store, ["/g"], window, ["n"]) == inside
        made = scan(store, "/g", window=window)
        assert made.skipped_rows + sum(task.rows for task in made.tasks) == 320


@pytest.mark.usefixtures("small")
def test_take_reads_these_rows_and_little_more(store):
    load(store, "/g", list(range(100)))
    store.put("/g", event_batch(range(100), [f"recent {n}" for n in range(100)], "s"))
    for task in scan(store, "/g", window=between(3, 90)).tasks:
        reader = task.open()
        everything = reader.columns(["@message", "@timestamp", "n", "@raw", "@ptr"])
        for rows in ([], [0], [reader.rows - 1], [0, 5, 6, reader.rows - 1]):
            taken = task.open().take(list(everything), np.array(rows, np.int64))
            for name, column in everything.items():
                assert taken[name].to_pylist() == [column[row].as_py() for row in rows], name
    (*_, first) = [task for task in scan(store, "/g").tasks if hasattr(task, "segment")]
    one, all_of_it = first.open(), first.open()
    one.take(["@message"], np.array([0]))
    all_of_it.columns(["@message"])
    assert one.bytes_read < all_of_it.bytes_read


def test_tasks_are_newest_first_and_open_elsewhere(store, run, tmp_path):
    store.put("/g", event_batch([1, 2], ['{"a": 1}', "x"], "s"))
    store.flush()
    store.put("/g", event_batch([7, 8], ['{"a": 3}', "y"], "s"))
    tasks = scan(store, "/g").tasks
    assert [task.last_ms for task in tasks] == [8, 2]
    (tmp_path / "tasks").write_bytes(pickle.dumps(tasks))
    code = """
import pickle, sys
for task in pickle.load(open(sys.argv[1], "rb")):
    reader = task.open()
    print(reader.columns(["a", "@message"]) and reader.columns(["a"])["a"].to_pylist())
"""
    assert run(code, tmp_path / "tasks").splitlines() == ["[3, None]", "[1, None]"]


def test_conditions_leave_out_whole_segments(store):
    for first in (0, 100, 200):
        load(store, "/g", list(range(first, first + 10)))
    load(store, "/g", [300], ['{"n": "text", "s": "x"}'])

    def rows(*conditions):
        made = scan(store, "/g", *conditions)
        left = sum(task.rows for task in made.tasks)
        assert made.skipped_rows == 31 - left
        return left

    assert rows(("n", "=", (105,))) == 11  # a text may look like a number
    assert rows(("n", "=", ("105",))) == 11
    assert rows(("n", "in", (5, "205.0"))) == 21
    assert rows(("n", ">", (150,))) == 11
    assert rows(("n", "<=", (0,))) == 11
    assert rows(("n", "<", (0,))) == 1
    assert rows(("n", "=", (True,))) == 31
    assert rows(("n", "=", ("abc",))) == 31
    assert rows(("n", "=", (10**30,))) == 1
    assert rows(("half", ">=", (104.5,))) == 10
    assert rows(("half", "=", ("1.04e2",))) == 10
    assert rows(("s", "=", ("x",))) == 1
    assert rows(("half", "present", ())) == 30
    assert rows(("none", "present", ())) == 0
    assert rows(("n", ">", (150,)), ("n", "<", (203,))) == 11
    assert rows(("@logStream", "=", ("s",))) == 31
    assert rows(("@logStream", "in", ("other", "another"))) == 0
    assert rows(("@logStream", "=", ("5",))) == 31  # as a number it could equal another text
    assert rows(("@log", "=", ("000000000000:/h",))) == 0
    assert rows(("@message", "=", ("x",))) == 31


def test_fields_are_known_before_files_are_opened(store):
    load(store, "/g", [1], ['{"a": 1, "b": {"c": "x"}}'])
    store.put("/g", event_batch([2], ['{"d": true}'], "s"))
    snapshot = store.snapshot(["/g"])
    assert snapshot.field_names() == {"a", "b.c", "d"}
    assert snapshot.has_field("b.c")
    assert snapshot.has_field("@message")
    assert not snapshot.has_field("b")


def test_rare_fields_are_found_where_they_are_kept(store):
    texts = [f'{{"common": {n}, "rare{n}": "v{n}"}}' for n in range(700)]
    load(store, "/g", list(range(700)), texts)
    snapshot = store.snapshot(["/g"])
    assert "common" in snapshot.field_names()
    assert len(snapshot.field_names()) == 701
    assert not snapshot.has_field("rare700")
    assert snapshot.has_field("rare699")
    found = [event for event in events(store, ["/g"], names=["rare699"]) if event[2]]
    assert found == [(699, texts[699].encode(), "v699")]
    assert scan(store, "/g", ("rare699", "present", ())).skipped_rows == 0
    store.compact()
    known = {field.name: field for field in store.field_statistics("/g")}
    assert len(known) == 701
    assert (known["rare3"].events, known["rare3"].examples) == (1, ["v3"])


def test_fields_of_an_older_discovery_are_found_again(store, monkeypatch):
    load(store, "/g", [1, 2], ['{"a": 1}', '{"b": 2}'])
    monkeypatch.setattr(fields, "VERSION", fields.VERSION + 1)
    snapshot = store.snapshot(["/g"])
    assert snapshot.has_field("whatever")
    assert scan(store, "/g", ("whatever", "present", ())).skipped_rows == 0
    assert events(store, ["/g"], names=["b"]) == [(1, b'{"a": 1}', None), (2, b'{"b": 2}', 2)]
    assert [field.name for field in store.field_statistics("/g")] == ["a", "b"]
    before = snapshot.groups[0].segments[0]
    store.compact()
    after = store.snapshot(["/g"]).groups[0].segments[0]
    assert (before.discovery + 1, before.columns) == (after.discovery, after.columns)


def test_fields_of_lambda_lines_are_found_again_in_segments_of_the_version_before(
    store, monkeypatch
):
    line = "2026-11-20T08:00:00.000Z 3b1d0a52-5c2e-4f0e-9d57-2a6c1b7f8e90 Task timed out\n\n"
    for group in ("/aws/lambda/f", "/web"):
        with monkeypatch.context() as before:
            before.setattr(fields, "_OF_LOG_TYPE", {})
            before.setattr(shapes, "_TIMED_ID", shapes._NAMED_ID)
            load(store, group, [1, 2], [line, '{"a": 1}'])
        (segment,) = store.snapshot([group]).groups[0].segments
        assert segment.is_stale == (group != "/web")
        assert "@requestId" not in segment.columns
    store.compact()
    asked = (["/aws/lambda/f"], ["/web"])
    assert [[row[2] for row in events(store, one, names=["@requestId"])] for one in asked] == [
        [line[25:61], None],
        [None, None],
    ]


def test_field_statistics(store):
    texts = [f'{{"n": {n}, "s": "v{n % 3}", "t": {n / 4}, "b": true}}' for n in range(90)]
    load(store, "/g", list(range(90)), texts)
    store.put("/g", event_batch(range(10), ['{"n": "x"}'] * 10, "s"))
    known = {field.name: field for field in store.field_statistics("/g")}
    assert [field.name for field in store.field_statistics("/g")] == ["n", "b", "s", "t"]
    n, s = known["n"], known["s"]
    assert (n.events, n.share, n.types, n.conflicts) == (
        100,
        1.0,
        {"text": 10, "integer": 90},
        True,
    )
    assert (s.events, s.share, s.types, s.distinct) == (90, 0.9, {"text": 90}, 3)
    assert sorted(s.examples) == ["v0", "v1", "v2"]
    assert known["t"].types == {"number": 90}
    assert known["b"].types == {"boolean": 90}
    assert known["t"].distinct == 90


@pytest.mark.usefixtures("small")
def test_a_load_is_all_or_nothing(store, tmp_path):
    def files():
        return sorted((tmp_path / "store" / "segments").rglob("*.parquet"))

    def interrupted():
        with store.loading("/g") as loading:
            loading.add(event_batch(range(250), ["x"] * 250, "s"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with store.loading("/g") as loading:
        loading.add(event_batch(range(250), ["x"] * 250, "s"))
    assert files() == []
    assert store.load_records("/g") == []
    assert store.groups() == []
    load(store, "/g", list(range(250)))
    assert len(messages(store, "/g")) == 250
    assert store.groups()[0].segments == 3
    assert len(files()) == 6
    (stream,) = store.streams("/g")
    assert (stream.first_ms, stream.last_ms, stream.events) == (0, 249, 250)


def test_load_records_say_what_was_given(store):
    load(store, "/g", [1])
    (record,) = store.load_records("/g")
    assert record == replace(RECORD, loaded_ms=record.loaded_ms, spans=((1, 1),))
    assert store.load_records("/none") == []


def test_a_load_takes_what_the_caller_discovered(store):
    texts = pa.array(['{"a": 1}', "x", '{"a": 2.5}'])
    with store.loading("/g") as loading:
        loading.add(EventBatch(np.arange(3), "s", texts, fields.discover(texts)))
        loading.commit(RECORD)
    assert [event[2] for event in events(store, ["/g"], names=["a"])] == [1.0, None, 2.5]


def test_an_open_store_is_parquet_that_anyone_reads(tmp_path):
    import pyarrow.parquet as pq

    with Store.open(tmp_path / "open", encryption="none") as store:
        load(store, "/g", [1, 2])
        (file,) = (tmp_path / "open").rglob("*.fields.parquet")
        assert pq.read_table(file)["n"].to_pylist() == [1, 2]
        assert len(messages(store, "/g")) == 2
        other = next((tmp_path / "open").rglob("*.message.parquet"))
        file.write_bytes(other.read_bytes())
        segment = store.snapshot(["/g"]).groups[0].segments[0]
        assert segment.id in file.name
        with pytest.raises(StoreDamaged, match=segment.id):
            events(store, ["/g"], names=["n"])


@pytest.mark.usefixtures("small")
def test_field_statistics_beyond_the_sample(store, monkeypatch):
    from cwnb.store import statistics

    monkeypatch.setattr(statistics, "_SAMPLE_ROWS", 30)
    load(store, "/g", list(range(100)), [f'{{"n": {n}, "old": "x"}}' for n in range(100)])
    load(store, "/g", list(range(100, 300)), [f'{{"n": "v{n}", "k": 1}}' for n in range(200)])
    known = {field.name: field for field in store.field_statistics("/g")}
    assert {name: (field.events, field.types) for name, field in known.items()} == {
        "n": (300, {"text": 200, "integer": 100}),
        "k": (200, {"integer": 200}),
        "old": (100, {"text": 100}),
    }
    assert known["n"].distinct > 200
    assert known["k"].distinct == 1


def test_many_threads_read_one_segment(store):
    from concurrent.futures import ThreadPoolExecutor

    load(store, "/g", list(range(40_000)))
    tasks = scan(store, "/g").tasks * 40

    def total(task):
        columns = task.open().columns(["n", "half", "@message"])
        lengths = sum(map(len, columns["@message"].to_pylist()[::100]))
        return columns["n"].to_numpy().sum(), columns["half"].to_numpy().sum(), lengths

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(total, tasks))) == 1
