"""An answer without rows has columns of the types that they have in an answer with rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import cwnb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_MS = 1_795_593_600_000
EVENTS = [
    {"x": 0.5, "n": 9007199254740993, "s": "a,b", "t": True},
    {"x": 1.5, "n": 2, "s": "", "t": None},
]
QUERIES = [
    "fields @timestamp, x, n, s, t, x * 2 as y, bin(1h) as b, ispresent(n) as p, nowhere",
    "fields toInt(n) as i, n > 1 as more, concat(s, '') as c, jsonParse(s) as j, round(x, 1) as r",
    "stats count(*) as k, sum(n) as a, sum(x) as b, avg(x) as c, max(n) as d, max(s) as e, pct(x, 50) as f by bin(1h) as h, s as g, t",
    "stats values(s) as v, max(@timestamp) as last, countDistinct(s) as d, sum(n) / 2 as half by n",
    "stats count(*) as k by n | stats max(k) as m, sum(k) as z by n | sort m desc",
    "parse s '*,*' as one, two | display n, one",
    "parse s /(?<c>\\w)/ multi | stats count(*) as k by c",
    "fields n | sort x | dedup n",
    "sort s | limit 5",
]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with cwnb.open(tmp_path_factory.mktemp("empty") / "store", encryption="none") as held:
        held.put("/g", "s", [(START_MS + i, json.dumps(e)) for i, e in enumerate(EVENTS)])
        held.flush()
        held.create_group("/none")
        yield held


def types(result: Any) -> dict[str, str]:
    return {field.name: str(field.type) for field in pa.table(result).schema}


@pytest.mark.parametrize("query", QUERIES)
def test_the_types_stay_without_rows(logs: Any, query: str) -> None:
    wanted = types(logs.query(query, "/g"))
    for name, filter, window in (
        ("a filter", "filter s = 'none' | ", ()),
        ("a filter that leaves segments out", "filter n = 77 | ", ()),
        ("a window", "", ("2020-01-01", "2020-01-02")),
    ):
        result = logs.query(filter + query, "/g", *window)
        assert len(result) == 0, name
        assert types(result) == wanted, name


@pytest.mark.parametrize("query", QUERIES)
def test_a_group_without_events_has_the_names(logs: Any, query: str) -> None:
    result = logs.query(query, "/none")
    assert list(types(result)) == list(types(logs.query(query, "/g")))


def test_a_frame_without_rows() -> None:
    frame = pd.DataFrame(
        {
            "time": pd.to_datetime([]),
            "x": pd.Series([], dtype=float),
            "n": pd.Series([], dtype="int64"),
        }
    )
    asked = cwnb.query("stats count(*) as k, avg(x) as a, max(n) as m by bin(1h) as b, n", frame)
    assert types(asked) == {
        "b": "timestamp[ms, tz=UTC]", "n": "int64", "k": "int64", "a": "double", "m": "int64",
    }  # fmt: skip
    assert types(cwnb.query("fields x, x + 1 as y, n, @timestamp", frame)) == {
        "x": "double", "y": "double", "n": "int64", "@timestamp": "timestamp[ms, tz=UTC]",
    }  # fmt: skip


def test_an_empty_answer_is_written_with_its_types(logs: Any, tmp_path: Path) -> None:
    result = logs.query("filter s = 'none' | fields x, n", "/g")
    result.export_events(tmp_path / "events.parquet")
    schema = pq.read_schema(tmp_path / "events.parquet")
    assert {schema.field(name).type for name in ("x", "n")} == {pa.float64(), pa.int64()}
