"""A catalog that is gone beside events is damage, and not a new store."""

from __future__ import annotations

import shutil

import apsw
import pytest
from contents import messages

from cwnb.errors import ResourceNotFound, StoreDamaged
from cwnb.store import Store
from cwnb.store.catalog import migrations

pytestmark = pytest.mark.usefixtures("quiet")

# Everything that was committed is in the log still, because no connection was closed.
KILLED = """
import os, sys
from cwnb.store import Store, event_batch
store = Store.open(sys.argv[1])
store.put("/g", event_batch([1], ["in a segment"], "s"))
store.flush()
store.put("/g", event_batch([2], ["recent"], "s"))
os._exit(0)
"""


@pytest.fixture
def killed(run, tmp_path):
    """Give a store whose process died before the log was first moved into the catalog."""
    run(KILLED, tmp_path / "store")
    return tmp_path / "store"


def contents(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def remove(file):
    file.unlink()


def empty(file):
    file.write_bytes(b"")


LOSSES = {
    "removed": [(remove, "catalog.sqlite")],
    "empty": [(empty, "catalog.sqlite")],
    "removed with its log": [(remove, "catalog.sqlite"), (remove, "catalog.sqlite-wal")],
    "empty with its log": [(empty, "catalog.sqlite"), (empty, "catalog.sqlite-wal")],
    "log removed": [(remove, "catalog.sqlite-wal")],
    "log empty": [(empty, "catalog.sqlite-wal")],
}


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_catalog_that_is_gone_is_no_new_store(killed, loss, create):
    for act, name in LOSSES[loss]:
        act(killed / name)
    before = contents(killed)
    for _ in range(2):
        with pytest.raises(StoreDamaged, match=r"nothing was changed; put 'catalog.sqlite' back"):
            Store.open(killed, create=create)
    assert contents(killed) == before


def test_a_log_without_its_catalog_is_damage_even_where_there_is_no_segment(killed):
    shutil.rmtree(killed / "segments")
    (killed / "catalog.sqlite").unlink()
    with pytest.raises(StoreDamaged, match="is missing"):
        Store.open(killed)


def test_tables_that_are_only_in_the_log_are_found(killed):
    with Store.open(killed) as store:
        assert messages(store, "/g") == ["in a segment", "recent"]


def test_a_store_that_was_never_finished_is_made_again(tmp_path):
    (tmp_path / "store" / "segments" / "1").mkdir(parents=True)
    with pytest.raises(ResourceNotFound):
        Store.open(tmp_path / "store", create=False)
    (tmp_path / "store" / "catalog.sqlite").touch()
    with Store.open(tmp_path / "store") as store:
        assert store.groups() == []


AT_ONCE = """
import os, sys
from cwnb.store import Store, event_batch
while not os.path.exists(sys.argv[2]): pass
store = Store.open(sys.argv[1])
store.put("/g", event_batch([1], ["x"], "s"))
store.flush()
"""


def test_processes_that_make_a_store_at_once_are_not_taken_for_damage(start, tmp_path):
    for number in range(3):
        go = tmp_path / f"go{number}"
        running = [start(AT_ONCE, tmp_path / f"store{number}", go) for _ in range(4)]
        go.touch()
        for process in running:
            _, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
        with Store.open(tmp_path / f"store{number}") as store:
            assert len(messages(store, "/g")) == 4


def test_a_store_made_between_two_reads_of_its_version_is_not_taken_for_damage(tmp_path):
    (tmp_path / "segments").mkdir()
    file = str(tmp_path / "catalog.sqlite")
    made = []

    class MadeMeanwhile(apsw.Connection):
        def execute(self, statement, *rest):
            if "sqlite_schema" in statement and not made:
                made.append(apsw.Connection(file))
                with migrations.transaction(made[0]):
                    migrations.create(made[0])
            return super().execute(statement, *rest)

    assert migrations.check_version(MadeMeanwhile(file), str(tmp_path))
    assert made
