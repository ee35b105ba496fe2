"""Where the time of a record stands: names that are known, and `time_field` and `time_format`."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest
from click.testing import CliRunner

from cwnb.cli import cli
from cwnb.errors import InvalidParameter, SourceError
from cwnb.sources import load

MS = 1770110047000


@pytest.mark.parametrize(
    "record",
    [
        {"@timestamp": "2026-02-03T09:14:07.000Z", "log.level": "INFO", "message": "ECS"},
        {"@timestamp": "2026-02-03T09:14:07.000Z", "@version": "1", "message": "Logstash"},
        {"@t": "2026-02-03T09:14:07.0000000Z", "@mt": "Serilog {n}", "n": 1},
        {"__REALTIME_TIMESTAMP": "1770110047000000", "MESSAGE": "journalctl", "PRIORITY": "6"},
        {"timeUnixNano": "1770110047000000000", "body": {"stringValue": "OpenTelemetry"}},
        {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": str(MS * 10**6)}]}]}]},
        {"time": "11/20/2025 08:00:00 AM", "timestamp": MS},
        {"timestamp": "3.2.2026 09:14:07"},
        {"time": "2/3/2026 9:14:07 AM", "other": "12/31/2025,"},
    ],
)
def test_times_of_the_usual_writers_are_known(memory, record) -> None:
    text = json.dumps(record)
    report = load(memory, io.BytesIO((text + "\n").encode() * 2), group="/g")
    assert (memory.times(), report.untimed) == ([MS] * 2, 0)
    load(memory, io.BytesIO(f"[{text},{text}]".encode()), group="/array")
    assert memory.times("/array") == [MS] * 2


@pytest.mark.parametrize("group", ["/lines", "/json", "/csv", "/frame"])
def test_an_order_that_cannot_be_told_is_asked_for(memory, group) -> None:
    times = ["03/02/2026 09:14:07", "04/02/2026 09:14:07"]
    what = {
        "/lines": io.BytesIO("".join(f"{t} x\n" for t in times).encode()),
        "/json": io.BytesIO("".join(json.dumps({"time": t}) + "\n" for t in times).encode()),
        "/csv": io.BytesIO("".join(["time,a\n", *(f"{t},1\n" for t in times)]).encode()),
        "/frame": pd.DataFrame({"time": times}),
    }[group]
    with pytest.raises(SourceError, match="may begin with its day or with its month"):
        load(memory, what, group=group)
    if group != "/frame":
        what.seek(0)
    load(memory, what, group=group, time_format="%d/%m/%Y %H:%M:%S")
    assert memory.times(group) == [MS, MS + 86_400_000]


def test_the_whole_file_tells_the_order(memory) -> None:
    lines = ["03/02/2026 09:14:07 x", "13/02/2026 09:14:07 y"]
    load(memory, io.BytesIO("\n".join(lines).encode()), group="/g")
    assert memory.times() == [MS, MS + 10 * 86_400_000]
    data = b"date,time,a\n02/03/2026,9:14:07 AM,1\n02/13/2026,9:14:07 AM,2\n"
    load(memory, io.BytesIO(data), group="/csv")
    assert memory.times("/csv") == [MS, MS + 10 * 86_400_000]


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("%d.%m.%y %H-%M-%S", "a 03.02.26 09-14-07 b"),
        ("[%d/%b/%Y:%T %z]", "x [03/Feb/2026:10:14:07 +0100] y"),
        ("%A, %B %d %Y %I:%M:%S %p", "Tuesday, February 03 2026 09:14:07 a.m. said"),
        ("%F %T,%f", "at 2026-02-03 09:14:07,000123"),
        ("%Y%m%d%H%M%S", "20260203091407"),
        ("%s", "up since 1770110047 now"),
        ("100%% %-d.%-m.%Y %R:%S", "100% 3.2.2026 09:14:07"),
    ],
)
def test_a_format_reads_lines_and_fields(memory, format, text) -> None:
    load(memory, io.BytesIO(f"{text}\n".encode()), group="/line", time_format=format)
    assert memory.times("/line") == [MS]
    data = json.dumps({"time": "2020-01-01T00:00:00Z", "when": text}).encode()
    options = {"time_field": "when", "time_format": format}
    load(memory, io.BytesIO(data), group="/json", **options)
    assert memory.times("/json") == [MS]
    load(memory, [{"when": text}], group="/rows", **options)
    assert memory.times("/rows") == [MS]


def test_a_field_has_the_time(memory) -> None:
    rows = [{"time": 1, "a": {"when": MS}, "@at": MS // 1000}]
    for number, name in enumerate(("a.when", "@at", "@AT")):
        load(memory, rows, group=f"/rows{number}", time_field=name)
        assert memory.times(f"/rows{number}") == [MS]
    for number, name in enumerate(("a.when", "@at")):
        data = io.BytesIO(json.dumps(rows[0]).encode())
        load(memory, data, group=f"/json{number}", time_field=name)
        assert memory.times(f"/json{number}") == [MS]
    compact = [{"day": 20260203}]
    load(memory, compact, group="/day", time_field="day", time_format="%Y%m%d")
    assert memory.times("/day") == [1770076800000]


@pytest.mark.parametrize(
    ("format", "message"),
    [
        ("%H:%M", "needs a day and a month"),
        ("%d.%m.%Q", "has '%Q'; there are %Y"),
        ("%d %d %m", "cannot use time_format"),
        ("%d.%m.%Y %", "has '%'"),
    ],
)
def test_a_format_that_cannot_be_used(memory, format, message) -> None:
    with pytest.raises(InvalidParameter, match=message):
        load(memory, io.BytesIO(b"x"), group="/g", time_format=format)


@pytest.mark.parametrize("tz", ["+99:99", "+02:60", "-16:00"])
def test_an_offset_that_no_place_has(memory, tz) -> None:
    with pytest.raises(InvalidParameter, match="is no offset from UTC"):
        load(memory, io.BytesIO(b"x"), group="/g", tz=tz)


def test_records_without_a_time_are_said_first(memory) -> None:
    report = load(memory, io.BytesIO(b"one\ntwo\n2026-02-03T09:14:07Z x\n"), group="/g")
    name, text = report.rows()[0]
    assert name == "no times"
    assert text.startswith("2 of 3 records have no time of their own")
    assert "time_field and time_format" in text
    good = io.BytesIO(b"2026-02-03T09:14:07Z x\none\n")
    assert load(memory, good, group="/h").rows()[0][0] == "group"


def test_a_banner_takes_the_time_of_the_first_line_that_has_one(memory) -> None:
    data = b"#Software: IIS\n#Fields: date time\n2026-02-03 09:14:07 GET /\n"
    load(memory, io.BytesIO(data), group="/g")
    assert memory.times() == [MS] * 3


def test_the_command_line_has_both(tmp_path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"when":"03/02/2026 09:14:07"}\n')
    store = str(tmp_path / "s")
    arguments = ["load", str(file), "--group", "/g", "--store", store, "--time-field", "when"]
    done = CliRunner().invoke(cli, [*arguments, "--time-format", "%d/%m/%Y %H:%M:%S"])
    assert done.exit_code == 0, done.output
    assert "2026-02-03 09:14:07.000" in done.output
