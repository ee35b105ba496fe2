from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cwnb.store.discovery import LOG_TYPES

LINES = [
    json.dumps(
        {"time": f"2026-11-20T11:{n:02d}:00Z", "level": level, "status": status, "ms": n / 4}
    )
    for n, (level, status) in enumerate([("INFO", 200), ("ERROR", 500), ("INFO", 201)] * 4)
]


def run(
    *arguments: str, cwd: Path, stdin: str | None = None, more: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    ours = {"CWNB_STORE", "CWNB_START", "NO_COLOR"}
    environment = {k: v for k, v in os.environ.items() if k not in ours}
    environment |= more or {}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    return subprocess.run(
        [sys.executable, "-m", "cwnb.cli", *arguments],
        cwd=cwd, env=environment, input=stdin, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Give a folder with a store of twelve events, made by the command line."""
    config = tmp_path_factory.mktemp("config")
    before = os.environ.get("CWNB_CONFIG_DIR")
    os.environ["CWNB_CONFIG_DIR"] = str(config)
    folder = tmp_path_factory.mktemp("shop")
    (folder / "app.json").write_text("\n".join(LINES) + "\n")
    answer = run("load", "app.json", "--group", "/shop/app", cwd=folder)
    assert (answer.returncode, answer.stderr) == (0, "")
    told = dict(re.split(r" {2,}", line) for line in answer.stdout.splitlines())
    assert (told["group"], told["events"], told["lines"]) == ("/shop/app", "12", "12")
    (folder / "config").write_text(str(config))
    if before is None:
        del os.environ["CWNB_CONFIG_DIR"]
    else:
        os.environ["CWNB_CONFIG_DIR"] = before
    return folder


@pytest.fixture
def ask(shop, monkeypatch):
    monkeypatch.setenv("CWNB_CONFIG_DIR", (shop / "config").read_text())
    return lambda *arguments, **more: run(*arguments, cwd=shop, **more)


COUNT = "stats count(*) as n, max(ms) as most by level | sort n desc"


TABLE = """\
level  n  most
─────  ─  ────
INFO   8  2.75
ERROR  4   2.5
"""


def test_table(ask):
    answer = ask("query", COUNT, "-g", "/shop/app")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == TABLE


def test_json(ask):
    answer = ask("query", COUNT, "-g", "/shop/app", "--output", "json")
    assert json.loads(answer.stdout) == [
        {"level": "INFO", "n": 8, "most": 2.75},
        {"level": "ERROR", "n": 4, "most": 2.5},
    ]


def test_csv(ask):
    answer = ask("query", COUNT, "-g", "/shop/app", "-o", "csv")
    rows = list(csv.reader(io.StringIO(answer.stdout)))
    assert rows == [["level", "n", "most"], ["INFO", "8", "2.75"], ["ERROR", "4", "2.5"]]


# A missing value, a time, a number of more than four decimals and one that a double cannot hold.
FILES = (
    "sort @timestamp | limit 2 | fields @timestamp as t, nosuch, ms / 3 as third, "
    "9007199254740993 as large, level"
)
ROWS = [
    {"t": "2026-11-20T11:00:00.000Z", "nosuch": None, "third": 0, "large": 9007199254740993, "level": "INFO"},
    {"t": "2026-11-20T11:01:00.000Z", "nosuch": None, "third": 0.25 / 3, "large": 9007199254740993, "level": "ERROR"},
]  # fmt: skip


@pytest.mark.parametrize("output", ["json", "ndjson", "csv"])
def test_files_have_missing_values_zones_and_all_digits(ask, tmp_path, output):
    file = tmp_path / f"answer.{output}"
    told = ask("query", FILES, "-g", "/shop/app", "-o", output)
    assert told.returncode == 0, told.stderr
    assert ask("query", FILES, "-g", "/shop/app", "--to", str(file)).returncode == 0
    assert file.read_text() == told.stdout
    if output == "json":
        assert json.loads(told.stdout) == ROWS
    elif output == "ndjson":
        assert [json.loads(line) for line in told.stdout.splitlines()] == ROWS
    else:
        rows = [["" if v is None else str(v) for v in row.values()] for row in ROWS]
        assert list(csv.reader(io.StringIO(told.stdout))) == [list(ROWS[0]), *rows]


@pytest.mark.parametrize(("output", "said"), [("json", "[]\n"), ("ndjson", ""), ("csv", "level\n")])
def test_an_answer_without_rows_is_a_file(ask, output, said):
    answer = ask("query", "filter ms > 99 | fields level", "-g", "/shop/app", "-o", output)
    assert (answer.returncode, answer.stdout) == (0, said)


def test_every_kind_of_value_has_json(tmp_path):
    import cwnb
    from cwnb.output import write

    frame = pd.DataFrame(
        {
            "id": range(20_000),
            "mixed": [1, "a", None, 2.5] * 5_000,
            "list": [[1], None, [2, 3], []] * 5_000,
            "flag": [True, False, None, True] * 5_000,
            "far": [float("inf"), -float("inf"), float("nan"), 1e300] * 5_000,
        }
    )
    # Of three parts, so that what joins them is seen too.
    result = cwnb.query("fields id, mixed, list, flag, far | sort id | limit 20000", frame)
    for name in ("x.json", "x.jsonl"):
        write(result, name[2:].replace("jsonl", "ndjson"), str(tmp_path / name))
    rows = json.loads((tmp_path / "x.json").read_text())
    assert [row["id"] for row in rows] == list(range(20_000))
    assert [row["far"] for row in rows[:4]] == ["Infinity", "-Infinity", None, 1e300]
    assert [row["mixed"] for row in rows[:4]] == ["1", "a", None, "2.5"]
    assert list(map(json.loads, (tmp_path / "x.jsonl").read_text().splitlines())) == rows


def test_parquet_to_a_file_and_to_a_pipe(ask, tmp_path):
    import pyarrow.parquet as pq

    file = tmp_path / "answer.parquet"
    answer = ask("query", COUNT, "-g", "/shop/app", "--to", str(file))
    assert (answer.returncode, answer.stdout) == (0, "")
    table = pq.read_table(file)
    assert table["n"].to_pylist() == [8, 4]
    assert str(table["n"].type) == "int64"


def test_times_that_begin_with_a_dash(ask):
    count = ["query", "stats count(*) as n", "-g", "/shop/app", "-o", "json"]
    for end, rows in (("+9999d", [{"n": 12}]), ("-9998d", [])):
        answer = ask(*count, "--start", "-9999d", "--end", end)
        assert json.loads(answer.stdout) == rows, answer.stderr


def test_window(ask):
    window = ["--start", "2026-11-20T11:02", "--end", "2026-11-20T11:05"]
    answer = ask("query", "stats count(*) as n", "-g", "/shop/*", *window, "-o", "json")
    assert json.loads(answer.stdout) == [{"n": 3}]


def test_a_setting_narrows_the_window(ask):
    count = ["query", "stats count(*) as n", "-g", "/shop/app", "-o", "csv"]
    narrow = {"CWNB_START": "2026-11-20T11:10Z"}
    assert ask(*count, more=narrow).stdout == "n\n2\n"
    assert ask(*count, "--start", "all", more=narrow).stdout == "n\n12\n"
    answer = ask(*count, more={"CWNB_START": "lately"})
    assert answer.returncode == 2
    assert answer.stderr.endswith("; the start is that of CWNB_START\n")
    empty = ask(*count, "--start", "2026-11-21T08:00", "-o", "json")
    lie = "they lie from 2026-11-20 11:00 to 2026-11-20 11:11 UTC"
    assert empty.stderr == f"warning: there are no events from 2026-11-21 08:00 UTC; {lie}\n"


def test_query_from_standard_input(ask):
    answer = ask("query", "-", "-g", "/shop/app", "-o", "json", stdin="stats count(*) as n\n")
    assert json.loads(answer.stdout) == [{"n": 12}]


def test_explain_and_pandas(ask, tmp_path, monkeypatch):
    explained = ask("query", COUNT, "-g", "/shop/app", "--explain")
    assert explained.returncode == 0, explained.stderr
    head, *steps = explained.stdout.splitlines()
    assert head.split()[-1] == "command"
    assert [(step.split()[:2], step.split("  ")[-1]) for step in steps] == [
        (["12", "12"], "# scan level, ms"),
        (["12", "2"], "| stats count(*) as n, max(ms) as most by level"),
        (["2", "2"], "| sort n desc | limit 10000"),
    ]
    written = ask("query", COUNT, "-g", "/shop/app", "--pandas")
    assert written.returncode == 0, written.stderr
    assert "cwnb" not in written.stdout
    # It runs on the events of this query, which have these columns.
    pd.DataFrame(
        {
            "@timestamp": pd.to_datetime(["2026-11-20T11:00Z"] * 3).as_unit("ms"),
            "@sequence": [1, 2, 3],
            "level": ["INFO", "ERROR", "INFO"],
            "ms": [0.0, 0.25, 0.5],
        }
    ).to_parquet(tmp_path / "events.parquet")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(written.stdout, "query.py", "exec"), names)
    assert names["result"].to_dict("list") == {
        "level": ["INFO", "ERROR"], "n": [2, 1], "most": [0.5, 0.25],
    }  # fmt: skip


def test_the_source_of_pandas_reads_what_was_exported(ask, tmp_path):
    file = tmp_path / "held.parquet"
    written = ask("query", COUNT, "-g", "/shop/app", "--pandas", "--export-events", str(file))
    assert written.returncode == 0, written.stderr
    assert "export_events" in written.stdout.splitlines()[0]
    names: dict[str, Any] = {}
    exec(compile(written.stdout, "query.py", "exec"), names)
    assert names["result"].to_dict("list") == {
        "level": ["INFO", "ERROR"], "n": [8, 4], "most": [2.75, 2.5],
    }  # fmt: skip
    refused = ask("query", COUNT, "-g", "/shop/app", "--export-events", "no/x.parquet")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def test_warnings_go_to_standard_error(ask):
    answer = ask("query", "filter levle = 'x' | limit 1", "-g", "/shop/app", "-o", "json")
    assert json.loads(answer.stdout) == []
    assert "levle" in answer.stderr


def test_the_reason_for_no_rows_goes_to_standard_error(ask):
    answer = ask("query", "filter ms * 1 > 99 | display ms", "-g", "/shop/app")
    *_, last = answer.stderr.splitlines()
    assert last == "no rows: all 12 rows that came to it were dropped by: filter ms * 1 > 99"
    explained = ask("query", "filter ms * 1 > 99", "-g", "/shop/app", "--explain")
    assert "no rows: " in explained.stdout
    assert "no rows: " not in explained.stderr


def test_a_table_shows_times_in_the_zone_that_is_asked(ask):
    text = "fields @timestamp, level | sort @timestamp | limit 1"
    for zone, clock in (("UTC", "11:00:00"), ("Asia/Kolkata", "16:30:00")):
        head, _, row = ask("query", text, "-g", "/shop/app", "--tz", zone).stdout.splitlines()
        assert head.split("  ")[0] == f"@timestamp ({zone})"
        assert row.startswith(f"2026-11-20 {clock}.000 ")
        exact = ask("query", text, "-g", "/shop/app", "--tz", zone, "-o", "csv").stdout
        assert exact.splitlines()[1] == "2026-11-20T11:00:00.000Z,INFO"
    refused = ask("query", text, "-g", "/shop/app", "--tz", "Mars/Olympus")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "unknown time zone 'Mars/Olympus'" in refused.stderr


def test_groups_and_fields(ask):
    head, _, group = ask("groups").stdout.splitlines()
    assert head.split()[:7] == ["name", "events", "bytes", "first", "(UTC)", "last", "(UTC)"]
    assert group.split()[:2] == ["/shop/app", "12"]
    assert "2026-11-20 11:00:00.000  2026-11-20 11:11:00.000" in group
    for arguments in (["/shop/app"], ["--group", "/shop/app"]):
        answer = ask("fields", *arguments)
        assert answer.returncode == 0, answer.stderr
        head, _, *fields = answer.stdout.splitlines()
        assert head.split() == ["name", "share", "types", "distinct", "examples", "conflicts"]
        assert [line.split()[:4] for line in fields] == [
            ["level", "1", "text", "2"],
            ["ms", "1", "number", "12"],
            ["status", "1", "integer", "3"],
            ["time", "1", "text", "12"],
        ]


def test_loading_twice_is_said(ask):
    answer = ask("load", "app.json", "-g", "/shop/app")
    assert "already" in (answer.stdout + answer.stderr)
    assert "--again" in answer.stdout
    assert "again=True" not in answer.stdout
    assert json.loads(
        ask("query", "stats count(*) as n", "-g", "/shop/app", "-o", "json").stdout
    ) == [{"n": 12}]


def test_groups_are_kept_and_deleted(ask):
    assert ask("load", "app.json", "-g", "/gone", "--stream", "one").returncode == 0
    streams = ask("streams", "/gone").stdout.splitlines()
    assert streams[0].split()[:2] == ["name", "events"]
    assert streams[2].split()[:2] == ["one", "12"]
    kept = ask("retention", "/gone", "3653")
    assert (kept.returncode, kept.stdout) == (0, "/gone keeps its events for 3,653 days\n")
    assert "3653" in ask("groups").stdout
    assert ask("retention", "/gone", "forever").stdout == "/gone keeps its events forever\n"
    assert "3653" not in ask("groups").stdout
    done = ask("maintain", "/gone")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    refused = ask("delete", "/gone", stdin="")
    assert refused.stderr == "cwnb: this deletes /gone and its 12 events; add --yes\n"
    assert ask("delete", "/gone", "--yes").stdout == (
        "deleted /gone and its 12 events;"
        " their files are removed in an hour, as queries may be reading them\n"
    )
    assert "/gone" not in ask("groups").stdout


def test_retention_says_how_many_events_it_hides(tmp_path):
    times = ["2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "2099-01-01T00:00:00Z"]
    (tmp_path / "a.json").write_text("".join(f'{{"time":"{time}"}}\n' for time in times))
    assert run("load", "a.json", "-g", "/m", cwd=tmp_path).returncode == 0
    assert run("retention", "/m", "3", cwd=tmp_path).stdout == (
        "/m keeps its events for 3 days\n"
        "2 events are older: they are no longer shown, and deleted in the background\n"
    )
    assert run("retention", "/m", "1", cwd=tmp_path).stdout == "/m keeps its events for 1 day\n"


WRONG = [
    (["delete", "/shop/ap", "--yes"], "did you mean '/shop/app'?"),
    (["delete", "/shop/*", "--yes"], "'/shop/*' is a prefix"),
    (["retention", "/shop/app", "8"], "'forever' keeps them"),
    (["retention", "/shop/app", "soon"], "'soon' is no number of days"),
    (["streams"], "name a log group with --group; this store has /shop/app"),
    (["maintain", "/shop/ap"], "did you mean '/shop/app'?"),
    (["quer"], "no command 'quer'; did you mean 'query'?"),
    (["query"], "TEXT is missing; see 'cwnb query --help'"),
    (["query", "limit 1", "--grop", "/a"], "no option '--grop'; did you mean '--group'?"),
    (["query", "limit 1"], "name a log group with --group; this store has /shop/app"),
    (["query", "limit 1", "-g", "/shop/ap"], "/shop/app"),
    (["query", "limit 1", "-g", "/shop/app", "--start", "lately"], "cannot read 'lately'"),
    (["query", "limit 1", "-g", "/shop/app", "-o", "yaml"], "'yaml' is not one of"),
    (["query", "limit 1", "-g", "/shop/app", "--limit", "0"], "0"),
    (["query", "limit 1", "-g", "/shop/app", "--to", "x.docx"], "cannot tell from 'x.docx'"),
    (["query", "limit 1", "-g", "/shop/app", "--to", "no/x.csv"], "cannot write 'no/x.csv'"),
    (["query", "limit 1", "-g", "/shop/app", "--store", "nowhere"], "there is no store 'nowhere'"),
    (["load", "app.json"], "--group is missing"),
    (["load", "absent.log", "-g", "/shop/app"], "absent.log"),
    (["groups", "--store"], "requires an argument"),
    (["demo", "--store", "."], "is not a store of the demo"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=lambda v: " ".join(v)[:40])
def test_bad_arguments_are_one_sentence(ask, arguments, said):
    answer = ask(*arguments)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert answer.stderr.startswith("cwnb: ")
    assert said in answer.stderr
    assert not answer.stderr.endswith(".\n")


def test_asking_makes_no_store(ask, shop):
    ask("groups", "--store", "nowhere")
    assert not (shop / "nowhere").exists()


def test_malformed_query_points_at_the_fault(ask):
    answer = ask("query", "fields @message | stat count(*)", "-g", "/shop/app")
    assert answer.returncode == 2
    first, source, mark = answer.stderr.rstrip("\n").split("\n")
    assert first.startswith("cwnb: ")
    assert "'stats'" in first
    assert source.strip() == "fields @message | stat count(*)"
    assert source[mark.index("^")] == "t"


COMMANDS = "demo lab load query filter groups fields streams retention delete maintain".split()
COMMANDS += "create-group explain-pattern explain-delivery metric-filter metrics".split()
COMMANDS += ["metric-filter put", "metric-filter delete", "metric-filter list"]
COMMANDS += ["loads", "unload", "backup", "repair", "key", "key export", "key import"]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_shows_examples(command, tmp_path):
    answer = run(*command.split(), "--help", cwd=tmp_path)
    assert answer.returncode == 0
    assert "Examples:\n" in answer.stdout
    assert "\b" not in answer.stdout
    assert max(map(len, answer.stdout.splitlines())) <= 100


def test_the_help_of_load_names_every_log_type(tmp_path):
    answer = run("load", "--help", cwd=tmp_path)
    names = re.search(r"--log-type NAME +(.*?)\.", answer.stdout, re.DOTALL)
    assert names is not None
    assert tuple(re.split(r",\s+|\s+or\s+", names[1])) == LOG_TYPES


def test_a_store_is_backed_up_and_its_key_comes_along(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("CWNB_CONFIG_DIR", (shop / "config").read_text())
    monkeypatch.setenv("CWNB_PASSPHRASE", "a passphrase")
    assert run("backup", str(shop / ".cwnb"), "copy", cwd=tmp_path).returncode == 0
    assert run("key", "export", "copy", "shop.key", cwd=tmp_path).returncode == 0
    monkeypatch.setenv("CWNB_CONFIG_DIR", str(tmp_path / "elsewhere"))
    assert "cwnb key import" in run("groups", "--store", "copy", cwd=tmp_path).stderr
    assert run("key", "import", "shop.key", cwd=tmp_path).returncode == 0
    assert "/shop/app" in run("groups", "--store", "copy", cwd=tmp_path).stdout
    monkeypatch.setenv("CWNB_PASSPHRASE", "another")
    answer = run("key", "import", "shop.key", cwd=tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.startswith("cwnb: the passphrase does not open 'shop.key'")
    monkeypatch.delenv("CWNB_PASSPHRASE")
    assert "set CWNB_PASSPHRASE" in run("key", "import", "shop.key", cwd=tmp_path).stderr


def test_a_store_is_repaired(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("CWNB_CONFIG_DIR", (shop / "config").read_text())
    assert "is whole" in run("repair", str(shop / ".cwnb"), cwd=tmp_path).stderr
    assert run("backup", str(shop / ".cwnb"), "copy", cwd=tmp_path).returncode == 0
    (tmp_path / "copy" / "catalog.sqlite").unlink()
    assert "cwnb repair" in run("groups", "--store", "copy", cwd=tmp_path).stderr
    answer = run("repair", "copy", cwd=tmp_path)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "brought back" in answer.stdout
    assert "/shop/app" in run("groups", "--store", "copy", cwd=tmp_path).stdout


def test_version(tmp_path):
    assert run("--version", cwd=tmp_path).stdout == "cwnb 0.1.0\n"


def test_broken_pipe_is_quiet(ask, shop):
    environment = dict(os.environ, PYTHONPATH=str(Path(__file__).resolve().parents[1]))
    command = f"set -o pipefail; {sys.executable} -m cwnb.cli query 'limit 12' -g /shop/app | true"
    answer = subprocess.run(
        ["bash", "-c", command], cwd=shop, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert (answer.returncode, answer.stderr) == (0, "")


def test_interrupt_is_quiet(ask, shop):
    environment = dict(os.environ, PYTHONPATH=str(Path(__file__).resolve().parents[1]))
    # It waits for its query on the standard input, and is stopped there.
    process = subprocess.Popen(
        [sys.executable, "-m", "cwnb.cli", "query", "-", "-g", "/shop/app"],
        cwd=shop, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    # The line break belongs after the `^C` of the terminal.
    assert (process.returncode, out, err.strip()) == (130, "", "")


def test_an_interrupted_load_says_what_it_has_loaded(tmp_path):
    environment = dict(os.environ, PYTHONPATH=str(Path(__file__).resolve().parents[1]))
    # It waits for more on the standard input, and is stopped there.
    process = subprocess.Popen(
        [sys.executable, "-m", "cwnb.cli", "load", "-", "-g", "/a"],
        cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not (tmp_path / ".cwnb" / "catalog.sqlite").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err.strip() == "cwnb: stopped: nothing of - was loaded"


def test_lab_names_the_extra_that_lacks(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from cwnb.cli import cli, demo

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "find_spec", lambda _: None)
    done = CliRunner().invoke(cli, ["lab"])
    assert done.exit_code == 2
    assert "this needs JupyterLab; pip install 'cwnb[lab]'" in done.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_load_reads_the_standard_input(ask, shop, pack):
    data = b'{"time":"2026-11-20T10:00:00Z","log":"' + pack.__name__.encode() + b'\\n"}\n'
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    command = ["-m", "cwnb.cli", "load", "-", "--group", "/stdin", "--unwrap"]
    answer = subprocess.run(
        [sys.executable, *command], cwd=shop, env=environment, input=pack(data),
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (answer.returncode, answer.stderr) == (0, b"")
    assert b"stdin" in answer.stdout
    found = ask("query", "fields @message, @logStream", "--group", "/stdin", "-o", "csv").stdout
    assert f"{pack.__name__},stdin" in found.splitlines()


HINTS = [
    ("load", "already loaded; again=True loads it once more", "already loaded; --again loads it"),
    ("load", "time_field and time_format say it", "--time-field and --time-format say it"),
    ("load", "asked with unwrap=True", "asked with --unwrap"),
    ("load", "it is binary; format='text' loads it", "it is binary; --format text loads it"),
    ("load", "write tz=Europe/Vienna or tz='+02:00'", "write --tz Europe/Vienna or --tz +02:00"),
    ("load", "a bomb; max_ratio=None loads it", "a bomb; in Python, max_ratio=None loads it"),
    ("metrics", "logs.put_metric_filter() makes one", "'cwnb metric-filter put' makes one"),
    ("subscribe", "logs.create_group() makes it", "'cwnb create-group' makes it"),
    ("query", "or raise 'memory_budget'", "or ask in Python with a larger memory_budget"),
    ("query", "the window starts late; again=True", "the window starts late; again=True"),
]


@pytest.mark.parametrize(("command", "python", "shell"), HINTS)
def test_hints_name_the_options_of_the_command(command, python, shell):
    from cwnb.cli import cli
    from cwnb.cli.errors import as_options

    assert as_options(python, cli.commands[command]).startswith(shell)


def test_a_query_is_quoted_as_it_was_written(ask):
    answer = ask("query", "fields limit=5 start='x'", "-g", "/shop/app")
    assert answer.returncode == 2
    assert "fields limit=5 start='x'" in answer.stderr


def test_a_key_ring_that_others_may_read_is_said(ask, shop):
    ring = Path((shop / "config").read_text()) / "keys.json"
    ring.chmod(0o644)
    try:
        answer = ask("groups")
    finally:
        ring.chmod(0o600)
    assert answer.returncode == 0
    assert answer.stderr == (
        f"warning: the key ring {str(ring)!r} is open to other users; run: chmod 600 {ring}\n"
    )


def test_a_listing_of_nothing_says_so(ask, tmp_path):
    made = run("load", "-", "-g", "/text", "--store", "s", cwd=tmp_path, stdin="plain text\n")
    assert made.returncode == 0
    fields = run("fields", "/text", "--store", "s", cwd=tmp_path)
    assert fields.stderr == "no fields were discovered in /text; 'parse' makes fields of text\n"
    query = run("query", "stats count(*) by status", "-g", "/text", "--store", "s", cwd=tmp_path)
    assert query.stderr == (
        "warning: no event has the field 'status'; "
        "no fields were discovered, and 'parse' makes them of text\n"
    )
    run("delete", "/text", "--yes", "--store", "s", cwd=tmp_path)
    groups = run("groups", "--store", "s", cwd=tmp_path)
    assert groups.stderr == "this store has no log groups yet; 'cwnb load' makes one\n"


def test_an_empty_query_has_no_place(ask):
    assert ask("query", " ", "-g", "/shop/app").stderr == "cwnb: the query is empty\n"


def test_an_answer_of_nothing_says_how_much_was_read(ask):
    answer = ask("query", "filter abs(status) = 999", "-g", "/shop/app")
    assert answer.stderr.startswith("0 rows · 0 of 12 records matched · ")
    assert ask("query", "filter abs(status) = 999", "-g", "/shop/app", "-o", "csv").stderr == ""


def test_filter_shows_events_as_they_are_found(shop, tmp_path):
    config = {"CWNB_CONFIG_DIR": (shop / "config").read_text()}

    def filtered(*arguments):
        return run("filter", "-g", "/shop/app", *arguments, cwd=shop, more=config)

    answer = filtered('{ $.level = "ERROR" && $.ms > 1 }')
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "2026-11-20T11:07:00.000Z",
        "2026-11-20T11:10:00.000Z",
    ]
    assert all('"ERROR"' in line for line in lines)
    rows = [json.loads(line) for line in filtered("ERROR", "-o", "ndjson").stdout.splitlines()]
    assert len(rows) == 4
    assert list(rows[0]) == [
        *("@timestamp", "@message", "@logStream", "@log", "@ingestionTime", "@ptr"),
    ]
    assert len(filtered("--limit", "3").stdout.splitlines()) == 3
    assert len(filtered("--", "-ERROR").stdout.splitlines()) == 8
    assert "@message" in filtered("ERROR", "-o", "table").stdout
    target = tmp_path / "errors.parquet"
    assert filtered("ERROR", "--to", str(target)).returncode == 0
    assert len(pd.read_parquet(target)) == 4
    assert json.loads(filtered("nothing", "-o", "json").stdout) == []
    assert filtered("nothing").stdout == ""


def test_filter_points_into_a_pattern(shop):
    config = {"CWNB_CONFIG_DIR": (shop / "config").read_text()}
    answer = run("filter", "{ $.a = }", "-g", "/shop/app", cwd=shop, more=config)
    assert answer.returncode == 2
    assert answer.stderr == (
        "cwnb: the condition is incomplete: a value is missing after '=' (line 1, column 9)\n"
        "    { $.a = }\n            ^\n"
    )
    answer = run("filter", "a", "-g", "/shop/ap", cwd=shop, more=config)
    assert answer.stderr == "cwnb: no log group is named '/shop/ap'; did you mean '/shop/app'?\n"
