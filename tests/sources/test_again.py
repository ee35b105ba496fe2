"""The same content again, files that have grown, and loads that fail half way, in a real store."""

from __future__ import annotations

import gzip
import io

import pytest

from cwnb.errors import SourceError
from cwnb.events import ALL_TIME
from cwnb.sources import load

ONE = b"2026-02-03 09:14:07 one\n2026-02-03 09:14:08 two\n"
MORE = b"2026-02-03 09:14:09 three\n"


def messages(store, group="/g"):
    found = []
    for task in store.snapshot([group]).scan(["@message"], ALL_TIME, ()).tasks:
        reader = task.open()
        columns = reader.columns(["@message", "@sequence"])
        found += zip(columns["@sequence"].to_pylist(), columns["@message"].to_pylist(), strict=True)
    return [message for _, message in sorted(found)]


def test_all_pieces_of_a_file_that_grew_are_counted(store, tmp_path) -> None:
    file = tmp_path / "a.log"
    for _ in range(3):
        with file.open("ab") as log:
            log.write(ONE)
        assert load(store, file, group="/g").events == 2
    assert "already loaded (6 events); again=True" in str(load(store, file, group="/g"))


def test_the_same_content_is_loaded_once(store, tmp_path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(ONE)
    assert load(store, file, group="/g").events == 2
    report = load(store, file, group="/g")
    assert (report.events, report.records, report.files[0].loaded) == (0, 0, False)
    assert "already loaded (2 events); again=True" in str(report)
    other = tmp_path / "b.log"
    other.write_bytes(ONE)
    assert "already loaded as " in str(load(store, other, group="/g"))
    packed = tmp_path / "c.log.gz"
    packed.write_bytes(gzip.compress(ONE))
    assert load(store, packed, group="/g").events == 0
    assert load(store, io.BytesIO(ONE), group="/g").events == 0
    assert load(store, file, group="/other").events == 2
    assert len(messages(store)) == 2
    assert load(store, file, group="/g", again=True).events == 2
    assert len(messages(store)) == 4


def test_a_packed_file_of_a_known_name_is_hashed_first(store, tmp_path) -> None:
    file = tmp_path / "a.log.gz"
    file.write_bytes(gzip.compress(ONE))
    assert load(store, file, group="/g").events == 2
    assert "already loaded" in str(load(store, file, group="/g"))
    file.write_bytes(gzip.compress(MORE + ONE))
    assert load(store, file, group="/g").events == 3


LOCAL = b"2026-02-03 09:14:07 %d\n2026-02-03 09:14:08 %d\n"
OTHER_OPTIONS = {
    "the same": ({"tz": "Asia/Seoul"}, {"tz": "Asia/Seoul"}, ""),
    "a zone": ({}, {"tz": "Asia/Seoul"}, "tz was different then"),
    "no zone": ({"tz": "Asia/Seoul"}, {}, "tz was different then"),
    "two": (
        {},
        {"pattern": "^2", "time_format": "%Y-%m-%d %H:%M:%S"},
        "pattern and time_format were different then",
    ),
}


@pytest.mark.parametrize("name", OTHER_OPTIONS)
def test_options_that_would_read_it_in_another_way_are_named(store, tmp_path, name) -> None:
    before, now, said = OTHER_OPTIONS[name]
    file = tmp_path / "a.log"
    file.write_bytes(LOCAL % (1, 2))
    first = load(store, file, group="/g", **before)
    known = str(load(store, file, group="/g", **now))
    advice = f"{said}; to read it anew, take load {first.id} back (unload) first"
    assert advice in known if said else "different" not in known
    with file.open("ab") as log:
        log.write(LOCAL % (3, 4))
    grown = str(load(store, file, group="/g", **now))
    assert f"{said}: the events of then stay" in grown if said else "different" not in grown
    rows = [{"time": "2026-02-03 09:14:07"}]
    load(store, rows, group="/rows", **before)
    assert said in str(load(store, rows, group="/rows", **now))


def test_the_same_rows_are_loaded_once(store) -> None:
    rows = [{"time": "2026-02-03T09:14:07Z", "a": 1}]
    assert load(store, rows, group="/g").events == 1
    assert "already loaded" in str(load(store, rows, group="/g"))
    assert load(store, [*rows, {"a": 2}], group="/g").events == 2


def test_a_grown_file_loads_its_tail(store, tmp_path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(ONE)
    load(store, file, group="/g")
    file.write_bytes(ONE + b"no time\n" + MORE)
    report = load(store, file, group="/g")
    assert (report.events, report.lines, report.untimed) == (2, 2, 1)
    assert report.first_ms == 1770110048000
    assert "loaded before as far as line 2" in str(report)
    assert "already loaded" in str(load(store, file, group="/g"))
    file.write_bytes(ONE + b"no time\n" + MORE + b" goes on\n" + b"x" * 2_000_000 + b"\n")
    report = load(store, file, group="/g")
    assert report.refused == [(str(file), 6, "longer than 1,048,576 bytes")]
    assert messages(store) == [*(ONE + b"no time\n" + MORE).decode().splitlines(), " goes on"]


def test_a_replaced_file_loads_whole_and_other_formats_are_not_cut(store, tmp_path) -> None:
    file = tmp_path / "a.log"
    file.write_bytes(ONE)
    load(store, file, group="/g")
    file.write_bytes(MORE * 3)
    assert load(store, file, group="/g").events == 3
    table = tmp_path / "t.csv"
    table.write_bytes(b"time,a\n2026-02-03T09:14:07Z,1\n")
    load(store, table, group="/g")
    table.write_bytes(b"time,a\n2026-02-03T09:14:07Z,1\n2026-02-03T09:14:07Z,2\n")
    with pytest.raises(SourceError, match="a csv file cannot be loaded by its tail"):
        load(store, table, group="/g")


def test_a_load_that_fails_leaves_nothing(store, tmp_path) -> None:
    file = tmp_path / "a.log.gz"
    lines = b"".join(b"2026-02-03 09:14:07 line %d\n" % i for i in range(200_000))
    file.write_bytes(gzip.compress(lines, 1)[:-50])
    with pytest.raises(SourceError, match="cut off"):
        load(store, file, group="/g")
    assert store.groups() == []
    assert store.load_records("/g") == []
    assert load(store, io.BytesIO(lines), group="/g").events == 200_000


def test_retention_is_the_groups(store) -> None:
    store.create_group("/g", retention_days=1)
    new = b'{"time":%d}\n' % store.clock.now_ms()
    report = load(store, io.BytesIO(new + b'{"time":"2020-01-01T00:00:00Z"}\n'), group="/g")
    assert (report.events, report.refused_by_reason["past the group's retention"]) == (1, 1)
    assert len(messages(store)) == 1


def test_bytes_come_out_as_they_went_in(store) -> None:
    data = b"2026-02-03 09:14:07 caf\xe9 \x00\n2026-02-03 09:14:08 two\n\n  three\n"
    load(store, io.BytesIO(data), group="/g")
    assert messages(store) == [
        "2026-02-03 09:14:07 caf\ufffd \x00",
        "2026-02-03 09:14:08 two\n\n  three",
    ]
    (task,) = store.snapshot(["/g"]).scan(["@raw"], ALL_TIME, ()).tasks
    assert task.open().columns(["@raw"])["@raw"].to_pylist() == [
        b"2026-02-03 09:14:07 caf\xe9 \x00",
        None,
    ]


def test_small_files_share_a_segment_and_big_ones_do_not(store, tmp_path) -> None:
    for index in range(30):
        (tmp_path / f"{index:02}.log").write_bytes(ONE + b"2026-02-03 09:14:10 %d\n" % index)
    (tmp_path / "15a.log").write_bytes(b"2026-02-03 09:14:10 " + b"x" * 80 + b"\n" * 2)
    (tmp_path / "15b.log.gz").write_bytes(gzip.compress(ONE)[:-9])
    big = b"".join(b"2026-02-03 09:14:07 %d %s\n" % (i, b"y" * 900) for i in range(12_000))
    (tmp_path / "15c.log").write_bytes(big)
    report = load(store, tmp_path, group="/g")
    assert (report.events, len(report.errors)) == (30 * 3 + 1 + 12_000, 1)
    assert len(messages(store)) == report.events
    assert store.groups()[0].segments == 2
    assert len(store.load_records("/g")) == 32
    assert load(store, tmp_path, group="/g").events == 0


def test_a_fault_of_the_load_itself_publishes_no_part_of_a_bundle(store, tmp_path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.log").write_bytes(ONE + name.encode() + b"\n")

    def stop(done: int, total: int | None) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(store, tmp_path, group="/g", progress=stop)
    assert store.groups() == []
    assert load(store, tmp_path, group="/g").events == 6
