"""Lookup tables of a store: kept sealed, listed, replaced, deleted, and of one moment with a query."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

import cwnb
from cwnb.errors import InvalidParameter, ResourceNotFound, StoreDamaged
from cwnb.store import lookups

HOSTS = pd.DataFrame({"id": [1, 2, 3], "owner": ["ann", "bob", None], "share": [0.5, 1.0, None]})


@pytest.fixture(params=["none", "default"])
def logs(request, tmp_path):
    with cwnb.open(tmp_path / "store", encryption=request.param) as held:
        held.put("/web", "s", [("-1m", '{"id": 2}'), ("-2m", '{"id": "3"}'), ("-3m", "none")])
        yield held


def owners(logs):
    found = logs.query(
        "lookup hosts id OUTPUT owner | filter ispresent(owner) | display id, owner", "/web"
    )
    return [tuple(row.values()) for row in found]


def test_a_table_is_kept_and_replaced_and_deleted(logs, tmp_path):
    logs.put_lookup("hosts", HOSTS)
    assert owners(logs) == [("2", "bob")]
    logs.close()
    with cwnb.open(tmp_path / "store") as again:
        listed = again.lookups()
        assert listed[["name", "rows", "columns"]].to_numpy().tolist() == [
            ["hosts", 3, "id, owner, share"]
        ]
        again.put_lookup("hosts", [{"id": 3, "owner": "eve"}])
        assert owners(again) == [("3", "eve")]
        assert again.lookups()["rows"].tolist() == [1]
        with pytest.raises(ResourceNotFound, match="no lookup table 'host'; did you mean 'hosts'"):
            again.delete_lookup("host")
        again.delete_lookup("hosts")
        assert again.lookups().empty
        with pytest.raises(ResourceNotFound, match="there is no lookup table 'hosts'"):
            owners(again)


def test_types_of_a_frame_are_kept_and_a_backup_has_them(logs, tmp_path):
    logs.put_lookup("hosts", HOSTS)
    logs.backup(tmp_path / "copy")
    with cwnb.open(tmp_path / "copy") as copy:
        asked = copy.query(
            "lookup hosts id OUTPUT share | stats sum(share) as s, max(share) as m", "/web"
        )
        assert list(asked) == [{"s": 1.0, "m": 1.0}]


def test_a_csv_file_stays_text_and_empty_cells_are_missing(logs, tmp_path):
    file = tmp_path / "hosts.csv"
    file.write_bytes('\ufeffid,owner\r\n02,"a, ""b"""\n\n2,\n'.encode())
    logs.put_lookup("hosts", file)
    assert logs.lookups()["rows"].tolist() == [2]
    assert owners(logs) == []
    found = logs.query('fields "02" as key | lookup hosts id as key OUTPUT owner | limit 1', "/web")
    assert found.df["owner"].tolist() == ['a, "b"']


BAD_FILES = [
    (b"id,id\n1,2\n", "two columns of .* are called 'id'"),
    (b"id,owner\n1\n", "row 2 of .* has 1 values and the header 2"),
    (b"", "the first line of .* must name each column"),
    (b"id,\n1,2\n", "the first line of .* must name each column"),
    (b"id\n\xff\n", "is not in UTF-8"),
    (b'id\n"a\n', "is no CSV"),
]


@pytest.mark.parametrize(("content", "error"), BAD_FILES)
def test_a_file_that_is_no_table_is_refused(logs, tmp_path, content, error):
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(InvalidParameter, match=error):
        logs.put_lookup("hosts", tmp_path / "bad.csv")
    assert logs.lookups().empty


@pytest.mark.parametrize(
    ("name", "table", "error"),
    [
        ("a b", HOSTS, "the name of a lookup table is 1 to 256 characters"),
        ("", HOSTS, "the name of a lookup table"),
        ("hosts", "/nowhere/hosts.csv", "cannot read the lookup table"),
        ("hosts", 3, "a int is no table"),
        ("hosts", pd.DataFrame(), "needs columns"),
        ("hosts", pd.DataFrame({"a": [[1]]}), "column 'a' of the lookup table holds lists or maps"),
        ("hosts", pd.DataFrame({"a": [dt.timedelta(1)]}), "column 'a'"),
        (
            "hosts",
            pd.DataFrame({"a": ["x" * 1_000_000] * 11}),
            "has 10.5 MB of text; 10 MB is the most",
        ),
    ],
)
def test_what_the_service_would_refuse(logs, name, table, error):
    with pytest.raises(InvalidParameter, match=error):
        logs.put_lookup(name, table)


def test_a_store_keeps_so_many(logs, monkeypatch):
    monkeypatch.setattr(lookups, "MOST_TABLES", 2)
    for name in ("a", "b", "b"):
        logs.put_lookup(name, HOSTS)
    with pytest.raises(InvalidParameter, match="at most 2 lookup tables"):
        logs.put_lookup("c", HOSTS)


def test_a_table_that_was_changed_in_the_file_is_damage(tmp_path):
    with cwnb.open(tmp_path / "store") as logs:
        logs.put("/web", "s", [("-1m", '{"id": 2}')])
        logs.put_lookup("hosts", HOSTS)
        logs.put_lookup("other", HOSTS.assign(owner="zoe"))
        context = logs.store.context
        with context.catalog.write() as connection:
            rows = dict(connection.execute("SELECT key, value FROM meta WHERE key LIKE 'table/%'"))
            assert b"ann" not in b"".join(rows.values())
            (one, other) = rows
            connection.execute("UPDATE meta SET value = ? WHERE key = ?", (rows[other], one))
        name = "hosts" if not reads(logs, "hosts") else "other"
        with pytest.raises(StoreDamaged):
            logs.query(f"lookup {name} id OUTPUT owner", "/web")


def reads(logs, name):
    try:
        logs.query(f"lookup {name} id OUTPUT owner", "/web")
    except StoreDamaged:
        return False
    return True


def test_a_query_has_the_table_of_its_moment(logs):
    logs.put_lookup("hosts", HOSTS)
    running = logs.start(
        "lookup hosts id OUTPUT owner | filter ispresent(owner) | display owner", "/web"
    )
    logs.put_lookup("hosts", HOSTS.assign(owner="later"))
    assert running.result().df["owner"].tolist() == ["bob"]
