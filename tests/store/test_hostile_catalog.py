"""A catalog that somebody else wrote removes and opens no file but the store's own."""

from __future__ import annotations

import pytest
from contents import messages

from cwnb.errors import StoreDamaged
from cwnb.store import Store, event_batch

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def two(tmp_path):
    """Give two closed stores with a segment each."""
    for name in ("mine", "theirs"):
        with Store.open(tmp_path / name) as store:
            store.put("/g", event_batch([1], [name], "s"))
            store.flush()
    return tmp_path / "mine", tmp_path / "theirs"


def segment_of(folder):
    (file,) = folder.rglob("*.message.parquet")
    return file.name.split(".")[0]


def rows(theirs, own):
    group = theirs / "segments" / "1"
    return [
        (f"{group}/{segment_of(theirs)}", 1),
        (f"../../../theirs/segments/1/{segment_of(theirs)}", 1),
        (segment_of(theirs), "../../theirs/segments/1"),
        (segment_of(theirs), str(group)),
        (segment_of(theirs), -1),
        (segment_of(theirs), 1),
        ("", 1),
        ("a\0b", 1),
        (b"\xff", 1),
        (own, 1),
    ]


def test_trash_removes_no_file_of_another_store_and_none_that_is_in_use(two):
    mine, theirs = two
    before = {file: file.read_bytes() for each in two for file in each.rglob("*.parquet")}
    for row in rows(theirs, segment_of(mine)):
        with Store.open(mine) as store, store.catalog.write() as connection:
            connection.execute("INSERT OR REPLACE INTO trash VALUES (?, ?, 0)", row)
        with Store.open(mine) as store:
            store.sweep()
            assert messages(store, "/g") == ["mine"]
    assert {file: file.read_bytes() for each in two for file in each.rglob("*.parquet")} == before


def test_a_segment_that_is_no_id_is_damage(two):
    mine, theirs = two
    with Store.open(mine) as store:
        with store.catalog.write() as connection:
            place = f"../../../theirs/segments/1/{segment_of(theirs)}"
            connection.execute("UPDATE segments SET id = ?", (place,))
        with pytest.raises(StoreDamaged, match="table 'segments' of the catalog is damaged"):
            messages(store, "/g")


@pytest.mark.parametrize("link", ["segments", "segments/1"])
def test_a_linked_folder_of_segments_is_not_followed(two, link):
    mine, theirs = two
    before = {file: file.read_bytes() for file in theirs.rglob("*.parquet")}
    (mine / link).rename(mine.with_name("aside"))
    (mine / link).symlink_to(theirs / link)
    with Store.open(mine) as store:
        store.sweep()
        with pytest.raises(StoreDamaged, match="is missing"):
            messages(store, "/g")
        store.put("/g", event_batch([1], [mine.name], "s"))
        with pytest.raises(StoreDamaged, match="is a link"):
            store.flush()
    assert {file: file.read_bytes() for file in theirs.rglob("*.parquet")} == before
