from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from contents import events, messages
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.errors import (
    InvalidParameter,
    ResourceAlreadyExists,
    ResourceNotFound,
)
from cwnb.events import ALL_TIME, LOG, LOG_STREAM, EventBatch
from cwnb.store import RETENTION_DAYS, Store, event_batch
from cwnb.store.ingest.messages import as_bytes

pytestmark = pytest.mark.usefixtures("quiet")

TIMES = st.integers(0, 253_402_300_799_999)
MESSAGES = st.one_of(
    st.text(st.characters(), min_size=1),  # lone surrogates and NULs among them
    st.binary(min_size=1),
    st.sampled_from(
        [
            "\x00",
            "a\n\n\nb\n",
            "\ud800",
            b"\xff\xfe",
            '{"a": 1}',
            '{"a": "1", "b": [true]}',
            "é",
            " ",
        ]
    ),
)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.tuples(TIMES, MESSAGES), min_size=1, max_size=8), max_size=5),
    st.sets(st.sampled_from(["flush", "compact", "open"])),
    st.sampled_from(["default", "none"]),
)
def test_what_goes_in_comes_out(batches, then, encryption):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store"
        store = Store.open(path, encryption=encryption)
        store.create_group("/g")
        for number, batch in enumerate(batches):
            result = store.put("/g", event_batch(*zip(*batch, strict=True), "s"))
            assert result.accepted == len(batch)
            if number == 2 and "flush" in then:
                store.flush()
        if "flush" in then:
            store.flush("/g")
        if "compact" in then:
            store.compact("/g")
        if "open" in then:
            store.close()
            store = Store.open(path)
        put = [(when, as_bytes(text)) for batch in batches for when, text in batch]
        # Equal times keep the order in which they were put.
        assert events(store, ["/g"]) == sorted(put, key=lambda event: event[0])
        store.close()


def test_a_long_message_and_one_too_long(store):
    longest = "x" * (1 << 20)
    result = store.put("/g", event_batch([1, 2, 3], [longest, longest + "x", "y"], "s"))
    assert (result.accepted, result.refused) == (2, [(1, "larger than 1 MB")])
    store.flush()
    assert messages(store, "/g") == [longest, "y"]


def test_the_store_refuses_with_a_reason(store):
    store.create_group("/g", retention_days=1)
    now = store.clock.now_ms()
    batch = event_batch([now, now - 2 * 86_400_000, now, -1], ["", "old", "new", "x"], "s")
    result = store.put("/g", batch)
    assert result.accepted == 1
    assert result.refused == [
        (0, "empty message"),
        (1, "older than the retention of the group"),
        (3, "time outside the years 1970 to 9999"),
    ]
    assert messages(store, "/g") == ["new"]


def test_streams_of_a_batch(store):
    batch = event_batch([3, 1, 2], ["a", "b", "c"], ["s2", "s1", "s2"])
    store.put("/g", batch)
    store.put("/g", event_batch([9], ["d"], "s1"))
    known = {
        stream.name: (stream.first_ms, stream.last_ms, stream.events)
        for stream in store.streams("/g")
    }
    assert known == {"s1": (1, 9, 2), "s2": (2, 3, 2)}
    store.flush()
    assert events(store, ["/g"], names=[LOG_STREAM, LOG]) == [
        (1, b"b", "s1", "000000000000:/g"),
        (2, b"c", "s2", "000000000000:/g"),
        (3, b"a", "s2", "000000000000:/g"),
        (9, b"d", "s1", "000000000000:/g"),
    ]


def test_arrow_arrays_of_any_text_type(store):
    for number, kind in enumerate([pa.string(), pa.large_string(), pa.binary(), pa.large_binary()]):
        text = pa.chunked_array([pa.array(["a", "é"], kind), pa.array(["c"], kind)])
        store.put("/g", EventBatch(np.arange(3) + 3 * number, "s", text))
    assert messages(store, "/g") == ["a", "é", "c"] * 4


@pytest.mark.parametrize("name", ["", "a b", "ä", "a" * 513, "aws/x", "a:b", "../\x00", None])
def test_group_names_that_the_service_refuses(store, name):
    with pytest.raises(InvalidParameter):
        store.create_group(name)
    with pytest.raises(InvalidParameter):
        store.put(name, event_batch([1], ["x"], "s"))


@pytest.mark.parametrize("name", ["", "a:b", "a*", "a" * 513, "\ud800"])
def test_stream_names_that_the_service_refuses(store, name):
    with pytest.raises(InvalidParameter):
        store.put("/g", event_batch([1], ["x"], name))


def test_odd_names_stay_inside_the_folder(store, tmp_path):
    odd = ["../../up", "/", "..", ".", "/aws/lambda/x", "A/b", "a/B", "#", "x" * 512, "con"]
    for name in odd:
        store.put(name, event_batch([1], [f"in {name}"], "../stream/\x01 é"))
    store.flush()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    assert [group.name for group in store.groups()] == sorted(odd)
    for name in odd:
        assert messages(store, name) == [f"in {name}"]
    folders = {path.name for path in (tmp_path / "store" / "segments").iterdir()}
    assert all(folder.isdigit() for folder in folders)


def test_group_names_are_case_sensitive(store):
    store.put("/Shop", event_batch([1], ["upper"], "s"))
    store.put("/shop", event_batch([1], ["lower"], "S"))
    assert (messages(store, "/Shop"), messages(store, "/shop")) == (["upper"], ["lower"])


def test_groups_are_made_and_told_and_deleted(store):
    store.create_group("/a", retention_days=7, log_type="vpc-flow")
    with pytest.raises(ResourceAlreadyExists):
        store.create_group("/a")
    assert store.groups()[0].retention_days == 7
    store.put("/a", event_batch([store.clock.now_ms()], ["x"], "s"))
    store.flush()
    store.delete_group("/a")
    assert store.groups() == []
    assert not store.has_group("/a")
    with pytest.raises(ResourceNotFound):
        store.delete_group("/a")
    store.put("/a", event_batch([5], ["again"], "s"))
    assert messages(store, "/a") == ["again"]
    assert [stream.events for stream in store.streams("/a")] == [1]


def test_a_put_into_a_group_that_somebody_else_deleted(store, tmp_path):
    store.put("/a", event_batch([5], ["before"], "s"))
    with Store.open(tmp_path / "store") as other:
        other.delete_group("/a")
    store.put("/a", event_batch([5], ["after"], "s"))
    assert messages(store, "/a") == ["after"]


def test_unknown_names_come_with_the_nearest(store):
    store.create_group("/shop/web")
    store.create_group("/shop/app")
    assert store.match_groups(["/shop/*"]) == ["/shop/app", "/shop/web"]
    assert store.match_groups(["/shop/web", "*"]) == ["/shop/web", "/shop/app"]
    with pytest.raises(ResourceNotFound, match="did you mean '/shop/web'"):
        store.match_groups(["/shop/wep"])
    with pytest.raises(ResourceNotFound, match=r"matches '/none/\*'"):
        store.match_groups(["/none/*"])
    with pytest.raises(ResourceNotFound):
        store.snapshot(["/nothing"])


def test_retention_takes_the_values_of_the_service(store):
    store.create_group("/g")
    for days in (*RETENTION_DAYS, None):
        store.set_retention("/g", days)
        assert store.groups()[0].retention_days == days
    for days in (0, 2, -1, 3654, True, 1.5):
        with pytest.raises(InvalidParameter):
            store.set_retention("/g", days)


def test_a_group_tells_what_it_holds(store):
    store.put("/g", event_batch([5, 3], ["abc", "é"], "s"))
    store.flush()
    store.put("/g", event_batch([9], ["x"], "s"))
    (group,) = store.groups()
    told = dataclasses.asdict(group)
    told.pop("created_ms")
    assert told == {
        "id": 1,
        "name": "/g",
        "retention_days": None,
        "log_type": None,
        "log_class": "STANDARD",
        "tags": {},
        "events": 3,
        "stored_bytes": 6,
        "first_ms": 3,
        "last_ms": 9,
        "segments": 1,
        "recent_batches": 1,
    }


def test_a_snapshot_sees_one_moment(store):
    store.put("/g", event_batch([1], ["before"], "s"))
    snapshot = store.snapshot(["/g"])
    store.put("/g", event_batch([2], ["after"], "s"))
    store.flush()
    store.compact()
    tasks = snapshot.scan([], ALL_TIME, []).tasks
    assert [task.rows for task in tasks] == [1]
    assert tasks[0].open().columns(["@message"])["@message"].to_pylist() == ["before"]


def test_a_group_named_twice_is_read_once(store):
    store.put("/g", event_batch([1], ["x"], "s"))
    assert messages(store, "/g", "/g") == ["x"]


def test_a_missing_stream_or_message_is_an_error(store):
    time = np.array([1, 2])
    for stream, message in [
        (pa.array(["s", None]), pa.array(["a", "b"])),
        ("s", pa.array(["a", None])),
        (pa.array(["s"]), pa.array(["a", "b"])),
    ]:
        with pytest.raises(ValueError):
            store.put("/g", EventBatch(time, stream, message))
    assert not store.has_group("/g")


def test_a_big_put_is_one_put(store, monkeypatch):
    from cwnb.store.ingest import put

    monkeypatch.setattr(put, "_BATCH_EVENTS", 7)
    streams = [f"s{n % 3}" for n in range(50)]
    texts = [b"\xff" if n == 20 else b"%d" % n for n in range(50)]
    assert store.put("/g", event_batch(range(50), texts, streams)).accepted == 50
    assert store.groups()[0].recent_batches == 8
    wanted = [(n, texts[n], streams[n]) for n in range(50)]
    assert events(store, ["/g"], names=[LOG_STREAM]) == wanted
    store.flush()
    assert events(store, ["/g"], names=[LOG_STREAM]) == wanted
    assert sum(stream.events for stream in store.streams("/g")) == 50
