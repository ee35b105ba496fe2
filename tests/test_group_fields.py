"""The fields that events have from their log group: account, Region and the name of the group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import cwnb
from cwnb.notebook.known import vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROUPS = ["/shop/app", "/shop/web"]


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Any]:
    """Give a store with two groups, of which each has a segment and recent batches."""
    with cwnb.open(tmp_path / "store") as held:
        for place, group in enumerate(GROUPS * 2):
            held.put(group, "s", [(f"2026-11-20T08:00:0{place}Z", f'{{"n": {place}}}')])
            if place == 1:
                held.flush()
        yield held


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (
            "fields n, @aws.account, @aws.region, @source.log | sort n | limit 2",
            [
                (0, "000000000000", "us-east-1", "/shop/app"),
                (1, "000000000000", "us-east-1", "/shop/web"),
            ],
        ),
        (
            "stats sum(n) as total by @source.log | sort @source.log",
            [("/shop/app", 2), ("/shop/web", 4)],
        ),
        ('filter @source.log = "/shop/web" | fields n | sort n', [(1,), (3,)]),
        ('filter @source.log like "web" and @aws.region != "eu-west-1" | stats count(*)', [(2,)]),
        ('filter @aws.account = "111122223333" | fields n, @aws.account', []),
        ("fields @`aws.account` as account | dedup account", [("000000000000",)]),
    ],
)
def test_events_have_the_fields_of_their_group(
    logs: Any, tmp_path: Path, query: str, rows: list[Any]
) -> None:
    result = logs.query(query, GROUPS)
    assert [tuple(row) for row in result.df.itertuples(index=False)] == rows
    assert result.warnings == []
    path = tmp_path / "events.parquet"
    result.export_events(path)
    namespace: dict[str, Any] = {}
    exec(compile(result.to_pandas_source(path), "emitted.py", "exec"), namespace)
    assert [tuple(row) for row in namespace["result"].itertuples(index=False)] == rows
    assert set(result.df.dtypes.astype(str)) <= {"string[pyarrow]", "int64[pyarrow]"}


def test_groups_that_cannot_match_are_not_read(logs: Any) -> None:
    logs.flush()
    result = logs.query('filter @source.log = "/shop/web" | fields n', GROUPS)
    assert result.statistics["recordsScanned"] == 2


def test_a_key_of_the_event_has_one_more_sign(logs: Any) -> None:
    logs.put("/shop/app", "s", [("2026-11-20T08:00:09Z", '{"@aws": {"account": "x"}}')])
    result = logs.query("fields @aws.account, @@aws.account | limit 1", "/shop/app")
    assert result.df.to_numpy().tolist() == [["000000000000", "x"]]


def test_rows_of_a_frame_have_no_log_group() -> None:
    frame = pd.DataFrame({"@timestamp": pd.to_datetime(["2026-11-20"], utc=True), "n": [1]})
    result = cwnb.query("fields n, @aws.account", frame)
    assert result.df["@aws.account"].isna().all()
    assert "no event has the field '@aws.account'" in result.warnings[0]


def test_completion_offers_them_for_log_groups(logs: Any) -> None:
    names = {field.name for field in vocabulary_of(logs, GROUPS).fields}
    assert names == {"n", "@aws.account", "@aws.region", "@source.log"}
    assert vocabulary_of(logs, []).fields == ()
