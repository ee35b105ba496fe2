from __future__ import annotations

import json
import os
import shutil
import stat

import pytest
from contents import events, messages, scan

from cwnb.errors import InvalidParameter, StoreDamaged, StoreKeyMissing
from cwnb.events import INGESTION_TIME, LOG_STREAM
from cwnb.store import LoadRecord, Store, event_batch
from cwnb.store.keys.ring import create_key, ring_file

pytestmark = pytest.mark.usefixtures("quiet")

SECRET = "kumquat-4711"


def fill(store, group="/g"):
    texts = [f'{{"fruit": "{SECRET}", "n": {n}, "price": 271828.25}}' for n in range(500)]
    store.put(group, event_batch(range(500), texts, "s"))
    store.flush(group)
    with store.loading(group) as loading:
        loading.add(event_batch(range(500), texts, "s"))
        loading.commit(LoadRecord("a1b2c3d4", "app.log", "s", 1, 2, 3, f"tail {SECRET}"))
    store.put(group, event_batch(range(500), texts, "s"))


def flip(file, where):
    data = bytearray(file.read_bytes())
    data[where] ^= 1
    file.write_bytes(data)


def test_nothing_of_an_event_is_readable(store, tmp_path):
    fill(store)
    store.field_statistics("/g")
    found = {}
    for file in (tmp_path / "store").rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            found[file.name] = [
                text
                for text in (SECRET, "kumquat", "271828.25", "a1b2c3d4", "tail")
                if text.encode() in data
            ]
    assert any(name.endswith("-wal") for name in found)
    assert not any(found.values()), found


def test_files_are_for_their_owner_alone(tmp_path, run):
    code = """
import os, sys
os.umask(0)
from test_encryption import fill
from cwnb.store import Store
store = Store.open(sys.argv[1])
fill(store)
store.compact()
"""
    run(code + "os._exit(0)", tmp_path / "store")
    ring = ring_file()
    modes = {
        path: stat.S_IMODE(path.stat().st_mode)
        for path in [tmp_path / "store", *(tmp_path / "store").rglob("*"), ring]
    }
    assert {path.suffix for path in modes} >= {".sqlite-wal", ".sqlite-shm", ".parquet", ".json"}
    for path, mode in modes.items():
        assert mode == (0o700 if path.is_dir() else 0o600), path
    assert tmp_path not in ring.parents


@pytest.mark.parametrize("kind", ["fields", "message"])
@pytest.mark.parametrize("part", ["data", "footer", "magic", "cut", "empty"])
def test_a_damaged_segment_is_named(store, tmp_path, kind, part):
    for group in ("/g", "/h"):
        store.put(group, event_batch(range(500), [f'{{"n": {n}}}' for n in range(500)], "s"))
    store.flush()
    (file,) = (tmp_path / "store" / "segments" / "1").glob(f"*.{kind}.parquet")
    size = file.stat().st_size
    if part in {"data", "footer", "magic"}:
        # The first column has the times, or the messages. One that nobody reads is not looked at,
        # and so not found to be damaged.
        flip(file, {"data": 60, "footer": size - 100, "magic": size - 2}[part])
    else:
        os.truncate(file, size // 2 if part == "cut" else 0)
    with pytest.raises(StoreDamaged, match="/g") as caught:
        events(store, ["/g"], names=["n", INGESTION_TIME, LOG_STREAM])
    assert file.name in str(caught.value)
    assert len(events(store, ["/h"], names=["n"])) == 500


def test_a_damaged_file_is_noticed_behind_a_footer_that_was_read_before(store, tmp_path):
    store.put("/g", event_batch(range(500), ["x"] * 500, "s"))
    store.flush()
    assert len(messages(store, "/g")) == 500
    (file,) = (tmp_path / "store").rglob("*.message.parquet")
    flip(file, 40)
    with pytest.raises(StoreDamaged, match=file.name):
        messages(store, "/g")


def test_a_damaged_batch_is_named(store, tmp_path):
    for group in ("/g", "/h"):
        store.put(group, event_batch([1], ["x"], "s"))
    with store.catalog.write() as connection:
        (data,) = connection.execute("SELECT data FROM batches WHERE group_id = 1").fetchone()
        bad = data[:-1] + bytes([data[-1] ^ 1])
        connection.execute("UPDATE batches SET data = ? WHERE group_id = 1", (bad,))
    with pytest.raises(StoreDamaged, match=r"batch 1 of log group '/g'"):
        messages(store, "/g")
    with pytest.raises(StoreDamaged, match=r"batch 1 of log group '/g'"):
        store.flush()
    assert messages(store, "/h") == ["x"]


def test_a_batch_moved_to_another_group_is_noticed(store):
    for group in ("/g", "/h"):
        store.put(group, event_batch([1], [group], "s"))
    with store.catalog.write() as connection:
        connection.execute("UPDATE batches SET group_id = 3 - group_id")
    for group in ("/g", "/h"):
        with pytest.raises(StoreDamaged, match=group):
            messages(store, group)


@pytest.mark.parametrize("read_before", [False, True])
def test_a_segment_renamed_over_another_is_named(store, tmp_path, read_before):
    for number in range(2):
        store.put("/g", event_batch([number], [f"message {number}"], "s"))
        store.flush()
    if read_before:
        messages(store, "/g")
    first, second = sorted((tmp_path / "store").rglob("*.message.parquet"))
    first.replace(second)
    for task in scan(store, "/g").tasks:
        if task.segment.id in second.name:
            reader = task.open()
            with pytest.raises(StoreDamaged, match=second.name):
                reader.columns(["@message"])


def test_a_copied_store_says_which_key_is_missing(store, tmp_path, monkeypatch):
    fill(store)
    store.close()
    shutil.copytree(tmp_path / "store", tmp_path / "copy")
    (key_id,) = json.loads(ring_file().read_text())["keys"]
    with Store.open(tmp_path / "copy") as copy:
        assert len(messages(copy, "/g")) == 1500
    monkeypatch.setenv("CWNB_CONFIG_DIR", str(tmp_path / "elsewhere"))
    with pytest.raises(StoreKeyMissing, match=key_id) as caught:
        Store.open(tmp_path / "copy")
    assert str(tmp_path / "elsewhere" / "keys.json") in str(caught.value)


def test_a_damaged_key_ring_is_said(store, monkeypatch, tmp_path):
    store.close()
    folder = tmp_path / "ring"
    folder.mkdir()
    monkeypatch.setenv("CWNB_CONFIG_DIR", str(folder))
    (folder / "keys.json").write_text("{")
    with pytest.raises(StoreKeyMissing, match="damaged"):
        Store.open(tmp_path / "store")


def test_the_ring_moves_with_the_users_configuration(monkeypatch, tmp_path):
    monkeypatch.delenv("CWNB_CONFIG_DIR")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert ring_file() == tmp_path / "cwnb" / "keys.json"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ring_file() == tmp_path / ".config" / "cwnb" / "keys.json"


def test_processes_that_make_keys_at_once_lose_none(start):
    code = """
from cwnb.store.keys.ring import create_key
print(*[create_key("s") for _ in range(20)])
"""
    running = [start(code) for _ in range(3)]
    mine = [create_key("s") for _ in range(20)]
    made = {key for process in running for key in process.communicate()[0].split()} | set(mine)
    assert len(made) == 80
    assert set(json.loads(ring_file().read_text())["keys"]) == made


def test_processes_that_make_one_store_at_once_make_one(start, tmp_path):
    code = """
import sys
from cwnb.store import Store, event_batch
store = Store.open(sys.argv[1])
store.put("/g", event_batch([1], ["x"], "s"))
print(store.context.store_id)
"""
    running = [start(code, tmp_path / "store") for _ in range(4)]
    ids = [process.communicate()[0].strip() for process in running]
    assert len(set(ids)) == 1
    with Store.open(tmp_path / "store") as store:
        assert messages(store, "/g") == ["x"] * 4


def test_encryption_is_chosen_once(store, tmp_path):
    with pytest.raises(InvalidParameter, match="is encrypted"):
        Store.open(tmp_path / "store", encryption="none")
    with pytest.raises(InvalidParameter):
        Store.open(tmp_path / "other", encryption="rot13")
    Store.open(tmp_path / "open", encryption="none").close()
    with Store.open(tmp_path / "open") as opened:
        assert opened.encryption == "none"
    assert store.encryption == "default"
