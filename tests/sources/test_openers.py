from __future__ import annotations

import gzip
import io
import os
import sys
import threading
import zipfile
from typing import TYPE_CHECKING

import fsspec
import pytest

from cwnb.errors import SourceError
from cwnb.sources import load

if TYPE_CHECKING:
    from pathlib import Path

LINE = b"2026-02-03 09:14:07 x\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for index, name in enumerate(["a/app.log", "b/app.log", "b/c/other.txt", "top.log"]):
        path = tmp_path / "t" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(LINE * (index + 1))
    return tmp_path / "t"


@pytest.mark.parametrize(
    ("what", "streams"),
    [
        ("top.log", ["top.log"]),
        ("", ["a/app.log", "b/app.log", "b/c/other.txt", "top.log"]),
        ("*/app.log", ["a/app.log", "b/app.log"]),
        ("**/*.log", ["a/app.log", "b/app.log", "top.log"]),
        ("b", ["app.log", "c/other.txt"]),
        ("[ab]", ["a/app.log", "b/app.log", "b/c/other.txt"]),
    ],
)
def test_paths_globs_and_folders(memory, tree, what, streams) -> None:
    report = load(memory, f"{tree}/{what}", group="/g")
    assert report.streams == streams
    assert report.events == report.lines > 0
    assert load(memory, tree / "top.log", group="/p", stream="s").streams == ["s"]


def test_lists_and_file_urls(memory, tree) -> None:
    what = [tree / "top.log", f"file://{tree}/a/app.log", io.BytesIO(b"other\n" + LINE * 8)]
    assert load(memory, what, group="/g").events == 4 + 1 + 9


def test_a_missing_file_in_a_list_does_not_stop_the_others(memory, tree) -> None:
    report = load(memory, [tree / "top.log", tree / "no.log"], group="/g")
    assert (report.events, len(report.errors)) == (4, 1)


def test_urls(memory) -> None:
    system = fsspec.filesystem("memory")
    for name in ("x/one.log", "x/y/two.log"):
        system.pipe(f"/bucket/{name}", LINE if "one" in name else b"two\n" + LINE)
    try:
        assert load(memory, "memory://bucket/x/one.log", group="/a").streams == ["one.log"]
        assert load(memory, "memory://bucket/x", group="/b").streams == ["one.log", "y/two.log"]
        assert load(memory, "memory://bucket/x/**/*.log", group="/c").events == 3
        with pytest.raises(SourceError, match=r"no file matches|no such file"):
            load(memory, "memory://bucket/none.log", group="/d")
    finally:
        system.rm("/bucket", recursive=True)
    with pytest.raises(SourceError, match=r"cannot read 'nosuch://x'"):
        load(memory, "nosuch://x", group="/d")


def test_a_package_that_lacks_is_named(memory, monkeypatch) -> None:
    # A file system that another test has opened is remembered by fsspec and not imported again.
    for protocol in ("s3", "abfs"):
        monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, protocol, raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(SourceError, match=r"not installed; pip install 'cwnb\[s3\]'"):
        load(memory, "s3://bucket/x.log", group="/d")
    monkeypatch.setitem(sys.modules, "adlfs", None)
    with pytest.raises(SourceError, match="adlfs"):
        load(memory, "abfs://bucket/x.log", group="/d")


def test_file_objects_stay_open(memory, tree) -> None:
    with (tree / "top.log").open("rb") as file:
        report = load(memory, file, group="/g")
        assert not file.closed
    assert report.streams == ["top.log"]
    with (tree / "top.log").open() as file:
        assert load(memory, file, group="/h").events == 4
    assert load(memory, io.StringIO("2026-02-03 09:14:07 é\n"), group="/i").streams == ["stream"]
    assert memory.messages("/i") == ["2026-02-03 09:14:07 é".encode()]


def test_a_folder_of_odd_things(memory, tree) -> None:
    os.mkfifo(tree / "pipe")
    (tree / "empty").mkdir()
    report = load(memory, tree, group="/g")
    assert "'pipe' was left out: no regular file" in str(report)
    assert load(memory, tree / "empty", group="/h").notes == [
        f"no files in {str(tree / 'empty')!r}"
    ]


def test_progress_counts_bytes(memory, tree) -> None:
    seen: list[tuple[int, int | None]] = []
    load(memory, tree, group="/g", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10 * len(LINE), 10 * len(LINE))
    assert seen == sorted(seen)


def feed(pipe: Path, data: bytes) -> threading.Thread:
    thread = threading.Thread(target=lambda: pipe.write_bytes(data))
    thread.start()
    return thread


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.log", data)
    return out.getvalue()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zipped])
def test_a_pipe_that_is_named_is_read_packed_or_not(store, tmp_path, pack) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    lines = b"".join(b"2026-02-03 09:14:07 %d\n" % n for n in range(9_000))
    for data, events in ((lines, 9_000), (lines, 0), (lines + LINE, 1)):
        thread = feed(pipe, pack(data))
        report = load(store, pipe, group="/g")
        thread.join()
        assert report.events == events
        assert report.errors == []


def test_pipes_among_other_files_are_left_out(memory, tree) -> None:
    os.mkfifo(tree / "pipe.log")
    for what in (tree, f"{tree}/*", f"{tree}/**"):
        report = load(memory, what, group="/g", again=True)
        assert report.events == 10
        assert "'pipe.log' was left out: no regular file" in str(report)
