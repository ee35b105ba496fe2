"""Exports to a disk that is really full, and to folders that nobody can write to."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from cwnb.errors import ExportFailed

DAY = 1_770_076_800_000
# Told the store's folder and that of a small disk; the disk is mounted for this process alone.
FULL = """
import os, sys
from pathlib import Path
import cwnb
from cwnb.errors import ExportFailed
logs = cwnb.open(sys.argv[1])
disk = Path(sys.argv[2])
kept = [os.urandom(100_000).hex() for _ in range(20)]
for number, text in enumerate(kept):
    logs.put("/g", "s", [(1_770_076_800_000 + number, text)])
def messages(group):
    return logs.query("fields @message | sort @timestamp", group).df["@message"].tolist()
def files(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]
for format in ("service", "parquet", "ndjson"):
    (disk / "ballast").write_bytes(b"x" * (7 << 20))
    out = disk / format
    task = logs.export("/g", out, format=format)
    try:
        task.wait(60)
    except ExportFailed as error:
        assert str(error).endswith(f"no space is left for the export in {str(out)!r}"), error
    else:
        raise AssertionError("it has room")
    assert task.state == "FAILED"
    assert files(out) == ["aws-logs-write-test"] * (format == "service"), files(out)
    assert messages("/g") == kept
    (disk / "ballast").unlink()
    assert task.resume().wait(60).info.events == 20
    logs.load(out / task.id, group="/again-" + format)
    assert messages("/again-" + format) == kept
    for path in sorted(out.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
print("whole")
"""
DENIED = """
import sys
import cwnb
from cwnb.errors import ExportFailed
logs = cwnb.open(sys.argv[1])
logs.put("/g", "s", [(1_770_076_800_000, "one")])
for place in (sys.argv[2], sys.argv[2] + "/below"):
    task = logs.export("/g", place)
    try:
        task.wait(60)
    except ExportFailed as error:
        assert f"cannot write to {place!r}: read-only file system" in str(error), error
    else:
        raise AssertionError("it can be written to")
    assert task.state == "FAILED"
logs.put("/g", "s", [(1_770_076_800_001, "two")])
assert logs.query("stats count(*) as n", "/g").df["n"][0] == 2
print("whole")
"""


@pytest.fixture
def on_mount(tmp_path):
    """Give a function that runs a program with a tmpfs of these options mounted for it alone."""
    place = tmp_path / "disk"
    place.mkdir()
    unshare = shutil.which("unshare")

    def run(options, program):
        mount = f"mount -t tmpfs -o {options} tmpfs '{place}'"
        may = unshare and subprocess.run(
            [unshare, "-m", "sh", "-c", mount], capture_output=True, check=False
        )
        if not may or may.returncode:
            pytest.skip("no right to mount")
        folders = [str(tmp_path / "store"), str(place)]
        shell = [unshare, "-m", "sh", "-c", f'{mount} && exec "$@"', "sh"]
        return subprocess.run(
            [*shell, sys.executable, "-c", program, *folders],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("options", "program"), [("size=8m", FULL), ("ro", DENIED)], ids=["full", "read-only"]
)
def test_a_disk_that_takes_nothing_fails_the_task_and_leaves_the_store(on_mount, options, program):
    done = on_mount(options, program)
    assert (done.returncode, done.stdout) == (0, "whole\n"), done.stderr


def test_a_file_in_the_place_of_a_folder(logs, tmp_path):
    logs.put("/g", "s", [(DAY, "one")])
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        task = logs.export("/g", place)
        with pytest.raises(ExportFailed, match=r"cannot write to '.*file.*': (not a dir|file ex)"):
            task.wait(20)
        assert task.state == "FAILED"
    assert (tmp_path / "file").read_text() == "mine"
    (tmp_path / "file").unlink()
    assert task.resume().wait(20).info.events == 1
