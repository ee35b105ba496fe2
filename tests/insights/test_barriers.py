"""A command that needs all rows is a barrier: what the engine asks of one, and no more."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sqlglot import exp

from cwnb.errors import MalformedQuery
from cwnb.insights import frames, tree
from cwnb.insights.context import QueryContext
from cwnb.insights.engine import run_query, schedule
from cwnb.insights.engine.batch import Batch
from cwnb.insights.engine.commands import steps
from cwnb.insights.engine.commands.barrier import Enough, InMemory
from cwnb.insights.engine.commands.plan_barrier import AFTER_PATTERN, BARRIERS
from cwnb.insights.engine.order import Ranks, RowOrder
from cwnb.insights.frame_columns import columns_of_frame
from cwnb.insights.frames import FrameSource, FrameSources
from cwnb.insights.ql import dialect, writer
from cwnb.insights.resolve.complete import complete
from cwnb.insights.tree import facts

if TYPE_CHECKING:
    from cwnb.insights.engine.commands.barrier import Rows
    from cwnb.insights.engine.commands.rest import Rest

START_MS = 1_795_593_600_000
ROWS = 230


class Widest(tree.Command):
    """`widest`: one row, how many rows there are and the longest message."""

    keyword = "widest"
    arg_types: ClassVar[dict[str, bool]] = {}
    rows = facts.Rows.NEW
    order = facts.Order.SETS
    needs = facts.Needs.ALL_ROWS
    shows = facts.Shows.REPLACES
    names = facts.Names.REPLACES

    def reads(self) -> set[str]:
        return {"@message"}

    def writes(self) -> set[str]:
        return {"rows", "message"}

    def gives(self) -> list[str]:
        return ["rows", "message"]


class Sample(tree.Command):
    """`sample n`: the newest n rows, each with the number of its place."""

    keyword = "sample"
    arg_types: ClassVar[dict[str, bool]] = {"count": True}
    rows = facts.Rows.FEWER
    order = facts.Order.KEEPS
    needs = facts.Needs.ROWS_BEFORE
    shows = facts.Shows.SAME
    names = facts.Names.SAME
    reads = tree.fields_named
    writes = tree.no_writes
    gives = tree.gives_nothing


@dataclass
class WidestPartial:
    count: int
    message: str
    rows: int = 1
    nbytes: int = 100


@dataclass
class WidestBarrier:
    enough: None = None

    def reads(self) -> set[str]:
        return {"@message"}

    def partial(self, batch: Batch, order: RowOrder, task: int) -> WidestPartial:
        texts = batch.column("@message")
        longest = pc.max(pc.utf8_length(texts)) if texts is not None and len(texts) else None
        if longest is None:
            return WidestPartial(batch.rows, "")
        first = pc.index(pc.utf8_length(texts), longest).as_py()
        return WidestPartial(batch.rows, texts[first].as_py())

    def merge(self, partials: list[WidestPartial]) -> WidestPartial:
        longest = max((p.message for p in partials), key=lambda text: (len(text), text))
        return WidestPartial(sum(p.count for p in partials), longest)

    def finish(self, merged: WidestPartial | None, rows: Rows) -> Batch:
        found = merged or WidestPartial(0, "")
        columns = {"rows": pa.array([found.count]), "message": pa.array([found.message])}
        return Batch(1, rows.query_values, columns=columns)


@dataclass
class SamplePartial:
    tasks: np.ndarray[Any, Any]
    positions: np.ndarray[Any, Any]
    ranks: Ranks

    @property
    def rows(self) -> int:
        return len(self.positions)

    @property
    def nbytes(self) -> int:
        return int(self.positions.nbytes * 4)


@dataclass
class SampleBarrier:
    count: int
    needed: list[str]

    @property
    def enough(self) -> Enough:
        return Enough(self.count)

    def reads(self) -> set[str]:
        return set()

    def partial(self, batch: Batch, order: RowOrder, task: int) -> SamplePartial:
        rows = np.arange(batch.rows, dtype=np.int64)[::-1][: self.count]
        if order.in_memory:
            rows = np.arange(min(batch.rows, self.count), dtype=np.int64)
        positions = batch.positions()[rows]
        return SamplePartial(np.full(len(rows), task), positions, order.ranks(rows))

    def merge(self, partials: list[SamplePartial]) -> SamplePartial:
        ranks = Ranks.concat([p.ranks for p in partials])
        best = ranks.descending()[: self.count]
        return SamplePartial(
            np.concatenate([p.tasks for p in partials])[best],
            np.concatenate([p.positions for p in partials])[best],
            ranks.take(best),
        )

    def finish(self, merged: SamplePartial | None, rows: Rows) -> Batch:
        if merged is None:
            return Batch(0, rows.query_values)
        columns = rows.fetch(merged.tasks, merged.positions, self.needed)
        columns["place"] = pa.array(np.arange(merged.rows))
        return Batch(merged.rows, rows.query_values, columns=columns)


def plan_sample(rest: Rest) -> tuple[SampleBarrier, int]:
    count = tree.literal_value(rest.commands[0].args["count"])
    return SampleBarrier(count, rest.columns_after(1)), 1


def widest_in_memory(command: Widest, batch: Batch, _: Any) -> Batch:
    barrier = WidestBarrier()
    whole = barrier.partial(batch, RowOrder(batch, in_memory=True), 0)
    return barrier.finish(barrier.merge([whole]), InMemory(batch))


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter the two trial commands into the registries, and nothing else."""
    monkeypatch.setattr(frames, "TASK_ROWS", 50)
    monkeypatch.setitem(BARRIERS, Widest, lambda _: (WidestBarrier(), 1))
    monkeypatch.setitem(BARRIERS, Sample, plan_sample)
    monkeypatch.setitem(steps.STEPS, Widest, widest_in_memory)
    monkeypatch.setitem(writer.WRITERS, Widest, lambda _: "widest")
    monkeypatch.setitem(writer.WRITERS, Sample, lambda node: f"sample {node.args['count']}")


def source() -> FrameSource:
    frame = pd.DataFrame(
        {
            "@timestamp": pd.array(np.arange(ROWS) * 1000 + START_MS).astype("datetime64[ms]"),
            "@message": ["x" * (n * 37 % 101) for n in range(ROWS)],
            "n": np.arange(ROWS),
        }
    )
    return FrameSource(columns_of_frame(frame))


def commands(text: str) -> list[tree.Command]:
    return list(dialect.parse_query(text).answer.commands) if text else []


def answer(before: str, trial: tree.Command, after: str, outputs: list[str], **options: Any) -> Any:
    pipeline = tree.Pipeline(commands=[*commands(before), trial, *commands(after)])
    sources = FrameSources(source())
    query = complete(tree.Query(pipelines=[pipeline]), sources)
    return run_query(query, QueryContext(sources, START_MS, **options), outputs)


def columns_of(outcome: Any) -> dict[str, list[Any]]:
    return {name: array.to_pylist() for name, array in outcome.columns.items()}


def test_a_command_that_gives_new_rows_is_answered_by_its_own_barrier() -> None:
    found = answer("", Widest(), "", ["rows", "message"])
    assert columns_of(found) == {"rows": [ROWS], "message": ["x" * 100]}
    few = answer(
        "filter n < 120 | fields n * 2 as m | filter m > 20", Widest(), "", ["rows", "message"]
    )
    assert columns_of(few) == {
        "rows": [109],
        "message": ["x" * max(n * 37 % 101 for n in range(11, 120))],
    }
    then = answer(
        "", Widest(), "fields rows + 1 as more | filter more > 5 | limit 3", ["more", "rows"]
    )
    assert columns_of(then) == {"more": [ROWS + 1], "rows": [ROWS]}
    texts = [step.text for step in then.steps]
    assert texts[1] == "widest"
    assert then.steps[1].rows_in == ROWS
    assert columns_of(answer("filter n > 1000", Widest(), "", ["rows"])) == {"rows": [0]}


def test_a_command_that_keeps_rows_fetches_their_columns_last() -> None:
    after = "fields n + 1 as next | filter next % 2 = 0"
    found = answer(
        "filter n % 3 = 0", Sample(count=exp.Literal.number(4)), after, ["next", "place"]
    )
    assert columns_of(found) == {"next": [226, 220], "place": [1, 3]}
    assert found.statistics["resultCount"] == 2


def test_what_is_enough_saves_the_other_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "worker_count", lambda: 1)
    found = answer("", Sample(count=exp.Literal.number(7)), "", ["n"])
    assert columns_of(found) == {"n": list(range(ROWS - 1, ROWS - 8, -1))}
    assert found.statistics["recordsScanned"] == 30
    whole = answer("", Widest(), "", ["rows"])
    assert whole.statistics["recordsScanned"] == ROWS


def test_it_stands_after_another_barrier_and_in_other_processes() -> None:
    later = answer("stats count(*) as c by concat('m', n % 7) as @message", Widest(), "", ["rows"])
    assert columns_of(later) == {"rows": [7]}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        there = answer("", Widest(), "", ["rows", "message"], executor=executor)
    assert columns_of(there) == {"rows": [ROWS], "message": ["x" * 100]}


def test_a_command_without_barrier_runs_on_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(BARRIERS, Widest)
    assert columns_of(answer("", Widest(), "", ["rows"])) == {"rows": [ROWS]}
    monkeypatch.delitem(steps.STEPS, Widest)
    with pytest.raises(MalformedQuery, match="cannot run 'widest'"):
        answer("", Widest(), "", ["rows"])


# Each of these holds all rows anyway, or the checks make other commands of it.
WITHOUT_BARRIER = set(
    "accum addtotals appendcols autoregress countFrequent filldown fillmissing outlier sessionize "
    "tail".split()
)


def test_the_commands_of_the_language_that_need_other_rows_have_a_barrier() -> None:
    needy = {kind for kind in tree.COMMANDS if kind.needs is not facts.Needs.ROW}
    without = needy - BARRIERS.keys() - AFTER_PATTERN.keys()
    assert {kind.keyword for kind in without} <= WITHOUT_BARRIER
