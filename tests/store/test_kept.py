"""What other rooms keep in a store: records that change by compare and swap, and go with a group."""

from __future__ import annotations

import threading

import pytest

from cwnb.errors import ResourceNotFound, StoreDamaged
from cwnb.store import LoadRecord, Position, Store, event_batch


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "s") as store:
        store.create_group("/a")
        store.create_group("/b")
        yield store


def put(value):
    return lambda old, present: value


def test_a_record_is_there_when_the_store_is_opened_again(store):
    store.change_kept("subscription", "to-bus", put({"pattern": "ERROR"}), group="/a")
    store.change_kept("export", "1", put({"state": "PENDING"}))
    with Store.open(store.path) as again:
        (record,) = again.kept_records("subscription")
        assert (record.name, record.value) == ("to-bus", {"pattern": "ERROR"})
        assert record.group_id == again.group_id("/a")
        assert again.kept_record("export", "1", None).value == {"state": "PENDING"}
        assert again.kept_record("export", "2", None) is None
        assert again.kept_records("exp") == []


def test_a_change_sees_the_newest_position_and_what_is_there(store):
    store.put("/a", event_batch([1], ["x"], "s"))
    seen = []

    def look(old, present):
        seen.append((old, present.position, present.group_id))
        return {"n": 1}

    store.change_kept("f", "x", look, group="/a")
    store.change_kept("f", "x", look, group=store.group_id("/a"))
    assert [old for old, *_ in seen] == [None, {"n": 1}]
    assert {position for _, position, _ in seen} == {store.position()}
    assert {group_id for *_, group_id in seen} == {store.group_id("/a")}


def test_a_change_that_raises_leaves_all_as_it_was(store):
    store.change_kept("f", "x", put({"n": 1}))

    def fail(old, present):
        old["n"] = 2
        raise ValueError

    with pytest.raises(ValueError):
        store.change_kept("f", "x", fail)
    assert store.kept_record("f", "x", None).value == {"n": 1}


def test_a_value_that_was_changed_in_place_is_kept(store):
    store.change_kept("f", "x", put({"n": 1}))

    def add(old, present):
        old["n"] += 1
        return old

    assert store.change_kept("f", "x", add) == {"n": 2}
    assert store.kept_record("f", "x", None).value == {"n": 2}
    assert store.change_kept("f", "x", put(None)) is None
    assert store.kept_records("f") == []


def test_changes_of_several_threads_are_all_there(store):
    def add(old, present):
        return {"n": (old or {"n": 0})["n"] + 1}

    def often():
        for _ in range(20):
            store.change_kept("f", "x", add)

    threads = [threading.Thread(target=often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.kept_record("f", "x", None).value == {"n": 80}


def test_records_go_with_their_group(store):
    store.change_kept("f", "x", put({}), group="/a")
    store.change_kept("f", "y", put({}), group="/b")
    store.change_kept("f", "z", put({}))
    gone = store.group_id("/a")
    store.delete_group("/a")
    store.create_group("/a")
    assert [record.name for record in store.kept_records("f")] == ["z", "y"]
    assert store.change_kept("f", "x", put({"back": True}), group=gone) is None
    assert len(store.kept_records("f")) == 2
    with pytest.raises(ResourceNotFound):
        store.change_kept("f", "x", put({}), group="/c")


def test_a_group_of_which_something_is_kept_is_no_leftover_of_a_failed_load(store):
    with store.loading("/new"):
        store.change_kept("f", "x", put({}), group="/new")
    assert store.has_group("/new")
    with store.loading("/other"):
        pass
    assert not store.has_group("/other")


def test_nothing_of_a_record_can_be_read_without_the_key(tmp_path):
    with Store.open(tmp_path / "s") as store:
        store.change_kept("f", "secret-name", put({"pattern": "secret-term"}))
    for path in (tmp_path / "s").rglob("*"):
        if path.is_file():
            assert b"secret" not in path.read_bytes(), path


def test_a_record_that_was_changed_is_damaged(tmp_path):
    with Store.open(tmp_path / "s") as store:
        store.change_kept("f", "x", put({"n": 1}))
        store.change_kept("f", "y", put({"n": 2}))
        with store.catalog.write() as connection:
            rows = dict(connection.execute("SELECT key, value FROM meta WHERE key LIKE 'kept/%'"))
            first, second = rows
            for key, value in ((first, rows[second]), (second, rows[first])):
                connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
        with pytest.raises(StoreDamaged):
            store.kept_records("f")


def test_events_after_a_position_are_counted_wherever_they_are(store):
    begin = store.position()
    for n in range(3):
        store.put("/a", event_batch([1, 2], ["x", "y"], f"s{n}"))
    store.put("/b", event_batch([1], ["x"], "s"))
    assert store.events_after(begin, ["/a"]) == 6
    middle = store.read_after(begin, ["/a"], limit_rows=3).position
    assert store.events_after(middle, [store.group_id("/a")]) == 3
    store.flush()
    assert store.events_after(middle, ["/a", "/b"]) == 4
    with store.loading("/a") as loading:
        loading.add(event_batch([7], ["z"], "s"))
        loading.commit(LoadRecord("f0", "x", "s", 1, 1, 1, "{}", 1))
    assert store.events_after(middle, ["/a"]) == 4
    assert store.events_after(store.position(), ["/a", "/b"]) == 0


def test_events_of_a_group_by_its_id_are_not_those_of_a_later_one(store):
    store.put("/a", event_batch([1], ["old"], "s"))
    gone = store.group_id("/a")
    store.delete_group("/a")
    store.put("/a", event_batch([1], ["new"], "s"))
    assert len(store.read_after(Position(0, 0), [gone]).events) == 0
    assert len(store.read_after(Position(0, 0), [store.group_id("/a")]).events) == 1
