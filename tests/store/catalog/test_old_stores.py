"""Stores that earlier versions made: what is in them, and how they come to this version."""

from __future__ import annotations

import importlib.util
import json
import shutil
import signal
from pathlib import Path

import apsw
import pytest
from contents import events, messages

from cwnb.errors import StoreReadOnly, StoreTooNew
from cwnb.store import Position, Store, event_batch
from cwnb.store.catalog import migrations

pytestmark = pytest.mark.usefixtures("quiet")

STORES = Path(__file__).resolve().parents[2] / "fixtures" / "stores"
VERSIONS = sorted(folder.name for folder in STORES.iterdir() if folder.name.isdigit())
_spec = importlib.util.spec_from_file_location("make_stores", STORES / "make.py")
make = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)


@pytest.fixture(params=VERSIONS)
def version(request):
    return STORES / request.param


@pytest.fixture
def older(version):
    """Leave out versions of which no table changes: what else differs has no step to kill."""
    if set(migrations.STEPS[int(version.name) :]) <= {migrations.marks}:
        pytest.skip("nothing is migrated")


@pytest.fixture(params=["open", "encrypted"])
def old(request, version, tmp_path, monkeypatch):
    """Give a copy of an old store, whose key is in the ring."""
    shutil.copytree(version / request.param, tmp_path / "old")
    shutil.copytree(version / "keys", tmp_path / "keys")
    (tmp_path / "keys" / "keys.json").chmod(0o600)  # git does not keep the mode
    monkeypatch.setenv("CWNB_CONFIG_DIR", str(tmp_path / "keys"))
    return tmp_path / "old"


@pytest.fixture
def expected(version):
    expected = json.loads((version / "expected.json").read_text())
    for group in expected.values():
        group["events"] = [
            {name: make.plain(value) for name, value in event.items()} for event in group["events"]
        ]
    return expected


def tables(folder):
    """Give the version of a catalog and the columns of its tables, as they are on the disk."""
    connection = apsw.Connection(str(folder / "catalog.sqlite"))
    try:
        names = [n for (n,) in connection.execute("SELECT name FROM sqlite_schema ORDER BY name")]
        columns = {
            name: connection.execute(f"PRAGMA table_xinfo({name})").fetchall() for name in names
        }
        return connection.execute("PRAGMA user_version").get, columns
    finally:
        connection.close()


def system_fields(described):
    """Give the events without discovered fields: a merge may keep a field with the rare ones."""
    return {
        group: [{name: event.get(name) for name in make.SYSTEM} for event in facts["events"]]
        for group, facts in described.items()
    }


def test_there_is_a_store_of_every_released_version_and_of_this_one():
    assert set(VERSIONS) >= {"1", str(migrations.SCHEMA_VERSION)}


def test_everything_is_as_it_was(old, expected):
    with Store.open(old) as store:
        assert make.described(store) == expected
        store.flush()
        store.compact()
        store.sweep()
        assert system_fields(make.described(store)) == system_fields(expected)
    assert tables(old)[0] == migrations.SCHEMA_VERSION
    with Store.open(old) as store:
        store.put("/shop/web", event_batch([make.NOW - 1], ["new"], "i-0"))
        assert events(store, ["/shop/web"])[-1] == (make.NOW - 1, b"new")


def test_an_old_store_has_the_tables_of_a_new_one(old, tmp_path):
    Store.open(old).close()
    Store.open(tmp_path / "new").close()
    assert tables(old) == tables(tmp_path / "new")


def test_a_claim_that_died_with_the_old_version_is_cleaned_up(old):
    before = {file.name for file in old.rglob("*.parquet")}
    Store.open(old).close()
    gone = before - {file.name for file in old.rglob("*.parquet")}
    assert len(gone) == 1
    assert all(name.endswith(".message.parquet") for name in gone)


def test_events_from_before_positions_come_after_none(old):
    with Store.open(old) as store:
        if store.position().commit > 0:
            pytest.skip("its version has positions")
        assert len(store.read_after(Position(0, 0)).events) == 0
        store.put("/shop/web", event_batch([make.NOW - 1], ["new"], "i-0"))
        for work in (lambda: None, store.flush, store.compact):
            work()
            page = store.read_after(Position(0, 0), limit_rows=1)
            assert page.events["@message"].to_pylist() == ["new"]
            assert page.events["@commit"].to_pylist() == [1]


KILLED = """
import os, signal, sys
from cwnb.store import Store
from cwnb.store.catalog import migrations

class Counting:
    def __init__(self, connection):
        self.connection, self.left = connection, int(sys.argv[2])
    def execute(self, *args):
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        return self.connection.execute(*args)

migrations.STEPS = tuple(
    (lambda connection, step=step: step(Counting(connection))) for step in migrations.STEPS
)
Store.open(sys.argv[1])
print("migrated")
"""


@pytest.mark.usefixtures("older")
def test_a_migration_that_is_killed_leaves_the_old_store(old, expected, start):
    before = tables(old)
    statements = 0
    while True:
        process = start(KILLED, old, statements)
        out, err = process.communicate(timeout=60)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, err
        assert tables(old) == before
        statements = 2 * statements + 1
    assert statements > 2
    assert out == "migrated\n"
    with Store.open(old) as store:
        assert make.described(store) == expected


@pytest.mark.usefixtures("older")
def test_the_next_open_finishes_what_a_killed_one_began(old, expected, start):
    process = start(KILLED, old, 1)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    with Store.open(old) as store:
        assert make.described(store) == expected
    assert tables(old)[0] == migrations.SCHEMA_VERSION


AT_ONCE = """
import os, sys
from cwnb.store import Store
from cwnb.store.catalog import migrations
taken = []
migrations.STEPS = tuple(
    (lambda connection, step=step: (taken.append(step), step(connection)))
    for step in migrations.STEPS
)
print("ready", flush=True)
while not os.path.exists(sys.argv[2]): pass
store = Store.open(sys.argv[1])
print(len(taken), sum(group.events for group in store.groups()))
"""


def test_processes_that_open_an_old_store_at_once_migrate_it_once(old, expected, start, tmp_path):
    missing = migrations.SCHEMA_VERSION - tables(old)[0]
    running = [start(AT_ONCE, old, tmp_path / "go") for _ in range(4)]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    answers = [process.communicate(timeout=60) for process in running]
    assert not any(err for _, err in answers), answers
    steps, counts = zip(*[map(int, out.split()) for out, _ in answers], strict=True)
    assert sum(steps) == missing
    assert set(counts) == {sum(group["facts"]["events"] for group in expected.values())}


def test_an_old_store_on_a_medium_that_may_not_be_written_can_be_queried(
    old, version, expected, monkeypatch
):
    monkeypatch.setattr("cwnb.store.opening.may_write", lambda _: False)
    before = {file: file.read_bytes() for file in old.rglob("*") if file.is_file()}
    with Store.open(old) as store:
        assert make.described(store) == expected
        assert make.described(store) == expected
        delivered = sum(len(group["events"]) for group in expected.values())
        had_positions = int(version.name) > 1
        assert len(store.read_after(Position(0, 0)).events) == delivered * had_positions
        with pytest.raises(StoreReadOnly):
            store.put("/shop/web", event_batch([make.NOW - 1], ["new"], "i-0"))
        with pytest.raises(StoreReadOnly):
            store.flush()
    assert {file: file.read_bytes() for file in old.rglob("*") if file.is_file()} == before


def test_an_older_version_that_is_still_running_cannot_write(old):
    """Its statements name fewer columns than the tables have now, so that nothing is written."""
    with Store.open(old) as store, store.catalog.write() as connection:
        for table, columns in (("segments", 11), ("batches", 10)):
            with pytest.raises(apsw.SQLError, match="columns"):
                connection.execute(
                    f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})", [1] * columns
                )


def test_a_store_that_a_newer_version_changes_is_written_no_more(store):
    store.put("/g", event_batch([1], ["before"], "s"))
    connection = apsw.Connection(str(store.catalog.file))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreTooNew, match="update cwnb"):
        store.put("/g", event_batch([2], ["after"], "s"))
    with pytest.raises(StoreTooNew):
        store.flush()
    assert messages(store, "/g") == ["before"]
