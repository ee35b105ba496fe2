from __future__ import annotations

import os
import re
import signal
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

import cwnb
from cwnb.errors import (
    InvalidParameter,
    MalformedQuery,
    QueryCancelled,
    ResourceNotFound,
    StoreReadOnly,
)
from cwnb.insights.engine import run as engine_run
from cwnb.results.charts import KINDS, plot
from cwnb.results.result import QueryResult
from cwnb.results.running import RunningQuery

from .conftest import NOW_MS

# What the machine may be slower by while other things run on it.
GUARD = 10
COUNT = "stats count(*) as n by level | sort n desc"


def test_a_cell_gives_its_result_as_its_value(run, shell):
    done = run(f"%%insights -g /shop/app\n{COUNT}")
    assert done.success
    assert isinstance(done.result, QueryResult)
    assert done.result.df["n"].tolist() == [40, 20]
    assert shell.user_ns["_"] is done.result
    assert shell.user_ns["Out"][done.execution_count] is done.result


def test_a_line_works_in_an_assignment(run, shell):
    assert run(f"r = %insights -g /shop/app {COUNT}").success
    assert shell.user_ns["r"].df.shape == (2, 2)


def test_the_window_is_all_there_is_unless_a_setting_narrows_it(run, shell, monkeypatch):

    def messages():
        return shell.user_ns["r"].df["@message"].tolist()

    run("r = %insights -g /shop/web fields @message")
    assert messages() == ["<b>new</b>", "old"]
    assert shell.user_ns["r"].window.startswith("all events, from 2026-11-20 08:00 to ")
    monkeypatch.setenv("CWNB_START", "2 hours ago")
    run("r = %insights -g /shop/web fields @message")
    assert messages() == ["<b>new</b>"]
    run("r = %insights -g /shop/web --start all fields @message")
    assert messages() == ["<b>new</b>", "old"]
    run("%config Cwnb.start = 'today'")
    run("r = %insights -g /shop/web fields @message")
    assert messages() == ["<b>new</b>", "old"]
    run("r = %insights -g /shop/web --start -4h --end -1h fields @message")
    assert shell.user_ns["r"].df["@message"].tolist() == ["old"]
    run("r = %insights -g /shop/* --start -1d stats count(*) as n")
    assert shell.user_ns["r"].df["n"].tolist() == [62]


def test_a_target_stores_the_result_and_shows_one_line(run, shell):
    done = run(f"%%insights errors << -g /shop/app\n{COUNT}")
    assert done.result is None
    assert isinstance(shell.user_ns["errors"], QueryResult)
    (shown,) = done.shown
    text = shown.data["text/plain"]
    assert text.startswith("errors is a QueryResult · 2 rows · 60 of 60 records matched · ")
    assert "\n" not in text
    assert "<table" not in shown.data["text/html"]


def test_into_stores_a_data_frame(run, shell):
    done = run(f"%%insights -g /shop/app --into df\n{COUNT}")
    assert done.result is None
    assert isinstance(shell.user_ns["df"], pd.DataFrame)
    assert done.shown[0].data["text/plain"].startswith("df is a DataFrame · 2 rows")


def test_plot_shows_a_picture_and_then_the_table(run):
    done = run("%%insights -g /shop/app --plot auto\nstats count(*) as n by bin(5m)")
    (picture,) = done.shown
    figure = plot(done.result)
    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[5] * 12]
    assert picture.data["image/png"] == figure._repr_png_()[0]
    # The table is the value of the cell, and so comes after it.
    assert "<table>" in done.result._repr_mimebundle_()["text/html"]
    assert done.result.df.shape == (12, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_chart_is_an_option_and_a_setting(run, kind):
    query = "stats count(*) as n by bin(5m), level"
    (asked,) = run(f"%%insights -g /shop/app --plot {kind}\n{query}").shown
    assert run(f"%config Cwnb.plot = {kind!r}").success
    (configured,) = run(f"%%insights -g /shop/app\n{query}").shown
    assert asked.data["image/png"] == configured.data["image/png"]


def test_auto_without_a_chart_that_fits_says_so_and_answers(run):
    done = run("%%insights -g /shop/app --plot auto\nstats count(*) as n")
    assert done.shown[0].data["text/plain"] == (
        "no chart: cannot draw a single number; group by a field or by bin(...)"
    )
    assert done.result.df["n"].tolist() == [60]


def test_explain_shows_the_pipeline_as_it_ran(run):
    done = run(f"%%insights -g /shop/app --explain\n{COUNT}")
    (shown,) = done.shown
    assert "command as run" in shown.data["text/html"]
    head, *steps = shown.data["text/plain"].splitlines()
    assert head.split() == "rows in rows out ms bytes read command".split()
    assert [(step.split()[:2], step.split("  ")[-1]) for step in steps] == [
        (["60", "60"], "# scan level"),
        (["60", "2"], "| stats count(*) as n by level"),
        (["2", "2"], "| sort n desc | limit 10000"),
    ]
    assert done.result.df["n"].tolist() == [40, 20]


def test_limit_and_variables(run, shell):
    run("wanted = ['ERROR']\ngroup = '/shop/app'")
    done = run("%%insights -g {{group}} --limit 3\nfilter level in {{wanted}} | fields @message")
    assert len(done.result.df) == 3
    assert done.result.text.startswith('filter level in ["ERROR"]')


def test_braces_and_dollars_of_python_are_left_alone(run):
    run("x = 5")
    done = run('%%insights -g /shop/app\nfields "{x} $x" as it | limit 1 | display it')
    assert done.result.df["it"].tolist() == ["{x} $x"]


ERRORS = [
    ("%%insights -g /shop/app\nstat count(*)", MalformedQuery, "did you mean 'stats'?"),
    ("%%insights -g /shop/ap\nfields @message", ResourceNotFound, "/shop/app"),
    ("%%insights --gruop /shop/app\nfields @message", InvalidParameter, "did you mean '--group'?"),
    ("%%insights\nfields @message", InvalidParameter, "this store has /shop/app, /shop/web"),
    ("%%insights -g /shop/app\n\n", InvalidParameter, "there is no query"),
    ("%%insights -g /shop/app\nfilter a = {{x}}", MalformedQuery, "no variable 'x'"),
    ("%%insights -g /shop/app --start soon\nfields a", InvalidParameter, "'soon'"),
    ("%%insights -g /shop/app --logs nothing\nfields a", InvalidParameter, "'nothing'"),
    (
        "%%insights -g /shop/app --plot line\nstats count(*) as n by level",
        InvalidParameter,
        "cannot draw 'line' without a time",
    ),
    (
        "%%insights -g /shop/app --store nowhere\nfields @message",
        cwnb.errors.NotAStore,
        "there is no store at 'nowhere'",
    ),
]


@pytest.mark.parametrize(("code", "kind", "said"), ERRORS)
@pytest.mark.usefixtures("empty_folder")
def test_an_error_is_a_sentence_without_traceback(run, code, kind, said):
    done = run(code)
    assert isinstance(done.error_in_exec, kind)
    shown = re.sub(r"\x1b\[[\d;]*m", "", done.stdout)
    assert said in shown
    assert "Traceback" not in shown
    assert len(shown.strip().splitlines()) <= 3


def test_a_syntax_error_has_its_place_and_a_caret(run):
    done = run("%%insights -g /shop/app\nfields @message\n| stat count(*)")
    lines = done.stdout.strip().splitlines()
    assert lines[0].startswith("MalformedQuery: unknown command 'stat'")
    assert lines[0].endswith("(line 2, column 3)")
    assert lines[1].strip() == "| stat count(*)"
    assert lines[2].strip() == "~~~^"


@pytest.fixture
def slow(logs, monkeypatch):
    """Make a group of eight segments, of which each takes a fifth of a second to read."""
    for i in range(8):
        logs.put(
            "/slow", "s", [(NOW_MS - (9 - i) * 60_000 + n, f"line {i} {n}") for n in range(50)]
        )
        logs.flush("/slow")

    def slowly(task, *arguments):
        time.sleep(0.2)
        return run_task(task, *arguments)

    run_task = engine_run.run_task
    monkeypatch.setattr(engine_run, "run_task", slowly)


def interrupted(run, code: str, after_s: float):
    """Run a cell and press the kernel's stop button; gives the seconds until it ended too."""
    pressed = []

    def press():
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(after_s, press)
    timer.start()
    done = run(code)
    ended = time.perf_counter()
    timer.join()
    return done, ended - pressed[0]


@pytest.mark.usefixtures("slow")
def test_an_interrupt_ends_the_cell_and_shows_the_rows_so_far(run):
    run("%insights -g /shop/app limit 1")  # imports what is imported at the first query
    done, seconds = interrupted(run, "%%insights -g /slow\nfields @message", 0.5)
    assert isinstance(done.error_in_exec, QueryCancelled)
    assert seconds < 0.3 * GUARD
    (line,) = done.stdout.strip().splitlines()
    assert re.search(
        r"interrupted after \d+\.\d s: \d+ of 400 records scanned; the rows above", line
    )
    (shown,) = done.shown
    assert "line 7 49" in shown.data["text/html"]
    assert "these are the rows so far" in shown.data["text/html"]
    assert run(f"%%insights -g /shop/app\n{COUNT}").success


@pytest.mark.usefixtures("slow")
def test_no_wait_gives_the_running_query(run, shell):
    done = run("%%insights r << -g /slow --no-wait\nstats count(*) as n")
    assert done.result is None
    assert done.shown[0].data["text/plain"].startswith("r is a RunningQuery")
    running = shell.user_ns["r"]
    assert running.state == "running"
    assert running.result(20).df["n"].tolist() == [400]
    assert isinstance(run("%insights -g /slow --no-wait limit 1").result, RunningQuery)


def test_groups_and_fields_are_listed(run, shell):
    assert run("%insights_groups").result["name"].tolist() == ["/shop/app", "/shop/web"]
    assert run("%insights_groups /shop/w*").result["name"].tolist() == ["/shop/web"]
    fields = run("%insights_fields /shop/app").result
    assert set(fields["name"]) == {"level", "status", "ms"}
    assert set(run("%insights_fields /shop/*").result["name"]) == {"level", "status", "ms"}
    run("group = '/shop/app'")
    assert len(run("%insights_fields {{group}}").result) == 3
    shell.user_ns["other"] = shell.user_ns.pop("logs")
    assert len(run("%insights_groups --logs other").result) == 2


LISTING_ERRORS = [
    ("%insights_fields", InvalidParameter, "write %insights_fields GROUP"),
    ("%insights_fields /shop/ap", ResourceNotFound, "did you mean '/shop/app'?"),
    ("%insights_fields /shop/app /shop/web", InvalidParameter, "name one group"),
    ("%insights_groups /shop --store x", InvalidParameter, "write --store before the names"),
    ("%insights_groups --plot line", InvalidParameter, "only --store and --logs"),
    ("%insights_history 1", InvalidParameter, "no entry 1 in the history; it is empty"),
]


@pytest.mark.parametrize(("code", "kind", "said"), LISTING_ERRORS)
def test_a_listing_that_fails_is_a_sentence(run, code, kind, said):
    done = run(code)
    assert isinstance(done.error_in_exec, kind)
    assert said in done.stdout
    assert "Traceback" not in done.stdout


def test_the_history_has_what_was_asked_and_writes_it_again(run, shell, monkeypatch):
    run(f"%%insights -g /shop/app\n{COUNT}")
    run("%%insights -g /shop/app\nstat count(*)")
    run("%insights -g /shop/web limit 1")
    history = run("%insights_history").result
    assert history.index.tolist() == [3, 2, 1]
    assert history["outcome"].tolist() == ["answered", "MalformedQuery", "answered"]
    assert history["rows"].tolist()[2] == 2
    assert history["query"].tolist()[2] == COUNT
    assert run("%insights_history web").result.index.tolist() == [3]
    written = []
    monkeypatch.setattr(shell, "set_next_input", written.append)
    run("%insights_history 1")
    run("%insights_history 3")
    assert written == [f"%%insights -g /shop/app\n{COUNT}", "%insights -g /shop/web limit 1"]
    assert "no entry 9 in the history; it has 1 to 3" in run("%insights_history 9").stdout
    # It is in the store, so the next kernel has it, and nothing of it can be read there.
    shell.run_line_magic("reload_ext", "cwnb")
    assert run("%insights_history").result.index.tolist() == [3, 2, 1]
    folder = Path(shell.user_ns["logs"].store.path)
    files = [path for path in folder.iterdir() if path.is_file()]
    assert not any(b"stats count" in path.read_bytes() for path in files)


def test_the_history_of_a_store_that_may_not_be_written_is_in_memory(run, logs, monkeypatch):
    def refuse(_store, _record):
        raise StoreReadOnly("may not be written")

    monkeypatch.setattr(type(logs.store), "add_to_history", refuse)
    run("%insights -g /shop/app limit 1")
    run("%insights -g /shop/app limit 2")
    assert run("%insights_history").result["query"].tolist() == ["limit 2", "limit 1"]


def test_saved_queries_are_listed_and_written_into_a_new_cell(run, shell, logs, monkeypatch):
    run("level = 'ERROR'")
    assert run(
        "%%insights -g /shop/app --save shop/errors\nfilter level = {{level}} | limit 1"
    ).success
    logs.save_query("by status", "filter status = {{code}}", "/shop/a b", {"code": 500})
    saved = run("%insights_saved").result
    assert saved["name"].tolist() == ["by status", "shop/errors"]
    assert saved["groups"].tolist() == ["/shop/a b", "/shop/app"]
    written = []
    monkeypatch.setattr(shell, "set_next_input", written.append)
    run("%insights_saved shop/errors")
    done = run("%insights_saved by status")
    assert written == [
        "%%insights -g /shop/app\nfilter level = {{level}} | limit 1",
        "%%insights -g '/shop/a b'\nfilter status = {{code}}",
    ]
    assert shell.user_ns["code"] == 500
    assert "code = 500, the default" in done.shown[0].data["text/plain"]
    assert "did you mean 'shop/errors'?" in run("%insights_saved shop/error").stdout
    failed = run("%%insights -g /shop/app --save wrong\nstat count(*)")
    assert not failed.success
    assert len(logs.saved_queries()) == 2
    logs.delete_query("by status")
    assert logs.saved_queries()["name"].tolist() == ["shop/errors"]


def test_config_gives_defaults(run, shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("%config Cwnb.groups = ['/shop/app']").success
    assert run("%config Cwnb.start = '-10m'").success
    assert run("%config Cwnb.limit = 4").success
    assert len(run("%%insights\nfields @message").result.df) == 4
    assert run("%%insights\nstats count(*) as n").result.df["n"].tolist() == [10]


def test_save_rows_says_how_many_rows_a_notebook_keeps(run, shell):
    def shown(result) -> str:
        data, _ = shell.display_formatter.format(result)
        return data["text/plain"] + data["text/html"]

    result = run("%%insights -g /shop/app\nfields @message").result
    assert shown(result).count("<tr>") == 51
    run("%config Cwnb.save_rows = 2")
    assert shown(result).count("<tr>") == 3
    run("%config Cwnb.save_rows = 0")
    assert "ERROR" not in shown(result)
    assert "60 rows in .df; %config Cwnb.save_rows = 0 keeps them out" in shown(result)
    assert len(result.df) == 60
    shell.run_line_magic("unload_ext", "cwnb")
    assert shown(result).count("<tr>") == 51


def test_stores_are_found_by_option_setting_and_environment(
    run, shell, logs, tmp_path, monkeypatch
):
    del shell.user_ns["logs"]
    other = tmp_path / "store"
    monkeypatch.chdir(tmp_path)
    line = "-g /shop/app --start 2026-11-01 stats count(*) as n"
    missing = run(f"%insights {line}")
    assert "there is no store at '.cwnb'" in missing.stdout
    assert run(f"%insights --store store {line}").result.df["n"].tolist() == [60]
    shell.user_ns["mine"] = logs
    assert run(f"%insights --logs mine {line}").result.df["n"].tolist() == [60]
    monkeypatch.setenv("CWNB_STORE", str(other))
    assert run(f"%insights {line}").result.df["n"].tolist() == [60]
    monkeypatch.delenv("CWNB_STORE")
    assert run(f"%config Cwnb.store = {str(other)!r}").success
    assert run(f"%insights {line}").result.df["n"].tolist() == [60]
    assert not (tmp_path / ".cwnb").exists()


def test_help_is_printed(run):
    for code in ("%insights --help", "%insights", "%%insights --help", "%%insights -g /a -h\n\n"):
        done = run(code)
        assert done.success
        assert "--group" in done.stdout


def test_config_tz_shows_times_in_a_zone(run, caplog):
    assert run("%config Cwnb.tz = 'Asia/Kolkata'").success
    answer = run("%insights -g /shop/app fields @timestamp | limit 1").result
    assert "@timestamp (Asia/Kolkata)" in repr(answer)
    run("%config Cwnb.tz = 'Mars'")
    assert "unknown time zone 'Mars'" in caplog.text
    answer = run("%insights -g /shop/app fields @timestamp | limit 1").result
    assert "@timestamp (Asia/Kolkata)" in repr(answer)


def test_a_start_that_is_no_time_is_refused_when_it_is_set(run, shell, caplog):
    magics = shell.magics_manager.registry["Cwnb"]
    assert run("%config Cwnb.start = '-2h'").success
    run("%config Cwnb.start = 'foo'")
    assert "cannot read 'foo'" in caplog.text
    assert magics.start == "-2h"
    run("%config Cwnb.limit = 7")
    assert (magics.start, magics.limit) == ("-2h", 7)
    for start in ("-1h", "all", ""):
        assert run(f"%config Cwnb.start = {start!r}").success
        assert magics.start == start


def test_a_cell_that_names_its_groups_needs_no_option(run, shell):
    done = run(f"%%insights\nSOURCE '/shop/app'\n| {COUNT}")
    assert done.result.df["n"].tolist() == [40, 20]
    # Groups of a setting are for cells that name none.
    run("%config Cwnb.groups = ['/shop/web']")
    done = run("%%insights\nSOURCE logGroups(namePrefix: ['/shop/a']) | stats count(*) as n")
    assert list(done.result) == [{"n": 60}]
    run("%config Cwnb.groups = []")
    shown = run("%%insights -g /shop/web\nSOURCE '/shop/app' | fields @message")
    assert isinstance(shown.error_in_exec, InvalidParameter)
    assert "SOURCE" in str(shown.error_in_exec)
