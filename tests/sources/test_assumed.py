"""What is assumed of times is said: the zone, the year, an hour that is there twice or never."""

from __future__ import annotations

import io
import json
import os
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwnb.sources import load
from cwnb.sources.assumed import Assumed, zone_to_utc

VIENNA = "Europe/Vienna"


def notes(memory, data, **options):
    what = io.BytesIO(data.encode()) if isinstance(data, str) else data
    return load(memory, what, group="/g", again=True, **options).files[0].notes


LOCAL = {
    "text": lambda times: "".join(f"{time} x\n" for time in times),
    "ndjson": lambda times: "".join(json.dumps({"time": time}) + "\n" for time in times),
    "csv": lambda times: "time,a\n" + "".join(f"{time},1\n" for time in times),
    "rows": lambda times: [{"time": time} for time in times],
    "frame": lambda times: pd.DataFrame({"time": pd.to_datetime(times)}),
}


@pytest.mark.parametrize("form", LOCAL)
def test_hours_that_are_there_twice_or_never_are_counted(memory, form):
    times = [
        *["2025-10-26 01:59:59", "2025-10-26 02:00:00", "2025-10-26 02:59:59"],
        *["2025-10-26 02:59:59", "2025-10-26 03:00:00", "2025-03-30 01:59:59"],
        *["2025-03-30 02:00:00", "2025-03-30 02:30:00", "2025-03-30 03:00:00"],
    ]
    found = notes(memory, LOCAL[form](times), tz=VIENNA)
    assert found == [
        (
            "3 records lie in an hour that Europe/Vienna has twice, as clocks are set back;"
            " the first of the two was taken"
        ),
        (
            "2 records lie in an hour that Europe/Vienna does not have, as clocks are set forward;"
            " they were read by the clock as it was before"
        ),
    ]
    utc = [datetime.fromisoformat(t).replace(tzinfo=ZoneInfo(VIENNA)).timestamp() for t in times]
    assert memory.times() == [time * 1000 for time in utc]
    assert notes(memory, LOCAL[form](times), tz="+02:00") == []


def test_times_that_name_their_zone_are_not_in_doubt(memory):
    data = "2025-10-26T00:30:00Z a\n2025-10-26T02:30:00+02:00 b\n"
    assert notes(memory, data, tz=VIENNA) == []
    mixed = data + "2025-10-26T02:45:00 c\n"
    assert [note[:9] for note in notes(memory, mixed, tz=VIENNA)] == ["1 record "]


@pytest.mark.parametrize("form", LOCAL)
def test_the_zone_that_is_assumed_is_said(memory, form):
    said = ["times without a zone were read as UTC; tz names another"]
    assert notes(memory, LOCAL[form](["2025-10-26 02:00:00"])) == said
    assert notes(memory, LOCAL[form](["2025-10-26 02:00:00"]), tz="UTC") == said
    assert notes(memory, LOCAL[form](["2025-10-26 12:00:00"]), tz=VIENNA) == []


def test_a_zone_that_is_named_or_not_needed_is_not_assumed(memory):
    assert notes(memory, "2025-10-26T02:00:00Z x\n") == []
    assert notes(memory, '{"time": 1761444000000}\n') == []


def test_the_year_that_is_guessed_is_said(memory, tmp_path):
    file = tmp_path / "syslog"
    file.write_text("Dec 31 23:59:59 host a: x\nJan  1 00:00:01 host a: y\n")
    when = datetime.fromisoformat("2026-01-05T00:00:00Z").timestamp()
    os.utime(file, (when, when))
    assert notes(memory, file, tz="+01:00") == [
        (
            "times without a year were read as of 2025 and 2026, the latest that do not lie after"
            " the file's last change"
        )
    ]


def test_what_several_files_have_in_common_is_said_once(memory, tmp_path):
    for number in range(5):
        (tmp_path / f"{number}.log").write_text(f"2025-10-26 02:00:0{number} x\n")
    text = str(load(memory, tmp_path, group="/g"))
    assert text.count("were read as UTC") == 1
    assert "2.log and 2 more: times without a zone" in text


CHANGES = [f"{year}-{day} 02:30:00" for year in (1987, 2026) for day in ("03-29", "10-25", "04-05")]
EPOCH = datetime.fromisoformat("1970-01-01")


@given(
    st.lists(st.integers(30_000_000, 2_100_000_000) | st.sampled_from(CHANGES), max_size=30),
    st.sampled_from([VIENNA, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_named_zones_are_read_as_python_reads_them(times, zone):
    local = [
        datetime.fromisoformat(time) if isinstance(time, str) else EPOCH + timedelta(seconds=time)
        for time in times
    ]
    local_ms = np.array([(time - EPOCH) // timedelta(milliseconds=1) for time in local], np.int64)
    wanted = [round(time.replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000 for time in local]
    assert zone_to_utc(local_ms, zone, Assumed()).tolist() == wanted
