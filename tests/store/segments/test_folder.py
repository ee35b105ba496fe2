"""The folder of segments: its files are private, durable by name, and nowhere else."""

from __future__ import annotations

import os
import stat

import pytest

from cwnb.errors import StoreDamaged
from cwnb.store.segments.folder import FIELDS, MESSAGE, FileName, SegmentFolder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "segments").mkdir()
    return SegmentFolder(str(tmp_path))


def write(folder, name, data):
    with folder.new(name) as sink:
        sink.write(data)
    folder.sync(name)
    folder.sync_names(name.group_id)


def test_what_is_written_is_read_and_removed(folder, tmp_path):
    fields, message = FileName(7, "5e6", FIELDS), FileName(7, "5e6", MESSAGE)
    write(folder, fields, b"fields")
    write(folder, message, b"message!")
    assert folder.open(fields).read() == b"fields"
    assert folder.size(message) == 8
    assert folder.described(fields) == str(tmp_path / "segments" / "7" / "5e6.fields.parquet")
    assert sorted(file for file, _ in folder.list()) == [fields, message]
    folder.remove(fields)
    with pytest.raises(FileNotFoundError):
        folder.open(fields)
    folder.remove_segment(7, "5e6")
    folder.remove_segment(7, "5e6")
    assert list(folder.list()) == []


def test_files_are_private_and_never_written_over(folder, tmp_path):
    name = FileName(7, "5e6", FIELDS)
    before = os.umask(0)
    try:
        write(folder, name, b"mine")
    finally:
        os.umask(before)
    (file,) = tmp_path.rglob("*.parquet")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    with pytest.raises(FileExistsError):
        folder.new(name)
    assert file.read_bytes() == b"mine"


def test_a_file_that_is_replaced_has_another_version(folder):
    name = FileName(7, "5e6", FIELDS)
    write(folder, name, b"one")
    before = folder.version(name)
    assert folder.version(name) == before
    folder.remove(name)
    write(folder, name, b"two")
    assert folder.version(name) != before


@pytest.mark.parametrize("segment_id", ["", ".", "..", "../5e6", "a/b", "5e6.x", "5E6\n", "x" * 65])
def test_an_id_that_is_none_becomes_no_path(folder, segment_id):
    for act in (folder.open, folder.new, folder.remove, folder.size):
        with pytest.raises(StoreDamaged, match="which is no id"):
            act(FileName(7, segment_id, FIELDS))


@pytest.mark.parametrize("group_id", ["../..", "7", "", 0, -1, 1.5, None, b"7"])
def test_a_group_id_that_is_none_becomes_no_path(folder, group_id):
    for act in (folder.open, folder.new, folder.remove, folder.size):
        with pytest.raises(StoreDamaged, match="which is no id"):
            act(FileName(group_id, "5e6", FIELDS))


@pytest.mark.parametrize("linked", ["segments", "segments/7", "segments/7/5e6.fields.parquet"])
def test_a_link_leads_nowhere(tmp_path, linked):
    name = FileName(7, "5e6", FIELDS)
    for store in ("mine", "theirs"):
        (tmp_path / store / "segments").mkdir(parents=True)
    write(SegmentFolder(str(tmp_path / "theirs")), name, b"theirs")
    place = tmp_path / "mine" / linked
    if place.exists():
        place.rmdir()
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(tmp_path / "theirs" / linked)
    mine = SegmentFolder(str(tmp_path / "mine"))
    for act in (mine.open, mine.remove, mine.new):
        with pytest.raises(StoreDamaged, match="is a link"):
            act(name)
    assert list(mine.list()) == []
    assert [file.read_bytes() for file in (tmp_path / "theirs").rglob("*.parquet")] == [b"theirs"]


@pytest.mark.parametrize(
    "place", ["7/notes.parquet", "7/5e6.parquet", "7/5e6.other.parquet", "x/5e6.fields.parquet"]
)
def test_files_that_are_no_segments_are_not_listed(folder, tmp_path, place):
    file = tmp_path / "segments" / place
    file.parent.mkdir()
    file.touch()
    assert list(folder.list()) == []
