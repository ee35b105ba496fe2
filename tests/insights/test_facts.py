"""Facts of commands: none may be left out, and whatever they are, no rewrite changes an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipelines import parse_pipeline
from plain import run_plainly
from trials import Registered, trial_classes

from cwnb.insights import frames, rewrite, tree
from cwnb.insights.context import QueryContext
from cwnb.insights.engine.run import run
from cwnb.insights.frame_columns import columns_of_frame
from cwnb.insights.frames import FrameSource, FrameSources
from cwnb.insights.ql.writer import to_text
from cwnb.insights.resolve.complete import complete_pipeline
from cwnb.insights.tree import Names, Needs, Order, Rows, Shown, Shows
from cwnb.insights.tree.facts import KINDS, METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

START_MS = 1_795_593_600_000
TRIALS = trial_classes()


def stated() -> dict[str, Any]:
    return {
        "keyword": "trial",
        "arg_types": {},
        "rows": Rows.SAME,
        "order": Order.KEEPS,
        "needs": Needs.ROW,
        "shows": Shows.SAME,
        "names": Names.SAME,
        "reads": tree.fields_named,
        "writes": tree.no_writes,
        "gives": tree.gives_nothing,
    }


def test_a_class_that_states_everything_is_a_command() -> None:
    assert issubclass(type("Trial", (tree.Command,), stated()), tree.Command)


@pytest.mark.parametrize("fact", ["keyword", *KINDS, *METHODS])
def test_a_class_that_leaves_a_fact_out_does_not_import(fact: str) -> None:
    facts = stated()
    del facts[fact]
    with pytest.raises(TypeError, match=f"command class Trial does not state '{fact}'"):
        type("Trial", (tree.Command,), facts)


@pytest.mark.parametrize("fact", KINDS)
def test_a_fact_of_the_wrong_kind_is_none(fact: str) -> None:
    with pytest.raises(TypeError, match=f"does not state '{fact}'"):
        type("Trial", (tree.Command,), stated() | {fact: True})


def test_a_command_says_what_it_holds_in_memory() -> None:
    guide = tree.Guide("trial", "nowhere")
    with pytest.raises(TypeError, match=r"command class Trial does not state 'guide\.memory'"):
        type("Trial", (tree.Command,), stated() | {"guide": guide})


def test_facts_are_not_inherited_from_another_command() -> None:
    with pytest.raises(TypeError, match="command class Trial does not state 'keyword'"):
        type("Trial", (tree.Filter,), {})


def test_an_order_is_set_by_looking_at_all_rows() -> None:
    with pytest.raises(TypeError, match="sets the order, which needs all rows"):
        type("Trial", (tree.Command,), stated() | {"order": Order.SETS})


# ---------------------------------------------------------------- rewriting by facts


def place_of(text: str, before: tree.Command, *, of: type[tree.Command]) -> int:
    """Put a command before the last of a text, rewrite, and say where the last one stands."""
    *first, last = parse_pipeline(text).commands
    pipeline = complete_pipeline(tree.Pipeline(commands=[*first, before, last]))
    return [type(command) for command in rewrite.rewrite(pipeline).commands].index(of)


@pytest.mark.parametrize("kind", TRIALS, ids=lambda kind: kind.keyword)
def test_filters_and_limits_pass_what_they_may_and_nothing_else(kind: type[tree.Command]) -> None:
    command = kind()
    row_by_row = kind.needs is Needs.ROW and kind.rows in (Rows.SAME, Rows.MORE)
    orders = kind.rows is Rows.SAME and kind.order is Order.SETS and kind.names is Names.SAME
    passes = (row_by_row or orders) and kind.names is not Names.REPLACES
    assert (place_of("filter n > 1", command, of=tree.Filter) == 1) is passes
    # `w` is what a trial writes, if it writes.
    passes = passes and kind.names is Names.SAME
    assert (place_of("filter w > 1", command, of=tree.Filter) == 1) is passes
    passes = kind.rows is Rows.SAME and kind.order is Order.KEEPS
    passes = passes and kind.needs is not Needs.ALL_ROWS
    assert (place_of("limit 3", command, of=tree.Limit) == 1) is passes


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(frames, "TASK_ROWS", 7)
    with Registered():
        yield


class Pruned(FrameSource):
    """A source that leaves out every row which a condition lets it leave out."""

    def __init__(self, frame: pd.DataFrame) -> None:
        super().__init__(columns_of_frame(frame))
        self.frame = frame

    def scan(self, columns: Any, window: Any, conditions: Any) -> Any:
        kept = self.frame
        for condition in conditions:
            if condition.field == "n" and condition.ranges is not None:
                met = [any(r.meets(n, n) for r in condition.ranges) for n in kept["n"]]
                kept = kept[np.array(met, dtype=bool)]
        return FrameSource(columns_of_frame(kept)).scan(columns, window, [])


def source(count: int) -> FrameSource:
    frame = pd.DataFrame(
        {
            "@timestamp": pd.to_datetime(
                [START_MS + n * 977 % 20_000 for n in range(count)], unit="ms", utc=True
            ),
            "@message": [f"m{n * 31 % 17} {n}" for n in range(count)],
            "n": [n * 37 % 11 for n in range(count)],
        }
    )
    return Pruned(frame)


# Others to put trials between; a name that a trial took away is missing afterwards.
MOVING = ["filter n > 3", "filter w = 1", "filter m < 12 or w = 2", "limit 9", "limit 4"]
STAYING = [
    "filter ispresent(w)", "fields n * 2 as m", "fields n + 1 as w",
    "parse @message 'm* *' as first, m", "parse @message /(?<digit>[0-9])/ multi",
    "display n, w", "fields @message, n", "sort n desc", "sort @timestamp asc", "sort w, n",
    "dedup n", "stats count(*) as n, max(w) as w by n % 4 as m",
]  # fmt: skip
COMMANDS = {text: parse_pipeline(text).commands[0] for text in [*MOVING, *STAYING]}


@st.composite
def trial_commands(draw: st.DrawFn) -> tree.Command:
    """Draw a trial; facts that let something move come more often."""
    facts = (
        draw(st.sampled_from([Rows.SAME, *Rows])),
        draw(st.sampled_from([Order.KEEPS, *Order])),
        draw(st.sampled_from(Needs)),
        draw(st.sampled_from([Shows.SAME, Shows.SAME, *Shows])),
        draw(st.sampled_from([Names.SAME, Names.ADDS, Names.ADDS, Names.REPLACES])),
    )
    found = [kind for kind in Registered.classes if facts_of(kind) == facts]
    return found[0]() if found else draw(trial_commands())


def facts_of(kind: type[tree.Command]) -> tuple[Any, ...]:
    return tuple(getattr(kind, fact) for fact in KINDS)


written = st.sampled_from(MOVING + STAYING).map(lambda text: COMMANDS[text].copy())
moving = st.sampled_from(MOVING).map(lambda text: COMMANDS[text].copy())
# What may move, right behind what it may or may not pass.
parts = st.one_of(st.tuples(trial_commands(), moving), st.tuples(written), st.tuples(written))


@settings(
    max_examples=800,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(parts, min_size=1, max_size=4), st.sampled_from([0, 1, 5, 12, 20, 30]), st.booleans()
)
@pytest.mark.usefixtures("trials")
def test_no_facts_let_a_rewrite_change_an_answer(
    drawn: list[tuple[tree.Command, ...]], count: int, show_all: bool
) -> None:
    if show_all:
        drawn = [*drawn, (COMMANDS["display n, w"].copy(),)]
    pipeline = tree.Pipeline(commands=[command for part in drawn for command in part])
    context = QueryContext(FrameSources(source(count)), START_MS)
    rewritten = run(complete_pipeline(pipeline), context).columns
    plainly = run_plainly(pipeline, context)
    found = {name: array.to_pylist() for name, array in rewritten.items()}
    assert found == {name: array.to_pylist() for name, array in plainly.items()}, to_text(pipeline)


# ---------------------------------------------------------------- columns of the answer


@pytest.mark.parametrize(
    ("commands", "columns"),
    [
        ("", "@timestamp @message"),
        ("adds:a", "@timestamp @message a"),
        ("lists:a adds:b", "a b"),
        ("adds:b lists:a", "b a"),
        ("chooses:a lists:b adds:c", "a"),
        ("chooses:a chooses:b", "b"),
        ("lists:x replaces:a,b lists:c", "a b c"),
        ("chooses:x replaces:a adds:b", "a b"),
        ("replaces:a chooses:b", "b"),
        ("lists:a,b,a", "a b"),
        ("same:a", "@timestamp @message"),
    ],
)
def test_what_is_shown(commands: str, columns: str) -> None:
    shown = Shown()
    for word in commands.split():
        fact, _, names = word.partition(":")
        shown = shown.after(Shows[fact.upper()], names.split(","))
    assert shown.columns() == columns.split()
