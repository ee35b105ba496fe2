"""A new catalog from the segments of a store."""

from __future__ import annotations

import shutil
from pathlib import Path

import apsw
import pytest
from contents import events, messages, texts

import cwnb
from cwnb.errors import ResourceNotFound, StoreDamaged, StoreError, StoreKeyMissing
from cwnb.store import LoadRecord, Position, Store, event_batch, repair

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture(params=["open", "encrypted"])
def closed(request, tmp_path):
    """Give a closed store of segments only: flushed, merged, loaded, one of many groups deleted."""
    encryption = {"open": "none", "encrypted": "default"}[request.param]
    with Store.open(tmp_path / "store", encryption=encryption) as store:
        store.create_group("/before", log_type="vpc-flow")
        for group in ("/g", "/aws/lambda/f"):
            for first in (0, 100, 300):
                store.put(group, event_batch(range(first, first + 50), texts(50), "s"))
                store.flush()
                if first == 100:
                    store.compact(group)  # the merged ones are still in the folder
        with store.loading("/loaded") as loading:
            loading.add(event_batch([5, 6], ["loaded", b"\xff\xfe"], "file"))
            loading.commit(LoadRecord("f0f0", "/logs/app.log", "file", 10, 2, 2))
    return tmp_path / "store"


GROUPS = ("/g", "/aws/lambda/f", "/loaded")


def answers(store):
    return [
        (
            events(store, [name], names=["n", "level"]),
            [(s.name, s.first_ms, s.last_ms, s.events) for s in store.streams(name)],
        )
        for name in GROUPS
    ], [(g.name, g.id, g.events, g.log_type) for g in store.groups() if g.name in GROUPS]


def damage(folder):
    data = bytearray((folder / "catalog.sqlite").read_bytes())
    data[len(data) // 4 : 3 * len(data) // 4] = b"\x55" * (len(data) // 2)
    (folder / "catalog.sqlite").write_bytes(data)


def remove(folder):
    (folder / "catalog.sqlite").unlink()


@pytest.mark.parametrize("lose", [damage, remove])
def test_a_catalog_is_made_again_from_the_segments(closed, lose):
    with Store.open(closed) as store:
        expected, position = answers(store), store.position()
        page = store.read_after(Position(0, 0))
    lose(closed)
    with pytest.raises(StoreDamaged, match="cwnb repair"):
        Store.open(closed)
    before = {file: file.read_bytes() for file in closed.rglob("*.parquet")}
    damaged = (closed / "catalog.sqlite").read_bytes() if lose is damage else None
    report = repair(closed)
    # A group without events is known to the old catalog alone.
    assert (report.groups, report.events) == (4 if lose is damage else 3, 302)
    assert report.left_out == []
    assert {file: file.read_bytes() for file in closed.rglob("*.parquet")} == before
    if damaged is not None:
        assert Path(report.kept).read_bytes() == damaged
    for said in ("302 events", "stores its events twice", "saved queries", "not in a segment yet"):
        assert said in str(report)
    with Store.open(closed) as store:
        assert answers(store) == expected
        again = store.read_after(Position(0, 0))
        # The commit of a load is in the old catalog alone, and there in a part that is damaged.
        known = [group != "/loaded" for group in page.events["group"].to_pylist()]
        assert again.events.to_pylist() == page.events.filter(known).to_pylist()
        # A reader that goes on from where it was gets what comes from now on, and nothing twice.
        store.put("/g", event_batch([999], ["new"], "s"))
        assert store.read_after(position).events["@message"].to_pylist() == ["new"]
        store.compact()
        store.sweep()
        assert messages(store, "/g")[-1] == "new"
    with Store.open(closed) as store:
        assert len(messages(store, "/g")) == 151


def test_a_store_that_is_whole_is_left_alone(closed):
    before = {file: file.read_bytes() for file in closed.rglob("*") if file.is_file()}
    with pytest.raises(StoreError, match="is whole"):
        repair(closed)
    assert {file: file.read_bytes() for file in closed.rglob("*") if file.is_file()} == before
    with pytest.raises(ResourceNotFound):
        repair(closed.parent / "nothing")


def test_what_cannot_be_read_is_left_out_and_named(closed):
    files = sorted(closed.rglob("3/*.fields.parquet"), key=lambda file: file.stat().st_size)
    for file in files:
        data = bytearray(file.read_bytes())
        data[110] ^= 1  # a value of the first column
        file.write_bytes(data)
    remove(closed)
    report = repair(closed)
    assert {name for name, _ in report.left_out} == {file.name.split(".")[0] for file in files}
    assert f"left out: segment {report.left_out[0][0]}" in str(report)
    with Store.open(closed) as store:
        assert [group.name for group in store.groups()] == ["/g", "/loaded"]
        assert sum(group.events for group in store.groups()) == report.events == 152


def test_segments_that_a_damaged_one_replaced_are_used_while_they_are_there(closed):
    merged = max(
        (closed / "segments" / "2").glob("*.fields.parquet"), key=lambda f: f.stat().st_size
    )
    data = bytearray(merged.read_bytes())
    data[110] ^= 1  # a value of the first column
    merged.write_bytes(data)
    remove(closed)
    report = repair(closed)
    assert [name for name, _ in report.left_out] == [merged.name.split(".")[0]]
    assert report.events == 302


@pytest.mark.parametrize("encryption", ["default", "none"])
def test_what_is_whole_of_the_old_catalog_comes_back(tmp_path, encryption):
    file = tmp_path / "app.json"
    file.write_text("".join(f'{{"time": {n}, "n": {n}}}\n' for n in range(20)))
    with cwnb.open(tmp_path / "store", encryption=encryption) as logs:
        logs.create_group("/empty", retention_days=30)
        report = logs.load(file, group="/loaded")
        logs.set_retention("/loaded", 3653)
        logs.store.set_now(50)
        logs.put("/g", "s", [(1, "in a segment")])
        logs.flush()
        logs.put("/g", "s", [(2, "recent"), (3, "and this")])
        logs.put("/g", "t", [(4, "one more")])
        page = logs.store.read_after(Position(0, 0)).events.to_pylist()
        groups = logs.store.groups()
        streams = [(s.name, s.events) for s in logs.store.streams("/g")]
    connection = apsw.Connection(str(tmp_path / "store" / "catalog.sqlite"))
    connection.execute("UPDATE streams SET events = events + 1")
    connection.execute("UPDATE batches SET last_ms = 7 WHERE id = (SELECT max(id) FROM batches)")
    connection.close()
    said = repair(tmp_path / "store")
    assert "1 of the puts that were not in a segment yet, and 1 records of loaded files" in str(
        said
    )
    with cwnb.open(tmp_path / "store") as logs:
        logs.store.set_now(50)
        assert [(g.name, g.retention_days) for g in logs.store.groups()] == [
            (g.name, g.retention_days) for g in groups
        ]
        assert messages(logs.store, "/g") == ["in a segment", "recent", "and this"]
        assert [(s.name, s.events) for s in logs.store.streams("/g")] == [("s", 3)] != streams
        again = logs.store.read_after(Position(0, 0)).events.to_pylist()
        assert again == [event for event in page if event["@message"] != "one more"]
        assert logs.load(file, group="/loaded").events == 0
        assert logs.unload(report) == 20


def test_segments_of_another_store_and_doubled_ones_are_left_out(closed, tmp_path):
    with Store.open(tmp_path / "other") as other:
        other.put("/x", event_batch([1], ["theirs"], "s"))
        other.flush()
    for file in (tmp_path / "other").rglob("*.parquet"):
        shutil.copy(file, closed / "segments" / "2" / file.name)
    remove(closed)
    report = repair(closed)
    assert [why for _, why in report.left_out] == ["is of another store"]
    assert report.events == 302


def test_without_its_key_nothing_is_made(closed, monkeypatch, tmp_path):
    remove(closed)
    if any(b"PARE" in file.read_bytes()[:4] for file in closed.rglob("*.parquet")):
        monkeypatch.setenv("CWNB_CONFIG_DIR", str(tmp_path / "nowhere"))
        with pytest.raises(StoreKeyMissing):
            repair(closed)
        assert not list(closed.glob("catalog*"))


def test_segments_without_notes_are_not_guessed_at(closed):
    for file in closed.rglob("*.fields.parquet"):
        file.write_bytes(file.read_bytes().replace(b"cwnbnote", b"xxxxxxxx"))
    remove(closed)
    with pytest.raises(StoreDamaged, match="no segment in"):
        repair(closed)
    assert not list(closed.glob("catalog*"))
