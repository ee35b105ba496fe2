"""Tables and charts show times in a zone that they name; answers stay in UTC."""

from __future__ import annotations

import pandas as pd
import pytest

import cwnb
from cwnb.errors import InvalidParameter
from cwnb.results.html import table_html
from cwnb.results.rendering import text_table
from tests.results.standin import START, frame

ROWS = [{"time": START, "a": 1}, {"time": START + 1, "a": 2}]


def test_columns_of_times_name_their_zone():
    df = frame(time=[0, None], n=[1, 2])
    assert text_table(df).splitlines() == [
        "time (UTC)               n",
        "───────────────────────  ─",
        "2026-01-01 00:00:00.000  1",
        "                         2",
    ]
    shown = text_table(df, tz="America/New_York").splitlines()
    assert shown[0] == "time (America/New_York)  n"
    assert shown[2] == "2025-12-31 19:00:00.000  1"
    assert "time (Asia/Tokyo)" in table_html(df, tz="Asia/Tokyo")
    assert "2026-01-01 09:00:00.000" in table_html(df, tz="Asia/Tokyo")
    assert list(df.columns) == ["time", "n"]


def test_times_of_pandas_and_times_without_a_zone():
    moments = pd.to_datetime(["2026-07-01 12:00"])
    df = pd.DataFrame({"a": moments.tz_localize("UTC"), "b": moments, "c": ["x"]})
    head, _, row = text_table(df, tz="Europe/Vienna").splitlines()
    assert head.split("  ")[0] == "a (Europe/Vienna)"
    assert "b (" not in head
    assert row.split("  ")[:2] == ["2026-07-01 14:00:00.000", "2026-07-01 12:00:00.000"]


def test_an_answer_has_a_zone_to_be_shown_in():
    answer = cwnb.query("fields @timestamp, a | sort a", pd.DataFrame(ROWS))
    assert "@timestamp (UTC)" in repr(answer)
    assert "2025-12-31 19:00:00.000" in answer.to_text(tz="America/New_York")
    answer.tz = "Asia/Tokyo"
    assert "@timestamp (Asia/Tokyo)" in repr(answer)
    assert "2026-01-01 09:00:00.000" in answer._repr_mimebundle_()["text/html"]
    assert str(answer.df["@timestamp"][0]) == "2026-01-01 00:00:00+00:00"
    assert answer.plot().axes[-1].get_xlabel() == "time (Asia/Tokyo)"
    assert answer.plot(tz="UTC").axes[-1].get_xlabel() == "time (UTC)"
    with pytest.raises(InvalidParameter, match="unknown time zone 'Mars'"):
        answer.to_text(tz="Mars")


def test_an_event_names_the_zone_of_its_times():
    answer = cwnb.query("fields @timestamp, a | sort a", pd.DataFrame(ROWS))
    assert "@timestamp (UTC)" in repr(answer.event(0))
    assert "@timestamp" in answer.event(0)
