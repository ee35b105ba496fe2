"""Completion in cells: the first line, the query, and what IPython makes of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

import cwnb
from cwnb.notebook.completion import cursor_in_cell
from cwnb.notebook.first_line import LineNames, line_candidates, read_unfinished
from cwnb.notebook.known import Known
from cwnb.times import Clock

from .conftest import NOW_MS, fill

pytestmark = pytest.mark.filterwarnings(
    "ignore::IPython.core.completer.ProvisionalCompleterWarning"
)
TABLE = Path(__file__).parents[1] / "fixtures" / "completion" / "line.txt"
NAMES = LineNames(
    groups=["/lambda/pay", "/shop/app", "/shop/web"],
    stores=["logs"],
    variables=["logs", "wanted"],
)


def read_cases():
    for block in re.split(r"^# ", TABLE.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, body = block.partition("\n")
        line, found, expected = body.partition("\n---")
        assert found, title
        yield pytest.param(line, [e for e in expected.split("\n") if e], id=title)


@pytest.mark.parametrize(("line", "expected"), list(read_cases()))
def test_the_candidates_in_a_first_line(line, expected):
    found = line_candidates(line.partition("¦")[0], NAMES)
    if found is None:
        assert expected == ["path"]
        return
    shown = [f"{candidate.kind} {candidate.text}" for candidate in found.candidates]
    if "…" in expected:
        expected.remove("…")
        shown = shown[: len(expected)]
    assert shown == expected


LINES = [
    (" -g /a -g '/b c',/d --group=/e --start -1h", ["/a", "/b c", "/d", "/e"]),
    (" r << -g /a /b --limit 5", ["/a", "/b"]),
    (" --start -1h --nonsense -g", []),
    (" -g {{ x y }} --gro", ["{{ x y }}"]),
]


@pytest.mark.parametrize(("line", "groups"), LINES)
def test_groups_are_read_from_an_unfinished_line(line, groups):
    assert read_unfinished(line, cell=True).groups == groups


PLACES = [
    ("x = 1¦", None),
    ("%%insigh¦", None),
    ("%%insights¦", ("", None)),
    ("%%insights -g /a¦ -g /b\nfields", (" -g /a", None)),
    ("%%insights -g /a\nfields a¦ | limit 1", (" -g /a", "fields a")),
    ("r = %insights -g /a fields b¦", (" -g /a ", "fields b")),
    ("x = 2\n%insights -g /a¦", (" -g /a", None)),
    ("%timeit x\nfields¦", None),
]


@pytest.mark.parametrize(("code", "expected"), PLACES)
def test_the_place_of_a_cursor_in_a_cell(code, expected):
    before, after = code.split("¦")
    found = cursor_in_cell(before + after, len(before))
    assert (found and (found.line, found.before)) == expected


def completed(shell, code: str) -> list[str]:
    """Complete at ¦, as a kernel does."""
    before, after = code.split("¦")
    found = shell.Completer.completions(before + after, len(before))
    return [
        (before + after)[completion.start : completion.start] + completion.text
        for completion in found
    ]


def settled(shell, code: str, wanted: str) -> list[str]:
    """Complete until the names that a thread looks for are there."""
    deadline = time.monotonic() + 20
    while wanted not in (found := completed(shell, code)):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def test_a_shell_completes_cells_and_lines(shell, logs):
    assert settled(shell, "%%insights -g /sh¦", "/shop/app") == [
        "/shop/app",
        "/shop/web",
        "/shop/*",
    ]
    cell = "%%insights -g /shop/app\n"
    assert settled(shell, f"{cell}filter lev¦", "level") == ["level"]
    assert completed(shell, f"{cell}filter level = ¦")[:2] == ['"INFO"', '"ERROR"']
    assert completed(shell, f'{cell}filter @logStream = "¦') == ['i-1"']
    assert completed(shell, f"{cell}fields @message | li¦") == ["limit"]
    assert completed(shell, "r = %insights -g /shop/app stats co¦")[:2] == [
        "count",
        "countDistinct",
    ]
    shell.user_ns["wanted"] = "ERROR"
    assert completed(shell, f"{cell}filter level = {{{{wan¦") == ["wanted"]
    assert "print" in completed(shell, "prin¦")
    logs.save_query("shop/errors", "fields @message")
    assert settled(shell, "%insights_saved sh¦", "shop/errors") == ["shop/errors"]


def test_the_first_tab_has_the_fields_of_a_store_that_was_prepared(shell, logs, monkeypatch):
    completer = shell.magics_manager.registry["Cwnb"].completer
    # Nothing is there to be prepared until a store is open.
    store = shell.user_ns.pop("logs")
    completer.prepare()
    assert not completer._prepared
    shell.user_ns["logs"] = store
    completer.prepare()
    settled(shell, "%%insights -g /shop/app\nfilter lev¦", "level")
    with monkeypatch.context() as patch:  # no store is asked any more
        patch.setattr("cwnb.notebook.known.vocabulary_of", None)
        patch.setattr("cwnb.notebook.completion.vocabulary_of", None)
        assert completed(shell, "%%insights -g /shop/app\nstats count(*) by statu¦") == ["status"]


def test_a_cell_that_opens_a_store_prepares_it(shell, run, logs, monkeypatch):
    completer = shell.magics_manager.registry["Cwnb"].completer
    run("1")
    assert not completer._prepared  # without a front end nobody presses Tab
    monkeypatch.setenv("CWNB_VIEW", "widget")
    run("2")
    deadline = time.monotonic() + 20
    while not completer._prepared:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_question_does_not_wait_for_a_slow_store():
    known, may_end = Known(), threading.Event()

    def find():
        may_end.wait(30)
        return ["found"]

    assert known.get("key", find, []) == []
    may_end.set()
    deadline = time.monotonic() + 20
    while known.get("key", find, []) != ["found"]:
        assert time.monotonic() < deadline


def test_nothing_of_python_or_files_is_offered_in_a_query(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "import.txt").touch()
    for query in ("fields imp¦", "filter a like '/et¦", "filter a = /ho¦", "fields @message # im¦"):
        before = query.partition("¦")[0]
        (only,) = completed(shell, f"%%insights -g /shop/app\n{query}")
        assert before.endswith(only)


def test_a_store_that_is_not_there_leaves_the_words_of_the_language(shell, empty_folder):
    del shell.user_ns["logs"]
    assert completed(shell, "%%insights -g /shop/app\nfie¦") == ["fields"]
    assert completed(shell, "%%insights -g ¦") == [""]
    assert not Path(".cwnb").exists()


def test_unloading_takes_completion_and_magics_away(shell):
    matchers = len(shell.Completer.custom_matchers)
    shell.run_line_magic("unload_ext", "cwnb")
    assert len(shell.Completer.custom_matchers) == matchers - 1
    assert "insights" not in shell.magics_manager.magics["cell"]
    shell.run_line_magic("load_ext", "cwnb")
    shell.run_line_magic("reload_ext", "cwnb")
    assert len(shell.Completer.custom_matchers) == matchers
    assert completed(shell, "%%insights -g /shop/app\nfie¦") == ["fields"]


def test_five_thousand_groups_are_offered_quickly(shell, tmp_path):
    store = cwnb.open(tmp_path / "many", encryption="none", clock=Clock(NOW_MS))
    from cwnb.store.catalog import groups
    from cwnb.store.processing import NOTHING

    with store.store.catalog.write() as connection:
        for i in range(5_000):
            groups.insert(connection, f"/team{i % 50}/service{i}/prod", NOW_MS, None, NOTHING)
    shell.user_ns["many"] = store
    line = "%%insights --logs many -g /team7/¦"
    settled(shell, line, "/team7/service7/prod")
    times = []
    for _ in range(5):
        started = time.perf_counter()
        completed(shell, line)
        times.append(time.perf_counter() - started)
    # It takes some 5 ms; a busy machine may need a multiple.
    assert min(times) < 0.05
    store.close()


@pytest.mark.timeout(120)
def test_a_kernel_completes_and_inspects(tmp_path, keys_of_their_own):
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as logs:
        fill(logs)
    here = str(Path(__file__).resolve().parents[2])
    environment = {
        **os.environ,
        "PYTHONPATH": here,
        "CWNB_STORE": str(tmp_path / "store"),
        "CWNB_CONFIG_DIR": str(keys_of_their_own),
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    manager, client = start_new_kernel(env=environment)
    try:
        client.execute_interactive("%load_ext cwnb", timeout=60)
        code = "%%insights -g /shop/app\nfilter @ti"
        deadline = time.monotonic() + 60
        while True:
            client.complete(code, len(code))
            content = client.get_shell_msg(timeout=60)["content"]
            assert content["matches"] == ["@timestamp"]
            assert content["cursor_start"] == len(code) - 3
            code_of_field = "%%insights -g /shop/app\nfilter sta"
            client.complete(code_of_field, len(code_of_field))
            content = client.get_shell_msg(timeout=60)["content"]
            if "status" in content["matches"]:
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        kinds = {m["text"]: m["type"] for m in content["metadata"]["_jupyter_types_experimental"]}
        assert kinds["status"] == "field"
        assert kinds["startsWith"] == "function"
        client.inspect(code, code.index("filter") + 2)
        content = client.get_shell_msg(timeout=60)["content"]
        assert content["data"]["text/plain"].startswith("filter condition")
        client.inspect("print", 5)
        content = client.get_shell_msg(timeout=60)["content"]
        assert "Prints the values" in content["data"]["text/plain"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_loading_the_extension_imports_no_arrow_and_no_language():
    code = (
        "import sys, cwnb.notebook.magic, cwnb.notebook.completion, cwnb.notebook.cell_help\n"
        "print([name for name in ('pyarrow', 'pandas', 'cwnb.insights') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
