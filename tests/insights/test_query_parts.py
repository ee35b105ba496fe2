"""A query of several pipelines: each has an input, and what one names stays its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
import pyarrow as pa
import pytest
from pipelines import parse_pipeline
from sqlglot import exp

import cwnb
from cwnb.errors import MalformedQuery, ResourceNotFound
from cwnb.events import GroupSelector
from cwnb.insights import frames, tree
from cwnb.insights.context import QueryContext
from cwnb.insights.engine import run_query
from cwnb.insights.engine.commands import steps
from cwnb.insights.frame_columns import columns_of_frame
from cwnb.insights.frames import FrameSource
from cwnb.insights.ql import dialect, writer
from cwnb.insights.resolve import command_checks
from cwnb.insights.resolve.check import check
from cwnb.insights.resolve.complete import complete
from cwnb.insights.to_pandas import CannotSay, Exported, to_pandas

if TYPE_CHECKING:
    from collections.abc import Sequence


START_MS = 1_795_593_600_000
ROWS = 60


def frame_of(host: str, rows: int = ROWS) -> FrameSource:
    frame = pd.DataFrame(
        {
            "@timestamp": pd.to_datetime(
                [START_MS + n * 1000 for n in range(rows)], unit="ms", utc=True
            ),
            "@message": [f"{host} {n}" for n in range(rows)],
            "n": range(rows),
            "host": host,
            "level": [("ERROR", "INFO", "WARN")[n % 3] for n in range(rows)],
        }
    )
    return FrameSource(columns_of_frame(frame), name=host)


class Sources:
    """Two log groups, of which the caller names the first, and a lookup table."""

    def __init__(self) -> None:
        self.groups = {"/web": frame_of("web"), "/db": frame_of("db", 7)}
        self.opened: list[str] = []

    def open(self, selectors: Sequence[GroupSelector] | None = None) -> FrameSource:
        (name,) = selectors[0].names if selectors else ["/web"]
        self.opened.append(name)
        if name not in self.groups:
            raise ResourceNotFound(f"there is no log group {name!r}")
        return self.groups[name]

    def table(self, name: str) -> pa.Table:
        if name != "owners":
            raise ResourceNotFound(f"there is no lookup table {name!r}")
        return pa.table({"host": ["web", "db"], "owner": ["ann", "bob"], "rank": [2, 1]})

    def again(self) -> Sources:
        return self


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "TASK_ROWS", 7)


def groups(*names: str) -> tree.Groups:
    return tree.Groups(selectors=tuple(GroupSelector((name,)) for name in names))


def part(text: str, input: tree.Input | None = None) -> tree.Pipeline:
    pipeline = parse_pipeline(text)
    pipeline.set("input", input)
    return pipeline


def ask(*pipelines: tree.Pipeline, strict: bool = False, limit: int | None = None) -> Any:
    sources = Sources()
    query, warnings = check(tree.Query(pipelines=list(pipelines)), sources, strict=strict)
    completed = complete(query, sources, limit=limit)
    outcome = run_query(completed, QueryContext(sources, START_MS))
    outcome.warnings = [*warnings, *outcome.warnings]
    return outcome


def rows_of(outcome: Any) -> list[tuple[Any, ...]]:
    return list(zip(*(array.to_pylist() for array in outcome.columns.values()), strict=True))


COUNTS = "filter n < 31 | stats count(*) as hits, max(n) as top by level"


# ---------------------------------------------------------------- inputs


def test_a_pipeline_reads_the_groups_that_it_names() -> None:
    hosts = "stats count(*) as n by host"
    assert rows_of(ask(part(hosts, groups("/db")))) == [("db", 7)]
    assert rows_of(ask(part(hosts))) == [("web", ROWS)]


def test_a_group_that_is_not_there_is_an_error_before_anything_runs() -> None:
    with pytest.raises(ResourceNotFound, match="no log group '/gone'"):
        ask(part(COUNTS), part("limit 1", groups("/gone")))


def test_a_pipeline_reads_the_answer_of_an_earlier_one() -> None:
    found = ask(part(COUNTS), part("filter hits > 10 | fields hits + top as both", answer(0)))
    assert list(found.columns) == ["level", "hits", "top", "both"]
    assert rows_of(found) == [("ERROR", 11, 30, 41)]


def test_an_answer_keeps_its_order_and_is_cut_into_tasks() -> None:
    inner = part("fields n | sort n % 5, n desc | limit 40")
    expected = sorted(range(ROWS), key=lambda n: (n % 5, -n))[:40]
    assert rows_of(ask(inner, part("limit 100", answer(0)))) == [(n,) for n in expected]
    # The newest rows are those that come first.
    assert rows_of(ask(inner, part("limit 3", answer(0)))) == [(n,) for n in expected[:3]]
    found = rows_of(ask(inner, part("stats count(*) as c by n % 5 as k", answer(0))))
    assert found == [(k, 12 if k < 3 else 4) for k in range(4)]


def test_only_the_last_answer_has_a_default_limit() -> None:
    completed = complete(
        tree.Query(pipelines=[part("fields n"), part("fields n", answer(0))]), Sources()
    )
    caps = [[command.row_cap() for command in p.commands] for p in completed.pipelines]
    assert caps == [[None], [None, 10_000]]
    assert rows_of(ask(part("fields n"), part("stats count(*) as c", answer(0)), limit=5)) == [
        (ROWS,)
    ]


def test_answers_of_answers() -> None:
    found = ask(
        part("stats count(*) as c by n % 10 as k"),
        part("stats sum(c) as total by k % 2 as odd", answer(0)),
        part("stats max(total) as most", answer(1)),
    )
    assert rows_of(found) == [(30,)]


def test_the_window_of_the_query_leaves_no_row_of_an_answer_out() -> None:
    sources = Sources()
    query = complete(tree.Query(pipelines=[part(COUNTS), part("limit 9", answer(0))]), sources)
    window = frames.Window(START_MS, START_MS + 6_000)
    found = run_query(query, QueryContext(sources, START_MS, window))
    assert sorted(rows_of(found)) == [("ERROR", 2, 3), ("INFO", 2, 4), ("WARN", 2, 5)]


def test_an_empty_answer() -> None:
    none = part("filter n > 1000 | stats count(*) as c by level")
    assert rows_of(ask(none, part("filter c > 0", answer(0)))) == []
    assert rows_of(ask(none, part("stats count(*) as rows", answer(0)))) == []


def test_a_pipeline_reads_a_table() -> None:
    owners = tree.Table(name="owners")
    assert rows_of(ask(part("filter rank < 2", owners))) == [("db", "bob", 1)]
    with pytest.raises(ResourceNotFound, match="no lookup table 'others'"):
        ask(part("limit 1", tree.Table(name="others")))


def test_statistics_and_steps_are_those_of_all_pipelines() -> None:
    found = ask(part(COUNTS), part("filter hits > 10", answer(0)))
    # The rows of an answer are no records of a log.
    assert found.statistics["recordsScanned"] == ROWS
    assert found.statistics["resultCount"] == 1
    texts = [step.text for step in found.steps]
    assert texts[2] == "stats count(*) as hits, max(n) as top by level"
    assert texts[4] == "filter hits > 10"


# ---------------------------------------------------------------- names


def test_an_answer_has_its_columns_and_no_others() -> None:
    with pytest.raises(
        MalformedQuery, match=r"'n' is no output of the answer before \(level, hits"
    ):
        ask(part(COUNTS), part("filter n > 1", answer(0)))
    found = ask(
        part(COUNTS),
        part("stats max(top) as t by level | filter hits > 10", answer(0)),
        strict=True,
    )
    assert rows_of(found) == [("ERROR", 30)]
    assert "applied before stats" in found.warnings[0]
    with pytest.raises(MalformedQuery, match="'hits' is no output of the stats before"):
        ask(part(COUNTS), part("stats max(top) as t by level | fields hits", answer(0)))


def test_names_of_one_pipeline_are_free_in_another() -> None:
    found = ask(part("fields n * 2 as m | stats max(m) as top"), part("fields top as m", answer(0)))
    assert rows_of(found) == [(118, 118)]


def test_a_query_prints_what_its_pipelines_read() -> None:
    query = tree.Query(pipelines=[part("fields n"), part("limit 3", answer(0))])
    assert writer.to_text(query) == "fields n\n| limit 3"
    inner = part("fields n | limit 2", groups("/a"))
    condition = tree.InSubquery(value=field("n"), answer=answer(0))
    query = tree.Query(pipelines=[inner, with_first(tree.Filter(condition=condition), "limit 3")])
    assert writer.to_text(query) == 'filter n in (SOURCE "/a"\n| fields n\n| limit 2)\n| limit 3'


def test_plain_pandas_says_that_it_cannot() -> None:
    query = complete(
        tree.Query(pipelines=[part("fields n"), part("limit 3", answer(0))]), Sources()
    )
    with pytest.raises(CannotSay, match="the input 'Answer'"):
        to_pandas(query, [Exported("events.parquet", {"n": "integer"})] * 2)


# ---------------------------------------------------------------- a command and an expression


def answer(place: int) -> tree.Answer:
    return tree.Answer(place=place)


def field(name: str) -> tree.Field:
    return tree.Field(parts=[name])


def with_first(command: tree.Command, text: str) -> tree.Pipeline:
    pipeline = part(text)
    pipeline.set("commands", [command, *pipeline.commands])
    return pipeline


def asked(text: str, *, strict: bool = False) -> Any:
    return ask(*dialect.parse_query(text).pipelines, strict=strict)


JOIN = f"join left=a right=b where a.level = b.level (SOURCE '/web' | {COUNTS})"


def test_a_join_reads_another_answer_in_each_task() -> None:
    found = asked(f"{JOIN} | filter a.n > 57 and b.hits > 1 | display a.n, a.level, b.hits")
    assert rows_of(found) == [(59, "WARN", 10), (58, "INFO", 10)]
    # The filter on what the join gives stays behind it, the other one moves.
    later = asked(f"{JOIN} | filter a.n > 57 | filter b.hits > 10 | display a.n")
    texts = [step.text.partition(" where ")[0] for step in later.steps]
    assert texts[5:7] == ["filter n > 57", "join left=a right=b"]
    assert rows_of(later) == []


def test_the_names_of_the_inner_query_do_not_leak() -> None:
    sources = Sources()
    query = dialect.parse_query(f"{JOIN} | filter b.hits > 10 | stats count(*) as c")
    completed = complete(check(query, sources, strict=False)[0], sources)
    outcome = run_query(completed, QueryContext(sources, START_MS))
    assert completed.answer.commands[0].reads() == {"level"}
    assert outcome.pipeline.commands[0].args["columns"] == ["level"]
    assert rows_of(outcome) == [(20,)]


def test_a_walk_stops_at_the_border_of_a_pipeline() -> None:
    """Whatever a node holds: a pipeline inside another has names of its own."""
    inner = part("filter secret = 1 | limit 3")
    outer = tree.Filter(condition=exp.EQ(this=field("n"), expression=inner))
    assert outer.reads() == {"n"}
    assert [node.name for node in tree.find(inner, tree.Field)] == ["secret"]
    assert list(tree.find(outer, tree.Limit)) == []


def test_a_condition_reads_another_answer() -> None:
    inside = part("filter n > 55 | stats max(n) as top by level | display level")
    condition = tree.InSubquery(value=field("level"), answer=answer(0))
    first = with_first(tree.Filter(condition=condition), "stats count(*) as c by level")
    assert sorted(rows_of(ask(part("filter n = 3 | fields level"), first))) == [("ERROR", 20)]
    assert len(rows_of(ask(inside, first.copy()))) == 3


def test_a_command_that_nobody_checks_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(command_checks.CHECKS, tree.Join)
    with pytest.raises(MalformedQuery, match="cannot check the command 'join'"):
        asked(JOIN)


def test_a_command_without_a_step_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(steps.STEPS, tree.Join)
    with pytest.raises(MalformedQuery, match="cannot run 'join'"):
        asked(JOIN)


def test_an_input_of_an_unknown_kind_is_refused_by_name() -> None:
    class Elsewhere(tree.Input):
        arg_types: ClassVar[dict[str, bool]] = {}

    with pytest.raises(MalformedQuery, match="cannot read the input 'Elsewhere'"):
        ask(part("limit 1", Elsewhere()))


# ---------------------------------------------------------------- defaults


def test_the_caller_s_limit_is_in_the_frame_and_in_the_pandas_text() -> None:
    frame = pd.DataFrame({"message": [f"m {n}" for n in range(20)], "n": range(20)})
    frame["time"] = pd.date_range("2026-11-20", periods=20, freq="min", tz="UTC")
    result = cwnb.query("fields n", frame, limit=5)
    assert result.df["n"].tolist() == [19, 18, 17, 16, 15]
    assert "events = events.head(5)" in result.pandas
    own = cwnb.query("fields n | limit 7", frame, limit=5)
    assert len(own.df) == 5
    assert "head(7)" in own.pandas
    assert "head(5)" in own.pandas


@pytest.mark.parametrize(
    ("query", "completed", "outputs"),
    [
        ("fields n", "fields n | limit 10000", "n"),
        ("limit 3", "limit 3", "@timestamp @message"),
        (
            "sort @timestamp, n desc",
            "sort @timestamp asc, n desc, @sequence asc | limit 10000",
            "@timestamp @message",
        ),
        (
            "fields n | sort n * 2 as m",
            "fields n | fields n * 2 as m | sort m as m asc | limit 10000",
            "n m",
        ),
        ("limit 3 | stats count(*)", "limit 3 | stats count(*) | limit 10000", "count(*)"),
        ("display n | fields level", "display n | fields level | limit 10000", "n"),
    ],
)
def test_complete_says_what_a_query_leaves_unsaid(query: str, completed: str, outputs: str) -> None:
    made = complete(dialect.parse_query(query), Sources()).answer
    assert writer.to_text(made) == completed.replace(" | ", "\n| ")
    assert made.outputs == outputs.split()


def test_a_tree_as_text_is_no_sql() -> None:
    pipeline = cwnb.query("limit 1", [{"n": 1}]).pipeline
    assert str(pipeline) == repr(pipeline)
    assert str(pipeline).startswith("Pipeline(")
