from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import lzma
import os
import resource
import subprocess
import sys
import tempfile
import textwrap
import zipfile
import zlib
from pathlib import Path

import pytest
import zstandard

from cwnb.errors import InvalidParameter, SourceError
from cwnb.sources import load, unpacking
from cwnb.sources.intake import EMPTY, EXPIRED, TOO_EARLY, TOO_LONG

GOOD = b'{"time":"2026-02-03T09:14:07Z","a":1}\n'


class Zeros(io.RawIOBase):
    """So many bytes of one letter, without holding them."""

    def __init__(self, size: int, head: bytes = b"", tail: bytes = b"") -> None:
        self.left, self.head, self.tail = size, head, tail

    def read(self, size: int = -1) -> bytes:
        if self.head:
            data, self.head = self.head, b""
            return data
        if not self.left:
            data, self.tail = self.tail, b""
            return data
        count = min(size, self.left)
        self.left -= count
        return b"x" * count


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_a_file_of_a_mark_alone_is_empty(memory, mark) -> None:
    assert "the file is empty" in str(load(memory, io.BytesIO(mark), group="/g"))


def test_an_empty_file_has_no_events(memory, tmp_path) -> None:
    file = tmp_path / "empty.log"
    file.touch()
    for _ in range(2):
        report = load(memory, file, group="/g")
        assert (report.events, report.records, report.lines) == (0, 0, 0)
        assert "the file is empty" in str(report)


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 40,
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\x7fELF" + bytes(100),
        os.urandom(5000),
    ],
)
def test_binary_is_refused_with_a_sentence(memory, data, tmp_path) -> None:
    file = tmp_path / "thing.bin"
    file.write_bytes(data)
    with pytest.raises(SourceError, match=r"thing.bin' (looks like binary|is a)"):
        load(memory, file, group="/g")
    assert not memory.groups
    report = load(memory, file, group="/g", format="text")
    assert report.records == report.events + report.refused_count > 0


@pytest.mark.parametrize("head", [b"", b'{"a":"', b'[{"a":"', b'{"Records":[{"a":"'])
def test_100_mb_in_one_line_is_refused_and_counted(memory, head) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tail = {b"": b"\n" + GOOD, b'{"a"': b'"}\n' + GOOD}.get(head[:4], b'"},' + GOOD + b"]")
    tail += b"}" if b"Records" in head else b""
    report = load(memory, Zeros(100_000_000, head, tail), group="/g")
    assert report.refused_by_reason == {TOO_LONG: 1}
    assert (report.events, report.records) == (1, 2)
    assert report.refused[0][1] == 1
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (after - before) * 1024 < 90_000_000


@pytest.mark.parametrize(
    ("format", "head", "tail", "events"),
    [
        ("csv", b"a,b\n1,2\n", b",3\n4,5\n", 2),
        ("text", b"2026-02-03 09:14:07 ", b"\n y\n2026-02-03 09:14:07 z", 1),
        ("export", b"2026-02-03T09:14:07.000Z ", b"\ny\n2026-02-03T09:14:07.000Z z", 1),
    ],
)
def test_no_format_keeps_a_piece_of_what_is_too_long(memory, format, head, tail, events) -> None:
    report = load(memory, Zeros(10_000_000, head, tail), group="/g", format=format)
    assert (report.events, report.refused_count, report.records) == (events, 1, events + 1)


def test_exactly_a_megabyte_is_an_event(memory) -> None:
    most = b"x" * 1_048_576
    time = b"2026-02-03T09:14:07.000Z "
    data = time + most + b"\n" + time + most[:-2] + b"\ny\n" + time + most + b"x\n" + time + b"z"
    report = load(memory, io.BytesIO(data), group="/g", format="export")
    assert memory.messages() == [most, most[:-2] + b"\ny", b"z"]
    assert report.refused_by_reason == {TOO_LONG: 1}
    load(memory, io.BytesIO(most + b"\n" + most + b"x\n"), group="/h")
    assert memory.messages("/h") == [most]


@pytest.mark.parametrize("stray", ['"x', '"x,y', 'x","y'])
def test_a_stray_quote_costs_its_line_and_no_other(memory, stray) -> None:
    row = "2026-02-03T09:14:07Z,"
    lines = ["time,a", row + "1", row + stray, *[f"{row}{n}" for n in range(50_000)]]
    lines[30_000] = row + '"two\nlines"'
    lines[40_000] = row + stray
    data = "\n".join(lines).encode()
    report = load(memory, io.BytesIO(data), group="/g", format="csv")
    assert (report.events, report.refused_count, report.records) == (50_000, 2, 50_002)
    assert [number for _, number, _ in report.refused] == [3, 40_002]
    assert report.lines == 50_004
    assert b'"a":"two\\nlines"' in memory.messages()[29_998]


def test_rows_after_a_long_cell_without_end_are_kept(memory) -> None:
    lines = [b"a,b", b'1,"open', *[b"2,%d" % n for n in range(250_000)]]
    report = load(memory, io.BytesIO(b"\n".join(lines)), group="/g", format="csv")
    assert (report.events, report.refused_count) == (250_000, 1)


def test_a_record_without_end_is_refused_once(memory) -> None:
    line = b" " + b"y" * 999 + b"\n"
    data = b"2026-02-03 09:14:07 one\n" + line * 12_000 + b"2026-02-03 09:14:08 two\n"
    report = load(memory, io.BytesIO(data), group="/g")
    assert memory.messages() == [b"2026-02-03 09:14:08 two"]
    assert report.refused_by_reason == {TOO_LONG: 1}
    assert report.lines == 12_002


def test_json_may_nest_deep(memory) -> None:
    deep = b'{"time":"2026-02-03T09:14:07Z","a":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    report = load(memory, io.BytesIO(GOOD + deep + b"\n" + GOOD), group="/g")
    assert report.events == 3
    assert memory.messages()[1] == deep
    alone = load(memory, io.BytesIO(deep), group="/g")
    assert alone.events == 1


def test_100_000_keys(memory) -> None:
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    keys = ["".join(key) for key in itertools.islice(itertools.product(letters, repeat=4), 100_000)]
    wide = json.dumps(dict.fromkeys(keys, 1), separators=(",", ":")).encode()
    wide = wide[:-1] + b',"time":"2026-02-03T09:14:07Z"}'
    report = load(memory, io.BytesIO(GOOD + wide + b"\n"), group="/g")
    assert (report.events, report.capped) == (2, 1)
    assert memory.messages()[1] == wide
    assert "over the field limit  1" in str(report)


@pytest.mark.parametrize(
    "odd",
    [
        b'{"time":"2026-02-03T09:14:07Z","a":1,"a":2}',
        b'{"time":"2026-02-03T09:14:07Z","a":NaN}',
        b'{"time":"2026-02-03T09:14:07Z","a":-Infinity}',
        b'{"time":"2026-02-03T09:14:07Z","a":123456789012345678901234567890}',
        b'{"time":"2026-02-03T09:14:07Z","a":"\\ud800"}',
        b'{"time":"2026-02-03T09:14:07Z","a":"caf\xe9"}',
        b'{"time":"2026-02-03T09:14:07Z","a":',
        b"{}",
        b"null",
        b"[1,2]",
    ],
)
def test_odd_json_lines_are_events_as_they_are(memory, odd) -> None:
    report = load(memory, io.BytesIO(GOOD * 3 + odd + b"\n" + GOOD), group="/g", format="ndjson")
    assert report.events == report.records == 5
    assert memory.messages()[3] == odd
    assert set(memory.times()) == {1770110047000}


def test_cut_off_and_damaged_archives_are_named(memory, tmp_path) -> None:
    data = b"".join(b"2026-02-03 09:14:07 line %d %d\n" % (i, i * 7919) for i in range(9_000))
    packed = {
        "gz": gzip.compress(data),
        "bz2": bz2.compress(data),
        "xz": lzma.compress(data),
        "zst": zstandard.ZstdCompressor(write_checksum=True).compress(data),
    }
    for suffix, content in packed.items():
        file = tmp_path / f"a.log.{suffix}"
        file.write_bytes(content[: len(content) * 2 // 3])
        with pytest.raises(SourceError, match=f"a.log.{suffix}' is cut off"):
            load(memory, file, group="/g")
        broken = bytearray(content)
        broken[len(content) // 2] ^= 0x55
        broken[len(content) // 2 + 1] ^= 0x55
        file.write_bytes(bytes(broken))
        with pytest.raises(SourceError, match=f"a.log.{suffix}' is (damaged|cut off)"):
            load(memory, file, group="/g")
    assert not memory.groups


def test_a_bomb_is_stopped(memory, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(unpacking, "RATIO_FREE_BYTES", 1 << 26)
    packer = zlib.compressobj(9, wbits=31)
    piece = bytes(1 << 20)
    file = tmp_path / "bomb.gz"
    with file.open("wb") as out:
        for _ in range(100):
            out.write(packer.compress(piece))
        out.write(packer.flush())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceError, match=r"unpacks to more than 500 times its size.*max_ratio"):
        load(memory, file, group="/g", format="text")
    report = load(memory, file, group="/g", format="text", max_ratio=None)
    assert report.refused_by_reason == {TOO_LONG: 1}
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 60_000_000


def test_ragged_rows_are_refused_with_their_lines(memory) -> None:
    rows = ["1,x", "1", "", '"1\n2",y', "1,2,3", "3,4", "5,6", "7,8"]
    text = "".join(f"2026-02-03T09:14:07Z,{row}\n" if row else "\n" for row in rows)
    data = b"time,a,b\n" + text.encode()
    report = load(memory, io.BytesIO(data), group="/g")
    assert report.formats == ["csv"]
    assert (report.events, report.records, report.blank) == (5, 7, 1)
    assert [(line, why) for _, line, why in report.refused] == [
        (3, "2 cells where the header has 3"),
        (7, "4 cells where the header has 3"),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_other_encodings_are_decoded_and_said(memory, encoding) -> None:
    text = "2026-02-03 09:14:07 größer\n2026-02-03 09:14:08 \U0001f600\n" * 3
    report = load(memory, io.BytesIO(text.encode(encoding)), group="/g")
    assert [m.decode() for m in memory.messages()] == text.splitlines()
    assert report.untimed == 0
    assert ("decoded from" in str(report)) == (encoding != "utf-8-sig")


@pytest.fixture
def open_folder():
    """A folder that any user can reach, as pytest's own cannot be."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_without_permission_there_is_one_sentence(open_folder) -> None:
    code = f"""
        import os, sys, tempfile
        sys.path[:0] = {[p for p in sys.path if p]!r}
        from memory_store import MemoryStore
        from cwnb.errors import SourceError
        from cwnb.sources import load
        # Whoever may read nothing may import nothing later: the environment can be closed to them.
        import cwnb.store.discovery, orjson, csv, fsspec, numpy.ma, zoneinfo
        folder = {str(open_folder)!r}
        for name in ("a.log", "b.log"):
            with open(f"{{folder}}/{{name}}", "w") as file:
                file.write("2026-02-03 09:14:07 x\\n")
        os.chmod(f"{{folder}}/b.log", 0)
        os.chmod(folder, 0o755)
        if os.geteuid() == 0:
            os.setgid(65534); os.setuid(65534)
        store = MemoryStore()
        try:
            load(store, f"{{folder}}/b.log", group="/g")
        except SourceError as error:
            print(error)
        report = load(store, folder, group="/g")
        print(report.events, report.errors)
        closed = tempfile.mkdtemp()
        os.chmod(closed, 0)
        try:
            load(store, f"{{closed}}/nothing.log", group="/g")
        except SourceError as error:
            print(type(error).__name__)
        os.rmdir(closed)
    """
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": here},
        check=False,
    )
    bad = f"cannot read '{open_folder}/b.log': permission denied"
    assert done.stdout.splitlines() == [
        bad,
        f"1 [({str(open_folder / 'b.log')!r}, {bad!r})]",
        "SourceError",
    ], done.stderr


def test_a_broken_file_does_not_stop_the_good_ones(memory, tmp_path) -> None:
    (tmp_path / "a.log").write_bytes(b"2026-02-03 09:14:07 x\n")
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(b"2026-02-03 09:14:07 y\n" * 99)[:-20])
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "d.json").write_bytes(GOOD * 2)
    (tmp_path / ".hidden").write_bytes(b"x")
    report = load(memory, tmp_path, group="/g")
    assert (report.events, len(report.files)) == (3, 3)
    assert [name for name, _ in report.errors] == [str(tmp_path / "b.log.gz")]
    assert report.streams == ["a.log", "c/d.json"]
    assert "not loaded" in str(report)
    assert "1 hidden" in str(report)


def test_what_the_store_would_refuse_is_counted(memory) -> None:
    memory.cutoff_ms = 1_770_110_047_000
    data = (
        GOOD
        + b"[]\n"
        + b'{"time":"2026-02-02T00:00:00Z"}\n'
        + b'{"time":"1969-01-01T00:00:00Z"}\n'
        + b'{"time":"2026-02-03T09:14:08Z","a":"'
        + b"x" * 1_048_576
        + b'"}\n'
    )
    report = load(memory, io.BytesIO(data), group="/g", format="ndjson")
    assert report.refused_by_reason == {EXPIRED: 1, TOO_EARLY: 1, TOO_LONG: 1}
    assert [line for _, line, _ in report.refused] == [3, 4, 5]
    assert (report.events, report.records) == (2, 5)
    report = load(memory, io.BytesIO(b'[{"time":"2026-02-03T09:14:08Z"},,1]'), group="/g")
    assert report.refused_by_reason == {EMPTY: 1}
    assert report.refused[0][1] == 2


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress, zstandard.compress])
def test_bombs_of_other_kinds(memory, monkeypatch, pack) -> None:
    monkeypatch.setattr(unpacking, "RATIO_FREE_BYTES", 1 << 24)
    bomb = pack(bytes(1 << 25))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceError, match="unpacks to more than 500 times"):
        load(memory, io.BytesIO(bomb), group="/g", format="text")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.log", bytes(1 << 25))
    out.seek(0)
    with pytest.raises(SourceError, match="unpacks to more than 500 times"):
        load(memory, out, group="/g", format="text")
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 60_000_000


@pytest.mark.parametrize(
    ("data", "format", "message"),
    [
        (b'[{"a":1},{"b":', None, "is cut off inside record 2"),
        (b'{"Records":[{"a":1},{"b":2}', None, "is cut off inside record 2"),
        (b'{"Records":[{"a":1},{"b":2}]', None, "is cut off after its last record"),
        (b'[{"a":1}] and more', None, "goes on after record 1 with what is no JSON: b'and more'"),
        (b'{"a":1}\n}\n{"b":2}', "json", "a bracket too many"),
        (b'{"a":1}', "cloudtrail", "is no CloudTrail file"),
        (b"PAR1 but not really", None, "damaged Parquet"),
        (b"PK\x03\x04 no zip", None, "damaged zip"),
    ],
)
def test_broken_containers_are_named(memory, data, format, message) -> None:
    with pytest.raises(SourceError, match=message):
        load(memory, io.BytesIO(data), group="/g", format=format)
    assert not memory.groups


def test_wrong_arguments_are_named(memory, tmp_path) -> None:
    (tmp_path / "access.log").touch()
    with pytest.raises(SourceError, match=r"no file .*did you mean 'access.log'\?"):
        load(memory, tmp_path / "acess.log", group="/g")
    with pytest.raises(SourceError, match="no file matches"):
        load(memory, str(tmp_path / "*.txt"), group="/g")
    with pytest.raises(InvalidParameter, match=r"unknown format 'ndjsn'; did you mean 'ndjson'\?"):
        load(memory, tmp_path, group="/g", format="ndjsn")
    with pytest.raises(SourceError, match="cannot load 'int'"):
        load(memory, 3, group="/g")
    with pytest.raises(SourceError, match="give a list of dicts"):
        load(memory, {"a": 1}, group="/g")
