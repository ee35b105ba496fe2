"""Packed files are unpacked in a thread while they are parsed: nothing of it shows."""

from __future__ import annotations

import bz2
import gzip
import io
import random
import threading
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.errors import SourceError
from cwnb.sources import ahead, blocks, gzip_members, load
from cwnb.sources.gzip_members import GzipMembers

PARTS = [b"", b"a", b"\x00\x00", b"2026-02-03 09:14:07 one\n" * 40, random.Random(3).randbytes(900)]


def names_of_threads() -> set[str]:
    """Name the threads of loads; a store that is open has others."""
    names = {thread.name for thread in threading.enumerate()}
    kinds = ("cwnb-unpack", "cwnb-prepare", "cwnb-write", "cwnb-complete")
    return {name for name in names if name.startswith(kinds)}


def read_all(data: bytes, sizes: list[int]) -> bytes:
    stream, got, turn = GzipMembers(io.BytesIO(data)), [], 0
    while piece := stream.read(sizes[turn % len(sizes)]):
        got.append(piece)
        turn += 1
    assert stream.read(1) == b""
    return b"".join(got)


@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(st.tuples(st.sampled_from(PARTS), st.integers(0, 3)), min_size=1, max_size=4),
    sizes=st.lists(st.sampled_from([1, 7, 100, 4096, -1]), min_size=1, max_size=3),
    step=st.sampled_from([1, 5, 18, 64, 1 << 18]),
)
def test_members_are_read_as_by_python(
    parts: list[tuple[bytes, int]], sizes: list[int], step: int
) -> None:
    packed = b"".join(gzip.compress(part) + bytes(zeros) for part, zeros in parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gzip_members, "_STEP_BYTES", step)
        assert read_all(packed, sizes) == gzip.decompress(packed)


def test_a_cut_anywhere_and_each_damaged_byte_are_found() -> None:
    packed = gzip.compress(PARTS[3]) + gzip.compress(b"end\n")
    for at in range(1, len(packed)):
        whole = at == len(gzip.compress(PARTS[3]))
        if whole:
            assert read_all(packed[:at], [64]) == PARTS[3]
            continue
        with pytest.raises(EOFError):
            read_all(packed[:at], [64])
    for at in range(len(packed)):
        broken = bytearray(packed)
        broken[at] ^= 0x55
        try:
            got = read_all(bytes(broken), [64])
        except (EOFError, zlib.error):
            continue
        # Only what is no part of the content may differ, such as the time of packing.
        assert got == gzip.decompress(packed)
    with pytest.raises(zlib.error):
        read_all(packed + b"rubbish", [64])


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "BLOCK_BYTES", 1 << 14)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1 << 14)


LINES = b"".join(b'{"time": "2026-02-03T09:14:07Z", "n": %d}\n' % i for i in range(30_000))
PACKED = {
    "gz": gzip.compress(LINES),
    "members.gz": gzip.compress(LINES[:400_006]) + gzip.compress(b"") + gzip.compress(LINES[400_006:]),
    "bz2": bz2.compress(LINES),
    "gz.gz": gzip.compress(gzip.compress(LINES)),
}  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
def test_a_packed_file_gives_the_events_of_the_plain_one(
    name: str, memory: Any, tmp_path: Any, small_blocks: None
) -> None:
    plain, packed = tmp_path / "a.ndjson", tmp_path / f"a.ndjson.{name}"
    plain.write_bytes(LINES)
    packed.write_bytes(PACKED[name])
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        assert threading.current_thread() is threading.main_thread()
        told.append((done, total))

    report = load(memory, packed, group="/g", progress=progress)
    assert report.events == 30_000
    assert told[-1] == (len(PACKED[name]), len(PACKED[name]))
    assert not names_of_threads()
    # The same content in another form is known, because its fingerprint is the same.
    assert "already loaded" in str(load(memory, plain, group="/g").files[0].notes)


def test_what_a_packed_file_says_is_what_the_plain_one_says(
    store: Any, tmp_path: Any, small_blocks: None
) -> None:
    lines = LINES + b'no JSON\n\n{"time": "2026-02-03T09:14:09Z", "n": 1.5}\n' + b"x" * 1_100_000
    reports = []
    for name, data in {"a.ndjson": lines, "b.ndjson.gz": gzip.compress(lines)}.items():
        file = tmp_path / name
        file.write_bytes(data)
        found = load(store, file, group=f"/{name}").files[0]
        reports.append((found.events, found.lines, found.blank, found.refused, found.notes))
    assert reports[0] == reports[1]


@pytest.mark.parametrize("cut", [True, False])
def test_damage_far_inside_leaves_nothing(
    cut: bool, store: Any, tmp_path: Any, small_blocks: None
) -> None:
    data = bytearray(PACKED["gz"])
    data[-60] ^= 0x55
    file = tmp_path / "a.ndjson.gz"
    file.write_bytes(data[:-30] if cut else data)
    with pytest.raises(SourceError, match=r"is (cut off|damaged)"):
        load(store, file, group="/g")
    assert store.groups() == []
    assert not names_of_threads()


def test_a_stopped_load_leaves_no_thread_and_nothing_half(
    store: Any, tmp_path: Any, small_blocks: None
) -> None:
    file = tmp_path / "a.ndjson.gz"
    file.write_bytes(PACKED["gz"])
    calls = 0

    def progress(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 30:
            assert any(name.startswith("cwnb-unpack") for name in names_of_threads())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(store, file, group="/g", progress=progress)
    assert not names_of_threads()
    assert store.groups() == []
    assert load(store, file, group="/g").events == 30_000


def test_an_empty_packed_file(store: Any, tmp_path: Any) -> None:
    file = tmp_path / "a.log.gz"
    file.write_bytes(gzip.compress(b""))
    report = load(store, file, group="/g")
    assert report.events == 0
    assert "the file is empty" in report.files[0].notes
