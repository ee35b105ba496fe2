"""Files that are loaded while somebody writes them: each line is loaded once, and whole."""

from __future__ import annotations

import gzip
import io
import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cwnb.events import ALL_TIME
from cwnb.sources import load

AT = "2026-02-03 09:14:07 "
CRI = "2026-02-03T09:14:07.123Z stdout F "
LEFT = "1 unfinished record is left for the next load; complete=True loads it now"


def messages(store, group="/g"):
    found = []
    for task in store.snapshot([group]).scan(["@message"], ALL_TIME, ()).tasks:
        columns = task.open().columns(["@message", "@sequence"])
        found += zip(columns["@sequence"].to_pylist(), columns["@message"].to_pylist(), strict=True)
    return [message for _, message in sorted(found)]


def rests(file):
    """Let a file look as if it had not been written to for long."""
    long_ago = time.time() - 3_600
    os.utime(file, (long_ago, long_ago))


FORMS = {
    "text": (f"{AT}one\n{AT}two", f" is longer\n{AT}three\n"),
    "return": (f"{AT}one\r\n{AT}two\r", f"\n{AT}three\r\n"),
    "trace": (f"{AT}one\n{AT}two\n  at a.b(c.java:1)\n  at d", f".e(f.java:2)\n{AT}three\n"),
    "ndjson": ('{"time":1770110047,"a":1}\n{"time":1770110047,"b":', '2}\n{"time":1770110048}\n'),
    "cri": (f"{CRI}one\n{CRI}two", f" is longer\n{CRI}three\n"),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_unfinished_record_is_completed_by_the_next_load(store, tmp_path, form):
    begin, rest = FORMS[form]
    file = tmp_path / "a.log"
    file.write_bytes(begin.encode())
    report = load(store, file, group="/g")
    assert (report.events, report.records, report.lines) == (1, 1, 1)
    assert LEFT in str(report)
    file.write_bytes((begin + rest).encode())
    report = load(store, file, group="/g")
    assert report.events == 2
    assert LEFT not in str(report)
    assert load(store, file, group="/g").events == 0
    whole = io.BytesIO((begin + rest).encode())
    assert load(store, whole, group="/whole").events == 3
    assert messages(store) == messages(store, "/whole")
    assert sum(record.lines for record in store.load_records("/g")[-1:]) == (begin + rest).count(
        "\n"
    )


def test_what_has_not_grown_is_loaded_by_the_next_load(store, tmp_path):
    file = tmp_path / "a.log"
    file.write_text(f"{AT}one\n{AT}two")
    assert load(store, file, group="/g").events == 1
    assert load(store, file, group="/g").events == 1
    assert load(store, file, group="/g").events == 0
    assert messages(store) == [f"{AT}one", f"{AT}two"]


def test_complete_takes_it_now(store, tmp_path):
    file = tmp_path / "a.log"
    file.write_text(f"{AT}one\n{AT}two")
    report = load(store, file, group="/g", complete=True)
    assert report.events == 2
    assert LEFT not in str(report)
    assert load(store, file, group="/g").events == 0


@pytest.mark.parametrize(
    "data",
    [
        b"only one line",
        b'{"time":1770110047,"a":1}\n{"time":1770110047,"b":2}',
        b"time,a\n1770110047,1\n1770110047,2",
        b"2026-02-03 09:14:07 a\n2026-02-03 09:14:07 " + b"x" * 2_000_000,
        "2026-02-03 09:14:07 a\n2026-02-03 09:14:07 b".encode("utf-16"),
    ],
)
def test_what_is_whole_or_cannot_be_left_is_loaded(store, tmp_path, data):
    file = tmp_path / "a.log"
    file.write_bytes(data)
    assert LEFT not in str(load(store, file, group="/g"))


def test_files_at_rest_streams_and_packed_files_are_whole(store, tmp_path):
    data = f"{AT}one\n{AT}two".encode()
    file = tmp_path / "a.log"
    file.write_bytes(data)
    rests(file)
    packed = tmp_path / "b.log.gz"
    packed.write_bytes(gzip.compress(data))
    for number, what in enumerate((file, packed, io.BytesIO(data))):
        assert load(store, what, group=f"/{number}").events == 2


def test_the_rest_of_what_was_loaded_unfinished_is_an_event_of_its_own(store, tmp_path):
    file = tmp_path / "a.log"
    file.write_text(f"{AT}one\n{AT}two")
    rests(file)
    assert load(store, file, group="/g").events == 2
    with file.open("a") as log:
        log.write(f" is longer\n{AT}three\n")
    report = load(store, file, group="/g")
    assert "its rest is an event of its own" in str(report)
    assert messages(store) == [f"{AT}one", f"{AT}two", " is longer", f"{AT}three"]
    with file.open("a") as log:
        log.write("  at a.b(c.java:1)\n")
    report = load(store, file, group="/g")
    assert (report.events, report.untimed) == (1, 1)
    assert "its rest is an event of its own" in str(report)


def test_a_line_that_only_got_its_newline_is_known(store, tmp_path):
    file = tmp_path / "a.log"
    file.write_text(f"{AT}one\n{AT}two")
    load(store, file, group="/g", complete=True)
    with file.open("a") as log:
        log.write(f"\n{AT}three\n")
    report = load(store, file, group="/g")
    assert report.events == 1
    assert "event of its own" not in str(report)


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(1, 120), max_size=8), st.sampled_from(["text", "ndjson", "cri"]))
def test_wherever_the_loads_find_the_end(store, tmp_path, sizes, form):
    begin, rest = FORMS[form]
    data = (begin + rest).encode() * 3
    file = tmp_path / f"{form}.log"
    group = f"/{form}/{len(store.groups())}"
    end = begin.index("\n") + 1
    for size in [0, *sizes, len(data)]:
        end = min(len(data), end + size)
        file.write_bytes(data[:end])
        load(store, file, group=group)
    load(store, io.BytesIO(data), group=group + "/whole")
    assert messages(store, group) == messages(store, group + "/whole")
