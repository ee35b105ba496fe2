"""Members of tar and zip files are files of their own; nothing is written and no link followed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
import zstandard

from cwnb.errors import SourceError
from cwnb.sources import load

LINE = b"2026-02-03 09:14:07 "


def content(number, *, lines=1):
    return b"".join(LINE + b"file %d line %d\n" % (number, line) for line in range(lines))


def tarred(members, *, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.mtime = 1_770_000_000
            if isinstance(data, bytes):
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            else:
                info.type, info.linkname = data
                archive.addfile(info)
    return out.getvalue()


FORMS = [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT]
PACKS = [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pack", PACKS)
def test_members_of_a_tar_are_files(memory, tmp_path, pack, form):
    data = tarred(
        {
            "logs": (tarfile.DIRTYPE, ""),
            "logs/a.log": content(1, lines=2),
            "logs/" + "long/" * 17 + "b.json.gz": gzip.compress(b'{"time":1770110047,"a":1}\n'),
            "logs/._a.log": b"\0\5\x16\7 of another system",
            "empty.log": b"",
        },
        form=form,
    )
    file = tmp_path / "logs.packed"
    file.write_bytes(pack(data))
    report = load(memory, file, group="/g")
    assert report.errors == []
    assert (report.events, report.lines, len(report.files)) == (3, 3, 3)
    assert report.streams == ["logs/a.log", "logs/" + "long/" * 17 + "b.json.gz"]
    assert sorted(report.formats) == ["ndjson", "text"]
    assert "1 hidden file was left out" in str(report)
    assert all(name.startswith(f"{file}/") for name in (f.name for f in report.files))
    again = load(memory, io.BytesIO(pack(data)), group="/g")
    assert again.events == 0


def test_a_tar_of_the_old_form(memory):
    data = bytearray(tarred({"a.log": content(1)}, form=tarfile.USTAR_FORMAT))
    data[257:265] = bytes(8)
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + 8 * 32 + sum(data[156:512]))
    assert load(memory, io.BytesIO(bytes(data)), group="/g").events == 1


def test_links_devices_and_paths_are_never_followed(memory, tmp_path):
    secret = tmp_path / "secret.log"
    secret.write_bytes(content(666))
    data = tarred(
        {
            "link.log": (tarfile.SYMTYPE, str(secret)),
            "hard.log": (tarfile.LNKTYPE, str(secret)),
            "zero": (tarfile.CHRTYPE, ""),
            "pipe": (tarfile.FIFOTYPE, ""),
            str(secret): content(1),
            "../../secret.log": content(2),
        }
    )
    report = load(memory, io.BytesIO(data), group="/g")
    assert memory.messages() == [content(1).strip(), content(2).strip()]
    assert report.streams == ["../../secret.log", str(secret)]
    assert secret.read_bytes() == content(666)
    assert "4 members that are no files were left out" in str(report)
    assert "'link.log' (link), 'hard.log' (link), 'zero' (device), …" in str(report)


def test_a_damaged_member_costs_that_member(memory):
    data = bytearray(tarred({f"{n}.log": content(n, lines=40) for n in range(4)}, form=FORMS[1]))
    at = data.index(b"2.log")
    data[at + 20] ^= 1
    report = load(memory, io.BytesIO(bytes(data)), group="/g")
    assert report.streams == ["0.log", "1.log", "3.log"]
    ((name, why),) = report.errors
    assert why == "'<stream>' has a damaged member after '1.log'"
    assert name == "<stream>/(after '1.log')"
    assert report.events == 3 * 40


def test_a_member_that_is_no_log_costs_itself(memory):
    members = {"a.log": content(1), "b.png": b"\x89PNG" + bytes(99), "c.log": content(3)}
    inner = tarred({"x.log": content(4)})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("y.log", content(5))
    members |= {"d.tar": inner, "e.zip": out.getvalue()}
    report = load(memory, io.BytesIO(tarred(members)), group="/g")
    assert report.events == 2
    assert [why.split(" is ")[1] for _, why in report.errors] == [
        "a PNG image, not a log",
        "a tar file inside of an archive; unpack it first",
        "a zip file inside of another file; unpack it first",
    ]


@pytest.mark.parametrize("pack", PACKS[:2])
def test_a_tar_that_is_cut_off_keeps_its_whole_members(memory, pack):
    data = tarred({f"{n}.log": content(n, lines=2_000) for n in range(3)})
    cut = pack(data)[: -60_000 if pack is bytes else -2_000]
    report = load(memory, io.BytesIO(cut), group="/g")
    assert report.streams in (["0.log", "1.log"], ["0.log"])
    assert all("cut off" in why or "cannot be unpacked" in why for _, why in report.errors)
    assert len(report.errors) >= 1
    for end in (3 * 512 + 100, 512 + 7):
        report = load(memory, io.BytesIO(data[:end]), group="/h")
        assert report.events == 0
        assert "may be missing" in report.errors[-1][1]
    with pytest.raises(SourceError, match="is cut off"):
        load(memory, io.BytesIO(gzip.compress(data)[:40]), group="/i")


def test_a_tar_without_its_end_is_said(memory):
    data = tarred({"a.log": content(1)}).rstrip(b"\0")
    data += bytes(-len(data) % 512)
    report = load(memory, io.BytesIO(data), group="/g")
    assert report.events == 1
    assert "members after 'a.log' may be missing" in str(report)


def test_tars_one_after_another(memory):
    data = tarred({"a.log": content(1)}) + tarred({"b.log": content(2)})
    report = load(memory, io.BytesIO(data), group="/g")
    assert (report.streams, report.errors) == (["a.log", "b.log"], [])


def test_a_sparse_member_is_refused(memory):
    data = bytearray(tarred({"a.log": content(1), "b.log": content(2)}, form=FORMS[1]))
    data[156:157] = tarfile.GNUTYPE_SPARSE
    data[386:398] = b"00000000000\0"
    data[398:410] = b"%011o\0" % 25
    data[483:495] = b"77777777777\0"
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + 8 * 32 + sum(data[156:512]))
    report = load(memory, io.BytesIO(bytes(data)), group="/g")
    assert report.streams == ["b.log"]
    assert "has holes" in report.errors[0][1]


def test_small_members_share_a_segment_and_grown_ones_load_their_tail(store):
    members = {f"{n}.log": content(n, lines=3) for n in range(30)}
    assert load(store, io.BytesIO(tarred(members)), group="/g").events == 90
    assert store.groups()[0].segments == 1
    members = {name: data + content(99) for name, data in members.items()}
    report = load(store, io.BytesIO(gzip.compress(tarred(members))), group="/g")
    assert report.events == 30
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data + content(100))
    out.seek(0)
    assert load(store, out, group="/g").events == 30
