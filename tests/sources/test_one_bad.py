"""A bad file costs that file, a bad record that record; what lies beside them is loaded."""

from __future__ import annotations

import io
import os
import zipfile

import pytest

from cwnb.errors import SourceError
from cwnb.sources import content, load
from cwnb.sources.intake import TOO_EARLY, TOO_LATE

GOOD = b"2026-02-03 09:14:07 x\n"


@pytest.mark.parametrize(
    ("line", "tz", "reason"),
    [
        (b"9999-12-31T23:59:59-05:00 x", None, TOO_LATE),
        (b"9999-12-31 23:59:59 x", "America/New_York", TOO_LATE),
        (b"9999-12-31 23:59:59 x", "-05:00", TOO_LATE),
        (b"0001-01-01 00:00:00 x", "Asia/Tokyo", TOO_EARLY),
        (b"0001-01-01T00:00:00+09:00 x", None, TOO_EARLY),
        (b"0000-01-01T00:00:00Z x", None, TOO_EARLY),
    ],
)
def test_a_time_that_leaves_the_calendar_costs_its_record(store, line, tz, reason) -> None:
    report = load(store, io.BytesIO(GOOD + line + b"\n" + GOOD), group="/g", tz=tz)
    assert (report.events, report.refused_by_reason) == (2, {reason: 1})
    rows = b'{"time":"%s"}\n' % line[:-2]
    report = load(store, io.BytesIO(b'{"time":1770110047}\n' + rows), group="/h", tz=tz)
    assert (report.events, report.refused_by_reason) == (1, {reason: 1})
    assert store.groups()[0].events == 2


def test_a_file_name_that_is_no_utf_8(store, tmp_path) -> None:
    (tmp_path / "good.log").write_bytes(GOOD)
    (tmp_path / os.fsdecode(b"caf\xe9.log")).write_bytes(GOOD * 2)
    report = load(store, tmp_path, group="/g")
    assert (report.events, report.errors) == (3, [])
    assert report.streams == ["caf\\xe9.log", "good.log"]
    assert load(store, tmp_path, group="/g").events == 0
    str(report).encode()


def test_a_modification_time_far_away(store, tmp_path) -> None:
    for name, when in {"a": 2**38, "b": -(2**36)}.items():
        file = tmp_path / f"{name}.log"
        file.write_bytes(b"Feb 29 09:14:07 host x %s\n" % name.encode())
        os.utime(file, (when, when))
    report = load(store, tmp_path, group="/g")
    assert report.errors == []
    assert report.records == 2


def test_a_damaged_member_of_an_archive(store, tmp_path) -> None:
    file = tmp_path / "logs.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.log", "b.log", "c.log"):
            lines = (GOOD.replace(b"x", b"%s %d" % (name.encode(), n)) for n in range(999))
            archive.writestr(name, b"".join(lines))
        place = archive.getinfo("b.log").header_offset + 60
    data = bytearray(file.read_bytes())
    data[place : place + 40] = b"\xff" * 40
    file.write_bytes(data)
    report = load(store, file, group="/g")
    assert [name for name, _ in report.errors] == [f"{file}/b.log"]
    assert "cannot be unpacked" in report.errors[0][1]
    assert report.streams == ["a.log", "c.log"]


@pytest.mark.parametrize("fault", [ValueError, OverflowError, MemoryError, TypeError])
def test_a_fault_of_a_reader_costs_its_file(store, tmp_path, monkeypatch, fault) -> None:
    (tmp_path / "a.json").write_bytes(b'[{"a":1}]')
    (tmp_path / "b.log").write_bytes(GOOD)

    def fails(*_: object) -> None:
        raise fault("odd")
        yield

    monkeypatch.setattr(content, "read_records", fails)
    report = load(store, tmp_path, group="/g")
    name = str(tmp_path / "a.json")
    assert report.errors == [(name, f"{name!r} cannot be read: odd")]
    assert report.events == 1
    with pytest.raises(SourceError, match="cannot be read: odd"):
        load(store, tmp_path / "a.json", group="/g")


@pytest.mark.parametrize("path", ["a\x00b", "x" * 5_000])
def test_a_path_that_cannot_be(store, path) -> None:
    with pytest.raises(SourceError, match=r"cannot read|no file"):
        load(store, path, group="/g")
