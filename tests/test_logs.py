"""The object you hold, and what a query gives: the public surface from end to end."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import cwnb
from cwnb.errors import (
    CwnbError,
    InvalidParameter,
    MalformedQuery,
    ResourceAlreadyExists,
    ResourceNotFound,
)
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW_MS = 1_795_593_600_000  # 2026-11-25T08:00:00Z
HOUR = 3_600_000
DAY = 24 * HOUR
WEB, APP, OTHER = "/shop/web", "/shop/app", "/other"


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Any]:
    """Give a store of three groups at a fixed time, part in segments and part not."""
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as held:
        held.put(WEB, "w-1", [("-3h", '{"status": 200, "path": "/"}'), ("-2h", '{"status": 500}')])
        held.flush()
        held.put(WEB, "w-2", [("-30m", '{"status": 404, "path": "/x"}')])
        held.put(APP, "a-1", [("-1h", "level=ERROR took 12 ms"), ("-10m", "level=INFO took 3 ms")])
        held.put(OTHER, "o", [("-1d", "far away")])
        yield held


# ---------------------------------------------------------------- groups, streams, fields


def test_groups_streams_and_fields_are_frames(logs: Any) -> None:
    groups = logs.groups()
    assert list(groups.columns) == [
        *("name", "events", "bytes", "first", "last", "retention_days", "log_type"),
        *("log_class", "tags", "created"),
    ]
    assert groups["name"].tolist() == [OTHER, APP, WEB]
    assert groups["events"].tolist() == [1, 2, 3]
    web = groups.set_index("name").loc[WEB]
    assert web["first"] == pd.Timestamp(NOW_MS - 3 * HOUR, unit="ms", tz="UTC")
    assert web["last"] == pd.Timestamp(NOW_MS - HOUR // 2, unit="ms", tz="UTC")
    assert web["retention_days"] is pd.NA
    assert web["bytes"] == len(
        '{"status": 200, "path": "/"}{"status": 500}{"status": 404, "path": "/x"}'
    )

    streams = logs.streams(WEB)
    assert streams["name"].tolist() == ["w-1", "w-2"]
    assert streams["events"].tolist() == [2, 1]
    assert streams["last"].iloc[1] == pd.Timestamp(NOW_MS - HOUR // 2, unit="ms", tz="UTC")

    fields = logs.fields(WEB)
    assert list(fields.columns) == ["name", "share", "types", "distinct", "examples", "conflicts"]
    assert fields["name"].tolist() == ["status", "path"]
    assert fields["share"].tolist() == [1.0, pytest.approx(2 / 3)]
    assert fields["distinct"].tolist() == [3, 2]
    assert fields["conflicts"].tolist() == [False, False]
    for frame in (groups, streams, fields):
        assert all(isinstance(kind, pd.ArrowDtype) for kind in frame.dtypes)


def test_an_empty_store_has_empty_frames(tmp_path: Path) -> None:
    with cwnb.open(tmp_path / "s", encryption="none") as logs:
        assert logs.groups().empty
        logs.create_group("/g")
        assert logs.streams("/g").empty
        assert logs.fields("/g").empty
        assert logs.groups()["events"].tolist() == [0]
        assert len(logs.query("fields @message", "/g")) == 0
        assert repr(logs).endswith("1 log groups>")


def test_groups_are_made_changed_and_deleted(logs: Any) -> None:
    logs.create_group("/new", retention_days=30, log_type="lambda")
    row = logs.groups().set_index("name").loc["/new"]
    assert (row["retention_days"], row["log_type"], row["events"]) == (30, "lambda", 0)
    with pytest.raises(ResourceAlreadyExists, match="/new"):
        logs.create_group("/new")
    logs.set_retention("/new", 7)
    assert logs.groups().set_index("name").loc["/new", "retention_days"] == 7
    logs.set_retention("/new", None)
    with pytest.raises(InvalidParameter, match="retention of 8 days"):
        logs.set_retention("/new", 8)
    logs.delete_group("/new")
    with pytest.raises(ResourceNotFound, match="/new"):
        logs.query("fields @message", "/new")
    for call in (logs.delete_group, logs.streams, logs.fields, logs.flush):
        with pytest.raises(ResourceNotFound, match=r"'/shop/webb'.*did you mean '/shop/web'"):
            call("/shop/webb")


def test_what_has_expired_is_gone_at_once(logs: Any) -> None:
    logs.put(OTHER, "o", [(NOW_MS - 2 * DAY, "old"), (NOW_MS - 5, "new")])
    logs.flush()
    logs.set_retention(OTHER, 1)
    assert logs.query("fields @message", OTHER).df["@message"].tolist() == ["new", "far away"]
    logs.sweep()
    logs.compact()
    assert logs.groups().set_index("name").loc[OTHER, "events"] == 2
    answer = logs.put(OTHER, "o", [("-2d", "too old"), ("now", "in time")])
    assert answer.accepted == 1
    ((index, reason),) = answer.refused
    assert index == 0
    assert "retention" in reason


def test_a_store_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    with cwnb.open(tmp_path / "store") as logs:
        logs.put("/g", "s", [(NOW_MS, "x")])
    with cwnb.open(str(tmp_path / "store")) as logs:
        assert logs.query("fields @message", "/g").df["@message"].tolist() == ["x"]


def test_without_a_path_it_is_the_store_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for named, folder in ((str(tmp_path / "named"), "named"), ("", ".cwnb"), (None, ".cwnb")):
        monkeypatch.delenv("CWNB_STORE", raising=False)
        if named is not None:
            monkeypatch.setenv("CWNB_STORE", named)
        with cwnb.open() as logs:
            assert Path(logs.store.path).resolve() == tmp_path / folder
    monkeypatch.setenv("CWNB_STORE", str(tmp_path / "named"))
    with cwnb.open("said") as logs:
        assert Path(logs.store.path).resolve() == tmp_path / "said"


# ---------------------------------------------------------------- ways in


def test_put_takes_times_of_every_form(logs: Any) -> None:
    moment = datetime(2026, 11, 25, 8, tzinfo=UTC)
    forms = [moment, pd.Timestamp(moment), moment.isoformat(), NOW_MS, NOW_MS // 1000, "now"]
    forms.append(np.datetime64("2026-11-25T08:00"))
    assert logs.put("/times", "s", ((when, "x") for when in forms)).accepted == len(forms)
    (only,) = logs.query("stats count(*) as n by @timestamp", "/times").df.to_numpy().tolist()
    assert only == [pd.Timestamp(moment), len(forms)]
    with pytest.raises(InvalidParameter, match="cannot read 'soon' as a time"):
        logs.put("/times", "s", [("soon", "x")])


def test_load_takes_files_frames_and_dicts(logs: Any, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("2026-11-25T07:00:00Z one\n2026-11-25T07:00:01Z two\n")
    assert logs.load(path, group="/files").events == 2
    frame = pd.DataFrame({"time": [pd.Timestamp(NOW_MS, unit="ms")], "n": [1]})
    assert logs.load(frame, group="/files").events == 1
    assert logs.load([{"timestamp": NOW_MS, "n": 2}], group="/files", stream="d").events == 1
    found = logs.query("fields @message, @logStream, n", "/files").df
    assert len(found) == 4
    assert sorted(found["n"].dropna()) == [1, 2]
    assert {"app.log", "d"} < set(found["@logStream"])


# ---------------------------------------------------------------- windows


@pytest.mark.parametrize(
    ("start", "end", "statuses"),
    [
        (None, None, [404, 500, 200]),
        ("-1h", None, [404]),
        ("-1h", "now", [404]),
        ("-4h", "-1h", [500, 200]),
        ("-2h", None, [404, 500]),
        ("-3h", "-2h", [200]),
        ("2026-11-25T06:00Z", "2026-11-25T07:30:00.001Z", [404, 500]),
        (NOW_MS - 2 * HOUR, NOW_MS, [404, 500]),
        (NOW_MS // 1000 - 7200, NOW_MS / 1000, [404, 500]),
        (datetime(2026, 11, 25, 7, tzinfo=UTC), None, [404]),
        (pd.Timestamp("2026-11-25T05:00"), pd.Timestamp("2026-11-25T05:00:00.001"), [200]),
        ("now", "+1h", []),
        ("now", "now", []),
    ],
)
def test_a_window_holds_its_start_and_not_its_end(
    logs: Any, start: Any, end: Any, statuses: list[int]
) -> None:
    result = logs.query("fields status", WEB, start, end)
    assert result.df["status"].tolist() == statuses


def test_a_window_runs_forwards(logs: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"ends \('-2h'\) before it starts \('-1h'\)"):
        logs.query("fields status", WEB, "-1h", "-2h")
    with pytest.raises(InvalidParameter, match="'gestern'"):
        logs.query("fields status", WEB, "gestern")


# ---------------------------------------------------------------- several groups


def test_groups_by_name_and_prefix(logs: Any) -> None:
    by_log = "stats count(*) as n by @log | sort @log"
    result = logs.query(by_log, groups=["/shop/*"])
    assert result.df["@log"].tolist() == ["000000000000:/shop/app", "000000000000:/shop/web"]
    assert result.df["n"].tolist() == [2, 3]
    assert result.statistics["logGroupsScanned"] == 2
    # A group that is named twice is read once.
    twice = logs.query(by_log, [WEB, "/shop/*", OTHER, WEB])
    assert twice.df["n"].tolist() == [1, 2, 3]
    assert logs.query("stats count(*) as n", "*").df["n"].tolist() == [6]
    newest = logs.query("fields @log, @logStream | limit 3", "/shop/*").df
    assert newest["@logStream"].tolist() == ["a-1", "w-2", "a-1"]
    one = logs.query(f"filter @log like '{APP}' | stats count(*) as n", "/shop/*").df
    assert one["n"].tolist() == [2]
    with pytest.raises(ResourceNotFound, match=r"no log group matches '/shops\*'"):
        logs.query("fields @message", "/shops*")


# ---------------------------------------------------------------- errors, options


def test_errors_point_at_the_fault(logs: Any) -> None:
    with pytest.raises(MalformedQuery) as caught:
        logs.query("fields @message\n| filtr status = 1", WEB)
    assert str(caught.value).splitlines() == [
        "unknown command 'filtr'; did you mean 'filter'? (line 2, column 3)",
        "    | filtr status = 1",
        "      ~~~~^",
    ]
    with pytest.raises(MalformedQuery) as caught:
        logs.query("stats count(*) by bin(5m) as t | filter t = 'x'", WEB)
    assert str(caught.value).endswith("^")


@pytest.mark.parametrize(
    "query",
    [
        "fields jsonParse(@message) as j | sort j",
        "fields jsonParse(@message) as j | dedup j",
        "fields jsonParse(@message) as j | stats count(*) by j",
        "fields jsonParse(@message) as j | stats max(j)",
        "stats values(status) as v | sort v",
    ],
)
def test_an_error_while_running_knows_the_text(logs: Any, query: str) -> None:
    with pytest.raises(MalformedQuery, match="list or map") as caught:
        logs.query(query, WEB)
    assert caught.value.text == query
    start, end = caught.value.start, caught.value.end
    assert query[start:end] in {"j", "v"}


def test_languages_to_come_are_named(logs: Any) -> None:
    for language in ("sql", "ppl"):
        with pytest.raises(MalformedQuery, match=f"'{language}' is not supported yet"):
            logs.query("SELECT 1", WEB, language=language)
    with pytest.raises(InvalidParameter, match="unknown language 'kql'; it is 'ql', 'sql' or"):
        logs.query("x", WEB, language="kql")


def test_strict_follows_the_written_rules(logs: Any) -> None:
    query = "stats count(*) as n by bin(1d) | sort bin(1d)"
    result = logs.query(query, WEB)
    assert sum(result.df["n"]) == 3
    assert any("is refused by the service" in warning for warning in result.warnings)
    with pytest.raises(MalformedQuery, match="is refused by the service"):
        logs.query(query, WEB, strict=True)


def test_limit_lowers_the_number_of_rows(logs: Any) -> None:
    assert logs.query("fields status", WEB, limit=2).df["status"].tolist() == [404, 500]
    assert len(logs.query("fields status | limit 3", WEB, limit=1)) == 1
    assert len(logs.query("fields status | limit 1", WEB, limit=3)) == 1
    assert len(logs.query("stats count(*) by status", WEB, limit=2)) == 2
    top = logs.query("fields status | sort status desc", WEB, limit=1)
    assert top.df["status"].tolist() == [500]
    for limit in (0, -1, 100_001):
        with pytest.raises(InvalidParameter, match="a whole number from 1 to 100,000"):
            logs.query("fields status", WEB, limit=limit)


def test_a_text_without_quotes_is_pointed_out(logs: Any) -> None:
    said = logs.query("filter level = ERROR", APP).warnings[-1]
    assert said == "no event has the field 'ERROR'; if it is a text, write it in quotes: \"ERROR\""


# ---------------------------------------------------------------- results


def test_a_result_has_real_types(logs: Any) -> None:
    result = logs.query("fields status, status / 8 as eighth, path, status > 300 as bad", WEB)
    kinds = {name: kind.pyarrow_dtype for name, kind in result.df.dtypes.items()}
    assert kinds == {
        "status": pa.int64(),
        "eighth": pa.float64(),
        "path": pa.string(),
        "bad": pa.int64(),
    }
    assert result.df["path"].tolist() == ["/x", pd.NA, "/"]
    times = logs.query("fields @timestamp, @ingestionTime, @ptr", WEB).df
    assert times["@timestamp"].dtype == pd.ArrowDtype(pa.timestamp("ms", "UTC"))
    assert times["@ptr"].nunique() == 3
    assert result.df is result.df
    assert len(result) == 3


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("fields status", "events"),
        ("stats count(*) by bin(1h)", "series"),
        ("stats count(*) by status", "groups"),
        ("stats count(*) by status, bin(1h)", "series by group"),
    ],
)
def test_a_result_knows_its_kind(logs: Any, query: str, kind: str) -> None:
    from matplotlib.figure import Figure

    result = logs.query(query, WEB)
    assert result.kind == kind
    if kind != "events":
        assert isinstance(result.plot(), Figure)


def test_raw_gives_the_bytes_that_went_in(logs: Any) -> None:
    sent = [
        b"plain",
        b"caf\xe9 \xff",
        b"nul \x00 end",
        "sur \ud800".encode("utf-8", "surrogatepass"),
    ]
    logs.put("/raw", "s", [(NOW_MS + n, message) for n, message in enumerate(sent)])
    result = logs.query("fields @message | sort @timestamp", "/raw")
    assert result.raw == sent
    assert result.df["@message"].iloc[0] == "plain"
    assert "\ufffd" in result.df["@message"].iloc[1]
    logs.flush()
    assert logs.query("filter @message like /caf/ | fields 1 as one", "/raw").raw == sent[1:2]
    with pytest.raises(InvalidParameter, match="no message and no @ptr"):
        _ = logs.query("stats count(*)", "/raw").raw


def test_exported_events_and_the_query_as_pandas_give_the_answer(
    logs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    query = "filter status >= 300 | stats count(*) as n, max(status) as most by @log, bin(1h) as t | sort n"
    result = logs.query(query, ["/shop/*"], "-4h", "now")
    assert result.export_events() == 5
    assert "cwnb" not in result.pandas
    done = subprocess.run(
        [sys.executable, "-c", result.pandas + "\nprint(result.to_csv(index=False))"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.strip() == result.df.to_csv(index=False).strip()


def test_arrow_takes_a_result_as_it_is(logs: Any) -> None:
    result = logs.query("fields @timestamp, status, path | sort status", WEB)
    table = pa.table(result)
    assert table.column_names == ["@timestamp", "status", "path"]
    assert table["status"].to_pylist() == [200, 404, 500]
    assert table.schema.field("@timestamp").type == pa.timestamp("ms", "UTC")
    mixed = cwnb.query("fields a | sort n", pd.DataFrame({"a": [1, "x", None], "n": [1, 2, 3]}))
    assert pa.table(mixed)["a"].to_pylist() == ["1", "x", None]
    empty = pa.table(logs.query("fields nosuch, status | filter status = 1", WEB))
    assert empty.num_rows == 0
    assert pa.types.is_string(empty.schema.field("nosuch").type)


def test_a_result_has_rows_and_columns(logs: Any) -> None:
    result = logs.query("fields @timestamp, status, path | sort status desc", WEB)
    first, *_, last = result
    assert (first["status"], first["path"], last["status"]) == (500, None, 200)
    assert first["@timestamp"] == datetime.fromtimestamp((NOW_MS - 2 * HOUR) / 1000, UTC)
    assert result["status"].tolist() == [500, 404, 200]
    with pytest.raises(KeyError, match="'stat' is no column of the answer; it has '@timestamp'"):
        _ = result["stat"]


def test_duckdb_takes_a_result_as_it_is(logs: Any) -> None:
    duckdb = pytest.importorskip("duckdb")
    result = logs.query("fields status", WEB)  # noqa: F841  (DuckDB finds it by its name)
    assert duckdb.sql("select sum(status) from result").fetchall() == [(1104,)]


def test_a_result_shows_itself(logs: Any) -> None:
    logs.put(WEB, "w-1", [("-1m", "<script>alert(1)</script> \x1b[31mred")])
    result = logs.query("fields @message, nosuch | limit 1", WEB)
    shown = result._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    assert "<script>" not in shown["text/html"]
    assert "&lt;script&gt;" in shown["text/html"]
    assert "\x1b" not in shown["text/plain"] + shown["text/html"]
    for text in shown.values():
        assert "no event has the field" in text
    assert shown["text/plain"] == repr(result)


def test_an_explanation_shows_the_steps(logs: Any) -> None:
    explained = logs.query(
        "fields status | filter status > 300 | sort status | limit 1", WEB
    ).explain()
    first, scan, *rest = str(explained).splitlines()
    assert first.split() == ["rows", "in", "rows", "out", "ms", "bytes", "read", "command"]
    assert "scan" in scan
    assert "filter status > 300" in rest[0]
    assert rest[0].split()[:2] == ["3", "2"]
    assert rest[-1].split()[1] == "1"
    assert set(explained._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_an_explanation_credits_what_was_read_to_the_step_that_read_it(logs: Any) -> None:
    logs.flush()
    query = (
        'fields status | parse @message \'path": "*"\' as p | filter p = "/" | stats count(*) by p'
    )
    explained = logs.query(query, WEB).explain()
    read = {step.text.split()[0]: step.bytes_read for step in explained.steps}
    assert read["parse"] > 0
    assert (read["filter"], read["stats"]) == (0, 0)
    assert sum(read.values()) == explained.statistics["bytesRead"]
    bounded = logs.query("stats count(*)", WEB, "-150m").explain()
    assert bounded.steps[0].bytes_read == bounded.statistics["bytesRead"] > 0


def test_a_choice_among_columns_of_times_is_told() -> None:
    frame = pd.DataFrame(
        {
            "created_at": ["2026-11-20 08:00:00"],
            "date": ["2026-11-25 08:00:00"],
            "seen": [pd.Timestamp("2026-11-26")],
            "start_time": ["soon"],
        }
    )
    result = cwnb.query("fields @timestamp", frame)
    assert result.df["@timestamp"].dt.day.tolist() == [25]
    (warning,) = result.warnings
    assert warning == (
        "the times are those of the column 'date'; 'created_at', 'seen' could be them too:"
        " call the one that you mean '@timestamp'"
    )
    named = frame.rename(columns={"seen": "@timestamp"})
    assert cwnb.query("fields @timestamp", named).warnings == []
    assert cwnb.query("fields @timestamp", frame[["date", "start_time"]]).warnings == []
    joined = pd.DataFrame({"date": ["2026-11-25"], "time": ["08:00:00"]})
    assert cwnb.query("fields @timestamp", joined).warnings == []
    joined["created"] = "2026-11-20"
    (warning,) = cwnb.query("fields @timestamp", joined).warnings
    assert warning.startswith("the times are those of the column 'date and time'; 'created' could")
    unclear = frame[["date"]].assign(created="03/04/2026 08:00:00")
    (warning,) = cwnb.query("fields @timestamp", unclear).warnings
    assert "'created' could be them" in warning


def test_texts_in_a_column_of_times_are_times() -> None:
    texts = ["2026-11-25 08:00:00.000", "2026-11-25T09:00+01:00", "1795593600", None]
    frame = pd.DataFrame({"@timestamp": texts, "n": range(4)})
    result = cwnb.query("stats count(*) as c by @timestamp", frame)
    assert (result.df["c"].tolist(), result.warnings) == ([3, 1], [])
    wrong = cwnb.query(
        "stats count(*)", frame.assign(**{"@timestamp": ["x", None, None, 1795593600]})
    )
    assert "'@timestamp' is no time in 1 row, such as 'x'" in wrong.warnings
    with pytest.raises(InvalidParameter, match="or with its month; convert the column with pd"):
        cwnb.query("limit 1", frame.assign(time="03/04/2026 08:00:00", **{"@timestamp": None}))


def test_a_frame_is_a_group() -> None:
    frame = pd.DataFrame(
        {
            "time": pd.to_datetime(["2026-11-25T08:00", "2026-11-25T08:01", "2026-11-25T09:00"]),
            "message": ['{"level": "ERROR"}', '{"level": "INFO"}', "plain"],
        }
    )
    result = cwnb.query("stats count(*) as n by level | sort level", frame)
    assert result.df["level"].tolist() == [pd.NA, "ERROR", "INFO"]
    assert cwnb.query("fields @message | limit 1", frame).df["@message"].tolist() == ["plain"]
    hour = cwnb.query("stats count(*) as n", frame, start="-1h", now="2026-11-25T09:00Z")
    assert hour.df["n"].tolist() == [3]
    late = cwnb.query("stats count(*) as n", frame, start="-58m", now="2026-11-25T09:00Z")
    assert late.df["n"].tolist() == [1]
    bare = cwnb.query("filter a > 1 | fields a, b", pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    assert bare.df.to_dict("records") == [{"a": 2, "b": "y"}]
    whole = cwnb.query("fields @message | sort a", pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    assert whole.df["@message"].tolist() == ['{"a":1,"b":"x"}', '{"a":2,"b":"y"}']


ROWS = [
    {"when": "x", "time": "2026-11-25T08:00:00Z", "n": 1},
    {"when": "y", "time": "2026-11-25T09:30:00Z", "n": None},
    {"time": "2026-11-25T09:40:00Z", "n": 2**60 + 1},
]


def tables() -> dict[str, Any]:
    held = {name: [row.get(name) for row in ROWS] for name in ("when", "time", "n")}
    frame = pd.DataFrame(held | {"n": pd.array(held["n"], dtype="Int64")})
    times = pd.DatetimeIndex(frame["time"])
    epoch = times.as_unit("s").astype("int64")
    return {
        "a list of dicts": ROWS,
        "texts": frame,
        "an index of times": frame.drop(columns="time").set_index(times),
        "a named index": frame.set_index("time"),
        "a nameless index of times": frame.drop(columns="time").set_index(times.rename(None)),
        "two levels": frame.set_index(["when", times.rename("at")]).drop(columns="time"),
        "seconds": frame.assign(time=epoch),
        "Arrow": pa.table(held | {"when": pa.array(held["when"], pa.large_string())}),
        "an answer": cwnb.query("fields when, time, n | sort time", frame),
    }


@pytest.mark.parametrize("kind", list(tables()))
def test_any_table_is_a_group(kind: str) -> None:
    query = "stats count(*) as rows, max(n) as most, max(when) as last by bin(1h) as t | sort t"
    result = cwnb.query(query, tables()[kind], start="2026-11-25T08:00Z", end="2026-11-25T10:00Z")
    assert result.warnings == []
    assert result.df.drop(columns="t").to_dict("list") == {
        "rows": [1, 2], "most": [1, 2**60 + 1], "last": ["x", "y"],
    }  # fmt: skip
    assert result.df["t"].tolist() == list(pd.to_datetime(["2026-11-25T08Z", "2026-11-25T09Z"]))


def test_a_frame_without_times_says_so() -> None:
    frame = pd.DataFrame({"latency": [1.5, 2.5], "route": ["a", "b"]})
    with pytest.raises(InvalidParameter, match=r"no column of times, so 'start' and 'end'"):
        cwnb.query("stats avg(latency)", frame, start="-1h")
    with pytest.raises(InvalidParameter, match="no column of times"):
        cwnb.start("stats avg(latency)", frame, end="now").result()
    (said,) = cwnb.query("stats count(*) by bin(1h)", frame).warnings
    assert "no column of times" in said
    assert cwnb.query("stats avg(latency) by route", frame).warnings == []


def test_a_column_that_cannot_be_read_is_left_out_and_said() -> None:
    frame = pd.DataFrame({"n": [1, 2], "odd": [1j, 2j], "thing": [object(), object()]})
    result = cwnb.query("stats sum(n) as n", frame)
    assert result.df["n"].tolist() == [3]
    assert ["'odd'" in said for said in result.warnings] == [True, False]
    assert ["'thing'" in said for said in result.warnings] == [False, True]


@pytest.mark.parametrize("wrong", ["text", None, 5, {"a": 1}, [1], pd.Series([1])])
def test_what_is_no_table_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidParameter, match="is no table; give a DataFrame"):
        cwnb.query("limit 2", wrong)


def test_a_call_of_a_saved_query_without_groups_names_those_that_it_was_saved_with(
    logs: Any,
) -> None:
    logs.save_query("slow", "filter ms > 1", groups=["/shop/web", "/other"])
    logs.save_query("few", "limit 2", groups="/other")
    logs.save_query("bare", "limit 2")
    for ask in (logs.query, logs.start):
        with pytest.raises(
            InvalidParameter, match=r"'slow' was saved with /shop/web, /other: hand "
        ):
            ask("$slow()")
        with pytest.raises(
            InvalidParameter, match=r"'few' .* hand them in as groups=\['/other'\]$"
        ):
            ask("$few() | $bare()")
        with pytest.raises(InvalidParameter, match="by SOURCE; this store has /other"):
            ask("$bare()")
    assert len(logs.query("$few()", "/other")) <= 2
    assert logs.query("SOURCE '/other' | $few()").pipeline.input


def test_wrong_arguments_are_our_own_errors(logs: Any) -> None:
    for ask in (logs.query, logs.start):
        with pytest.raises(
            InvalidParameter, match=r"name a log group, .*this store has /other, /s"
        ):
            ask("limit 2")
    with pytest.raises(InvalidParameter, match="'x' is no number of a row"):
        logs.query("limit 2", WEB).event("x")
    with pytest.raises(InvalidParameter, match=r"a pair \(time, message\), not 'no pair'"):
        logs.put(WEB, "w", ["no pair"])
    with pytest.raises(InvalidParameter, match="cannot read '999") as long:
        logs.query("limit 2", WEB, start="9" * 5_000)
    assert len(str(long.value)) < 200


# ---------------------------------------------------------------- the package


def test_import_is_light_and_quick() -> None:
    heavy = "pandas pyarrow numpy sqlglot IPython matplotlib orjson apsw".split()
    code = f"import sys, cwnb; print([m for m in {heavy} if m in sys.modules])"
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=Path(cwnb.__file__).parents[1],
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
    # Some 0.1 s; a busy machine may need a multiple.
    assert time.perf_counter() - started < 5


def test_what_is_imported_late_is_listed_and_explained() -> None:
    code = "import cwnb; print(dir(cwnb)); help(cwnb)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(cwnb.__file__).parents[1],
    )  # fmt: skip
    listed, explained = done.stdout.split("\n", 1)
    for name in ("open", "query", "start", "Logs", "QueryResult", "demo"):
        assert f"'{name}'" in listed
    for said in ("class Logs", "class QueryResult", "open(path", "query(text"):
        assert said in explained


def test_the_public_names_are_there() -> None:
    for name in cwnb.__all__:
        assert getattr(cwnb, name) is not None
    assert issubclass(MalformedQuery, CwnbError)
    with pytest.raises(AttributeError, match="has no attribute 'nosuch'"):
        _ = cwnb.nosuch


def test_an_export_without_events_is_empty_and_its_pandas_runs(
    logs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = logs.query(
        "fields status, @logStream | limit 5", WEB, start="1970-01-01", end="1970-01-02"
    )
    assert result.export_events() == 0
    namespace: dict[str, Any] = {}
    exec(compile(result.pandas, "emitted.py", "exec"), namespace)
    assert list(namespace["result"].columns) == ["status", "@logStream"]
    assert len(namespace["result"]) == 0
