"""`cwnb export` and `cwnb exports`."""

from __future__ import annotations

import re

import pytest

from cwnb.cli import main
from cwnb.delivery.exports import running

DAY = 1_770_076_800_000


@pytest.fixture
def run(logs, capsys):
    def command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--store", str(logs.store.path)])
        found = capsys.readouterr()
        return ended.value.code, found.out, found.err

    logs.put("/g", "s", [(DAY, "one"), (DAY + 1, "two")])
    return command


def test_an_export_and_the_list(run, tmp_path):
    code, out, err = run("export", "/g", str(tmp_path / "out"), "--end", str(DAY + 1))
    assert (code, err) == (0, "")
    said = re.fullmatch(r"1 event in 1 file under (.*/out)/([0-9a-f-]{36}): (.*)\n", out)
    assert said[3] == "Completed successfully"
    code, out, _ = run("exports")
    assert code == 0
    assert said[2] in out
    assert "COMPLETED" in out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["export", "/h", "out"], "no log group is named '/h'"),
        (["export", "/g"], "DESTINATION is missing; see 'cwnb export --help'"),
        (["export", "/g", "out", "--format", "csv"], "unknown export format 'csv'"),
        (["exports", "--resume", "x"], "The specified export task does not exist."),
        (["exports", "--resume", "x", "--cancel", "y"], "give one of --cancel and --resume"),
    ],
)
def test_errors_are_one_sentence(run, arguments, error):
    code, _, err = run(*arguments)
    assert code == 2
    assert err.startswith(f"cwnb: {error}")
    assert err.count("\n") == 1


def test_what_failed_is_resumed(run, logs, tmp_path, monkeypatch):
    write_files = running.ExportRun._write_files
    monkeypatch.setattr(running.ExportRun, "_write_files", lambda *_: 1 / 0)
    code, _, err = run("export", "/g", str(tmp_path / "out"))
    assert code == 2
    assert "has failed: ZeroDivisionError" in err
    monkeypatch.setattr(running.ExportRun, "_write_files", write_files)
    task = logs.exports()["task"][0]
    code, out, _ = run("exports", "--resume", task)
    assert code == 0
    assert out.startswith("2 events in 1 file under ")
    code, _, err = run("exports", "--cancel", task)
    assert (code, err) == (2, "cwnb: The specified export task has already finished\n")
