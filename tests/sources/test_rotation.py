"""Files that have grown and been rotated since they were loaded: no line is loaded twice."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import shutil
from dataclasses import replace

import pytest

from cwnb.errors import SourceError
from cwnb.events import ALL_TIME
from cwnb.sources import load
from cwnb.sources.earlier import Earlier


def lines(*numbers, length=0):
    text = "x" * length
    return "".join(f"2026-02-03 09:14:07 line {n} {text}\n" for n in numbers).encode()


def messages(store, group="/g"):
    found = []
    for task in store.snapshot([group]).scan(["@message"], ALL_TIME, ()).tasks:
        found += task.open().columns(["@message"])["@message"].to_pylist()
    return [int(message.split()[3]) for message in found]


def rename(file):
    file.rename(file.with_name("app.log.1"))


def copy_and_truncate(file):
    shutil.copyfile(file, file.with_name("app.log.1"))
    file.write_bytes(b"")


def pack(how, name):
    def act(file):
        file.with_name(name).write_bytes(how(file.read_bytes()))
        file.unlink()

    return act


def in_members(data):
    return gzip.compress(data[: len(data) // 3]) + gzip.compress(data[len(data) // 3 :])


ROTATIONS = {
    "rename": rename,
    "copytruncate": copy_and_truncate,
    "gzip": pack(gzip.compress, "app.log.1.gz"),
    "members": pack(in_members, "app.log-20260203.gz"),
    "bzip2": pack(bz2.compress, "app.log.1.bz2"),
    "xz": pack(lzma.compress, "app.log.1.xz"),
    "dated": lambda file: file.rename(file.with_name("app-2026-02-03.log")),
}


@pytest.mark.parametrize("rotate", ROTATIONS)
@pytest.mark.parametrize(("first", "length"), [(1, 0), (2, 0), (9, 0), (30, 0), (3000, 900)])
def test_a_file_that_grew_and_was_rotated_loads_what_is_new(store, tmp_path, rotate, first, length):
    file = tmp_path / "app.log"
    file.write_bytes(lines(*range(first), length=length))
    assert load(store, tmp_path / "app*", group="/g").events == first
    with file.open("ab") as log:
        log.write(lines(*range(first, first + 5), length=length))
    ROTATIONS[rotate](file)
    file.write_bytes(lines(7001, 7002, length=length))
    report = load(store, tmp_path / "app*", group="/g")
    assert report.events == 7
    assert "loaded before as far as line" in str(report)
    assert sorted(messages(store)) == [*range(first + 5), 7001, 7002]
    assert load(store, tmp_path / "app*", group="/g").events == 0


def test_a_rotated_file_that_has_not_grown_is_known(store, tmp_path):
    file = tmp_path / "app.log"
    file.write_bytes(lines(*range(50)))
    load(store, file, group="/g")
    for rotate in ("rename", "gzip"):
        shutil.copyfile(file, tmp_path / "keep")
        ROTATIONS[rotate](file)
        shutil.move(tmp_path / "keep", file)
    report = load(store, tmp_path / "app.log.*", group="/g")
    assert report.events == 0
    assert ["already loaded" in file.notes[0] for file in report.files] == [True, True]


def test_a_packed_file_that_grew_by_a_member_loads_that_member(store, tmp_path):
    file = tmp_path / "app.log.gz"
    file.write_bytes(gzip.compress(lines(*range(40))))
    assert load(store, file, group="/g").events == 40
    with file.open("ab") as packed:
        packed.write(gzip.compress(lines(40, 41)))
    assert load(store, file, group="/g").events == 2
    assert load(store, file, group="/g").events == 0
    assert sorted(messages(store)) == list(range(42))


def test_a_packed_table_that_grew_is_refused_and_the_message_says_why(store, tmp_path):
    file = tmp_path / "t.csv.gz"
    rows = b"time,a\n" + b"2026-02-03T09:14:07Z,1\n" * 40
    file.write_bytes(gzip.compress(rows))
    assert load(store, file, group="/g").events == 40
    file.write_bytes(gzip.compress(rows + b"2026-02-03T09:14:07Z,2\n"))
    with pytest.raises(SourceError, match="a csv file cannot be loaded by its tail; again=True"):
        load(store, file, group="/g")


def test_files_that_begin_alike_are_loaded_whole(store, tmp_path):
    banner = b"#Software: a server with a long banner, the same in all files\n" * 40
    for number in range(5):
        (tmp_path / f"{number}.log").write_bytes(banner + lines(number, length=10 * number))
    report = load(store, tmp_path, group="/g")
    assert {file.name: file.lines for file in report.files} == {
        str(tmp_path / f"{number}.log"): 41 for number in range(5)
    }


def test_a_new_file_is_read_once(store, tmp_path, monkeypatch):
    (tmp_path / "a.log").write_bytes(lines(*range(500)))
    load(store, tmp_path / "a.log", group="/g")
    (tmp_path / "b.log").write_bytes(lines(*range(1000, 1500)))
    (tmp_path / "c.log.gz").write_bytes(gzip.compress(lines(*range(2000, 2500))))
    monkeypatch.setattr("cwnb.sources.earlier.prefix_digest", None)
    assert load(store, tmp_path / "[bc]*", group="/g").events == 1000


def test_records_of_an_earlier_version_are_compared_by_name_and_size(store, tmp_path):
    file = tmp_path / "app.log"
    file.write_bytes(lines(*range(9)))
    load(store, file, group="/g")
    (record,) = store.load_records("/g")
    state = json.loads(record.tail_state)
    del state["head"]
    earlier = Earlier([replace(record, tail_state=json.dumps(state))])
    data = file.read_bytes()

    class Item:
        key = record.name

    def opened():
        return io.BytesIO(data)

    assert earlier.beginning(Item, len(data) + 5, data, opened).record.events == 9
    Item.key = "another"
    assert earlier.beginning(Item, len(data) + 5, data, opened) is None
    assert earlier.beginning(Item, len(data), data, opened).record.events == 9
