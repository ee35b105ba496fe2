"""Queries that users save: all of them are sealed, and the service's limits hold."""

from __future__ import annotations

import shutil
from dataclasses import replace

import apsw
import pytest

from cwnb.errors import InvalidParameter, ResourceNotFound, StoreDamaged
from cwnb.store import SavedQuery, Store, history, saved_queries

QUERY = SavedQuery(
    "shop/errors by hour",
    "filter level = {{level}} | stats count(*) by bin(1h)",
    ["/shop/app", "/shop/*"],
    {"level": "ERROR"},
    1_700_000_000_000,
)


@pytest.mark.parametrize("encryption", ["default", "none"])
def test_a_saved_query_is_there_when_the_store_is_opened_again(tmp_path, encryption):
    with Store.open(tmp_path / "s", encryption=encryption) as store:
        assert store.saved_queries() == []
        store.save_query(QUERY)
        store.save_query(SavedQuery("a", "fields @message"))
        store.save_query(SavedQuery("a", "fields @timestamp"))
    with Store.open(tmp_path / "s") as store:
        assert store.saved_queries() == [SavedQuery("a", "fields @timestamp"), QUERY]
        assert store.saved_query(QUERY.name) == QUERY
        store.delete_query("a")
        assert [query.name for query in store.saved_queries()] == [QUERY.name]
        with pytest.raises(ResourceNotFound, match="did you mean 'shop/errors by hour'"):
            store.delete_query("shop/error by hour")


def test_nothing_of_a_saved_query_can_be_read_without_the_key(tmp_path):
    with Store.open(tmp_path / "s") as store:
        store.save_query(QUERY)
    stored = b"".join(file.read_bytes() for file in (tmp_path / "s").iterdir() if file.is_file())
    for word in (b"errors by hour", b"stats count", b"/shop/app", b"level"):
        assert word not in stored


@pytest.mark.parametrize("encryption", ["default", "none"])
@pytest.mark.parametrize("change", ["a bit", "swapped", "a text"])
def test_a_record_that_was_changed_is_damaged(tmp_path, encryption, change):
    with Store.open(tmp_path / "s", encryption=encryption) as store:
        store.save_query(QUERY)
        store.save_query(SavedQuery("a", "fields @message"))
    connection = apsw.Connection(str(tmp_path / "s" / "catalog.sqlite"))
    (one, first), (two, second) = connection.execute(
        "SELECT key, value FROM meta WHERE key LIKE 'saved/%'"
    ).fetchall()
    write = "UPDATE meta SET value = ? WHERE key = ?"
    if change == "a bit":
        connection.execute(write, (bytes([first[0] ^ 1]) + first[1:], one))
    elif change == "a text":
        connection.execute(write, ("no bytes", one))
    else:
        connection.execute(write, (first, two))
        connection.execute(write, (second, one))
    connection.close()
    with Store.open(tmp_path / "s") as store, pytest.raises(StoreDamaged):
        store.saved_queries()


REFUSED = [
    ({"name": ""}, "1 to 255 characters"),
    ({"name": "x" * 256}, "1 to 255 characters"),
    ({"name": " a"}, "no space at its ends"),
    ({"name": "a\nb"}, "no control characters"),
    ({"text": "  "}, "1 to 10,000 characters"),
    ({"text": "x" * 10_001}, "1 to 10,000 characters"),
    ({"parameters": {"other": 1}}, "write {{other}}"),
    ({"parameters": {"not a name": 1}}, "no name of a parameter"),
    ({"parameters": {f"p{n}": n for n in range(21)}}, "at most 20 parameters"),
    ({"parameters": {"level": object()}}, "texts, numbers"),
]


@pytest.mark.parametrize(("values", "said"), REFUSED)
def test_what_the_service_would_refuse_is_refused(tmp_path, values, said):
    with Store.open(tmp_path / "s", encryption="none") as store:
        with pytest.raises(InvalidParameter, match=said.replace("{", r"\{")):
            store.save_query(replace(QUERY, **values))
        assert store.saved_queries() == []


def test_a_store_keeps_so_many(tmp_path, monkeypatch):
    monkeypatch.setattr(saved_queries, "MOST_QUERIES", 2)
    with Store.open(tmp_path / "s", encryption="none") as store:
        for name in ("a", "b"):
            store.save_query(SavedQuery(name, "fields @message"))
        store.save_query(SavedQuery("a", "fields @timestamp"))
        with pytest.raises(InvalidParameter, match="at most 2"):
            store.save_query(SavedQuery("c", "fields @message"))


def test_a_copy_has_them_too(tmp_path):
    with Store.open(tmp_path / "s", encryption="none") as store:
        store.save_query(QUERY)
    shutil.copytree(tmp_path / "s", tmp_path / "copy")
    with Store.open(tmp_path / "copy") as store:
        assert store.saved_queries() == [QUERY]


@pytest.mark.parametrize("encryption", ["default", "none"])
def test_the_newest_records_of_the_history_are_kept(tmp_path, monkeypatch, encryption):
    monkeypatch.setattr(history, "MOST_RECORDS", 3)
    with Store.open(tmp_path / "s", encryption=encryption) as store:
        assert store.history() == []
        assert [store.add_to_history(b"asked %d" % n) for n in range(5)] == [1, 2, 3, 4, 5]
    with Store.open(tmp_path / "s") as store:
        assert store.history() == [(3, b"asked 2"), (4, b"asked 3"), (5, b"asked 4")]
        monkeypatch.setattr("getpass.getuser", lambda: "another")
        assert store.history() == []
        assert store.add_to_history(b"mine") == 1
        assert store.saved_queries() == []
