"""A new catalog from the segments of a store."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from contents import events, messages

from cwnb.errors import ResourceNotFound, StoreDamaged, StoreError, StoreKeyMissing
from cwnb.store import LoadRecord, Position, Store, event_batch, repair

pytestmark = pytest.mark.usefixtures("quiet")


def texts(count):
    return [f'{{"n": {n}, "level": "{"INFO" if n % 5 else "ERROR"}"}}' for n in range(count)]


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
    assert (report.groups, report.events, report.left_out) == (3, 302, [])
    assert {file: file.read_bytes() for file in closed.rglob("*.parquet")} == before
    if damaged is not None:
        assert Path(report.kept).read_bytes() == damaged
    for said in ("302 events", "retention", "stores its events twice", "not in a segment yet"):
        assert said in str(report)
    with Store.open(closed) as store:
        assert answers(store) == expected
        again = store.read_after(Position(0, 0))
        delivered = [g != "/loaded" for g in page.events["group"].to_pylist()]
        assert again.events.to_pylist() == page.events.filter(delivered).to_pylist()
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
    files = sorted(closed.rglob("*.fields.parquet"), key=lambda file: file.stat().st_size)
    data = bytearray(files[-1].read_bytes())
    data[40] ^= 1
    files[-1].write_bytes(data)
    remove(closed)
    report = repair(closed)
    assert [name for name, _ in report.left_out] == [files[-1].name.split(".")[0]]
    assert f"left out: segment {report.left_out[0][0]}" in str(report)
    with Store.open(closed) as store:
        assert sum(group.events for group in store.groups()) == report.events < 302


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
