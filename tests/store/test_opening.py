from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import stat
import threading
import time

import pytest
from contents import messages

from cwnb.errors import (
    NotAStore,
    ResourceNotFound,
    StoreError,
    StoreTooNew,
)
from cwnb.store import Store, event_batch
from cwnb.times import Clock

pytestmark = pytest.mark.usefixtures("quiet")


def nobody():
    if os.getuid() != 0:
        return None  # an ordinary user already
    return pwd.getpwnam("nobody").pw_uid


def test_a_newer_store_is_said(store, tmp_path):
    with store.catalog.write() as connection:
        connection.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(StoreTooNew, match="update cwnb"):
        Store.open(tmp_path / "store")


@pytest.mark.parametrize("kind", ["file", "folder", "text", "sqlite", "under a file"])
def test_what_is_no_store_is_said_and_left_alone(tmp_path, kind):
    path = tmp_path / "x"
    if kind == "file":
        path.write_text("hello")
    elif kind == "under a file":
        path.write_text("hello")
        path /= "y"
    else:
        path.mkdir()
        if kind == "folder":
            (path / "notes.txt").write_text("hello")
        elif kind == "text":
            (path / "catalog.sqlite").write_text("hello" * 500)
        else:
            with sqlite3.connect(path / "catalog.sqlite") as other:
                other.execute("CREATE TABLE mine (x)")
            other.close()
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    with pytest.raises(NotAStore):
        Store.open(path)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_no_store_is_made_unless_wanted(tmp_path):
    with pytest.raises(ResourceNotFound, match="no store"):
        Store.open(tmp_path / "none", create=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty").mkdir()
    Store.open(tmp_path / "empty").close()
    Store.open(tmp_path / "empty", create=False).close()


def test_a_read_only_folder_can_be_queried_and_no_more(store, tmp_path, run, keys_of_their_own):
    store.put("/g", event_batch([1], ["x"], "s"))
    store.flush()
    store.put("/g", event_batch([2], ["y"], "s"))
    store.close()
    shutil.copytree(keys_of_their_own, tmp_path / "keys")
    for folder in [tmp_path, *tmp_path.parents[:3]]:
        folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    for path in [*tmp_path.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    code = """
import sys, os
os.environ["CWNB_CONFIG_DIR"] = sys.argv[2]
from contents import messages
from cwnb.store import Store, event_batch
store = Store.open(sys.argv[1])
print(messages(store, "/g"), store.groups()[0].events, len(store.field_statistics("/g")))
for act in (
    lambda: store.put("/g", event_batch([1], ["x"], "s")),
    lambda: store.create_group("/h"),
    store.flush, store.compact, store.sweep,
    lambda: Store.open(sys.argv[1] + "/segments/new"),
):
    try:
        act()
    except Exception as error:
        print(type(error).__name__, "may not be written" in str(error))
"""
    out = run(code, tmp_path / "store", tmp_path / "keys", user=nobody())
    for path in tmp_path.rglob("*"):
        path.chmod(0o755)
    assert out.splitlines() == [
        "['x', 'y'] 2 0",
        *["StoreReadOnly True"] * 6,
    ]


def test_a_catalog_that_may_not_be_read_is_said(store, tmp_path, run):
    store.close()
    for folder in [tmp_path, *tmp_path.parents[:3], tmp_path / "store"]:
        folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH | stat.S_IROTH)
    (tmp_path / "store" / "catalog.sqlite").chmod(0)
    code = """
import sys
from cwnb.store import Store
try:
    Store.open(sys.argv[1])
except Exception as error:
    print(type(error).__name__, error)
"""
    out = run(code, tmp_path / "store", user=nobody())
    assert out.startswith("NotAStore")
    assert "cannot be read by this user" in out


def test_a_store_carries_its_own_now(tmp_path):
    with Store.open(tmp_path / "store") as store:
        assert abs(store.clock.now_ms() - time.time() * 1000) < 60_000
        store.set_now(5_000)
    with Store.open(tmp_path / "store") as store:
        assert store.clock == Clock(5_000)
        store.create_group("/g")
        assert store.groups()[0].created_ms == 5_000
    with Store.open(tmp_path / "store", clock=Clock(7)) as store:
        assert store.clock.now_ms() == 7
        store.set_now(None)
        assert store.clock.now_ms() == 7
    with Store.open(tmp_path / "store") as store:
        assert store.clock == Clock(None)


def test_a_closed_store_says_so(store):
    store.close()
    with pytest.raises(StoreError, match="has been closed"):
        store.groups()


def test_threads_share_a_store(store):
    def put(number):
        for count in range(10):
            store.put("/g", event_batch([count], [f"{number} {count}"], "s"))

    threads = [threading.Thread(target=put, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(messages(store, "/g")) == sorted(f"{n} {c}" for n in range(4) for c in range(10))


def test_a_fork_and_its_parent_go_on(store):
    store.put("/g", event_batch([1], ["before"], "s"))
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            store.put("/busy", event_batch([1], ["x"], "s"))

    thread = threading.Thread(target=busy)
    thread.start()
    children = []
    for number in range(5):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                store.put("/g", event_batch([2], [f"child {number}"], "s"))
                store.flush("/g")
                status = 0 if "before" in messages(store, "/g") else 2
            finally:
                os._exit(status)
        children.append(child)
        store.put("/g", event_batch([3], [f"parent {number}"], "s"))
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 5
    stop.set()
    thread.join()
    wanted = ["before", *[f"{who} {n}" for who in ("child", "parent") for n in range(5)]]
    assert sorted(messages(store, "/g")) == sorted(wanted)
    with store.catalog.read() as connection:
        assert connection.execute("PRAGMA integrity_check").get == "ok"


def test_a_process_ends_at_once(run, tmp_path):
    code = """
import sys, time
from cwnb.store import Store, event_batch
from cwnb.store.maintenance import background
background._TICK_S = 0.01
store = Store.open(sys.argv[1])
texts = ['{"n": %d, "s": "x%d"}' % (n, n) for n in range(20_000)]
for n in range(8):
    store.put("/g", event_batch([1] * 20_000, texts, "s"))
print(time.time())
"""
    ended = float(run(code, tmp_path / "store"))
    assert time.time() - ended < 1.5
    with Store.open(tmp_path / "store") as store:
        assert len(messages(store, "/g")) == 160_000
    assert not (tmp_path / "store" / "catalog.sqlite-wal").exists()
