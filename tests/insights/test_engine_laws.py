"""Laws of the engine on random queries: tasks and segments change how an answer is found, never it."""

from __future__ import annotations

import json
import math
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from batches import put_in_batches
from cases import discovered
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_states import forget_some, no_memory
from pipelines import check_pipeline, parse_pipeline
from plain import run_plainly
from strategies import FIELDS, WORDS, pipelines

import cwnb
from cwnb.errors import MalformedQuery
from cwnb.insights import frames, values
from cwnb.insights.context import QueryContext
from cwnb.insights.engine.run import run
from cwnb.insights.frame_columns import columns_of_frame
from cwnb.insights.frames import FrameSource, FrameSources
from cwnb.insights.ql import dialect
from cwnb.insights.resolve.complete import complete_pipeline
from cwnb.results.arrow_columns import portable_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.insights.tree import Pipeline

START_MS = 1_795_593_600_000
TASK_ROWS = 7
NOW_MS = START_MS + 3_600_000

words = st.sampled_from([*WORDS, "ERROR", "user=7 ms", "a=b"])
integers = st.sampled_from([0, 1, 2, 200, 404, 500, -3, 2**53 + 1])
numbers = st.sampled_from([0.5, 1.0, 7.5, 200.0, -0.25, 1e20])
scalars = st.one_of(words, integers, numbers, st.booleans())
# Halves add up exactly in any order.
values_of = {
    "level": words,
    "status": integers,
    "ms": st.sampled_from([0.5, 1.0, 7.5, 200.0, -0.25]),
    "user.id": words,
    "flag": st.booleans(),
    "mixed": scalars,
    "tags": st.one_of(
        st.lists(scalars, max_size=3), st.lists(words, max_size=2), st.just({"k": [1]}), words
    ),
}
times = st.integers(0, 40).map(lambda n: START_MS + n * 7_500)


@st.composite
def rows(draw: st.DrawFn, *, loose: bool = False) -> list[tuple[int, dict[str, Any]]]:
    """Events as (time, fields); `loose`: now and then a field has a value of another type.

    Some fields begin or end at some time, so that whole tasks are without them.
    """
    begins_or_ends = st.tuples(times, st.booleans())
    gone = draw(st.dictionaries(st.sampled_from(list(values_of)), begins_or_ends, max_size=3))
    count = draw(st.integers(0, 30))
    found = []
    for _ in range(count):
        when = draw(times)
        fields: dict[str, Any] = {}
        for name, usual in values_of.items():
            border, ends = gone.get(name, (when + 1, True))
            if (when > border) is ends:
                continue
            kind = draw(st.integers(0, 9))
            if kind < 7:
                fields[name] = draw(usual)
            elif kind == 7 and loose:
                fields[name] = draw(scalars)
        found.append((when, fields))
    return found


def nested(fields: dict[str, Any]) -> str:
    whole = {name: value for name, value in fields.items() if "." not in name}
    if "user.id" in fields:
        whole["user"] = {"id": fields["user.id"]}
    return json.dumps(whole, ensure_ascii=False)


def same(left: dict[str, Any], right: dict[str, Any]) -> str:
    """Say how two answers differ; nothing if they do not.

    The type of a computed column depends on which of its rows are there: one of integers may be
    one of floats or of texts elsewhere. Then the texts are compared, those of fractions as numbers.
    """
    if list(left) != list(right):
        return f"columns {list(left)} and {list(right)}"
    for name, column in left.items():
        one, other = portable_column(column), portable_column(right[name])
        if one.type != other.type:
            one, other = values.to_text(one), values.to_text(other)
        alike = same_value if column.type == right[name].type else same_number
        first, second = one.to_pylist(), other.to_pylist()
        if len(first) != len(second) or not all(map(alike, first, second)):
            return f"{name}: {column.type} {first} and {right[name].type} {second}"
    return ""


def same_value(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == other)


def same_number(one: str | None, other: str | None) -> bool:
    if one == other or one is None or other is None:
        return one == other
    if all(text.lstrip("-").isdecimal() for text in (one, other)):
        return False
    try:
        return same_value(float(one), float(other))
    except ValueError:
        return False


def outcome_of(ask: Any) -> Any:
    """Give the columns, or the message of the error: both roads must fail alike."""
    try:
        return ask()
    except MalformedQuery as error:
        return error.message


def check_same(one: Any, other: Any, said: str) -> None:
    if isinstance(one, str) or isinstance(other, str):
        assert one == other, said
    else:
        assert not (found := same(one, other)), f"{said}\n{found}"


# What `pipelines` does not draw.
WRITTEN = [
    "stats values(level) as v by flag",
    "stats topk(3, level) as t",
    "stats pct(ms, 50), pct(status, 99), pct(mixed, 0.1) by level",
    "stats count(*) as n by bin(1m) offset 20s | sort n",
    "stats earliest(mixed), latest(mixed) by level, bin(30s)",
    "stats earliest(@message) as e, count(*) by user.id | stats latest(e), sum(`count(*)`)",
    "stats count(*) as n by level, user.id | stats values(level) as v, max(n) by n",
    "parse @message /(?<letter>[a-z])/ multi | stats count(*) as n by letter | sort n desc, letter",
    "parse @message /(?<letter>[a-z])/ multi | stats count(*), earliest(letter) by letter, level",
    "parse @message /(?<letter>[a-z])/ multi | stats values(letter), latest(letter) by flag",
    "parse @message /(?<digit>[0-9])/ multi | display digit, level | sort digit desc | limit 7",
    "parse @message /(?<digit>[0-9])/ multi | filter digit > 1 | dedup digit, flag",
    "sort level, status desc, mixed | limit 9",
    "fields level, @timestamp | sort @timestamp | limit 12",
    "fields level, status | sort @timestamp, status desc | dedup level",
    "fields level, status | sort @timestamp, status desc | limit 3",
    "sort ms * 2 as twice desc | display twice, level | dedup flag, level | limit 3",
    "fields jsonParse(@message) as j, j.user.id as id, j.status + 1 as s | filter s > 1 | limit 4",
    "fields jsonParse(@message) as j | filter ispresent(j.flag) | stats count(*) by j.level",
    "fields toUpper(level) as up, concat(level, '/', user.id) as both | filter up like /R/",
    "filter level in ['ERROR', 200, ''] and not (status in [1, 2] or flag) | limit 6",
    "filter strcontains(@message, 'ERR') and status >= 1 | display status, level | limit 8",
    "filter @message like /(?i)error/ | stats count(*) by @logStream, level",
    "fields if(level = 'ERROR', now(), status) as x, datefloor(@timestamp, 1m) as m | dedup x, m",
    "fields split(level, ' ') as words, words.0 as first, strlen(level) as n | sort n desc, first",
    "stats sum(status) / count(status) as mean, avg(status) as same by flag | filter mean != same",
    "stats count_distinct(level), count_distinct(mixed), count_distinct(@message)",
    "stats min(mixed), max(mixed), sortsFirst(mixed), sortsLast(mixed), count(mixed) by flag",
    "stats histogram(ms, 3) as h, rate(ms, 1m) as r by histogram(status, 100) as low | sort low",
    "stats max(ms) as m by bin(30s) as @timestamp, level | stats rate(m, 10s) by level",
    "fields md5(level) as d, sha256(@message) as e | dedup d | limit 5",
    "parse @message /(?<@letter>[a-z])/ multi | stats rate(status, 1s) by @letter | limit 4",
    "fields level | fields toUpper(level) as level | filter level like /R/ | sort level, status",
    "unnest tags into tag | stats count(*) as n by tag, level | sort n desc, tag | limit 6",
    "unnest tags into t | unnest t into u | display t, u, level, tags.0 | limit 9",
    "fields jsonParse(@message) as j | unnest j.tags into t | display t, j.level, j.user.id",
    "unnest jsonParse(@message).tags into t | filter t != 'ERROR' | display t, t.k, t.0, flag",
    "fields tags.0, status | expand tags | display tags, tags.0, tags.k, tags.k.0, status",
    "expand tags | filter level = 'ERROR' | stats values(tags) as v, latest(tags) by flag",
    "stats values(status) as v by level | expand v | unnest v into w | sort v, level | limit 8",
    "fields jsonParse(@message) as j | expand j.tags | dedup j.tags, j.level | limit 5",
    "sort level, @timestamp | fields tags.0 as first | expand tags | display first, tags, level",
    "parse @message /(?<digit>[0-9])/ multi | unnest tags into t | stats count(*) by t, digit",
    "parse @message logfmt as m | filter ispresent(m.user) | display m, m.user, level",
    "json 'tags' as t | json field=t '[0]' as first | fields t.k.0 as k | dedup first, k",
    "fields jsonParse(@message) as j | json field=j 'user' as u | stats count(*) by u.id, j.flag",
    "parse @message csv as a, b, c | filter ispresent(b) | stats count(*) by a, level | sort a",
    "parse concat('<a>', level, '</a>') xml '/a' as x | filterIndex @logStream = 's' | limit 6",
    "fields tags, tags.0 as first, tags.k as k | filter ispresent(tags) | limit 9",
    "filter tags = 'ERROR' or jsonArrayContains(tags, 'ERROR') | display tags, level",
    "filter not (tags > 1 or tags like /R/) | stats count(*) by level",
    "fields coalesce(tags, level) as c, jsonStringify(c) as s, jsonArraySize(c) as n | dedup s, n",
    "stats count(*), max(tags.0) by tags.1, isempty(tags) as e",
    "sort tags | limit 3",
    "filter level = 'ERROR' | stats count(*) by tags",
    "limit 5",
]

LAW = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut frames into tasks of a few rows, so that partial answers are merged."""
    monkeypatch.setattr(frames, "TASK_ROWS", TASK_ROWS)


def source_of(events: list[tuple[int, dict[str, Any]]], *, encoded: bool) -> FrameSource:
    frame = pd.DataFrame(
        {
            "@timestamp": pd.array(
                [time for time, _ in events], dtype=pd.ArrowDtype(pa.int64())
            ).astype(pd.ArrowDtype(pa.timestamp("ms", "UTC"))),
            "@message": pd.array(
                [nested(fields) for _, fields in events], dtype=pd.ArrowDtype(pa.string())
            ),
        }
    )
    found = [discovered(nested(fields)) for _, fields in events]
    for name in dict.fromkeys([*FIELDS, "tags", *(name for fields in found for name in fields)]):
        frame[name] = pd.Series([fields.get(name) for fields in found], dtype=object)
    columns = columns_of_frame(frame)
    if encoded:
        for name in ("level", "user.id"):
            if pa.types.is_string(columns[name].type):
                columns[name] = columns[name].dictionary_encode()
    return FrameSource(columns)


written = st.sampled_from(WRITTEN).map(parse_pipeline)


@LAW
@given(st.one_of(pipelines(), written), rows(), st.booleans())
def test_rewritten_and_cut_into_tasks_is_plain(
    pipeline: Pipeline, events: list[tuple[int, dict[str, Any]]], encoded: bool
) -> None:
    source = source_of(events, encoded=encoded)
    settled, _ = check_pipeline(pipeline, strict=False, known=source.has_field)
    context = QueryContext(FrameSources(source), START_MS)
    ran = outcome_of(lambda: run(complete_pipeline(settled), context).columns)
    plainly = outcome_of(lambda: run_plainly(settled, context))
    check_same(ran, plainly, dialect.to_text(pipeline))


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with cwnb.open(tmp_path_factory.mktemp("laws") / "store", encryption="none") as held:
        # `now()` is the same for whoever asks.
        held.store.set_now(NOW_MS)
        yield held


group_numbers = iter(range(10**9))


@LAW
@given(
    st.one_of(pipelines(), written),
    rows(loose=True),
    st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=6),
    st.booleans(),
    st.sampled_from([(None, None), (None, None), (START_MS + 90_000, START_MS + 200_000)]),
)
def test_segments_answer_as_one_frame(  # noqa: PLR0917  (drawn one by one)
    logs: Any,
    pipeline: Pipeline,
    events: list[tuple[int, dict[str, Any]]],
    cuts: list[tuple[int, bool]],
    compacted: bool,
    window: tuple[int | None, int | None],
) -> None:
    """Events put in any batches, flushed at any time, answer as a frame of the same events."""
    group = f"/laws/{next(group_numbers)}"
    logs.create_group(group)
    messages = [(time, nested(fields)) for time, fields in events]
    put_in_batches(logs, group, messages, cuts, compacted=compacted)
    frame = pd.DataFrame(
        {
            "@timestamp": np.array([time for time, _ in messages], dtype="datetime64[ms]"),
            "@message": pd.array([m for _, m in messages], dtype=pd.ArrowDtype(pa.string())),
            "@logStream": "s",
        }
    )
    text = dialect.to_text(pipeline)

    def ask() -> Any:
        return outcome_of(lambda: logs.query(text, group, *window).outcome.columns)

    with no_memory():
        stored = ask()
    start, end = window
    framed = outcome_of(
        lambda: cwnb.query(text, frame, start=start, end=end, now=NOW_MS).outcome.columns
    )
    said = f"{text}\n{window} {cuts} {compacted}\n" + "\n".join(map(str, messages))
    check_same(stored, framed, said)
    # What earlier queries left in memory changes nothing: one without the last command, and this.
    begun = " | ".join(map(dialect.to_text, pipeline.commands[:-1])) or "limit 3"
    outcome_of(lambda: logs.query(begun, group, *window).df)
    check_same(ask(), stored, f"after its beginning\n{said}")
    check_same(ask(), stored, f"again\n{said}")
    forget_some(Random(len(said)))
    check_same(ask(), stored, f"with a part in memory\n{said}")
