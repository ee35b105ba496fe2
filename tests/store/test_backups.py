"""A backup has what was durable at one moment, and is a store of its own."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import apsw
import pytest
from contents import events, messages

from cwnb.errors import InvalidParameter, NotAStore, StoreDamaged, StoreError
from cwnb.store import LoadRecord, Position, Store, event_batch

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture(params=["open", "encrypted"])
def filled(request, tmp_path):
    encryption = {"open": "none", "encrypted": "default"}[request.param]
    with Store.open(tmp_path / "store", encryption=encryption) as store:
        store.create_group("/empty", retention_days=7)
        for number in range(3):
            store.put("/g", event_batch([number], [f'{{"n": {number}}}'], "s"))
            store.flush()
        store.compact()
        store.put("/g", event_batch([9], ["recent"], "s"))
        with store.loading("/loaded") as loading:
            loading.add(event_batch([5], ["loaded"], "file"))
            loading.commit(LoadRecord("f0f0", "/logs/app.log", "file", 10, 1, 1))
        yield store


def all_of(store):
    names = [group.name for group in store.groups()]
    return (
        store.groups(),
        [(events(store, [n], names=["n"]), store.streams(n), store.load_records(n)) for n in names],
        store.read_after(Position(0, 0)),
    )


def names_in(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("link", [False, True])
def test_a_backup_answers_as_the_store_does_and_lives_by_itself(filled, tmp_path, link):
    expected = all_of(filled)
    filled.backup(tmp_path / "new" / "backup", link=link)
    with Store.open(tmp_path / "new" / "backup") as copy:
        assert all_of(copy) == expected
        copy.put("/g", event_batch([10], ["only there"], "s"))
        copy.flush()
        copy.compact()
        copy.sweep()
        assert messages(copy, "/g")[-1] == "only there"
    assert all_of(filled) == expected
    links = {file.stat().st_nlink for file in Path(filled.path).rglob("*.parquet")}
    assert links == ({1, 2} if link else {1})  # files that were replaced are not copied


def test_claims_and_what_is_being_loaded_are_left_out(filled, tmp_path):
    with filled.loading("/half") as loading:
        loading.add(event_batch([1], ["never"], "s"))
        loading._drain(0)
        filled.backup(tmp_path / "backup")
    connection = apsw.Connection(str(tmp_path / "backup" / "catalog.sqlite"))
    for table in ("pending", "pending_inputs", "pending_outputs", "trash"):
        assert connection.execute(f"SELECT count(*) FROM {table}").get == 0
    connection.close()
    assert names_in(tmp_path / "backup") == ["catalog.sqlite", "segments"]
    files = list((tmp_path / "backup").rglob("*.parquet"))
    assert len(files) == 2 * sum(group.segments for group in filled.groups())


WRITING = """
import sys, time
from cwnb.store import Store, event_batch
from cwnb.store.maintenance import background
background._TICK_S = background._COMPACT_S = 0.02
background._WORTH_BATCHES = 5
store = Store.open(sys.argv[1])
number = 0
while True:
    store.put("/g", event_batch([number], [str(number)], "s"))
    number += 1
    if number % 100 == 0:
        store.flush(); store.compact()
    if number == 150:
        print("going", flush=True)
"""


def test_a_backup_while_others_write_has_a_beginning_of_what_they_wrote(start, tmp_path):
    Store.open(tmp_path / "store").close()
    process = start(WRITING, tmp_path / "store")
    assert process.stdout.readline() == "going\n"
    found = []
    with Store.open(tmp_path / "store") as store:
        for number in range(6):
            store.backup(tmp_path / f"backup{number}", link=number % 2 == 0)
            time.sleep(0.05)
    for number in range(6):
        with Store.open(tmp_path / f"backup{number}") as copy:
            texts = messages(copy, "/g")
            assert texts == [str(n) for n in range(len(texts))]
            assert copy.read_after(Position(0, 0)).events["@message"].to_pylist() == texts
            found.append(len(texts))
    assert found == sorted(found)
    assert 150 <= found[0] < found[-1]


def test_a_backup_goes_into_a_new_folder_only(filled, tmp_path):
    (tmp_path / "file").write_text("x")
    for target in ("file", "file/below"):
        with pytest.raises(NotAStore, match="a file is in the way"):
            filled.backup(tmp_path / target)
    with pytest.raises(NotAStore, match="is not empty"):
        filled.backup(tmp_path)
    for target in (filled.path, f"{filled.path}/backup"):
        with pytest.raises(InvalidParameter, match="store itself"):
            filled.backup(target)


def test_a_backup_that_fails_leaves_nothing(filled, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", full)
        with pytest.raises(StoreError, match="no space is left"):
            filled.backup(tmp_path / "backup")
    assert names_in(tmp_path / "backup") == []
    for file in Path(filled.path).rglob("*.parquet"):
        file.unlink()
    with pytest.raises(StoreDamaged, match="is missing"):
        filled.backup(tmp_path / "backup")
    assert names_in(tmp_path / "backup") == []
