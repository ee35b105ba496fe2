"""Keys that are withdrawn from the ring or replaced while processes are running."""

from __future__ import annotations

import base64
import time

import pytest
from contents import messages
from key_changes import change_ring, replace_key

from cwnb.errors import StoreKeyMissing
from cwnb.logs import Logs
from cwnb.store import Store, event_batch
from cwnb.store.cache import KEY_LIFETIME_S, ShortLived
from cwnb.store.keys import store_key
from cwnb.store.segments import files

pytestmark = pytest.mark.usefixtures("quiet")

RUNNING = """
import sys, time
from cwnb.errors import StoreKeyMissing
from cwnb.logs import Logs
from cwnb.store import Store
logs = Logs(Store.open(sys.argv[1]))
def ask():
    try:
        return str(logs.query("stats count(*) as n", "/g").df["n"].tolist())
    except StoreKeyMissing as error:
        return type(error).__name__
print(ask(), flush=True)
for line in sys.stdin:
    print(ask(), flush=True)
"""


@pytest.fixture
def filled(store):
    store.put("/g", event_batch(range(3), ['{"n": 1}'] * 3, "s"))
    store.flush()
    store.put("/g", event_batch(range(2), ['{"n": 2}'] * 2, "s"))
    return store


@pytest.mark.parametrize("change", [dict.clear, replace_key])
def test_queries_of_all_processes_fail_five_seconds_after_a_key_was_withdrawn(
    filled, start, change
):
    other = start(RUNNING, filled.path, stdin=True)
    assert other.stdout.readline() == "[5]\n"
    mine = Logs(filled)
    assert mine.query("stats count(*) as n", "/g").df["n"].tolist() == [5]
    put_back = change_ring(change)
    withdrawn = time.monotonic()
    while time.monotonic() < withdrawn + 5:
        try:  # whoever asks all the time gets no further than one who asks once
            mine.query("stats count(*) as n", "/g")
        except StoreKeyMissing:
            break
        time.sleep(0.1)
    time.sleep(max(0.0, withdrawn + 5 - time.monotonic()))
    for act in (
        lambda: mine.query("stats count(*) as n", "/g"),
        lambda: mine.query("limit 1", "/g"),
        lambda: filled.put("/g", event_batch([9], ["x"], "s")),
        filled.groups,
        lambda: filled.field_statistics("/g"),
    ):
        with pytest.raises(StoreKeyMissing, match=filled.context.key.key_id):
            act()
    other.stdin.write("again\n")
    other.stdin.flush()
    assert other.stdout.readline() == "StoreKeyMissing\n"
    put_back()
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            assert len(messages(filled, "/g")) == 5
            break
        except StoreKeyMissing:
            time.sleep(0.1)
    assert len(messages(filled, "/g")) == 5


def test_no_key_stays_in_a_process_that_does_nothing(filled):
    assert len(messages(filled, "/g")) == 5
    caches = (store_key._sealers, files._footers, files._open_files)
    assert all(len(cache._cache._items) for cache in caches)
    end = time.monotonic() + 2 * KEY_LIFETIME_S
    while any(len(cache._cache._items) for cache in caches):
        assert time.monotonic() < end, "a key is still there"
        time.sleep(0.05)
    assert len(messages(filled, "/g")) == 5


def test_a_value_goes_after_its_time_however_often_it_is_used(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("cwnb.store.cache.time.monotonic", lambda: now[0])
    cache = ShortLived(10)
    cache.put("a", 1)
    while now[0] < 100.0 + KEY_LIFETIME_S:
        assert cache.get("a") == 1
        now[0] += 0.5
    assert cache.get("a") is None
    assert cache.drop_old() == 0


def test_a_task_in_another_process_fails_too(filled, run, tmp_path):
    import pickle

    from cwnb.events import ALL_TIME

    tasks = filled.snapshot(["/g"]).scan([], ALL_TIME, []).tasks
    (tmp_path / "tasks").write_bytes(pickle.dumps(tasks))
    assert b"store.catalog" not in pickle.dumps(filled.context)
    change_ring(dict.clear)
    code = """
import pickle, sys
from cwnb.errors import StoreKeyMissing
for task in pickle.load(open(sys.argv[1], "rb")):
    try:
        task.open().columns(["@message"])
        print("read")
    except StoreKeyMissing:
        print("missing")
"""
    assert run(code, tmp_path / "tasks").split() == ["missing", "missing"]


def test_a_damaged_key_is_said(filled):
    path = filled.path
    filled.close()
    store_key._sealers._cache._items.clear()
    for bad in ("?", "", base64.b64encode(bytes(31)).decode(), None):
        change_ring(lambda keys, bad=bad: [entry.update(key=bad) for entry in keys.values()])
        with pytest.raises(StoreKeyMissing, match="damaged"):
            Store.open(path)
