"""Plain pandas: the emitted source, its helpers, and the law that it answers as the engine does."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest
from cases import Case, Event, cell_of, export_of, frame_of, read_cases, table_of, table_of_text
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from pipelines import check_pipeline, is_unsaid, parse_pipeline
from strategies import pipelines

from cwnb.errors import MalformedQuery
from cwnb.insights.ql.dialect import to_text
from cwnb.insights.resolve.complete import complete_pipeline
from cwnb.insights.to_pandas import CannotSay, Exported, preamble, to_pandas
from cwnb.insights.to_pandas.source import _preamble
from cwnb.insights.tree import Query

if TYPE_CHECKING:
    from cwnb.insights.tree import Pipeline

SCHEMA = {
    "@timestamp": "time",
    "@message": "text",
    "status": "integer",
    "ms": "number",
    "level": "text",
    "flag": "boolean",
    "v": "mixed",
}


def written(query: str, schema: dict[str, str] = SCHEMA) -> str:
    pipeline, _ = check_pipeline(
        parse_pipeline(query), strict=False, known=lambda name: name in schema
    )
    exported = Exported("events.parquet", schema)
    return to_pandas(Query(pipelines=[complete_pipeline(pipeline)]), [exported])


PLAIN = [
    ("filter status >= 500", 'events = events[events["status"] >= 500]'),
    ('filter level = "ERROR"', 'events = events[events["level"] == "ERROR"]'),
    ('filter @message like "ERROR"', 'events["@message"].str.contains("ERROR", regex=False)'),
    (r"filter @message like /time\s?out/", r'events["@message"].str.contains(r"time\s?out")'),
    ('filter level in ["A", "B"]', 'events["level"].isin(["A", "B"])'),
    ('filter status in [404, "500"]', 'events["status"].isin([404, 500])'),
    ("filter flag", 'events = events[events["flag"]]'),
    ("filter not ispresent(level)", 'events = events[events["level"].isna()]'),
    ("filter level = 200", 'events = events[same(events["level"]) == "200"]'),
    ("fields ms / 1000 as s", 'events["s"] = events["ms"] / 1000'),
    ("fields tolower(level) as l", 'events["l"] = events["level"].str.lower()'),
    ("stats count(*) by status", 'events.groupby(["status"], sort=False, dropna=False)'),
    ("stats count(*) by bin(5m)", 'events["@timestamp"].dt.floor("5min")'),
    ("sort status desc", '"status", ascending=False, na_position="last", kind="stable"'),
    ("limit 25", "events = events.head(25)"),
    ("fields level", 'result = events[["level"]].head(10_000)'),
]


@pytest.mark.parametrize(("query", "line"), PLAIN)
def test_simple_things_read_simply(query: str, line: str) -> None:
    assert line in written(query)


def test_each_command_stands_above_its_lines() -> None:
    source = written("filter status>=500|stats count(*) as n by level|limit 5")
    lines = [line for line in source.splitlines() if line.startswith("# ")]
    assert lines == [
        "# Newest first, which is the order of every query without `sort`.",
        "# filter status >= 500",
        "# stats count(*) as n by level",
        "# limit 5",
    ]


def test_helpers_come_only_where_they_are_needed() -> None:
    assert "def " not in written("filter status >= 500 | stats count(*) by status")
    source = written("stats count(*) by level")
    assert "def same(" in source
    assert "def compare(" not in source
    assert "ipaddress" not in source


def test_every_helper_is_written_by_some_writer() -> None:
    folder = Path(preamble.__file__).parent
    writers = "".join(p.read_text("utf-8") for p in folder.glob("*.py") if p.stem != "preamble")
    sources, uses, _ = _preamble()
    used = set().union(*uses.values())
    assert [n for n in sources if n not in used and not re.search(rf"\b{n}\b", writers)] == []


def test_the_script_runs_by_itself(tmp_path: Path) -> None:
    events = (Event(1_795_161_600_000, "s", '{"level": "ERROR", "status": 500}'),)
    export_of(events)[0].to_parquet(tmp_path / "events.parquet")
    script = tmp_path / "script.py"
    script.write_text(written("stats count(*) as n by level") + "print(result.to_dict('list'))\n")
    run = subprocess.run(
        [sys.executable, "-I", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "{'level': ['ERROR'], 'n': [1]}"


def test_what_cannot_be_said_is_named() -> None:
    with pytest.raises(CannotSay, match="now"):
        written("fields now() as n")


def test_booleans_in_a_column_of_text_are_refused() -> None:
    flags = pd.Series(["true", "5"], dtype=preamble.TEXT, name="flag")
    with pytest.raises(ValueError, match="'flag' mixes Booleans"):
        preamble.without_booleans(flags)


@pytest.mark.parametrize("case", read_cases()[::9], ids=lambda case: case.id)
def test_no_events_give_the_same_answer(case: Case, tmp_path: Path) -> None:
    import cwnb

    if case.error or is_unsaid(case):
        return
    try:
        result = cwnb.query(
            case.query,
            None if case.names_groups else frame_of(case.events).head(0),
            groups={name: frame_of(events).head(0) for name, events in case.groups.items()},
            tables={name: table_of_text(text) for name, text in case.tables.items()},
            now=case.now_ms,
        )
    except MalformedQuery:
        return  # a name that the case has from its events
    path = tmp_path / "events.parquet"
    result.export_events(path)
    namespace: dict[str, Any] = {}
    exec(compile(result.to_pandas_source(path), "emitted.py", "exec"), namespace)
    assert list(namespace["result"].columns) == list(result.df.columns)
    assert table_of(namespace["result"]) == table_of(result.df)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (200, "200"),
        ("0200", "200"),
        (200.0, "200"),
        ("+2e2", "200"),
        ("-0", "0"),
        ("9007199254740993", "9007199254740993"),
        ("00123456789012345678901234567890", "123456789012345678901234567890"),
        ("0.50", "0.5"),
        (True, "true"),
        ("200 ", "200 "),
        ("٣", "٣"),
        ("1" * 5000, "1" * 5000),
    ],
)
def test_keys_of_equality(value: Any, key: str) -> None:
    assert preamble.same_key(value) == key


def test_natural_order() -> None:
    ordered = ["", "5A", "111A", "Zed", "a", "file9", "file10", "-3", "01", "1", "2", "1e1"]
    column = pd.Series([*reversed(ordered), pd.NA], dtype=preamble.TEXT)
    places = preamble.sort_order(column)
    assert list(places) == [*range(len(ordered), 0, -1), 0]


# ---------------------------------------------------------------- the law

START = 1_795_161_600_000
WORDS = st.sampled_from(["ERROR", "WARN", "", "200", "0200", "7.5", "a b", "user=7 ms"])
NUMBERS = st.sampled_from([0, 1, 2, 200, 404, -3])
REALS = st.sampled_from([0.5, 7.5, -2.25, 200.0, 3.0])
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "level": WORDS,
        "status": NUMBERS,
        "ms": REALS,
        "user": st.fixed_dictionaries({"id": WORDS}),
        "flag": st.booleans(),
        "mixed": WORDS | NUMBERS | REALS,
    },
)


@st.composite
def event_lists(draw: st.DrawFn) -> tuple[Event, ...]:
    messages = draw(st.lists(MESSAGES, min_size=1, max_size=8))
    steps = draw(st.lists(st.integers(0, 40_000), min_size=8, max_size=8))
    times = [START + sum(steps[: place + 1]) for place in range(len(messages))]
    return tuple(Event(t, "s", json.dumps(m)) for t, m in zip(times, messages, strict=True))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(pipelines(said=True), event_lists())
def test_plain_pandas_answers_as_the_engine_does(
    pipeline: Pipeline, events: tuple[Event, ...]
) -> None:
    import cwnb

    frame, schema = export_of(events)
    engine = cwnb.query(to_text(pipeline), frame_of(events))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.parquet"
        frame.to_parquet(path)
        source = to_pandas(engine.query, [Exported(str(path), schema)])
        namespace: dict[str, Any] = {}
        try:
            exec(compile(source, "emitted.py", "exec"), namespace)
        except pa.ArrowInvalid:
            # Arrow refuses to round an integer beyond 2**53: a clear error, as promised.
            reject()
    result = namespace["result"]
    assert list(result.columns) == list(engine.df.columns)
    mine, theirs = _values(result), _values(engine.df)
    assert len(mine) == len(theirs)
    same = all(_close(a, b) for a, b in zip(mine, theirs, strict=True))
    assert same, f"{to_text(pipeline)}\n{source}\npandas {mine}\nengine {theirs}"


def _values(frame: pd.DataFrame) -> list[Any]:
    return [value for row in frame.itertuples(index=False) for value in row]


def _close(a: Any, b: Any) -> bool:
    if cell_of(a) == cell_of(b):
        return True
    try:
        return math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-9)
    except (TypeError, ValueError):
        return False
