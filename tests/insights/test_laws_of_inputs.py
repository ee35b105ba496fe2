"""The common laws, over random queries around a command that reads a second input.

Rewritten = plain, segments = frame, engine = pandas, text -> Query -> text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest
from batches import put_in_batches
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from input_strategies import LEFT, RIGHT, input_queries
from plain import run_query_plainly
from test_engine_laws import NOW_MS, check_same, nested, outcome_of, rows

import cwnb
from cwnb.errors import MalformedQuery
from cwnb.insights import check, complete, frames, parse
from cwnb.insights.context import QueryContext
from cwnb.insights.engine.run import run_query
from cwnb.insights.ql import dialect
from cwnb.insights.to_pandas.writing import CannotSay
from cwnb.query_sources import DataFrameSources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Events = list[tuple[int, dict[str, Any]]]
LAW = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
NETWORKS = pd.DataFrame(
    {"cidr": ["10.0.0.0/16", "10.0.1.0/24", "10.0.2.0/28"], "zone": ["all", None, "two"]}
)


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "TASK_ROWS", 7)


def frame_of(events: Events) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "@timestamp": pd.to_datetime([time for time, _ in events], unit="ms", utc=True),
            "@message": pd.Series([nested(fields) for _, fields in events], dtype=object),
            "@logStream": "s",
        }
    )


def table_of(events: Events) -> pd.DataFrame:
    """Give a lookup table of the events, as text."""
    names = ["level", "status", "ms", "flag"]
    return pd.DataFrame(
        {name: pd.Series([_text(f.get(name)) for _, f in events], dtype=object) for name in names}
    )


def _text(value: Any) -> str | None:
    # An empty cell of a table in CSV is missing.
    return (
        str(value).lower()
        if isinstance(value, bool)
        else None
        if value == ""
        else value and str(value)
    )


def sources_of(text: str, left: Events, right: Events) -> tuple[Any, dict[str, Any]]:
    """Give the frame to ask, None where the query names all that it reads, and the others."""
    own = frame_of(left)
    groups = {LEFT: own, RIGHT: frame_of(right)}
    tables = {"table": table_of(right), "networks": NETWORKS}
    frame = None if text.startswith("SOURCE") else own
    return frame, {"groups": groups, "tables": tables}


@LAW
@given(input_queries(), rows(), rows())
def test_rewritten_and_cut_into_tasks_is_plain(text: str, left: Events, right: Events) -> None:
    frame, others = sources_of(text, left, right)
    query = parse(text)
    sources = DataFrameSources(frame, [], selectors=query.selectors(), **others)
    context = QueryContext(sources, NOW_MS)

    def completed() -> Any:
        checked, _ = check(query, sources, strict=False)
        return complete(checked, sources)

    ran = outcome_of(lambda: run_query(completed(), context).columns)
    plainly = outcome_of(lambda: run_query_plainly(completed(), context))
    check_same(ran, plainly, text)


@LAW
@given(input_queries())
def test_text_to_query_and_back(text: str) -> None:
    query = parse(text)
    written = dialect.to_text(query)
    assert parse(written) == query
    assert dialect.to_text(parse(written)) == written


@LAW
@given(input_queries(), rows(), rows())
def test_plain_pandas_answers_as_the_engine_does(
    tmp_path_factory: pytest.TempPathFactory, text: str, left: Events, right: Events
) -> None:
    frame, others = sources_of(text, left, right)
    folder: Path = tmp_path_factory.mktemp("law")
    try:
        engine = cwnb.query(text, frame, now=NOW_MS, **others)
        engine.export_events(folder)
        source = engine.to_pandas_source(folder)
    except (MalformedQuery, CannotSay):
        reject()
    space: dict[str, Any] = {}
    try:
        exec(compile(source, "emitted.py", "exec"), space)
    except pa.ArrowInvalid:  # Arrow refuses to round an integer beyond 2**53
        reject()
    result = space["result"]
    said = f"{text}\n{source}\n{result}\n{engine.df}"
    assert list(result.columns) == list(engine.df.columns), said
    check_same(_columns(result), _columns(engine.df), said)


def _columns(frame: pd.DataFrame) -> dict[str, Any]:
    return {name: pa.array(frame[name], from_pandas=True) for name in frame}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with cwnb.open(tmp_path_factory.mktemp("laws") / "store", encryption="none") as held:
        held.store.set_now(NOW_MS)
        held.put_lookup("networks", NETWORKS)
        yield held


@LAW
@given(
    input_queries(),
    rows(loose=True),
    rows(loose=True),
    st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=6),
    st.booleans(),
)
def test_segments_answer_as_frames(  # noqa: PLR0917  (drawn one by one)
    logs: Any,
    text: str,
    left: Events,
    right: Events,
    cuts: list[tuple[int, bool]],
    compacted: bool,
) -> None:
    for group, events in ((LEFT, left), (RIGHT, right)):
        if group in set(logs.groups()["name"]):
            logs.delete_group(group)
        logs.create_group(group)
        messages = [(time, nested(fields)) for time, fields in events]
        put_in_batches(logs, group, messages, cuts, compacted=compacted)
    table = table_of(right)
    logs.put_lookup("table", table)
    groups = None if text.startswith("SOURCE") else LEFT
    stored = outcome_of(lambda: logs.query(text, groups).outcome.columns)
    frame, others = sources_of(text, left, right)
    framed = outcome_of(lambda: cwnb.query(text, frame, now=NOW_MS, **others).outcome.columns)
    check_same(stored, framed, f"{text}\n{cuts} {compacted}\n{left}\n{right}")
