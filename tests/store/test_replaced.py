"""A store that is moved, removed or replaced under an open object, and copies of one store."""

from __future__ import annotations

import pickle
import shutil

import pytest
from contents import events, messages, scan

from cwnb.errors import NotAStore, StoreError
from cwnb.store import Store, event_batch

pytestmark = pytest.mark.usefixtures("quiet")


def moved(path, other):
    path.rename(path.with_name("elsewhere"))


def removed(path, other):
    shutil.rmtree(path)


def replaced(path, other):
    path.rename(path.with_name("elsewhere"))
    other.rename(path)


def removed_and_made_again(path, other):
    shutil.rmtree(path)
    Store.open(path).close()


def put_back(path, other):
    shutil.copytree(path, path.with_name("backup"))
    shutil.rmtree(path)
    path.with_name("backup").rename(path)


def linked(path, other):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(other)


def load(store):
    with store.loading("/g") as loading:
        loading.add(event_batch([1], ["lost"], "s"))
        loading.commit()


WRITES = {
    "put": lambda store: store.put("/g", event_batch([1], ["lost"], "s")),
    "load": load,
    "flush": lambda store: store.flush("/g"),
    "compact": lambda store: store.compact("/g"),
    "sweep": lambda store: store.sweep("/g"),
    "create_group": lambda store: store.create_group("/lost"),
    "delete_group": lambda store: store.delete_group("/g"),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "change", [moved, removed, replaced, removed_and_made_again, put_back, linked]
)
def test_nothing_is_acknowledged_that_nobody_would_see(store, tmp_path, change, write):
    with Store.open(tmp_path / "other") as other:
        other.put("/g", event_batch([1], ["other's"], "s"))
        other.flush()
    store.put("/g", event_batch([1], ["mine"], "s"))
    change(tmp_path / "store", tmp_path / "other")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.parquet")}
    error = NotAStore if change in {moved, removed} else StoreError
    with pytest.raises(error, match=r"is gone: it has been moved|has been replaced by another"):
        WRITES[write](store)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*.parquet")} == before


def test_an_object_goes_on_where_its_store_comes_back(store, tmp_path):
    store.put("/g", event_batch([1], ["before"], "s"))
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    with pytest.raises(NotAStore):
        store.put("/g", event_batch([2], ["lost"], "s"))
    (tmp_path / "elsewhere").rename(tmp_path / "store")
    store.put("/g", event_batch([3], ["after"], "s"))
    assert messages(store, "/g") == ["before", "after"]


def test_a_link_to_a_store_is_as_good_as_the_store(store, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "store")
    with Store.open(tmp_path / "link") as linked_to:
        linked_to.put("/g", event_batch([1], ["x"], "s"))
        linked_to.flush()
    assert messages(store, "/g") == ["x"]


def test_a_task_of_a_replaced_store_reads_no_other(store, tmp_path):
    store.put("/g", event_batch([1], ["mine"], "s"))
    (task,) = map(pickle.dumps, scan(store, "/g").tasks)
    assert pickle.loads(task).open().columns(["@message"])["@message"].to_pylist() == ["mine"]
    removed_and_made_again(tmp_path / "store", None)
    with pytest.raises(StoreError, match="has been replaced by another one"):
        pickle.loads(task)


def test_copies_in_one_process_do_not_answer_for_each_other(store, tmp_path):
    """What is wrong with one of them is not hidden by what was read of the other."""
    store.put("/g", event_batch(range(3), [f'{{"n": {n}}}' for n in range(3)], "s"))
    store.flush()
    assert events(store, ["/g"], names=["n"])[0][-1] == 0
    scan(store, "/g", ("n", ">", [1]))
    shutil.copytree(tmp_path / "store", tmp_path / "copy")
    with Store.open(tmp_path / "copy") as copy:
        with copy.catalog.write() as connection:
            connection.execute("UPDATE segments SET rows = 4")
        with pytest.raises(StoreError, match="table 'segments' of the catalog is damaged"):
            messages(copy, "/g")
    assert len(messages(store, "/g")) == 3


@pytest.mark.parametrize("in_place", [False, True])
def test_a_backup_that_is_put_back_is_read_and_not_what_came_after_it(tmp_path, in_place):
    path, backup = tmp_path / "store", tmp_path / "backup"
    with Store.open(path) as store:
        store.put("/g", event_batch([1], ["before"], "s"))
    shutil.copytree(path, backup)
    with Store.open(path) as store:
        store.put("/g", event_batch([2], ["gone with the old store"], "s"))
        assert messages(store, "/g") == ["before", "gone with the old store"]
    if not in_place:
        shutil.rmtree(path)
    shutil.copytree(backup, path, dirs_exist_ok=in_place)
    with Store.open(path) as store:
        store.put("/g", event_batch([2], ["after"], "s"))
        assert messages(store, "/g") == ["before", "after"]
