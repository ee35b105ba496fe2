"""A function is entered once and known everywhere; an entry that forgets something does not enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from test_completeness import functions_without_a_case, functions_without_pandas, unread_functions

import cwnb
from cwnb.errors import MalformedQuery
from cwnb.insights.engine.aggregates import Aggregation
from cwnb.insights.functions import FUNCTIONS, Reads, aggregation, function
from cwnb.insights.names import known_functions
from cwnb.insights.ql import dialect
from cwnb.results.shape import shape

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = pd.DataFrame(
    {
        "@timestamp": pd.to_datetime([0, 1000, 60_000, 61_000], unit="ms").astype("datetime64[ms]"),
        "@message": ["a", "b", "c", "d"],
        "level": ["INFO", "WARN", "INFO", "INFO"],
        "n": [1, 2, 3, 4],
    }
)


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    """Take out of the table what a test enters."""
    before = dict(known_functions())
    yield
    FUNCTIONS.clear()
    FUNCTIONS.update(before)


def answer(query: str) -> dict[str, list[Any]]:
    return {name: list(values) for name, values in cwnb.query(query, EVENTS).df.items()}


# ---------------------------------------------------------------- trials


def enter_minute() -> None:
    @function("minuteNo(text unit) -> number", reads=Reads.EVENT_TIME)
    def minute_number(context: Any, unit: Any) -> Any:
        """Count the minutes since 1970; `unit` is for show."""
        assert len(unit) == context.rows
        return pc.divide(pc.cast(context.timestamp(), pa.int64()), 60_000)


def enter_spread() -> None:
    @aggregation(
        "spread(literal_integer scale from 1 to 9, number field) -> number", stackable=True
    )
    class Spread(Aggregation):
        """Give the scaled distance between the least and the greatest number."""

        def partial(self, value: Any, groups: Any, order: Any) -> Any:
            (scale,) = self.literals
            low, high = np.full(groups.count, np.inf), np.full(groups.count, -np.inf)
            np.minimum.at(low, groups.codes, np.asarray(value) * scale)
            np.maximum.at(high, groups.codes, np.asarray(value) * scale)
            return np.stack([low, high])

        def merge(self, states: list[Any], maps: list[Any], count: int) -> Any:
            low, high = np.full(count, np.inf), np.full(count, -np.inf)
            for state, where in zip(states, maps, strict=True):
                np.minimum.at(low, where, state[0])
                np.maximum.at(high, where, state[1])
            return np.stack([low, high])

        def final(self, state: Any, count: int) -> Any:
            return pa.array(state[1] - state[0])


def test_a_function_is_known_everywhere_by_its_entry() -> None:
    enter_minute()
    assert answer('fields minuteNo("x") as m | display m')["m"] == [1, 1, 0, 0]
    # Neither once per value of a dictionary, nor without the time that it reads.
    assert answer("stats count(*) as c by minute_no(level) as m") == {"m": [1, 0], "c": [2, 2]}
    assert answer("filter minuteNo(@message) = 1 | display n")["n"] == [4, 3]
    assert answer("stats sum(minuteNo(level)) as m")["m"] == [2]
    with pytest.raises(MalformedQuery, match="minuteNo groups rows; put it after 'by'"):
        answer("stats minuteNo(level)")
    with pytest.raises(
        MalformedQuery, match=r"needs @timestamp, which is not an output of the stats before"
    ):
        answer("stats count(*) as c by level | fields minuteNo(level) as m")
    with pytest.raises(MalformedQuery, match="did you mean 'minuteNo'"):
        answer("fields minuteNr(level)")


def test_an_aggregation_is_known_everywhere_by_its_class() -> None:
    enter_spread()
    assert answer("stats spread(1, n) as s, spread(3, n) as t") == {"s": [3.0], "t": [9.0]}
    assert answer("stats spread(2, n) as s by level") == {
        "level": ["INFO", "WARN"],
        "s": [6.0, 0.0],
    }
    # The argument comes as numbers, whatever the column holds.
    assert answer('stats spread(1, concat(n, "0")) as s')["s"] == [30.0]
    result = cwnb.query("stats spread(1, n) as s by bin(1m)", EVENTS)
    assert shape(result.pipeline, result.df).additive == {"s"}
    with pytest.raises(MalformedQuery, match="argument 1 of spread is a whole number from 1 to 9"):
        answer("stats spread(0, n)")
    with pytest.raises(
        MalformedQuery, match="spread is an aggregation and can be used in stats only"
    ):
        answer("fields spread(1, n)")


def test_what_is_not_written_yet_is_missed() -> None:
    enter_minute()
    enter_spread()
    assert unread_functions() == []
    assert functions_without_pandas() == ["minuteno", "spread"]
    assert functions_without_a_case() == ["minuteNo", "spread"]


# ---------------------------------------------------------------- what an entry must have


def takes_text(s: Any) -> Any:
    """Give the text."""
    return s


def takes_nothing() -> Any:
    """Give nothing."""


def takes_context_and_text(context: Any, s: Any) -> Any:
    """Give the text."""
    return s


def undescribed(s: Any) -> Any:
    return s


@pytest.mark.parametrize(
    ("signature", "implementation", "facts", "reason"),
    [
        ("f(text s) -> text", takes_context_and_text, {}, "must say what it reads"),
        ("f(text s) -> text", takes_text, {"reads": Reads.EVENT_TIME}, "must say what it reads"),
        ("f(text s, text t) -> text", takes_text, {}, "does not take these arguments"),
        ("f([text s]) -> text", takes_text, {}, "does not take these arguments"),
        ("f(text s...) -> text", takes_text, {}, "does not take these arguments"),
        ("f() -> text", takes_nothing, {"reads": Reads.QUERY}, "must say what it reads"),
        ("f(text s) -> text", undescribed, {}, "has no docstring"),
        ("f(text s)", takes_text, {}, "cannot read the signature"),
        ("f(text s; x) -> text", takes_text, {}, "cannot read the parameters"),
        ("f(word s) -> text", takes_text, {}, "unknown kind 'word' of a parameter"),
        ("f(text s) -> word", takes_text, {}, "unknown kind 'word' of a result"),
        ("f(literal_number s) -> text", takes_text, {}, "from LEAST to MOST"),
        ("f(text s from 1 to 2) -> text", takes_text, {}, "from LEAST to MOST"),
        ("f(text s) -> text", takes_text, {"bins": True}, "bins come from the event's time"),
        ("toLower(text s) -> text", takes_text, {}, "there is a function tolower"),
    ],
)
def test_a_function_that_forgets_something_is_refused(
    signature: str, implementation: Any, facts: dict[str, Any], reason: str
) -> None:
    before = dict(FUNCTIONS)
    with pytest.raises(TypeError, match=reason):
        function(signature, **facts)(implementation)
    assert before == FUNCTIONS


def test_an_aggregation_that_forgets_something_is_refused() -> None:
    class WithoutMerge(Aggregation):
        """Give nothing."""

        def partial(self, value: Any, groups: Any, order: Any) -> Any: ...

        def final(self, state: Any, count: int) -> Any: ...

    class Undescribed(WithoutMerge):
        def merge(self, states: list[Any], maps: list[Any], count: int) -> Any: ...

    with pytest.raises(TypeError, match="WithoutMerge has no merge"):
        aggregation("f(any field) -> any")(WithoutMerge)
    with pytest.raises(TypeError, match="has no docstring"):
        aggregation("f(any field) -> any")(Undescribed)
    for signature in ("f() -> any", "f(any a, any b) -> any", "f(literal_text a) -> any"):
        with pytest.raises(TypeError, match="exactly one value of each row"):
            aggregation(signature)(Undescribed)
    assert "f" not in FUNCTIONS


def test_a_function_of_the_query_is_not_given_the_events() -> None:
    @function("peek() -> number", reads=Reads.QUERY)
    def peek(query: Any) -> Any:
        """Try to look at the events."""
        return query.timestamp()

    with pytest.raises(AttributeError):
        answer("fields peek() as p")


def test_a_call_of_an_unknown_function_is_an_error() -> None:
    (command,) = dialect.parse_query("fields toLower(@message)").answer.commands
    call = command.args["items"][0].value
    call.set("function", "tolowr")
    with pytest.raises(
        MalformedQuery, match=r"unknown function 'tolowr'; did you mean 'tolower'\?"
    ):
        command.reads()
