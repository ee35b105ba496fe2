"""Random queries answer as DuckDB does, in every state of the memory; and a difference is told."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cwnb
from benchmarks import random_queries
from benchmarks.random_queries import command, strategies
from benchmarks.random_queries.answers import difference
from benchmarks.random_queries.pipelines import drawn_query
from benchmarks.random_queries.sql_values import literal
from benchmarks.random_queries.world import World
from cwnb.store.memory import MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def memory_as_it_was() -> Iterator[None]:
    before = MEMORY.budget
    yield
    MEMORY.set_budget(before)


# The states are asked of some queries, and more queries once.
@pytest.mark.parametrize(
    ("seed", "queries", "more"),
    [(1, 10, []), (2, 40, ["--once"])],
)
def test_random_queries_answer_as_duckdb_does(
    capsys: pytest.CaptureFixture[str], seed: int, queries: int, more: list[str]
) -> None:
    given = ["--queries", str(queries), "--events", "200", "--seed", str(seed), *more]
    failed = random_queries.main(given)
    said = capsys.readouterr().out
    assert not failed, said
    assert said.splitlines()[-1].startswith(f"queries={queries} asked=")
    assert " refused=0 different=0 " in said


def test_each_strategy_has_constants_to_change() -> None:
    assert strategies.unknown() == []


def test_a_wrong_answer_is_told_with_a_shorter_query(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = World.ask

    def without_a_row(world: World, *asked: object, **options: object) -> object:
        return whole(world, *asked, **options).iloc[1:]

    monkeypatch.setattr(World, "ask", without_a_row)
    counts: Counter[str] = Counter()
    command.Asked(1, 30, counts, once=True).ask(10)
    said = capsys.readouterr().out
    assert counts["different"] == counts["asked"] - counts["empty"] > 0
    assert "seed 1, cold: " in said
    assert "\n  shorter: " in said
    assert "\n  sql: with s0 as (select * from events" in said
    assert "again: python -m benchmarks random-queries --queries 100 --events 30 --seed 1" in said


def test_a_query_that_is_refused_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise cwnb.errors.MalformedQuery("no")

    monkeypatch.setattr(World, "ask", refuse)
    counts: Counter[str] = Counter()
    command.Asked(1, 50, counts, once=True).ask(10)
    assert counts["refused"] == counts["asked"] == counts["different"]
    assert "cold: refused: no" in capsys.readouterr().out


def test_a_seed_gives_the_same_events_and_queries() -> None:
    def drawn() -> tuple[list[str], object]:
        chosen = random.Random(7)
        with (
            tempfile.TemporaryDirectory() as folder,
            World(Path(folder), chosen, 60).opened() as world,
        ):
            queries = [drawn_query(chosen) for _ in range(5)]
            return [query.sql for query in queries], world.wanted("select * from events")

    assert drawn() == drawn()


@pytest.mark.parametrize(
    ("ours", "theirs", "kind"),
    [
        ([1.0], [(1.0 + 1e-6, None)], "double"),
        ([1], [(2, None)], "int"),
        ([2**53], [(2**53 + 1, None)], "int"),
        (["200"], [("0200", None)], "text"),
        ([None], [(0, None)], "int"),
        ([0], [(None, None)], "int"),
        ([True], [("false", None)], "mixed"),
        (["2"], [("2.5", None)], "mixed"),
        ([1], [(1, None), (1, None)], "int"),
    ],
)
def test_answers_that_differ_are_told_apart(ours: list, theirs: list, kind: str) -> None:
    import pandas as pd

    from benchmarks.random_queries.sql_values import Value

    frame = pd.DataFrame({"x": pd.Series(ours, dtype=object)})
    assert difference(frame, theirs, [("x", Value(kind, "x"))])
    assert difference(frame, theirs, [("y", literal(1))]).startswith("no column ['y']")
